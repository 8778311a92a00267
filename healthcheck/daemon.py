"""The daemon: one plan, one scheduler, one state, and the surfaces that show it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

from healthcheck import __version__
from healthcheck.aws import Gateway
from healthcheck.config import ConfigError
from healthcheck.engine.discovery import Discovery
from healthcheck.engine.runner import Runner
from healthcheck.engine.scheduler import SKIP_CAUSES, Scheduler
from healthcheck.engine.snapshot import Asked, Damping, Snapshot
from healthcheck.engine.state import State
from healthcheck.host import LocalHost
from healthcheck.loading import Loader
from healthcheck.permissions import OPERATIONS
from healthcheck.plan import DaemonSettings, Plan
from healthcheck.registry import Registry
from healthcheck.surfaces import logs, server
from healthcheck.surfaces.metrics import Metrics
from healthcheck.surfaces.redaction import Redactor, secrets_in
from healthcheck.surfaces.web import watching
from healthcheck.surfaces.web.guard import Guard

LOG_EVENTS = (
    "daemon.started",
    "daemon.exposed",
    "daemon.stopping",
    "daemon.stopped",
    "config.reloaded",
    "config.refused",
    "config.restart_needed",
    "plugin.failed",
    "web_config.reloaded",
    "web_config.refused",
)
"""Names of the events that are logged here; they are promises to other programs."""

BEATS_WITHIN = timedelta(seconds=30)
"""A scheduler that has not been seen at work for so long is not healthy."""

TOLD_WITHIN = timedelta(seconds=30)
"""A daemon whose observers have been told nothing for so long, while something happened, is not healthy."""

STALE_AFTER_CADENCES = 3
"""A target whose last round is older than so many of its cadences is not ready."""

_LEAST_FAREWELL_SECONDS = 1.0
"""A request that is being answered may end, even if checks have used up the time."""

_LISTED_TARGETS = 20
_NEEDS_RESTART = (
    "listen",
    "workers",
    "log_format",
    "log_level",
    "log_check_finished",
    "enable_lifecycle",
    "web_config",
)
"""Settings that are read once."""


@dataclass(frozen=True, slots=True)
class ReloadOutcome:
    """What became of an attempt to read the settings again."""

    accepted: bool
    sentences: tuple[str, ...]
    """What is watched now, or each mistake with its place."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


def assemble(
    discovery: Discovery,
    *,
    environ: Mapping[str, str],
    cwd: Path,
    explicit: str | None,
    log_stream: TextIO,
    override: Callable[[DaemonSettings], DaemonSettings] = lambda settings: settings,
    clock: Callable[[], datetime] = _utc_now,
    host: LocalHost | None = None,
) -> Daemon:
    """Put a daemon together from what is installed, the environment and a settings file; nothing runs yet.

    Args:
        discovery: the checks.
        environ: the environment of this process.
        cwd: where `./healthcheck.yaml` is looked for.
        explicit: the settings file, if the user named one.
        log_stream: where the log goes.
        override: puts the command line's options in place of the file's settings.
        clock: the time, in UTC.
        host: the machine as checks see it; none = this one, seen as usual.
    """
    metrics = Metrics(version=__version__, checks=discovery.registry, skip_causes=SKIP_CAUSES)
    gateway = Gateway(environ=environ, clock=clock, on_call=metrics.count_call)
    loader = Loader(
        registry=discovery.registry,
        plugin_failures=discovery.failures,
        environ=environ,
        cwd=cwd,
        ambient_region=gateway.configured_region,
        explicit=explicit,
    )

    def load(generation: int) -> Plan:
        plan = loader(generation)
        return replace(plan, daemon=override(plan.daemon))

    return Daemon(
        load,
        discovery,
        gateway=gateway,
        host=host or LocalHost(environ),
        metrics=metrics,
        log_stream=log_stream,
        secrets=secrets_in(environ),
        clock=clock,
    )


