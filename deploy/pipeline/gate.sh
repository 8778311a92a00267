#!/bin/sh
# A gate before a training pipeline: runs a command only where the set-up can carry it.
#
#   deploy/pipeline/gate.sh python train.py
#
# It stops what would fail after ten minutes of waiting for a machine. What cannot be seen (unknown) and what still works
# (warning) lets pass; a stricter gate says GATE_FAIL_ON=unknown or =warning. GATE_TARGET names one target of several.
set -eu

sagemaker-healthcheck run --fail-on "${GATE_FAIL_ON:-critical}" ${GATE_TARGET:+--target "$GATE_TARGET"} >&2 || {
  code=$?
  echo "gate: not started: $*" >&2
  exit "$code"
}
exec "$@"
