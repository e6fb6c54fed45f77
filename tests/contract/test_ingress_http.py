"""What may be asked of the doors at all: content types, methods, paths, and broken HTTP."""

import socket

import pytest

from tests.contract.web import ELEPHANT, ENDED, WAVV, Web, problem_in, signed
from tests.sandbox import WAIT


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
    """With parameters, in any case, and as a ``+json`` type."""
    assert web.wavv(ENDED, **{"Content-Type": content_type}).status_code == 202


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json",
     "application/jsonp", "", ";", "application/xml"],
)  # fmt: skip
@pytest.mark.parametrize("path", [WAVV, ELEPHANT])
def test_another_type_is_answered_415(web: Web, path: str, content_type: str) -> None:
    """The answer says what to send; nothing is stored, well signed or not."""
    headers = signed(ENDED) | {"Content-Type": content_type}
    answer = web.client.post(path, content=ENDED, headers=headers)
    assert "application/json" in problem_in(answer, 415, "content_type")
    assert web.stored() == []


def test_a_missing_type_is_answered_415(web: Web) -> None:
    """No guess is made."""
    answer = web.client.post(WAVV, content=ENDED, headers=signed(ENDED))
    assert "content-type" not in answer.request.headers
    assert "Content-Type: application/json" in problem_in(answer, 415, "content_type")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", [WAVV, ELEPHANT])
def test_the_doors_take_post_only(web: Web, path: str, method: str) -> None:
    """A browser that looks at the webhook's URL learns what it is for."""
    answer = web.client.request(method, path)
    problem_in(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/api/calls", "/api/stats"])
def test_what_is_read_is_not_posted_to(web: Web, path: str) -> None:
    """405 everywhere in the same form."""
    problem_in(web.client.post(path), 405, "method_not_allowed")


@pytest.mark.parametrize(
    "path", ["/", "/webhooks", "/webhooks/wavv/x", "/webhooks/WAVV", "/api", "/api/nothing", "/x?y"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_path_is_answered_404(web: Web, path: str, method: str) -> None:
    """As a problem, like everything else."""
    problem_in(web.client.request(method, path), 404, "not_found")


@pytest.mark.parametrize("path", ["/webhooks/wavv/", "/webhooks/askelephant/"])
def test_a_slash_too_many_is_not_redirected(web: Web, path: str) -> None:
    """Svix counts a redirect as a failure and follows none: 404 says it more plainly."""
    problem_in(web.client.post(path, content=ENDED), 404, "not_found")


POST = b"POST /webhooks/wavv HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
BROKEN = {
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "garbage": b"GARBAGE\r\n\r\n",
    "length no number": POST + b"Content-Length: minus\r\n\r\n",
    "length too long": POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "bad chunk": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("said", BROKEN.values(), ids=BROKEN)
def test_broken_http_is_refused_and_harms_nobody(web: Web, said: bytes) -> None:
    """The connection ends with 400 or at once, nothing is stored, the next sender is served."""
    with socket.create_connection(web.address, timeout=WAIT) as connection:
        connection.sendall(said)
        answer = connection.recv(1000)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    assert web.stored() == []
    assert web.wavv(ENDED).status_code == 202
