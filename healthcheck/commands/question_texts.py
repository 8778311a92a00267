"""What the help of `explain` and `iam` teaches."""

EVALUATE = """\
Decide one request by the policies that are given, as AWS would, and say why. The question is
JSON on stdin; nothing is asked of AWS. A context key that is neither given nor null is unknown,
and where it matters the answer is "cannot tell" and names it.

exit codes: 0 allowed, 2 denied, 3 cannot tell, or a mistake in the question."""

EVALUATE_EXAMPLES = """\
the question (only request.action and identity are required; --schema prints all of its shape):
  {
    "request": {
      "action": "s3:PutObject",
      "resource": "arn:aws:s3:::acme-data/out/model.tar.gz",
      "resource_account": "111122223333",
      "principal": "arn:aws:iam::111122223333:role/Train",
      "context": {"aws:SecureTransport": true, "aws:SourceVpce": null},
      "context_complete": false
    },
    "identity": [
      {"name": "Data", "document": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::acme-data/*"}]}},
      {"unread": "policy Extra", "action": "iam:GetRolePolicy"}
    ]
  }

Beside identity there may be "boundary" and "session" (lists of policies), "scps" and "rcps" (one
list a level, root first) and "resource_policy". Leave out what there is none of: an empty list
allows nothing. A policy may be what the AWS CLI prints of one:

  aws iam get-role-policy --role-name Train --policy-name Data |
    jq '{request: {action: "s3:PutObject", resource: "arn:aws:s3:::acme-data/x"}, identity: [.]}' |
    sagemaker-healthcheck iam evaluate"""

ASSUMABLE = """\
Decide whether a service may assume a role, by the role's trust policy alone, and say why. The
question is JSON on stdin; nothing is asked of AWS. What services never send (sts:ExternalId, a
second factor, tags) is known to be absent; any other context key that is not given is unknown.

exit codes: 0 it may, 2 it may not, 3 cannot tell, or a mistake in the question."""

ASSUMABLE_EXAMPLES = """\
the question (only trust_policy is required; --schema prints all of its shape):
  {
    "trust_policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
      "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
    "service": "sagemaker.amazonaws.com",
    "context": {"aws:SourceAccount": "111122223333"}
  }

The trust policy may be what the AWS CLI prints of the role:

  aws iam get-role --role-name Train | jq '{trust_policy: .}' | sagemaker-healthcheck iam assumable"""

EXPLAIN = """\
Say what an error text really means, which check settles it, and what mends it. Many texts name the
wrong thing: "No S3 objects found" may be a missing permission, "Could not assume role" a wrong ARN.
The text is a line or a whole traceback; it stays on this machine.

With --target it goes on to run the checks that settle it, and their exit code counts. Without:
0 explained, 3 nothing that is known explains it."""

EXPLAIN_EXAMPLES = """\
examples:
  sagemaker-healthcheck explain "Could not assume role arn:aws:iam::111122223333:role/Train"
  python train.py 2>&1 | tail -n 50 | sagemaker-healthcheck explain
  sagemaker-healthcheck explain --target prod/us-east-1 "No S3 objects found under S3 URL"
  sagemaker-healthcheck explain --format json < error.txt | jq -r '.findings[0].id'"""
