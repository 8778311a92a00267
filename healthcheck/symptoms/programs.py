"""Texts of AWS's SDK itself, before it has asked AWS for anything: its version, and its own look at the role."""

from __future__ import annotations

from healthcheck.result import Fix
from healthcheck.symptoms.symptom import Confidence, Symptom

SYMPTOMS: tuple[Symptom, ...] = (
    Symptom(
        "sdk-refuses-role",
        "AWS's SDK (version 3) refuses the role by itself; SageMaker was not asked. It asks IAM's simulator about a "
        "few actions on no resource in particular, which denies what is allowed where the organization's policies "
        "have conditions, and of the trust policy it reads neither conditions nor denials. The role may be good, or "
        "broken in another way.",
        ("role.trust", "role.permissions"),
        Fix(
            "Let the checks settle it: they read the policies themselves. If they find nothing, the SDK is wrong: pass "
            "the role to the lower-level call, or use sagemaker<3.",
            ('python3 -m pip install "sagemaker<3"',),
        ),
        Confidence.CERTAIN,
        patterns=(r"IAM role '[^']*' cannot be used for '\w+' workloads", r"\bRoleValidationError\b"),
        source="aws/sagemaker-python-sdk#6019; sagemaker-core, iam_role_resolver",
    ),
    Symptom(
        "sdk-version-3",
        "The code is written for version 2 of SageMaker's SDK, and version 3 is installed, which has neither "
        "sagemaker.Session nor get_execution_role nor estimators in those places. Python 3.12 and an unpinned "
        "`pip install sagemaker` lead there. Credentials and role played no part yet.",
        (),
        Fix(
            "Install version 2, in the very Python that runs the code, and start it anew.",
            ('python3 -m pip install "sagemaker<3"',),
        ),
        Confidence.CERTAIN,
        patterns=(
            r"module 'sagemaker' has no attribute",
            r"cannot import name '(?:Session|get_execution_role|image_uris|TrainingInput)' from 'sagemaker'",
            r"No module named 'sagemaker\.(?!core|train|serve|mlops)\w+",
        ),
        source="aws/sagemaker-python-sdk#5336",
    ),
    Symptom(
        "sdk-absent",
        "The Python that runs has no SageMaker SDK. From R that is nearly always another Python than the one that it "
        "was installed into.",
        (),
        Fix(
            "Look which Python runs, and install it there; in R name that Python before anything else uses reticulate.",
            ('python3 -c "import sys; print(sys.executable)"', "Rscript -e 'reticulate::py_config()'"),
        ),
        Confidence.CERTAIN,
        patterns=(r"No module named 'sagemaker'", r"Python module sagemaker was not found"),
        source="reticulate, py_module_import; tried",
    ),
)
