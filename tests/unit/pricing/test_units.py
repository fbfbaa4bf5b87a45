NOV = "2026-11-10T12:00:00Z"


def test_a_search_is_charged_by_the_piece_under_any_of_its_names(charge):
    for name in ("web_searches", "web_search_requests"):
        answer = charge("anthropic", "claude-opus-5-5", NOV, (0, 0, 0, 0, 0, 0), units={name: 5})
        assert (answer.cost_nano_usd, answer.cost_status) == (50_000_000, "priced")


def test_a_unit_without_a_rate_makes_the_cost_partial_and_says_which(charge):
    answer = charge("anthropic", "claude-opus-5-5", NOV, (1000, 0, 0, 0, 0, 0), units={"images": 2})
    assert (answer.cost_nano_usd, answer.cost_status, answer.reasons) == (4_000_000, "partial", ("no_rate:images",))


def test_a_call_of_nothing_but_unpriced_units_is_unknown(charge):
    answer = charge("anthropic", "claude-opus-5-5", NOV, units={"images": 2})
    assert (answer.cost_nano_usd, answer.cost_status, answer.reasons) == (None, "unknown", ("no_rate:images",))


def test_counting_the_call_itself_costs_nothing_where_calls_are_not_charged(charge):
    assert charge("openai", "gpt-5", NOV, (1000, 0, 0, 0, 0, 0), units={"requests": 1}).cost_status == "priced"


def test_a_model_with_a_fee_for_each_call_charges_it_unasked(charge):
    answer = charge("perplexity", "sonar", NOV, (1000, 0, 0, 0, 1000, 0))
    assert [part.component for part in answer.components] == ["input_uncached", "output_visible", "requests"]
    assert sum(part.amount_nano_usd for part in answer.components) == answer.cost_nano_usd


def test_speech_is_priced_by_the_second(charge):
    answer = charge("openai", "whisper-1", NOV, units={"seconds": 60})
    assert answer.cost_nano_usd == 6_000_000


def test_audio_tokens_leave_the_class_that_counted_them(charge):
    audio = charge("gcp.gemini", "gemini-2.5-flash", NOV, (1000, 0, 0, 0, 0, 0), units={"input_audio_tokens": 400})
    assert audio.cost_nano_usd == 600 * 300 + 400 * 1_000
    assert [(part.component, part.tokens) for part in audio.components] == [
        ("input_uncached", 600),
        ("input_audio_tokens", 400),
    ]


def test_a_negative_unit_is_invalid_usage(charge):
    assert charge("openai", "gpt-5", NOV, (1, 0, 0, 0, 0, 0), units={"images": -1}).reasons == ("invalid_usage",)


def test_an_hour_s_cache_write_without_a_rate_of_its_own_is_an_estimate(charge):
    answer = charge("openai", "gpt-6-sol", NOV, (0, 0, 0, 1000, 0, 0))
    assert (answer.cost_nano_usd, answer.reasons) == (2_500_000, ("ttl_assumed",))


def test_a_model_marked_free_is_free_and_nothing_else_is(charge):
    free = charge("openrouter", "deepseek/deepseek-r1:free", NOV, (1000, 0, 0, 0, 1000, 0))
    assert (free.cost_nano_usd, free.cost_status) == (0, "free")


def test_free_is_not_said_of_a_call_without_tokens(charge):
    assert charge("openai", "gpt-5", NOV).cost_status == "priced"


def test_the_boundary_that_a_provider_includes_is_shown_as_such(charge):
    below, at = (charge("x_ai", "grok-4.20", NOV, (n, 0, 0, 0, 0, 0)) for n in (199_999, 200_000))
    assert [part.tier for part in (*below.components, *at.components)] == ["", ">=200000"]
    assert at.cost_nano_usd == 200_000 * 2_500


def test_cached_tokens_count_towards_the_tier(charge):
    answer = charge("openai", "gpt-6-sol", NOV, (1, 272_000, 0, 0, 0, 0))
    assert {part.tier for part in answer.components} == {">272000"}
