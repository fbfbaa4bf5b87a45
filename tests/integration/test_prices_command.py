"""`agent-exporter prices` on a real ledger: from usage without a price to usage that is priced late."""

from __future__ import annotations

import json
import shlex

import orjson
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from exporter.cli.context import CommandContext
from exporter.cli.prices import command
from exporter.errors import Conflict, ExporterError, InvalidRequest, NotFound
from exporter.ledger import tables
from exporter.ledger.entry import Entry
from exporter.pricing.bundle import hash_of_rows, write_bundle
from exporter.pricing.row_json import row_from_mapping
from exporter.usage import Tokens
from support.entries import NOON, call, node, priced, trace_id
from support.ledgers import Books

TOKENS = Tokens(1000, 500, 0, 0, 200, 50)
ROW = {"layer": "override", "provider": "openai", "model": "house-1", "usd_per_million": {"input": "1", "output": "2"}}


@pytest.fixture
def books(database_url):
    books = Books(database_url)
    yield books
    books.database.close()


@pytest.fixture
def prices(books, database_url, monkeypatch):
    """Runs a subcommand on the ledger; a refusal is raised, as `main` would print it."""
    monkeypatch.setenv("AGENT_EXPORTER_DATABASE_URL", database_url)

    def run(*words, given="", status=0):
        context = CommandContext(clock_ns=lambda: NOON)
        result = CliRunner().invoke(command, list(words), obj=context, input=given)
        context.close()
        if isinstance(result.exception, ExporterError):
            raise result.exception
        assert result.exit_code == status, (result.output, result.exception)
        return result.output

    return run


def book_unpriced(books):
    books.book(
        call("t1", "a", model="house-1", cost=None, tokens=TOKENS),
        call("t2", "b", model="house-1", cost=None, tokens=TOKENS),
        call("t3", "c", model="other-2", cost=None, tokens=Tokens(10, 0, 0, 0, 1, 0)),
        call("t4", "d", model="gpt-6-sol", cost=1_234, tokens=TOKENS),
        call("t5", "e", model="gpt-5", cost=None, tokens=Tokens(), cost_reasons='["no_usage"]'),
    )


def costs(books):
    return {name: cost for name, (_, _, cost) in books.rows().items()}


def test_what_has_no_price_is_listed_with_its_tokens_and_the_command_that_prices_it(books, prices):
    book_unpriced(books)
    listed = json.loads(prices("missing", "--json"))["data"]
    assert [(one["provider"], one["model"], one["calls"], one["reasons"]) for one in listed] == [
        ("openai", "house-1", 2, ["unknown_model"]),
        ("openai", "other-2", 1, ["unknown_model"]),
    ]
    assert listed[0]["tokens"] == dict(zip(Tokens._fields, (2 * count for count in TOKENS), strict=True))
    expected = "agent-exporter prices set --provider openai --input USD --output USD --cache-read USD house-1"
    assert listed[0]["command"] == expected
    assert expected in prices("missing")


def test_the_listed_command_prices_those_rows_late_and_only_those(books, prices):
    book_unpriced(books)
    line = json.loads(prices("missing", "--json"))["data"][0]["command"]
    words = shlex.split(line.replace("USD", "2"))[2:]
    assert "2 waiting calls priced" in prices(*words)
    assert costs(books) == {"a": 3_500_000, "b": 3_500_000, "c": None, "d": 1_234, "e": None}
    assert [one["model"] for one in json.loads(prices("missing", "--json"))["data"]] == ["other-2"]
    with books.database.read() as connection:
        reasons = list(connection.scalars(select(tables.revision.c.reason)))
    assert reasons == ["priced_late", "priced_late"]
    books.assert_balanced()


def test_a_fee_that_had_no_rate_is_priced_late_as_well(books, prices):
    painted = priced(
        model="painter", cost=None, tokens=Tokens(), cost_reasons='["no_rate:images"]', usage_status="reported"
    )
    painted.units = orjson.dumps({"images": 3}).decode()
    books.book(Entry(trace_id("t1"), node("a", classes=0), painted))
    listed = json.loads(prices("missing", "--json"))["data"]
    assert listed[0]["command"].endswith("--unit images=USD painter")
    prices("set", "painter", "--provider", "openai", "--unit", "images=0.04")
    assert costs(books) == {"a": 120_000_000}


