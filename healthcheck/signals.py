"""What the process is told by signals, as a queue that the main thread reads at its own pace."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from queue import SimpleQueue
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


@contextmanager
def orders() -> Iterator[SimpleQueue[Order]]:
    """Collect signals in a queue; afterwards they do again what they did before.

    Must be entered in the main thread. A handler runs between two instructions of whatever the
    main thread is doing, so it only puts: SimpleQueue.put is made to be interrupted by itself.
    """
    queue: SimpleQueue[Order] = SimpleQueue()

    def put(number: int, _frame: FrameType | None) -> None:
        queue.put(ORDERS[signal.Signals(number)])

    before = {number: signal.signal(number, put) for number in ORDERS}
    try:
        yield queue
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
