import pytest

from exporter.errors import Conflict
from exporter.pricing.row_json import instant_from_text, row_from_mapping
from exporter.pricing.sheets import with_reasons
from exporter.usage import Tokens

NOV = "2026-11-10T12:00:00Z"
TOKENS = (1_000_000, 0, 0, 0, 0, 0)


def row(**stated):
    usd = stated.pop("usd", None)
    rates = {"usd_per_million": {"input": usd, "output": usd}} if usd else {}
    return row_from_mapping({"layer": "override", "provider": "openai", "model": "gpt-6-sol", **rates, **stated})


@pytest.fixture
def cost(book, charge):
    def price(rows, provider="openai", model="gpt-6-sol", at=NOV, tokens=TOKENS, **context):
        return charge(provider, model, at, tokens, prices=book.with_rows(rows), **context)

    return price


def test_a_contract_beats_an_override_which_beats_self_hosted_which_beats_the_list(cost):
    contract, override = row(layer="contract", org="acme", usd="1"), row(usd="3")
    own = row(layer="self_hosted", usd="5")
    assert cost([contract, override, own], org="acme").cost_nano_usd == 1_000_000_000
    assert cost([contract, override, own], org="zeta").cost_nano_usd == 3_000_000_000
    assert cost([contract, own], org="zeta").cost_nano_usd == 5_000_000_000
    assert cost([contract]).cost_nano_usd == 4_000_000_000


def test_a_row_holds_from_its_first_nanosecond_to_before_its_last(cost, book):
    rows = [row(usd="3", **{"from": "2026-11-01", "until": "2026-12-01"})]
    prices = book.with_rows(rows)
    edges = [instant_from_text(day) + step for day in ("2026-11-01", "2026-12-01") for step in (-1, 0)]
    nano = [prices.price("openai", "gpt-6-sol", at, Tokens(1000), {}).cost_nano_usd for at in edges]
    assert nano == [2_000_000, 3_000_000, 3_000_000, 2_000_000]


def test_an_override_replaces_the_whole_set_of_rates(cost):
    assert cost([row(usd="3")], tokens=(0, 1_000_000, 0, 0, 0, 0)).cost_nano_usd == 3_000_000_000


def test_a_percentage_applies_to_every_rate_and_tier_below(cost):
    discount = row(percent_of_list="85")
    below, above = (
        cost([discount], tokens=(272_000, 0, 0, 0, 1000, 0)),
        cost([discount], tokens=(272_001, 0, 0, 0, 1000, 0)),
    )
    assert below.cost_nano_usd == 554_000_000 * 85 // 100
    assert above.cost_nano_usd == 1_103_004_000 * 85 // 100
    assert below.cost_status == "priced"
    assert "override" in below.price_version
    assert "gpt-6-sol" in below.price_version


def test_a_percentage_of_nothing_is_unknown(cost):
    assert cost([row(model="gpt-99", percent_of_list="50")], model="gpt-99").cost_nano_usd is None


def test_an_alias_is_a_pointer_that_moves_at_its_date(cost):
    pointers = [
        row(provider="azure.ai.openai", model="chat-prod", alias_of="gpt-5", until="2026-11-01"),
        row(provider="azure.ai.openai", model="chat-prod", alias_of="gpt-6-sol", **{"from": "2026-11-01"}),
    ]
    before = cost(pointers, "azure.ai.openai", "chat-prod", "2026-10-31T23:59:59Z")
    after = cost(pointers, "azure.ai.openai", "chat-prod", "2026-11-01T00:00:00Z")
    assert (before.cost_nano_usd, after.cost_nano_usd) == (1_250_000_000, 4_000_000_000)
    assert after.cost_status == "priced"


def test_an_alias_may_name_another_provider_s_model(cost):
    pointer = row(provider="corp-gateway", model="best", alias_of="anthropic/claude-opus-5-5")
    assert cost([pointer], "corp-gateway", "best").cost_nano_usd == 4_000_000_000


def test_aliases_in_a_circle_price_nothing(cost):
    circle = [row(model="a", alias_of="b"), row(model="b", alias_of="a")]
    assert cost(circle, model="a").cost_nano_usd is None


def test_a_self_hosted_price_holds_in_every_context(cost):
    own = row(layer="self_hosted", provider="vllm", model="llama-5", usd="0.5")
    answer = cost([own], "vllm", "llama-5", service_tier="priority", geo="de")
    assert (answer.cost_nano_usd, answer.cost_status) == (500_000_000, "priced")


