"""Each error text that is known, as AWS or its SDK words it, is taken for what it is."""

# ruff: noqa: ISC004 - one text a row, over as many lines as it takes
from __future__ import annotations

import re

import pytest
from botocore import exceptions

from healthcheck.engine.discovery import discover
from healthcheck.symptoms import SYMPTOMS, Confidence, diagnose

USER = "User: arn:aws:sts::111122223333:assumed-role/Dev/me is not authorized to perform: "
DENIED = f"An error occurred (AccessDeniedException) when calling the CreateTrainingJob operation: {USER}"
JOB = "arn:aws:sagemaker:us-east-1:111122223333:training-job/x"
TEXTS: dict[str, tuple[str, ...]] = {
    "sdk-refuses-role": (
        "RoleValidationError: IAM role 'arn:aws:iam::111122223333:role/R' cannot be used for 'training' workloads.\n"
        "Its trust policy does not allow 'sagemaker.amazonaws.com' to assume it, so SageMaker cannot use it (the API "
        "would fail with 'Could not assume role').\nRequired permissions: ecr:GetAuthorizationToken",
        "sagemaker.core.helper.iam_role_resolver.RoleValidationError: IAM role 'arn:aws:iam::111122223333:role/R' "
        "cannot be used for 'training' workloads.\nMissing permissions: cloudwatch:PutMetricData",
    ),
    "sdk-version-3": (
        "AttributeError: module 'sagemaker' has no attribute 'Session'",
        "ImportError: cannot import name 'get_execution_role' from 'sagemaker' (/opt/conda/lib/sagemaker/__init__.py)",
        "ModuleNotFoundError: No module named 'sagemaker.estimator'",
    ),
    "sdk-absent": (
        "ModuleNotFoundError: No module named 'sagemaker'",
        "Error: Python module sagemaker was not found.",
    ),
    "role-not-assumed": (
        "ClientError: An error occurred (ValidationException) when calling the CreateTransformJob operation: Could not "
        "assume role arn:aws:iam::111122223333:role/PredictiveMaintenance-Notebook. Please ensure that the role exists "
        "and allows principal 'sagemaker.amazonaws.com' to assume the role.",
        "ValueError: Error training sagemaker-mxnet-py2-cpu-2018-01-01-03-36-55-859: Failed Reason: ClientError: "
        "SageMaker was unable to assume the role 'arn:aws:iam::111122223333:role/SageMakerRole'",
        "airflow.exceptions.AirflowException: SageMaker job failed because ClientError: TrainingHostAgent "
        "Initialization failed:InvalidInputException: SageMaker is unable to perform: sts:AssumeRole on the role. "
        "Check if you have a trust relationship for 'sagemaker.amazonaws.com' to assume the role.",
        "An error occurred (ValidationException) when calling the CreateModel operation: The execution role ARN "
        '"arn:aws:iam::111122223333:role/R" is invalid. Please ensure that the role exists and that its trust '
        'relationship policy allows the action "sts:AssumeRole" for the service principal "sagemaker.amazonaws.com".',
    ),
    "role-not-there": (
        "botocore.errorfactory.NoSuchEntityException: An error occurred (NoSuchEntity) when calling the GetRole "
        "operation: The role with name SageMakerRole cannot be found.",
    ),
    "model-data-not-read": (
        "ClientError: An error occurred (ValidationException) when calling the CreateModel operation: Could not access "
        'model data at s3://acme/model/. Please ensure that the role "arn:aws:iam::111122223333:role/R" exists and '
        'that its trust relationship policy allows the action "sts:AssumeRole" for the service principal '
        '"sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that the object is '
        "located in eu-west-1.",
    ),
    "data-not-listed": (
        "ClientError: An error occurred (ValidationException) when calling the CreateTrainingJob operation: No S3 "
        'objects found under S3 URL "s3://sagemaker-us-west-2-111122223333/ic/train/" given in input data source. '
        "Please ensure that the bucket exists in the selected region (us-west-2), that objects exist under that S3 "
        'prefix, and that the role "arn:aws:iam::111122223333:role/R" has "s3:ListBucket" permissions on bucket '
        '"sagemaker-us-west-2-111122223333".',
    ),
    "data-not-downloaded": (
        "ClientError: Data download failed:Unable to download object s3://sagemaker-repository-dub/model-data "
        "(AccessDenied: Access Denied)",
    ),
    "results-not-uploaded": (
        "ClientError: Artifact upload failed:Insufficient permissions to upload s3://acme/out/model.tar.gz",
        "ClientError: Artifact upload failed:Unable to upload object to s3://acme/out (AccessDenied: Access Denied)",
    ),
    "bucket-elsewhere": (
        "An error occurred (PermanentRedirect) when calling the ListObjectsV2 operation: The bucket you are attempting "
        "to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
    ),
    "no-such-bucket": (
        "An error occurred (NoSuchBucket) when calling the PutObject operation: The specified bucket does not exist",
    ),
    "head-not-found": (
        "botocore.exceptions.ClientError: An error occurred (404) when calling the HeadObject operation: Not Found",
    ),
    "default-bucket-taken": (
        "This bucket cannot be configured to use as it is not owned by Account 111122223333. To unblock it's "
        "recommended to use custom default_bucket parameter in sagemaker.Session",
    ),
    "default-bucket-not-made": (
        "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the CreateBucket operation: "
        "Access Denied",
    ),
    "role-is-no-arn": (
        "botocore.exceptions.ParamValidationError: Parameter validation failed:\n"
        "Invalid length for parameter RoleArn, value: 13, valid min length: 20",
        "An error occurred (ValidationException) when calling the CreateModel operation: 1 validation error detected: "
        "Value '\"arn:aws:iam::111122223333:role/R\"' at 'executionRoleArn' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern: ^arn:aws[a-z\\-]*:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+$",
    ),
    "identity-is-no-role": (
        "ValueError: The current AWS identity is not a role: arn:aws:iam::111122223333:user/me, therefore it cannot be "
        "used as a SageMaker execution role",
        "No IAM role could be resolved from your caller identity for 'training' workloads (you may be running as an "
        "IAM user or root).",
    ),
    "role-path-guessed": ("Couldn't call 'get_role' to get Role ARN from role name R to get Role path.",),
    "image-refused": (
        f"{USER}ecr:BatchGetImage on resource: arn:aws:ecr:me-central-1:514117268639:repository/forecasting-deepar "
        "because no resource-based policy allows the ecr:BatchGetImage action",
    ),
    "image-not-read": (
        "UnexpectedStatusException: Error hosting endpoint: Failed. Reason: Please make sure all images included in "
        "the model for the production variant AllTraffic exist, and that the execution role used to create the model "
        "has permissions to access them.",
    ),
    "quota-used-up": (
        "An error occurred (ResourceLimitExceeded) when calling the CreateTrainingJob operation: The account-level "
        "service limit 'ml.p3.2xlarge for training job usage' is 0 Instances, with current utilization of 0 Instances "
        "and a request delta of 1 Instances. Please use AWS Service Quotas to request an increase for this quota.",
    ),
    "no-capacity": (
        "UnexpectedStatusException: Error for Training job x: Failed. Reason: CapacityError: Unable to provision "
        "requested ML compute capacity. Please retry using a different ML instance type.",
    ),
    "no-way-out-of-the-vpc": (
        "ClientError: Data download failed:Please ensure that the subnet's route table has a route to an S3 VPC "
        "endpoint or a NAT device, both the security groups and the subnet's network ACL allow uploading data to all "
        "output URIs.",
    ),
    "script-failed": (
        "UnexpectedStatusException: Error for Training job x: Failed. Reason: AlgorithmError: ExecuteUserScriptError: "
        'Command "/usr/bin/python3 train.py"',
    ),
    "ping-failed": (
        "The primary container for production variant AllTraffic did not pass the ping health check. Please check "
        "CloudWatch logs for this endpoint.",
    ),
    "may-not-pass-role": (
        f"{DENIED}iam:PassRole on resource: arn:aws:iam::111122223333:role/X because no identity-based policy allows "
        "the iam:PassRole action",
    ),
    "may-not-read-role": (
        f"An error occurred (AccessDenied) when calling the GetRole operation: {USER}iam:GetRole on resource: role R "
        "because no identity-based policy allows the iam:GetRole action",
    ),
    "may-not-assume-role": (
        f"An error occurred (AccessDenied) when calling the AssumeRole operation: {USER}sts:AssumeRole on resource: "
        "arn:aws:iam::111122223333:role/Deploy",
    ),
    "role-of-another-account": (
        "An error occurred (AccessDeniedException) when calling the CreateModel operation: Cross-account pass role is "
        "not allowed.",
    ),
    "key-refuses": (
        f"{USER}kms:GenerateDataKey on resource: arn:aws:kms:us-east-1:111122223333:key/1 because no identity-based "
        "policy allows the kms:GenerateDataKey action",
        "User is not permitted to perform kms:Decrypt for operation GetEnvironment",
    ),
    "key-off": (
        "An error occurred (KMSInvalidStateException) when calling the Decrypt operation: "
        "arn:aws:kms:us-east-1:111122223333:key/1 is pending deletion.",
        "An error occurred (KMS.DisabledException) when calling the PutObject operation: "
        "arn:aws:kms:us-east-1:111122223333:key/1 is disabled.",
    ),
    "organization-denies": (
        f"{DENIED}sagemaker:CreateTrainingJob on resource: {JOB} with an explicit deny in a service control policy",
    ),
    "resources-organization-denies": (
        f"{USER}s3:GetObject on resource: x with an explicit deny in a resource control policy",
    ),
    "boundary-limits": (
        f"{DENIED}sagemaker:CreateTrainingJob on resource: {JOB} because no permissions boundary allows the "
        "sagemaker:CreateTrainingJob action",
        f"{DENIED}sagemaker:CreateTrainingJob on resource: {JOB} with an explicit deny in a permissions boundary",
    ),
    "session-limits": (
        f"{DENIED}sagemaker:CreateTrainingJob on resource: {JOB} because no session policy allows the "
        "sagemaker:CreateTrainingJob action",
    ),
    "vpc-endpoint-refuses": (
        f"{DENIED}sagemaker:CreateTrainingJob on resource: {JOB} because no VPC endpoint policy allows the "
        "sagemaker:CreateTrainingJob action",
    ),
    "identity-denies": (
        f"{DENIED}sagemaker:CreateTrainingJob on resource: {JOB} with an explicit deny in an identity-based policy",
    ),
    "identity-lacks": (
        f"{DENIED}sagemaker:CreateTrainingJob on resource: {JOB} because no identity-based policy allows the "
        "sagemaker:CreateTrainingJob action",
    ),
    "resource-refuses": (
        f"{USER}s3:PutObject on resource: arn:aws:s3:::acme/x with an explicit deny in a resource-based policy",
    ),
    "head-forbidden": (
        "botocore.exceptions.ClientError: An error occurred (403) when calling the HeadObject operation: Forbidden",
        "Error:\n! SerializationError (HTTP 403). An error occurred when calling the HeadObject operation: Forbidden",
    ),
    "somebody-denies": (f"{DENIED}sagemaker:CreateTrainingJob on resource: {JOB} with an explicit deny",),
    "principal-deleted": (
        "An error occurred (MalformedPolicyDocument) when calling the UpdateAssumeRolePolicy operation: Invalid "
        'principal in policy: "AWS":"AIDAEXAMPLEEXAMPLE01"',
    ),
    "refused": (
        "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied",
        "Access Denied (Service: Amazon S3; Status Code: 403; Error Code: AccessDenied; Request ID: 1)",
    ),
    "no-credentials": (str(exceptions.NoCredentialsError()), str(exceptions.NoAuthTokenError())),
    "half-a-key": (str(exceptions.PartialCredentialsError(provider="env", cred_var="aws_secret_access_key")),),
    "broken-shared-file": (str(exceptions.ConfigParseError(path="/home/me/.aws/config")),),
    "no-such-profile": (str(exceptions.ProfileNotFound(profile="prod")),),
    "profile-wiring": (
        str(
            exceptions.InvalidConfigError(
                error_msg='The source_profile "base" referenced in the profile "prod" does not exist.'
            )
        ),
        str(exceptions.InvalidConfigError(error_msg='The specified sso-session does not exist: "corp"')),
        str(exceptions.InfiniteLoopConfigError(source_profile="base", visited_profiles=["prod", "base"])),
    ),
    "sso-over": (
        str(exceptions.SSOTokenLoadError(error_msg="Token for s does not exist")),
        str(exceptions.UnauthorizedSSOTokenError()),
        str(exceptions.TokenRetrievalError(provider="sso", error_msg="Token has expired and refresh failed")),
    ),
    "login-over": (
        # Of botocore 1.41 and later; ours may be older.
        "Your session has expired or credentials have changed. Please reauthenticate using 'aws login'.",
        "Error loading login session token: no such session",
        "Unable to create or refresh login credentials due to insufficient permissions. You may be missing permission "
        "for the 'signin:CreateOAuth2Token' action.",
    ),
    "metadata-silent": (
        str(
            exceptions.CredentialRetrievalError(
                provider="container-role", error_msg=str(exceptions.MetadataRetrievalError(error_msg="timed out"))
            )
        ),
    ),
    "second-factor-asked": (
        "EOFError",
        "EOFError: EOF when reading a line",
        str(exceptions.RefreshWithMFAUnsupportedError()),
    ),
    "renewed-and-still-expired": (
        "RuntimeError: Credentials were refreshed, but the refreshed credentials are still expired.",
    ),
    "credential-process-printed-no-json": ("json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",),
    "web-identity-refused": (
        "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to "
        "perform sts:AssumeRoleWithWebIdentity",
    ),
    "web-identity-token-absent": (
        "FileNotFoundError: [Errno 2] No such file or directory: "
        "'/var/run/secrets/eks.amazonaws.com/serviceaccount/token'",
    ),
    "crt-absent": (
        str(
            exceptions.MissingDependencyException(
                msg="Using the login credential provider requires an additional dependency. You will need to pip "
                'install "botocore[crt]" before proceeding.'
            )
        ),
    ),
    "session-over": (
        "An error occurred (ExpiredToken) when calling the PutObject operation: The provided token has expired.",
        "An error occurred (ExpiredTokenException) when calling the CreateTrainingJob operation: The security token "
        "included in the request is expired",
    ),
    "bad-request-to-head": (
        "An error occurred (400) when calling the HeadBucket operation: Bad Request",
        "Error: BadRequest (HTTP 400). An error occurred when calling the HeadBucket operation: Bad Request",
    ),
    "key-not-known": (
        "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: The security token "
        "included in the request is invalid.",
        "Error: InvalidClientTokenId (HTTP 403). The security token included in the request is invalid.",
        "An error occurred (UnrecognizedClientException) when calling the ListTrainingJobs operation: The security "
        "token included in the request is invalid.",
    ),
    "wrong-secret": (
        "An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: The request signature "
        "we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
    ),
    "no-region": (
        str(exceptions.NoRegionError()),
        "ValueError: Must setup local AWS configuration with a region supported by SageMaker.",
    ),
    "region-malformed": (
        str(exceptions.InvalidRegionError(region_name='"us-east-1"')),
        "An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: Credential should be "
        "scoped to a valid region.",
    ),
    "no-connection": (
        str(exceptions.EndpointConnectionError(endpoint_url="https://api.sagemaker.us-esat-1.amazonaws.com/")),
        str(exceptions.ConnectTimeoutError(endpoint_url="https://sts.us-east-1.amazonaws.com/")),
    ),
    "certificate-not-trusted": (
        str(
            exceptions.SSLError(
                endpoint_url="https://sts.us-east-1.amazonaws.com/",
                error=OSError(
                    "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in "
                    "certificate chain (_ssl.c:1006)"
                ),
            )
        ),
    ),
    "certificates-file-absent": (
        str(
            exceptions.SSLError(
                endpoint_url="https://sts.us-east-1.amazonaws.com/",
                error=OSError("[Errno 2] No such file or directory"),
            )
        ),
    ),
    "proxy-unreachable": (str(exceptions.ProxyConnectionError(proxy_url="http://proxy:3128")),),
    "clock-skewed": (
        "An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: Signature expired: "
        "20261122T150000Z is now earlier than 20261122T155000Z (20261122T160500Z - 15 min.)",
        "An error occurred (InvalidSignatureException) when calling the ListTrainingJobs operation: Signature not yet "
        "current: 20261122T170000Z is still later than 20261122T160500Z",
        "An error occurred (RequestTimeTooSkewed) when calling the ListBuckets operation: The difference between the "
        "request time and the current time is too large.",
    ),
    "throttled": (
        "An error occurred (ThrottlingException) when calling the CreateTrainingJob operation (reached max retries: "
        "4): Rate exceeded",
    ),
    "aws-failed": (
        "An error occurred (InternalFailure) when calling the CreateEndpoint operation (reached max retries: 4): "
        "Unknown",
        "An error occurred (503) when calling the HeadBucket operation: Service Unavailable",
    ),
    "no-answer-in-time": (
        str(exceptions.ReadTimeoutError(endpoint_url="https://api.sagemaker.eu-west-1.amazonaws.com/")),
    ),
}
ROWS = [(symptom, text) for symptom, texts in TEXTS.items() for text in texts]


