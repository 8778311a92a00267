"""The world in a process of its own, and the hand that reaches into it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import quote, urlsplit

from healthcheck.errors import HealthcheckError
from healthcheck.testing.world.client import Client, ClientSide, client_side, write
from healthcheck.testing.world.faults import find


class WorldFailed(HealthcheckError):
    """The world did not start, is not there, or refused."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


class WorldClient:
    """Breaks and mends a world over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def describe(self) -> dict[str, Any]:
        """Return what the world says of itself: set-ups, their keys and doors, and the active faults."""
        return self._ask("GET", "")

    def faults(self) -> list[dict[str, Any]]:
        """Return every fault, with the set-ups that it is on for."""
        return cast("list[dict[str, Any]]", self._ask("GET", "/faults")["faults"])

    def break_(self, fault: str, setup: str | None = None) -> dict[str, Any]:
        """Switch a fault on, for the first set-up unless one is named."""
        return self._ask("POST", f"/faults/{_name(fault, setup)}")

    def mend(self, fault: str, setup: str | None = None) -> dict[str, Any]:
        """Switch a fault off."""
        return self._ask("DELETE", f"/faults/{_name(fault, setup)}")

    def mend_all(self) -> None:
        """Switch every fault off."""
        self._ask("DELETE", "/faults")

    @contextlib.contextmanager
    def broken(self, fault: str, setup: str | None = None) -> Iterator[None]:
        """Have a fault on for a while."""
        self.break_(fault, setup)
        try:
            yield
        finally:
            self.mend(fault, setup)

    def enforce(self, policy: Mapping[str, Any], setup: str) -> None:
        """Let moto enforce a policy, as the only one, on the user of a set-up."""
        self._ask("PUT", f"/enforcement/{quote(setup)}", policy)

    def stop_enforcing(self) -> None:
        """Let everybody do everything again, but for what faults deny."""
        self._ask("DELETE", "/enforcement")

    def client(
        self, directory: Path, setups: Iterable[str], adapt: Callable[[ClientSide], None] = lambda _: None
    ) -> Client:
        """Write AWS files and settings for some set-ups into a directory, spoilt by the faults that are active.

        Args:
            directory: where to; files that are there are replaced.
            setups: the targets, by name.
            adapt: changes what is written before the faults do.
        """
        description = self.describe()
        names = tuple(setups)
        side = client_side(description, names, directory)
        adapt(side)
        for fault_id, setup in description["active"]:
            change = find(fault_id).client
            if change and setup in names:
                change(side, setup)
        return write(side)

    def _ask(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
        address = urlsplit(self.url)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=30)
        try:
            connection.request(method, f"/_world{path}", None if content is None else json.dumps(content))
            response = connection.getresponse()
            answer = cast("dict[str, Any]", json.loads(response.read()))
        except (OSError, ValueError) as error:
            raise WorldFailed(f"the world at {self.url} does not answer: {error}") from error
        finally:
            connection.close()
        if "error" in answer:
            raise WorldFailed(str(answer["error"]))
        return answer


@contextlib.contextmanager
def start(*, setups: Iterable[str] = (), port: int = 0) -> Iterator[WorldClient]:
    """Run a world in a process of its own for a while.

    Args:
        setups: names of the set-ups to build; none = all.
        port: of its control; 0 = any that is free.

    Raises:
        WorldFailed: it did not start; the sentence says why.
    """
    # The world lives on made-up keys; whatever AWS set-up this process has is none of its business.
    environ = {name: value for name, value in os.environ.items() if not name.upper().startswith(("AWS_", "MOTO_"))}
    command = [sys.executable, "-m", "healthcheck.testing.world", "--port", str(port), *setups]
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(  # noqa: S603 - our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environ,
            # Ctrl-C is for whoever started us, who then ends the world; it must not end before its client does.
            start_new_session=True,
        ) as process,
    ):
        try:
            line = cast("IO[str]", process.stdout).readline()
            if not line:
                errors.seek(0)
                raise WorldFailed(f"the world did not start: {_last_line(errors.read())}")
            yield WorldClient(json.loads(line)["url"])
        finally:
            process.terminate()


def _name(fault: str, setup: str | None) -> str:
    return quote(f"{fault}@{setup}" if setup and "@" not in fault else fault)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]
