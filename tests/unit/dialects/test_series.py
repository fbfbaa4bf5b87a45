"""Metric points become records: which belong together, and what makes a record the same one again."""

from __future__ import annotations

from exporter.dialects.base import Metrics
from exporter.dialects.series import read_series
from exporter.signals import Origin, Point, Span
from exporter.usage import LLM, REPORTED, SPANS, Reading, Tokens, UsageRecord

MINUTE = 60 * 10**9
ORIGIN = Origin({"service.name": "cli"}, "meter", "1")


def read(span: Span, values) -> Reading:
    tokens = Tokens(values.get(("tokens", "input"), 0), 0, 0, 0, values.get(("tokens", "output"), 0), 0)
    record = UsageRecord(
        SPANS, "made_up", span.origin.scope, LLM, "chat", b"", b"", span.start_ns, span.end_ns, "openai", "",
        str(span.attributes["model"]), "", "gpt-6-sol", "cli", "", "", "", tokens, REPORTED,
    )  # fmt: skip
    return Reading(LLM, record)


METRICS = Metrics(
    dialect="made_up",
    metrics=frozenset({"tokens", "cost"}),
    wanted=frozenset({"model"}),
    types=("type",),
    read=read,
)


def point(kind: str, value: int, *, start: int = 0, end: int = MINUTE, delta: bool = True, **others) -> Point:
    attributes = {"model": "gpt-6-sol", "type": kind, **others}
    series = hash(tuple(sorted(others.items())))
    return Point("tokens", "tokens", delta, True, start, end, value, attributes, ORIGIN, series)


def records(*points: Point):
    return read_series((point, METRICS) for point in points)


def test_the_kinds_of_token_of_one_series_and_time_make_one_record():
    (record,) = records(point("input", 3), point("output", 120))
    assert record.reading.usage.tokens == Tokens(3, 0, 0, 0, 120, 0)
    assert (record.points, record.span.end_ns, record.series) == (2, MINUTE, "")


def test_other_times_attributes_and_resources_are_other_records():
    elsewhere = point("input", 1)._replace(origin=Origin({"service.name": "other"}, "meter", "1"))
    found = records(
        point("input", 1),
        point("input", 1, end=2 * MINUTE),
        point("input", 1, model="gpt-6-luna")._replace(series=5),
        point("input", 1, skill="review"),
        elsewhere,
    )
    assert len({record.reading.usage.record_key for record in found}) == len(found) == 5


def test_the_same_points_again_are_the_same_record():
    first, second = records(point("input", 3), point("output", 120)), records(point("output", 120), point("input", 3))
    assert [one.reading.usage.record_key for one in first] == [one.reading.usage.record_key for one in second]


def test_points_of_a_cumulative_series_name_it():
    early, late = records(point("input", 3, delta=False), point("input", 9, end=2 * MINUTE, delta=False))
    assert early.series == late.series != ""
    assert early.reading.usage.record_key != late.reading.usage.record_key
    (restarted,) = records(point("input", 1, start=5, delta=False))
    assert (restarted.series, restarted.starts, early.starts) == (early.series, (5,), (0,))


def test_kinds_of_token_that_began_apart_are_one_record_that_names_each_start():
    (record,) = records(point("input", 3, start=7, delta=False), point("output", 9, start=5, delta=False))
    assert (record.starts, record.span.start_ns, record.reading.usage.tokens.input_total) == ((5, 7), 5, 3)


def test_processes_that_do_not_tell_themselves_apart_share_no_record():
    here, there = ORIGIN, Origin(dict(ORIGIN.resource), "meter", "1")
    first, second = records(
        point("input", 3, start=5, delta=False)._replace(origin=here),
        point("output", 9, start=7, delta=False)._replace(origin=there),
    )
    assert first.series == second.series
    assert (first.starts, second.starts) == ((5,), (7,))


def test_points_that_a_sender_tore_apart_are_records_of_their_own():
    (one,), (other,) = records(point("input", 3)), records(point("output", 120))
    assert one.reading.usage.record_key != other.reading.usage.record_key


def test_instruments_of_one_export_are_read_one_after_the_other():
    costs = point("", 7, start=1_000, end=MINUTE + 5_000)._replace(metric="cost")
    (record,) = records(point("input", 3), costs)
    assert (record.points, record.span.start_ns, record.span.end_ns) == (2, 0, MINUTE + 5_000)
    assert len(records(point("input", 3), point("output", 1, end=MINUTE + 600_000_000))) == 2


def test_a_counter_that_began_later_is_of_the_same_cumulative_series():
    (record,) = records(point("input", 3, delta=False), point("output", 120, start=MINUTE // 2, delta=False))
    (alone,) = records(point("input", 3, delta=False))
    assert record.series == alone.series
    assert len(records(point("input", 3), point("output", 120, start=MINUTE // 2))) == 2


def test_the_same_point_twice_in_a_request_counts_once():
    (record,) = records(point("input", 3), point("input", 3))
    assert (record.reading.usage.tokens.input_uncached, record.points) == (3, 2)


def test_what_can_fall_is_no_use_of_tokens():
    assert records(point("input", 3)._replace(is_monotonic=False)) == []
