"""What is listed as understood is what is understood."""

from __future__ import annotations

from exporter.dialects.basis import EMITTERS
from exporter.dialects.describing import beyond_the_conventions, describe_dialects, known_dialects, to_mapping
from exporter.dialects.registry import DIALECTS, LOGS, METRICS, WANTED, read_span
from support.spans import make_span


def test_every_registered_dialect_is_described_once_in_the_order_in_which_it_is_asked():
    names = [one.name for one in describe_dialects()]
    assert names[: len(DIALECTS)] == [one.name for one in DIALECTS]
    assert set(names) == known_dialects()
    assert len(names) == len(set(names))
    told = {one.dialect for one in (*LOGS, *METRICS)}
    assert set(names) == {one.name for one in DIALECTS} | told


def test_a_dialect_is_said_in_one_sentence_and_has_a_signal():
    for one in describe_dialects():
        assert one.about
        assert "\n" not in one.about
        assert one.signals


def test_every_name_that_is_listed_leaves_decode():
    for one in describe_dialects():
        if one.spans is not None:
            assert {name for names in one.spans.names.values() for name in names} <= WANTED
            assert set(one.spans.marks) <= WANTED


def test_a_count_under_any_listed_name_of_its_input_is_read():
    for dialect in (one for one in DIALECTS if one.claims is None):
        for name in dialect.marks.intersection(dialect.spellings.input):
            reading = read_span(make_span({name: 7, "gen_ai.request.model": "gpt-6-sol"}))
            assert reading.usage is not None, name
            assert reading.usage.tokens.input_total == 7, name


def test_only_what_a_dialect_has_of_its_own_is_shown_beside_the_conventions():
    own = {one.name: beyond_the_conventions(one.spans.names) for one in describe_dialects() if one.spans is not None}
    assert own["genai"] == {}
    assert own["openinference"]["total"] == ("llm.token_count.total",)


def test_the_emitter_table_is_listed_whole():
    rows = {row["scope"]: row for row in to_mapping()["emitters"]}
    assert set(rows) == {emitter.scope for emitter in EMITTERS}
    assert rows["openlit"] == {
        "scope": "openlit",
        "input_leaves_out_cached_tokens_of": ["anthropic", "aws.bedrock"],
        "output_leaves_out_reasoning_of": [],
    }
    assert rows["com.anthropic.claude_code"]["input_leaves_out_cached_tokens_of"] == ["all"]
