"""A provider's answer in the form in which Python prints it, which some emitters record in JSON's place.

smolagents keeps the answer of the OpenAI SDK or of LiteLLM so, beside totals that say nothing of cached or reasoning
tokens.  Nothing is evaluated: an id at the beginning and numbers behind the last `usage=` are all that is looked for,
because the content of an answer, which may say anything, is printed before its usage.  The shipped Collector
configuration lifts the same.
"""

from __future__ import annotations

import re
from typing import Final

from exporter.dialects import raw_usage
from exporter.dialects.conventions import RESPONSE_ID
from exporter.dialects.json_text import parse_object
from exporter.signals import Value

_ID: Final = re.compile(r"\w+\(id='([^'\\]{1,240})'")
_USAGE: Final = re.compile(r".*\busage=\w+\(", re.DOTALL)
_COUNTS: Final = (
    (raw_usage.CACHE_READ, re.compile(r"\bcached_tokens=(\d{1,12})\b")),
    (raw_usage.REASONING, re.compile(r"\breasoning_tokens=(\d{1,12})\b")),
)


def read_printed_answer(text: Value | None) -> dict[str, Value]:
    """Response id, cached and reasoning tokens of an answer that is printed in `raw`, under the conventions' names."""
    answer = (parse_object(text) or {}).get("raw")
    if type(answer) is not str:
        return {}
    begins = _ID.match(answer)
    if begins is None:
        return {}
    found: dict[str, Value] = {RESPONSE_ID: begins[1]}
    usage = _USAGE.match(answer)
    for name, printed in _COUNTS:
        count = printed.search(answer, usage.end()) if usage else None
        if count is not None:
            found[name] = int(count[1])
    return found
