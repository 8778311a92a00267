"""How this process's interpreter shares time among threads and looks for garbage.

Of the daemon, measured with 15,000 targets beside a sweep that saturates the interpreter, the 99th percentile of how
late rounds begin: 900 ms as Python comes, 250 ms with threads that give way, 50 ms with short pauses, too.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH_SECONDS = 0.0005
"""How long a thread keeps the interpreter when others want it. At Python's 5 ms the scheduler and scrapes stand behind
dozens of workers; less than this costs workers more than it brings (a saturating sweep takes 15 % longer as it is)."""

SETTLE_SECONDS = 60.0
"""How often what has been kept so far is taken out of the collector's sight: to look through all of it takes 200 ms,
in which nothing else happens; to look through a minute's worth takes a fifth of that."""

THOROUGH_EVERY = 60
"""Once in so many times all is looked through: what a reload has dropped may hold itself in circles."""

SHORT_LIVED = 100_000
"""Objects that are made between two looks for garbage by a command that looks once: it reads AWS's models, none of
which ever is garbage. Python's own 700 cost it a tenth of its CPU."""


@contextmanager
def short_lived() -> Iterator[None]:
    """Look for garbage seldom, as long as a command runs that ends soon."""
    before = gc.get_threshold()
    gc.set_threshold(SHORT_LIVED)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def tuned(settle_seconds: float = SETTLE_SECONDS) -> Iterator[None]:
    """Tune this process's interpreter, once all that stays to the end is loaded; undo it at the end."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    _settle()
    is_over = threading.Event()
    settler = threading.Thread(
        target=_keep_settling, args=(is_over, settle_seconds), name="healthcheck-collector", daemon=True
    )
    settler.start()
    try:
        yield
    finally:
        is_over.set()
        settler.join()
        gc.unfreeze()
        sys.setswitchinterval(before)


def _settle() -> None:
    # Collected first, so that no circle of garbage is kept; what is frozen still goes by its count of references.
    gc.collect()
    gc.freeze()


def _keep_settling(is_over: threading.Event, seconds: float) -> None:
    turn = 0
    while not is_over.wait(seconds):
        turn += 1
        if turn % THOROUGH_EVERY == 0:
            gc.unfreeze()
        _settle()
