"""The whole answer to a scrape: negotiated, rendered, compressed when the scraper says so."""

from __future__ import annotations

import gzip
import re
import threading
from typing import Final, NamedTuple

from prometheus_client.exposition import choose_encoder, gzip_accepted

from exporter.telemetry.gather import Gatherer
from exporter.telemetry.render import OPENMETRICS, TEXT, Renderer
from exporter.telemetry.selfmetrics import SelfMetrics, Shown

_OPENMETRICS_TYPE: Final = "application/openmetrics-text"
_FOREIGN_ESCAPING: Final = re.compile(r";\s*escaping\s*=\s*(?!underscores\b|allow-utf-8\b)[^;,]*")
_VERSION: Final = re.compile(r";\s*version\s*=\s*([^;,]*)")
_KNOWN_VERSION: Final = re.compile(r"0\.0\.\d+|1\.\d+(\.\d+)?")


class ScrapeAnswer(NamedTuple):
    """The body, and what the headers Content-Type and Content-Encoding say of it."""

    body: bytes
    content_type: str
    encoding: str | None


class Scrape:
    """Answers scrapes; safe for threads, and one rendering at a time, since two at once help nobody."""

    def __init__(self, gatherer: Gatherer, selfmetrics: SelfMetrics, *, exemplars: bool = True) -> None:
        """Without `exemplars` OpenMetrics answers do not link metrics to traces."""
        self._gatherer = gatherer
        self._exemplars = exemplars
        self._selfmetrics = selfmetrics
        self._renderers = {form: Renderer(gatherer.families, form) for form in (TEXT, OPENMETRICS)}
        self._guard = threading.Lock()

    def answer(self, accept: str = "", accept_encoding: str = "") -> ScrapeAnswer:
        """The metrics in the format that the headers ask for; plain text 0.0.4 when they do not."""
        encode, content_type = choose_encoder(understood(accept))
        form = OPENMETRICS if content_type.startswith(_OPENMETRICS_TYPE) else TEXT
        with self._guard:
            text = self._renderers[form].render(
                self._gatherer.gather(exemplars=self._exemplars and form == OPENMETRICS)
            )
        # prometheus_client ends OpenMetrics with its end mark, so its families come last.
        body = text.encode() + encode(Shown(self._selfmetrics.collect()))
        if gzip_accepted(accept_encoding):
            return ScrapeAnswer(gzip.compress(body, 1, mtime=0), content_type, "gzip")
        return ScrapeAnswer(body, content_type, None)


def understood(accept: str) -> str:
    """The Accept header without what our renderer does not speak: OpenMetrics 2, and rewritten names."""
    items = (_FOREIGN_ESCAPING.sub("", item) for item in accept.split(","))
    return ",".join(item for item in items if _has_known_version(item))


def _has_known_version(item: str) -> bool:
    version = _VERSION.search(item)
    return version is None or _KNOWN_VERSION.fullmatch(version[1].strip()) is not None
