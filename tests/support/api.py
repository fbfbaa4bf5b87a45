"""The API over a ledger of its own, without a server: real booking, real SQL, a clock that tests set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from werkzeug.test import Client, TestResponse

from exporter.configuration import books_by_age
from exporter.errors import ExporterError
from exporter.intake.limits import InflightBudget
from exporter.ledger.budget_booking import BudgetBooks
from exporter.ledger.budget_store import budgets_in_force, sync_file_budgets
from exporter.ledger.message_booking import MessageBooking
from exporter.message_intake import MessageIntake
from exporter.pricing.shipped import load_shipped_book
from exporter.web.application import make_application
from exporter.web.auth import Grant
from exporter.web.budgets import Ledger, budgets_blueprint
from exporter.web.explain import explain_blueprint
from exporter.web.health import health_blueprint
from exporter.web.ledger_reads import ledger_blueprint
from exporter.web.messages import messages_blueprint
from exporter.web.openapi import openapi_blueprint
from exporter.web.operate import operate_blueprint
from exporter.web.otlp import IntakeSlots
from exporter.web.prices import prices_blueprint
from exporter.web.runbook import runbook_blueprint
from support.entries import NOON
from support.ledgers import HOUR, Books

DAY = 24 * HOUR


class SilentObserver:
    """Counts nothing."""

    def http(self, route: str, code: int, seconds: float) -> None:
        pass


class Api:
    """A client, the ledger behind it, and what tests change: the clock, the tokens, the outcome of a reload."""

    def __init__(self, url: str, *, timezone: str = "UTC") -> None:
        self.books = Books(url)
        self.database = self.books.database
        self.now_ns = NOON + HOUR
        self.grants: Sequence[Grant] = ()
        self.reload: Callable[[], int] = lambda: 1
        self.probes: dict[str, Callable[[], None]] = {"database": lambda: None}
        self.headers: Mapping[str, str] = {}
        book = load_shipped_book()
        ledger = Ledger(self.database.read, self.database.write, self.follow, lambda: self.now_ns)
        self.messages = MessageIntake(
            MessageBooking(self.database, series_limit=10_000), clock_ns=lambda: self.now_ns, accept_age_ns=400 * DAY
        )
        self.app = make_application(
            [
                ledger_blueprint(self.database.read, timezone=lambda: timezone, clock_ns=lambda: self.now_ns),
                budgets_blueprint(ledger),
                prices_blueprint(lambda: book, clock_ns=lambda: self.now_ns),
                explain_blueprint(self.database.read, books_by_age),
                operate_blueprint(lambda: self.reload()),
                openapi_blueprint("1.2.3"),
                messages_blueprint(self.messages, budget=InflightBudget(1 << 24), slots=IntakeSlots(3)),
                health_blueprint({"database": lambda: self.probes["database"]()}, version="1.2.3"),
                runbook_blueprint(),
            ],
            SilentObserver(),
            grants=lambda: self.grants,
        )
        self.client = Client(self.app)

    def close(self) -> None:
        self.database.close()

    def follow(self) -> None:
        """Book by the budgets that the database holds, as a worker does."""
        with self.database.read() as connection:
            self.books.budgets = BudgetBooks(budgets_in_force(connection))

    def load_file(self, *budgets: Any) -> None:
        """The budgets of the configuration file."""
        with self.database.write() as connection:
            sync_file_budgets(connection, budgets, self.now_ns)
        self.follow()

    def send(self, method: str, path: str, **options: Any) -> TestResponse:
        return self.client.open(path, method=method, headers={**self.headers, **options.pop("headers", {})}, **options)

    def get(self, path: str, **query: Any) -> Any:
        """The document of a good answer."""
        answer = self.send("GET", path, query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def pages(self, path: str, **query: Any) -> list[list[dict[str, Any]]]:
        """Every page of a list, by following the cursor."""
        found, cursor = [], None
        while True:
            page = self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            found.append(page["data"])
            cursor = page["next_cursor"]
            if cursor is None:
                return found


def assert_error(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The one shape of an error; what it says."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/json"
    document: dict[str, Any] = answer.json or {}
    assert set(document) == {"error"}
    error = document["error"]
    assert set(error) == {"code", "message", "details", "request_id", "timestamp"}
    assert error["code"] == code
    assert error["message"]
    assert isinstance(error["details"], dict)
    assert error["request_id"] == answer.headers["X-Request-Id"]
    assert error["timestamp"].endswith("Z")
    return dict(error)


def fail_with(error: ExporterError) -> Callable[[], int]:
    """A collaborator that fails in an expected way."""

    def fail() -> int:
        raise error

    return fail
