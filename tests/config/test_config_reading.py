"""The settings file: which one is in force, what it says, and every mistake in it at once."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from healthcheck import CredentialSource, Purpose
from healthcheck.config import (
    SYSTEM_PATH,
    CheckEntry,
    Config,
    ConfigError,
    DaemonSettings,
    Mistake,
    Place,
    TargetEntry,
    load,
    locate,
    read,
)
from tests.registries import a_file, read_text, told

ROLE = "arn:aws:iam::111122223333:role/service-role/Training"


def test_the_named_file_is_in_force_before_the_variables_before_the_folders_before_the_systems(tmp_path: Path) -> None:
    system = tmp_path / "etc.yaml"
    here = tmp_path / "healthcheck.yaml"
    environ = {"SAGEMAKER_HEALTHCHECK_CONFIG": "/by/variable.yaml"}

    assert locate("named.yaml", environ, tmp_path, system_path=system) == tmp_path / "named.yaml"
    assert locate(None, environ, tmp_path, system_path=system) == Path("/by/variable.yaml")
    assert locate(None, {"SAGEMAKER_HEALTHCHECK_CONFIG": ""}, tmp_path, system_path=system) is None
    system.touch()
    assert locate(None, {}, tmp_path, system_path=system) == system
    here.touch()
    assert locate(None, {}, tmp_path, system_path=system) == here
    assert Path("/etc/sagemaker-healthcheck/healthcheck.yaml") == SYSTEM_PATH


def test_no_file_is_no_settings() -> None:
    assert load(None, {}) == Config()


@pytest.mark.parametrize("text", ["{}\n", "targets:\nchecks:\ndaemon:\n", "x-mine: [1, {a: b}]\n"])
def test_a_file_that_says_nothing_is_like_none(tmp_path: Path, text: str) -> None:
    assert read_text(tmp_path, text) == Config(path=tmp_path / "healthcheck.yaml")


@pytest.mark.parametrize("text", ["", " \n", "# only a comment\n", "---\n", "null\n", "--- # empty\n...\n"])
def test_a_file_without_a_document_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"healthcheck\.yaml:.* is empty; "):
        read_text(tmp_path, text)


def test_a_full_target_is_read_with_its_types(tmp_path: Path) -> None:
    text = f"""\
targets:
  - name: prod
    profile: work
    assume_role: {{arn: "{ROLE}", external_id: "0123", session_name: me@here}}
    account: 012345678901
    regions: [us-east-1, eu-west-1]
    role: {ROLE}
    bucket: acme-data
    purposes: [hosting, training]
    reads: ["s3://acme-raw/in/"]
    writes: ["s3://acme-models"]
    images: ["111122223333.dkr.ecr.us-east-1.amazonaws.com/team/churn:2"]
    output_keys: ["arn:aws:kms:us-east-1:111122223333:key/0-1"]
    volume_keys: ["arn:aws:kms:us-east-1:111122223333:key/0-2"]
    subnets: [subnet-0123456789abcdef0]
    security_groups: [sg-0123456789abcdef0]
    caller: self
    labels: {{team: vision, paid: yes, cost: 010}}
    checks:
      credentials.expiry: {{enabled: no, every: 1h30m, timeout: 5s, horizon: 2h}}
