"""What resolving a source gave, beside what its files say."""

from __future__ import annotations

import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from healthcheck.capabilities import Credentials
from healthcheck.checks.aws_files import AwsFile, FileKind, read
from healthcheck.checks.resolution import verdict
from healthcheck.errors import Failure, FailureKind
from healthcheck.result import Result, Status
from healthcheck.target import CredentialSource

PROD = CredentialSource(profile="prod")
KEY = "AKIAQHEALTHCHECKTEST"


def credentials(text: str) -> AwsFile:
    return read("/home/alice/.aws/credentials", FileKind.CREDENTIALS, text.encode())


def config(text: str) -> AwsFile:
    return read("/home/alice/.aws/config", FileKind.CONFIG, text.encode())


def failed(code: str, *files: AwsFile, source: CredentialSource = PROD, **environ: str) -> Result:
    failure = Failure(FailureKind.NO_CREDENTIALS, f"{source.name}: it said so.", None, code)
    return verdict(source, Credentials(source.name, failure=failure), files, environ)


def test_a_line_that_spoils_the_file_is_pointed_at() -> None:
    result = failed("ConfigParseError", credentials("[prod]\nhello\n"))
    assert result.summary == (
        "profile prod: line 2 of /home/alice/.aws/credentials is neither a [section], nor name = value, nor a comment"
    )
    assert result.evidence["line"] == 2


def test_a_file_that_only_the_sdk_cannot_read_is_told_in_its_words() -> None:
    assert failed("ConfigParseError").summary == "profile prod: a shared AWS file cannot be read: it said so"


def test_the_profiles_that_exist_are_told() -> None:
    result = failed("ProfileNotFound", credentials("[staging]\n"), config("[profile dev]\n"))
    assert result.summary == "profile prod: the profile prod does not exist (there are: dev, staging)"


def test_another_s_misspelt_profile_is_not_ours() -> None:
    assert failed("ProfileNotFound", credentials("[profile other]\n")).reason == "profile_missing"


def test_a_file_that_is_not_found_is_the_process_when_a_process_is_configured() -> None:
    process = config("[profile prod]\ncredential_process = /gone/fetch\n")
    assert failed("FileNotFoundError", process).reason == "process_output"
    assert failed("FileNotFoundError", process, AWS_WEB_IDENTITY_TOKEN_FILE="/gone").reason == "web_identity"
    assert failed("FileNotFoundError").reason == "web_identity"


def test_a_switch_that_turns_the_instance_s_role_off_is_told() -> None:
    assert "AWS_EC2_METADATA_DISABLED" not in failed("NoCredentialsError").summary
    assert "AWS_EC2_METADATA_DISABLED" in failed("NoCredentialsError", AWS_EC2_METADATA_DISABLED="true").summary


@pytest.mark.parametrize(("disabled", "hops"), [("false", 1), ("TRUE", 0)])
def test_the_instances_metadata_is_to_be_mended_only_where_it_is_asked(disabled: str, hops: int) -> None:
    result = failed("NoCredentialsError", credentials(""), AWS_EC2_METADATA_DISABLED=disabled)
    assert result.fix is not None
    assert "aws configure --profile prod" in result.fix.commands
    assert sum("--http-put-response-hop-limit" in command for command in result.fix.commands) == hops
    assert "(one of them exists)" in result.summary


def test_of_a_role_to_assume_the_fix_allows_exactly_that() -> None:
    arn = "arn:aws:iam::111122223333:role/Watcher"
    source = CredentialSource(profile="prod", assume_role=arn)
    failure = Failure(FailureKind.NOT_PERMITTED, "denied.", "sts.AssumeRole", "AccessDenied")
    result = verdict(source, Credentials(source.name, failure=failure), (), {})
    assert (result.status, result.reason) == (Status.CRITICAL, "assume_role_denied")
    assert result.fix is not None
    assert result.fix.policy == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn}],
    }


