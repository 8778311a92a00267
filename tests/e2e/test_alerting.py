"""From a fault in AWS to somebody's pager and back, through the real Prometheus and Alertmanager.

The rules, the scrape configuration and the routing are the shipped ones, with a minute made a second. What is proved
here is what no unit test of rules can: that daemon, rules and routing agree on names, labels and timing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from healthcheck.testing.world import Client, WorldClient, start
from healthcheck.testing.world.client import ClientSide
from tests.e2e.alerting import Chain, Delivery, alerting
from tests.e2e.daemon import PATIENCE_SECONDS, RunningDaemon, hasty, serving
from tests.e2e.prometheus import free_port, wait_until

DOCS = Path(__file__).parents[2] / "docs"
BROKEN, DOWN = "SageMakerSetupBroken", "SageMakerHealthcheckDown"
ATTENTION = "SageMakerSetupNeedsAttention"
CADENCE = "3s"


@dataclass
class Supervised:
    """The daemon at a fixed address, as its supervisor has it: started, stopped, killed and started again."""

    client: Client
    folder: Path
    port: int
    running: RunningDaemon | None = None
    _stack: ExitStack = field(default_factory=ExitStack)

    def start(self) -> RunningDaemon:
        self.running = self._stack.enter_context(serving(self.client, self.folder))
        return self.running

    def stop(self) -> None:
        self._stack.close()

    def kill(self) -> None:
        assert self.running is not None
        self.running.process.kill()
        self.running.process.wait(PATIENCE_SECONDS)
        self._stack.close()

    def incident(self, cause: str, setup: str) -> dict[str, Any] | None:
        """Return the open incident of a check on a set-up's targets, once it is confirmed on each of them."""
        assert self.running is not None
        targets = {each["name"] for each in self.running.get("/api/v1/status").document()["targets"]}
        wanted = {name for name in targets if name.startswith(f"{setup}/")}
        open_: list[dict[str, Any]] = self.running.get("/api/v1/incidents").document()["incidents"]
        return next((each for each in open_ if each["cause"] == cause and set(each["targets"]) == wanted), None)

    def confirmed(self, cause: str, setup: str) -> dict[str, Any]:
        """Return the incident when it is there."""
        what = f"{cause} is an incident on {setup}"
        wait_until(lambda: self.incident(cause, setup) is not None, seconds=PATIENCE_SECONDS, what=what)
        found = self.incident(cause, setup)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def world() -> Iterator[WorldClient]:
    with start(setups=["shop", "vision", "fraud", "fleet"]) as world:
        yield world


