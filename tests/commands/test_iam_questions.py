"""`iam evaluate` and `iam assumable` as people and pipelines use them."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # comes with moto, without types
import pytest

from healthcheck.cli import main
from healthcheck.commands import question_texts
from healthcheck.commands.shapes import ASSUMABLE_SCHEMA, EVALUATE_SCHEMA

ROLE = "arn:aws:iam::111122223333:role/Train"
OBJECT = "arn:aws:s3:::acme-data/out/model.tar.gz"
DATA = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}
DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Sid": "No"}]}
HOME = {
    "Effect": "Allow",
    "Action": "s3:PutObject",
    "Resource": "*",
    "Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}},
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
        }
    ],
}


def question(**fields: Any) -> dict[str, Any]:
    return {"request": {"action": "s3:PutObject", "resource": OBJECT, "principal": ROLE}, "identity": [DATA], **fields}


class Asked:
    """One command, what it was sent, and what came of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, sent: object, *argv: str) -> tuple[int, str, str]:
        text = sent if isinstance(sent, str) else json.dumps(sent)
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(text))
        code = main(["iam", *argv])
        output = self._capsys.readouterr()
        return code, output.out, output.err


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Asked:
    return Asked(monkeypatch, capsys)


@pytest.mark.parametrize(
    ("sent", "code", "outcome", "first"),
    [
        (question(), 0, "allowed", f"allowed: s3:PutObject on {OBJECT} by {ROLE}"),
        (question(identity=[DATA, DENY]), 2, "explicit_deny", f"denied: s3:PutObject on {OBJECT} by {ROLE}"),
        (question(identity=[]), 2, "implicit_deny", f"denied: s3:PutObject on {OBJECT} by {ROLE}"),
        (question(boundary=[]), 2, "implicit_deny", f"denied: s3:PutObject on {OBJECT} by {ROLE}"),
        (question(scps=[[DATA], []]), 2, "implicit_deny", f"denied: s3:PutObject on {OBJECT} by {ROLE}"),
        (question(session=[DATA], rcps=[[DATA]], scps=[[DATA]]), 3, "unknown", "cannot tell: "),
        (question(resource_policy=DENY), 3, "unknown", "cannot tell: "),
        (question(identity=[{"Statement": HOME}]), 3, "unknown", "cannot tell: "),
    ],
)
def test_an_answer_is_told_by_its_exit_code_and_its_first_line(
    ask: Asked, sent: object, code: int, outcome: str, first: str
) -> None:
    """Organisation and resource policies without the element Principal are open: AWS would not accept them."""
    text = ask(sent, "evaluate")
    assert (text[0], text[2]) == (code, "")
    assert text[1].startswith(first)
    answer = ask(sent, "evaluate", "--format", "json")
    assert answer[0] == code
    told = json.loads(answer[1])
    assert (told["schema"], told["outcome"]) == (1, outcome)
    assert told["explanation"] == [line.strip() for line in text[1].splitlines()]


def test_an_unknown_key_is_named_and_null_says_that_it_is_absent(ask: Asked) -> None:
    sent = question(identity=[{"Statement": HOME}])
    assert json.loads(ask(sent, "evaluate", "--format", "json")[1])["unknown_keys"] == ["aws:SourceVpce"]
    for value, code in ((None, 2), ("vpce-1", 0), (["vpce-2"], 2)):
        sent["request"]["context"] = {"aws:SourceVpce": value}
        assert ask(sent, "evaluate")[0] == code
    sent["request"] |= {"context": {}, "context_complete": True}
    assert ask(sent, "evaluate")[0] == 2


@pytest.mark.parametrize(
    ("policy", "label"),
    [
        (json.dumps(DATA), "identity[0]"),
        ({"name": "Data", "document": DATA}, "Data"),
        ({"name": "Data", "document": json.dumps(DATA), "arn": "arn:x", "version": "v3"}, "arn:x (v3)"),
        ({"RoleName": "Train", "PolicyName": "Inline", "PolicyDocument": DATA}, "Inline"),
        ({"PolicyVersion": {"Document": DATA, "VersionId": "v7", "IsDefaultVersion": True}}, "identity[0] (v7)"),
        ({"Policy": json.dumps(DATA)}, "identity[0]"),
    ],
)
def test_a_policy_may_be_given_as_the_aws_cli_prints_it(ask: Asked, policy: object, label: str) -> None:
    sent = question(identity=[policy])
    jsonschema.validate(sent, EVALUATE_SCHEMA)
    code, out, _ = ask(sent, "evaluate")
    assert code == 0
    assert f"allowed by identity policy {label}, statement 1" in out


