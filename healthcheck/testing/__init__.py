"""For authors of checks: run one check over stubbed answers of AWS, and hold it to the contract of all checks.

    from healthcheck.testing import Situation, run_check

    run = run_check(my_check, answers={"iam.GetRole": {"Role": {...}}})
    assert run.reason == "no_statement"

Nothing reaches the network; the guard, the clients and the execution are the daemon's own. `healthcheck.testing.world`
is the imitation of AWS for whole programs; it is imported on its own, because it needs the extra ``demo``.
"""

from healthcheck.testing.answers import Answer, AwsError, Pages, UnansweredCall, WrongAnswer, denied
from healthcheck.testing.contract import Case, assert_contract
from healthcheck.testing.harness import (
    ACCOUNT,
    ENVIRON,
    NOW,
    ROLE,
    SECRET,
    TARGET,
    Call,
    Examination,
    Situation,
    examine,
    run_check,
)

__all__ = [
    "ACCOUNT",
    "ENVIRON",
    "NOW",
    "ROLE",
    "SECRET",
    "TARGET",
    "Answer",
    "AwsError",
    "Call",
    "Case",
    "Examination",
    "Pages",
    "Situation",
    "UnansweredCall",
    "WrongAnswer",
    "assert_contract",
    "denied",
    "examine",
    "run_check",
]
