"""Numbers and texts as emitters send them, made usable (specification of telemetry dialects, section 5.2).

A count arrives as an integer, a double, a text of digits, or as nonsense.  Nonsense counts as absent, so
that it can never become money, and leaves a flag on the record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any, Final

from exporter.money import MAX_CALL_NANO_USD, nano_from_usd
from exporter.signals import Value, plain_text

LARGEST_COUNT: Final = 2**40
LONGEST_TEXT: Final = 256
LONGEST_NUMBER: Final = 64

COERCED: Final = "coerced"
"""A fraction of a token was dropped."""
NEGATIVE_DROPPED: Final = "negative_dropped"
UNREADABLE_NUMBER: Final = "unreadable_number"

_DIGITS: Final = re.compile(r"\d{1,16}(\.\d*)?", re.ASCII)
_NUMBER: Final = re.compile(r"\s*[-+]?[\d._]+([eE][-+]?\d+)?\s*")


def read_text(value: Value | None) -> str:
    """A model, id or name: trimmed, without control characters, at most 256 characters; empty when absent."""
    return plain_text(value, LONGEST_TEXT)


def short_text(value: Value | None) -> str:
    """A text as it stands, as read when it is longer than 256 characters; empty when it is none."""
    if type(value) is not str:
        return ""
    return value if len(value) <= LONGEST_TEXT else plain_text(value, LONGEST_TEXT)


def short_texts(values: tuple[Any, ...]) -> tuple[str, ...]:
    """Values that say something in words, as they stand when they are short texts, else as `read_text` reads them.

    Made for keys of caches: lists of texts, which say nothing in any of the fields, could be of any size.
    """
    try:
        if len("".join(values)) <= LONGEST_TEXT:
            return values
    except TypeError:
        # One of them is no text.
        pass
    return tuple(map(read_text, values))


def first_text(attributes: Mapping[str, Value], names: Iterable[str]) -> str:
    """The first text under several names, which are present in `attributes`."""
    for name in names:
        value = attributes[name]
        if type(value) is str and len(value) <= LONGEST_TEXT and value.isprintable():
            text = value.strip()
        else:
            text = plain_text(value, LONGEST_TEXT)
        if text:
            return text
    return ""


def read_count(attributes: Mapping[str, Value], names: Iterable[str], flags: list[str]) -> int | None:
    """The count under the first of several spellings of one thing, None when no spelling has one.

    `names` are present in `attributes`.  Spellings are never added up.  A zero yields to a later spelling
    above zero: emitters that know a new name fill it with its default and keep the truth under the old one.
    """
    found: int | None = None
    for name in names:
        value = attributes[name]
        count = value if type(value) is int and 0 <= value <= LARGEST_COUNT else coerce_count(value, flags)
        if count:
            return count
        if count is not None:
            found = 0
    return found


def coerce_count(value: Value, flags: list[str]) -> int | None:
    """A whole number from 0 to 2^40, or None with a flag."""
    if type(value) is int:
        return _in_range(value, flags)
    if type(value) is float and isfinite(value):
        return _whole(value, flags)
    if type(value) is str and len(value) <= LONGEST_NUMBER:
        return _from_text(value.strip(), flags)
    flags.append(UNREADABLE_NUMBER)
    return None


def _in_range(number: int, flags: list[str]) -> int | None:
    if 0 <= number <= LARGEST_COUNT:
        return number
    flags.append(NEGATIVE_DROPPED if number < 0 else UNREADABLE_NUMBER)
    return None


def _whole(number: float, flags: list[str]) -> int | None:
    if 0 <= number <= LARGEST_COUNT and not number.is_integer():
        flags.append(COERCED)
    return _in_range(int(number) if number >= 0 else -1, flags)


def _from_text(text: str, flags: list[str]) -> int | None:
    is_negative = text.startswith("-")
    match = _DIGITS.fullmatch(text[1:] if is_negative else text)
    if match is None:
        flags.append(UNREADABLE_NUMBER)
        return None
    whole, _, fraction = match.group().partition(".")
    if fraction.strip("0") and not is_negative:
        flags.append(COERCED)
    return _in_range(-1 if is_negative else int(whole), flags)


def is_number(text: str) -> bool:
    """Whether a text has the form of a number that `coerce_count` or `coerce_usd` could read."""
    return len(text) <= LONGEST_NUMBER and _NUMBER.fullmatch(text) is not None


def coerce_usd(value: Value, flags: list[str]) -> int | None:
    """Nano-USD of an amount in USD; None when it is no positive number, for a cost of 0 means that nobody knew."""
    text = str(value) if type(value) in (int, float, str) else ""
    try:
        nano = nano_from_usd(text.strip() if len(text) <= LONGEST_NUMBER else "")
    except ValueError:
        flags.append(UNREADABLE_NUMBER)
        return None
    if nano < 0 or nano > MAX_CALL_NANO_USD:
        flags.append(NEGATIVE_DROPPED if nano < 0 else UNREADABLE_NUMBER)
        return None
    return nano or None


def is_true(value: Value | None) -> bool:
    """A boolean, or the text that some emitters send for one."""
    return value is True or (type(value) is str and value.strip().lower() == "true")
