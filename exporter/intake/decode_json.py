"""OTLP/JSON: orjson, then a walk by hand.

The standard mapping of protobuf to JSON does not fit: ids are hex (any case) instead of base64, enums are
integers only, keys are lowerCamelCase only, 64-bit integers come as text or number, unknown fields are
ignored (OTLP 1.11, "JSON Protobuf Encoding").  A span with a field of the wrong type is rejected by
itself; a wrong type above the spans makes the request undecodable.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Final

from exporter.intake.decoded import (
    MALFORMED_SPAN,
    TOO_MANY_ATTRIBUTES,
    DecodedTraces,
    require_at_most,
    undecodable,
)
from exporter.intake.ids import parent_or_root, why_unidentified
from exporter.intake.json_fields import (
    EXPECTED,
    Node,
    WrongType,
    list_at,
    object_at,
    objects_at,
    parse,
    text_at,
    whole_number,
)
from exporter.intake.limits import IntakeLimits
from exporter.intake.values import MAX_INT64, MIN_INT64, Allowance, clean_text, cut_text, lift_content
from exporter.signals import Origin, Span, Value

_POINT_KINDS: Final = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")
_WRONG: Final = (ValueError, TypeError, AttributeError)
"""What a field of the wrong type raises below; to test each one first would double the time."""


def read_traces(body: bytes, allowance: Allowance, decoded: DecodedTraces) -> None:
    """Add the spans of an ExportTraceServiceRequest to `decoded`."""
    request = parse(body, allowance.limits)
    try:
        for resource_spans in objects_at(request, "resourceSpans"):
            _read_resource_spans(resource_spans, allowance, decoded)
    except _WRONG as error:
        raise undecodable(EXPECTED, str(error)) from error


def count_logs(body: bytes, limits: IntakeLimits) -> int:
    """Log records of an ExportLogsServiceRequest."""
    try:
        return sum(len(objects_at(scope, "logRecords")) for scope in _scopes(parse(body, limits), "Logs"))
    except _WRONG as error:
        raise undecodable(EXPECTED, str(error)) from error


def count_points(body: bytes, limits: IntakeLimits) -> int:
    """Data points of an ExportMetricsServiceRequest."""
    try:
        scopes = _scopes(parse(body, limits), "Metrics")
        return sum(_points_of(metric) for scope in scopes for metric in objects_at(scope, "metrics"))
    except _WRONG as error:
        raise undecodable(EXPECTED, str(error)) from error


def _scopes(request: Node, signal: str) -> Iterator[Node]:
    for resource in objects_at(request, f"resource{signal}"):
        yield from objects_at(resource, f"scope{signal}")


def _points_of(metric: Node) -> int:
    return sum(len(objects_at(object_at(metric, kind), "dataPoints")) for kind in _POINT_KINDS)


def _read_resource_spans(node: Node, allowance: Allowance, decoded: DecodedTraces) -> None:
    described = object_at(node, "resource")
    crowded = len(list_at(described, "attributes")) > allowance.limits.max_attributes
    resource = {} if crowded else read_attributes(described, allowance)
    for scope_spans in objects_at(node, "scopeSpans"):
        scope = object_at(scope_spans, "scope")
        names = (cut_text("", text_at(scope, name), allowance) for name in ("name", "version"))
        origin = Origin(resource, *names)
        spans = objects_at(scope_spans, "spans")
        require_at_most(decoded.records + len(spans), allowance.limits)
        for span in spans:
            read = TOO_MANY_ATTRIBUTES if crowded else _read_span(span, origin, allowance)
            if isinstance(read, Span):
                decoded.spans.append(read)
            else:
                decoded.reject(read)


def _read_span(node: Node, origin: Origin, allowance: Allowance) -> Span | str:
    """The span, or the reason why it is rejected."""
    trace_id, span_id = _id(node, "traceId"), _id(node, "spanId")
    if reason := why_unidentified(trace_id, span_id):
        return reason
    try:
        if len(list_at(node, "attributes")) > allowance.limits.max_attributes:
            return TOO_MANY_ATTRIBUTES
        return Span(
            trace_id,
            span_id,
            parent_or_root(_id(node, "parentSpanId")),
            clean_text(text_at(node, "name")),
            _time(node, "startTimeUnixNano"),
            _time(node, "endTimeUnixNano"),
            _status(node),
            read_attributes(node, allowance),
            origin,
        )
    except _WRONG:
        return MALFORMED_SPAN


def _id(node: Node, name: str) -> bytes:
    """The bytes of a hex id, or b"" for what is none."""
    found = node.get(name)
    try:
        return bytes.fromhex(found) if isinstance(found, str) and found.isalnum() else b""
    except ValueError:
        return b""


def _time(node: Node, name: str) -> int:
    return min(max(whole_number(node.get(name)), 0), MAX_INT64)


def _status(node: Node) -> int:
    code = object_at(node, "status").get("code", 0)
    if isinstance(code, bool) or not isinstance(code, int) or not 0 <= code <= 2:
        raise WrongType("status.code is not an integer of the enum")
    return code


def read_attributes(node: Node, allowance: Allowance) -> dict[str, Value]:
    """Wanted attributes of a span or resource; the last of equal keys wins."""
    wanted, limit = allowance.wanted, allowance.limits.max_text_chars
    found: dict[str, Value] = {}
    for pair in list_at(node, "attributes"):
        key = pair.get("key")
        if key in wanted:
            content = pair.get("value")
            text = content.get("stringValue") if content else None
            if text and text.isascii() and len(text) <= limit and "\0" not in text:
                found[key] = text
            elif (value := read_value(key, content, allowance, depth=0)) is not None:
                found[key] = value
    for key in allowance.lift.content:
        if key in found:
            lift_content(found, allowance)
            break
    return found


def read_value(key: str, node: object, allowance: Allowance, *, depth: int) -> Value | None:
    """Any value; lists become tuples, maps become tuples of (key, value) pairs, what cannot be kept is None."""
    if not node:
        return None
    if not isinstance(node, dict):
        raise WrongType("an attribute value is not an object")
    for kind, value in node.items():
        match kind:
            case "stringValue":
                return cut_text(key, text_at(node, kind), allowance)
            case "intValue":
                return _int64(value)
            case "boolValue" if isinstance(value, bool):
                return value
            case "doubleValue":
                return _double(value)
            case "arrayValue" if depth < allowance.limits.max_depth:
                return tuple(_read_list(key, object_at(node, kind), allowance, depth + 1))
            case "kvlistValue" if depth < allowance.limits.max_depth:
                return tuple(_read_map(key, object_at(node, kind), allowance, depth + 1))
    return None


def _int64(value: object) -> int | None:
    number = whole_number(value)
    return number if MIN_INT64 <= number <= MAX_INT64 else None


def _double(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise WrongType("doubleValue is not a number")
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def _read_list(key: str, node: Node, allowance: Allowance, depth: int) -> Iterator[Value]:
    for item in list_at(node, "values")[: allowance.limits.max_elements]:
        if (value := read_value(key, item, allowance, depth=depth)) is not None:
            yield value


def _read_map(key: str, node: Node, allowance: Allowance, depth: int) -> Iterator[Value]:
    for pair in list_at(node, "values")[: allowance.limits.max_elements]:
        if (value := read_value(key, pair.get("value"), allowance, depth=depth)) is not None:
            yield (cut_text("", text_at(pair, "key"), allowance), value)