def test_a_policy_that_could_not_be_read_leaves_the_answer_open(ask: Asked) -> None:
    code, out, _ = ask(question(identity=[{"unread": "policy Extra", "action": "iam:GetRolePolicy"}]), "evaluate")
    assert code == 3
    assert "not seen: policy Extra, which iam:GetRolePolicy would show" in out


BAD_STATEMENT = {"Statement": [{"Effect": "allow", "Action": "s3:*", "Resource": "*"}]}


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("", "stdin: is empty; --help shows what to send"),
        ('{\n "request": }', "stdin:2:13: no JSON: Expecting value"),
        ('{"a": 1, "a": 2}', "stdin: the key 'a' stands twice in one object"),
        ('{"a": NaN}', "stdin: NaN is no JSON value"),
        ("[" * 100_000, "stdin: is nested too deeply"),
        ([], "stdin: is no object"),
        ({"identity": []}, "stdin: the field 'request' is missing"),
        (question(indentity=[]), "stdin: 'indentity' is no field; did you mean identity?"),
        (question(request=[]), "stdin: request: is not an object"),
        (question(request={"resource": "*"}), "stdin: request: the field 'action' is missing"),
        (question(request={"action": 1}), "stdin: request.action: is not text"),
        (question(request={"action": "s3:*"}), "stdin: request.action: “s3:*” is not one action such as s3:GetObject"),
        (
            question(request={"action": "s3:A", "context": {"k": {}}}),
            "stdin: request.context.k: is neither text, a number, true, false, null nor a list of such",
        ),
        (
            question(request={"action": "s3:A", "context": {"k": [None]}}),
            "stdin: request.context.k: null stands in a list; alone it says that the key is absent",
        ),
        ('{"a": ' + "1" * 5000 + "}", "stdin: a number has too many digits"),
        (question(request={"action": "s3:Get Object"}), "stdin: request.action: “s3:Get Object” is not one action"),
        (
            question(request={"action": "s3:A", "resource": "acme-data/x"}),
            "stdin: request.resource: “acme-data/x” is neither an ARN nor *",
        ),
        (question(request={"action": "s3:A", "resource": ""}), "stdin: request.resource: “” is neither an ARN nor *"),
        (
            question(request={"action": "s3:A", "principal": "Train"}),
            "stdin: request.principal: “Train” is neither an ARN nor the name of a service",
        ),
        (question(request={"action": "s3:A", "principal": ""}), "stdin: request.principal: “” is neither an ARN"),
        (
            question(request={"action": "s3:A", "principal": "arn:aws:iam"}),
            "request.principal: “arn:aws:iam” is",
        ),
        (
            question(request={"action": "s3:A", "resource_account": "1111-2222-3333"}),
            "stdin: request.resource_account: “1111-2222-3333” is no account of 12 digits",
        ),
        (question(request={"action": "s3:A", "context_complete": 1}), "request.context_complete: is not true or false"),
        (question(identity={}), "stdin: identity: is not a list"),
        (question(scps=[DATA]), "stdin: scps[0]: is not a list"),
        (question(identity=[DATA, 3]), "stdin: identity[1]: is no policy: neither an object nor text"),
        (question(identity=[{}]), "stdin: identity[0]: Statement: is missing"),
        (
            question(scps=[[DATA], [BAD_STATEMENT]]),
            "stdin: scps[1][0]: statement 1, Effect: is neither Allow nor Deny",
        ),
        (question(identity=[{"document": DATA, "nmae": "x"}]), "stdin: identity[0]: 'nmae' is no field beside"),
        (question(identity=[{"document": DATA, "name": 1}]), "stdin: identity[0].name: is not text"),
        (question(resource_policy=None), "stdin: resource_policy: is no policy"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_leaves_with_3(ask: Asked, sent: object, told: str) -> None:
    code, out, err = ask(sent, "evaluate")
    assert (code, out) == (3, "")
    assert told in err


@pytest.mark.parametrize(
    "sent",
    [
        [],
        {"identity": []},
        question(indentity=[]),
        question(request=[]),
        question(request={"resource": "*"}),
        question(request={"action": 1}),
        question(request={"action": "s3:A", "context": {"k": {}}}),
        question(request={"action": "s3:A", "context": {"k": [None]}}),
        question(identity={}),
        question(scps=[DATA]),
        question(identity=[3]),
        question(identity=[{}]),
        question(identity=[{"document": DATA, "nmae": "x"}]),
        question(identity=[{"document": DATA, "name": 1}]),
        question(resource_policy=None),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(ask: Asked, sent: object) -> None:
    assert ask(sent, "evaluate")[0] == 3
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(sent, EVALUATE_SCHEMA)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"trust_policy": TRUST}, 3),
        ({"trust_policy": TRUST, "context": {"aws:SourceAccount": "111122223333"}}, 0),
        ({"trust_policy": TRUST, "context": {"aws:SourceAccount": "444455556666"}}, 2),
        ({"trust_policy": TRUST, "context_complete": True}, 2),
        ({"trust_policy": TRUST, "service": "ec2.amazonaws.com"}, 2),
        ({"trust_policy": {"Role": {"RoleName": "Train", "AssumeRolePolicyDocument": TRUST}}}, 3),
    ],
)
def test_whether_a_service_may_assume_a_role(ask: Asked, sent: object, code: int) -> None:
    jsonschema.validate(sent, ASSUMABLE_SCHEMA)
    assert ask(sent, "assumable")[0] == code


