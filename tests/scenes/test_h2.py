"""HTTP/2 from clients, without TLS, before endpoints of HTTP/1: streams, bodies, windows, ends."""

import signal
import threading
import time

import pytest

import frames
from frames import INTERNAL_ERROR, NO_ERROR, PREFACE, PROTOCOL_ERROR
from frames import Http2, get, settings
from origin import OK, answering, hasty, once, response
from raw import Wire, until
from weir import get_bytes, one_backend

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_one_port_speaks_both_versions(scene):
    weir, origin = scene.front()
    for _ in range(2):
        assert Http2.dial(weir).get().body == b"ok"
        assert weir.get().body == b"ok"


def test_a_preface_may_come_byte_by_byte(scene):
    weir, _ = scene.front()
    wire = weir.connect()
    for byte in PREFACE[:-1]:
        wire.send(bytes([byte]))
        time.sleep(0.001)
    wire.send(PREFACE[-1:])
    client = Http2(wire, client=False)
    assert client.get().status == 200


def test_half_a_preface_times_out_as_any_head_does(scene):
    weir, _ = scene.front(timeouts="header: 300ms")
    assert weir.connect().send(PREFACE[:20]).read_response().status == 408


@pytest.mark.parametrize("then", [b"GET / HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"])
def test_what_only_begins_like_a_preface_is_a_request(scene, then):
    weir, _ = scene.front()
    wire = weir.connect().send(b"P")
    time.sleep(0.05)
    wire.send(b"OST" + then[3:] if then[0] == ord("G") else then[1:])
    assert wire.send(b"Host: a\r\n\r\n").read_response().status in (200, 400, 505)


def test_a_request_before_it_makes_a_preface_nonsense(scene):
    weir, _ = scene.front()
    wire = weir.connect()
    assert wire.ask(get_bytes()).status == 200
    assert wire.ask(PREFACE).status == 505


def test_the_admin_door_does_not_speak_it(scene):
    weir, _ = scene.front()
    wire = Wire.dial(weir.socket)
    assert wire.ask(PREFACE).status == 505
    wire.close()


def test_each_stream_gets_its_own_answer(scene):
    weir, origin = scene.front(answering(lambda request: response(request.target.encode() * 99)))
    client = Http2.dial(weir)
    streams = [client.ask(get(f"/{i}")) for i in range(90)]
    for i, stream in enumerate(streams):
        assert client.answer(stream).body == f"/{i}".encode() * 99


def test_a_slow_stream_holds_up_no_other(scene):
    hold = threading.Event()
    weir, origin = scene.front(
        answering(lambda r: (hold.wait(20) if r.target == "/slow" else True) and response(b"x"))
    )
    client = Http2.dial(weir)
    slow = client.ask(get("/slow"))
    for _ in range(20):
        assert client.get("/fast").body == b"x"
    hold.set()
    assert client.answer(slow).body == b"x"


def test_the_head_that_the_endpoint_sees_is_one_of_http_1(scene):
    weir, origin = scene.front()
    fields = [("cookie", "a=1"), ("x-b", "2"), ("cookie", "c=3"), ("te", "trailers")]
    assert Http2.dial(weir).get("/p?q=1", *fields).status == 200
    request = origin.last
    assert request.start == "GET /p?q=1 HTTP/1.1"
    assert request.get("host") == "weir.test"
    assert request.get("cookie") == "a=1; c=3"
    assert (request.get("x-b"), request.get("te")) == ("2", None)
    assert request.get("x-forwarded-for") == "127.0.0.1"
    assert not any(name.startswith(":") for name, _ in request.fields)


