"""Run the world until told to stop: ``python -m healthcheck.testing.world [--port PORT] [SETUP …]``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from queue import Empty, SimpleQueue
from types import FrameType

from healthcheck.errors import HealthcheckError


def main() -> int:
    """Start, say where, wait for SIGTERM, SIGINT or the end of standard input's owner, and stop."""
    parser = argparse.ArgumentParser(prog="python -m healthcheck.testing.world", description=__doc__)
    parser.add_argument("setups", nargs="*", metavar="SETUP", help="set-ups to build; none = all")
    parser.add_argument("--port", type=int, default=0, help="port of the control; 0 = any that is free")
    arguments = parser.parse_args()
    try:
        from healthcheck.testing.world.world import BLUEPRINTS, World  # noqa: PLC0415 - moto may be missing
    except ModuleNotFoundError as error:
        sys.stderr.write(f"{error.name} is not installed; install sagemaker-healthcheck[demo]\n")
        return 3
    # A handler runs between two instructions of whatever the main thread is doing; unlike an Event's lock,
    # SimpleQueue.put is made to be interrupted by itself.
    endings: SimpleQueue[None] = SimpleQueue()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        endings.put(None)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        world = World(
            tuple(b for b in BLUEPRINTS if not arguments.setups or b.name in arguments.setups), port=arguments.port
        )
    except (HealthcheckError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 3
    sys.stdout.write(json.dumps({"url": world.url}) + "\n")
    sys.stdout.flush()
    # Whoever started us may be killed without a word; then standard input ends.
    threading.Thread(target=_wait_for_end, args=(endings,), daemon=True).start()
    # In short waits: a signal that arrives just before a wait without end begins would not be heard.
    while not ended(endings):
        pass
    world.close()
    return 0


def ended(endings: SimpleQueue[None]) -> bool:
    """Wait a moment for the end."""
    try:
        endings.get(timeout=0.5)
    except Empty:
        return False
    return True


def _wait_for_end(endings: SimpleQueue[None]) -> None:
    sys.stdin.read()
    endings.put(None)


if __name__ == "__main__":
    sys.exit(main())
