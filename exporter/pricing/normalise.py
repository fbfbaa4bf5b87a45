"""Model references as telemetry writes them, to names that a price may be looked up by.

Strict on purpose (specs: a look-alike is unknown, not nearly right): a reference matches a known name exactly,
or after removing one of the suffixes below, which name a snapshot and never another model.
"""

from __future__ import annotations

import re
from typing import Final

MAX_LENGTH: Final = 256
"""Longer references are no model names."""

_DATE: Final = r"20[12345]\d(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))"
_DATED: Final = re.compile(rf"(.+?)([-@])({_DATE})")
_DEFAULT_VERSION: Final = "@default"
_BEDROCK_VERSION: Final = re.compile(r"(.+)-v(?:[1-9]:\d|1)")
_GOOGLE_VERSION: Final = re.compile(r"(gemini-.+)-00\d")
_ONE_MILLION: Final = "[1m]"
_ARN: Final = re.compile(r"arn:aws[a-z-]*:bedrock:[^/]*:(?:inference-profile|foundation-model)/(.+)")
_PUBLISHER_PATH: Final = re.compile(r"(?:projects/[^/]+/locations/[^/]+/)?publishers/[^/]+/models/(.+)")
_FINE_TUNED: Final = re.compile(r"(ft:[^:]+):.*")


def clean_reference(model: str) -> str:
    """Lower case without what only locates a model: resource paths, ARN prefixes, the long-context mark.

    A Bedrock geography prefix stays, for it is part of the price; so does an application inference profile,
    which says nothing about the model behind it.
    """
    text = model.strip().lower().removesuffix(_ONE_MILLION)
    for pattern in (_ARN, _PUBLISHER_PATH, _FINE_TUNED):
        match = pattern.fullmatch(text)
        if match:
            text = match[1]
    return text.removeprefix("models/")


def split_prefix(reference: str) -> tuple[str, str]:
    """`("openai", "gpt-4o")` of `openai/gpt-4o`; an empty prefix when there is none."""
    prefix, slash, rest = reference.partition("/")
    return (prefix, rest) if slash and rest else ("", reference)


def names_of_reference(reference: str) -> tuple[str, ...]:
    """The names to look a clean reference up by, most specific first."""
    names = [reference]
    bare = reference.removesuffix(_DEFAULT_VERSION)
    for pattern in (_BEDROCK_VERSION, _GOOGLE_VERSION):
        match = pattern.fullmatch(bare)
        if match:
            bare = match[1]
    names.append(bare)
    dated = _DATED.fullmatch(bare)
    if dated:
        base, _, day = dated.groups()
        compact = day.replace("-", "")
        dashed = f"{compact[:4]}-{compact[4:6]}-{compact[6:]}"
        names += [f"{base}-{compact}", f"{base}-{dashed}", base]
    return tuple(dict.fromkeys(names))
