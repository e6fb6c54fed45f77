"""Content types, methods, paths and broken HTTP at the webhooks."""

import gzip
import re
import socket
from itertools import product

import pytest

from tests.support.sandbox import WAIT
from tests.support.web_process import ELEPHANT, ENDED, JSON, WAVV, Web, problem_in, signed


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON;charset=UTF-8",
        "application/cloudevents+json",
        "application/problem+json ; v=1",
    ],
)
def test_json_is_accepted_under_its_names(web: Web, content_type: str) -> None:
    """JSON is accepted with parameters, in any case, and as a ``+json`` type."""
    assert web.wavv(ENDED, **{"Content-Type": content_type}).status_code == 202


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json",
     "application/jsonp", "", ";", "application/xml"],
)  # fmt: skip
@pytest.mark.parametrize("path", [WAVV, ELEPHANT])
def test_another_type_gets_415(web: Web, path: str, content_type: str) -> None:
    """Another content type gets 415, which names JSON, and nothing is stored."""
    headers = signed(ENDED) | {"Content-Type": content_type}
    response = web.client.post(path, content=ENDED, headers=headers)
    assert "application/json" in problem_in(response, 415, "content_type")
    assert web.stored() == []


def test_a_missing_type_gets_415(web: Web) -> None:
    """A missing content type gets 415."""
    response = web.client.post(WAVV, content=ENDED, headers=signed(ENDED))
    assert "content-type" not in response.request.headers
    assert "Content-Type: application/json" in problem_in(response, 415, "content_type")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", [WAVV, ELEPHANT])
def test_the_webhooks_accept_post_only(web: Web, path: str, method: str) -> None:
    """A GET of a webhook gets 405 with what the URL is for."""
    response = web.client.request(method, path)
    problem_in(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/api/calls", "/api/stats"])
def test_what_is_read_is_not_posted_to(web: Web, path: str) -> None:
    """A POST to a route for reading gets 405 as a problem."""
    problem_in(web.client.post(path), 405, "method_not_allowed")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *product(["GET", "POST"], ["/", "/webhook", "/webhooksx", "/api", "/api/nothing", "/x?y"]),
        *product(["GET"], ["/webhooks", "/webhooks/wavv/x", "/webhooks/WAVV"]),
    ],
)
def test_an_unknown_path_gets_404(web: Web, path: str, method: str) -> None:
    """An unknown path gets 404 as a problem."""
    problem_in(web.client.request(method, path), 404, "not_found")


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/wavv/",
        "//webhooks/wavv",
        "/webhooks//wavv",
        "/webhooks/wavv//",
        "///webhooks/wavv",
    ],
)
def test_a_slash_too_many_is_ignored(web: Web, path: str) -> None:
    """Extra slashes in a path are ignored, because some senders do not follow redirects."""
    assert statuses(web, "POST", path, ENDED, signed(ENDED)) == [202]
    assert statuses(web, "GET", path, b"", {}) == [405]
    assert web.stored() == [ENDED]


def test_a_slash_too_many_is_ignored_for_askelephant_as_well(web: Web) -> None:
    """Extra slashes are ignored for AskElephant's webhook, too."""
    problem_in(web.client.post("/webhooks/askelephant/", content=b"{}", headers=JSON), 401,
               "bad_message_id")  # fmt: skip


@pytest.mark.parametrize(
    "path", ["/webhooks", "/webhooks/", "/webhooks/WAVV", "/webhooks/wavv/x", "//webhooks/wav"]
)
def test_an_event_to_another_path_is_counted(web: Web, path: str) -> None:
    """An event to a misspelt path gets a 404 that names the right one, and is counted."""
    response = web.client.post(f"http://{web.address[0]}:{web.address[1]}{path}", content=ENDED)
    detail = problem_in(response, 404, "unknown_path")
    assert "`/webhooks/wavv`" in detail
    assert "`/webhooks/askelephant`" in detail
    assert web.counted("events.refused.unknown_path") == 1


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/wavv?a=1&secret=x",
        "/webhooks/%77avv",
        "/webhooks%2fwavv",
        "http://elsewhere.example/webhooks/wavv",
    ],
)
def test_a_path_is_the_same_however_it_is_written(web: Web, path: str) -> None:
    """A path may be percent-encoded, have a query, or be an absolute URL."""
    assert statuses(web, "POST", path, ENDED, signed(ENDED)) == [202]
    assert web.stored() == [ENDED]


