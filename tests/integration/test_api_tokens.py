"""Bearer tokens: which role each route needs, and that several tokens are valid at once."""

from __future__ import annotations

from base64 import b64encode

import pytest

from exporter.web.auth import INGEST, OPERATE, READ, Grant
from support.api import Api, assert_error

GRANTS = [
    Grant("collector", frozenset({INGEST}), "secret-of-the-collector"),
    Grant("grafana", frozenset({READ}), "secret-of-grafana"),
    Grant("grafana-next", frozenset({READ}), "next-secret-of-grafana"),
    Grant("operator", frozenset({OPERATE}), "secret-of-the-operator"),
]
SECRETS = {grant.name: grant.secret for grant in GRANTS}
BUDGET = {"id": "b", "limit": "5 USD", "period": "day"}
ROUTES = [
    ("GET", "/api/v1/usage", READ),
    ("GET", "/api/v1/costs", READ),
    ("GET", "/api/v1/budgets", READ),
    ("GET", "/api/v1/budgets/b", READ),
    ("GET", "/api/v1/breaches", READ),
    ("GET", "/api/v1/prices", READ),
    ("POST", "/api/v1/prices/quote", READ),
    ("GET", "/api/v1/openapi.json", READ),
    ("GET", "/metrics", READ),
    ("GET", "/api/v1/messages", READ),
    ("GET", "/nothing", READ),
    ("POST", "/api/v1/messages", INGEST),
    ("POST", "/api/v1/budgets", OPERATE),
    ("PATCH", "/api/v1/budgets/b", OPERATE),
    ("DELETE", "/api/v1/budgets/b", OPERATE),
    ("POST", "/-/reload", OPERATE),
    ("POST", "/nothing", OPERATE),
]


@pytest.fixture
def api(sqlite_url):
    api = Api(sqlite_url)
    api.grants = GRANTS
    yield api
    api.close()


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize(("method", "path", "role"), ROUTES)
def test_a_route_is_closed_without_a_token_and_to_every_other_role(api, method, path, role):
    answer = api.send(method, path)
    assert_error(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for grant in GRANTS:
        answer = api.send(method, path, headers=bearer(grant.secret))
        if role in grant.roles:
            assert answer.status_code not in {401, 403}
        else:
            error = assert_error(answer, 403, "forbidden")
            assert error["details"] == {"token": grant.name, "needs": role}


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Basic secret-of-grafana",
        "secret-of-grafana",
        "Bearer secret-of-grafana2",
        "Bearer secret-of-grafan",
        "Bearer sécret",
    ],
)
def test_a_token_that_is_not_exactly_right_is_refused(api, header):
    error = assert_error(api.send("GET", "/api/v1/usage", headers={"Authorization": header}), 401, "unauthorized")
    assert "grafana" not in error["message"]


def test_the_old_and_the_new_token_are_valid_together_until_the_old_one_goes(api):
    old, new = bearer(SECRETS["grafana"]), bearer(SECRETS["grafana-next"])
    assert [api.send("GET", "/api/v1/usage", headers=one).status_code for one in (old, new)] == [200, 200]
    api.grants = [grant for grant in GRANTS if grant.name != "grafana"]
    assert [api.send("GET", "/api/v1/usage", headers=one).status_code for one in (old, new)] == [401, 200]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_never_needs_a_token(api, path):
    assert api.send("GET", path).status_code == 200
    assert api.send("GET", path, headers=bearer("wrong")).status_code == 200


def test_a_change_is_noted_under_the_name_of_its_token(api):
    api.send("POST", "/api/v1/budgets", json=BUDGET, headers=bearer(SECRETS["operator"]))
    with api.database.read() as connection:
        actors = connection.exec_driver_sql("SELECT actor FROM budget_change").scalars().all()
    assert actors == ["operator"]


def test_without_tokens_the_service_is_open(api):
    api.grants = ()
    assert api.send("GET", "/api/v1/usage").status_code == 200
    assert api.send("POST", "/api/v1/budgets", json=BUDGET).status_code == 201


def basic(password):
    return {"Authorization": f"Basic {b64encode(f'pk-lf-1:{password}'.encode()).decode()}"}


@pytest.mark.parametrize("path", ["/api/public/otel/v1/traces", "/v1/traces"])
def test_telemetry_may_bring_its_token_as_the_password_of_basic_authentication(api, path):
    assert api.send("POST", path, headers=basic(SECRETS["collector"])).status_code not in {401, 403}
    assert api.send("POST", path, headers=basic(SECRETS["grafana"])).status_code == 403
    assert api.send("POST", path, headers=basic("wrong")).status_code == 401


@pytest.mark.parametrize("credentials", ["Basic", "Basic !", "Basic cGs=", f"Basic {b64encode(b'pk-lf-1:').decode()}"])
def test_langfuse_is_told_which_authentication_is_wanted(api, credentials):
    answer = api.send("POST", "/api/public/otel/v1/traces", json={}, headers={"Authorization": credentials})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="agent-exporter"')


def test_basic_authentication_reads_and_changes_nothing(api):
    for secret in SECRETS.values():
        assert_error(api.send("GET", "/api/v1/usage", headers=basic(secret)), 401, "unauthorized")
