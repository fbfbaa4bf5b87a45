"""Samples with timestamps, as `promtool tsdb create-blocks-from openmetrics` reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TextIO

from exporter.telemetry.family import Family
from exporter.telemetry.render import label_text, number_text
from exporter.views.history import Window
from exporter.views.history_budgets import Track
from exporter.views.history_rows import Grid

END: Final = "# EOF\n"
_SECOND_NS: Final = 10**9
_MS_NS: Final = 10**6


def write_window(out: TextIO, families: Iterable[Family], window: Window, grid: Grid, labels: Mapping[str, str]) -> int:
    """Write every series of a window with the labels of its target; the number of samples."""
    times = [_time_text(grid.time_of(sample)) for sample in range(window.first, window.end)]
    count = 0
    for family in families:
        tracks = window.tracks.get(family.feed, ())
        if tracks:
            out.write(f"# TYPE {family.base} {family.kind}\n")
        for track in tracks:
            line = f"{_series_text(family, track, labels)} "
            for first, end, value in track.stretches:
                shown = times[first - window.first : end - window.first]
                _write_stretch(out, f"{line}{number_text(value / family.divisor)} ", shown)
                count += len(shown)
    out.write(END)
    return count


def _series_text(family: Family, track: Track, target: Mapping[str, str]) -> str:
    # An empty label is no label; in a block it would make another series than the scraped one.
    named = dict(target) | {name: value for name, value in zip(family.label_names, track.labels, strict=True) if value}
    return f"{family.name}{label_text(list(named), list(named.values()))}"


def _write_stretch(out: TextIO, line: str, times: Sequence[str]) -> None:
    # The same line again and again but for the time: joined rather than formatted one by one.
    out.write(line + f"\n{line}".join(times) + "\n")


def _time_text(at_ns: int) -> str:
    """Seconds, with milliseconds where there are any, which is as fine as Prometheus keeps time."""
    second, rest = divmod(at_ns, _SECOND_NS)
    return f"{second}.{rest // _MS_NS:03d}" if rest else str(second)