def test_a_host_field_serves_for_the_authority(scene):
    weir, origin = scene.front()
    fields = [(":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "a.test")]
    client = Http2.dial(weir)
    assert client.answer(client.ask(fields)).status == 200
    assert origin.last.get("host") == "a.test"


def test_the_head_that_the_client_sees_has_nothing_of_http_1(scene):
    reply = response(b"ok", "200 Fine", "X-Case: Kept", "Connection: X-Gone", "X-Gone: 1")
    weir, _ = scene.front(reply)
    answer = Http2.dial(weir).get()
    assert answer.fields == {":status": "200", "x-case": "Kept", "content-length": "2"}


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_answers_without_body_end_with_their_head(scene, status):
    weir, _ = scene.front(f"HTTP/1.1 {status}\r\n\r\n".encode())
    client = Http2.dial(weir)
    answer = client.get()
    assert (str(answer.status), answer.body) == (status[:3], b"")
    assert frames.DATA not in [kind for kind, *_ in client.seen]


def test_an_answer_to_head_has_no_body_but_its_length(scene):
    weir, _ = scene.front(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    answer = Http2.dial(weir).get(method="HEAD")
    assert (answer.fields["content-length"], answer.body) == ("1000", b"")


def test_interim_answers_and_trailers_pass(scene):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    weir, _ = scene.front(hints + hints + CHUNKED + b"3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")
    answer = Http2.dial(weir).get()
    assert answer.interims == [[(":status", "103"), ("link", "</a>")]] * 2
    assert (answer.status, answer.body, answer.trailers) == (200, b"abc", [("x-sum", "1")])


def test_a_body_of_unknown_length_goes_on_in_chunks(scene):
    weir, origin = scene.front(answering(lambda request: response(request.body)))
    client = Http2.dial(weir)
    stream = client.ask(get(method="POST"), end=False)
    client.data(stream, b"a" * 5000, end=False).data(stream, b"b")
    assert client.answer(stream).body == b"a" * 5000 + b"b"
    assert origin.last.get("transfer-encoding") == "chunked"


def test_a_body_of_known_length_keeps_it(scene):
    weir, origin = scene.front(answering(lambda request: response(request.body)))
    client = Http2.dial(weir)
    stream = client.ask(get("/", ("content-length", "5"), method="POST"), end=False)
    assert client.data(stream, b"hello").answer(stream).body == b"hello"
    assert origin.last.get("content-length") == "5"


def test_trailers_of_a_request_pass(scene):
    weir, origin = scene.front(answering(lambda request: response(request.body)))
    client = Http2.dial(weir)
    stream = client.ask(get(method="POST"), end=False)
    client.data(stream, b"x", end=False).list(stream, [("x-sum", "9")])
    assert client.answer(stream).body == b"x"
    assert origin.last.trailers == [("x-sum", "9")]


def test_a_body_in_very_many_pieces_arrives_whole(scene):
    """More pieces than a message holds references to, while the endpoint does not read yet."""
    begin = threading.Event()

    def late(wire, origin):
        begin.wait(20)
        answering(lambda request: response(request.body))(wire, origin)

    weir, _ = scene.front(late)
    client = Http2.dial(weir)
    stream = client.ask(get(method="POST"), end=False)
    body = bytes(i % 251 for i in range(60000))
    for at in range(0, len(body), 100):
        client.data(stream, body[at : at + 100], end=at + 100 == len(body))
    client.ping()
    begin.set()
    assert client.answer(stream).body == body


def test_a_body_larger_than_all_windows_passes_both_ways(scene):
    weir, _ = scene.front(answering(lambda request: response(request.body)))
    client = Http2.dial(weir)
    body = bytes(i % 253 for i in range(3 << 20))
    stream = client.ask(get(method="PUT"), end=False)
    assert client.pour(stream, body).answer(stream).body == body


# ---- windows


def test_a_client_that_gives_no_window_stalls_only_that_stream(scene):
    weir, _ = scene.front(response(b"x" * 100000))
    client = Http2.dial(weir, settings(initial_window=0), gives=False)
    stalled = client.ask()
    client.window(0, 1 << 20)
    for _ in range(3):
        stream = client.ask()
        client.window(stream, 100000)
        assert len(client.answer(stream).body) == 100000
    assert client.streams[stalled].body == b""
    client.window(stalled, 100000)
    assert len(client.answer(stalled).body) == 100000


def test_an_endpoint_that_does_not_read_stops_only_that_stream(scene):
    def script(wire, origin):
        head = wire.read_head()
        if head.target == "/deaf":
            wire.sock.setsockopt(1, 8, 4096)
            return release.wait(30)
        wire.send(OK)
        answering(OK)(wire, origin)

    release = threading.Event()
    weir, origin = scene.front(script)
    client = Http2.dial(weir)
    deaf = client.ask(get("/deaf", method="POST"), end=False)
    sent = 0
    while sent < 65535 + client.windows[deaf] - 16384:
        client.data(deaf, b"x" * 16384, end=False)
        sent += 16384
        client.ping()
        assert sent < 20 << 20, "the window never closes"
    for _ in range(3):
        assert client.get().body == b"ok"
    assert weir.rss() < 400_000
    release.set()


# ---- ends


def test_a_client_that_resets_a_stream_stops_its_endpoint_only(scene):
    weir, origin = scene.front(once(CHUNKED + b"5\r\nhello\r\n"))
    client = Http2.dial(weir)
    stream = client.ask()
    client.read_until(lambda: client.streams[stream].body == b"hello")
    client.reset(stream)
    until(lambda: origin.left(0), "the endpoint to be told")
    client.ping()
    assert [row["why"] for row in weir.log(1)] == ["client_gone"]
    assert client.wire.is_open()


def test_a_client_that_leaves_ends_all_its_streams(scene):
    weir, origin = scene.front(once())
    client = Http2.dial(weir)
    for _ in range(5):
        client.ask()
    until(lambda: len(origin.requests) == 5, "all requests")
    client.wire.close()
    until(lambda: all(origin.left(i) for i in range(5)), "all endpoints to be told")
    assert [row["status"] for row in weir.log(5)] == ["499"] * 5


@pytest.mark.parametrize(
    "reply",
    [CHUNKED + b"5\r\nhel", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel"],
    ids=["chunked", "length"],
)
def test_an_answer_that_is_cut_short_resets_its_stream_only(scene, reply):
    seen = threading.Event()

    def script(wire, origin):
        if wire.read_head().target == "/cut":
            wire.send(reply)
            seen.wait(20)
        else:
            wire.send(OK)

    weir, origin = scene.front(script)
    client = Http2.dial(weir)
    cut = client.ask(get("/cut"))
    client.read_until(lambda: client.streams[cut].body == b"hel")
    seen.set()
    assert (client.answer(cut).status, client.answer(cut).reset) == (200, INTERNAL_ERROR)
    assert client.get().body == b"ok"


def test_an_early_answer_ends_the_request_without_blame(scene):
    weir, _ = scene.front(hasty(OK))
    client = Http2.dial(weir)
    stream = client.ask(get(method="POST"), end=False)
    client.data(stream, b"x" * 1000, end=False)
    answer = client.answer(stream)
    assert (answer.status, answer.body) == (200, b"ok")
    client.read_until(lambda: answer.reset is not None)
    assert answer.reset == NO_ERROR
    client.data(stream, b"x" * 1000)  # on its way when the reset came
    assert client.ping().wire.is_open()


def test_weirs_own_answers_are_answers(scene):
    weir = scene.start(
        """
listen:
  http: {address: "127.0.0.1:0"}
routes:
  - match: /there
    to: app
backends:
  app: {endpoints: ["127.0.0.1:1"]}
"""
    )
    client = Http2.dial(weir)
    answer = client.get("/nowhere")
    assert (answer.status, answer.fields["proxy-status"]) == (404, "weir; error=no_route")
    assert client.get("/there").status == 502
    assert client.get("/", method="HEAD").body == b""


def test_more_streams_than_allowed_end_the_connection(scene):
    weir, origin = scene.front(once())
    client, other = Http2.dial(weir), Http2.dial(weir)
    client.ping()
    for _ in range(100):
        client.ask()
    until(lambda: len(origin.requests) == 100, "a hundred requests")
    client.ask()
    assert client.went_away() == [PROTOCOL_ERROR]
    until(lambda: all(origin.left(i) for i in range(100)), "all endpoints to be told")
    assert len(origin.requests) == 100
    assert other.ping().wire.is_open()


# ---- the end of a connection


def test_an_idle_connection_is_told_before_it_is_closed(scene):
    weir, _ = scene.front(timeouts="idle: 300ms")
    client = Http2.dial(weir)
    assert client.get().status == 200
    assert client.went_away() == [NO_ERROR]


def test_drain_tells_in_two_steps_and_serves_what_runs(scene):
    hold = threading.Event()
    weir, origin = scene.front(answering(lambda _: hold.wait(20) and OK))
    client = Http2.dial(weir)
    first = client.ask()
    until(lambda: origin.requests, "a request in flight")
    weir.signal(signal.SIGTERM)
    client.read_until(lambda: client.goaways)
    assert client.goaways == [(frames.LARGE, NO_ERROR)]
    late = client.ask()  # sent before the client could have known
    client.read_until(lambda: len(client.goaways) == 2)
    assert client.goaways[1] in [(first, NO_ERROR), (late, NO_ERROR)]
    hold.set()
    assert client.answer(first).body == b"ok"
    if client.goaways[1][0] == late:
        assert client.answer(late).body == b"ok"
    assert client.went_away() == [NO_ERROR] * 2
    assert weir.wait() == 0


def test_drain_closes_an_idle_connection_at_once(scene):
    weir, _ = scene.front()
    client = Http2.dial(weir)
    assert client.get().status == 200
    weir.signal(signal.SIGTERM)
    assert client.went_away() == [NO_ERROR]
    assert weir.wait() == 0


def test_a_drain_that_takes_too_long_resets_what_is_left(scene):
    origin = scene.origin(once())
    weir = scene.start(one_backend(origin).replace("drain: 3s", "drain: 300ms"))
    client = Http2.dial(weir)
    client.ask()
    until(lambda: origin.requests, "a request in flight")
    weir.signal(signal.SIGTERM)
    client.went_away()
    assert weir.wait() == 0
    assert [row["why"] for row in weir.log()] == ["drain_timeout"]


def test_the_log_names_the_version(scene):
    weir, _ = scene.front()
    Http2.dial(weir).get("/x")
    assert weir.log()[0]["request"] == "GET /x HTTP/2.0"


# ---- what is refused

PSEUDO = dict(get())


def head(*fields, **pseudo):
    """A request with some pseudo-fields replaced, or left out (None), and these fields behind."""
    values = {**PSEUDO, **{":" + name: value for name, value in pseudo.items()}}
    return [pair for pair in values.items() if pair[1] is not None] + list(fields)


REFUSED = {  # what: status of the answer, or the code of the reset
    "two_authorities": (head(("host", "other.test")), 400),
    "two_hosts": (head(("host", "weir.test"), ("host", "weir.test"), authority=None), 0),
    "user_info": (head(authority="me@weir.test"), 400),
    "no_authority": (head(authority=None), 0),
    "empty_authority": (head(authority=""), 0),
    "absolute_path": (head(path="http://other.test/"), 0),
    "no_path": (head(path=None), 0),
    "empty_path": (head(path=""), 0),
    "dots": (head(path="/a/../b"), 400),
    "space_in_path": (head(path="/a b"), 0),
    "line_in_path": (head(path="/ HTTP/1.1\r\nX: 1"), 0),
    "line_in_method": (head(method="GET / HTTP/1.1\r\nX: 1\r\n\r\n"), 0),
    "space_in_method": (head(method="GE T"), 0),
    "scheme": (head(scheme="ftp"), 400),
    "no_scheme": (head(scheme=None), 0),
    "line_in_value": (head(("x", "1\r\nEvil: 2")), 400),
    "lf_in_value": (head(("x", "1\nEvil: 2")), 400),
    "nul_in_value": (head(("x", "1\0")), 400),
    "colon_in_name": (head(("x:y", "1")), 400),
    "space_in_name": (head(("x y", "1")), 400),
    "line_in_name": (head(("x\r\nevil", "1")), 400),
    "upper_case_name": (head(("X-Up", "1")), 0),
    "late_pseudo": (head(("x", "1"), (":path", "/b")), 0),
    "unknown_pseudo": (head((":x", "1")), 0),
    "status": (head((":status", "200")), 0),
    "protocol": (head((":protocol", "websocket"), method="CONNECT"), 0),
    "connection": (head(("connection", "close")), 0),
    "transfer_encoding": (head(("transfer-encoding", "chunked")), 0),
    "keep_alive": (head(("keep-alive", "1")), 0),
    "upgrade": (head(("upgrade", "websocket")), 0),
    "te": (head(("te", "gzip")), 0),
    "length_without_body": (head(("content-length", "5")), 0),
    "two_lengths": (head(("content-length", "0"), ("content-length", "0")), 0),
    "negative_length": (head(("content-length", "-1")), 0),
    "expectation": (head(("expect", "miracles")), 417),
    "too_many_fields": (head(*[(f"x-{i}", "1") for i in range(200)]), 431),
    "connect": (head(method="CONNECT", authority="a.test:443", path=None, scheme=None), 501),
}




@pytest.mark.parametrize("what", REFUSED)
def test_refuses(stage, what):
    fields, status = REFUSED[what]
    weir, origin = refusing(stage)
    client = Http2.dial(weir)
    before = len(origin.requests)
    answer = client.answer(client.ask(fields))
    if status == 0:
        assert (answer.heads, answer.reset) == ([], PROTOCOL_ERROR)
    else:
        assert (answer.status, answer.reset) == (status, None)
    assert client.get("/after").body == b"ok", "the error of a stream is no other's"
    assert [request.target for request in origin.requests[before:]] == ["/after"]


def refusing(stage):
    if not stage.weirs:
        stage.made = stage.front(workers=1)
    return stage.made


@pytest.mark.parametrize("sent", [4, 6], ids=["less", "more"])
def test_refuses_a_body_that_is_not_as_long_as_was_said(scene, sent):
    weir, origin = scene.front(hasty(b""))
    client = Http2.dial(weir)
    stream = client.ask(get("/", ("content-length", "5"), method="POST"), end=False)
    client.data(stream, b"x" * sent)
    assert client.answer(stream).reset == PROTOCOL_ERROR
    until(lambda: origin.left(0), "the endpoint to be told that no more comes")