class Daemon:
    """Watches until stopped. Owned by the command that starts it; its methods may be called from any thread.

    Raises:
        ConfigError: the settings, or the web configuration, have mistakes.
    """

    def __init__(
        self,
        load: Callable[[int], Plan],
        discovery: Discovery,
        *,
        gateway: Gateway,
        host: LocalHost,
        metrics: Metrics,
        log_stream: TextIO,
        secrets: Iterable[str] = (),
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._load = load
        self._discovery = discovery
        self._gateway = gateway
        self._metrics = metrics
        self._redactor = Redactor(secrets)
        self._clock = clock
        self._plan = load(0)
        self._web = watching.Web(self._plan.web_config, told=self._web_told)
        settings = self._plan.daemon
        self._logs = logs.configure(
            settings.log_format,
            settings.log_level,
            log_stream,
            colour=log_stream.isatty(),
            secrets=secrets,
            clock=clock,
            on_lost=metrics.count_lost_lines,
        )
        self._log = self._logs.logger
        event_log = logs.EventLog(
            self._log,
            target_count=lambda: len(self._plan.targets),
            check_finished=settings.log_check_finished,
            is_watched=self._logs.is_console,
        )
        self._runner = Runner(gateway, host, workers=settings.workers, cleaned=self._redactor.verdict)
        self._state = State(
            self._plan,
            damping=_damping(settings),
            clock=clock,
            observers=(metrics, event_log),
            plugin_failures=discovery.failures,
        )
        self._scheduler = Scheduler(
            self._plan, self._runner, self._state, clock=clock, on_skipped=metrics.count_skipped_round
        )
        self._server: server.Server | None = None
        self._reloading = threading.Lock()

    @property
    def url(self) -> str:
        """Where the page is; known once started."""
        return self._server.url if self._server else ""

    @property
    def registry(self) -> Registry:
        """The checks."""
        return self._discovery.registry

    def start(self) -> None:
        """Listen, and begin to look.

        Raises:
            CannotListen: the address cannot be had.
        """
        settings = self._plan.daemon
        self._server = server.serve(
            self,
            listen=settings.listen,
            version=__version__,
            lifecycle=settings.enable_lifecycle,
            guard=lambda: self._web.guard,
            clock=self._clock,
        )
        self._web.start()
        self._metrics.watch(
            rounds_running=lambda: self._runner.rounds_running,
            workers_abandoned=lambda: self._runner.abandoned_workers,
            heartbeat_timestamp_seconds=self._heartbeat,
        )
        self._metrics.reloaded(successful=True, at=self._clock())
        self._tell_start(self._server, settings)
        self._warm(self._plan)
        self._scheduler.start()

    def stop(self) -> bool:
        """Finish what runs, within the time that the settings give; return whether all of it ended by itself."""
        limit = time.monotonic() + self._plan.daemon.shutdown_seconds
        if self._server is not None:
            self._log.info("daemon.stopping", rounds_running=self._runner.rounds_running)
        self._scheduler.stop(_left(limit))
        is_quiet = self._runner.close(_left(limit))
        if self._server is not None:
            self._web.close()
            is_quiet = self._server.close(max(_left(limit), _LEAST_FAREWELL_SECONDS)) and is_quiet
            self._log.info("daemon.stopped", clean=is_quiet, workers_abandoned=self._runner.abandoned_workers)
        self._gateway.close()
        self._logs.close(max(_left(limit), _LEAST_FAREWELL_SECONDS))
        return is_quiet

    def reload(self) -> ReloadOutcome:
        """Read the settings and the web configuration again: put both in force, or keep the old ones and say why."""
        with self._reloading:
            mistakes = self._web.read_again().mistakes
            plan = self._plan
            try:
                plan = self._load(self._plan.generation + 1)
            except ConfigError as error:
                mistakes = (*(str(mistake) for mistake in error.mistakes), *mistakes)
            before = self._plan.path
            if before is not None and plan.path != before and not before.exists():
                # What stands in another place, or nothing at all, is not what somebody made of this file.
                mistakes = (f"{before}: the file is gone; put it back, or restart to watch without it", *mistakes)
            if mistakes:
                self._metrics.reloaded(successful=False, at=self._clock())
                self._log.error("config.refused", mistakes=mistakes, generation=self._plan.generation)
                return ReloadOutcome(accepted=False, sentences=tuple(map(self._redactor.text, mistakes)))
            waiting = _changed(self._plan.daemon, plan.daemon)
            self._warm(plan)
            self._plan = plan
            # Before the scheduler: of a source that is new, everything is to be kept from its first round on.
            self._gateway.keep(planned.target for planned in plan.targets)
            self._state.replace_plan(plan, damping=_damping(plan.daemon))
            self._scheduler.replace_plan(plan)
            self._metrics.reloaded(successful=True, at=self._clock())
        self._log.info("config.reloaded", **_watched(plan))
        if waiting:
            self._log.warning("config.restart_needed", settings=waiting)
        sentences = (_sentence(plan), *(f"{name} takes effect after a restart." for name in waiting))
        return ReloadOutcome(accepted=True, sentences=sentences)

    def run_all(self) -> None:
        """Look at every target now."""
        for planned in self._plan.targets:
            self.run_target(planned.name)

    def run_target(self, name: str) -> Asked:
        """Look at one target now."""
        if self._scheduler.run_now(name) is not None:
            return Asked.BEGUN
        return Asked.STOPPING if self._scheduler.is_stopped else Asked.ALREADY

    def snapshot(self) -> Snapshot:
        """Return how everything stands."""
        return self._state.snapshot()

    def metrics(self) -> bytes:
        """Return the metrics page."""
        return self._metrics.render(self._state.snapshot())

    def is_healthy(self) -> bool:
        """Whether the scheduler was seen at work lately, hung checks can be replaced, and observers are told."""
        return (
            self._clock() - self._scheduler.beat <= BEATS_WITHIN
            and self._runner.is_healthy
            and self._state.telling_lag <= TOLD_WITHIN
        )

    def is_ready(self) -> bool:
        """Whether every target has been looked at, and lately."""
        limits = {planned.name: STALE_AFTER_CADENCES * planned.cadence for planned in self._plan.targets}
        now = self._clock()
        return all(
            state.last_round is not None and now - state.last_round <= limits.get(state.target.name, timedelta.max)
            for state in self._state.snapshot().targets
        )

    def _web_told(self, outcome: watching.Outcome) -> None:
        self._metrics.web_reloaded(successful=not outcome.mistakes)
        if outcome.mistakes:
            self._log.error("web_config.refused", mistakes=outcome.mistakes)
            return
        guard = self._web.guard
        self._log.info(
            "web_config.reloaded",
            tls=guard.context is not None,
            client_certificates=guard.demands_certificate,
            user_count=len(guard.users),
        )
        if self._server is not None and self._server.is_exposed and (summary := _exposure(guard)):
            self._log.warning("daemon.exposed", listen=self._plan.daemon.listen, summary=summary)

    def _heartbeat(self) -> float:
        return self._scheduler.beat.timestamp()

    def _warm(self, plan: Plan) -> None:
        services = {
            OPERATIONS[call].service
            for planned in plan.targets
            for bound in planned.checks
            for call in bound.check.all_calls
        }
        self._gateway.warm((planned.target for planned in plan.targets), sorted(services))

    def _tell_start(self, running: server.Server, settings: DaemonSettings) -> None:
        self._log.info(
            "daemon.started", url=running.url, version=__version__, process_id=os.getpid(), **_watched(self._plan)
        )
        if running.is_exposed and (summary := _exposure(self._web.guard)):
            self._log.warning("daemon.exposed", listen=settings.listen, summary=summary)
        for failure in self._discovery.failures:
            self._log.error("plugin.failed", name=failure.name, package=failure.package, summary=failure.sentence)


def _exposure(guard: Guard) -> str | None:
    """Return what others can do to a server that they reach, if it is anything."""
    if not guard.demands_anything:
        open_to = "anybody who reaches this address can read the page and the API: no password and no certificate is "
        return open_to + "asked for; name a --web-config that does, or listen on 127.0.0.1"
    if guard.context is None:
        return (
            "passwords cross the network as they are: there is no TLS; add tls_server_config to the web configuration"
        )
    return None


def _damping(settings: DaemonSettings) -> Damping:
    return Damping(settings.failures_to_fail, settings.successes_to_recover, settings.confirm_seconds)


def _left(limit: float) -> float:
    return max(limit - time.monotonic(), 0.0)


def _watched(plan: Plan) -> dict[str, object]:
    return {
        "config": str(plan.path) if plan.path else None,
        "generation": plan.generation,
        "target_count": len(plan.targets),
        "check_count": sum(len(planned.checks) for planned in plan.targets),
        "targets": [planned.name for planned in plan.targets[:_LISTED_TARGETS]],
    }


def _sentence(plan: Plan) -> str:
    checks = sum(len(planned.checks) for planned in plan.targets)
    return f"{len(plan.targets)} targets with {checks} checks are watched, as {plan.path or 'the environment'} says."


def _changed(before: DaemonSettings, after: DaemonSettings) -> tuple[str, ...]:
    return tuple(name for name in _NEEDS_RESTART if getattr(before, name) != getattr(after, name))
