"""Requests that no honest sender makes, and a few that one does; each follows from a seed, a number and the clock."""

from __future__ import annotations

import gzip
import json
import random
import struct
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from chaos import bombs
from chaos.bombs import varint
from support.otlp import as_json, pairs, request, span

JSON, PROTOBUF = "application/json", "application/x-protobuf"
OK, BAD, LARGE, MEDIA, METHOD = 200, 400, 413, 415, 405
MODELS = 50_000


class Hostile(NamedTuple):
    """A request, and the statuses of which one must answer it (503 besides, while the receiver is busy)."""

    kind: str
    body: bytes
    expected: frozenset[int]
    content_type: str = PROTOBUF
    encoding: str = ""
    path: str = "/v1/traces"
    method: str = "POST"
    announced: int | None = None
    """A Content-Length that is not true."""
    chunked: bool = False


def make(seed: int, number: int) -> Hostile:
    """The request with this number."""
    rng = random.Random(f"{seed}/{number}")
    (kind,) = rng.choices(tuple(KINDS), weights=[weight for weight, _ in KINDS.values()])
    return KINDS[kind][1](rng, kind)


# ---------------------------------------------------------------------------------------- honest material
def _call(rng: random.Random, **changes: Any) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-6-sol",
        "gen_ai.response.model": "gpt-6-sol",
        "gen_ai.response.id": f"resp_{rng.getrandbits(128):032x}",
        "gen_ai.usage.input_tokens": rng.randrange(10_000),
        "gen_ai.usage.output_tokens": rng.randrange(1_000),
        "gen_ai.agent.name": rng.choice(("planner", "coder")),
        "agent.project": "hostile",
        "agent.task.id": f"T-{rng.randrange(100)}",
        **changes,
    }


def _span(rng: random.Random, attributes: dict[str, Any] | None = None, **fields: Any) -> Any:
    start = time.time_ns() - rng.randrange(600) * 10**9
    values = {
        "trace_id": rng.randbytes(16),
        "span_id": rng.randbytes(8),
        "start_time_unix_nano": start,
        "end_time_unix_nano": start + 10**9,
        **fields,
    }
    return span(_call(rng) if attributes is None else attributes, **values)


def _body(rng: random.Random, **changes: Any) -> bytes:
    return request(_span(rng, _call(rng, **changes)), resource={"service.name": "hostile"})


def _either(rng: random.Random, kind: str, body: bytes, *expected: int) -> Hostile:
    """In protobuf or in JSON."""
    if rng.random() < 0.5:
        return Hostile(kind, body, frozenset(expected))
    return Hostile(kind, as_json(body), frozenset(expected), JSON)


def _honest(rng: random.Random, kind: str) -> Hostile:
    return _either(rng, kind, _body(rng), OK)


def _chunked(rng: random.Random, kind: str) -> Hostile:
    body = _body(rng)
    if rng.random() < 0.5:
        return Hostile(kind, gzip.compress(body), frozenset({OK}), encoding="gzip", chunked=True)
    return Hostile(kind, body, frozenset({OK}), chunked=True)


# -------------------------------------------------------------------------------------------- size
def _gzip_bomb(_rng: random.Random, kind: str) -> Hostile:
    return Hostile(kind, bombs.zeros(), frozenset({LARGE}), encoding="gzip")


def _protobuf_bomb(rng: random.Random, kind: str) -> Hostile:
    return Hostile(kind, bombs.messages(rng.randrange(3)), frozenset({LARGE}), encoding="gzip")


def _json_bomb(_rng: random.Random, kind: str) -> Hostile:
    return Hostile(kind, bombs.values(), frozenset({LARGE}), JSON, encoding="gzip")


def _many_attributes(rng: random.Random, kind: str) -> Hostile:
    many = {f"llm.input_messages.{n}.message.content": "x" for n in range(10_000)}
    return _either(rng, kind, request(_span(rng, many | _call(rng))), OK)


def _too_many_attributes(rng: random.Random, kind: str) -> Hostile:
    return Hostile(kind, request(_span(rng, {str(n): n for n in range(20_000)})), frozenset({OK}))