def test_who_is_no_service_is_refused(ask: Asked) -> None:
    code, out, err = ask({"trust_policy": TRUST, "service": "sagemaker"}, "assumable")
    assert (code, out) == (3, "")
    told = "“sagemaker” is neither an ARN nor the name of a service, such as sagemaker.amazonaws.com"
    assert f"stdin: service: {told}" in err


def test_an_external_id_is_never_sent_by_a_service(ask: Asked) -> None:
    statement = {**TRUST["Statement"][0], "Condition": {"StringEquals": {"sts:ExternalId": "x"}}}  # type: ignore[dict-item]
    assert ask({"trust_policy": {"Statement": statement}}, "assumable")[0] == 2


@pytest.mark.parametrize(
    ("name", "text", "schema", "code"),
    [
        ("evaluate", question_texts.EVALUATE_EXAMPLES, EVALUATE_SCHEMA, 3),
        ("assumable", question_texts.ASSUMABLE_EXAMPLES, ASSUMABLE_SCHEMA, 0),
    ],
)
def test_the_example_of_the_help_is_of_the_schema_and_answered(
    ask: Asked, name: str, text: str, schema: object, code: int
) -> None:
    example = re.search(r"^  \{\n.*?^  \}$", text, re.DOTALL | re.MULTILINE)
    assert example
    jsonschema.validate(json.loads(example[0]), schema)
    assert ask(example[0], name)[0] == code
    printed = ask("", name, "--schema")
    assert (printed[0], json.loads(printed[1])) == (0, schema)
    jsonschema.Draft202012Validator.check_schema(schema)


def test_what_is_no_text_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "healthcheck", "iam", "evaluate"],
        input=b'{"\xff": 1}',
        capture_output=True,
        timeout=60,
        check=False,
        env={"PYTHONUTF8": "1"},
    )
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr == b"sagemaker-healthcheck: stdin: byte 3 is no UTF-8\n"


def test_no_sdk_is_imported_and_nothing_else_that_takes_time() -> None:
    code = (
        "import sys\nfrom healthcheck.cli import main\n"
        "assert main(['iam', 'evaluate']) == 0\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps(question()),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    third_party = {name.partition(".")[0] for name in done.stderr.split()}
    assert third_party.isdisjoint({"boto3", "botocore", "msgspec", "yaml", "structlog", "apscheduler"})
