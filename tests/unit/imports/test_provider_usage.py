"""Pages of providers' usage reports become sums in disjoint classes."""

from __future__ import annotations

import pytest

from exporter.imports.fields import Unreadable
from exporter.imports.provider_usage import is_page, read_pages
from exporter.imports.record import Sum
from exporter.usage import Tokens
from support.usage_pages import anthropic, openai, page


def only(document):
    (found,) = read_pages(document)
    assert isinstance(found, Sum), found
    return found


def test_anthropic_counts_input_without_the_cache():
    found = only(page(anthropic()))
    usage = found.item.usage
    assert usage.tokens == Tokens(1500, 200, 500, 1000, 250, 0)
    assert (usage.provider, usage.response_model, usage.units) == (
        "anthropic",
        "claude-opus-4-5",
        {"web_search_requests": 10},
    )
    assert (usage.start_ns, usage.end_ns) == (1_793_923_200 * 10**9, 1_794_009_600 * 10**9)
    assert (found.tellers.provider, found.tellers.model) == ("anthropic", "claude-opus-4-5")


def test_openai_counts_cached_input_within_the_input():
    usage = only(page(openai())).item.usage
    assert usage.tokens == Tokens(200, 800, 0, 0, 500, 0)
    assert (usage.provider, usage.operation) == ("openai", "chat")
    assert only(page(openai(object="organization.usage.embeddings.result"))).item.usage.operation == "embeddings"


@pytest.mark.parametrize("bucket", [openai(batch=True), anthropic(service_tier="batch")])
def test_batches_are_priced_as_batches(bucket):
    assert only(page(bucket)).item.usage.context.processing == "batch"


@pytest.mark.parametrize(
    ("bucket", "why"),
    [
        (openai(model=None), "several models"),
        (openai(input_tokens=0, input_cached_tokens=0, output_tokens=0), "no tokens"),
        (openai(input_cached_tokens=5000), "more input"),
        (openai(output_tokens="many"), "no count"),
        ({**openai(), "start_time": 9, "end_time": 3}, "no time"),
        ({**anthropic(), "starting_at": None}, "no time"),
        ({**anthropic(), "ending_at": "9999-12-31T00:00:00Z"}, "out of range"),
        ({**openai(), "end_time": 10**11}, "no time"),
    ],
)
def test_what_cannot_be_imported_says_why(bucket, why):
    (found,) = read_pages(page(bucket))
    assert isinstance(found, Unreadable)
    assert why in str(found)


def test_a_sum_keeps_its_identity_and_has_one_for_each_key_and_tier():
    keys = {
        only(page(bucket)).item.usage.record_key
        for bucket in (anthropic(), anthropic(), anthropic(api_key_id="b"), anthropic(service_tier="priority"))
    }
    assert len(keys) == 3
    assert "apikey_1" not in repr(only(page(anthropic())))


def test_a_list_of_pages_is_read_as_one():
    assert len(list(read_pages([page(openai()), page(anthropic(), anthropic(model="claude-haiku-4-5"))]))) == 3
    assert is_page([page()])


@pytest.mark.parametrize("document", [None, [], {}, {"data": 5}, [[]], "x"])
def test_what_is_no_page_is_told_apart(document):
    assert not is_page(document)
    assert list(read_pages(document)) == []
