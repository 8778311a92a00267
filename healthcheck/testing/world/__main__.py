"""Run the world until told to stop: ``python -m healthcheck.testing.world [--port PORT] [SETUP …]``."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
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
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

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
    threading.Thread(target=_wait_for_end, args=(stopping,), daemon=True).start()
    stopping.wait()
    world.close()
    return 0


def _wait_for_end(stopping: threading.Event) -> None:
    sys.stdin.read()
    stopping.set()


if __name__ == "__main__":
    sys.exit(main())
