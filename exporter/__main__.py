"""`python -m exporter` is the command `agent-exporter`."""

from __future__ import annotations

from exporter.cli.main import main

if __name__ == "__main__":
    main()