@pytest.mark.parametrize(("symptom", "text"), ROWS)
def test_a_text_is_taken_for_what_it_is(symptom: str, text: str) -> None:
    assert diagnose(text)[0].symptom.id == symptom


# A bare EOFError is known only where it stands alone.
@pytest.mark.parametrize(("symptom", "text"), [row for row in ROWS if row[1] != "EOFError"])
def test_it_is_so_too_within_a_traceback_that_a_terminal_has_wrapped(symptom: str, text: str) -> None:
    wrapped = "\n    ".join(re.findall(r"\S+\s*", text))
    traceback = f'Traceback (most recent call last):\n  File "train.py", line 3, in <module>\n{wrapped}\n'
    assert diagnose(traceback)[0].symptom.id == symptom


def test_each_symptom_has_its_text() -> None:
    assert [symptom.id for symptom in SYMPTOMS] == list(TEXTS)


@pytest.mark.parametrize("symptom", SYMPTOMS, ids=lambda symptom: symptom.id)
def test_a_row_of_the_table_is_whole(symptom: object) -> None:
    registry = {check.id for check in discover().registry}
    row = next(each for each in SYMPTOMS if each is symptom)
    assert set(row.checks) <= registry
    assert row.patterns or row.kinds or row.layers
    assert row.means.endswith((".", ")"))
    assert row.source
    assert set(re.findall(r"\{(\w+)\}", row.means)) <= {"action", "operation"}