def test_a_head_request_gets_no_body(web: Web) -> None:
    """A HEAD request gets no body, so the next response on the connection is not shifted."""
    assert statuses(web, "HEAD", WAVV, b"", {}) == [405]


@pytest.mark.parametrize("upgrade", ["websocket", "h2c", "TLS/1.0"])
def test_nothing_is_upgraded(web: Web, upgrade: str) -> None:
    """An ``Upgrade`` is ignored, and the request is processed."""
    headers = {"Upgrade": upgrade, "Sec-WebSocket-Key": "x", "Sec-WebSocket-Version": "13"}
    assert statuses(web, "GET", WAVV, b"", headers, "Upgrade, close") == [405]
    assert web.wavv(ENDED).status_code == 202


def test_a_sender_that_expects_100_continue_gets_it(web: Web) -> None:
    """A sender with ``Expect: 100-continue`` gets 100, and its event is stored."""
    headers = signed(ENDED) | {"Expect": "100-continue"}
    assert statuses(web, "POST", WAVV, ENDED, headers) == [100, 202]
    assert web.stored() == [ENDED]


@pytest.mark.parametrize("path", [WAVV, ELEPHANT])
@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "X-GZIP", "identity, zstd"])
def test_a_compressed_body_is_refused(web: Web, path: str, encoding: str) -> None:
    """A compressed body gets 415, which names the header, and is not unpacked."""
    raw = gzip.compress(ENDED)
    headers = {**JSON, **signed(raw), "Content-Encoding": encoding}
    response = web.client.post(path, content=raw, headers=headers)
    assert f"'{encoding}'" in problem_in(response, 415, "content_encoding")
    assert web.counted("events.refused.content_encoding") == 1
    assert web.stored() == []


@pytest.mark.parametrize("encoding", ["identity", "IDENTITY", ""])
def test_a_body_that_is_not_compressed_is_accepted(web: Web, encoding: str) -> None:
    """A body with ``Content-Encoding: identity`` is accepted."""
    assert web.wavv(ENDED, **{"Content-Encoding": encoding}).status_code == 202


def statuses(
    web: Web, method: str, path: str, raw: bytes, headers: dict[str, str], connection: str = "close"
) -> list[int]:
    """Send one request exactly as written; return the statuses of all responses."""
    fields = {"Host": "bridge", **JSON, "Connection": connection, **headers}
    fields["Content-Length"] = str(len(raw))
    head = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    response = b""
    with socket.create_connection(web.address, timeout=WAIT) as sender:
        sender.sendall("\r\n".join([*head, "", ""]).encode() + raw)
        while piece := sender.recv(65536):
            response += piece
    *_, last = response.partition(b"\r\n\r\n")
    assert method != "HEAD" or last == b""
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", response)]


POST = b"POST /webhooks/wavv HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BROKEN = {
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "garbage": b"GARBAGE\r\n\r\n",
    "length no number": POST + b"Content-Length: minus\r\n\r\n",
    "length too long": POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "bad chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("raw", BROKEN.values(), ids=BROKEN)
def test_broken_http_is_refused_and_the_next_sender_served(web: Web, raw: bytes) -> None:
    """Broken HTTP gets 400 or a closed connection, and the next sender is served."""
    with socket.create_connection(web.address, timeout=WAIT) as connection:
        connection.sendall(raw)
        response = connection.recv(1000)
    assert response == b"" or response.startswith(b"HTTP/1.1 400 ")
    assert web.stored() == []
    assert web.wavv(ENDED).status_code == 202