def _long_text(rng: random.Random, kind: str) -> Hostile:
    key = rng.choice(("gen_ai.request.model", "gen_ai.agent.name", "agent.project", "content"))
    return _either(rng, kind, _body(rng, **{key: "long " * rng.randrange(1, 50_000)}), OK)


# -------------------------------------------------------------------------------------------- form
def _truncated(rng: random.Random, kind: str) -> Hostile:
    body = _body(rng)
    return Hostile(kind, body[: rng.randrange(len(body))], frozenset({OK, BAD}))


def _truncated_json(rng: random.Random, kind: str) -> Hostile:
    body = as_json(_body(rng))
    return Hostile(kind, body[: rng.randrange(len(body))], frozenset({BAD}), JSON)


def _truncated_gzip(rng: random.Random, kind: str) -> Hostile:
    body = gzip.compress(_body(rng))
    return Hostile(kind, body[: rng.randrange(len(body))], frozenset({BAD}), encoding="gzip")


def _short_body(rng: random.Random, kind: str) -> Hostile:
    body = _body(rng)
    return Hostile(kind, body, frozenset({BAD}), announced=len(body) + rng.randrange(1, 1_000))


def _flipped(rng: random.Random, kind: str) -> Hostile:
    is_json = rng.random() < 0.3
    body = bytearray(as_json(_body(rng)) if is_json else _body(rng))
    for _ in range(rng.randrange(1, 9)):
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    return Hostile(kind, bytes(body), frozenset({OK, BAD, LARGE}), JSON if is_json else PROTOBUF)


def _flipped_gzip(rng: random.Random, kind: str) -> Hostile:
    body = bytearray(gzip.compress(_body(rng)))
    body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    return Hostile(kind, bytes(body), frozenset({OK, BAD}), encoding="gzip")


def _noise(rng: random.Random, kind: str) -> Hostile:
    content_type = rng.choice((JSON, PROTOBUF))
    body = rng.randbytes(rng.randrange(1, 400))
    return Hostile(kind, body, frozenset({OK, BAD}), content_type, path=rng.choice(PATHS))


_GARBAGE = (
    b"",
    b"null",
    b"[]",
    b'"text"',
    b"NaN",
    b"{" * 100_000,
    b"[" * 1_000_000,
    b'{"resourceSpans":' * 10_000,
    b'{"resourceSpans":7}',
    b'{"resourceSpans":[{"scopeSpans":[{"spans":{}}]}]}',
    b'{"resourceSpans":[[[]]]}',
    b'{"a":1e99999}',
    b'{"a":' + b"9" * 10_000 + b"}",
    b"\xef\xbb\xbf{}",
    b'{"resourceSpans":"\\ud800',
)


def _json_garbage(rng: random.Random, kind: str) -> Hostile:
    return Hostile(kind, rng.choice(_GARBAGE), frozenset({OK, BAD}), JSON)


def _deep(rng: random.Random, kind: str) -> Hostile:
    """A list in a list in a list, under a key that is read."""
    levels = rng.choice((5, 30, 90, 400, 20_000))
    if rng.random() < 0.5:
        value = b'{"arrayValue":{"values":[' * levels + b'{"intValue":1}' + b"]}}" * levels
        body = as_json(request(_span(rng, {"gen_ai.request.model": 77}))).replace(b'{"intValue": "77"}', value)
        return Hostile(kind, body, frozenset({OK, BAD}), JSON)
    value = b""
    for _ in range(levels):
        value = b"\x0a" + varint(len(value)) + value
        value = b"\x2a" + varint(len(value)) + value
    pair = b"\x0a\x14gen_ai.request.model\x12" + varint(len(value)) + value
    content = _span(rng, {}).SerializeToString() + b"\x4a" + varint(len(pair)) + pair
    for tag in (b"\x12", b"\x12", b"\x0a"):
        content = tag + varint(len(content)) + content
    return Hostile(kind, content, frozenset({OK, BAD}))


