"""Texts about the region, the way to AWS, the clock, and answers that come later."""

from __future__ import annotations

from healthcheck.errors import FailureKind
from healthcheck.result import Fix
from healthcheck.symptoms.symptom import Confidence, Symptom

_REACHABLE = ("network.reachable",)

SYMPTOMS: tuple[Symptom, ...] = (
    Symptom(
        "no-region",
        "No region is set: not in the code, not in AWS_REGION or AWS_DEFAULT_REGION, not in the profile. R and the "
        "AWS CLI may look in another order than Python does.",
        ("region.configured",),
        Fix("Set it.", ("export AWS_DEFAULT_REGION=us-east-1",)),
        Confidence.CERTAIN,
        patterns=(r"You must specify a region", r"with a region supported by SageMaker"),
        source="botocore, NoRegionError; sagemaker.Session",
    ),
    Symptom(
        "region-malformed",
        "The region is not written as AWS writes it: quotes, a human name such as N. Virginia, or capital letters.",
        ("region.configured",),
        Fix("Write the code alone, such as us-east-1.", ("aws configure get region",)),
        Confidence.CERTAIN,
        patterns=(
            r"doesn't match a supported format",
            r"Credential should be scoped to a valid region",
            r"the region '[^']*' is wrong; expecting",
        ),
        kinds=(FailureKind.REGION_INVALID,),
        source="botocore, InvalidRegionError; aws/sagemaker-python-sdk#1303",
    ),
    Symptom(
        "no-connection",
        "No connection to the address came about. Either the region is misspelt, so that the address does not exist, "
        "or DNS, a firewall, a proxy or a missing VPC endpoint is in the way. Credentials played no part yet.",
        ("region.configured", "network.reachable"),
        Fix("Look at the region within the address first; then try the way.", ("curl -v https://ADDRESS",)),
        Confidence.CERTAIN,
        patterns=(
            r"EndpointConnectionError",
            r"Could not connect to the endpoint URL",
            r"Connect timeout on endpoint URL",
        ),
        kinds=(FailureKind.UNREACHABLE,),
        source="botocore, EndpointConnectionError",
    ),
    Symptom(
        "certificate-not-trusted",
        "Something between here and AWS (a company's proxy) answers with a certificate that is not trusted here; "
        "AWS's SDK reads AWS_CA_BUNDLE, ca_bundle and REQUESTS_CA_BUNDLE, and not SSL_CERT_FILE.",
        _REACHABLE,
        Fix("Point AWS_CA_BUNDLE to your company's certificates.", ("export AWS_CA_BUNDLE=/path/to/company.pem",)),
        Confidence.CERTAIN,
        patterns=(r"CERTIFICATE_VERIFY_FAI", r"self.signed certificate", r"NO_CERTIFICATE_OR_CRL_FOUND"),
        source="botocore, SSLError; boto/boto3#4742",
    ),
    Symptom(
        "certificates-file-absent",
        "The file of certificates that AWS_CA_BUNDLE, ca_bundle or REQUESTS_CA_BUNDLE names does not exist. It is not "
        "about a file of yours.",
        _REACHABLE,
        Fix("Correct the path, or unset the variable.", ("env | grep CA_BUNDLE", "unset AWS_CA_BUNDLE")),
        Confidence.LIKELY,
        patterns=(
            r"SSL validation failed for .*No such file or directory",
            r"Could not find a suitable TLS CA certificate bundle, invalid path",
        ),
        source="botocore, SSLError; tried",
    ),
    Symptom(
        "proxy-unreachable",
        "The proxy that HTTPS_PROXY or the profile names does not answer; AWS was not reached.",
        _REACHABLE,
        Fix("Correct HTTPS_PROXY, or add the address to NO_PROXY.", ("env | grep -i proxy",)),
        Confidence.CERTAIN,
        patterns=(r"Failed to connect to proxy URL", r"Cannot connect to proxy", r"Tunnel connection failed"),
        source="botocore, ProxyConnectionError",
    ),
    Symptom(
        "clock-skewed",
        "This host's clock is too far from AWS's, so that signatures are not accepted. Nothing is wrong with the keys.",
        ("network.clock",),
        Fix("Set the clock by NTP.", ("timedatectl set-ntp true", "date -u")),
        Confidence.CERTAIN,
        patterns=(r"Signature expired: ", r"Signature not yet current: "),
        kinds=(FailureKind.CLOCK_SKEWED,),
        source="IAM User Guide, troubleshooting signature errors; tried",
    ),
    Symptom(
        "throttled",
        "AWS asks for fewer requests at a time. Nothing is broken; the same question works later.",
        (),
        Fix("Wait, ask less often, or let the SDK retry.", ("export AWS_RETRY_MODE=adaptive",)),
        Confidence.CERTAIN,
        kinds=(FailureKind.THROTTLED,),
        source="SageMaker API reference, common errors",
    ),
    Symptom(
        "aws-failed",
        "AWS itself failed to answer. Nothing here is known to be broken.",
        ("region.supported",),
        Fix("Try again in some minutes; then look at https://health.aws.amazon.com."),
        Confidence.LIKELY,
        kinds=(FailureKind.SERVICE_ERROR,),
        source="AWS General Reference, common errors",
    ),
    Symptom(
        "no-answer-in-time",
        "A connection came about and no whole answer followed: a proxy or firewall that holds it back, or a slow AWS.",
        _REACHABLE,
        Fix("Try again; if it stays, look at what stands between here and AWS.", ("curl -v https://ADDRESS",)),
        Confidence.POSSIBLE,
        patterns=(r"Read timeout on endpoint URL", r"Connection was closed before we received a valid response"),
        kinds=(FailureKind.TIMED_OUT,),
        source="botocore, ReadTimeoutError",
    ),
)
