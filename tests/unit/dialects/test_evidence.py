"""What is kept of a record is short, holds no content, and is read again as the record was."""

from __future__ import annotations

import json

import pytest

from exporter.dialects import ag2, haystack, kinds, langsmith, litellm, openinference, reading, vercel
from exporter.dialects.evidence import attributes_of, evidence_of
from exporter.dialects.fields import UNREADABLE_NUMBER
from exporter.dialects.genai import SPELLINGS
from exporter.dialects.kinds import UNNAMED, Operation, find_operation
from exporter.dialects.registry import read_span
from exporter.dialects.rereading import Kept, read_again
from support.spans import make_span

INPUT, OUTPUT, COST = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.cost"
MODEL, PROVIDER, OPERATION = "gen_ai.request.model", "gen_ai.provider.name", "gen_ai.operation.name"
CALL = {OPERATION: "chat", PROVIDER: "openai", MODEL: "gpt-5", INPUT: 100, OUTPUT: 10}
CONTENT = "a customer's secret " * 200


def kept_of(attributes):
    return evidence_of(attributes, SPELLINGS.present_in(attributes))


def again(usage):
    operation = Operation(usage.operation, usage.kind)
    numbers = json.loads(json.dumps(usage.evidence.numbers))
    kept = Kept(usage.signal, usage.dialect, usage.scope, operation, usage.evidence.shape, numbers)
    read = read_again(kept)
    assert read is not None
    return read


def test_short_texts_and_numbers_are_kept_as_they_were_sent():
    kept = kept_of({**CALL, COST: "1.5e-3"})
    assert attributes_of(kept.shape, list(kept.numbers)) == {**CALL, COST: "1.5e-3"}


@pytest.mark.parametrize("name", [MODEL, PROVIDER, OPERATION])
@pytest.mark.parametrize("sent", [(CONTENT,), ("a customer's secret",), (("key", CONTENT),)])
def test_of_a_list_in_the_place_of_a_text_nothing_is_kept(name, sent):
    kept = kept_of({**CALL, name: sent})
    assert "secret" not in kept.shape
    assert attributes_of(kept.shape, list(kept.numbers)) == {**CALL, name: ""}


def test_of_a_long_text_as_much_is_kept_as_is_read():
    usage = read_span(make_span({**CALL, MODEL: CONTENT})).usage
    assert len(usage.evidence.shape) < 1000
    assert again(usage).request_model == usage.request_model == CONTENT[:256].rstrip()


@pytest.mark.parametrize("name", [INPUT, COST])
@pytest.mark.parametrize("sent", [CONTENT, "secret", ("secret", 5), "-" + "1" * 70, " " * 70 + "5"])
def test_what_is_no_number_is_not_kept_and_still_unreadable(name, sent):
    usage = read_span(make_span({**CALL, name: sent})).usage
    assert "" in usage.evidence.numbers
    assert sent not in usage.evidence.numbers
    read = again(usage)
    assert UNREADABLE_NUMBER in usage.flags
    assert (read.tokens, read.flags) == (usage.tokens, usage.flags)


@pytest.mark.parametrize("sent", ["12", " 12 ", "12.9", "-5", 12.5, -1, True])
def test_a_number_in_any_form_is_kept_and_read_again(sent):
    usage = read_span(make_span({**CALL, INPUT: sent, COST: sent})).usage
    assert usage.evidence.numbers.count(sent) == 2
    read = again(usage)
    assert (read.tokens, read.cost_reported_nano_usd, read.flags) == (
        usage.tokens, usage.cost_reported_nano_usd, usage.flags,
    )  # fmt: skip


def test_a_list_that_a_row_holds_says_nothing():
    shape = json.dumps({"names": [INPUT, OUTPUT], "said": {MODEL: ["a", ["b"]], PROVIDER: "openai"}})
    attributes = attributes_of(shape, [100, ["x"]])
    assert attributes == {MODEL: "", PROVIDER: "openai", INPUT: 100, OUTPUT: ""}
    read = read_again(Kept("span", "genai", "", Operation("chat", "llm"), shape, [100, ["x"]]))
    assert (read.provider, read.request_model) == ("openai", "")


@pytest.mark.parametrize("sent", [("chat",), True, 5, None, ""])
def test_what_is_no_text_is_no_operation_and_nothing_is_remembered_of_it(sent):
    before = kinds._find.cache_info().misses
    assert find_operation(sent) == UNNAMED
    assert kinds._find.cache_info().misses - before <= (sent == "")


def test_an_operation_is_remembered_by_as_much_as_a_name_has():
    assert find_operation("x" * 5000).name == "x" * 64
    before = kinds._find.cache_info().misses
    assert find_operation("x" * 64).name == "x" * 64
    assert kinds._find.cache_info().misses == before


MARKED = {
    "openinference.span.kind": openinference._operation,
    "langsmith.span.kind": langsmith._operation,
    "ag2.span.type": ag2._operation,
    "ai.operationId": vercel._operation,
    "litellm.call_type": litellm._operation,
    "haystack.component.type": haystack._operation,
}


@pytest.mark.parametrize("name", MARKED)
def test_texts_of_any_size_are_remembered_by_their_beginning(name):
    remembered = (MARKED[name], reading._profile)

    def read(end):
        content = (CONTENT + end, end)
        read_span(make_span({**CALL, name: CONTENT + end, MODEL: content, OPERATION: content}))
        return [of.cache_info().misses for of in remembered]

    before = read("one")
    assert MARKED[name].cache_info().currsize
    assert read("another") == before
