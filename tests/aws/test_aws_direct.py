"""Requests over kept connections, against servers that behave in every way."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)

from healthcheck.aws.direct import Direct, is_plain
from healthcheck.aws.transport import Transports
from tests.aws.aws_bench import Bench
from tests.aws.aws_imitation import Imitation, Told

Script = Callable[[socket.socket], None]


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Start a server; each connection in turn is treated by the next of the given functions. Returns the port."""
    threads: list[threading.Thread] = []
    listeners: list[socket.socket] = []

    def start(*scripts: Script, family: socket.AddressFamily = socket.AF_INET) -> int:
        listener = socket.create_server(("::1" if family is socket.AF_INET6 else "127.0.0.1", 0), family=family)
        listener.settimeout(10)
        listeners.append(listener)

        def run() -> None:
            for script in scripts:
                line, _ = listener.accept()
                line.settimeout(10)
                with line:
                    script(line)

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        return int(listener.getsockname()[1])

    yield start
    for thread in threads:
        thread.join(10)
    for listener in listeners:
        listener.close()


@pytest.fixture
def direct() -> Iterator[Direct]:
    lines = Direct(ssl.create_default_context(), connect_seconds=2, most_idle=1, options=())
    yield lines
    lines.close()


def request(url: str, method: str = "GET", body: bytes | str | None = None, **headers: str) -> AWSRequest:
    prepared: AWSRequest = AWSRequest(method=method, url=url, data=body, headers=headers).prepare()  # type: ignore[assignment]
    return prepared


def send(direct: Direct, url: str, *, seconds: float = 5, **more: str) -> AWSResponse:
    return direct.send(request(url, **more), seconds)


