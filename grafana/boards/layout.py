"""Where panels stand: sections of tiles, packed row by row into Grafana's 24 columns."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from grafana_foundation_sdk.builders.dashboard import Row
from grafana_foundation_sdk.models.dashboard import GridPos, Panel, RowPanel

COLUMNS: Final = 24
_IDS: Final = 900_000


class PanelBuilder(Protocol):
    """A builder of any kind of panel."""

    def build(self) -> Panel: ...


@dataclass(frozen=True, slots=True)
class Tile:
    """A panel and its size: columns of 24, and rows of 30 pixels and a gap."""

    panel: PanelBuilder
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Section:
    """Tiles under a heading; without a title there is no heading, which suits the first one."""

    title: str
    tiles: tuple[Tile, ...]
    collapsed: bool = False


def place(sections: Iterable[Section]) -> list[Panel | RowPanel]:
    """All panels with position and id, in reading order.

    Placed here because the SDK wraps only after a row has overflowed.  A tile that does not fit in what is left of
    a row begins the next one, which starts below the tallest tile of the last.
    """
    placed: list[Panel | RowPanel] = []
    top = 0
    for section in sections:
        if section.title:
            placed.append(_heading(section, top))
            top += 1
        panels, bottom = _pack(section.tiles, top)
        heading = placed[-1] if section.collapsed else None
        if isinstance(heading, RowPanel):
            heading.panels = panels
        else:
            placed += panels
            top = bottom
    _refuse_equal_ids(placed)
    return placed


def stable_id(title: str) -> int:
    """An id that stays when panels are added or moved, so that permalinks and annotation filters hold."""
    return zlib.crc32(title.encode()) % _IDS + 1


def _heading(section: Section, top: int) -> RowPanel:
    row = Row(section.title).collapsed(section.collapsed).build()
    row.grid_pos = GridPos(h=1, w=COLUMNS, x=0, y=top)
    row.id_val = stable_id(f"row {section.title}")
    return row


def _pack(tiles: Iterable[Tile], top: int) -> tuple[list[Panel], int]:
    panels: list[Panel] = []
    left, height = 0, 0
    for tile in tiles:
        if left + tile.width > COLUMNS:
            top, left, height = top + height, 0, 0
        panels.append(_placed(tile, left, top))
        left, height = left + tile.width, max(height, tile.height)
    return panels, top + height


def _placed(tile: Tile, left: int, top: int) -> Panel:
    panel = tile.panel.build()
    panel.grid_pos = GridPos(h=tile.height, w=tile.width, x=left, y=top)
    panel.id_val = stable_id(panel.title or f"text {left} {top}")
    return panel


def _refuse_equal_ids(placed: Iterable[Panel | RowPanel]) -> None:
    seen: dict[int | None, str | None] = {}
    for panel in _flat(placed):
        if panel.id_val in seen:
            raise ValueError(f"panels {seen[panel.id_val]!r} and {panel.title!r} get the same id: rename one")
        seen[panel.id_val] = panel.title


def _flat(placed: Iterable[Panel | RowPanel]) -> Iterator[Panel | RowPanel]:
    for panel in placed:
        yield panel
        if isinstance(panel, RowPanel):
            yield from panel.panels
