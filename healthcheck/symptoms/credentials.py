"""Texts about credentials: absent, half there, expired, refused."""

from __future__ import annotations

from healthcheck.errors import FailureKind
from healthcheck.result import Fix
from healthcheck.symptoms.symptom import Confidence, Symptom

_RESOLVABLE = ("credentials.resolvable",)
_LIST = "aws configure list"

SYMPTOMS: tuple[Symptom, ...] = (
    Symptom(
        "no-credentials",
        "AWS's SDK looked in every usual place (environment, shared files, container, instance) and found no "
        "credentials; nothing was sent to AWS.",
        _RESOLVABLE,
        Fix("Sign in, or name a profile that exists.", (_LIST, "aws sso login --profile NAME")),
        Confidence.CERTAIN,
        patterns=(r"Unable to locate credentials", r"Unable to locate authorization token"),
        kinds=(FailureKind.NO_CREDENTIALS,),
        source="botocore, NoCredentialsError",
    ),
    Symptom(
        "half-a-key",
        "One half of a key pair is there and the other is not, in the place that the text names; the SDK does not go "
        "on to the next place, so good credentials further down are not used.",
        (*_RESOLVABLE, "credentials.shadowing"),
        Fix("Complete the pair, or remove the half.", (_LIST,)),
        Confidence.CERTAIN,
        patterns=(r"Partial credentials found in",),
        source="botocore, PartialCredentialsError",
    ),
    Symptom(
        "broken-shared-file",
        "~/.aws/config or ~/.aws/credentials cannot be read: a line before the first [section], a section or key that "
        "stands twice, or a file saved as UTF-16 or with a byte order mark.",
        _RESOLVABLE,
        Fix("Mend the file that the text names; `credentials.resolvable` names the line."),
        Confidence.CERTAIN,
        patterns=(r"Unable to parse config file",),
        source="botocore, ConfigParseError",
    ),
    Symptom(
        "no-such-profile",
        "No shared file has the profile: it is misspelt, AWS_PROFILE is set to something old or to nothing, or its "
        "header is wrong ([profile NAME] in config, [NAME] in credentials).",
        (*_RESOLVABLE, "credentials.shadowing"),
        Fix("Correct the name, or the header.", ("aws configure list-profiles",)),
        Confidence.CERTAIN,
        patterns=(r"The config profile \(.*\) could not be found",),
        source="botocore, ProfileNotFound",
    ),
    Symptom(
        "profile-wiring",
        "A profile that assumes a role is wired wrongly: its source_profile does not exist, it has source_profile and "
        "credential_source both, or it names an sso_session that is not there.",
        _RESOLVABLE,
        Fix("Correct the profile in ~/.aws/config.", ("aws configure list-profiles",)),
        Confidence.CERTAIN,
        patterns=(
            r"InvalidConfigError",
            r'The source_profile "[^"]*" referenced in the profile "[^"]*" does not exist',
            r"source_profile.{0,40}credential_source|credential_source.{0,40}source_profile",
            r"Infinite loop in credential configuration",
            r"The specified sso-session does not exist|sso_session",
            r"is configured to use .{1,40} but is missing required configuration",
            r"is inconsistent between profile",
        ),
        source="botocore, InvalidConfigError",
    ),
    Symptom(
        "sso-over",
        "The sign-in of AWS IAM Identity Center (SSO) is over, or was never done on this machine. A daemon cannot "
        "renew it: somebody has to sign in with a browser.",
        _RESOLVABLE,
        Fix("Sign in again; for what runs unattended use a role instead.", ("aws sso login --profile NAME",)),
        Confidence.CERTAIN,
        patterns=(
            r"Error loading SSO Token",
            r"The SSO session associated with this profile has expired",
            r"Token has expired and refresh failed",
            r"Error when retrieving token from sso",
            r"an access token from SSO",
        ),
        source="botocore, SSOTokenLoadError and UnauthorizedSSOTokenError; boto/boto3#4119",
    ),
    Symptom(
        "login-over",
        "The sign-in of `aws login` is over, was never done on this machine, or may not be renewed. Somebody has to "
        "sign in with a browser.",
        _RESOLVABLE,
        Fix("Sign in again; for what runs unattended use a role instead.", ("aws login --profile NAME",)),
        Confidence.CERTAIN,
        patterns=(
            r"Please reauthenticate using 'aws login'",
            r"Error loading login session token",
            r"redeeming a login authorization code",
            r"Unable to create or refresh login credentials",
            r"refreshing a login session profile",
        ),
        source="botocore, LoginError",
    ),
    Symptom(
        "metadata-silent",
        "What hands out credentials on this machine (the instance's or container's address) does not answer, or has "
        "none: no role is attached, IMDSv2 does not reach into the container, or the pod's identity is not set up.",
        _RESOLVABLE,
        Fix(
            "Look at what is attached to the instance, task or pod; credentials.resolvable says which it asked.",
            (_LIST,),
        ),
        Confidence.LIKELY,
        patterns=(r"Error retrieving metadata", r"MetadataRetrievalError"),
        source="botocore, MetadataRetrievalError",
    ),
    Symptom(
        "second-factor-asked",
        "The profile asks for a one-time code (mfa_serial), and there is no terminal to type it in.",
        _RESOLVABLE,
        Fix("Use a profile without mfa_serial for what runs unattended."),
        Confidence.POSSIBLE,
        patterns=(
            r"^(.* )?EOFError(: EOF when reading a line)?$",
            r"EOF when reading a line",
            r"Cannot refresh credentials: MFA token required",
        ),
        source="botocore asks with getpass; tried",
    ),
    Symptom(
        "renewed-and-still-expired",
        "Whatever renews the credentials (credential_process, the instance's or container's address) gave some that "
        "are already over, or this host's clock is ahead.",
        ("credentials.expiry", "network.clock"),
        Fix("Run the credential_process by hand and look at its Expiration; set the clock by NTP.", ("date -u",)),
        Confidence.CERTAIN,
        patterns=(r"the refreshed credentials are still expired",),
        source="botocore, RefreshableCredentials",
    ),
    Symptom(
        "credential-process-printed-no-json",
        "The profile's credential_process printed something that is no JSON: a message, a prompt or nothing.",
        _RESOLVABLE,
        Fix("Run the command of credential_process by hand, in the same environment."),
        Confidence.POSSIBLE,
        patterns=(r"JSONDecodeError: Expecting value", r"Error when retrieving credentials from custom-process"),
        source="botocore, ProcessProvider; tried",
    ),
    Symptom(
        "web-identity-refused",
        "A role is to be assumed with a web identity (IRSA on EKS, a CI's OIDC), and its trust policy does not name "
        "this issuer, audience or subject. It is not the role of SageMaker's jobs.",
        ("credentials.resolvable", "credentials.valid"),
        Fix(
            "Let the trust policy of the assumed role name the issuer and the subject that the token has.",
            ("aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument",),
        ),
        Confidence.CERTAIN,
        patterns=(r"Not authorized to perform sts:AssumeRoleWithWebIdentity",),
        source="awslabs/data-on-eks#338",
    ),
    Symptom(
        "web-identity-token-absent",
        "The file with the web identity's token, which AWS_WEB_IDENTITY_TOKEN_FILE names, is not there: the volume is "
        "not mounted, or the variable was copied from a pod.",
        _RESOLVABLE,
        Fix("Mount the token's volume (the service account's annotation does), or unset the variable."),
        Confidence.LIKELY,
        patterns=(r"No such file or directory: '[^']*(serviceaccount|token)[^']*'",),
        source="botocore, AssumeRoleWithWebIdentityProvider; tried",
    ),
    Symptom(
        "crt-absent",
        "The profile signs in with `aws login`, for which AWS's SDK needs a library that is not installed.",
        _RESOLVABLE,
        Fix("Install it where the program runs.", ('pip install "botocore[crt]"',)),
        Confidence.CERTAIN,
        patterns=(r'pip install "?botocore\[crt\]',),
        source="botocore, MissingDependencyException",
    ),
    Symptom(
        "session-over",
        "The session of these credentials is over. Nothing is wrong with permissions.",
        ("credentials.valid", "credentials.expiry"),
        Fix("Renew the credentials: sign in again, or get a new session.", ("aws sts get-caller-identity",)),
        Confidence.CERTAIN,
        kinds=(FailureKind.CREDENTIALS_EXPIRED,),
        source="STS API reference, common errors",
    ),
    Symptom(
        "bad-request-to-head",
        "An answer to HeadBucket or HeadObject has no body to say more in; nearly always the session's token has "
        "expired. It says nothing about the bucket.",
        ("credentials.valid",),
        Fix("Renew the credentials.", ("aws sts get-caller-identity",)),
        Confidence.LIKELY,
        # R's paws says it without the number.
        patterns=(r"An error occurred (?:\(400\) )?when calling the Head\w+ operation: Bad Request",),
        source="boto/boto#2916, aws/aws-sdk-js#2219",
    ),
    Symptom(
        "key-not-known",
        "AWS does not know this access key: deleted, deactivated, of another partition (China, GovCloud), or its "
        "session comes from the global STS address while the region is one that has to be opted in to.",
        ("credentials.valid", "region.supported", "credentials.shadowing"),
        Fix("Look whose key it is, and where it comes from.", (_LIST, "aws sts get-caller-identity")),
        Confidence.LIKELY,
        kinds=(FailureKind.CREDENTIALS_INVALID,),
        source="99designs/aws-vault#512; STS API reference, common errors",
    ),
    Symptom(
        "wrong-secret",
        "The access key is known and the secret does not fit it: pasted incompletely, with a trailing character, or "
        "of another key. (Where the text mentions times or a scope it is the clock or the region.)",
        ("credentials.valid", "credentials.resolvable"),
        Fix("Enter the key pair anew.", ("aws configure",)),
        Confidence.LIKELY,
        patterns=(r"The request signature we calculated does not match the signature you provided",),
        source="S3 API reference, error responses",
    ),
)