def test_setting_a_price_again_is_refused_unless_it_replaces(books, prices):
    prices("set", "house-1", "--input", "1", "--output", "2")
    with pytest.raises(Conflict, match="would hold at the same time"):
        prices("set", "house-1", "--input", "2", "--output", "4")
    prices("set", "house-1", "--input", "2", "--output", "4", "--from", "2026-12-01", "--replace")
    shown = json.loads(prices("show", "house-1", "--json"))
    assert [(one["from"], one["until"], one["usd_per_million"]["input"]) for one in shown["history"]] == [
        (None, "2026-12-01T00:00:00Z", "1"),
        ("2026-12-01T00:00:00Z", None, "2"),
    ]


def test_setting_the_same_price_twice_changes_nothing(books, prices):
    first = json.loads(prices("set", "house-1", "--input", "1", "--output", "2", "--json"))
    again = json.loads(prices("set", "house-1", "--input", "1", "--output", "2", "--json"))
    assert (again["version"], again["added"], again["withdrawn"]) == (first["version"], [], [])


def test_a_price_already_charged_does_not_move_when_another_is_set(books, prices):
    book_unpriced(books)
    prices("set", "house-1", "--input", "1", "--output", "2")
    before = costs(books)
    prices("set", "house-1", "--input", "3", "--output", "6", "--replace")
    prices("set", "gpt-6-sol", "--provider", "openai", "--input", "3", "--output", "6")
    assert costs(books) == before


def test_a_rate_that_looks_wrong_needs_force(books, prices):
    words = ("set", "gpt-6-sol", "--provider", "openai", "--input", "200", "--output", "0")
    with pytest.raises(InvalidRequest) as refused:
        prices(*words)
    assert "input costs more than output" in refused.value.message
    assert "input changes from 2 to 200 USD per million" in refused.value.message
    assert "output becomes free, from 10 USD per million" in refused.value.message
    assert "set although gpt-6-sol" in prices(*words, "--force")


def test_a_dry_run_says_what_would_happen_and_does_not(books, prices):
    book_unpriced(books)
    said = prices("set", "house-1", "--input", "1", "--output", "2", "--dry-run")
    assert "2 booked calls of these models were priced again" in said
    assert "nothing was changed" in said
    assert costs(books)["a"] is None
    with pytest.raises(NotFound):
        prices("rollback")


def test_a_file_is_imported_as_a_whole_or_not_at_all(books, prices, tmp_path):
    book_unpriced(books)
    file = tmp_path / "prices.json"
    rows = [row_from_mapping(ROW), row_from_mapping({**ROW, "model": "other-2"})]
    file.write_text(write_bundle(rows))
    assert json.loads(prices("import", str(file), "--dry-run", "--json"))["priced_late"] == 0
    outcome = json.loads(prices("import", str(file), "--json"))
    assert (outcome["priced_late"], len(outcome["added"])) == (3, 2)
    file.write_text(
        write_bundle(
            [row_from_mapping({**ROW, "model": "third"}), row_from_mapping({**ROW, "org": "", "until": "2027-01-01"})]
        )
    )
    with pytest.raises(Conflict):
        prices("import", str(file))
    assert prices("show", "third", "--provider", "openai", status=1).startswith("no price for third")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "the file is no JSON"),
        ('{"prices": []}', "the file must be an object with"),
        (json.dumps({"schema": 1, "rows": []}), "has no sha256, its rows have"),
        (json.dumps({"schema": 1, "rows": [], "sha256": "00"}), "says sha256 00, its rows have"),
        (json.dumps({"schema": 2, "rows": [], "sha256": hash_of_rows([])}), "schema 1 is needed, not 2"),
        (json.dumps({"schema": 1, "rows": [{}], "sha256": hash_of_rows([{}])}), "model must be a text"),
        (
            json.dumps({"schema": 1, "rows": [{**ROW, "layer": "seed"}], "sha256": hash_of_rows([{**ROW, "layer": "seed"}])}),
            "layer must be one of contract, override, self_hosted, not 'seed'",
        ),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_imported_says_why(books, prices, tmp_path, document, message):
    file = tmp_path / "prices.json"
    file.write_text(document)
    with pytest.raises(InvalidRequest) as refused:
        prices("import", str(file))
    assert message in refused.value.message


def test_a_rollback_brings_the_earlier_prices_back_and_leaves_what_was_charged(books, prices):
    prices("set", "house-1", "--input", "1", "--output", "2")
    prices("set", "house-1", "--input", "3", "--output", "4", "--replace")
    book_unpriced(books)
    prices("set", "unrelated", "--input", "1")
    charged = costs(books)["a"]
    assert "in force again" in prices("rollback", "1")
    assert json.loads(prices("show", "house-1", "--json"))["usd_per_million"]["input"] == "1"
    assert costs(books)["a"] == charged


