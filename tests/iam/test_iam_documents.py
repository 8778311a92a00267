"""Documents: what is read, and the sentence for each thing that cannot be."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

import pytest

from healthcheck.errors import HealthcheckError
from healthcheck.iam import PolicyError, Request, RequestError, evaluate, load_document

STATEMENT: Mapping[str, object] = {"Sid": "S", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
POLICY: Mapping[str, object] = {"Version": "2012-10-17", "Statement": [STATEMENT]}


def with_statement(**changes: object) -> Mapping[str, object]:
    changed = {**STATEMENT, **changes}
    return {**POLICY, "Statement": [{key: value for key, value in changed.items() if value is not ...}]}


@pytest.mark.parametrize(
    "source",
    [
        POLICY,
        {**POLICY, "Statement": STATEMENT},
        {**POLICY, "Id": "some-id"},
        {"Statement": [STATEMENT]},
        MappingProxyType({**POLICY, "Statement": (MappingProxyType(STATEMENT),)}),
        json.dumps(POLICY),
        json.dumps(POLICY, indent=2),
        quote(json.dumps(POLICY)),
        quote(json.dumps(POLICY, indent=2)),
        with_statement(Action=["s3:GetObject"], Resource=["*"]),
        with_statement(Sid=""),
        with_statement(Condition={}),
    ],
)
def test_the_shapes_in_which_documents_come(source: str | Mapping[str, object]) -> None:
    document = load_document(source, name="P")
    decision = evaluate(Request("s3:GetObject", "arn:aws:s3:::b/k"), identity=[document])
    assert decision.allowed
    assert '"Action": ' in decision.explain()


@pytest.mark.parametrize(
    "changes",
    [{"Action": []}, {"Resource": []}, {"Principal": {}}, {"Principal": {"AWS": []}}],
    ids=["action", "resource", "object principal", "array principal"],
)
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_a_statement_with_an_empty_list_has_no_effect(changes: Mapping[str, object], effect: str) -> None:
    """Access Analyzer, policy check reference: such a statement "does not affect the policy"."""
    empty = {"Principal": "*", "Resource": "*", "Effect": effect, **changes}
    policy = load_document(with_statement(**empty), name="bucket policy")
    full = load_document(POLICY, name="identity") if effect == "Deny" else load_document({"Statement": []}, name="no")
    request = Request("s3:GetObject", "arn:aws:s3:::b/k", "111122223333", "arn:aws:iam::111122223333:role/r")
    expected = "allowed" if effect == "Deny" else "implicit_deny"
    assert evaluate(request, identity=[full], resource_policy=policy).outcome.value == expected


def _nested(depth: int) -> object:
    found: object = ""
    for _ in range(depth):
        found = [found]
    return found


HUGE: Final = 10**5000
"""Python refuses to write it."""
DEEP: Final = _nested(100_000)
"""And this."""

MALFORMED: list[tuple[object, str, str]] = [
    ("", "", "is no JSON"),
    ("{", "", "is no JSON"),
    ("%7B", "", "is no JSON"),
    ("[" * 100_000, "", "nested too deeply"),
    ('{"Version": NaN}', "", "NaN is no JSON value"),
    ('{"Statement": [], "Statement": []}', "", "'Statement' stands twice"),
    (" " * (1 << 20) + "{}", "", "is longer than"),
    ("[]", "", "is no JSON object"),
    (["not a mapping"], "", "is no JSON object"),
    ({}, "Statement", "is missing"),
    ({"Statement": "Allow"}, "Statement", "neither an object nor a list"),
    ({"statement": []}, "", "statement is no element of a policy; did you mean Statement?"),
    ({"Version": "2012-10-18", "Statement": []}, "Version", "2012-10-18 is neither"),
    ({"Statement": [[]]}, "statement 1", "is no object"),
    ({"Statement": [STATEMENT, None]}, "statement 2", "is no object"),
    (with_statement(action="s3:*"), "statement 1", "did you mean Action?"),
    (with_statement(Sid=5), "statement 1, Sid", "is not text"),
    (with_statement(Effect="allow"), "statement 1, Effect", "neither Allow nor Deny"),
    (with_statement(Effect=...), "statement 1, Effect", "neither Allow nor Deny"),
    (with_statement(Effect=[]), "statement 1, Effect", "neither Allow nor Deny"),
    (with_statement(Action=...), "statement 1", "neither Action nor NotAction"),
    (with_statement(NotAction="iam:*"), "statement 1", "both Action and NotAction"),
    (with_statement(NotResource="*"), "statement 1", "both Resource and NotResource"),
    (with_statement(Action=..., NotAction=[]), "statement 1, NotAction", "is empty"),
    (with_statement(Resource=..., NotResource=[]), "statement 1, NotResource", "is empty"),
    (with_statement(NotPrincipal={}), "statement 1, NotPrincipal", "is empty"),
    (with_statement(NotPrincipal={"AWS": []}), "statement 1, NotPrincipal", "is empty"),
    (with_statement(Action=["s3:*", 1]), "statement 1, Action", "needs text"),
    (with_statement(Resource={}), "statement 1, Resource", "needs text"),
    (with_statement(Principal="*", NotPrincipal="*"), "statement 1", "both Principal and NotPrincipal"),
    (with_statement(Principal="111122223333"), "statement 1, Principal", 'needs "*" or an object'),
    (with_statement(Principal=[]), "statement 1, Principal", 'needs "*" or an object'),
    ({"Version": HUGE, "Statement": []}, "Version", "a value of type int is neither"),
    ({"Version": DEEP, "Statement": []}, "Version", "a value of type list is neither"),
    ({HUGE: 1, "Statement": []}, "", "a value of type int is no element"),
    (with_statement(Principal={HUGE: "x"}), "statement 1, Principal", "a value of type int is no kind"),
    (with_statement(Action=DEEP), "statement 1, Action", "needs text"),
    (with_statement(Condition={"Bool": {"aws:x": DEEP}}), "statement 1, Condition", "a value of Bool aws:x"),
    (with_statement(Principal={"aws": "*"}), "statement 1, Principal", "aws is no kind of principal"),
    (with_statement(Principal={"AWS": 1}), "statement 1, Principal", "a value of AWS is not text"),
    (with_statement(Condition="x"), "statement 1, Condition", "no object of operators"),
    (with_statement(Condition={"StringEqual": {}}), "statement 1, Condition", "did you mean StringEquals?"),
    (with_statement(Condition={"ForAllValue:StringLike": {}}), "statement 1, Condition", "no condition operator"),
    (with_statement(Condition={"NullIfExists": {}}), "statement 1, Condition", "Null takes neither"),
    (with_statement(Condition={1: {}}), "statement 1, Condition", "an operator is not text"),
    (with_statement(Condition={"Bool": "true"}), "statement 1, Condition", "needs an object of keys"),
    (with_statement(Condition={"Bool": {"": "true"}}), "statement 1, Condition", "a key of Bool is not text"),
    (with_statement(Condition={"Bool": {"aws:x": None}}), "statement 1, Condition", "a value of Bool aws:x"),
    (with_statement(Condition={"Bool": {"aws:x": [[]]}}), "statement 1, Condition", "a value of Bool aws:x"),
    (with_statement(Condition={"NumericEquals": {"aws:x": 10**5000}}), "statement 1, Condition", "sane size"),
]


@pytest.mark.parametrize(("source", "where", "mistake"), MALFORMED, ids=[row[2] for row in MALFORMED])
def test_a_malformed_document_is_named_with_place_and_mistake(source: object, where: str, mistake: str) -> None:
    with pytest.raises(PolicyError) as raised:
        load_document(source, name="Data")  # type: ignore[arg-type]
    assert isinstance(raised.value, HealthcheckError)
    assert raised.value.document == "Data"
    assert raised.value.where == where
    assert mistake in str(raised.value)


def test_a_document_is_called_by_its_arn_and_version_where_it_has_them() -> None:
    arn = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    assert load_document(POLICY, name="Inline").label == "Inline"
    assert load_document(POLICY, name="Full", arn=arn, version="v29").label == f"{arn} (v29)"


@pytest.mark.parametrize(
    ("changes", "field", "mistake"),
    [
        *(
            ({"action": action}, "action", f"“{action}” is not one action such as s3:GetObject")
            for action in ("", "GetObject", "s3:", ":GetObject", "s3:*", "s3:Get?bject", "*", "s3:Get Object")
        ),
        ({"resource": "acme-data/x"}, "resource", "“acme-data/x” is neither an ARN nor *"),
        ({"resource": "arn:aws:s3::acme-data"}, "resource", "“arn:aws:s3::acme-data” is neither an ARN nor *"),
        ({"resource_account": "1111-2222-3333"}, "resource_account", "“1111-2222-3333” is no account of 12 digits"),
        (
            {"resource": "arn:aws:sqs:eu-west-1:111122223333:q", "resource_account": "444455556666"},
            "resource_account",
            "444455556666 is another account than that of arn:aws:sqs:eu-west-1:111122223333:q",
        ),
        ({"principal": "Train"}, "principal", "“Train” is neither an ARN nor the name of a service"),
        ({"principal": ""}, "principal", "“” is neither an ARN nor the name of a service"),
        ({"principal": "arn:aws:iam"}, "principal", "“arn:aws:iam” is neither an ARN nor the name of a service"),
    ],
)
def test_a_request_asks_about_one_thing_of_somebody(changes: Mapping[str, str], field: str, mistake: str) -> None:
    """A mistake in the question must not look like a denial."""
    with pytest.raises(RequestError) as raised:
        Request(**{"action": "s3:GetObject", **changes})  # type: ignore[arg-type]
    assert (raised.value.field, str(raised.value)) == (field, mistake)


def test_what_is_given_of_the_context_counts_before_what_follows() -> None:
    given = Request("s3:GetObject", principal="arn:aws:iam::111122223333:role/r", context={"AWS:principalarn": "other"})
    assert given.known.values("aws:principalarn") == ("other",)


def test_what_is_said_to_be_absent_has_no_beginning_either() -> None:
    role = "arn:aws:iam::111122223333:role/r"
    request = Request("s3:GetObject", principal=role, context_complete=True)
    assert request.known.values("aws:tokenissuetime") == ()
    assert Request("s3:GetObject", principal=role).known.values("aws:tokenissuetime") is None


def test_a_moment_without_zone_is_in_utc_wherever_this_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2020, 4, 1, 12)  # noqa: DTZ001 - what is tested
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        known = Request("s3:GetObject", context={"aws:CurrentTime": moment}).known
    finally:
        monkeypatch.undo()
        time.tzset()
    assert known.values("aws:currenttime") == ("2020-04-01T12:00:00+00:00",)
