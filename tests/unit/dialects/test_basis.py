from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporter.dialects.basis import EMITTERS, UNKNOWN_EMITTER, Basis, Counts, emitter_of, find_basis, split

count = st.integers(0, 2**40)
small = st.integers(0, 40)
emitters = st.sampled_from([*EMITTERS, UNKNOWN_EMITTER])
providers = st.sampled_from(["openai", "anthropic", "aws.bedrock", "x_ai", "gcp.gemini", ""])


@st.composite
def reported(draw, size=count):
    read, write = draw(size), draw(size)
    write_1h = draw(st.integers(0, write))
    total = draw(st.none() | st.integers(0, 2**42))
    return Counts(draw(size), draw(size), read, write, write_1h, draw(size), total)


def split_all(counts, emitter=UNKNOWN_EMITTER, provider="", model="some-model"):
    return split(counts, emitter, provider=provider, model=model, flags=[])


@given(reported() | reported(small), emitters, providers, st.sampled_from(["gpt-5", "gemini-2.5-pro"]))
def test_no_class_is_ever_negative_and_cache_counts_stay_as_reported(counts, emitter, provider, model):
    tokens = split_all(counts, emitter, provider, model)
    assert min(tokens) >= 0
    assert tokens.cache_read == counts.cache_read
    assert tokens.cache_write_5m + tokens.cache_write_1h == counts.cache_write


@given(reported() | reported(small), emitters, providers)
def test_the_classes_add_up_to_what_one_reading_says(counts, emitter, provider):
    tokens = split_all(counts, emitter, provider)
    cached = counts.cache_read + counts.cache_write
    assert tokens.input_total in (counts.input, counts.input + cached)
    assert tokens.output_total in (counts.output, counts.output + counts.reasoning)


@given(st.tuples(small, small, small, small, small), providers)
def test_numbers_of_the_conventions_survive_without_loss(classes, provider):
    fresh, read, write, visible, reasoning = classes
    counts = Counts(fresh + read + write, visible + reasoning, read, write, 0, reasoning)
    tokens = split_all(counts, emitter_of("opentelemetry.util.genai.handler"), provider)
    assert tokens == (fresh, read, write, 0, visible, reasoning)


@given(reported() | reported(small), emitters, providers)
def test_nothing_contradicts_what_sizes_prove(counts, emitter, provider):
    basis = find_basis(counts, emitter, provider, [])
    if counts.input < counts.cache_read + counts.cache_write:
        assert basis.is_exclusive
    if counts.reasoning > counts.output:
        assert basis.is_additive


@given(reported(small), emitters, providers)
def test_a_total_that_fits_one_reading_beats_the_emitter_table(counts, emitter, provider):
    cached = counts.cache_read + counts.cache_write
    if not (cached and counts.reasoning) or cached == counts.reasoning:
        return
    if counts.input < cached or counts.reasoning > counts.output:
        return
    base = counts.input + counts.output
    for basis in (Basis(True, False), Basis(False, True), Basis(True, True)):
        total = base + cached * basis.is_exclusive + counts.reasoning * basis.is_additive
        assert find_basis(counts._replace(total=total), emitter, provider, []) == basis


def test_a_total_of_input_and_output_proves_nothing():
    counts = Counts(5000, 40, 500, 200, total=5040)
    assert split_all(counts, emitter_of("openlit.instrumentation.anthropic"), "anthropic").input_uncached == 5000
    assert split_all(counts, emitter_of("pydantic-ai"), "anthropic").input_uncached == 4300


def test_a_scope_is_known_by_its_longest_listed_beginning():
    assert emitter_of("opentelemetry.instrumentation.genai.bedrock").exclusive_for == {"aws.bedrock"}
    assert emitter_of("opentelemetry.instrumentation.genai.openai").exclusive_for == frozenset()
    assert emitter_of("openlit.instrumentation.bedrock").exclusive_for == {"anthropic", "aws.bedrock"}
    assert emitter_of("openlit.instrumentation.claude_agent_sdk").exclusive_for == frozenset()
    assert emitter_of("openlitter") is UNKNOWN_EMITTER


def test_small_cached_counts_of_an_exclusive_emitter_are_not_subtracted():
    counts = Counts(1026, 114, cache_read=30, cache_write=6)
    tokens = split_all(counts, emitter_of("opentelemetry.instrumentation.genai.bedrock"), "aws.bedrock")
    assert tokens == (1026, 30, 6, 0, 114, 0)


def test_an_exclusive_total_may_still_show_additive_reasoning():
    counts = Counts(10, 100, cache_read=500, reasoning=80, total=690)
    assert split_all(counts) == (10, 500, 0, 0, 100, 80)


def test_long_lived_writes_never_exceed_all_writes():
    assert split_all(Counts(100, 1, cache_write=50, cache_write_1h=80)) == (50, 0, 0, 50, 1, 0)


def test_a_guess_is_flagged_only_where_providers_count_cache_apart():
    counts = Counts(5000, 40, cache_read=500)
    for provider, expected in (("anthropic", ["basis_guess"]), ("openai", [])):
        flags: list[str] = []
        find_basis(counts, UNKNOWN_EMITTER, provider, flags)
        assert flags == expected


def test_only_gemini_hides_reasoning_in_a_total():
    counts = Counts(100, 20, total=420)
    assert split_all(counts, model="gemini-2.5-pro").reasoning == 300
    assert split_all(counts, model="gpt-5").reasoning == 0