def read_request(line: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = line.recv(65_536)
        if not piece:
            break
        data += piece
    return data


def answering(*answers: bytes, heard: list[bytes] | None = None) -> Script:
    def script(line: socket.socket) -> None:
        for answer in answers:
            data = read_request(line)
            if heard is not None:
                heard.append(data)
            line.sendall(answer)

    return script


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Amz-Two: a\r\n\r\nhi"


def test_a_request_is_written_as_botocore_signed_it(serve: Callable[..., int], direct: Direct) -> None:
    heard: list[bytes] = []
    port = serve(answering(OK, heard=heard))

    answer = direct.send(request(f"http://127.0.0.1:{port}/a%20b?x=1", "POST", b"body", **{"X-Amz-Date": "now"}), 5)

    head, _, body = heard[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /a%20b?x=1 HTTP/1.1"
    assert {f"Host: 127.0.0.1:{port}", "Content-Length: 4", "X-Amz-Date: now"} == set(lines[1:])
    assert body == b"body"
    assert (answer.status_code, answer.content, answer.headers["x-amz-two"]) == (200, b"hi", "a")


def test_a_connection_is_kept_and_used_again(serve: Callable[..., int], direct: Direct) -> None:
    port = serve(answering(OK, OK, OK))  # one connection only

    assert [send(direct, f"http://127.0.0.1:{port}/").content for _ in range(3)] == [b"hi"] * 3


def test_a_kept_connection_that_was_closed_is_not_used(serve: Callable[..., int], direct: Direct) -> None:
    closed = threading.Event()

    def answer_and_close(line: socket.socket) -> None:
        answering(OK)(line)
        line.close()
        closed.set()

    port = serve(answer_and_close, answering(OK))
    send(direct, f"http://127.0.0.1:{port}/")
    closed.wait(10)

    assert send(direct, f"http://127.0.0.1:{port}/").content == b"hi"


def test_a_server_that_says_close_is_believed(serve: Callable[..., int], direct: Direct) -> None:
    port = serve(answering(OK.replace(b"X-Amz-Two: a", b"Connection: close")), answering(OK))

    assert [send(direct, f"http://127.0.0.1:{port}/").content for _ in range(2)] == [b"hi"] * 2


@pytest.mark.parametrize(
    ("method", "answer", "body"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n", b""),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        ("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", b"hi"),
        ("GET", b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", b""),
    ],
)
def test_answers_of_every_form_are_read_to_their_end(
    serve: Callable[..., int], direct: Direct, method: str, answer: bytes, body: bytes
) -> None:
    port = serve(answering(answer, OK))

    assert send(direct, f"http://127.0.0.1:{port}/", method=method).content == body
    assert send(direct, f"http://127.0.0.1:{port}/").content == b"hi"


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhi"],
    ids=["nothing", "another protocol", "half of it"],
)
def test_no_whole_answer_is_a_closed_connection(serve: Callable[..., int], direct: Direct, answer: bytes) -> None:
    port = serve(answering(answer))

    with pytest.raises(ConnectionClosedError):
        send(direct, f"http://127.0.0.1:{port}/")


def test_an_answer_that_does_not_come_times_out(serve: Callable[..., int], direct: Direct) -> None:
    over = threading.Event()

    def hang(line: socket.socket) -> None:
        read_request(line)
        over.wait(10)

    port = serve(hang)
    with pytest.raises(ReadTimeoutError):
        send(direct, f"http://127.0.0.1:{port}/", seconds=0.05)
    over.set()


def test_a_handshake_that_does_not_come_times_out(serve: Callable[..., int]) -> None:
    over = threading.Event()
    hurried = Direct(ssl.create_default_context(), connect_seconds=0.05, most_idle=1, options=())
    port = serve(lambda _: bool(over.wait(10)))

    with pytest.raises(ConnectTimeoutError):
        send(hurried, f"https://127.0.0.1:{port}/")
    over.set()


def test_plain_words_where_tls_is_expected_are_a_tls_error(serve: Callable[..., int], direct: Direct) -> None:
    port = serve(lambda line: line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"))

    with pytest.raises(SSLError):
        send(direct, f"https://127.0.0.1:{port}/")


def test_a_server_that_hangs_up_on_a_handshake_cannot_be_connected_to(
    serve: Callable[..., int], direct: Direct
) -> None:
    def reset(line: socket.socket) -> None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    port = serve(reset)

    with pytest.raises((EndpointConnectionError, SSLError)):
        send(direct, f"https://127.0.0.1:{port}/")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://nowhere.invalid/", f"http://{'x' * 64}.com/"])
def test_who_cannot_be_connected_to_is_named(direct: Direct, url: str) -> None:
    with pytest.raises(EndpointConnectionError, match="Could not connect to the endpoint URL"):
        send(direct, url)


def test_a_header_cannot_smuggle_another(serve: Callable[..., int], direct: Direct) -> None:
    port = serve(lambda line: bool(line.recv(1)))

    with pytest.raises(ConnectionClosedError):
        direct.send(request(f"http://127.0.0.1:{port}/", **{"X-Amz-Two": "a\r\nX-Evil: b"}), 5)


def test_an_address_of_ipv6_stands_in_brackets(serve: Callable[..., int], direct: Direct) -> None:
    heard: list[bytes] = []
    port = serve(answering(OK, heard=heard), family=socket.AF_INET6)

    send(direct, f"http://[::1]:{port}/")

    assert f"Host: [::1]:{port}\r\n".encode() in heard[0]


def test_no_more_connections_are_kept_than_allowed(direct: Direct, serve: Callable[..., int]) -> None:
    port = serve(answering(OK, OK))
    send(direct, f"http://127.0.0.1:{port}/")
    place = ("http", "127.0.0.1", port)
    ours, theirs = socket.socketpair()

    direct._give_back(place, ours)

    assert ours.fileno() == -1  # one was kept already
    theirs.close()
    assert send(direct, f"http://127.0.0.1:{port}/").content == b"hi"


@pytest.mark.parametrize(
    ("method", "body", "headers", "plain"),
    [
        ("GET", None, {}, True),
        ("HEAD", None, {}, True),
        ("POST", "Action=GetRole", {}, True),
        ("PUT", b"x", {}, False),
        ("POST", b"x", {"Expect": "100-continue"}, False),
    ],
)
def test_only_plain_requests_are_sent_from_here(
    method: str, body: bytes | str | None, headers: dict[str, str], *, plain: bool
) -> None:
    assert is_plain(request("http://localhost/", method, body, **headers)) is plain


def test_what_streams_is_left_to_botocore() -> None:
    streaming = request("http://localhost/")
    streaming.stream_output = True

    assert not is_plain(streaming)


def test_behind_a_proxy_botocores_own_way_is_taken(
    aws: Imitation, monkeypatch: pytest.MonkeyPatch, make_bench: Callable[[], Bench]
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAAAAA111122223333")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://aws.example.invalid")
    monkeypatch.setenv("HTTP_PROXY", aws.url)
    aws.answers["s3.HeadBucket"] = lambda _: Told("")
    bench = make_bench()
    with bench.scope("s3.HeadBucket") as scope:
        scope.client("s3").head_bucket(Bucket="b")

    assert aws.asked[0].path == "http://aws.example.invalid/b"
    bench.gateway.close()


def test_a_proxied_fleet_keeps_a_pool_for_every_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """urllib3's own ten would be closed and opened again and again."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    session = Transports().session("https://sts.amazonaws.com", None)
    assert session is not None
    manager = session._get_connection_manager("https://sts.amazonaws.com", "http://proxy.invalid:3128")  # type: ignore[attr-defined]

    pools = [manager.connection_from_url(f"https://sts.{number}.amazonaws.com") for number in range(200)]

    assert all(pool.pool is not None for pool in pools)
    session.close()