@pytest.fixture(scope="module")
def daemon(world: WorldClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    folder, port = tmp_path_factory.mktemp("alerting"), free_port()

    def adapt(side: ClientSide) -> None:
        hasty(side)
        side.checks["*"] = {"every": CADENCE}
        side.daemon["listen"] = f"127.0.0.1:{port}"
        side.targets["vision"]["labels"] = {"team": "vision"}

    supervised = Supervised(world.client(folder, ["shop", "vision", "fraud", "fleet"], adapt), folder, port)
    running = supervised.start()
    wait_until(running.is_ready, seconds=PATIENCE_SECONDS, what="everything has been looked at")
    yield supervised
    supervised.stop()


@pytest.fixture(scope="module")
def chain(daemon: Supervised) -> Iterator[Chain]:
    with alerting(f"127.0.0.1:{daemon.port}", daemon.folder) as chain:
        yield chain


def statuses(deliveries: list[Delivery]) -> list[tuple[str, str]]:
    return [(each.receiver, each.status) for each in deliveries]


def states(chain: Chain, incident: str) -> dict[str, list[float]]:
    """When Prometheus called the incident's alert pending and firing."""
    series = chain.prometheus.query(f'ALERTS{{alertname="{BROKEN}",incident="{incident}"}}[5m]')
    return {each["metric"]["alertstate"]: [float(moment) for moment, _ in each["values"]] for each in series}


def test_a_fault_is_told_once_with_its_root_and_fix_and_so_is_its_mending(
    world: WorldClient, daemon: Supervised, chain: Chain
) -> None:
    world.break_("trust-without-sagemaker", "fraud")
    incident = daemon.confirmed("role.trust", "fraud")["id"]

    (told,) = chain.receivers.wait(1, incident=incident)

    assert (told.receiver, told.status) == ("pager", "firing")
    assert told.labels == {
        "alertname": BROKEN,
        "severity": "page",
        "job": "sagemaker-healthcheck",
        "incident": incident,
        "cause": "role.trust",
    }
    assert told.annotations["summary"] == "role.trust is critical on 1 target"
    assert f"Incident: {incident}, critical (wrong_service)" in told.annotations["description"]
    assert "Targets: fraud/us-east-1" in told.annotations["description"]
    assert f"Fix: http://127.0.0.1:{daemon.port}/#{incident}" in told.annotations["description"]
    assert daemon.running is not None
    assert f'id="{incident}"' in daemon.running.get("/").text
    page, _, anchor = told.annotations["runbook_url"].rpartition("/")[2].partition("#")
    headings = [line for line in (DOCS / page).read_text("utf-8").splitlines() if line.startswith("## ")]
    assert anchor in [heading.removeprefix("## ").replace(".", "") for heading in headings]
    seen = states(chain, incident)
    assert seen["pending"][-1] < seen["firing"][0]

    world.mend("trust-without-sagemaker", "fraud")
    chain.receivers.wait(2, incident=incident)

    assert daemon.incident("role.trust", "fraud") is None
    assert statuses(chain.receivers.got(incident)) == [("pager", "firing"), ("pager", "resolved")]


def test_a_warning_is_a_ticket_of_its_team_s_and_pages_nobody(
    world: WorldClient, daemon: Supervised, chain: Chain
) -> None:
    world.break_("bucket-missing", "vision")
    incident = daemon.confirmed("bucket.reachable", "vision")["id"]

    (told,) = chain.receivers.wait(1, incident=incident)

    world.mend("bucket-missing", "vision")
    assert (told.receiver, told.status) == ("vision-tickets", "firing")
    assert (told.labels["alertname"], told.labels["severity"]) == (ATTENTION, "ticket")
    assert told.annotations["summary"] == "bucket.reachable warns, or cannot be judged, on 1 target"
    assert "Targets: vision/" in told.annotations["description"]


def test_each_root_is_told_once_however_many_there_are_and_however_far_it_reaches(
    world: WorldClient, daemon: Supervised, chain: Chain
) -> None:
    """Three faults in three set-ups, and a role that is broken for twenty regions: four pages."""
    faults = {
        ("role-deleted", "shop"): ("role.exists", "pager"),
        ("bucket-squatted", "fraud"): ("bucket.reachable", "pager"),
        ("trust-without-sagemaker", "vision"): ("role.trust", "vision-pager"),
        ("trust-denied", "fleet"): ("role.trust", "pager"),
    }
    before = len(chain.receivers.got())
    for fault, setup in faults:
        world.break_(fault, setup)
    incidents = {daemon.confirmed(cause, setup)["id"]: receiver for (_, setup), (cause, receiver) in faults.items()}
    everywhere = daemon.confirmed("role.trust", "fleet")
    assert len(everywhere["targets"]) == 20

    for incident, receiver in incidents.items():
        assert statuses(chain.receivers.wait(1, incident=incident)) == [(receiver, "firing")]

    def reach() -> str:
        alert = chain.alert(everywhere["id"])
        return alert["annotations"]["summary"] if alert else ""

    wait_until(lambda: reach() == "role.trust is critical on 20 targets", seconds=PATIENCE_SECONDS, what="all are told")
    for fault, setup in faults:
        world.mend(fault, setup)
    for incident, receiver in incidents.items():
        told = statuses(chain.receivers.wait(2, incident=incident))
        assert told == [(receiver, "firing"), (receiver, "resolved")]
    # What was blocked or joined meanwhile is nobody's page. (That the daemon was slow to answer, on a busy machine,
    # may be somebody's; such an alert has no incident.)
    assert {each.labels.get("incident") for each in chain.receivers.got()[before:]} - {None} == set(incidents)


def test_an_open_incident_outlives_the_daemon_whose_silence_is_told_too(
    world: WorldClient, daemon: Supervised, chain: Chain
) -> None:
    """Neither a restart nor a crash is a mending, and nobody is paged a second time."""
    world.break_("bucket-squatted", "shop")
    incident = daemon.confirmed("bucket.reachable", "shop")["id"]
    chain.receivers.wait(1, incident=incident)
    alert = chain.alert(incident)
    assert alert is not None
    began = alert["activeAt"]

    def is_told_as(summary: str) -> bool:
        now = chain.alert(incident)
        assert now is not None
        assert (now["state"], now["activeAt"]) == ("firing", began)
        return bool(now["annotations"]["summary"] == summary)

    daemon.stop()
    daemon.start()
    assert daemon.incident("bucket.reachable", "shop") is None
    daemon.confirmed("bucket.reachable", "shop")
    open_, silent = (
        "bucket.reachable is critical on 1 target",
        "bucket.reachable was critical when the daemon last answered",
    )
    wait_until(lambda: is_told_as(open_), seconds=PATIENCE_SECONDS, what="it is told as before")
    assert statuses(chain.receivers.got(incident)) == [("pager", "firing")]

    downs = len(chain.receivers.got(alert=DOWN))
    daemon.kill()
    silence = chain.receivers.wait(downs + 1, alert=DOWN)[downs]
    assert (silence.receiver, silence.status) == ("pager", "firing")
    wait_until(lambda: is_told_as(silent), seconds=PATIENCE_SECONDS, what="it is not called mended")
    daemon.start()
    wait_until(lambda: is_told_as(open_), seconds=PATIENCE_SECONDS, what="it is told as before")
    assert chain.receivers.wait(downs + 2, alert=DOWN)[-1].status == "resolved"
    assert statuses(chain.receivers.got(incident)) == [("pager", "firing")]

    world.mend("bucket-squatted", "shop")
    assert statuses(chain.receivers.wait(2, incident=incident)) == [("pager", "firing"), ("pager", "resolved")]
