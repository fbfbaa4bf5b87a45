"""Every setting, once: type, default, help, its key in the file and its environment variable.

The reference in docs/configuration.md is made from this table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from exporter.dialects.registry import METRIC_DIALECTS
from exporter.settings import credentials, values
from exporter.settings.policy import EMPTY_POLICY, Policy
from exporter.settings.secret import PLACEHOLDER, Secret, url_secret, url_without_password

ENVIRONMENT_PREFIX: Final = "AGENT_EXPORTER_"
CONFIG_VARIABLE: Final = "AGENT_EXPORTER_CONFIG"
DEFAULT_CONFIG: Final = "agent-exporter.yml"

T = TypeVar("T")


class Setting(NamedTuple):
    """One row of the table."""

    name: str
    """Attribute of `Settings`."""
    key: str
    """Dotted path in the file."""
    default: Any
    """As it would be written in the file."""
    read: Callable[[object], Any]
    help: str
    mask: Callable[[Any], Any]
    """What may be shown of a value that was written."""

    @property
    def variable(self) -> str:
        return ENVIRONMENT_PREFIX + self.key.replace(".", "_").upper()


class Written(NamedTuple):
    """A setting as somebody wrote it, secrets hidden, and where: an environment variable, or a file and its line."""

    value: Any
    origin: str


def setting(
    read: Callable[[object], T],
    default: object,
    text: str,
    *,
    key: str = "",
    mask: Callable[[Any], Any] = lambda value: value,
) -> T:
    """A field of `Settings` whose default is read as if it stood in the file."""
    row = {"key": key, "default": default, "read": read, "help": text, "mask": mask}
    return field(default=read(default), metadata={"setting": row})


def _header_names(value: object) -> object:
    return dict.fromkeys(value, PLACEHOLDER) if isinstance(value, Mapping) else PLACEHOLDER


def _token_names(value: object) -> object:
    if not isinstance(value, list):
        return PLACEHOLDER
    return [item.get("name") if isinstance(item, Mapping) else PLACEHOLDER for item in value]


def _without_password(value: object) -> object:
    return url_without_password(value) if isinstance(value, str) else value


def _database(value: object) -> Secret:
    return url_secret(values.database_url(value))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one process, each read and judged; durations are nanoseconds, sizes bytes."""

    database_url: Secret = setting(  # noqa: RUF009 - makes a field, whose default is immutable
        _database,
        "sqlite:///agent-exporter.db",
        "The ledger: `sqlite:///` and a path, or `postgresql://user@host:5432/database`.",
        mask=_without_password,
    )
    database_password_file: str = setting(
        values.optional_text,
        "",
        "File that holds the password of the database's user, instead of a password in the URL.",
    )
    lock_timeout_ns: int = setting(
        values.required_duration("100ms"),
        "5s",
        "How long a writer waits for its turn before the request is answered 503 with Retry-After.",
        key="lock_timeout",
    )
    listen: values.Listen = setting(  # noqa: RUF009 - as above
        values.listen,
        "127.0.0.1:4318",
        "Address of the HTTP service. Beyond loopback it needs `tokens`.",
    )
    tokens: tuple[credentials.Token, ...] = setting(
        credentials.tokens,
        [],
        "Bearer tokens: a list of `{name, roles, file}`; roles are `ingest`, `read`, `operate`. All are valid at once.",
        mask=_token_names,
    )
    trusted_proxies: int = setting(
        values.integer(0, 16),
        0,
        "Number of reverse proxies in front whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.",
    )
    workers: int | None = setting(
        values.automatic_or(values.integer(1, 256)),
        "auto",
        "Worker processes; `auto` is one for each core. On SQLite never more than there are cores.",
    )
    threads: int = setting(
        values.integer(2, 64),
        8,
        "Threads of a worker. They read bodies and answer scrapes; one at a time decodes and books.",
    )
    intake_slots: int | None = setting(
        values.automatic_or(values.integer(1, 63)),
        "auto",
        "Threads of a worker that intake may hold; `auto` leaves one for health and scrape.",
    )
    max_body_bytes: int = setting(
        values.size(1024),
        "64MiB",
        "Largest body of a request, compressed or not. A larger one is answered 413.",
    )
    max_inflight_bytes: int = setting(
        values.size(1024),
        "96MiB",
        "Decompressed bytes that one worker holds at a time. Beyond that requests are answered 503.",
    )
    settle_ns: int = setting(
        values.seconds,
        60,
        "How long a usage that may have a twin waits for it before it is charged (rule R7).",
        key="settle_seconds",
    )
    settle_horizon_ns: int = setting(
        values.required_duration("1m"),
        "24h",
        "How long the shape of a trace is kept, so that late spans settle as if they had come in time.",
        key="settle_horizon",
    )
    accept_age_ns: int | None = setting(
        values.duration("1h", none="unlimited"),
        "400d",
        "Calls older than this are refused as `too_old`; identity keys are kept as long. `unlimited` for imports.",
        key="accept_age",
    )
    charge_metrics_of: tuple[str, ...] = setting(
        values.names_among(METRIC_DIALECTS),
        ["claude_code"],
        "Dialects whose metric points are charged where no span or log record of the same source says the same.",
    )
    series_limit: int = setting(
        values.integer(1, 1_000_000),
        10_000,
        "Series of one metric family. The first stay, what comes later is counted in `__other__`.",
    )
    gen_ai_client: str = setting(
        values.choice("old", "current", "both", "off"),
        "both",
        "Generations of the conventions' client metrics to publish: `old` are the histograms, `current` the counters.",
    )
    exemplars: bool = setting(values.boolean, True, "Whether OpenMetrics answers link metrics to traces.")
    push_endpoint: str = setting(
        values.http_url,
        "",
        "OTLP/HTTP base URL to which the same metrics are pushed; empty is off.",
        key="push.endpoint",
    )
    push_interval_ns: int = setting(
        values.required_duration("1s"), "60s", "Time from push to push.", key="push.interval"
    )
    push_headers: tuple[credentials.Header, ...] = setting(
        credentials.headers,
        {},
        "Headers of the push: name to text, or to `{file: …}`.",
        key="push.headers",
        mask=_header_names,
    )
    audit_interval_ns: int | None = setting(
        values.duration("10s", none="off"),
        "1h",
        "Time from one audit of totals against the ledger to the next; `off` for none.",
        key="audit_interval",
    )
    timezone: str = setting(values.time_zone, "UTC", "Zone of days in reports that name none. Budgets have their own.")
    log_level: str = setting(
        values.choice("debug", "info", "warning", "error"), "info", "Least severe message that is logged."
    )
    log_format: str = setting(values.choice("text", "json"), "text", "Log lines for people or for programs.")

    policy: Policy = EMPTY_POLICY
    """By what calls are booked and judged; versioned in the database."""
    config: str = ""
    """Path of the file that was read; empty when there was none."""
    written: Mapping[str, Written] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """The settings that were given, by key; the others have their default."""

    @property
    def on_sqlite(self) -> bool:
        return self.database_url.reveal().startswith("sqlite:")

    @property
    def intake_slot_count(self) -> int:
        """Threads of a worker that intake may hold; always fewer than there are."""
        return self.intake_slots or self.threads - 1

    def worker_count(self, cores: int) -> int:
        """Processes to start on a machine; more than its cores only make SQLite's writers wait."""
        wanted = self.workers or cores
        return min(wanted, cores) if self.on_sqlite else wanted


SETTINGS: Final = tuple(
    Setting(name=one.name, **{**one.metadata["setting"], "key": one.metadata["setting"]["key"] or one.name})
    for one in fields(Settings)
    if "setting" in one.metadata
)
KEYS: Final = tuple(row.key for row in SETTINGS)
GROUPS: Final = frozenset(key.partition(".")[0] for key in KEYS if "." in key)
"""Keys that hold a mapping of settings."""
