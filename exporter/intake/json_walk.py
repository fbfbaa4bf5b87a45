"""OTLP/JSON: orjson, then a walk by hand.

The standard mapping of protobuf to JSON does not fit: ids are hex (any case) instead of base64, enums are
integers only, keys are lowerCamelCase only, 64-bit integers come as text or number, unknown fields are
ignored (OTLP 1.11, "JSON Protobuf Encoding").  A record with a field of the wrong type is rejected by
itself; a wrong type above the records makes the request undecodable.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from exporter.intake.decoded import undecodable
from exporter.intake.json_fields import EXPECTED, WRONG, Node, list_at, object_at, objects_at, parse, text_at
from exporter.intake.json_values import read_attributes
from exporter.intake.values import Allowance, cut_text
from exporter.signals import Origin


class Scope(NamedTuple):
    """The records of one resource and instrumentation scope."""

    node: Node
    origin: Origin | None
    """None when the resource has more attributes than one may have."""


def read_scopes(body: bytes, signal: str, allowance: Allowance) -> Iterator[Scope]:
    """The scopes of a request; `signal` as OTLP's keys end: `Spans`, `Logs`, `Metrics`."""
    request = parse(body, allowance.limits)
    for group in objects_at(request, f"resource{signal}"):
        described = object_at(group, "resource")
        crowded = len(list_at(described, "attributes")) > allowance.limits.max_attributes
        resource = {} if crowded else read_attributes(described, allowance)
        for node in objects_at(group, f"scope{signal}"):
            scope = object_at(node, "scope")
            names = (cut_text("", text_at(scope, name), allowance) for name in ("name", "version"))
            origin = Origin(resource, *names)
            yield Scope(node, None if crowded else origin)


@contextmanager
def refuse_wrong_types() -> Iterator[None]:
    """Raise InvalidRequest for what a field of the wrong type raises above the records."""
    try:
        yield
    except WRONG as error:
        raise undecodable(EXPECTED, str(error)) from error
