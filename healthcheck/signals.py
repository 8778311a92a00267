"""What the process is told by signals, as a queue that the main thread reads at its own pace."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from queue import Empty, SimpleQueue
from types import FrameType, MappingProxyType


class Order(Enum):
    """What somebody outside wants of the daemon."""

    STOP = "stop"
    RELOAD = "reload"
    RUN_NOW = "run_now"


ORDERS = MappingProxyType(
    {
        signal.SIGTERM: Order.STOP,
        signal.SIGINT: Order.STOP,
        signal.SIGHUP: Order.RELOAD,
        signal.SIGUSR1: Order.RUN_NOW,
    }
)


_LONGEST_DEAFNESS_SECONDS = 0.5


class Orders:
    """What was told and not yet read. `put` is for signal handlers, `get` for the main thread."""

    def __init__(self) -> None:
        # A handler runs between two instructions of whatever the main thread is doing, so it only puts:
        # SimpleQueue.put is made to be interrupted by itself.
        self._queue: SimpleQueue[Order] = SimpleQueue()

    def put(self, order: Order) -> None:
        """Take an order."""
        self._queue.put(order)

    def get(self) -> Order:
        """Wait for the next order, and return it.

        In short waits: Python runs a handler when the main thread comes back to Python. A signal that arrives
        just before a wait without end begins would be heard with the next one only (seen under load).
        """
        while True:
            try:
                return self._queue.get(timeout=_LONGEST_DEAFNESS_SECONDS)
            except Empty:
                continue


@contextmanager
def orders() -> Iterator[Orders]:
    """Collect signals; afterwards they do again what they did before. Must be entered in the main thread."""
    queue = Orders()

    def put(number: int, _frame: FrameType | None) -> None:
        queue.put(ORDERS[signal.Signals(number)])

    before = {number: signal.signal(number, put) for number in ORDERS}
    try:
        yield queue
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
