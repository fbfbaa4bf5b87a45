"""The same job in several threads."""

from __future__ import annotations

import threading
from collections.abc import Callable


def at_once(job: Callable[[int], None], threads: int) -> list[Exception]:
    """Run the job with the numbers from 0 on, each in a thread; what it raised, when all have ended."""
    failures: list[Exception] = []

    def run(number: int) -> None:
        try:
            job(number)
        except Exception as error:
            failures.append(error)

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return failures
