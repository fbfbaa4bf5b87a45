"""What a call consumed besides tokens, and which of its tokens were audio or images, for these may have own prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from exporter.dialects.fields import coerce_count
from exporter.signals import Value

NO_UNITS: Final[Mapping[str, int]] = MappingProxyType({})

_USAGE: Final = "gen_ai.usage."
_COUNT: Final = "llm.token_count."
_QUANTITIES: Final = ("seconds", "characters", "images", "pages", "search_units")
_AUDIO_IN, _AUDIO_READ, _AUDIO_OUT = "input_audio_tokens", "cache_audio_read_tokens", "output_audio_tokens"
_IMAGE_IN, _IMAGE_READ, _IMAGE_OUT = "input_image_tokens", "cache_image_read_tokens", "output_image_tokens"

OF_CONVENTIONS: Final = MappingProxyType(
    {f"{_USAGE}{quantity}": quantity for quantity in _QUANTITIES}
    | {
        f"{_USAGE}audio.input_tokens": _AUDIO_IN,
        f"{_USAGE}audio_input_tokens": _AUDIO_IN,
        f"{_USAGE}input_audio_tokens": _AUDIO_IN,
        f"{_USAGE}input_token_details.audio_tokens": _AUDIO_IN,
        f"{_USAGE}input_tokens_details.audio_tokens": _AUDIO_IN,
        f"{_USAGE}prompt_tokens_details.audio_tokens": _AUDIO_IN,
        f"{_USAGE}audio.cache_read.input_tokens": _AUDIO_READ,
        f"{_USAGE}audio.output_tokens": _AUDIO_OUT,
        f"{_USAGE}audio_output_tokens": _AUDIO_OUT,
        f"{_USAGE}output_audio_tokens": _AUDIO_OUT,
        f"{_USAGE}output_token_details.audio_tokens": _AUDIO_OUT,
        f"{_USAGE}output_tokens_details.audio_tokens": _AUDIO_OUT,
        f"{_USAGE}completion_tokens_details.audio_tokens": _AUDIO_OUT,
        f"{_USAGE}image.input_tokens": _IMAGE_IN,
        f"{_USAGE}image.cache_read.input_tokens": _IMAGE_READ,
        f"{_USAGE}image.output_tokens": _IMAGE_OUT,
    }
)
"""Attribute → the unit as price rows call it, in the order in which attributes of one unit are believed."""
OF_OPENINFERENCE: Final = MappingProxyType(
    {f"{_COUNT}prompt_details.audio": _AUDIO_IN, f"{_COUNT}completion_details.audio": _AUDIO_OUT}
)
OF_VERCEL: Final = MappingProxyType(
    {f"ai.usage.{quantity}": quantity for quantity in _QUANTITIES}
    | {
        "ai.usage.input_token_details.audio_tokens": _AUDIO_IN,
        "ai.usage.output_token_details.audio_tokens": _AUDIO_OUT,
    }
)

_UNITS: Final = {**OF_CONVENTIONS, **OF_OPENINFERENCE, **OF_VERCEL}
_READ_WITHIN: Final = ((_AUDIO_IN, _AUDIO_READ), (_IMAGE_IN, _IMAGE_READ))
"""Input that contains what was read from a cache, as the conventions count; prices want the two apart."""


def read_units(attributes: Mapping[str, Value], names: Iterable[str], flags: list[str]) -> Mapping[str, int]:
    """Units above zero under several names, which are present in `attributes`; names of one unit are never added up."""
    found: dict[str, int] = {}
    for name in names:
        unit = _UNITS[name]
        if unit not in found and (count := coerce_count(attributes[name], flags)):
            found[unit] = count
    for whole, part in _READ_WITHIN:
        if whole in found and part in found:
            found[whole] = max(found[whole] - found[part], 0)
    return found or NO_UNITS
