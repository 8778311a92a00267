"""The metrics page: targets and incidents from the snapshot, and the process's own counts."""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.registry import Collector

from healthcheck.check import Check
from healthcheck.engine.snapshot import Event, RoundFinished, Snapshot
from healthcheck.result import Status
from healthcheck.run import Run
from healthcheck.surfaces import series
from healthcheck.surfaces.exposition import CONTENT_TYPE, Family
from healthcheck.surfaces.families import BY_NAME, FAMILIES, contributed

__all__ = ["CONTENT_TYPE", "FAMILIES", "Metrics"]

_DURATION_BUCKETS_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LAG_BUCKETS_SECONDS = (0.005, 0.02, 0.1, 0.5, 1, 5, 30, 120)

# A blocked or skipped run asked nobody: its zero seconds would hide how long looking takes.
_DID_NOT_LOOK = frozenset({Status.BLOCKED, Status.SKIPPED})


class Metrics:
    """Counts events, and renders the page of one snapshot. May be used from any thread.

    Owned by the daemon. The verdicts are the snapshot's; only counts are kept here.
    """

    def __init__(self, *, version: str, checks: Iterable[Check] = (), skip_causes: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._targets = series.targets(contributed(checks))
        self._incidents = series.incidents()
        self._own = CollectorRegistry()
        self._runs = self._counter("check_runs_total")
        self._durations = self._histogram("check_duration_seconds", _DURATION_BUCKETS_SECONDS)
        self._calls = self._counter("aws_api_calls_total")
        self._lag = self._histogram("scheduler_lag_seconds", _LAG_BUCKETS_SECONDS)
        self._skipped_rounds = self._counter("scheduler_skipped_rounds_total")
        for cause in skip_causes:
            # A counter that appears with its first count shows no increase.
            self._skipped_rounds.labels(cause=cause)
        self._lost_lines = self._counter("log_lines_lost_total")
        self._rounds_running = self._gauge("rounds_running")
        self._workers_abandoned = self._gauge("workers_abandoned")
        self._heartbeat = self._gauge("heartbeat_timestamp_seconds")
        self._reload_successful = self._gauge("config_last_reload_successful")
        self._reload_success_time = self._gauge("config_last_reload_success_timestamp_seconds")
        self._web_reload_successful = self._gauge("web_config_last_reload_successful")
        self._web_reload_successful.set(1)
        self._plugin_failures = self._gauge("plugin_failures")
        self._gauge("build_info").labels(version=version, python=platform.python_version()).set(1)

    def __call__(self, event: Event) -> None:
        """Count a run, or a round's lag; other events change only the snapshot."""
        if isinstance(event, Run):
            self._runs.labels(check=event.check, status=event.status.value).inc()
            if event.status not in _DID_NOT_LOOK:
                self._durations.labels(check=event.check).observe(event.duration_seconds)
        elif isinstance(event, RoundFinished):
            self._lag.observe(event.lag_seconds)

    def count_call(self, service: str, operation: str, outcome: str) -> None:
        """Count a call to AWS, or an answer that spared one."""
        self._calls.labels(service=service, operation=operation, outcome=outcome).inc()

    def count_skipped_round(self, cause: str) -> None:
        """Count a round that was due and did not begin."""
        self._skipped_rounds.labels(cause=cause).inc()

    def count_lost_lines(self, lines: int) -> None:
        """Count lines that the log could not be given."""
        self._lost_lines.inc(lines)

    def reloaded(self, *, successful: bool, at: datetime) -> None:
        """Note whether the settings that were just read are in force."""
        self._reload_successful.set(successful)
        if successful:
            self._reload_success_time.set(at.timestamp())

    def web_reloaded(self, *, successful: bool) -> None:
        """Note whether the web configuration that was just read is in force."""
        self._web_reload_successful.set(successful)

    def watch(
        self,
        *,
        rounds_running: Callable[[], float],
        workers_abandoned: Callable[[], float],
        heartbeat_timestamp_seconds: Callable[[], float],
    ) -> None:
        """Read these at each scrape; until then they are 0."""
        self._rounds_running.set_function(rounds_running)
        self._workers_abandoned.set_function(workers_abandoned)
        self._heartbeat.set_function(heartbeat_timestamp_seconds)

    def render(self, snapshot: Snapshot) -> bytes:
        """Return the page. Costs milliseconds: only what changed since the last call is rendered anew."""
        with self._lock:
            pieces = [*self._targets.page(snapshot.targets), *self._incidents.page(snapshot.incidents)]
            self._plugin_failures.set(len(snapshot.plugin_failures))
        pieces.append(generate_latest(_WithoutCreated(self._own)))
        return b"".join(pieces)

    def _counter(self, name: str) -> Counter:
        family = BY_NAME[name]
        return Counter(family.name, family.help, family.labels, registry=self._own)

    def _gauge(self, name: str) -> Gauge:
        family = BY_NAME[name]
        return Gauge(family.name, family.help, family.labels, registry=self._own)

    def _histogram(self, name: str, buckets: tuple[float, ...]) -> Histogram:
        family: Family = BY_NAME[name]
        return Histogram(family.name, family.help, family.labels, registry=self._own, buckets=buckets)


class _WithoutCreated(Collector):
    """The process's families without the ``_created`` series, which the table does not declare.

    prometheus_client's own switch for them is global to the interpreter.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric
