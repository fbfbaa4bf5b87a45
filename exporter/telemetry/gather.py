"""One reading of everything that the database knows, for the scrape, the push and the command alike."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import Final

from exporter.errors import Unavailable
from exporter.ledger.engine import Database
from exporter.ledger.families import DISTRIBUTION_FAMILY, FEEDS, QUALITY_FAMILY
from exporter.ledger.message_series import REFUSED
from exporter.telemetry.catalog import shown_families
from exporter.telemetry.family import GENERATIONS
from exporter.views.message_samples import FEEDS as MESSAGE_FEEDS
from exporter.views.metrics import BIRTH_SECONDS, MetricReader, count_series
from exporter.views.points import Points
from exporter.views.quality_samples import FEEDS as QUALITY_FEEDS

PriceBooks = Callable[[], Sequence[tuple[str, str]]]
"""The price books in use, each with its version and its source (shipped, configuration, command)."""

_ADMISSION: Final = (
    {feed.name: feed.family.name for feed in FEEDS}
    | dict.fromkeys(("token_usage", "operation_duration"), DISTRIBUTION_FAMILY)
    | {feed: feed for name, feed in MESSAGE_FEEDS.items() if name != REFUSED.name}
    | {feed.name: QUALITY_FAMILY for feed in QUALITY_FEEDS}
)


class Gatherer:
    """Reads points by feed; safe for threads, one reading at a time."""

    def __init__(
        self,
        database: Database,
        *,
        version: str,
        price_books: PriceBooks,
        generations: Collection[str] = GENERATIONS,
        birth_seconds: float = BIRTH_SECONDS,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.families = shown_families(generations)
        self._database = database
        self._version = version
        self._price_books = price_books
        self._clock_ns = clock_ns
        self._reader = MetricReader(birth_seconds=birth_seconds)
        self._guard = threading.Lock()

    def gather(self, *, exemplars: bool = False) -> dict[str, Points]:
        """Points of every feed that has a reading.

        Without the database these are the facts that need none: a family that is absent is unknown,
        and 0 would be a lie.
        """
        points = {"build_info": Points([(self._version,)], [1])}
        books = list(self._price_books())
        points["price_book_info"] = Points(books, [1] * len(books))
        try:
            with self._guard, self._database.read() as connection:
                points |= self._reader.read(connection, self._clock_ns(), exemplars=exemplars)
                rejected = self._reader.rejected(connection)
        except Unavailable:
            return points | {"database_up": Points([()], [0])}
        points |= {"database_up": Points([()], [1]), "series_rejected": self._rejections(rejected)}
        return points | {"series": self._counts(points)}

    def _rejections(self, rejected: dict[str, int]) -> Points:
        capped = [(family.name, _ADMISSION[family.feed]) for family in self.families if family.feed in _ADMISSION]
        return Points([(name,) for name, _ in capped], [rejected[admission] for _, admission in capped])

    def _counts(self, points: dict[str, Points]) -> Points:
        shown = [family for family in self.families if family.feed in points]
        return Points([(family.name,) for family in shown], [count_series(points[family.feed]) for family in shown])
