"""docker-compose.yml lets nobody do, read or reach more than is needed."""

from __future__ import annotations

import os
import re

import pytest

import exporter
from support import compose
from support.compose import ROOTS, SECRETS, make_secrets, services

SERVING = [name for name, service in services().items() if not compose.is_one_shot(service)]


@pytest.fixture(params=list(services()))
def name(request):
    return request.param


@pytest.fixture
def service(name):
    return services()[name]


# ------------------------------------------------------------------------------------------------------ secrets


def test_no_secret_stands_in_the_environment(service):
    for key, value in service.get("environment", {}).items():
        if re.search(r"PASSWORD|SECRET_KEY|TOKEN", key):
            assert key.endswith("_FILE")
            assert value == "" or value.startswith(f"{SECRETS}/")


def test_every_secret_that_a_service_reads_is_made_and_is_its_to_read(name, service, tmp_path):
    make_secrets(tmp_path)
    given = compose.owners("secrets")
    for path in compose.named_paths(name) | set(compose.environment_choices().values()):
        if (
            name not in ROOTS | {"collector-check"}
            and path.startswith(f"{SECRETS}/")
            and path in set(compose.said_by(name))
        ):
            secret = os.path.basename(path)
            assert (tmp_path / secret).exists()
            assert set(given[secret].split(":")) & set(service["user"].split(":")), f"{name} may not read {secret}"


def test_every_secret_that_is_made_is_given_to_somebody(tmp_path):
    make_secrets(tmp_path)
    assert set(compose.owners("secrets")) == {path.name for path in tmp_path.iterdir()}


def test_only_grafana_can_read_the_password_of_its_administrator():
    assert compose.owners("secrets")["grafana-admin"] == services()["grafana"]["user"]
    users = [service["user"] for name, service in services().items() if name not in {"grafana", *ROOTS}]
    assert "472" not in {part for user in users for part in user.split(":")}


# ------------------------------------------------------------------------------------------------------ hardening


def test_every_service_is_read_only_without_rights_and_bounded(service):
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])
    assert not {"privileged", "pid", "ipc", "devices"} & set(service)


def test_no_service_runs_as_root_but_two_that_have_no_network(name, service):
    uid, _ = service["user"].split(":")
    if name in ROOTS:
        assert (uid, service["network_mode"]) == ("0", "none")
        assert set(service["cap_add"]) <= {"CHOWN", "DAC_READ_SEARCH"}
    else:
        assert int(uid) > 0
        assert "cap_add" not in service


def test_every_image_has_an_exact_tag(service):
    name, _, tag = service["image"].rpartition(":")
    assert name
    assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?", tag)


def test_our_own_image_has_the_version_of_the_package():
    own = {service["image"] for service in services().values() if "build" in service}
    assert own == {f"agent-exporter:{exporter.__version__}"}


def test_what_serves_is_restarted_and_watched():
    for name in SERVING:
        assert services()[name]["restart"] == "unless-stopped"
    # The image of the exporter brings its own check; those of the Collector and of Tempo have no program to check with.
    watched = {name for name in SERVING if "test" in services()[name].get("healthcheck", {})}
    assert set(SERVING) - watched == {"exporter", "otel-collector", "tempo", "demo"}


def test_services_wait_for_what_exists_and_can_become_what_they_wait_for(service):
    for other, wanted in service.get("depends_on", {}).items():
        target = services()[other]
        assert (wanted["condition"] == "service_completed_successfully") == compose.is_one_shot(target)
        if wanted["condition"] == "service_healthy":
            assert "test" in target["healthcheck"]
        is_optional = not set(target.get("profiles", ())) <= set(service.get("profiles", ()))
        assert wanted.get("required", True) is not is_optional


def test_the_queue_in_front_does_not_wait_for_the_exporter():
    assert "exporter" not in services()["otel-collector"]["depends_on"]


def test_prometheus_keeps_what_baselines_need_and_lets_nobody_change_it_over_http():
    command = services()["prometheus"]["command"]
    assert {"--storage.tsdb.retention.time=90d", "--enable-feature=exemplar-storage"} <= set(command)
    assert any(word.startswith("--storage.tsdb.retention.size=") for word in command)
    assert not [word for word in command if "enable-lifecycle" in word or "admin-api" in word]


def test_grafana_shows_nothing_to_strangers_and_starts_on_the_overview():
    environment = services()["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == environment["GF_USERS_ALLOW_SIGN_UP"] == "false"
    assert environment["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"
    assert environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"].endswith("/agent-overview.json")


def test_only_what_people_agents_and_messages_need_is_on_a_network_that_leads_out():
    networks = compose.document()["networks"]
    assert networks["backend"]["internal"] is True
    outside = {name for name, service in services().items() if "edge" in service.get("networks", ())}
    assert outside == {"exporter", "otel-collector", "prometheus", "alertmanager", "grafana"}
