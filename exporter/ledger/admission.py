"""The sticky series cap: which label sets a metric family shows, and which it adds up as `__other__`.

First admitted stays admitted, over restarts and replicas, because what was admitted is a row.  So no
counter ever falls, and what is not admitted is still counted in the overflow series of its project.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from exporter.ledger.families import (
    CAPPED,
    DISTRIBUTION_FAMILY,
    DISTRIBUTION_SERIES,
    OTHER_LABEL,
    QUALITY_FAMILY,
    CappedFamily,
    overflow_sender,
)
from exporter.ledger.tables import SERIES_TEXTS, family_series, family_size

_PROJECT: Final = SERIES_TEXTS.index("project")
_PROJECTS: Final = "/project"
_REJECTED: Final = "/rejected"


class _Claim(NamedTuple):
    """A label set that wants to appear in a family (or a project in a family's overflow)."""

    family: str
    digest: bytes
    series: int


def admit(connection: Connection, labels: Sequence[str], now_ns: int, limit: int) -> int:
    """Admit a new label set (tables.SERIES_TEXTS) to the families that it belongs to.

    `limit` is the number of series for each family.  The answer is the bit mask to store in
    `series.overflow`.  The caller serialises admissions; on SQLite the write lock does.
    """
    wanted = [family for family in CAPPED if family.holds(labels)]
    own = [_claim_labels(family, labels) for family in wanted]
    projects = [_claim_project(family, labels) for family in wanted]
    admitted = _admitted(connection, own + projects)
    sizes = _sizes(connection, own + projects)
    overflow, new = 0, []
    for family, claim, project in zip(wanted, own, projects, strict=True):
        chosen, mask = _choose(family, claim, project, admitted=admitted, sizes=sizes, limit=limit)
        overflow |= mask
        new += chosen
    _store(connection, new, now_ns)
    return overflow


def admit_distribution(connection: Connection, labels: tuple[str, ...], now_ns: int, limit: int) -> tuple[str, ...]:
    """The label set (tables.DISTRIBUTION_TEXTS) under which a histogram counts: this one, or the overflow's."""
    claim = _Claim(DISTRIBUTION_FAMILY, _digest(labels), DISTRIBUTION_SERIES)
    return labels if _is_admitted(connection, labels, claim, now_ns, limit) else (OTHER_LABEL,) * len(labels)


def admit_sender(connection: Connection, labels: tuple[str, ...], now_ns: int, limit: int) -> tuple[str, ...]:
    """The texts (quality_tables.QUALITY_TEXTS) under which a doubtful call counts: these, or the overflow's."""
    claim = _Claim(QUALITY_FAMILY, _digest(labels), 1)
    return labels if _is_admitted(connection, labels, claim, now_ns, limit) else overflow_sender(labels)


def _is_admitted(connection: Connection, labels: tuple[str, ...], claim: _Claim, now_ns: int, limit: int) -> bool:
    if labels[0] == OTHER_LABEL or _admitted(connection, [claim]):
        return True
    if _sizes(connection, [claim]).get(claim.family, 0) + claim.series <= limit:
        _store(connection, [claim], now_ns)
        return True
    rejected = _Claim(claim.family + _REJECTED, claim.digest, 1)
    if not _admitted(connection, [rejected]):
        _store(connection, [rejected], now_ns)
    return False


def _choose(
    family: CappedFamily,
    claim: _Claim,
    project: _Claim,
    *,
    admitted: set[tuple[str, bytes]],
    sizes: dict[str, int],
    limit: int,
) -> tuple[list[_Claim], int]:
    """What to store for one family, and its bits."""
    if claim[:2] in admitted:
        return [], 0
    if sizes.get(claim.family, 0) + claim.series <= limit:
        return [claim], 0
    if "project" not in family.texts or project[:2] in admitted:
        return [], family.overflow_bit
    if sizes.get(project.family, 0) + project.series <= limit:
        return [project], family.overflow_bit
    return [], family.overflow_bit | family.project_bit


def _claim_labels(family: CappedFamily, labels: Sequence[str]) -> _Claim:
    return _Claim(family.name, _digest(labels[at] for at in family.positions), family.multiplicity)


def _claim_project(family: CappedFamily, labels: Sequence[str]) -> _Claim:
    return _Claim(family.name + _PROJECTS, _digest([labels[_PROJECT]]), family.multiplicity)


def _digest(texts: Iterable[str]) -> bytes:
    return blake2b("\x1f".join(texts).encode(), digest_size=16).digest()


def _admitted(connection: Connection, claims: list[_Claim]) -> set[tuple[str, bytes]]:
    columns = family_series.c
    query = select(columns.family, columns.digest).where(
        columns.family.in_({claim.family for claim in claims}), columns.digest.in_({claim.digest for claim in claims})
    )
    return {(family, bytes(digest)) for family, digest in connection.execute(query)}


def _sizes(connection: Connection, claims: list[_Claim]) -> dict[str, int]:
    names = {claim.family for claim in claims}
    rows = connection.execute(
        select(family_size.c.family, family_size.c.admitted).where(family_size.c.family.in_(names))
    )
    return {family: count for family, count in rows}  # noqa: C416 - a Result has keys(), which dict() would take for a mapping


def _store(connection: Connection, claims: list[_Claim], now_ns: int) -> None:
    if not claims:
        return
    build = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    connection.execute(
        build(family_series),
        [{"family": claim.family, "digest": claim.digest, "created_at": now_ns} for claim in claims],
    )
    size = build(family_size)
    grow = size.on_conflict_do_update(
        index_elements=["family"], set_={"admitted": family_size.c.admitted + size.excluded.admitted}
    )
    connection.execute(grow, [{"family": claim.family, "admitted": claim.series} for claim in claims])