def test_a_row_of_zeros_is_free(cost):
    answer = cost([row(layer="self_hosted", provider="vllm", model="llama-5", usd="0")], "vllm", "llama-5")
    assert (answer.cost_nano_usd, answer.cost_status) == (0, "free")


def test_an_override_for_a_model_holds_for_its_snapshots_and_not_for_another_snapshot_s_price(cost):
    rows = [row(model="gpt-4o", usd="1")]
    assert cost(rows, model="gpt-4o-2024-08-06").cost_nano_usd == 1_000_000_000
    assert cost(rows, model="gpt-4o-2024-05-13").cost_nano_usd == 5_000_000_000


def test_an_override_in_a_context_leaves_the_standard_price_alone(cost):
    rows = [row(usd="9", context={"processing": "batch"})]
    assert cost(rows, processing="batch").cost_nano_usd == 9_000_000_000
    assert cost(rows).cost_nano_usd == 4_000_000_000


def test_a_row_for_vertex_does_not_hold_for_gemini_s_own_api(cost):
    rows = [row(provider="gcp.vertex_ai", model="gemini-2.5-flash", usd="9")]
    assert cost(rows, "gcp.vertex_ai", "gemini-2.5-flash").cost_nano_usd == 9_000_000_000
    assert cost(rows, "gcp.gemini", "gemini-2.5-flash").cost_nano_usd == 300_000_000


def test_two_rows_of_a_layer_at_one_instant_are_refused(book):
    with pytest.raises(Conflict, match="two override prices for openai/gpt-6-sol hold at the same time"):
        book.with_rows([row(usd="1"), row(usd="2")])


def test_a_withdrawn_row_prices_nothing(cost):
    assert cost([row(usd="9", status="withdrawn")]).cost_nano_usd == 4_000_000_000


def test_a_later_book_leaves_the_earlier_one_and_everything_it_did_not_mention_as_they_were(book, library_book):
    """2,000 calls priced before and after an upgrade: a row that starts later changes no instant before its start."""
    start = instant_from_text("2026-11-15")
    calls = [
        (provider, model, start + offset * 86_400 * 10**9)
        for provider in ("openai", "anthropic", "google")
        for model in book.library.models(provider)
        for offset in (-300, -30, -1, 0, 5)
    ]
    tokens = Tokens(1000, 500, 10, 10, 100, 7)

    def priced(prices):
        return [prices.price(provider, model, at, tokens, {}) for provider, model, at in calls]

    before = priced(book)
    rows = [
        row(provider=provider, model=model, usd="77", **{"from": "2026-11-15"})
        for provider in ("openai", "anthropic", "google")
        for model in book.library.models(provider)
    ]
    after = priced(book.with_rows(rows))
    assert priced(book) == before
    changed = [call for call, old, new in zip(calls, before, after, strict=True) if old != new]
    assert all(at >= start for _, _, at in changed)
    assert len(changed) > 200


def test_every_charge_names_the_row_that_made_it(cost, charge):
    assert charge("openai", "gpt-5", NOV, TOKENS).price_version == "genai-prices 0.2.3:openai/gpt-5@"
    opus = charge("anthropic", "claude-opus-4-6", NOV, TOKENS)
    assert opus.price_version == "genai-prices 0.2.3:anthropic/claude-opus-4-6@2026-03-13"
    assert cost([row(usd="3", **{"from": "2026-11-01"})]).price_version.startswith(
        "override:openai/gpt-6-sol@2026-11-01#"
    )


def test_a_call_that_ends_under_another_price_than_it_began_says_so(book):
    peak = instant_from_text("2026-10-16T01:00:00Z")
    second = 10**9
    assert book.listing("deepseek", ["deepseek-v4-pro"], peak - second).changes_by(peak)
    assert not book.listing("deepseek", ["deepseek-v4-pro"], peak).changes_by(peak + second)
    assert not book.listing("openai", ["gpt-99"], peak - second).changes_by(peak)


def test_reasons_of_the_token_count_make_a_priced_call_an_estimate_and_leave_the_unknown_alone(charge):
    priced, missing = charge("openai", "gpt-5", NOV, TOKENS), charge("openai", "gpt-99", NOV, TOKENS)
    assumed = with_reasons(priced, ("inclusive_assumed",))
    assert (assumed.cost_status, assumed.reasons) == ("estimated", ("inclusive_assumed",))
    assert with_reasons(assumed, ("inclusive_assumed",)) is assumed
    assert with_reasons(missing, ("inclusive_assumed",)) is missing
