"""An error is known however it was pasted: coloured, wrapped, framed, quoted, escaped, out of R, or cut off."""

from __future__ import annotations

import html
import json
import re
import textwrap
from collections.abc import Callable

import pytest

from healthcheck.symptoms import diagnose
from tests.symptoms.test_symptoms import ROWS

KNOWN = [row for row in ROWS if row[1] != "EOFError"]
Paste = Callable[[str], str]


def coloured(text: str) -> str:
    """As IPython paints it: the exception's name, and words within the sentence."""
    painted = re.sub(r"\b\w+(?:Error|Exception)\b", "\x1b[0;31m\\g<0>\x1b[0m", text)
    words = re.sub(r" (to|is|the) ", " \x1b[38;5;241m\\g<1>\x1b[39m ", painted)
    return f"\x1b[1m{words}\x1b[22m\x1b]8;;\x1b\\"


def coloured_in_a_log(text: str) -> str:
    """As a log keeps it that dropped the escape itself."""
    return coloured(text).replace("\x1b]8;;\x1b\\", "").replace("\x1b", "")


def cut_by_a_terminal(text: str) -> str:
    """As it is copied out of a terminal of eighty columns: within words."""
    line = " ".join(text.split())
    return "\n".join(line[start : start + 80] for start in range(0, len(line), 80))


def boxed(text: str) -> str:
    """As rich draws a traceback."""
    lines = textwrap.wrap(text, 76, break_long_words=False, break_on_hyphens=False)
    frame = "─" * 78
    return "\n".join([f"╭{frame}╮", *(f"│ {line:<76} │" for line in lines), f"╰{frame}╯"])


def in_a_mail(text: str) -> str:
    """As somebody answers to it."""
    lines = textwrap.wrap(text, 60, break_long_words=False, break_on_hyphens=False)
    return "Hi,\n\n" + "\n".join(f">> {line}" for line in lines) + "\n\nwhat is this?\n"


def out_of_r(text: str) -> str:
    """As reticulate passes it on."""
    return (
        "Error in py_call_impl(callable, call_args$unnamed, call_args$named) : \n  "
        f"botocore.exceptions.ClientError: {text}\nRun `reticulate::py_last_error()` for details.\n"
    )


def in_a_notebook(text: str) -> str:
    """The exception first, its frames, and the exception again."""
    return (
        f"{'-' * 75}\nClientError                               Traceback (most recent call last)\n"
        "Cell In[3], line 1\n----> 1 estimator.fit({'train': path}) # because of the new data\n\n"
        "File ~/site-packages/botocore/client.py:1078, in BaseClient._make_api_call(self, operation_name, kwargs)\n"
        "   1076     error_class = self.exceptions.from_code(error_code)\n-> 1078     raise error_class(response)\n\n"
        f"ClientError: {text}\n"
    )


def with_the_request(text: str) -> str:
    """As the console and Java's SDK end it."""
    return f"{text} (Service: AmazonSageMaker; Request ID: 0f6f7a51-5d2c-4b1a-9e1f-0d2f9d0c6a11; Proxy: null)"


def as_json(text: str) -> str:
    """As a description of a job has it, in a log that escapes it once more."""
    return json.dumps({"log": json.dumps({"FailureReason": f"\n{text}", "JobStatus": "Failed"})})


def in_curly_quotes(text: str) -> str:
    """As chats and word processors have it."""
    curled = re.sub(r'"([^"]*)"', "\N{LEFT DOUBLE QUOTATION MARK}\\1\N{RIGHT DOUBLE QUOTATION MARK}", text)
    single = re.sub(r"'([^']*)'", "\N{LEFT SINGLE QUOTATION MARK}\\1\N{RIGHT SINGLE QUOTATION MARK}", curled)
    return single.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")


def in_other_quotes(text: str) -> str:
    """As whoever retells it has them."""
    return text.translate(str.maketrans("'\"", "\"'"))


