"""The monitor's one loop: descriptors, child exits, deadlines. On the launch path: no selectors, no signal module."""

from __future__ import annotations

import _signal
import os
import time
from select import POLLERR, POLLHUP, POLLIN, POLLNVAL, poll

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

READABLE = POLLIN | POLLHUP | POLLERR | POLLNVAL


def _ignore(number: int, frame: object) -> None:
    """A handler must exist for the wakeup descriptor to be written."""


class Loop:
    """Calls a descriptor's handler when it is ready, and `on_signal` for signals; one deadline a name."""

    def __init__(self, on_signal: Callable[[int], None], signals: tuple[int, ...]) -> None:
        self._poll = poll()
        self._handlers: dict[int, Callable[[int], None]] = {}
        self._deadlines: dict[str, tuple[float, Callable[[], None]]] = {}
        self._on_signal = on_signal
        self._wake, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        _signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in signals:
            _signal.signal(number, _ignore)
            _signal.siginterrupt(number, False)
        self.watch(self._wake, POLLIN, self._signalled)

    def watch(self, descriptor: int, events: int, handler: Callable[[int], None]) -> None:
        """Also changes what is waited for on a descriptor watched before."""
        self._handlers[descriptor] = handler
        self._poll.register(descriptor, events)

    def forget(self, descriptor: int) -> None:
        if self._handlers.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)

    def at(self, name: str, seconds: float, handler: Callable[[], None]) -> None:
        """Calls `handler` once in so many seconds, unless `cancel`led."""
        self._deadlines[name] = (time.monotonic() + seconds, handler)

    def cancel(self, name: str) -> None:
        self._deadlines.pop(name, None)

    def _signalled(self, events: int) -> None:
        for number in os.read(self._wake, 512):
            self._on_signal(number)

    def _patience(self) -> int | None:
        if not self._deadlines:
            return None
        soonest = min(moment for moment, _ in self._deadlines.values())
        return max(0, int((soonest - time.monotonic()) * 1000) + 1)

    def turn(self) -> None:
        """Waits for the next events and handles them."""
        for descriptor, events in self._poll.poll(self._patience()):
            handler = self._handlers.get(descriptor)
            if handler is not None:  # an earlier handler of this turn may have closed it
                handler(events)
        now = time.monotonic()
        for name, (moment, late) in list(self._deadlines.items()):
            if moment <= now:
                self._deadlines.pop(name, None)
                late()
