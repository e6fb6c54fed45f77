"""Tests for the comparison of links: a rewritten link equals the original."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.links import LONGEST, is_link, normalised_link, same_link


@pytest.mark.parametrize(
    ("sent", "returned"),
    [
        ("https://CRM.Example.com/Calls/A", "https://crm.example.com/Calls/A"),
        ("HTTPS://crm.example.com/1", "https://crm.example.com/1"),
        ("https://crm.example.com", "https://crm.example.com/"),
        ("https://crm.example.com?id=1", "https://crm.example.com/?id=1"),
        ("https://crm.example.com/calls/1", "https://crm.example.com/calls/1/"),
        ("https://crm.example.com:443/1", "https://crm.example.com/1"),
        ("http://crm.example.com:80/1", "http://crm.example.com/1"),
        ("https://crm.example.com:/1", "https://crm.example.com/1"),
        ("https://crm.example.com:08443/1", "https://crm.example.com:8443/1"),
        ("https://crm.example.com/%7ea%2fb%c3%a9", "https://crm.example.com/~a%2Fb%C3%A9"),
        ("https://crm.example.com/a b/é", "https://crm.example.com/a%20b/%C3%A9"),
        ("https://crm.example.com/it's?q='x'", "https://crm.example.com/it%27s?q=%27x%27"),
        ("https://crm.example.com/{1}|2", "https://crm.example.com/%7B1%7D%7C2"),
        ("https://bücher.example/1", "https://xn--bcher-kva.example/1"),
        ("https://crm.example.com/1?", "https://crm.example.com/1"),
        ("https://crm.example.com/1#", "https://crm.example.com/1"),
        ("https://Jane:Pw@CRM.example.com/1", "https://Jane:Pw@crm.example.com/1"),
        ("https://[2001:DB8::1]:443/1", "https://[2001:db8::1]/1"),
        ("WAVV://Call/ABC", "wavv://call/ABC"),
        ("wavv://call/ABC", "wavv://call/ABC/"),
        ("wavv://ABC", "wavv://abc/"),
        ("TEL:+14155550100", "tel:+14155550100"),
        (" https://crm.example.com/1 ", "https://crm.example.com/1"),
    ],
)
def test_a_rewritten_link_is_the_same(sent: str, returned: str) -> None:
    """A link equals its rewritten form, in both orders of comparison."""
    assert normalised_link(sent) == normalised_link(returned)
    assert same_link(sent, returned)
    assert same_link(returned, sent)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("wavv://call/ABC", "wavv://call/abc"),
        ("wavv://call/1", "wavv://call/2"),
        ("wavv://call/1", "dialer://call/1"),
        ("https://crm.example.com/a%2Fb", "https://crm.example.com/a/b"),
        ("https://crm.example.com/1", "http://crm.example.com/1"),
        ("https://crm.example.com/1", "https://crm.example.com:8443/1"),
        ("https://crm.example.com/1", "https://crm.example.org/1"),
        ("https://crm.example.com/1", "https://crm.example.com/1?call=2"),
        ("https://crm.example.com/#1", "https://crm.example.com/#2"),
        ("https://jane@crm.example.com/1", "https://JANE@crm.example.com/1"),
        ("https://[::1/1", "https://[::1/2"),
    ],
)
def test_links_of_two_calls_stay_two(first: str, second: str) -> None:
    """Links that differ in scheme, port, path, query or fragment are different."""
    assert not same_link(first, second)


@given(st.text(max_size=60) | st.from_regex(r"[a-z]+://[a-zA-Z.%/:@?#\[\]0-9]*", fullmatch=True))
def test_normalising_twice_changes_nothing(url: str) -> None:
    """A normalised link stays the same when it is normalised again, whatever the text."""
    normal = normalised_link(url)
    assert normalised_link(normal) == normal
    assert same_link(url, url)


@pytest.mark.parametrize(
    "url",
    [
        "https://dialer.example.com/calls/1",
        "HTTP://dialer.example.com:8080/calls/1?a=b#c",
        "https://dialer.example.com",
        "wavv://call/1",
        "com.example.dialer://call/1",
        "msteams:/l/call/0/0",
        "tel:+14155550100",
        "tel:911",
        "mailto:jane@customer.example",
        "sip:100@pbx.example.com",
        "https://bücher.example/ü",
    ],
)
def test_a_link_has_a_scheme_and_a_sensible_rest(url: str) -> None:
    """Web links and links with an app's scheme are accepted."""
    assert is_link(url)


@pytest.mark.parametrize(
    "url",
    [
        "", "/calls/1", "//crm.example.com/1", "crm.example.com/1", "crm.example.com:8080/x",
        "crm.example.com:8080", "localhost:3000/x", "localhost:3000", "127.0.0.1:80/x",
        "Call: Jane", "Call:Jane", "Notes: https://crm.example.com/1", "https:",
        "https://", "https:///x",
        "https://:443/x", "https:crm.example.com/1", "https://[::1/x",
        "https://crm.example.com/a b", "wavv:", "wavv://", "tel:", "javascript:alert(1)",
        "JavaScript://%0aalert(1)", "data:,x",
        "vbscript:x", "blob:https://x", "file:///etc/passwd", " javascript:x", "java\nscript:/x",
        "https://crm.example.com/1\n", "https://crm.example.com/" + "x" * LONGEST,
    ],
)  # fmt: skip
def test_a_text_that_opens_nothing_or_runs_code_is_no_link(url: str) -> None:
    """Relative links, labels, hosts with a port and scripts are no links."""
    assert not is_link(url)