def _wrong_types(rng: random.Random, kind: str) -> Hostile:
    """A valid request in JSON with one value somewhere replaced by another kind of value."""
    document = json.loads(as_json(_body(rng)))
    places: list[tuple[Any, Any]] = []

    def visit(node: Any) -> None:
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            places.append((node, key))
            if isinstance(value, (dict, list)):
                visit(value)

    visit(document)
    node, key = rng.choice(places)
    node[key] = rng.choice((None, True, -1, 1.5, 10**25, "text", "", [], {}, [[1]], {"key": []}, "9" * 6_000))
    return Hostile(kind, json.dumps(document).encode(), frozenset({OK, BAD}), JSON)


def _wrong_fields(rng: random.Random, kind: str) -> Hostile:
    """Protobuf of valid fields with made-up numbers and kinds."""
    body = b""
    for _ in range(rng.randrange(1, 30)):
        number, wire = rng.choice((1, 2, 3, 4, 7, 9, 15, 1_000)), rng.choice((0, 1, 2, 2, 2, 3, 4, 5, 6, 7))
        content = {0: varint(rng.getrandbits(63)), 1: rng.randbytes(8), 5: rng.randbytes(4)}.get(wire, b"")
        if wire == 2:
            data = rng.choice((_body(rng), rng.randbytes(rng.randrange(20)), body[:100]))
            content = varint(len(data)) + data
        body += varint(number << 3 | wire) + content
    return Hostile(kind, body, frozenset({OK, BAD}), path=rng.choice(PATHS))


# -------------------------------------------------------------------------------------------- values
_NUMBERS = (0, -1, -(2**63), 2**63 - 1, 10**18, 1e308, -1e308, float("nan"), float("inf"), 0.5, -0.0, 1e19, True)
_TEXTS = (
    "\0",
    "a\0b",
    "\x7f\x1b[31m",
    "\u202eevil",
    "' OR 1=1 --",
    "{}%s%n",
    "\n\r",
    "x" * 300,
    "é" * 200,
    "__other__",
    "💸",
)
_COUNTED = ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.cache_read.input_tokens")
_NAMED = ("gen_ai.request.model", "gen_ai.response.model", "gen_ai.provider.name", "gen_ai.agent.name", "agent.project")


def _numbers(rng: random.Random, kind: str) -> Hostile:
    return _either(rng, kind, _body(rng, **{key: rng.choice(_NUMBERS) for key in _COUNTED}), OK)


def _times(rng: random.Random, kind: str) -> Hostile:
    absurd = (0, 1, 2**63 - 1, 2**63, 2**64 - 1, time.time_ns())
    times = {"start_time_unix_nano": rng.choice(absurd), "end_time_unix_nano": rng.choice(absurd)}
    return _either(rng, kind, request(_span(rng, **times)), OK)


def _texts(rng: random.Random, kind: str) -> Hostile:
    changes = {key: rng.choice(_TEXTS) for key in rng.sample(_NAMED, 3)}
    body = request(
        _span(rng, _call(rng, **changes), name=rng.choice(_TEXTS)),
        resource={"service.name": rng.choice(_TEXTS)},
        scope=rng.choice(_TEXTS),
    )
    return _either(rng, kind, body, OK)


def _surrogates(rng: random.Random, kind: str) -> Hostile:
    key = rng.choice(_NAMED)
    body = _body(rng, **{key: "cut HERE"})
    if rng.random() < 0.5:
        return Hostile(
            kind,
            body.replace(b"HERE", rng.choice((b"\xed\xa0\xbd.", b"\xc3\x28..", b"\xff\xfe\xfd\xfc"))),
            frozenset({OK}),
        )
    half = rng.choice((rb"\ud83d", rb"\udc00", rb"\udc00\ud83d", b"\xc3"))
    return Hostile(kind, as_json(body).replace(b"HERE", half), frozenset({OK}), JSON)


def _kinds(rng: random.Random, kind: str) -> Hostile:
    """Attribute values of kinds that the key never has."""
    odd = (None, b"bytes", [], ["x", 1, None], {"k": {"k": [b""]}}, [[[]]], True, 1.5, "12", "1e3", "[1, 2]", "")
    return _either(rng, kind, _body(rng, **{key: rng.choice(odd) for key in _COUNTED + _NAMED}), OK)


