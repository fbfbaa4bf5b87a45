import pytest

from exporter.errors import InvalidRequest
from exporter.pricing.quote import quote
from exporter.pricing.row_json import instant_from_text

NOV = instant_from_text("2026-11-10T12:00:00Z")


def test_a_question_without_an_instant_is_about_now(book):
    question = {"provider": "google", "model": "gemini-4-argon", "tokens": {"input_uncached": 1000}}
    now, later = (
        quote(book, question, now_ns=instant_from_text(day))["cost_nano_usd"] for day in ("2026-11-10", "2026-12-10")
    )
    assert later == 2 * now


def test_everything_but_the_model_may_be_left_out(book):
    assert quote(book, {"model": "gpt-5"}, now_ns=NOV)["cost_status"] == "priced"
    question = {"provider": None, "model": "gpt-5", "at": None, "tokens": None, "units": None, "context": {"geo": None}}
    assert quote(book, question, now_ns=NOV)["cost_nano_usd"] == 0


def test_either_spelling_of_a_provider_gives_the_same_answer(book):
    answers = [
        quote(book, {"provider": name, "model": "grok-4.7", "tokens": {"input_uncached": 1000}}, now_ns=NOV)
        for name in ("x_ai", "x-ai", "xai")
    ]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["cost_nano_usd"] > 0


def test_units_are_named_in_the_components(book):
    answer = quote(book, {"model": "claude-opus-5-5", "units": {"web_searches": 2}}, now_ns=NOV)
    assert answer["components"] == [{"component": "web_searches", "tokens": 2, "rate_pico_usd": 10**10, "tier": ""}]


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ([], "a quote must be an object"),
        ({}, "model must be a text, not None"),
        ({"model": 5}, "model must be a text, not 5"),
        ({"model": "gpt-5", "when": "now"}, "unknown key 'when'; expected at, context, model, provider, tokens, units"),
        ({"model": "gpt-5", "provider": 5}, "provider must be a text or null, not 5"),
        ({"model": "gpt-5", "at": "soon"}, "at must be an RFC 3339 time with zone, not 'soon'"),
        ({"model": "gpt-5", "at": 5}, "at must be an RFC 3339 time with zone, not 5"),
        ({"model": "gpt-5", "at": "2026-11-10T12:00:00"}, "at must be an RFC 3339 time with zone"),
        ({"model": "gpt-5", "tokens": 5}, "tokens must be an object, not 5"),
        ({"model": "gpt-5", "tokens": {"input": 5}}, "unknown key tokens.input; expected input_uncached, cache_read"),
        ({"model": "gpt-5", "tokens": {"reasoning": 1.5}}, "tokens.reasoning must be an integer, not 1.5"),
        ({"model": "gpt-5", "tokens": {"reasoning": True}}, "tokens.reasoning must be an integer, not True"),
        ({"model": "gpt-5", "units": {"images": "2"}}, "units.images must be an integer, not '2'"),
        ({"model": "gpt-5", "context": {"mood": "x"}}, "unknown key context.mood; expected geo, speed, processing"),
        ({"model": "gpt-5", "context": {"geo": 5}}, "geo must be a text or null, not 5"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_read_says_why(book, question, message):
    with pytest.raises(InvalidRequest) as refused:
        quote(book, question, now_ns=NOV)
    assert message in refused.value.message


def test_a_negative_count_is_invalid_usage_and_not_an_error(book):
    answer = quote(book, {"model": "gpt-5", "tokens": {"reasoning": -1}}, now_ns=NOV)
    assert (answer["cost_nano_usd"], answer["reasons"]) == (None, ["invalid_usage"])