def test_a_difference_between_versions_shows_rows_and_what_booked_calls_would_cost(books, prices):
    book_unpriced(books)
    prices("set", "house-1", "--input", "1", "--output", "2")
    prices("set", "house-1", "--input", "2", "--output", "4", "--replace")
    shown = json.loads(prices("diff", "--json"))
    assert (shown["before"], shown["after"]) == (1, 2)
    assert [row["usd_per_million"]["input"] for row in (*shown["withdrawn"], *shown["added"])] == ["1", "2"]
    # Two calls of 1500 input at 1 more and 250 output at 2 more.
    assert shown["effect"]["difference_nano_usd"] == 2 * (1_500_000 + 500_000)
    assert shown["effect"]["calls_that_would_differ"] == 2
    assert "from version 0 to version 1" in prices("diff", "0", "1")
    with pytest.raises(NotFound):
        prices("diff", "0", "9")


def test_a_price_is_shown_with_its_tiers_its_context_and_its_history(books, prices):
    shown = json.loads(prices("show", "claude-haiku-5-5", "--at", "2026-11-10", "--json"))
    assert shown["usd_per_million"]["input"] == "0.1"
    assert shown["tiers"][0]["prompt"] == ">100000"
    batch = json.loads(prices("show", "claude-opus-5-5", "--context", "geo=us", "--json"))
    assert (batch["usd_per_million"]["input"], batch["multiplier"]) == ("4", "11/10")
    text = prices("show", "claude-opus-4-6", "--at", "2026-03-12")
    assert ">200000" in text
    assert "2026-03-13" in text


def test_a_model_without_a_price_is_answered_with_similar_names(books, prices):
    text = prices("show", "claude-opus-5-6", "--provider", "anthropic", status=1)
    assert "no price for claude-opus-5-6: unknown_model" in text
    assert "claude-opus-5-5" in text


def test_quotes_are_one_answer_for_each_line(books, prices):
    lines = [
        {"provider": "openai", "model": "gpt-6-sol", "at": "2026-11-10T12:00:00Z", "tokens": {"input_uncached": 272001, "output_visible": 1000}},
        {"provider": None, "model": "nobody-s"},
    ]  # fmt: skip
    answers = [json.loads(line) for line in prices("quote", given="\n".join(map(json.dumps, lines))).splitlines()]
    assert answers[0] == {
        "cost_nano_usd": 1_103_004_000,
        "cost_status": "priced",
        "reasons": [],
        "components": [
            {"component": "input_uncached", "tokens": 272001, "rate_pico_usd": 4_000_000, "tier": ">272000"},
            {"component": "output_visible", "tokens": 1000, "rate_pico_usd": 15_000_000, "tier": ">272000"},
        ],
        "price_version": "genai-prices 0.2.3:openai/gpt-6-sol@",
    }
    assert (answers[1]["cost_nano_usd"], answers[1]["reasons"]) == (None, ["unknown_model"])


def test_a_line_that_is_no_question_is_answered_with_its_error_and_the_others_still_count(books, prices):
    given = '{"model": "gpt-5", "tokens": {"input_uncached": 1000}}\nnonsense\n{"model": "gpt-5", "tokens": {"inputs": 1}}\n'
    answers = [json.loads(line) for line in prices("quote", given=given, status=1).splitlines()]
    assert answers[0]["cost_nano_usd"] == 1_250_000
    assert answers[1]["error"]["code"] == "invalid_request"
    assert "unknown key tokens.inputs" in answers[2]["error"]["message"]


def test_prices_set_by_command_are_quoted(books, prices):
    prices("set", "house-1", "--input", "1", "--output", "2", "--org", "acme", "--provider", "openai")
    line = {"provider": "openai", "model": "house-1", "tokens": {"input_uncached": 1000}, "context": {"org": "acme"}}
    assert json.loads(prices("quote", given=json.dumps(line)))["cost_nano_usd"] == 1_000_000


def test_a_quote_needs_no_ledger(monkeypatch, tmp_path):
    monkeypatch.setenv("AGENT_EXPORTER_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    result = CliRunner().invoke(command, ["quote"], obj=CommandContext(), input='{"model": "gpt-5"}')
    assert json.loads(result.output)["cost_nano_usd"] == 0
    assert not (tmp_path / "none.db").exists()
