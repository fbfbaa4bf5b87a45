"""`agent-exporter backfill` as a user runs it, with the real promtool and a real Prometheus."""

from __future__ import annotations

import time

import click
import pytest
from click.testing import CliRunner

from exporter.cli.backfill import command
from exporter.cli.context import CommandContext
from exporter.errors import ExporterError
from support.commands import run_command
from support.entries import NOON, SECOND, call
from support.ledgers import HOUR, Books
from support.prometheus import Prometheus

DAY = 24 * HOUR
NANO = 10**9


@pytest.fixture
def ledger(sqlite_url, monkeypatch):
    """Calls of two and a half days up to an hour before noon, booked two hours before it or earlier."""
    books = Books(sqlite_url)
    for number in range(60):
        start = NOON - 3 * HOUR - number * HOUR
        usage = {"start": start, "end": start + SECOND, "cost": 1_000_000 + number, "agent": f"a{number % 3}"}
        books.book(call(f"t{number}", "c", **usage), at=start + 5 * SECOND)
    books.book(call("late", "c", start=NOON - 10 * HOUR, end=NOON - 10 * HOUR + 1, cost=500), at=NOON - HOUR)
    books.database.close()
    monkeypatch.setenv("AGENT_EXPORTER_DATABASE_URL", sqlite_url)
    return sqlite_url


@pytest.fixture
def backfill(ledger):
    """The command at noon; what it prints, or the exception that it ends with."""

    def invoke(*arguments):
        context = CommandContext(clock_ns=lambda: NOON)
        result = CliRunner().invoke(command, [str(one) for one in arguments], obj=context, standalone_mode=False)
        context.close()
        if result.exception:
            raise result.exception
        return result.output

    return invoke


def samples_of(folder, name):
    """Values by time, in Unix seconds, summed over the series of a family."""
    found: dict[float, float] = {}
    for path in sorted(folder.glob("*.om")):
        for line in path.read_text().splitlines():
            if line.startswith(f"{name}{{"):
                _, value, at = line.rsplit(" ", 2)
                found[float(at)] = found.get(float(at), 0.0) + float(value)
    return found


def test_text_ends_three_hours_ago_for_a_prometheus_may_have_the_rest(backfill, tmp_path):
    said = backfill("--out", tmp_path / "out", "--step", "3m")
    spent = samples_of(tmp_path / "out", "agent_cost_usd_total")
    assert max(spent) == (NOON - 3 * HOUR) / SECOND
    assert "booked after the end: 2 calls." in said
    assert "create-blocks-from openmetrics --max-block-duration=18h" in said


def test_the_end_may_be_now_and_then_every_call_is_there(backfill, tmp_path):
    said = backfill("--out", tmp_path / "out", "--step", "3m", "--end", "now")
    spent = samples_of(tmp_path / "out", "agent_cost_usd_total")
    assert max(spent) == NOON / SECOND
    assert spent[NOON / SECOND] == pytest.approx((60 * 1_000_000 + sum(range(60)) + 500) / NANO)
    assert "Left out" not in said


def test_files_are_cut_where_blocks_are(backfill, tmp_path):
    backfill("--out", tmp_path / "out", "--step", "3m", "--end", "now")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    starts = ("20261118T214500Z", "20261119T120000Z", "20261120T060000Z", "20261121T000000Z")
    assert names == [f"{start}.om" for start in starts]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--step", "5m"], "at most 4m: Prometheus forgets a sample after 5 minutes"),
        (["--step", "4m"], "divides a quarter of an hour"),
        (["--step", "0s"], "divides a quarter of an hour"),
        (["--end", "2027-01-01"], "--end lies in the future"),
        (["--start", "2026-11-21T11:00", "--end", "2026-11-21T10:00"], "the range is empty"),
        (["--storage", "also"], "give --out FOLDER for text, or --storage FOLDER for blocks"),
    ],
)
def test_what_cannot_be_right_is_refused_with_the_reason(backfill, tmp_path, arguments, said):
    with pytest.raises(click.ClickException) as refused:
        backfill("--out", tmp_path / "out", *arguments)
    assert said in refused.value.format_message()
    assert not (tmp_path / "out").exists()