def in_a_page(text: str) -> str:
    """As copied out of a page's source."""
    return f"<pre>{html.escape(text)}</pre>".replace(" ", "\u00a0", 3)


PASTES: tuple[Paste, ...] = (
    coloured,
    coloured_in_a_log,
    cut_by_a_terminal,
    boxed,
    in_a_mail,
    out_of_r,
    in_a_notebook,
    with_the_request,
    as_json,
    in_curly_quotes,
    in_other_quotes,
    in_a_page,
)


@pytest.mark.parametrize("paste", PASTES, ids=lambda paste: paste.__name__)
def test_every_error_is_known_as_it_is_pasted(paste: Paste) -> None:
    assert {symptom: first(paste(text)) for symptom, text in KNOWN} == {symptom: symptom for symptom, _ in KNOWN}


def first(text: str) -> str | None:
    """Return what a text is taken for."""
    return next((finding.symptom.id for finding in diagnose(text)), None)


@pytest.mark.parametrize("width", range(50, 160, 10))
def test_wherever_a_terminal_cuts_it_the_meaning_is_told(width: int) -> None:
    """Cut within the one word that tells what was refused, the refusal is known all the same."""
    for symptom, text in KNOWN:
        line = " ".join(text.split())
        pasted = "\n".join(line[start : start + width] for start in range(0, len(line), width))
        assert first(pasted) in {symptom, "refused", "resource-refuses"}, pasted


@pytest.mark.parametrize(
    ("text", "symptom"),
    [
        # R cuts messages at a thousand characters, chats and log viewers where they please.
        (
            "…en calling the CreateModel operation: Could not assume role arn:aws:iam::111122223333:role/ser",
            "role-not-assumed",
        ),
        (
            'Failed. Reason: ClientError: No S3 objects found under S3 URL "s3://sagemaker-us-west-2-1111…',
            "data-not-listed",
        ),
        (
            "assumed-role/Dev/me is not authorized to perform: iam:PassRole on resource: arn:aws:iam::11112…",
            "may-not-pass-role",
        ),
        (
            'Could not access model data at s3://acme/model/. Please ensure that the role "arn:aws:iam::1111',
            "model-data-not-read",
        ),
        ("An error occurred (ExpiredTokenException) when calling the CreateTrainingJ", "session-over"),
        ("botocore.errorfactory.ResourceLimitExceeded: An error occurred (ResourceLimit", "quota-used-up"),
        ("botocore.exceptions.NoCredentialsError: Unable to locate cred…", "no-credentials"),
        ("botocore.exceptions.EndpointConnectionError: Could not connect to the endp", "no-connection"),
        (
            "Error in py_get_attr(x, name) : \n  AttributeError: module 'sagemaker' has no attribute 'Ses",
            "sdk-version-3",
        ),
        (
            "SSLError: SSL validation failed for https://sts.us-east-1.amazonaws.com/ [SSL: CERTIFICATE_VERIFY_FAI",
            "certificate-not-trusted",
        ),
    ],
)
def test_what_was_cut_off_is_known_by_what_is_left(text: str, symptom: str) -> None:
    assert first(text) == symptom


@pytest.mark.parametrize(
    "text",
    [
        "> the cat sat on the mat",
        "\x1b[31mKeyError\x1b[0m: 'role'",
        "Error in eval(expr) : object 'sagemaker_session' not found",
        "| column | value |\n|---|---|\n| job | 12 |",
        '{"level": "info", "msg": "done"}',
    ],
)
def test_a_form_alone_is_no_error(text: str) -> None:
    assert diagnose(text) == ()


def test_a_long_paste_is_read_in_time() -> None:
    """What is not understood is not read again and again: a megabyte of escapes, quotes and frames."""
    for noise in ("\x1b[0m", "│ ", "\\\\n", "> > > ", "' \" ", "not authorized to perform ", "&quot;"):
        assert diagnose(noise * 50_000 + "\nUnable to locate credentials")[0].symptom.id == "no-credentials"
