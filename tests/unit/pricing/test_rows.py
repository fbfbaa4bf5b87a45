import pytest

from exporter.errors import InvalidRequest
from exporter.pricing.row_json import row_from_mapping, row_to_mapping, rows_from_list
from exporter.pricing.rows import find_overlap, row_digest

FULL = {
    "layer": "contract",
    "org": "acme",
    "provider": "openai",
    "model": "GPT-6-Sol",
    "from": "2026-11-01T00:00:00Z",
    "until": "2026-12-01T00:00:00Z",
    "context": {"processing": "batch"},
    "windows": ["01:00-04:00", "22:00-24:00"],
    "weekdays": ["mon", "fri"],
    "utc_offset": "+08:00",
    "usd_per_million": {"input": "1.70", "cache_read": "0.17", "output": "8.5"},
    "usd_per_unit": {"web_searches": "0.01"},
    "tiers": [{"above": 272000, "usd_per_million": {"input": "3.4", "output": "12.75"}}],
    "source": "contract 4711",
    "review_by": "2026-11-30",
}
PLAIN = {"layer": "override", "provider": "openai", "model": "gpt-5", "usd_per_million": {"input": "1", "output": "2"}}


def test_a_row_survives_json_in_both_directions():
    row = row_from_mapping(FULL)
    assert row_from_mapping(row_to_mapping(row)) == row
    assert row.model == "gpt-6-sol"
    assert row.rates["input"] == 1_700_000
    assert row.rates["web_searches"] == 10**10
    assert row.tiers[0].from_tokens == 272_001


def test_the_digest_names_the_content():
    assert row_digest(row_from_mapping(FULL)) == row_digest(row_from_mapping({**FULL, "source": "another"}))
    assert row_digest(row_from_mapping(FULL)) != row_digest(row_from_mapping({**FULL, "org": "other"}))


def test_a_rate_beyond_six_decimals_is_rounded_half_even():
    rows = [{**PLAIN, "usd_per_million": {"input": usd}} for usd in ("0.0000005", "0.0000015", "0.0000025")]
    assert [row_from_mapping(row).rates["input"] for row in rows] == [0, 2, 2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layer": "seeds"}, "layer must be one of contract, override, self_hosted, corrections, seed, not 'seeds'"),
        ({"model": ""}, "model must be a text of up to 500 characters, not ''"),
        ({"price": "1"}, "unknown key 'price' in a price row; expected one of"),
        ({"usd_per_million": {"input": "-1"}}, "a rate must be a decimal of at least 0 in USD, not '-1'"),
        ({"usd_per_million": {"input": "cheap"}}, "a rate must be a decimal of at least 0 in USD, not 'cheap'"),
        ({"usd_per_million": {"input": True}}, "a rate must be a decimal of at least 0 in USD, not True"),
        ({"usd_per_million": {"input": "1e30"}}, "a rate of 1e30 USD is out of range"),
        ({"usd_per_million": {"inputs": "1"}}, "unknown key 'inputs' in a price row"),
        ({"usd_per_million": {}}, "needs exactly one of usd_per_million or usd_per_unit, percent_of_list, alias_of"),
        ({"alias_of": "gpt-4o"}, "needs exactly one of"),
        ({"from": "2026-11-01", "until": "2026-11-01"}, "ends before it starts: until must be later than from"),
        ({"from": "yesterday"}, "from must be a date or an RFC 3339 time with zone, not 'yesterday'"),
        ({"from": "2026-11-01T00:00:00"}, "from must be a date or an RFC 3339 time with zone"),
        ({"org": "acme"}, "needs org exactly when its layer is contract"),
        ({"layer": "contract"}, "needs org exactly when its layer is contract"),
        ({"windows": ["4-5"]}, "a window must be like 01:00-04:00 within one day, not '4-5'"),
        ({"weekdays": ["monday"]}, "weekdays must be one of mon, tue"),
        ({"windows": ["01:00-02:00"], "utc_offset": "8"}, "utc_offset must be like +08:00, not '8'"),
        ({"tiers": [{"above": 0, "usd_per_million": {"input": "1"}}]}, "the prompt size of a tier must be a number"),
        ({"tiers": [{"usd_per_million": {"input": "1"}}]}, "a tier needs usd_per_million and one of above, from"),
        ({"percent_of_list": "0", "usd_per_million": {}}, "percent_of_list must be above 0 and at most 1000, not '0'"),
        ({"context": {"mood": "good"}}, "unknown key 'mood' in a price row"),
    ],
)
def test_a_row_that_cannot_price_is_refused_with_the_reason(change, message):
    with pytest.raises(InvalidRequest) as refused:
        row_from_mapping({**PLAIN, **change})
    assert message in refused.value.message


def test_prices_that_are_no_list_are_refused():
    with pytest.raises(InvalidRequest, match="prices must be a list of rows"):
        rows_from_list({"model": "gpt-5"})


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ({}, {}, True),
        ({"until": "2026-11-01"}, {"from": "2026-11-01"}, False),
        ({"until": "2026-11-02"}, {"from": "2026-11-01"}, True),
        ({}, {"context": {"processing": "batch"}}, False),
        ({}, {"model": "gpt-4o"}, False),
        ({}, {"status": "withdrawn"}, False),
        ({}, {"windows": ["01:00-02:00"]}, False),
        ({"windows": ["01:00-03:00"]}, {"windows": ["02:00-04:00"]}, True),
        ({"windows": ["01:00-03:00"]}, {"windows": ["03:00-04:00"]}, False),
        ({"windows": ["01:00-03:00"], "weekdays": ["mon"]}, {"windows": ["02:00-04:00"], "weekdays": ["tue"]}, False),
    ],
)
def test_two_rows_for_one_instant_contradict_each_other(one, other, meet):
    rows = [row_from_mapping({**PLAIN, **one}), row_from_mapping({**PLAIN, **other})]
    assert (find_overlap(rows) is not None) is meet
