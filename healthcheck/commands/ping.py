"""`ping`: whether the daemon is well, asked over HTTP. For containers, whose images have no curl."""

from __future__ import annotations

import base64
import http.client
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from healthcheck.commands.arguments import Arguments
from healthcheck.commands.console import Console
from healthcheck.errors import HealthcheckError

DEFAULT_URL = "http://127.0.0.1:9479"
URL_VARIABLE = "SAGEMAKER_HEALTHCHECK_URL"

EXIT_WELL = 0
EXIT_NOT_WELL = 1
"""Docker knows no other; 3, as everywhere, is a mistake in how it was called."""

_PATIENCE_SECONDS = 5.0
_LONGEST_ANSWER_BYTES = 4096


class BadQuestion(HealthcheckError):
    """The options name nobody who could be asked."""


def execute(arguments: Arguments, console: Console) -> int:
    """Ask the daemon how it is, and say so."""
    base = arguments.url or console.environ.get(URL_VARIABLE) or DEFAULT_URL
    parts = urlsplit(base)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadQuestion(f"--url is {base!r}; expected an address such as {DEFAULT_URL}")
    request = urllib.request.Request(  # noqa: S310 - its scheme has just been looked at
        f"{base.rstrip('/')}/-/{'ready' if arguments.ready else 'healthy'}", headers=_credentials(arguments)
    )
    # Never through a proxy: it is asked about the daemon beside it.
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=_tls(arguments))
    )
    try:
        with opener.open(request, timeout=_PATIENCE_SECONDS) as answer:
            return _said(console, answer.read(_LONGEST_ANSWER_BYTES), EXIT_WELL)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return _said(console, refusal.read(_LONGEST_ANSWER_BYTES), EXIT_NOT_WELL)
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        return _said(console, f"{base} does not answer: {reason}".encode(), EXIT_NOT_WELL)


def _said(console: Console, words: bytes, code: int) -> int:
    console.document(words.decode(errors="replace"))
    return code


def _credentials(arguments: Arguments) -> dict[str, str]:
    if bool(arguments.user) != bool(arguments.password_file):
        raise BadQuestion("--user and --password-file belong together")
    if arguments.user is None or arguments.password_file is None:
        return {}
    # An editor ends the last line; that is no part of the password.
    password = Path(arguments.password_file).read_text("utf-8").rstrip("\r\n")
    token = base64.b64encode(f"{arguments.user}:{password}".encode()).decode()
    return {"authorization": f"Basic {token}"}


def _tls(arguments: Arguments) -> ssl.SSLContext:
    if arguments.key and not arguments.cert:
        raise BadQuestion("--key belongs to a --cert")
    context = ssl.create_default_context(cafile=arguments.ca)
    if arguments.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if arguments.cert:
        context.load_cert_chain(arguments.cert, arguments.key)
    return context