def test_without_a_ledger_it_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("AGENT_EXPORTER_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    result = CliRunner().invoke(command, ["--out", str(tmp_path / "out")], obj=CommandContext(), standalone_mode=False)
    assert isinstance(result.exception, ExporterError)
    assert "there is no ledger" in result.exception.message


class TestStorage:
    """With blocks, whose program and reader are the real ones."""

    @pytest.fixture
    def storage(self, tmp_path):
        return tmp_path / "prometheus" / "data"

    @pytest.fixture
    def fill(self, backfill, tool, storage):
        promtool = tool("promtool")

        def fill(*arguments):
            return backfill("--storage", storage, "--promtool", promtool, "--step", "3m", *arguments)

        return fill

    def test_a_new_prometheus_shows_the_past_and_the_ledgers_sum_at_its_end(self, fill, storage, tool, tmp_path):
        assert "blocks were made" in fill("--instance", "127.0.0.1:9464")
        assert {path.name for path in storage.parent.iterdir()} == {"data"}, "no text is left"
        with Prometheus(tool("prometheus"), storage.parent, []) as prometheus:
            end = NOON / SECOND
            assert prometheus.value("sum(agent_cost_usd_total)", at=end) == pytest.approx(0.06000227)
            assert prometheus.value("count(count by (job, instance) (agent_calls_total))", at=end) == 1
            at = (NOON - 20 * HOUR) / SECOND
            started = sum(1 for number in range(60) if 3 + number > 20)
            assert prometheus.value("sum(agent_calls_total)", at=at) == started
            assert prometheus.value("sum(resets(agent_cost_usd_total[3d]))", at=end) == 0

    def test_blocks_of_the_same_time_are_refused_for_two_truths_would_alternate(self, fill, storage):
        fill("--end", "2026-11-20")
        made = sorted(path.name for path in storage.iterdir())
        with pytest.raises(click.UsageError, match="the storage has a block from") as refused:
            fill("--end", "2026-11-20T12:00")
        assert "--among-blocks" in str(refused.value)
        assert sorted(path.name for path in storage.iterdir()) == made

    def test_without_an_end_it_ends_where_the_oldest_block_begins(self, fill, storage):
        fill("--start", "2026-11-20T06:00", "--end", "2026-11-21")
        assert "to 2026-11-20T06:00:00Z" in fill()

    def test_recent_samples_of_a_prometheus_that_ran_are_kept_clear_of(self, fill, storage):
        (storage / "wal").mkdir(parents=True)
        (storage / "wal" / "00000000").write_bytes(b"samples")
        with pytest.raises(click.UsageError, match="3 hours ago, else Prometheus drops those samples"):
            fill("--end", "now")
        assert "to 2026-11-21T09:00:00Z" in fill()


def test_a_prometheus_that_scrapes_on_continues_the_series(start_server, sqlite_url, tool, tmp_path):
    """Live and backfilled numbers are one line: no reset where they meet, and the increase over both is the cost."""
    server = start_server(sqlite_url)
    run_command("demo", "--endpoint", server.url, "--days", "0.5", "--json")
    storage, instance = tmp_path / "prometheus" / "data", f"127.0.0.1:{server.port}"
    run_command(
        "backfill", "--storage", str(storage), "--promtool", str(tool("promtool")), "--instance", instance,
        AGENT_EXPORTER_DATABASE_URL=sqlite_url,
    )  # fmt: skip
    with Prometheus(tool("prometheus"), storage.parent, [server.port]) as prometheus:
        wanted = server.get("/api/v1/costs?group_by=project").json()["total"]["cost_nano_usd"] / NANO
        deadline = time.monotonic() + 60
        while not (scraped := prometheus.query('up{job="agent-exporter"} == 1')) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert scraped
        series = prometheus.query("sum(agent_cost_usd_total)")
        assert list(series.values()) == [pytest.approx(wanted)]
        assert prometheus.value("sum(resets(agent_cost_usd_total[1d]))") == 0
        assert prometheus.value("count(count by (instance) (agent_cost_usd_total))") == 1
