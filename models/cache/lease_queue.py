"""The lease book shared by threads: requests enter, wait for their grant, and end."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from models.cache.lease_book import LeaseBook, Ticket
from models.errors import JobStopped, WaitedTooLong
from models.waiting import report_place

STOP_POLL_SECONDS = 0.05
"""How often a waiting thread checks whether its job was stopped."""


class LeaseQueue:
    """A `LeaseBook` behind one lock, which is held for microseconds and never while a model loads.

    `changed` is held while `book` is read or changed.
    """

    def __init__(self, book: LeaseBook, free_bytes: Callable[[], int], clock: Callable[[], float]) -> None:
        """Build an empty queue; `free_bytes` measures the device's memory that models may take."""
        self.book = book
        self.changed = threading.Condition(threading.Lock())
        self._free_bytes = free_bytes
        self._clock = clock
        self._ended: deque[Ticket] = deque()

    def enter(self, ticket: Ticket, crowded: Ticket | None = None) -> Ticket:
        """Put a request in line, and grant it at once if nothing is in its way.

        Args:
            ticket: the request.
            crowded: the request to make in its place if the models of one of both are in use or wanted.

        Returns:
            The one that stands in line.

        Raises:
            QueueFull: as many as allowed are waiting already.
        """
        with self.changed:
            self.settle()
            if crowded is not None and self.book.is_wanted(ticket.identities | crowded.identities):
                ticket = crowded
            self.book.enter(ticket)
            self.admit()
            return ticket

    def await_grant(self, ticket: Ticket, deadline: float, timeout_seconds: float, should_stop: Callable[[], bool]) -> None:
        """Return when the ticket is granted.

        Raises:
            WaitedTooLong: the clock passed `deadline`, which is `timeout_seconds` after the request came.
            JobStopped: `should_stop()` said so.
            ModelError: the ticket failed.
        """
        try:
            self._await_turn(ticket, deadline, timeout_seconds, should_stop)
        finally:
            report_place(0)

    def _await_turn(self, ticket: Ticket, deadline: float, timeout_seconds: float, should_stop: Callable[[], bool]) -> None:
        while not ticket.granted:
            if ticket.error:
                raise ticket.error
            if should_stop():
                raise JobStopped
            if self._clock() >= deadline:
                raise WaitedTooLong(timeout_seconds)
            with self.changed:
                if not ticket.granted and not ticket.error:
                    report_place(self.book.jobs_ahead(ticket))
                    self.changed.wait(STOP_POLL_SECONDS)
                self.settle()

    def return_to_front(self, ticket: Ticket) -> None:
        """Put a granted ticket that did not find its memory first in line again."""
        with self.changed:
            self.book.return_to_queue(ticket, self._clock())
            self.admit()

    def leave(self, ticket: Ticket) -> None:
        """Take out a ticket whose request failed, waiting or granted."""
        with self.changed:
            self.book.withdraw(ticket)
            self._ended.append(ticket)
            self.admit()

    def end(self, ticket: Ticket) -> None:
        """End a granted ticket.

        The garbage collector may close an abandoned generator, and so call this, while this very thread is keeping the book.
        Then the lock stays out of reach, and the next thread that holds the lock ends the ticket.
        """
        self._ended.append(ticket)
        if self.changed.acquire(timeout=STOP_POLL_SECONDS):
            try:
                self.settle()
            finally:
                self.changed.release()

    def settle(self) -> None:
        """End the tickets whose leases are over. The lock is held."""
        if self._ended:
            self.admit()

    def admit(self) -> None:
        """Grant every ticket that can go now, and wake the waiting threads. The lock is held."""
        while self._ended:
            ticket = self._ended.popleft()
            if ticket.granted:
                self.book.release(ticket, self._clock())
        self.book.admit(self._free_bytes)
        self.changed.notify_all()