"""
    (target,) = read_text(tmp_path, text).targets
    settings = target.checks[0].settings
    assert target == TargetEntry(
        name="prod",
        place=Place(2, 11),
        source=CredentialSource("work", ROLE, "0123", "me@here"),
        account="012345678901",
        regions=("us-east-1", "eu-west-1"),
        role=ROLE,
        bucket="acme-data",
        reads=("s3://acme-raw/in/",),
        writes=("s3://acme-models",),
        images=("111122223333.dkr.ecr.us-east-1.amazonaws.com/team/churn:2",),
        output_keys=("arn:aws:kms:us-east-1:111122223333:key/0-1",),
        volume_keys=("arn:aws:kms:us-east-1:111122223333:key/0-2",),
        subnets=("subnet-0123456789abcdef0",),
        security_groups=("sg-0123456789abcdef0",),
        caller="self",
        purposes=(Purpose.HOSTING, Purpose.TRAINING),
        labels={"team": "vision", "paid": "yes", "cost": "010"},
        checks=(
            CheckEntry(
                "credentials.expiry", Place(20, 7), False, timedelta(hours=1.5), timedelta(seconds=5), settings=settings
            ),
        ),
    )
    assert list(settings) == ["horizon"]


def test_what_a_target_leaves_out_has_its_default(tmp_path: Path) -> None:
    (target,) = read_text(tmp_path, "targets: [{name: a}]\n").targets
    assert target == TargetEntry("a", Place(1, 18), CredentialSource(), None, (), None, "default")
    assert target.purposes == (Purpose.TRAINING,)


def test_a_key_with_nothing_behind_it_is_left_out(tmp_path: Path) -> None:
    text = "targets:\n  - name: a\n    profile:\n    role: ~\n    bucket: ${BUCKET:-}\n    labels:\n    assume_role:\n"
    (target,) = read_text(tmp_path, text).targets
    assert target == TargetEntry("a", Place(2, 11))


@pytest.mark.parametrize(("written", "bucket"), [("default", "default"), ("none", None), ("abc", "abc")])
def test_a_bucket_is_the_default_one_or_none_or_named(tmp_path: Path, written: str, bucket: str | None) -> None:
    (target,) = read_text(tmp_path, f"targets: [{{name: a, bucket: {written}}}]\n").targets
    assert target.bucket == bucket


def test_the_daemons_settings_are_typed(tmp_path: Path) -> None:
    text = """\
daemon:
  listen: "[::1]:0"
  workers: 8
  failures_to_fail: 3
  successes_to_recover: 4
  confirm_after: 45s
  log_format: json
  log_level: warning
  log_check_finished: debug
  enable_lifecycle: on
  web_config: web.yml
  shutdown_after: 1m
