import json
import subprocess
import sys
from importlib.resources import files

import pytest

from exporter.errors import InvalidRequest
from exporter.pricing.library import read_library
from exporter.pricing.row_json import row_from_mapping
from exporter.pricing.rows import find_overlap

DATA = files("exporter.pricing").joinpath("data")


def test_the_version_names_the_library_and_the_corrections(book):
    assert book.version == "genai-prices 0.2.3 + corrections r1"


def test_every_correction_and_seed_names_where_it_comes_from():
    corrections = json.loads(DATA.joinpath("corrections.json").read_text())
    assert all(one["source"] and one["source_url"].startswith("https://") for one in corrections["rows"])
    assert all(one["source"] and one["source_url"].startswith("https://") for one in corrections["multipliers"])
    rows = [row_from_mapping(one, layer="corrections") for one in corrections["rows"]]
    assert find_overlap(rows) is None
    seeds = json.loads(DATA.joinpath("seeds.json").read_text())["rows"]
    assert {(one["model"], one["source"], one["estimated"]) for one in seeds} == {
        (alias, "seed:source-doc", "alias") for alias in ("opus", "sonnet", "haiku")
    }


def test_a_library_with_another_content_than_its_hash_is_refused():
    content = DATA.joinpath("genai_prices.json").read_text()
    with pytest.raises(InvalidRequest, match="sha256"):
        read_library(content.replace('"output":20000000', '"output":20000001', 1))
    with pytest.raises(InvalidRequest, match="schema 1 is needed, not 2"):
        read_library(content.replace('"schema":1', '"schema":2', 1))
    with pytest.raises(InvalidRequest, match="not a compiled price library"):
        read_library(content[:1000])


def test_the_rates_that_needed_more_digits_are_marked():
    rounded = json.loads(DATA.joinpath("genai_prices.json").read_text())["rounded"]
    assert sum(not name.endswith("audio_seconds") for name in rounded) == 28


def test_the_book_loads_without_the_library_or_a_validation_framework():
    program = (
        "import sys; from exporter.pricing.shipped import load_shipped_book; load_shipped_book();"
        "print(sorted({'genai_prices', 'pydantic', 'httpx2', 'sqlalchemy', 'flask'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
