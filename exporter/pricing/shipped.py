"""The book that ships with the package: compiled library, corrections, alias seeds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from exporter.pricing.book import PriceBook
from exporter.pricing.contexts import multiplier_from_mapping
from exporter.pricing.library import read_library
from exporter.pricing.row_json import row_from_mapping
from exporter.pricing.rows import CORRECTIONS, SEED

LIBRARY_FILE: Final = "genai_prices.json"
CORRECTIONS_FILE: Final = "corrections.json"
SEEDS_FILE: Final = "seeds.json"


@cache
def load_shipped_book() -> PriceBook:
    """Read once per process; the hash of the compiled library is verified."""
    corrections, seeds = _document(CORRECTIONS_FILE), _document(SEEDS_FILE)
    library = read_library(_content(LIBRARY_FILE))
    rows = [row_from_mapping(row, layer=CORRECTIONS) for row in corrections["rows"]]
    rows += [row_from_mapping(row, layer=SEED) for row in seeds["rows"]]
    return PriceBook(
        library,
        rows,
        [multiplier_from_mapping(one) for one in corrections["multipliers"]],
        version=f"{library.version} + corrections r{corrections['revision']}",
    )


def load_library_book() -> PriceBook:
    """The compiled library alone, without corrections: what the differential test compares."""
    return PriceBook(read_library(_content(LIBRARY_FILE)))


def _document(name: str) -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads(_content(name))
    return document


def _content(name: str) -> str:
    return files("exporter.pricing").joinpath("data", name).read_text(encoding="utf-8")
