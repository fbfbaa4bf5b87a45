"""`agent-exporter cost`: the answer of the API, as a table for people and as text for pipes."""

from __future__ import annotations

import json

import pytest

from exporter.usage import Tokens
from exporter.views.costs import CostRange, cost_answer
from support.entries import NOON, SECOND, call
from support.ledgers import HOUR, Books
from support.terminal import WIDTH, run, run_at_terminal

DAY = 24 * HOUR
NOW = NOON + 2 * HOUR
CACHED = Tokens(1_000, 2_500_000, 400, 0, 30_000, 5_000)
USD = 10**9


@pytest.fixture
def books(sqlite_url):
    books = Books(sqlite_url)
    yield books
    books.database.close()


@pytest.fixture
def fleet(books, sqlite_url):
    """Three projects on two days, one of them without a price."""
    books.book(
        call("t", "a", project="payments", model="claude-opus-5-5", tokens=CACHED, cost=12 * USD + 345_678_901),
        call("t", "b", project="payments", model="gpt-6-sol", cost=2 * USD),
        call("t", "c", project="search", model="gpt-6-sol", cost=1_234_000, start=NOON - DAY, end=NOON - DAY + SECOND),
        call("t", "d", project="", model="forge-coder-7b", cost=None),
    )
    return sqlite_url


def table(result):
    """The cells of each line below the heading, by blanks."""
    assert result.exit_code == 0, result.output
    return [line.split() for line in result.output.splitlines()[1:]]


def test_json_is_the_answer_of_the_view(books, fleet):
    with books.database.read() as connection:
        within = CostRange(NOW - 30 * DAY, NOW, "UTC")
        expected = cost_answer(connection, ("project", "model"), within)
    assert expected["total"]["calls"] == 4
    assert json.loads(run(fleet, "cost", "--by", "project,model", "--json", now=NOW).output) == expected


def test_every_option_reaches_the_answer(books, fleet):
    with books.database.read() as connection:
        within = CostRange(NOON - DAY - 5 * HOUR, NOON + HOUR, "Asia/Kolkata")
        expected = cost_answer(
            connection, ("day", "model"), within, filters={"provider": "openai", "phase": ""}, limit=1
        )
    given = ["--group-by", "day,model", "--start", "2026-11-20T12:30", "--end", "2026-11-21T13:00:00Z"]
    given += ["--tz", "Asia/Kolkata", "--filter", "provider=openai", "-f", "phase=", "--limit", "1", "--json"]
    assert len(expected["data"]) == 1
    assert json.loads(run(fleet, "cost", *given, now=NOW).output) == expected


def test_a_pipe_gets_aligned_text_with_a_line_for_each_group(fleet):
    assert table(run(fleet, "cost", now=NOW))[:5] == [
        ["project", "calls", "input", "cached", "output", "cost", "share", "priced"],
        ["payments", "2", "2.50M", ">99.9%", "35.0k", "$14.35", ">99.9%", "100%"],
        ["search", "1", "100", "0.0%", "20", "$0.0012", "<0.1%", "100%"],
        ["-", "1", "100", "0.0%", "20", "no", "price", "-", "0.0%"],
        ["total", "4", "2.50M", ">99.9%", "35.1k", "$14.35", "100%", ">99.9%"],
    ]


def test_a_pipe_gets_no_box_no_escape_and_no_wrapping(books, sqlite_url):
    name = "a-project-with-a-name-" + "x" * 100
    books.book(call("t", "a", project=name, cost=5))
    text = run(sqlite_url, "cost", "--by", "project,model,agent,service", now=NOW).output
    assert f"{name}  gpt-6-sol  planner  fleet " in text
    assert text.isascii()
    assert "\x1b" not in text


def test_a_terminal_of_a_hundred_columns_holds_the_table(fleet):
    lines = run_at_terminal(fleet, "cost", "--by", "day,project,model", now=NOW)
    assert lines[0] == "Cost by day, project and model from 2026-10-22 14:00 to 2026-11-21 14:00 (UTC)"
    assert set(lines[2]) == {"─"}
    assert [line.split()[:3] for line in lines[3:5]] == [
        ["2026-11-20", "search", "gpt-6-sol"],
        ["2026-11-21", "payments", "claude-opus-5-5"],
    ]
    assert max(map(len, lines)) <= WIDTH


def test_a_narrow_terminal_gets_fewer_columns_before_it_breaks_names(books, sqlite_url):
    books.book(call("t", "a", project="p" * 25, model="m" * 25, cost=5))
    lines = run_at_terminal(sqlite_url, "cost", "--by", "day,project,model", now=NOW)
    assert lines[1].split() == ["day", "project", "model", "calls", "input", "output", "cost"]
    assert lines[3].split()[:3] == ["2026-11-21", "p" * 25, "m" * 25]
    assert max(map(len, lines)) <= WIDTH


def test_what_controls_a_terminal_is_shown_as_an_escape(books, sqlite_url):
    books.book(call("t", "a", model="gpt\x1b[2J[red]", cost=5))
    for lines in (
        run(sqlite_url, "cost", "--by=model", now=NOW).output.splitlines(),
        run_at_terminal(sqlite_url, "cost", "--by=model", now=NOW),
    ):
        assert any(line.startswith(r"gpt\x1b[2J[red]") for line in lines)


