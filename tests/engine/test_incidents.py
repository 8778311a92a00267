"""The book of incidents: one cause is one incident, however many targets see it."""

from __future__ import annotations

from datetime import timedelta

from healthcheck.engine.incidents import Contribution, IncidentBook, incident_id, plugin_incident, urgency
from healthcheck.engine.snapshot import Incident, PluginFailure
from healthcheck.result import Fix, Status
from healthcheck.run import Cause
from tests.engine.workbench import FIX, START

ROLE = Cause("role.exists", "role x")
BUCKET = Cause("bucket.reachable", "bucket y")


def share(
    status: Status = Status.CRITICAL, *blocked: str, summary: str = "role x is gone", seconds: float = 0
) -> Contribution:
    return Contribution(status, "missing", summary, FIX, START + timedelta(seconds=seconds), blocked)


def phases(book: IncidentBook, target: str) -> list[tuple[str, str]]:
    return [(event.phase.value, event.incident.cause) for event in book.announce(target)]


def test_an_id_is_the_same_everywhere_and_differs_between_causes() -> None:
    assert incident_id(ROLE) == "e28e078c616b"
    assert len({incident_id(ROLE), incident_id(BUCKET), incident_id(Cause("role.exist", "srole x"))}) == 3


def test_one_cause_seen_from_two_targets_is_one_incident() -> None:
    book = IncidentBook()
    book.put("b", {}, {ROLE: share(Status.CRITICAL, "role.trust", seconds=5)})
    book.put("a", {}, {ROLE: share(Status.CRITICAL, seconds=9)})
    assert list(book) == [
        Incident(
            id=incident_id(ROLE),
            cause="role.exists",
            subject="role x",
            targets=("a", "b"),
            status=Status.CRITICAL,
            reason="missing",
            summary="role x is gone",
            fix=FIX,
            blocked={"b": ("role.trust",)},
            since=START + timedelta(seconds=5),
        )
    ]


def test_the_worst_target_speaks_for_all() -> None:
    book = IncidentBook()
    book.put("a", {}, {ROLE: share(Status.UNKNOWN, summary="cannot see role x")})
    book.put("b", {}, {ROLE: share(Status.CRITICAL, summary="role x is gone")})
    assert [(incident.status, incident.summary) for incident in book] == [(Status.CRITICAL, "role x is gone")]


def test_it_opens_is_updated_and_closes_with_the_rounds_that_change_it() -> None:
    book = IncidentBook()
    first, second = {ROLE: share()}, {ROLE: share(Status.CRITICAL, "role.trust")}
    assert book.put("a", {}, first)
    assert book.put("a", first, second)
    assert phases(book, "b") == []
    assert phases(book, "a") == [("opened", "role.exists")]
    assert phases(book, "a") == []
    book.put("b", {}, second)
    assert phases(book, "b") == [("updated", "role.exists")]
    book.put("a", second, {})
    assert phases(book, "a") == [("updated", "role.exists")]
    book.put("b", second, {BUCKET: share()})
    assert phases(book, "b") == [("opened", "bucket.reachable"), ("closed", "role.exists")]
    assert [incident.cause for incident in book] == ["bucket.reachable"]


def test_words_that_move_with_every_look_are_shown_and_not_told() -> None:
    book = IncidentBook()
    first, second = {ROLE: share(summary="4 s behind")}, {ROLE: share(summary="5 s behind")}
    book.put("a", {}, first)
    book.announce("a")
    assert book.put("a", first, second)
    assert book.announce("a") == []
    assert [incident.summary for incident in book] == ["5 s behind"]
    assert not book.put("a", second, second)


def test_one_that_opens_and_closes_within_a_round_is_not_told() -> None:
    book = IncidentBook()
    book.put("a", {}, {ROLE: share()})
    book.put("a", {ROLE: share()}, {})
    assert (list(book), book.announce("a")) == ([], [])


def test_an_incident_keeps_its_beginning_while_targets_come_and_go() -> None:
    book = IncidentBook()
    book.put("a", {}, {ROLE: share(seconds=1)})
    book.put("b", {}, {ROLE: share(seconds=2)})
    book.put("a", {ROLE: share(seconds=1)}, {})
    assert [incident.since for incident in book] == [START + timedelta(seconds=1)]


def test_the_most_urgent_comes_first_and_of_two_the_older() -> None:
    book = IncidentBook()
    causes = [Cause("a.a", name) for name in ("warning", "young", "old")]
    shares = [share(Status.WARNING), share(seconds=9), share(seconds=1)]
    book.put("a", {}, dict(zip(causes, shares, strict=True)))
    assert [incident.subject for incident in sorted(book, key=urgency)] == ["old", "young", "warning"]


def test_contributed_checks_that_do_not_load_are_an_incident_of_no_target() -> None:
    incident = plugin_incident(PluginFailure("extra", "extra-checks", "extra does not import"), START)
    assert (incident.cause, incident.subject, incident.targets) == ("plugins.loadable", "extra", ())
    assert (incident.status, incident.reason, incident.blocked) == (Status.UNKNOWN, "plugin_failed", {})
    assert incident.fix == Fix("Mend or uninstall the package extra-checks, then restart.")
