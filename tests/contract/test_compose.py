"""docker-compose.yml agrees with every file that it mounts: paths, addresses, ports, variables."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from exporter.settings.load import load_settings
from exporter.settings.table import CONFIG_VARIABLE, SETTINGS
from support import compose
from support.compose import SECRETS, make_secrets, mounts, services
from support.tools import ROOT


@pytest.fixture(params=list(services()))
def name(request):
    return request.param


@pytest.fixture
def service(name):
    return services()[name]


# ------------------------------------------------------------------------------------------- files and folders


def test_what_is_mounted_from_the_repository_is_in_it(service):
    for mount in mounts(service):
        if mount.is_bind:
            source = mount.source.removeprefix("./")
            committed = _git("ls-files", "--cached", "--others", "--exclude-standard", "--", source)
            assert committed, f"{mount.source} is nothing that a clone has"


def test_what_is_mounted_from_the_repository_is_mounted_read_only(service):
    assert [mount.source for mount in mounts(service) if mount.is_bind and not mount.read_only] == []


def test_every_path_that_a_service_is_told_lies_in_one_of_its_mounts(name, service):
    targets = [mount.target for mount in mounts(service)] + [entry.split(":")[0] for entry in service.get("tmpfs", ())]
    homeless = {path for path in compose.named_paths(name) if not any(_lies_in(path, target) for target in targets)}
    assert homeless == set()


def test_every_mounted_file_that_a_service_is_told_exists(name, service):
    for path in compose.named_paths(name):
        for mount in mounts(service):
            if mount.is_bind and _lies_in(path, mount.target) and not path.startswith("/etc/alertmanager/secrets/"):
                assert (ROOT / mount.source / os.path.relpath(path, mount.target)).exists(), path


def test_scripts_that_run_as_commands_are_executable():
    for script in ("scripts/make-secrets", "docker/own"):
        assert os.access(ROOT / script, os.X_OK)


def test_volumes_and_networks_are_the_declared_ones():
    document = compose.document()
    used = {mount.source for service in services().values() for mount in mounts(service) if not mount.is_bind}
    assert used == set(document["volumes"])
    assert {net for service in services().values() for net in service.get("networks", ())} == set(document["networks"])


def test_a_volume_that_a_service_writes_belongs_to_its_user():
    given = compose.owners("ownership")
    for name, service in services().items():
        for mount in mounts(service):
            if not (mount.is_bind or mount.read_only or name in compose.ROOTS):
                assert given[mount.source] == service["user"], f"{name} writes {mount.source}"


# ------------------------------------------------------------------------------------------ addresses and ports


def test_every_address_that_a_service_is_told_is_one_that_another_listens_on(name, service):
    ports = compose.listening_ports()
    for host, port in compose.named_addresses(name):
        other = name if host in compose.LOCAL else host
        assert port in ports[other] or (name, port) in _links(), f"{name} is told {host}:{port}"
        if other != name:
            assert set(service["networks"]) & set(services()[other]["networks"]), f"{name} cannot reach {other}"


def _links():
    """Addresses that Prometheus writes into alerts, for the browsers of people."""
    labels = compose.read_yaml("prometheus/prometheus.yml")["global"]["external_labels"]
    return {("prometheus", int(labels[name].rpartition(":")[2])) for name in ("exporter_url", "grafana_url")}


def test_the_links_in_alerts_lead_to_what_is_published():
    labels = compose.read_yaml("prometheus/prometheus.yml")["global"]["external_labels"]
    for name in ("exporter", "grafana"):
        (entry,) = services()[name]["ports"]
        assert labels[f"{name}_url"] == f"http://localhost:{entry.split(':')[1]}"
    assert services()["grafana"]["environment"]["GF_SERVER_ROOT_URL"].rstrip("/") == labels["grafana_url"]


def test_published_ports_are_listened_on_and_on_loopback_alone():
    ports = compose.listening_ports()
    published = {name: service.get("ports", []) for name, service in services().items()}
    for name, entries in published.items():
        for entry in entries:
            address, outer, inner = entry.split(":")
            assert (address, outer) == ("127.0.0.1", inner)
            assert int(inner) in ports[name]
    assert {name for name, entries in published.items() if entries} == {
        "exporter",
        "otel-collector",
        "prometheus",
        "alertmanager",
        "grafana",
    }


@pytest.mark.parametrize("name", ["prometheus", "alertmanager"])
def test_the_address_that_a_service_writes_into_links_is_published(name):
    (entry,) = services()[name]["ports"]
    assert f"--web.external-url=http://localhost:{entry.split(':')[1]}" in services()[name]["command"]


def test_a_service_that_publishes_is_on_a_network_that_leads_out():
    networks = compose.document()["networks"]
    for service in services().values():
        if service.get("ports"):
            assert any(not networks[net].get("internal") for net in service["networks"])


def test_every_job_of_prometheus_scrapes_a_service_and_every_service_with_metrics_is_scraped():
    jobs = {job["job_name"] for job in compose.read_yaml("prometheus/prometheus.yml")["scrape_configs"]}
    assert {"agent-exporter", "otel-collector", "prometheus", "alertmanager"} <= jobs


# -------------------------------------------------------------------------------------------------- environment


def test_every_variable_of_the_exporter_is_a_setting():
    known = {row.variable for row in SETTINGS} | {CONFIG_VARIABLE}
    stated = {key for service in services().values() for key in service.get("environment", {})}
    stated |= compose.variable_names() | set(compose.environment_choices())
    assert {name for name in stated if name.startswith("AGENT_EXPORTER_")} <= known


def test_the_example_of_env_names_every_variable_of_the_file_and_no_other():
    assert set(compose.environment_choices()) - {"COMPOSE_PROFILES"} == compose.variable_names()


def test_the_profiles_are_those_of_the_example_of_env():
    profiles = {profile for service in services().values() for profile in service.get("profiles", ())}
    assert (
        profiles == set(compose.environment_choices()["COMPOSE_PROFILES"].split(",")) == {"demo", "postgres", "tracing"}
    )


def test_the_choices_of_the_example_of_env_name_files_that_are_there():
    chosen = compose.environment_choices()
    assert (ROOT / "docker" / "exporter" / chosen["EXPORTER_CONFIG"]).exists()
    assert (ROOT / "otel-collector" / chosen["COLLECTOR_OVERLAY"]).exists()


def test_the_database_of_the_example_of_env_is_the_one_of_the_profile():
    address = compose.environment_choices()["AGENT_EXPORTER_DATABASE_URL"]
    user, host, port, database = re.fullmatch(r"postgresql://(\w+)@(\w+):(\d+)/(\w+)", address).groups()
    environment = services()[host]["environment"]
    assert (user, database) == (environment["POSTGRES_USER"], environment["POSTGRES_DB"])
    assert int(port) in compose.listening_ports()[host]
    assert (
        compose.environment_choices()["AGENT_EXPORTER_DATABASE_PASSWORD_FILE"] == environment["POSTGRES_PASSWORD_FILE"]
    )


@pytest.mark.parametrize("chosen", [{}, compose.environment_choices()], ids=["as shipped", "all of .env.example"])
def test_the_exporter_accepts_its_configuration(chosen, tmp_path):
    make_secrets(tmp_path)
    service = compose.document(**chosen)["services"]["exporter"]
    environment = {key: value.replace(SECRETS, str(tmp_path)) for key, value in service["environment"].items()}
    file = tmp_path / "agent-exporter.yml"
    shipped = ROOT / "docker" / "exporter" / os.path.basename(environment.pop(CONFIG_VARIABLE))
    file.write_text(shipped.read_text().replace(SECRETS, str(tmp_path)))
    settings = load_settings(str(file), environment)
    assert settings.on_sqlite is (not chosen)
    assert {role for token in settings.tokens for role in token.roles} == {"ingest", "read", "operate"}


def _lies_in(path, folder):
    return path == folder or path.startswith(f"{folder}/")


def _git(*arguments):
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("git: the sources are no git clone")
    return done.stdout.split()
