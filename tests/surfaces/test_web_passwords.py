"""Passwords: right ones are looked at once, wrong ones each time, and strangers cost as much as friends."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import bcrypt
import pytest

from healthcheck.surfaces.web import passwords
from healthcheck.surfaces.web.passwords import Busy, Passwords

COST = 4
"""bcrypt's least, so that the tests do not wait for what users should."""


def hashed(password: bytes) -> bytes:
    return bcrypt.hashpw(password[:72], bcrypt.gensalt(COST))


LONG = b"x" * 72
USERS: Mapping[str, bytes] = MappingProxyType(
    {"alice": hashed(b"wonder:land"), "zoë": hashed("pässword".encode()), "long": hashed(LONG), "nobody": hashed(b"")}
)


def basic(user: str, password: bytes, scheme: str = "Basic") -> str:
    return f"{scheme} {base64.b64encode(user.encode() + b':' + password).decode()}"


class Counting:
    """bcrypt, counted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.against: list[bytes] = []
        real = bcrypt.checkpw

        def count(password: bytes, against: bytes) -> bool:
            self.against.append(against)
            return real(password, against)

        monkeypatch.setattr(bcrypt, "checkpw", count)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Counting:
    return Counting(monkeypatch)


@pytest.fixture
def keeper() -> Iterator[Passwords]:
    made = Passwords()
    yield made
    made.close()


def fits(keeper: Passwords, *headers: str, users: Mapping[str, bytes] = USERS) -> list[bool]:
    """What each header comes to, one after the other."""

    async def ask() -> list[bool]:
        return [await keeper.fit(header, users) for header in headers]

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("header", "is_right"),
    [
        (basic("alice", b"wonder:land"), True),
        (basic("alice", b"wonder:land", "BASIC"), True),
        (basic("zoë", "pässword".encode()), True),
        (basic("long", LONG), True),
        (basic("long", LONG + b"and more, which bcrypt never sees"), True),
        (basic("nobody", b""), True),
        (basic("long", LONG[:-1]), False),
        (basic("alice", b"wonder"), False),
        (basic("alice", b"wonder:land\x00"), False),
        (basic("alice", b""), False),
        (basic("Alice", b"wonder:land"), False),
        (basic("bob", b"wonder:land"), False),
        (basic("", b""), False),
        ("Basic " + base64.b64encode(b"no colon").decode(), False),
        ("Basic " + base64.b64encode(b"\xff\xfe:x").decode(), False),
        ("Basic !!!!", False),
        ("Basic ä", False),
        ("Basic", False),
        ("Bearer abc", False),
        ("", False),
    ],
)
def test_who_is_let_in(keeper: Passwords, header: str, is_right: bool) -> None:  # noqa: FBT001 - a table's column
    assert fits(keeper, header, header) == [is_right, is_right]


def test_a_right_password_is_looked_at_once(keeper: Passwords, looks: Counting) -> None:
    right = basic("alice", b"wonder:land")
    assert fits(keeper, *[right] * 50) == [True] * 50
    assert len(looks.against) == 1


def test_a_wrong_one_is_looked_at_each_time_and_does_not_displace_the_right_one(
    keeper: Passwords, looks: Counting
) -> None:
    right, wrong = basic("alice", b"wonder:land"), basic("alice", b"wonder")
    assert fits(keeper, right, wrong, wrong, right) == [True, False, False, True]
    assert len(looks.against) == 3


def test_a_new_hash_or_the_loss_of_a_user_counts_at_once(keeper: Passwords) -> None:
    right = basic("alice", b"wonder:land")
    assert fits(keeper, right) == [True]
    assert fits(keeper, right, users={"alice": hashed(b"changed")}) == [False]
    assert fits(keeper, right, users={"bob": USERS["alice"]}) == [False]


def test_a_stranger_costs_as_much_as_the_dearest_user(keeper: Passwords, looks: Counting) -> None:
    users = {"alice": USERS["alice"], "bob": bcrypt.hashpw(b"x", bcrypt.gensalt(COST + 1))}
    assert fits(keeper, basic("mallory", b"x"), basic("", b"x"), users=users) == [False, False]
    assert [passwords.cost_of(against) for against in looks.against] == [COST + 1, COST + 1]


def test_no_password_is_nobodys() -> None:
    """The hash that strangers are compared with is one that no password has, and would let in nobody if one had."""
    assert not bcrypt.checkpw(b"", passwords._nobodys(USERS))


def test_many_at_once_share_one_look(keeper: Passwords, looks: Counting) -> None:
    async def rush() -> list[bool]:
        return await asyncio.gather(*(keeper.fit(basic("alice", b"wonder:land"), USERS) for _ in range(40)))

    assert asyncio.run(rush()) == [True] * 40
    assert len(looks.against) == 1


def test_guessing_is_bounded_and_holds_up_nobody_who_is_known(keeper: Passwords) -> None:
    right = basic("alice", b"wonder:land")

    async def besiege() -> list[bool | BaseException]:
        assert await keeper.fit(right, USERS)
        guesses = [asyncio.create_task(keeper.fit(basic("alice", b"%d" % number), USERS)) for number in range(30)]
        await asyncio.sleep(0)
        assert await keeper.fit(right, USERS)
        return await asyncio.gather(*guesses, return_exceptions=True)

    came = asyncio.run(besiege())
    assert came[:16] == [False] * 16
    assert [type(each) for each in came[16:]] == [Busy] * 14


def test_who_goes_away_while_waiting_takes_nobody_along(keeper: Passwords, looks: Counting) -> None:
    async def part() -> bool:
        first = asyncio.create_task(keeper.fit(basic("alice", b"wonder:land"), USERS))
        second = asyncio.create_task(keeper.fit(basic("alice", b"wonder:land"), USERS))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(part())
    assert len(looks.against) == 1