"""
    daemon = read_text(tmp_path, text).daemon
    assert daemon == DaemonSettings(
        "[::1]:0",
        8,
        3,
        4,
        timedelta(seconds=45),
        "json",
        "warning",
        "debug",
        enable_lifecycle=True,
        web_config=Path("web.yml"),
        shutdown_after=timedelta(minutes=1),
    )
    assert (daemon.host, daemon.port, daemon.confirm_seconds, daemon.shutdown_seconds) == ("::1", 0, 45.0, 60.0)


def test_a_port_alone_means_every_address(tmp_path: Path) -> None:
    daemon = read_text(tmp_path, "daemon: {listen: ':9479'}\n").daemon
    assert (daemon.host, daemon.port) == ("0.0.0.0", 9479)


@pytest.mark.parametrize(
    "role",
    [
        "arn:aws:iam::111122223333:role/Training",
        "arn:aws:iam::<ACCOUNT>:role/YOUR_ROLE",
        "arn:aws:sts::111122223333:assumed-role/Training/me",
        "arn:aws:iam::1234:role/Training",
        "arn:aws:iam::111122223333:instance-profile/Training",
    ],
)
def test_an_arn_that_is_merely_wrong_is_left_to_the_check(tmp_path: Path, role: str) -> None:
    (target,) = read_text(tmp_path, f"targets: [{{name: a, role: '{role}'}}]\n").targets
    assert target.role == role


@pytest.mark.parametrize(
    ("role", "hint"),
    [
        ("Training", ""),
        (f"'[{ROLE}]'", f"; did you mean {ROLE}?"),
        (f"'{ROLE} # mine'", ""),
        ("'[YOUR_ROLE_ARN]'", ""),
        ("arn:aws:iam:role/x", ""),
    ],
)
def test_a_role_that_is_no_arn_at_all_is_refused(tmp_path: Path, role: str, hint: str) -> None:
    expected = "expected the ARN of a role, such as arn:aws:iam::111122223333:role/NAME"
    with pytest.raises(ConfigError) as caught:
        read_text(tmp_path, f"targets: [{{name: a, role: {role}}}]\n")
    written = role.strip("'")
    assert told(caught.value) == [(1, 27, f'role of target a is "{written}"; {expected}{hint}')]


def test_a_role_from_the_environment_is_left_to_the_check_whatever_it_is(tmp_path: Path) -> None:
    (target,) = read_text(tmp_path, "targets: [{name: a, role: '${ROLE}'}]\n", ROLE="[Training]").targets
    assert target.role == "[Training]"


TARGET_MISTAKES = [
    ("profle: x", 'target a has no setting "profle"; did you mean profile?'),
    (
        "colour: x",
        (
            'target a has no setting "colour"; it may have name, profile, account, regions, role, bucket, '
            "purposes, reads, writes, images, output_keys, volume_keys, subnets, security_groups, caller, "
            "assume_role, labels, checks"
        ),
    ),
    (
        "account: 1111-2222-3333",
        'account of target a is "1111-2222-3333"; expected 12 digits, such as 111122223333; did you mean 111122223333?',
    ),
    ("account: 11112222333", 'account of target a is "11112222333"; expected 12 digits, such as 111122223333'),
    ("account: 1111222233334", 'account of target a is "1111222233334"; expected 12 digits, such as 111122223333'),
    ("account: [1]", "account of target a is a list; expected 12 digits, such as 111122223333"),
    ("regions: us-east-1", 'regions of target a is "us-east-1"; expected a list such as [us-east-1, eu-west-1]'),
    ("regions: []", "regions of target a is an empty list; expected a list such as [us-east-1, eu-west-1]"),
    (
        "regions: [us/east]",
        'entry 1 of regions of target a is "us/east"; expected the name of a region, such as eu-west-1',
    ),
    ("regions: [a, b, a]", 'regions of target a names "a" twice; remove one'),
    (
        "bucket: s3://data/in",
        'bucket of target a is "s3://data/in"; expected default, none, or the name of a bucket; did you mean data?',
    ),
    ("bucket: ab", 'bucket of target a is "ab"; expected default, none, or the name of a bucket'),
    ("bucket: ''", 'bucket of target a is ""; expected default, none, or the name of a bucket'),
    (
        "purposes: [trainin]",
        (
            'entry 1 of purposes of target a is "trainin"; expected one of training, processing, '
            "tuning, hosting, pipelines, notebook; did you mean training?"
        ),
    ),
    (
        "reads: [acme-data/train]",
        (
            'entry 1 of reads of target a is "acme-data/train"; expected an address such as s3://bucket/prefix/; '
            "did you mean s3://acme-data/train?"
        ),
    ),
    (
        "writes: ['arn:aws:s3:::acme-data']",
        (
            'entry 1 of writes of target a is "arn:aws:s3:::acme-data"; expected an address such as '
            "s3://bucket/prefix/; did you mean s3://acme-data?"
        ),
    ),
    (
        "writes: s3://acme-data",
        'writes of target a is "s3://acme-data"; expected a list such as [s3://acme-models/churn/]',
    ),
    (
        "volume_keys: [alias/data]",
        (
            'entry 1 of volume_keys of target a is "alias/data"; expected the ARN of a KMS key, such as '
            "arn:aws:kms:eu-west-1:111122223333:key/ID; an alias can come to mean another key, and its key's ARN is in "
            "`aws kms describe-key --key-id ALIAS`"
        ),
    ),
    (
        "images: [churn:2]",
        (
            'entry 1 of images of target a is "churn:2"; expected an image in ECR, such as '
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn:2"
        ),
    ),
    (
        "subnets: [subnet-1]",
        ('entry 1 of subnets of target a is "subnet-1"; expected the id of a subnet, such as subnet-0123456789abcdef0'),
    ),
    ("caller: alice", 'caller of target a is "alice"; expected self, none, or the ARN of a user or role'),
    ("labels: [x]", "labels of target a is a list; expected a mapping such as {team: vision}"),
    ("labels: {region: x}", "the label region of target a exists for every target; choose another name"),
    (
        "labels: {__x: y}",
        (
            '"__x" of target a is no name of a label; expected letters, digits and _, '
            "beginning with no digit and not with __"
        ),
    ),
    ("labels: {x: {}}", "x of labels of target a is a mapping; expected a text"),
    ("assume_role: {}", "assume_role of target a has no arn; add the ARN of the role to assume"),
    (
        "assume_role: x",
        'assume_role of target a is "x"; expected a mapping with keys of arn, external_id, session_name',
    ),
    (
        "assume_role: {arn: 'arn:aws:sts::111122223333:assumed-role/a/b'}",
        (
            'arn of assume_role of target a is "arn:aws:sts::111122223333:assumed-role/a/b"; expected '
            "the ARN of a role, such as arn:aws:iam::111122223333:role/NAME; "
            "this is the ARN of a session, and the role's own ARN is in IAM"
        ),
    ),
    (
        "checks: {trust: {}}",
        (
            '"trust" in checks of target a names no check; expected a check such as role.trust, '
            "or a pattern such as role.*"
        ),
    ),
    ("checks: {role.trust: off}", 'check role.trust is "off"; expected a mapping such as {enabled: false}'),
    (
        "checks: {role.trust: {every: 0s}}",
        'every of check role.trust is "0s"; expected a duration of at least 1s, such as 30s, 15m, 12h or 1h30m',
    ),
]


@pytest.mark.parametrize(("line", "sentence"), TARGET_MISTAKES)
def test_each_mistake_in_a_target_has_its_sentence(tmp_path: Path, line: str, sentence: str) -> None:
    text = f"targets:\n  - name: a\n    {line}\n"
    with pytest.raises(ConfigError) as caught:
        read_text(tmp_path, text)
    assert [(3, sentence)] == [(line_number, words) for line_number, _, words in told(caught.value)]


FILE_MISTAKES = [
    ("- a\n", 1, 1, "the file is a list; expected keys such as targets: and checks:"),
    ("hello\n", 1, 1, 'the file is "hello"; expected keys such as targets: and checks:'),
    ("target: []\n", 1, 1, 'the file has no setting "target"; did you mean targets?'),
    ("targets: []\n", 1, 10, "targets is an empty list; leave it out to watch the ambient credentials"),
    ("targets: {a: b}\n", 1, 10, "targets is a mapping; expected a list whose entries begin with - name:"),
    ("targets: [a]\n", 1, 11, 'target 1 is "a"; expected a mapping that begins with name:'),
    ("targets: [{}]\n", 1, 11, "target 1 has no name; add name: and a word"),
    ("targets: [{name: }]\n", 1, 11, "target 1 has no name; add name: and a word"),
    (
        "targets: [{name: a/b}]\n",
        1,
        18,
        (
            'name of target a/b is "a/b"; expected a name of at most 100 letters, digits, dots, underscores '
            "and hyphens, beginning with a letter or digit"
        ),
    ),
    ("targets:\n- name: a\n- name: a\n", 3, 9, "another target is named a, in line 2; names must differ"),
    (
        "daemon: {listen: 9479}\n",
        1,
        18,
        (
            'listen of daemon is "9479"; expected an address and a port, such as '
            "127.0.0.1:9479; did you mean 127.0.0.1:9479?"
        ),
    ),
    (
        "daemon: {listen: 'a:65536'}\n",
        1,
        18,
        'listen of daemon is "a:65536"; expected an address and a port, such as 127.0.0.1:9479',
    ),
    ("daemon: {workers: 0}\n", 1, 19, 'workers of daemon is "0"; expected a whole number from 1 to 1024'),
    ("daemon: {workers: 1025}\n", 1, 19, 'workers of daemon is "1025"; expected a whole number from 1 to 1024'),
    ("daemon: {wrkers: 1}\n", 1, 10, 'daemon has no setting "wrkers"; did you mean workers?'),
    ("checks: []\n", 1, 9, "checks is a list; expected a mapping such as {role.trust: {every: 30m}}"),
    (
        "checks: {'**': {}}\n",
        1,
        10,
        '"**" in checks names no check; expected a check such as role.trust, or a pattern such as role.*',
    ),
]


@pytest.mark.parametrize(("text", "line", "column", "sentence"), FILE_MISTAKES)
def test_each_mistake_in_a_file_has_its_place(tmp_path: Path, text: str, line: int, column: int, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_text(tmp_path, text)
    assert told(caught.value) == [(line, column, sentence)]


def test_all_mistakes_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """\
daemon: {workers: none}
targets:
  - name: a
    account: x
    regions: [us-east-1, "", us-east-1]
  - profile: p
    role: ${NOPE}