def test_groups_beyond_the_limit_are_one_line_and_the_total_stays(fleet):
    found = table(run(fleet, "cost", "--by", "model", "--limit", "1", now=NOW))
    assert [row[:2] for row in found[1:4]] == [["claude-opus-5-5", "1"], ["(others)", "3"], ["total", "4"]]
    assert found[2][5] == "$2.00"


def test_without_fields_there_is_the_total_alone(fleet):
    assert table(run(fleet, "cost", "--by=", now=NOW))[1][:2] == ["4", "2.50M"]


def test_tokens_without_a_price_are_told_with_the_command_that_lists_them(fleet, books):
    assert (
        "120 tokens have no price and are in no cost: `agent-exporter prices missing`"
        in run(fleet, "cost", now=NOW).output
    )
    only_priced = run(fleet, "cost", "-f", "project=search", now=NOW).output
    assert "no price" not in only_priced
    assert "priced" not in only_priced


def test_what_was_charged_and_taken_back_is_told(books, sqlite_url):
    books.book(call("t", "a", tokens=Tokens(100, 0, 0, 0, 20, 0), cost=3 * USD))
    books.book(call("t", "a", tokens=Tokens(60, 40, 0, 0, 20, 0), cost=2 * USD))
    total = json.loads(run(sqlite_url, "cost", "--json", now=NOW).output)["total"]
    assert total["adjustments_nano_usd"] == 3 * USD
    assert "$3.00 that was charged and taken back is not in the cost." in run(sqlite_url, "cost", now=NOW).output


def test_since_counts_from_the_end(fleet):
    assert json.loads(run(fleet, "cost", "--since", "12h", "--json", now=NOW).output)["total"]["calls"] == 3
    day_before = json.loads(run(fleet, "cost", "--since", "2d", "--end", "2026-11-21", "--json", now=NOW).output)
    assert (day_before["start"], day_before["end"]) == ("2026-11-19T00:00:00Z", "2026-11-21T00:00:00Z")
    assert day_before["total"]["calls"] == 1


def test_dates_are_midnights_of_the_zone(fleet):
    given = ("--start", "2026-11-21", "--end", "2026-11-22", "--tz", "America/New_York")
    result = run(fleet, "cost", *given, now=NOW)
    assert result.output.splitlines()[0] == "Cost by project from 2026-11-21 to 2026-11-22 (America/New_York)"
    assert json.loads(run(fleet, "cost", *given, "--json", now=NOW).output)["start"] == "2026-11-21T05:00:00Z"


def test_the_configured_zone_holds_when_none_is_given(fleet):
    answer = run(fleet, "cost", "--json", now=NOW, AGENT_EXPORTER_TIMEZONE="Europe/Berlin").output
    assert json.loads(answer)["tz"] == "Europe/Berlin"


def test_an_empty_ledger_says_how_to_fill_it(books, sqlite_url):
    text = run(sqlite_url, "cost", now=NOW, AGENT_EXPORTER_LISTEN="127.0.0.1:9464").output
    found, advice = text.splitlines()
    assert found == "No calls from 2026-10-22 14:00 to 2026-11-21 14:00 (UTC)."
    assert advice.endswith("send telemetry: OTLP to http://127.0.0.1:9464, or `agent-exporter demo`.")


def test_a_filter_that_fits_nothing_says_how_to_see_what_there_is(fleet):
    text = run(fleet, "cost", "-f", "project=paymets", now=NOW).output
    assert text.startswith("No calls, project paymets, from ")
    assert "`agent-exporter cost --by project` shows which there are." in text


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--by", "projct"], "found 'projct', expected one of project, team,"),
        (["--by", "projct"], "(did you mean project?)"),
        (["--by", "model,model"], "found 'model,model', expected each field once"),
        (["--since", "7"], "found '7', expected a duration as 90s, 24h"),
        (["--since", "1d", "--start", "2026-01-01"], "--start and --since both say where to begin"),
        (["--start", "2026-12-24"], "--start 2026-12-24 is not before now"),
        (["--start", "2026-02-02", "--end", "2026-02-01"], "--start 2026-02-02 is not before --end 2026-02-01"),
        (["--start", "yesterday"], "--start: found 'yesterday', expected a date or time"),
        (["--end", "1969-12-31"], "--end: found '1969-12-31', expected a date or time from 1970"),
        (["--tz", "Berlin"], "found 'Berlin', expected an IANA time zone as Europe/Berlin"),
        (["--filter", "project"], "found 'project', expected FIELD=VALUE as project=payments"),
        (["--filter", "day=1"], "found 'day', expected one of project"),
        (["-f", "task=1", "-f", "task=2"], "found 'task' twice, expected each field once"),
        (["--limit", "0"], "0 is not in the range"),
    ],
)
def test_a_bad_option_is_one_line_and_status_2(sqlite_url, given, message):
    result = run(sqlite_url, "cost", *given, now=NOW)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr
    assert result.stderr.endswith("See `agent-exporter cost --help`.\n")
    assert result.stderr.count("\n") == 1
