"""Small waiting requests do their work together.

A worker computes in one thread at a time (two Python threads that compete for the interpreter make
each database row three hundred times dearer), so requests queue for it anyway; whoever's turn comes
first takes along what waits.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from exporter.errors import Unavailable

T = TypeVar("T")
R = TypeVar("R")


class _Ticket(Generic[T, R]):
    __slots__ = ("answer", "is_done", "item")

    def __init__(self, item: T) -> None:
        self.item = item
        self.is_done = False
        self.answer: R | Exception | None = None


class Combiner(Generic[T, R]):
    """Calls `work` with what waits.  `work` answers each item with a result or an exception.

    At most `most` items go together, and no more than weigh `heaviest` between them: what is at work at
    once decides the memory that a worker needs, so heavy items go alone.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Sequence[R | Exception]],
        *,
        most: int,
        patience: float,
        weigh: Callable[[T], int] = lambda _item: 0,
        heaviest: int = 0,
    ) -> None:
        self._work = work
        self._most = most
        self._patience = patience
        self._weigh = weigh
        self._heaviest = heaviest
        self._turn = threading.Lock()
        self._waiting: deque[_Ticket[T, R]] = deque()

    def submit(self, item: T) -> R:
        """The answer for `item`; raises what `work` answered, or Unavailable when its turn does not come in time."""
        ticket: _Ticket[T, R] = _Ticket(item)
        self._waiting.append(ticket)
        if not self._turn.acquire(timeout=self._patience):
            self._withdraw(ticket)
            raise Unavailable("the ledger is busy", retry_after=2)
        try:
            while not ticket.is_done:
                self._serve()
        finally:
            self._turn.release()
        answer, ticket.answer = ticket.answer, None
        if not isinstance(answer, Exception):
            return answer  # type: ignore[return-value]  # a done ticket that is no exception holds an R
        try:
            raise answer
        finally:
            # The error knows this frame, which knows the item: megabytes would wait for the garbage collector.
            del answer

    def run_alone(self, job: Callable[[], None]) -> None:
        """Run something else while no request works."""
        with self._turn:
            job()

    def _serve(self) -> None:
        tickets = self._take()
        for ticket, answer in zip(tickets, self._answers(tickets), strict=True):
            ticket.answer = answer
            ticket.is_done = True

    def _take(self) -> list[_Ticket[T, R]]:
        tickets: list[_Ticket[T, R]] = []
        weight = 0
        # A request that gives up takes its ticket away meanwhile, so a count made before is no promise.
        with suppress(IndexError):
            while len(tickets) < self._most:
                ticket = self._waiting.popleft()
                weight += self._weigh(ticket.item)
                if tickets and weight > self._heaviest:
                    self._waiting.appendleft(ticket)
                    break
                tickets.append(ticket)
        return tickets

    def _answers(self, tickets: Sequence[_Ticket[T, R]]) -> Sequence[R | Exception]:
        try:
            return self._work([ticket.item for ticket in tickets])
        except Exception as error:  # noqa: BLE001 - whatever it is, every waiting request must hear of it
            if isinstance(error, Unavailable) or len(tickets) < 2:
                return [error] * len(tickets)
        # One of them brought trouble that nobody foresaw; the others must not suffer for it.
        return [self._alone(ticket) for ticket in tickets]

    def _alone(self, ticket: _Ticket[T, R]) -> R | Exception:
        try:
            return self._work([ticket.item])[0]
        except Exception as error:  # noqa: BLE001 - it is this request's answer
            return error

    def _withdraw(self, ticket: _Ticket[T, R]) -> None:
        try:
            self._waiting.remove(ticket)
        except ValueError:
            # Somebody is serving it right now; the sender retries and identity makes that harmless.
            pass
