"""GET /runbook: what each alert means and what to do about it; alerts link to its headings.

The page is made from prometheus/RUNBOOK.md by `make docs`, so that nothing is rendered while an alert waits.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, request

PAGE: Final = Path(__file__).parent / "data" / "runbook.html"
_STYLE: Final = re.compile(rb"<style>(.*?)</style>", re.DOTALL)


def runbook_blueprint(page: bytes | None = None) -> Blueprint:
    """Serves the page as shipped, or `page`."""
    blueprint = Blueprint("runbook", __name__)
    shown = PAGE.read_bytes() if page is None else page
    headers = page_headers(shown)

    @blueprint.get("/runbook")
    def runbook() -> Response:
        answer = Response(shown, content_type="text/html; charset=utf-8", headers=headers)
        answer.make_conditional(request)
        return answer

    return blueprint


def page_headers(page: bytes) -> dict[str, str]:
    """Headers under which a browser keeps the page, and runs nothing but the style that stands in it."""
    styles = " ".join(f"'sha256-{_digest(style)}'" for style in _STYLE.findall(page)) or "'none'"
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src {styles}; base-uri 'none'; form-action 'none'",
        "Cache-Control": "public, max-age=300",
        "ETag": f'"{hashlib.sha256(page).hexdigest()[:32]}"',
    }


def _digest(text: bytes) -> str:
    return base64.b64encode(hashlib.sha256(text).digest()).decode()
