"""Our renderer and prometheus_client, byte for byte, over the same families."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.samples import Exemplar as ClientExemplar
from prometheus_client.utils import floatToGoString

from exporter.telemetry.catalog import CATALOG
from exporter.telemetry.family import COUNTER, HISTOGRAM
from exporter.telemetry.gather import Gatherer
from exporter.telemetry.render import OPENMETRICS, TEXT, Renderer
from exporter.views.points import Distribution, Points
from support.fleet_rows import make_fleet
from support.metric_rows import NOW


class Reading:
    """The same points as families of prometheus_client."""

    def __init__(self, families, samples):
        self.families, self.samples = families, samples

    def collect(self):
        for family in self.families:
            if family.feed in self.samples:
                yield client_family(family, self.samples[family.feed])


def client_family(family, points):
    if family.kind == HISTOGRAM:
        return client_histogram(family, points)
    build = CounterMetricFamily if family.kind == COUNTER else GaugeMetricFamily
    metric = build(family.base, family.help, labels=family.label_names, unit=family.shown_unit)
    for at, (labels, value) in enumerate(zip(points.labels, points.values, strict=True)):
        if family.kind == COUNTER:
            metric.add_metric(
                labels, value / family.divisor, exemplar=client_exemplar(family, points.exemplars.get(at))
            )
        else:
            metric.add_metric(labels, value / family.divisor)
    return metric


def client_histogram(family, points):
    metric = HistogramMetricFamily(family.name, family.help, labels=family.label_names, unit=family.shown_unit)
    edges = [floatToGoString(edge) for edge in (*family.edges, float("inf"))]
    for at, (labels, value) in enumerate(zip(points.labels, points.values, strict=True)):
        counts = [sum(value.buckets[: n + 1]) for n in range(len(edges))]
        examples = points.exemplars.get(at, {})
        buckets = [
            (edge, count, client_exemplar(family, examples[n])) if n in examples else (edge, count)
            for n, (edge, count) in enumerate(zip(edges, counts, strict=True))
        ]
        metric.add_metric(labels, buckets, value.sum / family.divisor)
    return metric


def client_exemplar(family, call):
    if call is None:
        return None
    labels = {"trace_id": call.trace_id, "span_id": call.span_id}
    return ClientExemplar(labels, call.value / family.divisor, call.at_ns / 10**9)


def by_client(families, samples, form):
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Reading(families, samples))
    if form == TEXT:
        return generate_latest(registry).decode()
    return generate_openmetrics(registry).decode().removesuffix("# EOF\n")


@pytest.fixture
def gatherer(sqlite_url):
    database = make_fleet(sqlite_url)
    yield Gatherer(database, version="1.2.3", price_books=lambda: [("7", 'a "book"')], clock_ns=lambda: NOW)
    database.close()


@pytest.mark.parametrize("form", [TEXT, OPENMETRICS])
def test_the_ledger_renders_as_prometheus_client_renders_it(gatherer, form):
    samples = gatherer.gather(exemplars=True)
    assert Renderer(gatherer.families, form).render(samples) == by_client(gatherer.families, samples, form)


def test_the_openmetrics_of_the_ledger_can_be_parsed_with_its_exemplars(gatherer):
    text = Renderer(gatherer.families, OPENMETRICS).render(gatherer.gather(exemplars=True)) + "# EOF\n"
    found = [sample for family in parse_openmetrics(text) for sample in family.samples if sample.exemplar]
    assert {sample.name for sample in found} == {
        "agent_cost_usd_total",
        "gen_ai_client_operation_duration_seconds_bucket",
    }


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
amounts = st.integers(0, 2**63 - 1)


@st.composite
def readings(draw):
    family = draw(st.sampled_from([family for family in CATALOG if family.feed]))
    labels = draw(st.lists(st.tuples(*[texts] * len(family.labels)), min_size=1, max_size=4, unique=True))
    if family.kind != HISTOGRAM:
        return family, Points(labels, draw(st.lists(amounts, min_size=len(labels), max_size=len(labels))))
    counts = st.lists(st.integers(0, 10**12), min_size=len(family.bounds) + 1, max_size=len(family.bounds) + 1)
    return family, Points(labels, [Distribution(draw(amounts), tuple(draw(counts))) for _ in labels])


@pytest.mark.parametrize("form", [TEXT, OPENMETRICS])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reading=readings())
def test_any_labels_and_numbers_render_as_prometheus_client_renders_them(form, reading):
    family, points = reading
    samples = {family.feed: points}
    assert Renderer([family], form).render(samples) == by_client([family], samples, form)
