"""The demo itself: a world beside the daemon, until Ctrl-C."""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import TextIO

from healthcheck.daemon import assemble
from healthcheck.demo import folders, reaching, shell, state
from healthcheck.demo.errors import DemoError
from healthcheck.demo.scene import BROKEN_AT_FIRST, TARGETS, adapt
from healthcheck.engine.discovery import discover
from healthcheck.host import LocalHost
from healthcheck.plan import DaemonSettings
from healthcheck.signals import Order, orders
from healthcheck.surfaces.redaction import Redactor, secrets_in
from healthcheck.testing.world.faults import find
from healthcheck.testing.world.remote import start

Tell = Callable[[str], None]

_FOREIGN = ("AWS_", "SAGEMAKER_")
_LOOKS_REMEMBERED_SECONDS = 1.0
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle"})


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asked for."""

    listen: str | None = None
    """Address and port of page, metrics and API; none = the daemon's usual."""
    break_fault: str | None = None
    """A fault to break in the demo that is running."""
    mend_fault: str | None = None
    list_faults: bool = False
    program: str = "sagemaker-healthcheck"
    """How this program is called in the shell that it was called from; for commands to paste."""


def run(wish: Wish, *, environ: Mapping[str, str], tell: Tell, log_stream: TextIO) -> int:
    """Do what was asked: run the demo until it is told to stop, or reach into the one that runs.

    Args:
        wish: what was asked.
        environ: the environment of this process.
        tell: prints a line.
        log_stream: where the daemon's log goes.

    Raises:
        DemoError: it cannot be done; the sentence says what to do.
        UnknownFault: there is no such fault.
    """
    path = state.place(environ)
    running = state.read(path)
    if wish.list_faults:
        tell(reaching.catalogue(running))
        return 0
    if wish.break_fault or wish.mend_fault:
        # A fault that does not exist is told even where no demo runs.
        find((wish.break_fault or wish.mend_fault or "").partition("@")[0])
        if running is None:
            raise DemoError(f"no demo is running; start one in another terminal: {wish.program} demo")
        if wish.break_fault:
            reaching.break_(running, wish.break_fault, tell, program=wish.program)
        else:
            reaching.mend(running, str(wish.mend_fault), tell)
        return 0
    if running is not None and reaching.is_there(running):
        raise DemoError(
            f"a demo is running already: process {running.process_id}, {running.daemon_url} (Ctrl-C there ends it)"
        )
    _require_moto()
    _show(wish, path, environ, tell, log_stream)
    return 0


def _require_moto() -> None:
    if importlib.util.find_spec("moto") is None:
        raise DemoError(
            "the demo needs moto, which is not installed; in this program's source: make demo, or "
            "python3 -m pip install '.[demo]'"
        )


def _show(wish: Wish, path: Path, environ: Mapping[str, str], tell: Tell, log_stream: TextIO) -> None:
    tell("Building an imitation of AWS on this machine …")
    folders.sweep()
    cleaned = Redactor(secrets_in(environ)).text
    with folders.own() as name, start(setups=TARGETS) as world:
        for fault, setup in BROKEN_AT_FIRST:
            world.break_(fault, setup)
        directory = Path(name)
        client = world.client(directory, TARGETS, adapt)
        inhabited = shell.write(directory, client, foreign=_FOREIGN, names=_PROXIES)
        with _inhabited(client.environ):
            daemon = assemble(
                discover(cleaned=cleaned),
                environ=os.environ,
                cwd=directory,
                explicit=str(client.settings),
                log_stream=log_stream,
                # A look at an address usually serves half a minute; here somebody is waiting for what was broken.
                host=LocalHost(os.environ, remembered_seconds=_LOOKS_REMEMBERED_SECONDS),
                override=lambda settings: _listening(settings, wish.listen),
            )
            try:
                with orders() as received:
                    daemon.start()
                    state.write(path, state.RunningDemo(os.getpid(), world.url, daemon.url, name))
                    _welcome(daemon.url, wish.program, inhabited, tell)
                    while (order := received.get()) is Order.RUN_NOW:
                        daemon.run_all()
                    # Else the terminal was closed (a daemon would reload): there is nobody to tell, and it ends.
                    if order is Order.STOP:
                        tell("\nStopping …")
            finally:
                state.forget(path)
                daemon.stop()


def _listening(settings: DaemonSettings, listen: str | None) -> DaemonSettings:
    return replace(settings, listen=listen) if listen else settings


def _welcome(url: str, program: str, inhabited: Path, tell: Tell) -> None:
    tell(f"""
The daemon is watching {len(TARGETS)} set-ups; nothing leaves this machine.

  page      {url}/
  metrics   {url}/metrics
  API       {url}/api/v1/status

Broken at first, to be found by it:""")
    for fault_id, setup in BROKEN_AT_FIRST:
        tell(f"  {setup:<10}{find(fault_id).sentence}")
    tell(f"""
In another terminal:
  {program} demo --faults               # what can be broken
  {program} demo --break role-deleted   # break it; page and metrics follow within seconds
  {program} demo --mend role-deleted    # mend it again

The doctor, and every other command, on the same accounts:
  (. {quote(str(inhabited))}; {program} run)

Ctrl-C ends it.
""")


@contextlib.contextmanager
def _inhabited(environ: Mapping[str, str]) -> Iterator[None]:
    """Let this process have the client's AWS environment and none of its own: botocore reads it by itself."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(_FOREIGN) or name.lower() in _PROXIES:
            del os.environ[name]
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
