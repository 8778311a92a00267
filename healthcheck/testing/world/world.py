"""The world: an imitation of AWS with set-ups in it, and faults that are switched on and off."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from healthcheck.errors import HealthcheckError
from healthcheck.registry import closest
from healthcheck.testing.world import accounts, control
from healthcheck.testing.world.certificate import self_signed
from healthcheck.testing.world.conditions import Account, Weather
from healthcheck.testing.world.doors import Door
from healthcheck.testing.world.faults import Fault, find
from healthcheck.testing.world.imitation import Imitation
from healthcheck.testing.world.jobs import PastJobs
from healthcheck.testing.world.keys import CustomerKey
from healthcheck.testing.world.overlay import Overlay
from healthcheck.testing.world.people import People
from healthcheck.testing.world.principals import Keyring, Principal
from healthcheck.testing.world.setups import Area, Blueprint, Setup, role_arn

STRANGER = "666677778888"
"""The account that owns what should be ours."""

FLEET_REGIONS = (
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "eu-west-1", "eu-west-2",
    "eu-west-3", "eu-central-1", "eu-north-1", "eu-south-1", "ap-south-1", "ap-east-1", "ap-southeast-1",
    "ap-southeast-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "af-south-1",
)  # fmt: skip

BLUEPRINTS = (
    Blueprint("shop", "111122223333"),
    Blueprint("vision", "222233334444", via="shop"),
    Blueprint("fleet", "333344445555", FLEET_REGIONS),
    Blueprint("fraud", "555566667777"),
    Blueprint("churn", "777788889999"),
    Blueprint("pricing", "888899990000"),
    Blueprint("forecast", "999900001111", ("us-east-1", "eu-west-1", "ap-northeast-1")),
)
"""A user with keys of its own; a role assumed in another account; one role in twenty regions; and more for a demo."""


class UnknownSetup(HealthcheckError):
    """A name is none of a set-up."""

    def __init__(self, setup: str, suggestion: str | None) -> None:
        self.setup = setup
        super().__init__(f"there is no set-up {setup}" + (f"; did you mean {suggestion}?" if suggestion else ""))


class World:
    """An imitation of AWS over HTTP, in this process. moto's state is the process's, so there is one at a time.

    Args:
        blueprints: the set-ups to build; faults hit their own or the first unless told otherwise.
        port: of the builder's and controller's door; 0 = any that is free.
    """

    def __init__(self, blueprints: Iterable[Blueprint] = BLUEPRINTS, *, port: int = 0) -> None:
        self._imitation = Imitation()
        self._imitation.clear()
        self._keyring = Keyring()
        self._overlay = Overlay(self._imitation, self._keyring, lambda call: control.answer(self, call))
        self._active: list[tuple[Fault, Setup]] = []
        self._doors: list[Door] = []
        front = self._open(port=port)
        self.url = front.url
        self._overlay.control_port = front.port
        self._tls = self._open(tls=self_signed())
        self._clients = accounts.Clients(front.url)
        self._builders: dict[str, Principal] = {}
        self._stranger = self._account(STRANGER)
        self.setups: dict[str, Setup] = {}
        for blueprint in blueprints:
            self.setups[blueprint.name] = self._build(blueprint)

    def close(self) -> None:
        """Shut all doors."""
        for door in self._doors:
            door.close()

    def break_(self, fault_id: str, setup_name: str | None = None) -> Fault:
        """Switch a fault on; on again is no change.

        Raises:
            UnknownFault: there is none of this id.
            UnknownSetup: there is none of this name.
        """
        fault = find(fault_id)
        setup = self._setup(setup_name or fault.hits)
        with self._overlay.gate:
            if (fault_id, setup.name) not in self.active:
                self._active.append((fault, setup))
                if fault.strike:
                    fault.strike(setup)
        return fault

    def mend(self, fault_id: str, setup_name: str | None = None) -> Fault:
        """Switch a fault off: rebuild the part that it broke, and break again what else is active there."""
        fault = find(fault_id)
        setup = self._setup(setup_name or fault.hits)
        with self._overlay.gate:
            remaining = [(other, at) for other, at in self._active if not (other is fault and at is setup)]
            if len(remaining) < len(self._active):
                self._active = remaining
                self._rebuild(fault, setup)
        return fault

    def mend_all(self) -> None:
        """Switch every fault off."""
        while self._active:
            fault, setup = self._active[-1]
            self.mend(fault.id, setup.name)

    @property
    def active(self) -> tuple[tuple[str, str], ...]:
        """The faults that are on, each with the set-up that it hits."""
        return tuple((fault.id, setup.name) for fault, setup in self._active)

    def enforce(self, policy: Mapping[str, Any], setup_name: str | None = None) -> None:
        """Let moto itself enforce this policy, as the only one, on the user of a set-up."""
        setup = self._setup(setup_name)
        iam = self._clients.iam(self._builders[setup.caller.account])
        user = setup.caller.arn.rpartition("/")[2]
        with self._overlay.gate:
            for attached in iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]:
                iam.detach_user_policy(UserName=user, PolicyArn=attached["PolicyArn"])
            iam.put_user_policy(UserName=user, PolicyName="Enforced", PolicyDocument=json.dumps(policy))
            self._overlay.enforced = setup.caller

    def stop_enforcing(self) -> None:
        """Let everybody do everything again, but for what faults deny."""
        self._overlay.enforced = None

    def description(self) -> dict[str, Any]:
        """Describe the world to clients, with the keys that it made up."""
        return {
            "url": self.url,
            "tls_url": self._tls.url,
            "setups": {name: self._describe(setup) for name, setup in self.setups.items()},
            "active": [list(pair) for pair in self.active],
        }

    def _describe(self, setup: Setup) -> dict[str, Any]:
        blueprint = setup.blueprint
        is_via = blueprint.via is not None
        return {
            "account": blueprint.account,
            "regions": list(blueprint.regions),
            "profile": blueprint.via or blueprint.name,
            "role": setup.role_arn,
            "reads": [f"s3://{accounts.data_bucket(blueprint.account)}/{accounts.CURATED}"],
            "caller": setup.people.arn,
            "volume_key": setup.key.arn,
            "assume_role": f"arn:aws:iam::{blueprint.account}:role/{accounts.READER_ROLE}" if is_via else None,
            "external_id": accounts.EXTERNAL_ID if is_via else None,
            "url": setup.door.url,
            "key_id": setup.caller.key_id,
            "secret": setup.caller.secret,
            "session": {
                "key_id": setup.session.key_id,
                "secret": setup.session.secret,
                "token": setup.session.token,
            },
        }

    def _rebuild(self, fault: Fault, setup: Setup) -> None:
        if fault.area is None:
            return
        setup.restore(fault.area)
        for other, at in self._active:
            if at is setup and other.area is fault.area and other.strike:
                other.strike(setup)

    def _setup(self, name: str | None) -> Setup:
        if name is None:
            return next(iter(self.setups.values()))
        try:
            return self.setups[name]
        except KeyError:
            raise UnknownSetup(name, closest(name, self.setups)) from None

    def _open(self, **options: Any) -> Door:
        door = Door(self._overlay, self._overlay.now, **options)
        self._doors.append(door)
        return door

    def _account(self, number: str) -> Account:
        """Found an account, with a builder in it."""
        if number not in self._overlay.accounts:
            self._overlay.accounts[number] = Account(number)
            self._builders[number] = self._keyring.add(
                Principal(
                    arn=f"arn:aws:iam::{number}:root",
                    account=number,
                    key_id=f"AKIABUILDER{number[-5:]}",
                    secret=secrets.token_urlsafe(30),
                    is_builder=True,
                )
            )
            accounts.build_account(self._clients.iam(self._builders[number]), number)
        return self._overlay.accounts[number]

    def _jobs(self, blueprint: Blueprint, builder: Principal) -> PastJobs:
        account, region = blueprint.account, blueprint.regions[0]
        return PastJobs(
            self._clients.sagemaker(builder, region),
            role_arn(account),
            f"sagemaker-{region}-{account}",
            end=partial(self._imitation.end_job, account, region),
            forget=partial(self._imitation.forget_jobs, account, region),
        )

    def _build(self, blueprint: Blueprint) -> Setup:
        account = self._account(blueprint.account)
        builder = self._builders[blueprint.account]
        iam = self._clients.iam(builder)
        if blueprint.via:
            hub = self.setups[blueprint.via]
            caller, session, door, weather = hub.caller, hub.session, hub.door, hub.weather
            arn = accounts.build_reader(iam, hub.blueprint.account)
            account.role_external_ids[arn] = accounts.EXTERNAL_ID
            denied = account.denied_to_visitors
        else:
            caller = self._keyring.add(accounts.build_user(iam, blueprint.account, f"{blueprint.name}-user"))
            session = self._keyring.session_of(caller)
            door = self._open()
            weather = self._overlay.weather[door.port] = Weather()
            denied = caller.denied
        setup = Setup(
            blueprint=blueprint,
            caller=caller,
            session=session,
            account=account,
            door=door,
            weather=weather,
            iam=iam,
            s3=self._clients.s3(builder),
            stranger_s3=self._clients.s3(self._builders[STRANGER]),
            stranger=self._stranger,
            age=self._imitation.age_role,
            key=CustomerKey(self._clients.kms(builder, blueprint.regions[0]), blueprint.account),
            jobs=self._jobs(blueprint, builder),
            people=People(iam, blueprint.account, role_arn(blueprint.account), is_role=bool(blueprint.via)),
            denied=denied,
        )
        for area in (Area.REGION, Area.KEY, Area.ROLE, Area.BUCKET, Area.PEOPLE):
            setup.restore(area)
        return setup