def _models(rng: random.Random, kind: str) -> Hostile:
    model = f"model-{rng.randrange(MODELS)}"
    return _either(rng, kind, _body(rng, **{"gen_ai.request.model": model, "gen_ai.response.model": model}), OK)


def _ids(rng: random.Random, kind: str) -> Hostile:
    odd = (b"", b"x", bytes(16), bytes(8), bytes(32), b"\xff" * 16)
    ids = {name: rng.choice(odd) for name in ("trace_id", "span_id", "parent_span_id")}
    return _either(rng, kind, request(_span(rng, **ids), _span(rng)), OK)


def _repeated(rng: random.Random, kind: str) -> Hostile:
    """One span many times, and every key twice with different values."""
    one = _span(rng)
    one.attributes.extend(pairs(_call(rng)))
    return _either(rng, kind, request(*[one] * rng.randrange(2, 50)), OK)


# ------------------------------------------------------------------------------------------ protocol
PATHS = ("/v1/traces", "/v1/logs", "/v1/metrics")


def _media(rng: random.Random, kind: str) -> Hostile:
    if rng.random() < 0.5:
        content_type = rng.choice(
            ("text/plain", "application/protobuf", "application/x-www-form-urlencoded", "x", ";;")
        )
        return Hostile(kind, _body(rng), frozenset({MEDIA}), content_type)
    return Hostile(
        kind, _body(rng), frozenset({MEDIA}), encoding=rng.choice(("br", "zstd", "deflate", "gzip,gzip", "x" * 500))
    )


def _method(rng: random.Random, kind: str) -> Hostile:
    method = rng.choice(("GET", "PUT", "DELETE", "PATCH", "OPTIONS"))
    return Hostile(kind, b"", frozenset({METHOD}), path=rng.choice(PATHS), method=method)


def _other_signal(rng: random.Random, kind: str) -> Hostile:
    """Spans sent as log records or data points: the wire form is near enough to parse."""
    return Hostile(kind, _body(rng), frozenset({OK, BAD}), path=rng.choice(PATHS[1:]))


def _doubles(rng: random.Random, kind: str) -> Hostile:
    """Any bit pattern as the double of a token count."""
    (number,) = struct.unpack("<d", rng.randbytes(8))
    return Hostile(kind, _body(rng, **{rng.choice(_COUNTED): number}), frozenset({OK}))


KINDS: dict[str, tuple[float, Callable[[random.Random, str], Hostile]]] = {
    "honest": (10, _honest),
    "chunked": (2, _chunked),
    "gzip_bomb": (0.1, _gzip_bomb),
    "protobuf_bomb": (0.05, _protobuf_bomb),
    "json_bomb": (0.05, _json_bomb),
    "many_attributes": (0.3, _many_attributes),
    "too_many_attributes": (0.2, _too_many_attributes),
    "long_text": (1, _long_text),
    "truncated": (6, _truncated),
    "truncated_json": (4, _truncated_json),
    "truncated_gzip": (4, _truncated_gzip),
    "short_body": (0.5, _short_body),
    "flipped": (14, _flipped),
    "flipped_gzip": (3, _flipped_gzip),
    "noise": (6, _noise),
    "json_garbage": (3, _json_garbage),
    "deep": (2, _deep),
    "wrong_types": (8, _wrong_types),
    "wrong_fields": (5, _wrong_fields),
    "numbers": (5, _numbers),
    "times": (4, _times),
    "texts": (5, _texts),
    "surrogates": (5, _surrogates),
    "kinds": (5, _kinds),
    "models": (8, _models),
    "ids": (4, _ids),
    "repeated": (2, _repeated),
    "media": (2, _media),
    "method": (1, _method),
    "other_signal": (2, _other_signal),
    "doubles": (2, _doubles),
}
"""Each kind with its share and its maker.  The dearest ones are rare, so that a long run is bodies and not waiting."""

DEAREST = ("gzip_bomb", "protobuf_bomb", "json_bomb", "many_attributes")
"""Kinds that take most memory while they are refused or read."""
