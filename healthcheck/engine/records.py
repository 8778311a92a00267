"""What the state remembers of one target: how each check stands, and which incidents follow from that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from healthcheck.engine.damping import NOTHING_STANDS, Standing, after_look
from healthcheck.engine.failures import CREDENTIALS_CHECK, cause_of, is_passing, stale
from healthcheck.engine.incidents import Contribution
from healthcheck.engine.keeping import kept
from healthcheck.engine.snapshot import CheckChanged, CheckState, Damping, TargetState
from healthcheck.engine.subjects import Belief, Beliefs, after_run, wants_look
from healthcheck.errors import FailureKind
from healthcheck.result import Result, Status, worst
from healthcheck.run import Cause, Run

if TYPE_CHECKING:
    from healthcheck.plan import BoundCheck, PlannedTarget

STALE_CADENCES = 3
"""A verdict that is older than so many cadences of its check is not a verdict any more."""

NOT_RUN_YET = "not_run_yet"
"""Nothing stands: the check has not run, or what it saw is to be confirmed. No alarm, and no all-clear either."""

STALE = "stale"

NEVER = datetime.max.replace(tzinfo=UTC)
NO_GAUGES: Mapping[str, float] = MappingProxyType({})
_NOTHING: Mapping[Cause, Contribution] = MappingProxyType({})

_SHARED = frozenset({FailureKind.NOT_PERMITTED.value, FailureKind.BAD_ANSWER.value, STALE})
"""Reasons for which checks of a target that name one subject have one cause, whichever comes first."""


@dataclass(slots=True)
class CheckRecord:
    """How one check stands on one target."""

    bound: BoundCheck
    view: CheckState
    """What surfaces show."""
    heard: datetime
    """When the check last had a verdict that stood, or a reason not to."""
    standing: Standing = NOTHING_STANDS
    beliefs: Beliefs = ()
    """What is believed of the subjects that fail, or may: each makes an incident."""
    look_at: datetime | None = None
    """When to look again before the next cadence, to confirm."""
    is_new: bool = True
    """Whether it never had a verdict to show."""

    @property
    def stale_from(self) -> datetime:
        """When what is shown becomes too old to be shown."""
        return self.heard + STALE_CADENCES * self.bound.every

    @property
    def has_verdict(self) -> bool:
        """Whether what is shown is more than that nothing is known yet, or what has kept it from being known."""
        is_known = self.standing.status is not None or self.view.status is not Status.UNKNOWN
        return is_known or self.view.reason == STALE

    def take(self, run: Run, damping: Damping, now: datetime) -> None:
        """Take note of a run. `refresh` then says what it changes on the surface."""
        before, is_stale = self.view.run, now >= self.stale_from
        run = kept(run, before)
        self.look_at = None
        if run.status is Status.SKIPPED:
            # What stood does not apply any more; should it apply again, it has to be seen again.
            self._forget(run.started)
        elif run.is_transient:
            # Once soon after, in case it has passed; not again and again against something that is overloaded.
            if before is None or not before.is_transient:
                self.look_at = now + timedelta(seconds=damping.confirm_seconds)
        elif run.status is not Status.BLOCKED:
            self._judge(run, damping, now, is_stale=is_stale)
        elif self.view.status is Status.BLOCKED:
            self.heard = run.started
        self.view = _changed(self.view, run=run)

    def _judge(self, run: Run, damping: Damping, now: datetime, *, is_stale: bool) -> None:
        if is_stale and self.standing.status is not None:
            # What stood is too old to be believed against what is seen now.
            self.standing, self.beliefs = NOTHING_STANDS, ()
        stood, self.standing = self.standing.status, after_look(self.standing, run.status, damping)
        if self.standing.status is not None:
            self.heard = run.started
        is_unsure = self.standing.looks > 0
        if not is_unsure:
            is_turn, patience = self.standing.status is not stood, STALE_CADENCES * self.bound.every
            before = self.beliefs
            self.beliefs = ()
            if run.status.needs_action:
                self.beliefs = after_run(before, run, damping, now, is_turn=is_turn, patience=patience)
                is_unsure = wants_look(before, self.beliefs)
        if is_unsure:
            self.look_at = now + timedelta(seconds=damping.confirm_seconds)

    def _forget(self, heard: datetime) -> None:
        self.standing, self.beliefs, self.heard = NOTHING_STANDS, (), heard

    def refresh(self, others: Mapping[str, CheckRecord], now: datetime, told: list[CheckChanged]) -> bool:
        """Bring what surfaces show up to date, add the change to `told`, and return whether anything changed."""
        before = self.view
        status, reason, cause = self._shown(others, now)
        if (status, reason, cause) == (before.status, before.reason, before.cause):
            return False
        if status is Status.BLOCKED and before.status is not Status.BLOCKED:
            self._forget(now)
        # Nothing but the passing of time changes what is shown of a check that never ran.
        run = before.run or self._never_ran(now)
        self.view = _changed(before, run=run, shown=(status, reason, cause), now=now)
        is_first = self.is_new
        self.is_new = is_first and not self.has_verdict
        if not self.is_new and (is_first or status is not before.status):
            was = None if is_first else before.status
            told.append(CheckChanged(before.target, before.check, was, status, reason, cause, run))
        return True

    def _shown(self, others: Mapping[str, CheckRecord], now: datetime) -> tuple[Status, str | None, str | None]:
        last, is_stale = self.view.run, now >= self.stale_from
        if last is not None and last.status is Status.BLOCKED:
            for cause in self.roots(others):
                return Status.BLOCKED, None, cause.check
            is_same = any(cause.check == self.view.cause for cause in last.causes)
            if self.view.status is Status.BLOCKED and is_same and not is_stale:
                # The way is free, and its own look comes at once: until then there is nothing better to say.
                return Status.BLOCKED, None, self.view.cause
        if is_stale:
            return Status.UNKNOWN, STALE, None
        if last is not None and last.status is Status.SKIPPED:
            return Status.SKIPPED, last.reason, None
        status = self.standing.status
        if status is None:
            # Nothing stands, so there is no alarm; but whoever looks is told what keeps the check from judging.
            is_kept_from_it = last is not None and last.is_transient and last.status is Status.UNKNOWN
            return Status.UNKNOWN, last.reason if last is not None and is_kept_from_it else NOT_RUN_YET, None
        said = [belief.result for belief in self.beliefs if belief.status is status]
        # What passes by itself is not what stands, where something else is.
        return status, next((result.reason for result in sorted(said, key=is_passing)), None), None

    def roots(self, others: Mapping[str, CheckRecord]) -> Iterator[Cause]:
        """Yield what blocks the check as far as it is shown: a root that is yet to be confirmed blocks nothing."""
        run = self.view.run
        for cause in run.causes if run is not None and run.status is Status.BLOCKED else ():
            root = others.get(cause.check)
            if root is not None and root.view.status is Status.CRITICAL:
                yield cause

    def _never_ran(self, now: datetime) -> Run:
        verdict = self.stale_verdict()
        return Run("", self.view.target, self.bound.id, verdict.status, now, 0.0, (verdict,))

    def faults(self) -> Iterable[Belief]:
        """Return what opens incidents: each subject that is believed to fail, or that nothing has been heard."""
        if not self.view.status.needs_action or not self.has_verdict:
            return ()
        if self.view.reason == STALE:
            verdict = self.stale_verdict()
            return (Belief(Standing(verdict.status), verdict, None, self.view.since, self.heard),)
        return (belief for belief in self.beliefs if belief.is_shown)

    def stale_verdict(self) -> Result:
        """Return what is to be said of the check when nothing has been heard for too long."""
        return stale(self.bound.check, self.view.target, self.heard, STALE_CADENCES * self.bound.every)


class TargetRecord:
    """How one target stands. Owned by the state, whose lock guards it."""

    __slots__ = (
        "_account",
        "_last_round",
        "_state",
        "checks",
        "contributions",
        "generation",
        "is_changed",
        "look_for_stale_at",
        "planned",
    )

    def __init__(self, planned: PlannedTarget, generation: int, now: datetime) -> None:
        self.planned = planned
        self.generation = generation
        """That of the plan which last changed this target; runs of earlier ones are about something else."""
        self.checks = {bound.id: _new(bound, planned.name, now) for bound in planned.checks}
        self.contributions: Mapping[Cause, Contribution] = _NOTHING
        self.is_changed = False
        """Whether what surfaces show has changed since `contributions` were worked out."""
        self._last_round: datetime | None = None
        self._account: str | None = None
        self._state: TargetState | None = None
        self.look_for_stale_at = self._next_stale()

    def keep(self, planned: PlannedTarget, generation: int, now: datetime) -> None:
        """Go on under a new plan: checks that it does not change keep what is known of them."""
        was, self.planned = self.planned, planned
        self._state, self.is_changed = None, True
        if planned.fingerprint != was.fingerprint:
            self.generation = generation
        is_same_place = replace(was.target, labels=planned.target.labels) == planned.target
        old, self.checks = self.checks, {}
        for bound in planned.checks:
            record = old.get(bound.id)
            if record is not None and is_same_place and record.bound == bound:
                record.bound = bound
                self.checks[bound.id] = record
            else:
                self.checks[bound.id] = _new(bound, planned.name, now)
        self.look_for_stale_at = self._next_stale()

    def take(self, run: Run, damping: Damping, now: datetime) -> list[CheckChanged]:
        """Take note of a run, and return what changes: the check, and what it blocks or frees."""
        record = self.checks[run.check]
        record.take(run, damping, now)
        self._state = None
        self.look_for_stale_at = min(self.look_for_stale_at, record.stale_from)
        if run.check == CREDENTIALS_CHECK:
            account = run.decisive.evidence.get("account")
            self._account = account if isinstance(account, str) else self._account
        told: list[CheckChanged] = []
        if record.refresh(self.checks, now, told):
            self.is_changed = True
            for other in self.checks.values():
                if _is_blocked_by(other.view.run, run.check):
                    other.refresh(self.checks, now, told)
        return told

    def expire(self, now: datetime) -> list[CheckChanged]:
        """Return what has become too old to be shown as it was."""
        told: list[CheckChanged] = []
        self._state, self.is_changed = None, True
        for record in self.checks.values():
            record.refresh(self.checks, now, told)
        self.look_for_stale_at = self._next_stale()
        return told

    def finish_round(self, at: datetime) -> None:
        """Note when all due checks last had a verdict."""
        self._last_round, self._state = at, None

    def contribute(self) -> Mapping[Cause, Contribution]:
        """Return this target's share in incidents, by cause. A blocked check never has one of its own."""
        heads: dict[Cause, Belief] = {}
        behind: dict[Cause, list[str]] = {}
        roots: dict[str, list[Cause]] = {}
        shared: dict[tuple[str | None, str], Cause] = {}
        for check_id, record in self.checks.items():
            if record.view.status is Status.BLOCKED:
                found = dict.fromkeys(
                    cause for root in record.roots(self.checks) for cause in roots.get(root.check, ())
                )
                for cause in found:
                    behind[cause].append(check_id)
                continue
            for belief in record.faults():
                cause = cause_of(check_id, belief.result, self.planned.target.source)
                if belief.joins is not None and belief.joins.subject == cause.subject:
                    cause = belief.joins
                if belief.result.reason in _SHARED:
                    cause = shared.setdefault((belief.result.reason, cause.subject), cause)
                head = heads.get(cause)
                if head is None or worst((head.status, belief.status)) is not head.status:
                    heads[cause] = belief
                followers = behind.setdefault(cause, [])
                if cause.check != check_id and check_id not in followers:
                    followers.append(check_id)
                if belief.status is Status.CRITICAL:
                    roots.setdefault(check_id, []).append(cause)
        return {
            cause: Contribution(
                head.status,
                head.result.reason,
                head.result.summary,
                head.result.fix,
                head.since,
                tuple(behind[cause]),
            )
            for cause, head in heads.items()
        } or _NOTHING

    @property
    def state(self) -> TargetState:
        """What surfaces show."""
        if self._state is None:
            views = tuple(record.view for record in self.checks.values())
            self._state = TargetState(
                target=self.planned.target,
                status=worst(view.status for view in views),
                account=self._account or self.planned.target.account,
                last_round=self._last_round,
                checks=views,
                gauges=_gauges(views),
            )
        return self._state

    def _next_stale(self) -> datetime:
        fresh = [record.stale_from for record in self.checks.values() if record.view.reason != STALE]
        return min(fresh, default=NEVER)


def _new(bound: BoundCheck, target: str, now: datetime) -> CheckRecord:
    view = CheckState(target, bound.id, Status.UNKNOWN, Status.UNKNOWN, NOT_RUN_YET, None, now, None, None)
    return CheckRecord(bound, view, now)


def _changed(
    view: CheckState,
    *,
    run: Run,
    shown: tuple[Status, str | None, str | None] | None = None,
    now: datetime | None = None,
) -> CheckState:
    """Return a view with another run, and with another status if one is given."""
    # By position: `replace` takes three times as long, and this is done for every run.
    status, reason, cause = shown or (view.status, view.reason, view.cause)
    since = view.since if now is None or status is view.status else now
    last_ok = run.started if run.status is Status.OK else view.last_ok
    return CheckState(view.target, view.check, status, run.status, reason, cause, since, last_ok, run)


def _is_blocked_by(run: Run | None, check_id: str) -> bool:
    return run is not None and run.status is Status.BLOCKED and any(cause.check == check_id for cause in run.causes)


def _gauges(views: Iterable[CheckState]) -> Mapping[str, float]:
    gauges: dict[str, float] = {}
    for view in views:
        for result in view.run.results if view.run is not None else ():
            gauges.update(result.gauges)
    return gauges or NO_GAUGES
