"""What is believed of each subject that a check finds fault with: one incident each. Pure steps from run to run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from healthcheck.engine.damping import Standing, after_look
from healthcheck.engine.failures import is_passing
from healthcheck.engine.snapshot import Damping
from healthcheck.result import SEVERITY, Result, Status
from healthcheck.run import Cause, Run

_FINE = Standing(Status.OK)


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of one subject. Of those that are fine none is kept."""

    standing: Standing
    """Ok while a fault of it is yet to be confirmed."""
    result: Result
    """The last that agreed with what stands: the words and the fix of its incident."""
    joins: Cause | None
    """The incident that the run of this result belongs to."""
    since: datetime
    """When what stands began."""
    seen: datetime
    """When the subject was last judged."""

    @property
    def status(self) -> Status:
        """What stands."""
        return self.standing.status or Status.OK

    @property
    def is_shown(self) -> bool:
        """Whether it has an incident."""
        return self.status.needs_action


Beliefs = tuple[Belief, ...]


def after_run(
    before: Beliefs, run: Run, damping: Damping, now: datetime, *, is_turn: bool, patience: timedelta
) -> Beliefs:
    """Return what is believed of the subjects after a run that agrees with the status that stands of the check.

    A subject that newly fails, or fails worse, beside others is confirmed as a change of the check's status is, and
    one that recovers or is not named any more is let go likewise. Where nothing that is believed would explain the
    check's status, what the run says does: that status has been confirmed already.

    Args:
        before: what was believed.
        run: what was seen now.
        damping: how often a change must be seen.
        now: the time.
        is_turn: whether the check's status begins to stand with this run, which is then believed as a whole.
        patience: how long a belief outlives looks that could not reach its subject for a passing reason.
    """
    known = {belief.result.subject: belief for belief in before}
    seen = _by_subject(run.results)
    is_cut_short = any(is_passing(result) for result in seen.values())
    found: list[Belief] = []
    for subject, words in ({subject: belief.result for subject, belief in known.items()} | seen).items():
        belief, is_named = known.get(subject), subject in seen
        is_unseen = is_passing(words) if is_named else is_cut_short
        if is_unseen and (belief is None or now - belief.seen < patience):
            if belief is not None:
                found.append(belief)
            continue
        status = words.status if is_named and words.status.needs_action else Status.OK
        standing = Standing(status) if is_turn else after_look(belief.standing if belief else _FINE, status, damping)
        if standing != _FINE:
            found.append(_held(belief, Belief(standing, words, run.joins, now, now)))
    if not any(belief.status is run.status for belief in found):
        found = [_taken(belief, seen, run, now) for belief in found]
    return tuple(found)


def wants_look(before: Beliefs, after: Beliefs) -> bool:
    """Whether to look again soon, to confirm something; not for ever after subjects that never come twice."""
    most = max((belief.standing.looks for belief in after), default=0)
    return most > 1 or (most == 1 and not any(belief.standing.looks for belief in before))


def _by_subject(results: Iterable[Result]) -> dict[str, Result]:
    """Return the first of the most severe results of each subject."""
    found: dict[str, Result] = {}
    for result in results:
        other = found.get(result.subject)
        if other is None or SEVERITY.index(result.status) > SEVERITY.index(other.status):
            found[result.subject] = result
    return found


def _held(before: Belief | None, after: Belief) -> Belief:
    """Keep the beginning of what goes on, and its words where the last look said otherwise."""
    if before is None:
        return after
    since = before.since if before.status is after.status else after.since
    if after.standing.looks:
        return replace(before, standing=after.standing, seen=after.seen)
    return replace(after, since=since)


def _taken(belief: Belief, seen: dict[str, Result], run: Run, now: datetime) -> Belief:
    result = seen.get(belief.result.subject)
    # What kept a subject from being judged for a moment explains nothing that stands.
    if result is None or result.status is not run.status or is_passing(result):
        return belief
    return replace(belief, standing=Standing(run.status), result=result, joins=run.joins, since=now, seen=now)
