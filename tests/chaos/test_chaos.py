"""`ok` is a claim about what was seen, and `critical` one about what is broken: no failure to look is either.

Every check is shown a good and a bad situation (tests/cases), in which one of its operations is answered by something
else. The checks and their calls come from the registry, so that a new check is held to this by being there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping

import pytest

from healthcheck.check import Check
from healthcheck.engine.discovery import discover
from healthcheck.permissions import OPERATIONS
from healthcheck.result import Status
from healthcheck.run import Run
from healthcheck.testing import ENVIRON, Case
from tests.cases import CASES
from tests.chaos import injections
from tests.chaos.bench import Asked, Bench, Body, Injection, a_bench
from tests.chaos.wire import Bytes

CHECKS = tuple(check for check in discover().registry if check.all_calls)

USUAL = (
    "ThrottlingException",
    "503 as a page",
    "a login page, bare",
    "301 to a login page",
    "403 of a proxy, as text",
    "null",
    "an element",
    "half",
    "reset",
    "denied by SCP",
    "expired",
)
"""One of each kind, for the tests that run always; the slow ones inject all."""

LATER = ("ThrottlingException", "a login page", "reset", "denied", "expired")
"""What may begin in the middle: with the second request, or the second page."""

ANSWERS_BY_ABSENCE = frozenset(
    {
        "BucketRegion",  # a bucket that answers at a region's own address is in that region
        "ContinuationToken",  # the last page
        "NextToken",
        "Role.PermissionsBoundary",
        "Role.RoleLastUsed",
        "Role.RoleLastUsed.LastUsedDate",
        "Role.Tags",
        "ServerSideEncryptionConfiguration.Rules[].ApplyServerSideEncryptionByDefault.KMSMasterKeyID",
        "User.PermissionsBoundary",
        "User.Tags",
    }
)
"""Members that AWS leaves out where there is no such thing: to miss them is to be told so."""

_JUDGES_KEYS = "credentials.valid"
_GRAVE = frozenset({Status.CRITICAL, Status.WARNING})
_FAULTS_OF_OURS = frozenset({"bad_result", "crashed", "no_verdict", "undeclared_call"})


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """Return what all checks are examined on."""
    with a_bench() as bench:
        yield bench


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


class Scene:
    """One check in one situation, before anything goes wrong."""

    def __init__(self, bench: Bench, check: Check, case: Case) -> None:
        self._bench = bench
        self.check = check
        self.case = case
        self._refused: dict[str, tuple[Status, str | None]] = {}
        bench.forget()
        self.honest, asked = bench.run(check, case.situation)
        assert (self.honest.status, self.honest.reason) == (case.status, case.reason), self.honest.decisive.summary
        self.asked = asked
        self.operations = tuple(dict.fromkeys(asked))

    def run(self, operation: str, inject: Injection) -> Run:
        """Return what the check comes to when an operation is answered by something else."""
        return self._bench.run(self.check, self.case.situation, operation, inject)[0]

    def bodies(self, operation: str) -> list[Body]:
        """Return what AWS says to an operation where it does not refuse."""
        found: list[Body] = []

        def spy(asked: Asked) -> Bytes | Exception:
            body = injections.good_body(asked)
            found.extend(() if body is None else (body,))
            return asked.honest

        self.run(operation, spy)
        return found

    def refused(self, operation: str) -> tuple[Status, str | None]:
        """Return the verdict where an operation is refused."""
        if operation not in self._refused:
            run = self.run(operation, injections.FAILURES["denied"])
            self._refused[operation] = run.status, run.reason
        return self._refused[operation]

    def is_sharpened_by(self, operation: str) -> bool:
        """Whether the operation is one that the check can do without."""
        return operation in self.check.optional_calls


def scenes(bench: Bench, check: Check, *, most: int) -> Iterator[Scene]:
    """Yield situations of a check: of each verdict as many as that, or only a good and a bad one."""
    seen: dict[tuple[Status, str | None], int] = {}
    for case in CASES.get(check.id, ()):
        verdict = (case.status, case.reason if most > 1 else None)
        is_plain = case.situation.environ == ENVIRON and not case.situation.files
        is_plain = is_plain and (most > 1 or case.status in {Status.OK, Status.CRITICAL})
        if is_plain and seen.get(verdict, 0) < most:
            seen[verdict] = seen.get(verdict, 0) + 1
            yield Scene(bench, check, case)


def dishonesty(scene: Scene, operation: str, run: Run, *, hides: bool = True) -> str | None:
    """Return what is wrong with a verdict that was reached without an answer.

    It may be that of before, where it rests on something else; else it must be unknown, and may tell of no fault that
    was not seen before. What an optional call does not answer may be taken as refused.

    Args:
        scene: what the verdict was when all was answered.
        operation: what was not answered.
        run: the verdict now.
        hides: whether an ok can no longer rest on what it rested on.
    """
    said = f"{run.status.value} ({run.reason}): {run.decisive.summary}"
    if {result.reason for result in run.results} & _FAULTS_OF_OURS:
        return said
    if any(result.fix is None or not result.summary for result in run.results if result.status is Status.UNKNOWN):
        return f"does not say what to do: {said}"
    if scene.is_sharpened_by(operation):
        refused = scene.refused(operation)
        if refused == (run.status, run.reason):
            return None
    new = _grave(run) - _grave(scene.honest)
    if new:
        return f"tells of what nobody saw, {sorted(map(str, new))}: {said}"
    if run.status is Status.UNKNOWN:
        return None
    is_as_before = (run.status, run.reason) == (scene.honest.status, scene.honest.reason)
    rested_on_it = hides and operation in scene.check.calls and run.status is Status.OK
    return None if is_as_before and not rested_on_it else said


def _grave(run: Run) -> set[tuple[Status, str, str | None]]:
    return {(result.status, result.subject, result.reason) for result in run.results if result.status in _GRAVE}


def _failures(names: Iterable[str]) -> Callable[[Scene, str], Mapping[str, Injection]]:
    def of(scene: Scene, operation: str) -> Mapping[str, Injection]:
        found = {name: injections.FAILURES[name] for name in names}
        if OPERATIONS[operation].name.startswith("Head"):
            # An answer to HEAD has no body that could be broken.
            found = {name: inject for name, inject in found.items() if name not in injections.BROKEN_BODIES}
        if scene.check.id == _JUDGES_KEYS:
            found = {name: inject for name, inject in found.items() if name not in injections.KEYS}
        return found

    return of


def _look(scene: Scene, injected: Callable[[Scene, str], Mapping[str, Injection]]) -> Iterator[str]:
    for operation in scene.operations:
        for name, inject in injected(scene, operation).items():
            wrong = dishonesty(scene, operation, scene.run(operation, inject))
            if wrong:
                yield f"{scene.case.name}, {operation}, {name}: {wrong}"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_no_failure_to_look_is_a_verdict(bench: Bench, check: Check) -> None:
    """Throttled, refused, cut off or answered by a stranger: unknown, and nobody is alarmed or calmed."""
    found = [wrong for scene in scenes(bench, check, most=1) for wrong in _look(scene, _failures(USUAL))]

    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_nothing_of_all_that_may_fail_is_a_verdict(bench: Bench, check: Check) -> None:
    """The same, for each spelling of each failure."""
    every = _failures(injections.FAILURES)

    assert [wrong for scene in scenes(bench, check, most=1) for wrong in _look(scene, every)] == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_what_fails_in_the_middle_is_no_verdict(bench: Bench, check: Check) -> None:
    """A good first answer vouches for no second one: the second page, the next policy, the next job."""
    found = []
    for scene in scenes(bench, check, most=1):
        for operation in (each for each in scene.operations if scene.asked.count(each) > 1):
            for name, inject in _failures(LATER)(scene, operation).items():
                for when in (injections.from_second, injections.from_second_page):
                    wrong = dishonesty(scene, operation, scene.run(operation, when(inject)), hides=False)
                    found += [f"{scene.case.name}, {operation}, {when.__name__} {name}: {wrong}"] if wrong else []

    assert found == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_refusal_names_what_is_missing(bench: Bench, check: Check) -> None:
    found = []
    for scene in (each for each in scenes(bench, check, most=1) if each.case.status is Status.OK):
        for operation in set(scene.operations) & set(check.calls):
            for name, inject in injections.REFUSED.items():
                named = {action for each in scene.run(operation, inject).results for action in each.missing_actions}
                if not named >= set(OPERATIONS[operation].actions):
                    found.append(f"{scene.case.name}, {operation}, {name}: names {sorted(named)}")

    assert found == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_an_answer_that_lacks_something_is_no_other_answer(bench: Bench, check: Check) -> None:
    """One member after the other is left out: what AWS always says is missed, and nothing is made of its absence."""
    found = []
    for scene in scenes(bench, check, most=1):
        for operation in scene.operations:
            members = {member.text: member for body in scene.bodies(operation) for member in injections.members(body)}
            for text, member in members.items():
                if text in ANSWERS_BY_ABSENCE or text.endswith("[]"):
                    continue
                run = scene.run(operation, injections.dropped(member))
                wrong = dishonesty(scene, operation, run, hides=False)
                found += [f"{scene.case.name}, {operation} without {text}: {wrong}"] if wrong else []

    assert found == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_members_of_another_type_crash_nothing(bench: Bench, check: Check) -> None:
    """JSON may hold anything anywhere; in XML all is text."""
    found = []
    for scene in scenes(bench, check, most=1):
        for operation in (
            each for each in scene.operations if each.partition(".")[0] in {"account", "kms", "sagemaker", "ssm"}
        ):
            members = {member.text: member for body in scene.bodies(operation) for member in injections.members(body)}
            for text, member in members.items():
                for name, inject in injections.wrong(member):
                    reasons = {result.reason for result in scene.run(operation, inject).results}
                    found += [f"{scene.case.name}, {operation}, {text} is {name}"] if reasons & _FAULTS_OF_OURS else []

    assert found == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
@pytest.mark.parametrize("change", [injections.with_more, injections.doubled], ids=["with more", "doubled"])
def test_what_is_new_or_said_twice_changes_nothing(bench: Bench, check: Check, change: Injection) -> None:
    found = []
    for scene in scenes(bench, check, most=1):
        for operation in scene.operations:
            run = scene.run(operation, change)
            if (run.status, run.reason) != (scene.honest.status, scene.honest.reason):
                found.append(f"{scene.case.name}, {operation}: {run.status.value}: {run.decisive.summary}")

    assert found == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_what_is_gone_between_two_calls_crashes_nothing_and_calms_nobody(bench: Bench, check: Check) -> None:
    found = []
    for scene in scenes(bench, check, most=1):
        for operation in scene.operations:
            run = scene.run(operation, injections.gone)
            is_fault = {result.reason for result in run.results} & _FAULTS_OF_OURS
            is_calm = run.status is Status.OK and operation in check.calls
            found += [f"{scene.case.name}, {operation}: {run.decisive.summary}"] if is_fault or is_calm else []

    assert found == []


NEW_STATES = (
    ("region.supported", "account.GetRegionOptStatus", ("RegionOptStatus",)),
    ("credentials.valid", "account.GetRegionOptStatus", ("RegionOptStatus",)),
    ("role.encryption", "kms.DescribeKey", ("KeyMetadata", "KeyState")),
)


@pytest.mark.parametrize(("check_id", "operation", "path"), NEW_STATES)
def test_a_state_that_nobody_has_heard_of_is_unknown(
    bench: Bench, check_id: str, operation: str, path: tuple[str, ...]
) -> None:
    (check,) = (check for check in CHECKS if check.id == check_id)
    given = [scene for scene in scenes(bench, check, most=2) if scene.bodies(operation)]

    runs = [scene.run(operation, injections.replaced(path, "FROBNICATED")) for scene in given]

    assert runs
    assert {(run.status, run.reason) for run in runs} == {(Status.UNKNOWN, "bad_answer")}
