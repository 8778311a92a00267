"""The whole table, in the order in which equals are told."""

from __future__ import annotations

from healthcheck.symptoms import access, credentials, jobs, network, programs
from healthcheck.symptoms.symptom import Symptom

SYMPTOMS: tuple[Symptom, ...] = (
    *programs.SYMPTOMS,
    *jobs.SYMPTOMS,
    *access.SYMPTOMS,
    *credentials.SYMPTOMS,
    *network.SYMPTOMS,
)
"""Every text that is known."""
