"""An AWS of a few lines over real HTTP: it answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{account}:user/{key}</Arn><UserId>{key}</UserId><Account>{account}</Account>
</GetCallerIdentityResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""

ASSUMED = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>assumed-secret</SecretAccessKey>
<SessionToken>assumed-token</SessionToken><Expiration>{expiration}</Expiration></Credentials>
</AssumeRoleResult><ResponseMetadata><RequestId>r-2</RequestId></ResponseMetadata></AssumeRoleResponse>"""

ROLE = """<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role><Path>/</Path>
<RoleName>{name}</RoleName><RoleId>AROAEXAMPLE</RoleId><Arn>arn:aws:iam::111122223333:role/{name}</Arn>
<CreateDate>2026-01-02T03:04:05Z</CreateDate><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement
%22%3A%5B%7B%22Effect%22%3A%22Allow%22%7D%5D%7D</AssumeRolePolicyDocument></Role></GetRoleResult>
<ResponseMetadata><RequestId>r-3</RequestId></ResponseMetadata></GetRoleResponse>""".replace("Statement\n", "Statement")

ERROR = """<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>
<Code>{code}</Code><Message>{message}</Message></Error><RequestId>r-4</RequestId></ErrorResponse>"""


@dataclass(frozen=True)
class Asked:
    """A request, as far as tests care."""

    service: str
    region: str
    key_id: str
    operation: str
    params: dict[str, str]
    method: str
    path: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Told:
    """An answer."""

    body: str
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


Answer = Callable[[Asked], Told]


def error(code: str, message: str = "no", status: int = 403) -> Told:
    return Told(ERROR.format(code=code, message=message), status)


def identity(asked: Asked) -> Told:
    """Whoever signs with a key is in the account that stands in it: AKIA000000000000 + 4 digits."""
    return Told(IDENTITY.format(account=asked.key_id[-12:], key=asked.key_id))


def role(asked: Asked) -> Told:
    return Told(ROLE.format(name=asked.params["RoleName"]))


def one_by_one(*answers: Told | Callable[[Asked], Told]) -> Callable[[Asked], Told]:
    """Answer in turn; the last answer stays."""
    waiting = list(answers)

    def answer(asked: Asked) -> Told:
        told = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return told if isinstance(told, Told) else told(asked)

    return answer


class Imitation:
    """The server's script and its memory."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: dict[str, Answer] = {"sts.GetCallerIdentity": identity, "iam.GetRole": role}
        self.asked: list[Asked] = []
        self.connections = 0
        self._lock = threading.Lock()

    def count(self, operation: str) -> int:
        return sum(f"{asked.service}.{asked.operation}" == operation for asked in self.asked)

    def note(self, asked: Asked) -> None:
        with self._lock:
            self.asked.append(asked)

    def connected(self) -> None:
        with self._lock:
            self.connections += 1


def _mark(handler: BaseHTTPRequestHandler) -> None:
    """Send the id by which alone an answer without a body is known."""
    if handler.command == "HEAD":
        handler.send_header("x-amz-request-id", "r-0")


@contextmanager
def imitation(tls: ssl.SSLContext | None = None) -> Iterator[Imitation]:
    """Serve until the end of the block, over TLS if told to."""
    script = Imitation("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def setup(self) -> None:
            if tls:
                self.request = tls.wrap_socket(self.request, server_side=True)
            super().setup()
            script.connected()

        def finish(self) -> None:
            super().finish()
            if tls:
                self.request.close()

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked = _read(self, self.rfile.read(length).decode())
            script.note(asked)
            told = script.answers[f"{asked.service}.{asked.operation}"](asked)
            body = told.body.encode()
            self.send_response(told.status)
            for name, value in told.headers:
                self.send_header(name, value)
            _mark(self)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = _serve  # noqa: N815 # the base class wants these names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the base class's name
            """Be quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Be quiet about those who hang up on a certificate."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    script.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


_SIGNED = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/")
_S3 = {"HEAD": "HeadBucket", "GET": "GetBucketLocation", "PUT": "CreateBucket"}


def _read(request: BaseHTTPRequestHandler, body: str) -> Asked:
    signed = _SIGNED.search(request.headers.get("Authorization", ""))
    key_id, region, service = signed.groups() if signed else ("", "", "")
    params = {name: values[0] for name, values in parse_qs(body).items()}
    target = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
    operation = params.get("Action") or target or _S3.get(request.command, "")
    return Asked(
        service, region, key_id, operation, params, request.command, request.path, dict(request.headers.items())
    )
