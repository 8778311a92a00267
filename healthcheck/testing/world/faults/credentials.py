"""Credentials: missing, halved, mistyped, worn out, somebody else's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from healthcheck.result import Status
from healthcheck.testing.world.client import ClientSide, Profile, process_that_says
from healthcheck.testing.world.faults.fault import Fault
from healthcheck.testing.world.principals import KeyStatus
from healthcheck.testing.world.setups import Area, Setup


def _profile(side: ClientSide, target: str) -> Profile:
    return side.profiles[side.setup(target)["profile"]]


def _no_keys(side: ClientSide, target: str) -> None:
    _profile(side, target).credentials.clear()


def _half_a_pair(side: ClientSide, target: str) -> None:
    del _profile(side, target).credentials["aws_secret_access_key"]


def _keep_the_way(side: ClientSide, target: str) -> None:
    """Lead to the world without the profile, whose settings cannot be read."""
    side.environ["AWS_ENDPOINT_URL"] = side.setup(target)["url"]


def _malformed(side: ClientSide, target: str) -> None:
    _keep_the_way(side, target)
    keys = _profile(side, target).credentials
    lines = "\n".join(f"{name} = {value}" for name, value in keys.items())
    side.credentials_text = f"{lines}\n[{side.setup(target)['profile']}\n"


def _wrong_profile(side: ClientSide, target: str) -> None:
    _keep_the_way(side, target)
    side.targets[target]["profile"] = side.setup(target)["profile"] + "s"


def _placeholder_key(side: ClientSide, target: str) -> None:
    keys = _profile(side, target).credentials
    keys["aws_access_key_id"], keys["aws_secret_access_key"] = "[YOUR_ACCESS_KEY_ID]", "[YOUR_SECRET_ACCESS_KEY]"


def _wrong_secret(side: ClientSide, target: str) -> None:
    keys = _profile(side, target).credentials
    secret = keys["aws_secret_access_key"]
    keys["aws_secret_access_key"] = secret[:-1] + ("+" if secret.endswith("/") else "/")


def _unknown_key(side: ClientSide, target: str) -> None:
    _profile(side, target).credentials["aws_access_key_id"] = "AKIAQDELETEDQDELETED"[:20]


def _temporary_keys(side: ClientSide, target: str, lifetime: timedelta = timedelta(days=1)) -> None:
    session = side.setup(target)["session"]
    ends = datetime.now(UTC) + lifetime
    _profile(side, target).credentials.update(
        aws_access_key_id=session["key_id"],
        aws_secret_access_key=session["secret"],
        aws_session_token=session["token"],
        # saml2aws and others note the end beside the keys that they fetched.
        x_security_token_expires=ends.isoformat(timespec="seconds"),
    )


def _temporary_keys_without_token(side: ClientSide, target: str) -> None:
    _temporary_keys(side, target)
    del _profile(side, target).credentials["aws_session_token"]


def _expiring_soon(side: ClientSide, target: str) -> None:
    _temporary_keys(side, target, timedelta(hours=2))


def _process_prints_junk(side: ClientSide, target: str) -> None:
    profile = _profile(side, target)
    profile.credentials.clear()
    profile.config["credential_process"] = process_that_says("Please sign in first.")


def _other_account(side: ClientSide, target: str) -> None:
    side.targets[target]["account"] = "444455556666"


def _shadowed(side: ClientSide, target: str) -> None:
    setup = side.setup(target)
    side.targets[target].pop("profile")
    side.environ.update(
        AWS_PROFILE=setup["profile"],
        AWS_ACCESS_KEY_ID=setup["key_id"],
        AWS_SECRET_ACCESS_KEY=setup["secret"],
    )


def _wrong_external_id(side: ClientSide, target: str) -> None:
    side.targets[target]["assume_role"]["external_id"] = "somebody-elses"


def _inactive(setup: Setup) -> None:
    setup.caller.status = KeyStatus.INACTIVE


def _expired(setup: Setup) -> None:
    setup.session.status = KeyStatus.EXPIRED


FAULTS = (
    Fault(
        id="no-credentials",
        sentence="The profile has no keys, and nothing else gives any.",
        check="credentials.resolvable",
        reason="no_credentials",
        client=_no_keys,
    ),
    Fault(
        id="partial-credentials",
        sentence="The profile has an access key id and no secret.",
        check="credentials.resolvable",
        reason="partial",
        client=_half_a_pair,
    ),
    Fault(
        id="malformed-credentials-file",
        sentence="The credentials file starts without a section header and has one that is never closed.",
        check="credentials.resolvable",
        reason="malformed_file",
        client=_malformed,
        needs_restart=True,
    ),
    Fault(
        id="profile-missing",
        sentence="The settings name a profile that is in none of the AWS files.",
        check="credentials.resolvable",
        reason="profile_missing",
        client=_wrong_profile,
        needs_restart=True,
    ),
    Fault(
        id="placeholder-keys",
        sentence="The keys are the placeholders of a guide, pasted as they stood.",
        check="credentials.resolvable",
        reason="placeholder",
        client=_placeholder_key,
    ),
    Fault(
        id="process-prints-junk",
        sentence="The credential process prints a sentence instead of JSON.",
        check="credentials.resolvable",
        reason="process_output",
        client=_process_prints_junk,
    ),
    Fault(
        id="external-id-wrong",
        sentence="The role that is to be assumed asks for another external id.",
        check="credentials.resolvable",
        reason="assume_role_denied",
        hits="vision",
        client=_wrong_external_id,
    ),
    Fault(
        id="key-deactivated",
        sentence="The access key was made inactive.",
        check="credentials.valid",
        reason="key_rejected",
        area=Area.CALLER,
        strike=_inactive,
    ),
    Fault(
        id="key-deleted",
        sentence="The access key was deleted.",
        check="credentials.valid",
        reason="key_rejected",
        client=_unknown_key,
    ),
    Fault(
        id="secret-wrong",
        sentence="The last character of the secret was lost in pasting.",
        check="credentials.valid",
        reason="wrong_secret",
        client=_wrong_secret,
    ),
    Fault(
        id="token-expired",
        sentence="The session behind the temporary keys was ended before its time.",
        check="credentials.valid",
        reason="expired",
        area=Area.CALLER,
        strike=_expired,
        client=_temporary_keys,
    ),
    Fault(
        id="token-missing",
        sentence="Temporary keys were copied without their session token.",
        check="credentials.valid",
        reason="token_missing",
        client=_temporary_keys_without_token,
    ),
    Fault(
        id="account-unexpected",
        sentence="The credentials lead to another account than the settings expect.",
        check="credentials.account",
        reason="unexpected_account",
        client=_other_account,
    ),
    Fault(
        id="credentials-expire-soon",
        sentence="The session ends in two hours, and nothing renews it.",
        check="credentials.expiry",
        reason="expires_soon",
        status=Status.WARNING,
        client=_expiring_soon,
    ),
    Fault(
        id="keys-shadow-profile",
        sentence="Keys in the environment beat the profile that AWS_PROFILE names.",
        check="credentials.shadowing",
        reason="keys_beat_profile",
        status=Status.WARNING,
        client=_shadowed,
        needs_restart=True,
    ),
)
