"""Fixtures that every kind of test shares.  Each test has its own database, engine and registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from support.options import POSTGRES_URL, REQUIRE_TOOLS
from support.postgres import Cluster, fresh_database
from support.server import Server, migrate
from support.tools import require_tool

StartServer = Callable[..., Server]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Where every tool was installed beforehand, a skipped test is a failed one."""
    report = yield
    if REQUIRE_TOOLS and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, but AGENT_EXPORTER_REQUIRE_TOOLS=1: {reason}"
    return report


@pytest.fixture
def tool() -> Callable[[str], Path]:
    """Finds a program outside Python, or skips the test under its name."""
    return require_tool


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A private cluster that tests may stop and start again."""
    require_tool("initdb")
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def postgres_admin_url(request: pytest.FixtureRequest) -> str:
    """A database whose user may make others: AGENT_EXPORTER_TEST_POSTGRES, else the private cluster's."""
    if POSTGRES_URL:
        return POSTGRES_URL
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    return cluster.url


@pytest.fixture
def postgres_url(postgres_admin_url: str) -> Iterator[str]:
    """An empty database of its own for each test."""
    with fresh_database(postgres_admin_url) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Runs the test on both databases."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Starts real servers, `start_server(database_url, env={...})`, and ends those that still run.

    A PostgreSQL database is migrated first, for `serve` refuses one without the schema.
    """
    numbers = count(1)
    with ExitStack() as running:

        def start(database_url: str, **options) -> Server:
            if not database_url.startswith("sqlite"):
                migrate(database_url)
            server = Server(database_url, tmp_path / f"serve-{next(numbers)}.log", **options)
            running.callback(server.stop)
            return server.start()

        yield start


@pytest.fixture
def server(start_server: StartServer, sqlite_url: str) -> Server:
    """A ready server on an SQLite file of its own."""
    return start_server(sqlite_url)
