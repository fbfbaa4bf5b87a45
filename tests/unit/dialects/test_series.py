"""Metric points become records: which belong together, and what makes a record the same one again."""

from __future__ import annotations

from exporter.dialects.base import Metrics
from exporter.dialects.cumulative import Gain, Move
from exporter.dialects.series import group_points, read_delta, read_gain
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


def groups(*points: Point):
    return group_points((point, METRICS) for point in points)


def usages(*points: Point):
    return [read_delta(group).usage for group in groups(*points)]


def test_the_kinds_of_token_of_one_series_and_time_make_one_record():
    (group,) = groups(point("input", 3), point("output", 120))
    assert read_delta(group).usage.tokens == Tokens(3, 0, 0, 0, 120, 0)
    assert (group.points, group.span.end_ns, group.is_delta) == (2, MINUTE, True)


def test_other_times_attributes_and_resources_are_other_records():
    elsewhere = point("input", 1)._replace(origin=Origin({"service.name": "other"}, "meter", "1"))
    found = usages(
        point("input", 1),
        point("input", 1, end=2 * MINUTE),
        point("input", 1, model="gpt-6-luna")._replace(series=5),
        point("input", 1, skill="review"),
        elsewhere,
    )
    assert len({usage.record_key for usage in found}) == len(found) == 5


def test_the_same_points_again_are_the_same_record():
    first, second = usages(point("input", 3), point("output", 120)), usages(point("output", 120), point("input", 3))
    assert [one.record_key for one in first] == [one.record_key for one in second]


def test_a_resource_that_is_sent_in_pieces_is_one_resource():
    again = Origin(dict(ORIGIN.resource), "meter", "1")
    (usage,) = usages(point("input", 3), point("output", 120)._replace(origin=again))
    assert usage.tokens == Tokens(3, 0, 0, 0, 120, 0)


def test_points_of_a_cumulative_series_name_it_and_when_each_kind_began():
    early, late = groups(point("input", 3, delta=False), point("input", 9, end=2 * MINUTE, delta=False))
    (apart,) = groups(point("input", 3, start=7, delta=False), point("output", 9, start=5, delta=False))
    assert early.series == late.series == apart.series != ""
    assert apart.starts == {("tokens", "input"): 7, ("tokens", "output"): 5}
    assert (apart.span.start_ns, apart.is_delta) == (5, False)


def test_what_cumulative_points_add_is_read_like_delta_points_and_known_by_what_it_adds():
    (group,) = groups(point("input", 9, delta=False), point("output", 120, delta=False))
    kind = ("tokens", "input")

    def read_from(before: int, stream: bytes = b"stream"):
        gain = Gain({kind: 9 - before, ("tokens", "output"): 0}, {kind: Move(stream, before, 9)}, MINUTE // 2)
        return read_gain(group, gain).usage

    usage = read_from(4)
    assert usage.tokens == Tokens(5)
    assert (usage.start_ns, usage.end_ns) == (MINUTE // 2, MINUTE)
    assert usage.record_key == read_from(4).record_key
    assert len({usage.record_key, read_from(5).record_key, read_from(4, b"other").record_key}) == 3


def test_points_that_a_sender_tore_apart_are_records_of_their_own():
    (one,), (other,) = usages(point("input", 3)), usages(point("output", 120))
    assert one.record_key != other.record_key


def test_instruments_of_one_export_are_read_one_after_the_other():
    costs = point("", 7, start=1_000, end=MINUTE + 5_000)._replace(metric="cost")
    (group,) = groups(point("input", 3), costs)
    assert (group.points, group.span.start_ns, group.span.end_ns) == (2, 0, MINUTE + 5_000)
    assert len(groups(point("input", 3), point("output", 1, end=MINUTE + 600_000_000))) == 2


def test_a_counter_that_began_later_is_of_the_same_cumulative_series():
    (group,) = groups(point("input", 3, delta=False), point("output", 120, start=MINUTE // 2, delta=False))
    (alone,) = groups(point("input", 3, delta=False))
    assert group.series == alone.series
    assert len(groups(point("input", 3), point("output", 120, start=MINUTE // 2))) == 2


def test_the_same_point_twice_in_a_request_counts_once():
    (group,) = groups(point("input", 3), point("input", 3))
    assert (read_delta(group).usage.tokens.input_uncached, group.points) == (3, 2)


def test_what_can_fall_is_no_use_of_tokens():
    assert groups(point("input", 3)._replace(is_monotonic=False)) == []
