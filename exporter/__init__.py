"""The ledger and the Prometheus/OpenTelemetry exporter for what AI agents cost."""

__version__ = "0.1.0"