@pytest.mark.parametrize(
    "text", ["", "hello", "Traceback (most recent call last):", "KeyError: 'x'", "The job ended.", "{action} {0}"]
)
def test_what_nobody_knows_is_not_guessed(text: str) -> None:
    assert diagnose(text) == ()


def test_what_the_text_names_is_named() -> None:
    (finding,) = diagnose(TEXTS["organization-denies"][0])
    assert "denies sagemaker:CreateTrainingJob." in finding.meaning


def test_the_layer_counts_more_than_the_right_that_it_denies() -> None:
    """Allowing iam:PassRole does not help where the organization denies it."""
    text = f"{DENIED}iam:PassRole on resource: arn:aws:iam::1:role/X with an explicit deny in a service control policy"
    assert [finding.symptom.id for finding in diagnose(text)] == ["organization-denies", "may-not-pass-role"]


def test_a_word_that_may_be_a_code_is_likely_at_most() -> None:
    (finding,) = diagnose("the log says that an ExpiredToken was met somewhere")
    assert (finding.symptom.id, finding.confidence) == ("session-over", Confidence.LIKELY)


def test_several_meanings_are_told_the_likeliest_first() -> None:
    text = f"{TEXTS['data-not-downloaded'][0]}\n{TEXTS['no-such-bucket'][0]}"
    found = [(finding.symptom.id, finding.confidence) for finding in diagnose(text)]
    assert found == [("no-such-bucket", Confidence.CERTAIN), ("data-not-downloaded", Confidence.LIKELY)]


def test_of_a_long_log_the_end_counts() -> None:
    assert diagnose("x" * 5_000_000 + TEXTS["no-region"][0])[0].symptom.id == "no-region"
