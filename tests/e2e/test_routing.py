"""Who is told of what, and what is kept back because of what, by the real Alertmanager with the shipped routing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.alerting import Alertmanager, Delivery, routing, shipped_alerts
from tests.e2e.prometheus import wait_until

PATIENCE_SECONDS = 30.0


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    with routing(tmp_path_factory.mktemp("routing")) as alertmanager:
        yield alertmanager


def alert(name: str, job: str, **labels: str) -> dict[str, str]:
    """An alert as the shipped rules make it; each test has a job of its own, and so incidents of its own."""
    return {"alertname": name, "job": job, **labels, **shipped_alerts()[name]["labels"]}


def told(alertmanager: Alertmanager, job: str, count: int) -> list[Delivery]:
    """What the receivers got of a job, once there is so much of it."""

    def got() -> list[Delivery]:
        return [each for each in alertmanager.receivers.got() if each.labels["job"] == job]

    wait_until(lambda: len(got()) >= count, seconds=PATIENCE_SECONDS, what=f"{count} are told of {job}: {got()}")
    return got()


def is_kept_back(alertmanager: Alertmanager, *alerts: dict[str, str]) -> None:
    what = "they are kept back"
    wait_until(lambda: all(each in alertmanager.kept_back() for each in alerts), seconds=PATIENCE_SECONDS, what=what)


def test_whoever_is_paged_for_an_incident_has_no_ticket_for_it_too(alertmanager: Alertmanager) -> None:
    page, ticket, other = (
        alert("SageMakerSetupBroken", "a", incident="1", cause="role.trust"),
        alert("SageMakerSetupNeedsAttention", "a", incident="1", cause="role.trust", team="vision"),
        # In the same group, so that the one message that there is would have both.
        alert("SageMakerSetupNeedsAttention", "a", incident="2", cause="role.trust", team="vision"),
    )
    alertmanager.take(page)
    told(alertmanager, "a", 1)
    alertmanager.take(ticket, other)
    is_kept_back(alertmanager, ticket)
    assert [(each.receiver, each.labels) for each in told(alertmanager, "a", 2)] == [
        ("pager", page),
        ("vision-tickets", other),
    ]


def test_the_last_call_makes_the_early_warning_superfluous(alertmanager: Alertmanager) -> None:
    last = alert("SageMakerCredentialsEndSoon", "b")
    early, theirs, unlike = (
        alert("SageMakerSetupNeedsAttention", "b", incident="1", cause="credentials.expiry"),
        alert("SageMakerSetupNeedsAttention", "b", incident="2", cause="credentials.expiry", team="fraud"),
        alert("SageMakerSetupNeedsAttention", "b", incident="3", cause="bucket.reachable"),
    )
    alertmanager.take(last)
    told(alertmanager, "b", 1)
    alertmanager.take(early, theirs, unlike)
    is_kept_back(alertmanager, early)
    got = told(alertmanager, "b", 3)
    assert {each.receiver for each in got} == {"tickets"}
    assert sorted(each.labels.get("incident", "") for each in got) == ["", "2", "3"]


def test_a_daemon_that_is_down_is_one_page(alertmanager: Alertmanager) -> None:
    down = alert("SageMakerHealthcheckDown", "c")
    consequences = [
        alert(name, "c")
        for name in shipped_alerts()
        if name.startswith("SageMakerHealthcheck") and name != down["alertname"]
    ]
    elsewhere = alert("SageMakerHealthcheckStuck", "c-lab")
    assert len(consequences) > 3
    alertmanager.take(down)
    told(alertmanager, "c", 1)
    alertmanager.take(*consequences, elsewhere)
    is_kept_back(alertmanager, *consequences)
    assert [each.receiver for each in told(alertmanager, "c-lab", 1)] == ["pager"]
    assert [each.labels for each in told(alertmanager, "c", 1)] == [down]


def test_each_team_that_an_incident_hits_is_told_by_its_own_route(alertmanager: Alertmanager) -> None:
    hit = [
        alert("SageMakerSetupBroken", "d", incident="1", cause="role.trust", team=team)
        for team in ("vision", "fraud", "churn")
    ]
    alertmanager.take(*hit)
    got = told(alertmanager, "d", 3)
    assert sorted((each.receiver, each.labels["team"]) for each in got) == [
        ("pager", "churn"),
        ("pager", "fraud"),
        ("vision-pager", "vision"),
    ]
