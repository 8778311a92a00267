"""Texts of SageMaker and its SDK: the role, the data, images, quotas."""

from __future__ import annotations

from healthcheck.result import Fix
from healthcheck.symptoms.symptom import Confidence, Symptom

_ROLE_ARN = "aws iam get-role --role-name NAME --query Role.Arn --output text"
_ROLES = "aws iam list-roles --query \"Roles[?contains(RoleName, 'SageMaker')].Arn\" --output text"

SYMPTOMS: tuple[Symptom, ...] = (
    Symptom(
        "role-not-assumed",
        "SageMaker cannot become the role, for one of two reasons that its words do not tell apart: no role has this "
        "exact ARN (the path service-role/ is often lost), or the role's trust policy does not let "
        "sagemaker.amazonaws.com in, or only under a condition that this purpose does not meet. Permissions of the "
        "role are not in question.",
        ("role.exists", "role.trust"),
        Fix(
            "Compare the ARN with what IAM says, to the letter; then look at the trust policy.",
            (_ROLE_ARN, "aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument"),
        ),
        Confidence.CERTAIN,
        patterns=(
            r"Could not assume role",
            r"The execution role ARN .{0,300} is invalid",
            r"SageMaker was unable to assume the role",
            r"SageMaker is unable to perform: sts:AssumeRole on the role",
        ),
        source="awslabs/predictive-maintenance-using-machine-learning#3; aws/sagemaker-python-sdk#35, #43",
    ),
    Symptom(
        "role-not-there",
        "The account of these credentials has no role of this name: it was deleted, is misspelt, or the credentials "
        "lead to another account than was meant.",
        ("role.exists", "credentials.account"),
        Fix("Look which roles there are, and whose credentials these are.", (_ROLES, "aws sts get-caller-identity")),
        Confidence.CERTAIN,
        patterns=(r"The role with name .{1,80} cannot be found",),
        source="IAM API reference, GetRole, errors",
    ),
    Symptom(
        "model-data-not-read",
        "The text names everything that it could be. In this order: the role's ARN and trust policy, s3:GetObject on "
        "the model's key, s3:ListBucket where the model is a folder, and the bucket's region. The object may also "
        "simply not be there.",
        ("role.exists", "role.trust", "role.permissions", "role.data_access", "bucket.reachable"),
        Fix("Let the checks settle it in that order.", ("aws s3 ls s3://BUCKET/PREFIX/",)),
        Confidence.LIKELY,
        patterns=(r"Could not access model data at",),
        source="philschmid/llm-sagemaker-sample#2",
    ),
    Symptom(
        "data-not-listed",
        "Either there is nothing under this prefix, or the role lacks s3:ListBucket on the bucket and so sees "
        "nothing: SageMaker says the same in both cases. The bucket may also be in another region.",
        ("role.permissions", "role.data_access", "bucket.reachable"),
        Fix("Look whether something is there, and then at the role.", ("aws s3 ls s3://BUCKET/PREFIX/",)),
        Confidence.LIKELY,
        patterns=(r"No S3 objects found under S3 URL",),
        source="aws/amazon-sagemaker-examples#2267",
    ),
    Symptom(
        "data-not-downloaded",
        "The role could not read its input: s3:GetObject on these keys is missing, the bucket's policy or key "
        "refuses, or the bucket is somebody else's. AmazonSageMakerFullAccess reads only buckets and keys with "
        "sagemaker (or aws-glue) in their names.",
        ("role.permissions", "role.data_access", "bucket.policy", "role.encryption", "bucket.reachable"),
        Fix("Allow s3:GetObject on exactly these keys to the role; the first check that fails prints it, proven."),
        Confidence.LIKELY,
        patterns=(r"Data download failed:.{0,400}(?:AccessDenied|Access Denied|Forbidden|\b403\b)",),
        source="aws/amazon-sagemaker-examples#4384",
    ),
    Symptom(
        "results-not-uploaded",
        "The job ran to its end, and the role could not write what came of it: s3:PutObject below the output path is "
        "missing, the bucket's policy refuses, or the key of the bucket or of the output does.",
        ("role.permissions", "role.data_access", "bucket.policy", "role.encryption"),
        Fix("Allow s3:PutObject below the output path to the role; the first check that fails prints it, proven."),
        Confidence.LIKELY,
        patterns=(
            r"\w+ upload failed:.{0,400}(?:AccessDenied|Access Denied|Forbidden|Insufficient permissions|\b403\b)",
        ),
        source="sofianhamiti/amazon-sagemaker-pipelines-mlflow#1; SageMaker API reference, FailureReason",
    ),
    Symptom(
        "bucket-elsewhere",
        "The bucket is in another region than the job or the client.",
        ("bucket.reachable", "region.configured"),
        Fix("Use a bucket of the job's region.", ("aws s3api get-bucket-location --bucket BUCKET",)),
        Confidence.CERTAIN,
        patterns=(
            r"BucketRegionError",
            r"PermanentRedirect",
            r"must be addressed using the specified endpoint",
            r"bucket must be in the same region as the job",
            r"IllegalLocationConstraintException",
        ),
        source="aws/amazon-sagemaker-examples#3881",
    ),
    Symptom(
        "no-such-bucket",
        "No bucket has this name, in any account.",
        ("bucket.reachable",),
        Fix("Correct the name, or make the bucket.", ("aws s3 mb s3://BUCKET --region REGION",)),
        Confidence.CERTAIN,
        patterns=(r"NoSuchBucket", r"The specified bucket does not exist"),
        source="S3 API reference, error responses",
    ),
    Symptom(
        "head-not-found",
        "Of a bucket: no account has one of this name, or it is in another partition. Of an object: there is none "
        "under exactly this key; whoever may not list the bucket would be told 403 instead.",
        ("bucket.reachable",),
        Fix("Look what is there.", ("aws s3 ls s3://BUCKET/PREFIX/",)),
        Confidence.LIKELY,
        patterns=(r"An error occurred (?:\(404\) )?when calling the Head\w+ operation: Not Found",),
        source="S3 API reference, HeadBucket and HeadObject",
    ),
    Symptom(
        "default-bucket-taken",
        "Somebody else's account owns the bucket that SageMaker's SDK takes by default. Send nothing there.",
        ("bucket.reachable",),
        Fix("Name a bucket of your own: sagemaker.Session(default_bucket=…)."),
        Confidence.CERTAIN,
        patterns=(r"This bucket cannot be configured to use as it is not owned by Account",),
        source="sagemaker.Session",
    ),
    Symptom(
        "default-bucket-not-made",
        "SageMaker's SDK found no default bucket and wanted to make it, and whoever runs it may not. The bucket has "
        "to be made once by somebody who may.",
        ("bucket.reachable", "caller.permissions"),
        Fix(
            "Have it made, or name another: sagemaker.Session(default_bucket=…).",
            ("aws s3 mb s3://sagemaker-REGION-ACCOUNT --region REGION",),
        ),
        Confidence.LIKELY,
        patterns=(r"when calling the CreateBucket operation:.{0,40}(?:Access ?Denied|not authorized)",),
        source="aws/sagemaker-python-sdk#1174, #2910",
    ),
    Symptom(
        "role-is-no-arn",
        "The role is not given by its whole ARN: a name, a session's ARN, quotes, a placeholder or a wrong account.",
        ("role.configured",),
        Fix("Give the role's ARN as IAM says it.", (_ROLE_ARN,)),
        Confidence.CERTAIN,
        patterns=(
            r"Invalid length for parameter RoleArn",
            r"at '(?:roleArn|executionRoleArn)' failed to satisfy constraint",
        ),
        source="botocore, ParamValidationError; SageMaker API reference",
    ),
    Symptom(
        "identity-is-no-role",
        "SageMaker's SDK was asked for its execution role where there is none: it runs as a user (a laptop, not a "
        "notebook of SageMaker).",
        ("role.configured", "credentials.account"),
        Fix("Give the role's ARN instead of calling get_execution_role().", (_ROLE_ARN,)),
        Confidence.CERTAIN,
        patterns=(
            r"The current AWS identity is not a role",
            r"No IAM role could be resolved from your caller identity",
        ),
        source="sagemaker.session.get_execution_role; sagemaker-core, iam_role_resolver",
    ),
    Symptom(
        "role-path-guessed",
        "SageMaker's SDK may not look up the role, and guesses its ARN without a path. For a role below service-role/ "
        "that ARN is of a role that does not exist.",
        ("role.exists", "role.configured"),
        Fix("Give the whole ARN; allow iam:GetRole to the caller if the name has to do.", (_ROLE_ARN,)),
        Confidence.CERTAIN,
        patterns=(r"Couldn't call 'get_role' to get Role ARN from role name",),
        source="sagemaker.Session.get_caller_identity_arn",
    ),
    Symptom(
        "image-refused",
        "The image may not be pulled. Of a repository in your account the role's own policy has to allow it; of "
        "another account's, the repository's policy too. Where it is AWS's own repository, the registry's number is "
        "of another region, or the image does not exist in this one.",
        ("role.permissions",),
        Fix(
            "Look at the repository within the text: whose it is, and whether your region has it.",
            ("aws ecr get-repository-policy --registry-id ACCOUNT --repository-name NAME",),
        ),
        Confidence.CERTAIN,
        patterns=(r"not authorized to perform ?: ecr:\w+",),
        source="aws/sagemaker-python-sdk#4064",
    ),
    Symptom(
        "image-not-read",
        "The image is not there, or the role may not pull it: ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on the "
        "repository, and for another account's repository its own policy too. A registry number of another region "
        "does the same.",
        ("role.permissions",),
        Fix(
            "Look whether the image is there, in this region and account.",
            ("aws ecr describe-images --registry-id ACCOUNT --repository-name NAME --image-ids imageTag=TAG",),
        ),
        Confidence.LIKELY,
        patterns=(
            r"Please make sure all images included in the model for the production variant",
            r"Cannot find the requested image",
        ),
        source="aws/amazon-sagemaker-examples#275",
    ),
    Symptom(
        "quota-used-up",
        "The account's quota for this instance type and this use (training, endpoint, notebook: each its own) does "
        "not suffice. New accounts have 0 of most. No policy mends it.",
        (),
        Fix(
            "Ask for more under Service Quotas, or take another instance type.",
            ("aws service-quotas list-service-quotas --service-code sagemaker",),
        ),
        Confidence.CERTAIN,
        patterns=(r"ResourceLimitExceeded", r"The account-level service limit '"),
        source="aws/amazon-sagemaker-examples#307",
    ),
    Symptom(
        "no-capacity",
        "AWS has none of these machines free there now. Nothing is wrong with the set-up.",
        (),
        Fix("Try later, another instance type, another region, or more subnets in other zones."),
        Confidence.CERTAIN,
        patterns=(r"CapacityError", r"InsufficientInstanceCapacity", r"Insufficient \w+ instance capacity"),
        source="aws/amazon-sagemaker-examples#1094",
    ),
    Symptom(
        "no-way-out-of-the-vpc",
        "The job runs in a VPC from which S3 cannot be reached: no S3 gateway endpoint in the subnet's route table and "
        "no NAT.",
        (),
        Fix(
            "Add the endpoint to the route table of the job's subnets.",
            ("aws ec2 describe-vpc-endpoints --query 'VpcEndpoints[].[ServiceName,RouteTableIds]'",),
        ),
        Confidence.CERTAIN,
        patterns=(r"Please ensure that the subnet's route table has a route to an S3 VPC endpoint",),
        source="SageMaker Developer Guide, training jobs in a VPC",
    ),
    Symptom(
        "script-failed",
        "Your own script ended with an error; role, data and image were fine by then. The job's log has its words.",
        (),
        Fix("Read the log.", ("aws logs tail /aws/sagemaker/TrainingJobs --log-stream-name-prefix JOB",)),
        Confidence.LIKELY,
        patterns=(r"AlgorithmError", r"ExecuteUserScriptError"),
        source="aws/amazon-sagemaker-examples#1224",
    ),
    Symptom(
        "ping-failed",
        "The model's container did not answer /ping in time: it did not start, or could not load the model. The "
        "endpoint's log has its words.",
        (),
        Fix("Read the log.", ("aws logs tail /aws/sagemaker/Endpoints/NAME",)),
        Confidence.LIKELY,
        patterns=(r"did not pass the ping health check",),
        source="aws/amazon-sagemaker-examples#155",
    ),
)
