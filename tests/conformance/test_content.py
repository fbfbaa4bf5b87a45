"""What recorded prompts, answers, tools and people said is nowhere once the exporter has booked it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conformance.expectations import EXPECTATIONS
from conformance.recordings import Request, load
from conformance.test_replay import ENVIRONMENT, post
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from support.otlp import as_json, parse_logs, parse_traces, request, span
from support.server import Server

WITH_CONTENT = [
    *(name for name in EXPECTATIONS if "openinference" in name or name.startswith("js-oi")),
    *("codex-cli-binary", "gemini-cli"),
    *("ag2-0.14", "google-adk-2.13", "haystack-native", "logfire", "pydantic-ai-1x-default", "pydantic-ai-default"),
    *("vercel-ai-sdk-5", "vercel-ai-sdk-7", "opencode-default-flush"),
]
CONTENT = re.compile(
    r"(input|output)\.value|llm\.(input_messages|output_messages|tools|prompts|prompt_template|invocation_parameters)"
    r"|tool\.|message\.|retrieval\.|embedding\.embeddings|metadata|crew_(inputs|agents|tasks)"
    r"|gen_ai\.(input|output)\.messages|gen_ai\.(system_instructions|tool\.(call\.(arguments|result)|definitions))"
    r"|gcp\.vertex\.agent\.|haystack\.(component|agent|pipeline)\.(input|output)|request_data|final_result"
    r"|pydantic_ai\.all_messages|model_request_parameters"
    r"|ai\.(prompt|response\.(text|toolCalls|providerMetadata)|toolCall\.(args|result))"
    r"|(request|response)_text$|prompt$|arguments$|process\.command_args|config\.instructions"
)
HEAD = 24
"""Characters of a phrase that are searched for: a database may keep the rest of a long text on another page."""
ID = "resp_0a1b2c3d4e5f60718293a4b5c6d7e8f9"
PLANTED = {
    "openinference.span.kind": "LLM",
    "llm.provider": "openai",
    "llm.model_name": "gpt-4o-mini",
    "llm.token_count.prompt": 10,
    "llm.token_count.completion": 5,
    "input.value": "please write to anna@private.example",
    "output.value": json.dumps(
        {"id": ID, "model": "gpt-4o-mini", "service_tier": "default", "output": "wrote to bob@private.example"}
    ),
    "llm.input_messages.0.message.content": "please write to anna@private.example",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"to": "carl@private.example"}',
    "tool.parameters": '{"to": "carl@private.example"}',
    "metadata": '{"user_email": "dora@private.example"}',
    "user.email": "dora@private.example",
    "user.id": "emil@private.example",
}


def planted_body() -> bytes:
    now = time.time_ns()
    return request(span(PLANTED, start_time_unix_nano=now, end_time_unix_nano=now), resource={"service.name": "shop"})


def phrases_of(name: str) -> Iterator[str]:
    """Beginnings of all texts with words that the content of a recording holds."""
    for one in load(name).requests:
        for attribute in attributes_of(one):
            if CONTENT.match(attribute.key):
                yield from (text[:HEAD] for text in _texts(attribute.value.string_value) if " " in text[:HEAD])


def attributes_of(one: Request) -> Iterator[KeyValue]:
    """Of all spans and log records."""
    if one.path.endswith("/v1/traces"):
        for group in parse_traces(one.body, one.content_type).resource_spans:
            yield from (found for scope in group.scope_spans for span in scope.spans for found in span.attributes)
    if one.path.endswith("/v1/logs"):
        for records in parse_logs(one.body, one.content_type).resource_logs:
            yield from (found for scope in records.scope_logs for log in scope.log_records for found in log.attributes)


def _texts(value: str) -> Iterator[str]:
    """The texts within JSON, or the text itself."""
    try:
        parsed = json.loads(value)
    except ValueError:
        parsed = value
    yield value
    yield from (text for text in _leaves(parsed) if len(text) >= 12)


def _leaves(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from _leaves(child)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> list[bytes]:
    """Everything that the exporter wrote anywhere: answers, metrics, its log, the files of its database."""
    folder = tmp_path_factory.mktemp("content")
    log = folder / "serve.log"
    database = folder / "database"
    database.mkdir()
    environment = ENVIRONMENT | {"AGENT_EXPORTER_LOG_LEVEL": "debug"}
    server = Server(f"sqlite:///{database}/ledger.db", log, env=environment).start()
    try:
        for name in WITH_CONTENT:
            for one in load(name).requests:
                post(server, name, one)
        assert server.post_protobuf("/v1/traces", planted_body()).status == 200
        as_text = {"Content-Type": "application/json"}
        assert server.request("POST", "/v1/traces", as_json(planted_body()), headers=as_text).status == 200
        answers = [server.get(path).body for path in ("/metrics", "/api/v1/usage?limit=1000")]
        stored = [path.read_bytes() for path in database.iterdir()]
    finally:
        server.stop()
    return [*answers, *stored, *(path.read_bytes() for path in database.iterdir()), Path(log).read_bytes()]


def test_what_is_looked_for_is_in_the_recordings():
    phrases = {phrase for name in WITH_CONTENT for phrase in phrases_of(name)}
    assert len(phrases) > 100
    assert any(phrase.startswith("Mock answer number") for phrase in phrases)


def test_the_response_id_is_what_stays_of_an_answer(written):
    assert any(ID.encode() in place for place in written)
    assert any(re.search(rb"chatcmpl-[0-9a-f]{4}0001", place) for place in written)


@pytest.mark.parametrize("name", WITH_CONTENT)
def test_no_content_of_a_recording_is_written_anywhere(written, name):
    phrases = set(phrases_of(name))
    assert phrases
    assert not [phrase for phrase in phrases for place in written if phrase.encode() in place]


def test_no_mail_address_is_written_anywhere(written):
    assert not [place for place in written if b"private" in place]
    assert not [found for place in written for found in re.findall(rb"[\w.+-]+@[\w-]+\.[a-z]{2,}", place)]
