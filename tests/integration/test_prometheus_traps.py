"""Four ways in which a money counter lies to Prometheus, each shown on a naive counter and then on ours.

A real Prometheus scrapes both at once.  The exporter runs in this process by a clock that the test sets, so that the
minute for which a new series shows 0 costs no waiting.
"""

from __future__ import annotations

import subprocess
import time

import pytest
import yaml

from exporter.pricing.row_json import instant_from_text
from support.exposition import NaiveCounter, Target, alternate
from support.otlp import request, span
from support.prometheus import Prometheus
from support.tools import ROOT
from support.workers import BIRTH, SECOND, WholeWorker

NOW = instant_from_text("2026-11-21T12:00:00Z")
NANO = 10**9
COST = "agent_cost_usd_total"
ADJUSTED = "agent_cost_adjustments_usd_total"
NAIVE = "naive_cost_usd_total"
SCRAPES = 6
"""Before and after what a test does: few enough for a short test, enough for increase(), which adds up to 1.6 sample
intervals of what it saw when no sample stands at the edges of its window."""
NEARLY = 0.2
"""How far increase() may therefore be off."""


def call(number, *, project="payments", tokens=1_000_000, cached=0, operation="chat", parent=0):
    """A request with one span of trace 1; its price comes from the shipped book."""
    attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": "anthropic",
        "gen_ai.response.model": "claude-haiku-4-5",
        "gen_ai.usage.input_tokens": tokens,
        "gen_ai.usage.output_tokens": 1000,
        "project.id": project,
    }
    if cached:
        attributes["gen_ai.usage.cache_read.input_tokens"] = cached
    ids = {"trace_id": (1).to_bytes(16), "span_id": number.to_bytes(8)}
    if parent:
        ids["parent_span_id"] = parent.to_bytes(8)
    return request(span(attributes, start_time_unix_nano=NOW, end_time_unix_nano=NOW + SECOND, **ids))


@pytest.fixture
def make_worker(tmp_path):
    """Workers that share a clock only as far as the test moves both."""
    made = []

    def make(url):
        folder = tmp_path / f"worker-{len(made)}"
        folder.mkdir()
        made.append(WholeWorker(url, folder, {}, NOW))
        return made[-1]

    yield make
    for worker in made:
        worker.close()


@pytest.fixture
def watch(tool, tmp_path):
    """Starts the Prometheus that scrapes these targets five times a second."""
    return lambda *targets: Prometheus(
        tool("prometheus"), tmp_path / "prometheus", [target.port for target in targets], interval="200ms"
    )


def scrape_more(prometheus, *series):
    """Wait until each family was scraped SCRAPES times more from its target."""
    wanted = {one: scraped(prometheus, *one) + SCRAPES for one in series}
    deadline = time.monotonic() + 60
    while any(scraped(prometheus, *one) < number for one, number in wanted.items()):
        assert time.monotonic() < deadline, "Prometheus stopped scraping"
        time.sleep(0.1)


def scraped(prometheus, family, target):
    """Scrapes of the family so far."""
    counts = prometheus.query(f'min(count_over_time({family}{{instance="{target.instance}"}}[10m]))')
    return int(sum(counts.values()))


def increase(prometheus, family, target):
    """What increase() says of the whole run of one target, without anything added after its last sample."""
    selector = f'{family}{{instance="{target.instance}"}}'
    last = prometheus.value(f"max(timestamp({selector}))")
    return prometheus.value(f"sum(increase({selector}[10m]))", at=last)


def resets(prometheus, family, target):
    return prometheus.value(f'sum(resets({family}{{instance="{target.instance}"}}[10m]))')


def ledger_usd(worker):
    return worker.get("/api/v1/costs")["total"]["cost_nano_usd"] / NANO


# ---------------------------------------------------------------------------------------------- a correction
def test_a_correction_fakes_a_fortune_in_a_counter_that_falls_and_none_in_ours(make_worker, sqlite_url, watch):
    ours = make_worker(sqlite_url)
    naive = NaiveCounter(NAIVE, 10_000.0)
    ours.push(call(1))
    ours.now_ns += BIRTH
    before = ledger_usd(ours)
    with Target(ours.client.application) as mine, Target(naive) as theirs, watch(mine, theirs) as prometheus:
        scrape_more(prometheus, (COST, mine), (NAIVE, theirs))
        naive.value -= 0.05
        ours.push(call(1, cached=900_000))
        scrape_more(prometheus, (COST, mine), (NAIVE, theirs))

        assert increase(prometheus, NAIVE, theirs) > 9_000, "five cents taken back read as ten thousand dollars"
        assert resets(prometheus, NAIVE, theirs) == 1, "what the alert on fallen counters looks for"

        after = ledger_usd(ours)
        assert 0 < after < before, "the correction made the call cheaper"
        assert resets(prometheus, COST, mine) == 0
        assert resets(prometheus, ADJUSTED, mine) == 0
        assert prometheus.value(f"sum({COST}) - sum({ADJUSTED})") == pytest.approx(after, abs=1e-9)
        assert increase(prometheus, COST, mine) == pytest.approx(after, rel=NEARLY)
        assert increase(prometheus, ADJUSTED, mine) == pytest.approx(before, rel=NEARLY)
    ours.assert_audited()


# -------------------------------------------------------------------------- two replicas that tell of one ledger
@pytest.fixture
def replicas(make_worker, postgres_url):
    """Two replicas on one database that know of a first call."""
    both = make_worker(postgres_url), make_worker(postgres_url)
    both[0].push(call(1))
    for one in both:
        one.now_ns += BIRTH
    return both