def found(method: str, *files: AwsFile, well_formed: bool = True, **environ: str) -> Result:
    facts = Credentials(PROD.name, method, "AKIA", "TEST", well_formed)
    return verdict(PROD, facts, files, environ)


def test_keys_that_are_not_in_use_may_be_spoilt() -> None:
    spoilt = credentials(f'[prod]\naws_access_key_id = "{KEY}"\n')
    assert found("shared-credentials-file", spoilt).reason == "quoted"
    assert found("custom-process", spoilt).status is Status.OK


def test_a_mistake_that_does_no_harm_yet_is_a_warning() -> None:
    result = found("custom-process", config("[prod]\n[profile prod]\ncredential_process = fetch\n"))
    assert (result.status, result.reason) == (Status.WARNING, "profile_spelling")


@pytest.mark.parametrize("method", ["custom-process", "sso"])
def test_a_malformed_key_of_a_program_is_told_by_its_method(method: str) -> None:
    result = found(method, well_formed=False)
    assert (result.status, result.reason) == (Status.CRITICAL, "malformed_key")
    assert method in result.summary


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_command_that_removes_a_byte_order_mark_does_so(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "it's credentials"
    path.write_text("[prod]\nregion = us-east-1\n", encoding=encoding)
    spoilt = read(str(path), FileKind.CREDENTIALS, path.read_bytes())
    result = failed("ConfigParseError", spoilt)
    assert result.fix is not None
    (command,) = result.fix.commands
    words = shlex.split(command)
    assert words[0] == "python3"
    subprocess.run([sys.executable, *words[1:]], check=True)
    assert path.read_bytes() == b"[prod]\nregion = us-east-1\n"


ROLE = CredentialSource(profile="prod", assume_role="arn:aws:iam::111122223333:role/Watcher")


def test_a_role_whose_base_fails_is_told_in_the_words_of_the_base() -> None:
    """Whoever uses the base itself, and whoever assumes a role with it, see one cause."""
    failure = Failure(FailureKind.NO_CREDENTIALS, "profile prod: it said so.", None, "ProfileNotFound")
    base = Credentials(PROD.name, failure=failure)
    theirs = replace(failure, sentence=f"{ROLE.name}: profile prod: it said so.")
    seen = verdict(ROLE, Credentials(ROLE.name, failure=theirs, base=base), (), {})
    assert seen == verdict(PROD, base, (), {})
    assert (seen.subject, seen.reason) == ("profile prod", "profile_missing")


def test_a_base_that_was_found_and_is_refused_is_for_another_check_to_tell() -> None:
    failure = Failure(FailureKind.CREDENTIALS_INVALID, "refused", "sts.AssumeRole", "InvalidClientTokenId")
    base = Credentials(PROD.name, "shared-credentials-file", "AKIA", "TEST")
    seen = verdict(ROLE, Credentials(ROLE.name, failure=failure, base=base), (), {})
    assert (seen.subject, seen.status) == ("profile prod", Status.OK)


def test_a_base_with_a_template_for_a_key_is_told_as_that() -> None:
    failure = Failure(FailureKind.CREDENTIALS_INVALID, "refused", "sts.AssumeRole", "InvalidClientTokenId")
    base = Credentials(PROD.name, "shared-credentials-file", "[YOU", "KEY]", key_id_well_formed=False)
    file = credentials("[prod]\naws_access_key_id = [YOUR_KEY]\naws_secret_access_key = x\n")
    seen = verdict(ROLE, Credentials(ROLE.name, failure=failure, base=base), (file,), {})
    assert (seen.subject, seen.reason) == ("profile prod", "placeholder")


def test_a_role_that_may_not_be_assumed_is_told_as_the_roles() -> None:
    failure = Failure(FailureKind.NOT_PERMITTED, "refused", "sts.AssumeRole", "AccessDenied")
    seen = verdict(ROLE, Credentials(ROLE.name, failure=failure), (), {})
    assert (seen.subject, seen.reason) == (ROLE.name, "assume_role_denied")
