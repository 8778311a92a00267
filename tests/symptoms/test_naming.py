"""Names of a text in the commands that mend it."""

from __future__ import annotations

import shlex

import pytest

from healthcheck.symptoms.naming import filled

ROLE = "aws iam get-role --role-name NAME --query Role.Arn"
LIST = "aws s3 ls s3://BUCKET/PREFIX/"
MAKE = "aws s3 mb s3://BUCKET --region REGION"
WHERE = "aws s3api get-bucket-location --bucket BUCKET"
IMAGE = "aws ecr describe-images --registry-id ACCOUNT --repository-name NAME --image-ids imageTag=TAG"
IN_EU_WEST_1 = "aws ecr describe-images --region eu-west-1 --registry-id 111122223333"
NAMED = "arn:aws:iam::111122223333:role/service-role/Train"


@pytest.mark.parametrize(
    ("command", "text", "told"),
    [
        (ROLE, f"Could not assume role {NAMED}. Please ensure", "aws iam get-role --role-name Train --query Role.Arn"),
        (ROLE, f"{NAMED} and again {NAMED}", "aws iam get-role --role-name Train --query Role.Arn"),
        (ROLE, f"{NAMED} or arn:aws:iam::111122223333:role/Other", ROLE),
        (ROLE, "Could not assume role Train", ROLE),
        (LIST, 'S3 URL "s3://acme-data/in/train" given', "aws s3 ls s3://acme-data/in/train"),
        (LIST, "under s3://acme-data.", "aws s3 ls s3://acme-data/"),
        (LIST, "under s3://acme-data/in/.", "aws s3 ls s3://acme-data/in/"),
        (MAKE, "s3://acme-data/in", "aws s3 mb s3://acme-data --region REGION"),
        (WHERE, "s3://acme-data/in", "aws s3api get-bucket-location --bucket acme-data"),
        (WHERE, "s3://acme-data/in s3://acme-models/out", WHERE),
        (
            IMAGE,
            "image 111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/train:v2.1 not found",
            f"{IN_EU_WEST_1} --repository-name team/train --image-ids imageTag=v2.1",
        ),
        (
            IMAGE,
            "image 111122223333.dkr.ecr.eu-west-1.amazonaws.com/train@sha256:00",
            f"{IN_EU_WEST_1} --repository-name train --image-ids imageTag=TAG",
        ),
    ],
)
def test_a_name_is_filled_in_where_the_text_leaves_no_doubt(command: str, text: str, told: str) -> None:
    assert filled(command, text) == told


def test_what_a_text_holds_runs_nothing() -> None:
    told = filled(LIST, "s3://acme-data/a'$(reboot)'b/c")
    assert shlex.split(told)[:3] == ["aws", "s3", "ls"]
    assert len(shlex.split(told)) == 4
