"""`make stack`: exporter, fleet, Collector, Prometheus and Alertmanager without Docker, until Ctrl-C.

They run on the loopback interface with the shipped configuration; what they leave is in .run/stack/: data, logs,
secrets and the configuration as it was moved to this machine.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from scripts.stack.addresses import Ports
from scripts.stack.configuration import ROOT, Choices, Place
from scripts.stack.guide import write_guide
from scripts.stack.processes import Trouble
from scripts.stack.stack import Stack


def main() -> int:
    place, choices = _read_arguments()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        _tell("Starting; Ctrl-C breaks it off ...")
        with Stack(place, choices, ended=ended, tell=_tell) as stack:
            stack.start_fleet()
            if not ended.is_set():
                _tell(write_guide(place))
            stack.last_until_ended()
            _tell("\nstopping: fleet, Collector, exporter, Prometheus, Alertmanager ...")
    except Trouble as trouble:
        print(f"make stack: {trouble}", file=sys.stderr)
        return 1
    print("stopped")
    return 0


def _tell(text: str) -> None:
    print(text, flush=True)


def _read_arguments() -> tuple[Place, Choices]:
    parser = argparse.ArgumentParser(prog="python -m scripts.stack", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--folder", type=Path, default=ROOT / ".run" / "stack", help="where everything goes that it writes"
    )
    parser.add_argument(
        "--receiver", help="who is told of alerts: webhook, slack or email, as prometheus/alertmanager/README.md says"
    )
    parser.add_argument("--no-past", action="store_true", help="begin with an empty ledger, which takes seconds")
    for name, default in Ports()._asdict().items():
        option = f"--{name.replace('_', '-')}-port"
        parser.add_argument(option, dest=name, type=int, default=default, metavar="PORT", help=f"default {default}")
    given = vars(parser.parse_args())
    choices = Choices(receiver=given.pop("receiver"), with_past=not given.pop("no_past"))
    return Place(given.pop("folder").absolute(), Ports(**given)), choices


if __name__ == "__main__":
    sys.exit(main())
