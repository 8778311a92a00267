"""Error texts as people meet them, and what they really mean: which check settles it, and what mends it.

The texts of AWS and its SDK often name the wrong thing. `diagnose` reads a pasted text, offline. What AWS's codes and
the SDK's exceptions mean is not said here again: `healthcheck.aws.errors` and `healthcheck.aws.answers` know it.
"""

from healthcheck.symptoms.diagnosis import Answered, Finding, answered, diagnose
from healthcheck.symptoms.symptom import Confidence, Symptom
from healthcheck.symptoms.table import SYMPTOMS

__all__ = ["SYMPTOMS", "Answered", "Confidence", "Finding", "Symptom", "answered", "diagnose"]
