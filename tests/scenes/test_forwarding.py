"""What an endpoint sees of a request, and a client of an answer."""

import re

import pytest

from origin import response
from weir import get_bytes


@pytest.fixture(scope="module")
def front(stage):
    return stage.front()


@pytest.fixture(scope="module")
def trusting(stage):
    return stage.front(extra="trusted_proxies: [127.0.0.0/8, 10.0.0.0/8]\n")


def forwarded(front, *fields, path="/", host="weir.test", method="GET", body=b""):
    """The request as the endpoint got it."""
    weir, origin = front
    answer = weir.get(path, host, method, fields, body)
    assert answer.status == 200, answer.raw
    return origin.last


HOP = {
    "connection_close": ["Connection: close"],
    "keep_alive": ["Connection: keep-alive", "Keep-Alive: timeout=5"],
    "proxy_connection": ["Proxy-Connection: keep-alive"],
    "te": ["Connection: TE", "TE: trailers"],
    "te_alone": ["TE: gzip"],
    "h2c": ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"],
    "upgrade_without_connection": ["Upgrade: websocket"],
    "nominated": ["Connection: X-Secret", "X-Secret: 1"],
    "nominated_in_list": ["Connection: close, x-secret ,", "X-SECRET: 1"],
    "nominated_twice": ["Connection: a", "Connection: X-Secret", "X-Secret: 1", "A: 1"],
}
HOP_NAMES = {
    "keep-alive",
    "proxy-connection",
    "te",
    "upgrade",
    "http2-settings",
    "x-secret",
    "a",
}


@pytest.mark.parametrize("fields", HOP.values(), ids=HOP)
def test_removes_hop_by_hop_and_nominated_fields(front, fields):
    got = forwarded(front, *fields, "X-Kept: 1")
    names = {name for name, _ in got.fields}
    assert not names & HOP_NAMES
    assert "x-kept" in names
    assert (got.get("connection") or "keep-alive").lower() == "keep-alive"


@pytest.mark.parametrize(
    "name", ["Host", "X-Forwarded-For", "Content-Length", "X-Forwarded-Proto", "X-Request-Id"]
)
def test_connection_cannot_nominate_what_weir_needs(front, name):
    weir, origin = front
    before = len(origin.requests)
    answer = weir.get(method="POST", fields=[f"Connection: {name}"], body=b"hello")
    if answer.status == 400:
        assert len(origin.requests) == before
        return
    assert origin.last.get("host") == "weir.test"
    assert origin.last.body == b"hello"
    assert origin.last.get("x-forwarded-for") == "127.0.0.1"
    assert origin.last.get(name) is not None


@pytest.mark.parametrize(
    "target, sent",
    [
        ("http://weir.test/a?b=c", "/a?b=c"),
        ("http://weir.test", "/"),
        ("HTTP://WEIR.test/a", "/a"),
        ("http://weir.test?x", "/?x"),
        ("/a//b%20c?d=%2f&e", "/a//b%20c?d=%2f&e"),
        ("/?", "/?"),
    ],
    ids=[
        "absolute",
        "absolute_empty",
        "absolute_case",
        "absolute_query_only",
        "byte_exact",
        "empty_query",
    ],
)
def test_sends_the_origin_form(front, target, sent):
    got = forwarded(front, path=target)
    assert got.target == sent
    assert got.get("host").lower() == "weir.test"
    assert got.start.endswith(" HTTP/1.1")


@pytest.mark.parametrize(
    "host", ["weir.test", "WEIR.Test:8080", "127.0.0.1", "[::1]:80", "xn--bcher-kva.test"]
)
def test_keeps_host(front, host):
    assert forwarded(front, host=host).get("host") == host


VALUES = {
    "utf8": "h\xc3\xa4",
    "latin1": "\xe4\xff",
    "inner_spaces": "a  b\t c",
    "empty": "",
    "commas": ",, a ,",
    "long": "x" * 8000,
    "quotes": '"\\" a',
    "cookie": 'a=b; c="d"; e=f==',
    "percent": "%00%zz",
    "colon": ":a:",
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_values_are_byte_exact_both_ways(scene, value):
    reply = response(b"ok", "200 OK", "X-Back: @").replace(b"@", value.encode("latin-1"))
    weir, origin = scene.front(reply)
    answer = weir.get(fields=[f"X-There:  {value} "])
    assert origin.last.get("x-there") == value.strip(" ")
    assert answer.get("x-back") == value


def test_keeps_order_and_number_of_equal_fields(scene):
    weir, origin = scene.front(response(b"", "200 OK", "Set-Cookie: a=1", "Set-Cookie: b=2, c"))
    answer = weir.get(fields=["X-A: 1", "Cookie: a=1", "X-A: 2", "Cookie: b=2"])
    assert origin.last.all("x-a") == ["1", "2"]
    assert "; ".join(origin.last.all("cookie")) == "a=1; b=2"
    assert answer.all("set-cookie") == ["a=1", "b=2, c"]


def test_removes_hop_by_hop_fields_of_an_answer(scene):
    weir, _ = scene.front(
        response(
            b"ok",
            "200 OK",
            "Connection: keep-alive, X-Secret",
            "X-Secret: 1",
            "Keep-Alive: timeout=5",
            "Proxy-Connection: x",
            "X-Kept: 1",
        )
    )
    answer = weir.get()
    assert not {name for name, _ in answer.fields} & {"keep-alive", "proxy-connection", "x-secret"}
    assert answer.get("x-kept") == "1"


def test_adds_no_via_and_no_server(front):
    weir, origin = front
    answer = weir.get()
    assert origin.last.get("via") is None
    assert answer.get("via") is None
    assert answer.get("server") is None


def test_passes_via_and_server_on(scene):
    weir, origin = scene.front(response(b"", "200 OK", "Server: theirs", "Via: 1.1 them"))
    answer = weir.get(fields=["Via: 1.1 client"])
    assert (origin.last.get("via"), answer.get("server"), answer.get("via")) == (
        "1.1 client",
        "theirs",
        "1.1 them",
    )


def test_tells_the_endpoint_who_asks(front):
    weir, _ = front
    got = forwarded(front, host="weir.test:8080")
    assert got.get("x-forwarded-for") == "127.0.0.1"
    assert got.get("x-forwarded-proto") == "http"
    assert got.get("x-forwarded-host") == "weir.test:8080"
    assert got.get("x-forwarded-port") == str(weir.address()[1])
    assert re.fullmatch(r"[\x21-\x7e]{8,128}", got.get("x-request-id"))


LIES = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.test",
    "X-Forwarded-Port": "666",
    "X-Real-IP": "6.6.6.6",
    "Forwarded": "for=6.6.6.6;proto=https",
    "X-Request-Id": "mine-666666",
}