checks: {a.b: {every: often}}
"""
    with pytest.raises(ConfigError) as caught:
        read_text(tmp_path, text)
    assert [(line, column) for line, column, _ in told(caught.value)] == [
        (1, 19),
        (4, 14),
        (5, 26),
        (5, 30),
        (6, 5),
        (7, 11),
        (8, 23),
    ]
    first = str(caught.value).splitlines()[0]
    assert (
        first
        == f'{tmp_path}/healthcheck.yaml:1:19: workers of daemon is "none"; expected a whole number from 1 to 1024'
    )


def test_a_wrong_value_that_several_targets_share_is_one_mistake(tmp_path: Path) -> None:
    text = "x-: &x {account: 1}\ntargets:\n- {<<: *x, name: a}\n- {<<: *x, name: b}\n"
    with pytest.raises(ConfigError) as caught:
        read_text(tmp_path, text)
    assert [mistake.line for mistake in caught.value.mistakes] == [1]


def test_reading_keeps_what_makes_sense_beside_what_does_not(tmp_path: Path) -> None:
    reading = read(a_file(tmp_path, "targets: [{name: a, account: 1, profile: p}]\n"), {})
    assert [target.source.profile for target in reading.config.targets] == ["p"]
    assert [mistake.column for mistake in reading.mistakes] == [30]


def test_a_missing_file_is_told_with_the_next_step(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    sentence = "there is no such file; name another with --config, or run without one"
    assert caught.value.mistakes == (Mistake(str(path), None, None, sentence),)
    assert str(caught.value) == f"{path}: {sentence}"


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"^{tmp_path}: is a directory; name the file in it, such as {tmp_path}/"):
        load(tmp_path, {})


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    file = a_file(tmp_path, "")
    with pytest.raises(ConfigError, match="cannot be read: Not a directory"):
        load(file / "x", {})
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(ConfigError, match="cannot be read: Too many levels of symbolic links"):
        load(loop, {})


def test_a_name_that_no_file_can_have_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no name that a file can have"):
        load(tmp_path / "a\0b", {})


@pytest.mark.parametrize(
    ("content", "line", "column", "sentence"),
    [
        (b"a: 1\nb: caf\xe9\n", 2, 7, "holds the byte 0xe9, which is not UTF-8; save the file as UTF-8"),
        ("é: \N{SNOWMAN}".encode() + b"\xff", 1, 5, "holds the byte 0xff, which is not UTF-8; save the file as UTF-8"),
        ("targets:".encode("utf-16"), 1, 1, "is UTF-16; save it as UTF-8"),
    ],
)
def test_what_is_not_utf8_is_told_with_its_place(
    tmp_path: Path, content: bytes, line: int, column: int, sentence: str
) -> None:
    path = tmp_path / "healthcheck.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert told(caught.value) == [(line, column, sentence)]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "healthcheck.yaml"
    path.write_bytes(b"\xef\xbb\xbftargets: [{name: a}]\n")
    assert load(path, {}).targets[0].place == Place(1, 18)


def test_a_file_larger_than_any_settings_is_not_read_to_its_end() -> None:
    with pytest.raises(ConfigError, match="is larger than 16 MiB"):
        load(Path("/dev/zero"), {})


def test_settings_may_come_through_a_pipe() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"targets: [{name: a}]\n")
    os.close(writer)
    try:
        assert [target.name for target in load(Path(f"/dev/fd/{reader}"), {}).targets] == ["a"]
    finally:
        os.close(reader)


def test_five_thousand_targets_load_in_far_less_than_two_seconds(tmp_path: Path) -> None:
    entry = """\
  - name: t{0}
    profile: p{0}
    account: "111122223333"
    regions: [us-east-1]
    role: arn:aws:iam::111122223333:role/service-role/R{0}
    purposes: [training, hosting]
    labels: {{team: vision}}
    checks: {{credentials.expiry: {{horizon: 2h}}}}
"""
    path = a_file(tmp_path, "targets:\n" + "".join(entry.format(number) for number in range(5000)))
    # Processor time, so that a busy machine does not decide.
    before = time.process_time()
    assert len(load(path, {}).targets) == 5000
    assert time.process_time() - before < 2.0