def test_two_replicas_double_a_sum_and_not_the_maximum_taken_after_the_rate(replicas, watch):
    first, second = replicas
    before = ledger_usd(first)
    one, two = Target(first.client.application), Target(second.client.application)
    with one, two, watch(one, two) as prometheus:
        scrape_more(prometheus, (COST, one), (COST, two))
        first.push(call(2))
        second.push(call(3))
        scrape_more(prometheus, (COST, one), (COST, two))
        spent = ledger_usd(first) - before
        doubled = prometheus.value(f"sum(increase({COST}[10m]))")
        right = prometheus.value(f"sum(max without (instance) (increase({COST}[10m])))")
        net = prometheus.value(f"sum(max without (instance) ({COST}))")
    assert spent == pytest.approx(2 * before), "three equal calls, the first before Prometheus looked"
    assert right == pytest.approx(spent, rel=NEARLY)
    assert doubled == pytest.approx(2 * spent, rel=NEARLY)
    assert net == pytest.approx(ledger_usd(second), abs=1e-9)


def test_two_stale_caches_behind_one_address_fake_a_fortune_and_our_replicas_there_do_not(replicas, watch):
    first, second = replicas
    before = ledger_usd(first)
    fresh, stale = NaiveCounter(NAIVE, 10_000.0), NaiveCounter(NAIVE, 9_999.5)
    ours = alternate([first.client.application, second.client.application])
    with Target(ours) as mine, Target(alternate([fresh, stale])) as theirs, watch(mine, theirs) as prometheus:
        scrape_more(prometheus, (COST, mine), (NAIVE, theirs))
        first.push(call(2))
        scrape_more(prometheus, (COST, mine), (NAIVE, theirs))
        second.push(call(3))
        scrape_more(prometheus, (COST, mine), (NAIVE, theirs))
        assert increase(prometheus, NAIVE, theirs) > 20_000, (
            "half a dollar apart, read as a fortune on every other scrape"
        )
        assert resets(prometheus, NAIVE, theirs) >= 2
        assert resets(prometheus, COST, mine) == 0
        assert increase(prometheus, COST, mine) == pytest.approx(ledger_usd(first) - before, rel=NEARLY)


# ------------------------------------------------------------------------------------- a series born with a value
def test_a_series_born_with_a_value_is_lost_and_ours_is_born_at_zero(make_worker, sqlite_url, watch):
    ours = make_worker(sqlite_url)
    naive = NaiveCounter(NAIVE, None)
    with Target(ours.client.application) as mine, Target(naive) as theirs, watch(mine, theirs) as prometheus:
        scrape_more(prometheus, ("agent_exporter_database_up", mine))
        ours.push(call(1))
        naive.value = 5.0
        scrape_more(prometheus, (COST, mine), (NAIVE, theirs))
        assert prometheus.value(COST) == 0, "a new label set shows 0 first"
        ours.now_ns += BIRTH
        scrape_more(prometheus, (COST, mine), (NAIVE, theirs))

        assert increase(prometheus, NAIVE, theirs) == 0, "five dollars that no panel of increases ever shows"
        assert ledger_usd(ours) > 0
        # Between a first sample of 0 and the last one nothing is extrapolated, so this is exact.
        assert increase(prometheus, COST, mine) == pytest.approx(ledger_usd(ours), rel=1e-6)


# ------------------------------------------------------------------------------------------- one call in an idle hour
HOUR = 3600
SCRAPE = 15
"""Seconds between scrapes, as in the shipped configuration."""
SPENT = (COST, "agent_budget_cost_usd_total")
REVERSED = (ADJUSTED, "agent_budget_cost_adjustments_usd_total")


def idle_hours_with_one_call(end):
    """OpenMetrics of three hours in which the counters rise once, by 2 USD, half an hour before the end."""
    times = range(end - 3 * HOUR, end + 1, SCRAPE)
    for name in (*SPENT, *REVERSED):
        yield f"# TYPE {name.removesuffix('_total')} counter\n"
        for at in times:
            value = 0 if name in REVERSED else 10 if at < end - HOUR // 2 else 12
            yield f"{name} {value} {at}\n"
    yield "# EOF\n"


def shipped_expression(record):
    """What the shipped rules record under a name."""
    for path in (ROOT / "prometheus" / "rules").glob("*.yml"):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                if rule.get("record") == record:
                    return rule["expr"]
    raise AssertionError(f"no rule records {record}")


def test_one_call_in_an_idle_hour_reads_as_a_rate_that_nobody_spends_and_not_in_the_recorded_hour(
    tool, watch, tmp_path
):
    end = int(time.time()) // HOUR * HOUR
    history = tmp_path / "history.txt"
    history.write_text("".join(idle_hours_with_one_call(end)))
    blocks = tmp_path / "prometheus" / "data"
    promtool = [tool("promtool"), "tsdb", "create-blocks-from", "openmetrics", history, blocks]
    subprocess.run(promtool, check=True, capture_output=True)
    with watch() as prometheus:

        def highest(expression):
            return prometheus.value(f"max_over_time(({expression})[1h:{SCRAPE}s])", at=end)

        by_rate = highest(f"rate({COST}[5m]) * 3600")
        of_agents = highest(shipped_expression("agent:agent_cost_usd:increase1h"))
        short = highest(shipped_expression("budget:agent_budget_cost_usd:increase5m"))
        long = highest(shipped_expression("budget:agent_budget_cost_usd:increase1h"))
        exactly = prometheus.value(f"{COST} - {COST} offset 1h", at=end)
    assert by_rate > 20, "two dollars look like more than twenty an hour"
    assert of_agents == pytest.approx(2, rel=0.02)
    assert exactly == 2
    # Of a budget of 500 USD two per cent are 10 USD: the short window of the burn alert is fooled, the long one is not.
    assert 12 * short > 10 > 4 * long
