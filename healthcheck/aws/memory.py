"""The memory of answers: what one run was told, another need not ask again within a minute.

Successes, denials and "there is no such thing" are remembered; throttling, 5xx and transport failures never.
One request is in the air for a question at a time; whoever asks the same meanwhile waits for it.
"""

from __future__ import annotations

import pickle
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from healthcheck.errors import DeadlinePassed

LONGEST_SECONDS = 60.0
"""No answer is given again after this time, whatever the cadence of the asking check."""

MOST_BYTES = 4 * 1024 * 1024
"""The oldest answers go first when the memory is full. That is 8,000 usual ones, what the first pass over a fleet asks
in ten seconds, and sharing happens within seconds of asking; four times as much was 30 MB of a large fleet's daemon."""


MOST_IMMUTABLE = 4_096
"""How many answers that can never change are kept; a version of a policy has a few kilobytes."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and by whom."""

    key: Hashable
    """Equal questions may share an answer."""
    asker: Hashable
    """Source and client; a refusal is only ever shared with the same asker."""
    operation: str
    is_immutable: bool = False
    """Whether the answer can never change, so that a success is kept for ever."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was parsed, before botocore decoded anything in it.

    It is kept as bytes: nobody can change them, they cost a fifth of the objects, and unpickling them gives every
    asker a copy faster than `copy.deepcopy` does.
    """

    status: int
    body: bytes
    stored: float
    is_refusal: bool
    asker: Hashable

    @classmethod
    def of(cls, status: int, parsed: dict[str, Any], *, stored: float, is_refusal: bool, asker: Hashable) -> Answer:
        """Keep an answer."""
        return cls(status, pickle.dumps(parsed, pickle.HIGHEST_PROTOCOL), stored, is_refusal, asker)

    def parsed(self) -> dict[str, Any]:
        """Return a copy of the answer."""
        copy: dict[str, Any] = pickle.loads(self.body)  # noqa: S301 # our own bytes, which never leave the process
        return copy

    def serves(self, question: Question) -> bool:
        """Whether this asker may have it."""
        return not self.is_refusal or self.asker == question.asker


class Flight:
    """A request that is under way, for everybody who asks the same."""

    __slots__ = ("_landing", "_memory", "answer", "has_landed", "question")

    def __init__(self, question: Question, memory: Memory) -> None:
        self.question = question
        self.answer: Answer | None = None
        self.has_landed = False
        self._memory = memory
        self._landing: threading.Event | None = None  # most flights land before anybody asks the same

    def landing(self) -> threading.Event:
        """Return what to wait for; called under the memory's lock."""
        if self._landing is None:
            self._landing = threading.Event()
        return self._landing

    def land(self, answer: Answer | None) -> None:
        """Free those who wait, with an answer or to ask for themselves; called under the memory's lock."""
        self.answer, self.has_landed = answer, True
        if self._landing is not None:
            self._landing.set()

    def give_up(self) -> None:
        """Free those who wait without an answer, unless it has come."""
        if not self.has_landed:
            self._memory.land(self, None)


class Memory:
    """Answers of the last minute, for the whole process.

    Args:
        now: the time in seconds since the epoch.
        most_bytes: how much to keep.
    """

    def __init__(self, now: Callable[[], float], *, most_bytes: int = MOST_BYTES) -> None:
        self._now = now
        self._most_bytes = most_bytes
        self._bytes = 0
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, Answer] = OrderedDict()
        self._immutable: OrderedDict[Hashable, Answer] = OrderedDict()
        self._flights: dict[Hashable, Flight] = {}

    def ask(self, question: Question, *, max_age_seconds: float, deadline: float) -> Answer | Flight:
        """Return a remembered answer, or the flight that the caller now has to fly.

        Waits for somebody else's flight, but not past the deadline on the monotonic clock.

        Raises:
            DeadlinePassed: the time was over while waiting.
        """
        max_age = min(max_age_seconds, LONGEST_SECONDS)
        while True:
            with self._lock:
                answer = self._recall(question, max_age)
                if answer is not None:
                    return answer
                flight = self._flights.get(question.key)
                if flight is None or max_age <= 0:
                    mine = Flight(question, self)
                    if flight is None:
                        self._flights[question.key] = mine
                    return mine
                landing = flight.landing()
            if not landing.wait(max(0.0, deadline - time.monotonic())):
                raise DeadlinePassed(question.operation)
            if flight.answer is not None and flight.answer.serves(question):
                return flight.answer

    def as_of(self, question: Question, found: Answer | Flight) -> float:
        """Return the time as of which a question is answered: what can never change is as of now."""
        if isinstance(found, Answer) and (found.is_refusal or not question.is_immutable):
            return found.stored
        return self._now()

    def remember(self, flight: Flight, status: int, parsed: dict[str, Any], *, is_refusal: bool) -> None:
        """Keep an answer and give it to those who wait for it."""
        asker = flight.question.asker
        self.land(flight, Answer.of(status, parsed, stored=self._now(), is_refusal=is_refusal, asker=asker))

    def land(self, flight: Flight, answer: Answer | None) -> None:
        """End a flight, with an answer to keep or without one."""
        question = flight.question
        with self._lock:
            if self._flights.get(question.key) is flight:
                del self._flights[question.key]
            if answer is not None:
                if question.is_immutable and not answer.is_refusal:
                    self._immutable[question.key] = answer
                    while len(self._immutable) > MOST_IMMUTABLE:
                        self._immutable.popitem(last=False)
                else:
                    self._keep(question.key, answer)
            flight.land(answer)

    def __len__(self) -> int:
        return len(self._answers) + len(self._immutable)

    def _recall(self, question: Question, max_age: float) -> Answer | None:
        answer = self._immutable.get(question.key) or self._answers.get(question.key)
        if answer is None or not answer.serves(question):
            return None
        if question.key in self._immutable:
            return answer
        # A clock that was set back makes an age negative: such an answer's age is not known.
        return answer if 0 <= self._now() - answer.stored < max_age else None

    def _keep(self, key: Hashable, answer: Answer) -> None:
        self._drop(key)
        self._answers[key] = answer
        self._bytes += len(answer.body)
        oldest_allowed = answer.stored - LONGEST_SECONDS
        while self._answers:
            oldest_key, oldest = next(iter(self._answers.items()))
            if self._bytes <= self._most_bytes and oldest.stored >= oldest_allowed:
                break
            self._drop(oldest_key)

    def _drop(self, key: Hashable) -> None:
        answer = self._answers.pop(key, None)
        if answer is not None:
            self._bytes -= len(answer.body)