@pytest.mark.parametrize("name", LIES)
def test_believes_nobody_by_default(front, name):
    got = forwarded(front, f"{name}: {LIES[name]}", f"{name.lower()}: {LIES[name]}")
    lies = {"6.6.6.6", "evil.test", LIES[name]} - {LIES["X-Forwarded-Port"]}
    assert not [(field, value) for field, value in got.fields if any(lie in value for lie in lies)]
    assert got.get("X-Forwarded-Port") != LIES["X-Forwarded-Port"]  # elsewhere chance writes it
    assert len(got.all(name)) <= 1


def test_appends_to_what_a_trusted_proxy_says(trusting):
    weir, _ = trusting
    got = forwarded(
        trusting,
        "X-Forwarded-For: 203.0.113.7, 10.1.1.1",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: shop.test",
        "X-Forwarded-Port: 443",
        "X-Request-Id: given-by-the-edge",
    )
    assert got.get("x-forwarded-for") == "203.0.113.7, 10.1.1.1, 127.0.0.1"
    assert got.get("x-forwarded-proto") == "https"
    assert got.get("x-forwarded-host") == "shop.test"
    assert got.get("x-forwarded-port") == "443"
    assert got.get("x-request-id") == "given-by-the-edge"


def test_logs_the_right_most_untrusted_address(scene):
    weir, _ = scene.front(extra="trusted_proxies: [127.0.0.0/8, 10.0.0.0/8]\n", workers=1)
    weir.get(fields=["X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.1.1.1"])
    weir.get(fields=["X-Forwarded-For: rubbish"])
    assert [row["client"] for row in weir.log(2)] == ["203.0.113.7", "127.0.0.1"]


def test_appends_to_forwarded_of_a_trusted_proxy(trusting):
    value = forwarded(trusting, "Forwarded: for=203.0.113.7;proto=https").get("forwarded")
    assert value.startswith("for=203.0.113.7;proto=https, ")
    assert "for=127.0.0.1" in value.replace('"', "")


@pytest.mark.parametrize(
    "bad", ["", "a b", "x" * 129, "\xe4"], ids=["empty", "space", "long", "high_byte"]
)
def test_replaces_an_insane_request_id_even_of_a_trusted_proxy(trusting, bad):
    got = forwarded(trusting, f"X-Request-Id: {bad}").get("x-request-id")
    assert got != bad and re.fullmatch(r"[\x21-\x7e]{8,128}", got)


def test_request_ids_differ_and_are_logged(scene):
    weir, origin = scene.front()
    wire = weir.connect()
    for _ in range(5):
        wire.ask(get_bytes())
    ids = [request.get("x-request-id") for request in origin.requests]
    assert len(set(ids)) == 5
    assert [row["id"] for row in weir.log(5)] == ids


def test_a_listener_may_redirect_to_https(scene):
    weir = scene.start("listen:\n  http: {address: '127.0.0.1:0', redirect: https}\n")
    wire = weir.connect()
    for path in ("/a?b=c", "/%20", "/"):
        answer = wire.ask(get_bytes(path, "a.test:8080"))
        assert (answer.status, answer.get("location")) == (308, f"https://a.test{path}")
    nameless = weir.connect().ask(b"GET / HTTP/1.0\r\n\r\n")
    assert nameless.status == 400 or nameless.get("location") not in ("https://", "https:///")


ACCEPTS = {
    "json": ("application/json", "application/json"),
    "problem": ("application/problem+json, */*;q=0.1", "application/"),
    "html": ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
    "none": (None, "text/plain"),
    "any": ("*/*", "text/plain"),
    "text": ("text/plain", "text/plain"),
    "json_first": ("application/json;q=0.9, text/html;q=0.1", "application/json"),
}


@pytest.mark.parametrize("accept, kind", ACCEPTS.values(), ids=ACCEPTS)
def test_generated_errors_speak_the_language_of_the_client(scene, accept, kind):
    weir = scene.start(
        f"""
listen:
  http: {{address: "127.0.0.1:0"}}
routes:
  - match: a.test/*
    to: app
backends:
  app: {{endpoints: ["{scene.origin()}"]}}
"""
    )
    answer = weir.get("/<script>", "b.test", fields=[f"Accept: {accept}"] if accept else [])
    text, row = answer.body.decode(), weir.log()[0]
    assert answer.status == 404
    assert answer.get("content-type").startswith(kind)
    assert "no_route" in text and row["id"] in text
    assert answer.get("proxy-status") == "weir; error=no_route"
    assert "<script>" not in text
