"""A file of price rows that may be imported: rows, and the hash that shows they are all there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from exporter.errors import InvalidRequest
from exporter.pricing.row_json import row_to_mapping, rows_from_list
from exporter.pricing.rows import OPERATOR_LAYERS, OVERRIDE, PriceRow

SCHEMA: Final = 1
_KEYS: Final = frozenset({"schema", "sha256", "rows", "note"})


def read_bundle(content: str) -> list[PriceRow]:
    """The rows of `{"schema": 1, "sha256": ..., "rows": [...]}`; InvalidRequest says what is wrong.

    The hash is that of the rows as compact JSON with sorted keys, so that layout and key order are free.
    """
    try:
        document = json.loads(content)
    except ValueError as error:
        raise InvalidRequest(f"the file is no JSON: {error}") from error
    if not isinstance(document, Mapping) or set(document) - _KEYS or "rows" not in document:
        raise InvalidRequest(f"the file must be an object with {', '.join(sorted(_KEYS))}")
    stated, actual = document.get("sha256"), hash_of_rows(document["rows"])
    if stated != actual:
        said = "has no sha256" if stated is None else f"says sha256 {stated}"
        raise InvalidRequest(f"the file {said}, its rows have {actual}; write that when they are what you mean")
    if document.get("schema") != SCHEMA:
        raise InvalidRequest(f"schema {SCHEMA} is needed, not {document.get('schema')!r}")
    rows = rows_from_list(document["rows"], layer=OVERRIDE)
    for row in rows:
        if row.layer not in OPERATOR_LAYERS:
            raise InvalidRequest(f"layer must be one of {', '.join(OPERATOR_LAYERS)}, not {row.layer!r}", key="layer")
    return rows


def write_bundle(rows: Sequence[PriceRow], *, note: str = "") -> str:
    """A file that `read_bundle` accepts."""
    stated = [row_to_mapping(row) for row in rows]
    document = {"schema": SCHEMA, "note": note, "sha256": hash_of_rows(stated), "rows": stated}
    return json.dumps(document, indent=2) + "\n"


def hash_of_rows(rows: Any) -> str:
    return hashlib.sha256(json.dumps(rows, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
