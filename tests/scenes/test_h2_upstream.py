"""HTTP/2 to endpoints, before clients of either version: shared connections, refusals, ends."""

import threading

import pytest

import frames
from frames import CANCEL, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM
from frames import Http2, get, ok, serving, settings
from origin import OK
from raw import steady, together, until
from weir import get_bytes

H2 = "protocol: h2"


def front(scene, reply=Http2.answer_with, values=b"", backend=H2, **how):
    origin = scene.origin(serving(reply, values))
    return scene.proxy(origin, backend, workers=1, **how), origin


def echo(server, stream):
    request = server.streams[stream]
    server.list(stream, ok(), end=False)
    server.pour(stream, request.body, end=not request.trailers)
    if request.trailers:
        server.list(stream, request.trailers)


# ---- what passes


def test_the_endpoint_sees_a_request_of_http_2(scene):
    weir, origin = front(scene)
    fields = ["X-Case: Kept", "Connection: x-gone", "X-Gone: 1", "TE: trailers", "Cookie: a=1; b=2"]
    assert weir.get("/p?q=1", fields=fields).body == b"ok"
    head = origin.last.heads[0]
    assert head[:4] == [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", "weir.test"),
        (":path", "/p?q=1"),
    ]
    seen = dict(head)
    assert seen["x-case"] == "Kept" and seen["x-forwarded-for"] == "127.0.0.1"
    assert (seen["cookie"], seen["te"]) == ("a=1; b=2", "trailers")
    assert not {"host", "connection", "x-gone", "upgrade", "transfer-encoding"} & set(seen)
    assert all(name == name.lower() for name, _ in head)


def test_te_trailers_goes_from_one_end_to_the_other(scene):
    weir, origin = front(scene)
    assert Http2.dial(weir).get("/", ("te", "trailers")).status == 200
    assert origin.last.fields["te"] == "trailers"


def test_a_target_in_absolute_form_becomes_a_path(scene):
    weir, origin = front(scene)
    for target, path in [("http://weir.test/a?b", "/a?b"), ("http://weir.test?b", "/?b")]:
        assert weir.get(target).status == 200
        assert origin.last.path == path


@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_bodies_and_trailers_pass_to_a_client_of_http_1(scene, version):
    weir, origin = front(scene, echo)
    wire = weir.connect()
    wire.send(f"POST / HTTP/{version}\r\nHost: a\r\n".encode())
    if version == "1.0":
        wire.send(b"Content-Length: 5\r\n\r\nhello")
        assert wire.read_response().body == b"hello"
        assert origin.last.fields["content-length"] == "5"
    else:
        wire.send(b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n")
        answer = wire.read_response()
        assert (answer.body, answer.trailers) == (b"hello", [("x-sum", "7")])


def test_bodies_and_trailers_pass_to_a_client_of_http_2(scene):
    weir, origin = front(scene, echo)
    client = Http2.dial(weir)
    stream = client.ask(get(method="POST"), end=False)
    client.data(stream, b"hello", end=False).list(stream, [("x-sum", "7")])
    answer = client.answer(stream)
    assert (answer.body, answer.trailers) == (b"hello", [("x-sum", "7")])
    assert "content-length" not in origin.last.fields


def test_interim_answers_pass(scene):
    def reply(server, stream):
        server.list(stream, [(":status", "103"), ("link", "</a>")], end=False)
        server.answer_with(stream)

    weir, _ = front(scene, reply)
    assert weir.connect().send(get_bytes()).read_response(interim=True).status == 103
    assert Http2.dial(weir).get().interims == [[(":status", "103"), ("link", "</a>")]]


def test_an_answer_without_body_says_so_to_either_client(scene):
    weir, _ = front(scene, lambda server, stream: server.answer_with(stream, b""))
    answer = weir.get()
    assert (answer.status, answer.get("content-length")) == (200, "0")
    client = Http2.dial(weir)
    assert client.get().heads == [[(":status", "200")]]
    assert frames.DATA not in [kind for kind, *_ in client.seen]


def test_answers_that_have_no_body_by_their_nature(scene):
    fields = {"HEAD": ok(("content-length", "99")), "GET": [(":status", "304")]}
    weir, _ = front(
        scene,
        lambda server, stream: server.answer_with(
            stream, b"", fields[server.streams[stream].fields[":method"]]
        ),
    )
    assert weir.get(method="HEAD").get("content-length") == "99"
    assert weir.get().status == 304


def test_large_bodies_pass_both_ways_at_once(scene):
    weir, _ = front(scene, echo)
    body = bytes(i % 251 for i in range(1 << 20))
    together(*[lambda: weir.get(method="PUT", body=body).body == body or 1 / 0 for _ in range(4)])


# ---- connections


def test_many_requests_share_a_connection(scene):
    weir, origin = front(scene, lambda server, stream: waiting.append((server, stream)))
    waiting = []
    wires = [weir.connect().send(get_bytes(f"/{i}")) for i in range(60)]
    until(lambda: len(waiting) == 60, "all requests")
    for server, stream in reversed(waiting):
        server.answer_with(stream, server.streams[stream].path.encode())
    assert [wire.read_response().body.decode() for wire in wires] == [f"/{i}" for i in range(60)]
    assert origin.connections == 1
    assert weir.metric("weir_backend_connections_reused_total", backend="app") == 59


def test_a_connection_takes_no_more_streams_than_its_peer_allows(scene):
    waiting = []
    weir, origin = front(
        scene, lambda server, stream: waiting.append((server, stream)), settings(max_streams=2)
    )
    first = weir.connect().send(get_bytes())
    until(lambda: len(waiting) == 1, "the first request, and SETTINGS with it")
    until(lambda: (frames.SETTINGS, 1, 0, b"") in origin.servers[0].seen, "SETTINGS to be known")
    wires = [weir.connect().send(get_bytes()) for _ in range(5)]
    until(lambda: len(waiting) == 6, "all requests")
    assert len(origin.servers[0].streams) == 2 and origin.connections > 1
    for server, stream in waiting:
        server.answer_with(stream)
    assert [wire.read_response().status for wire in [first, *wires]] == [200] * 6


def test_a_burst_before_the_limit_is_known_is_served_all_the_same(scene):
    weir, origin = front(scene, values=settings(max_streams=1))
    together(*[lambda: weir.get().status == 200 or 1 / 0 for _ in range(20)])


def test_a_proxy_header_goes_before_the_preface(scene):
    def script(wire, origin):
        origin.header = wire.read_to(b"\r\n")
        serving()(wire, origin)

    origin = scene.origin(script)
    weir = scene.proxy(origin, f"{H2}, proxy_protocol: v1")
    assert weir.get().status == 200
    assert origin.header.startswith(b"PROXY TCP4 127.0.0.1 127.0.0.1 ")


# ---- what is tried again


def once_then(first, then=Http2.answer_with):
    """The first request of all gets this reply, the others that."""
    seen = []

    def reply(server, stream):
        seen.append(stream)
        (first if len(seen) == 1 else then)(server, stream)

    return reply


def test_a_refused_stream_is_tried_again_whatever_its_method(scene):
    refuse = once_then(lambda server, stream: server.reset(stream, REFUSED_STREAM))
    weir, origin = front(scene, refuse)
    assert weir.get(method="POST", body=b"x").body == b"ok"
    row = weir.log()[0]
    assert (row["tries"], row["why"]) == ("2", "-")


def test_what_a_goaway_leaves_out_is_tried_again_and_what_it_names_is_served(scene):
    waiting = []

    def reply(server, stream):
        waiting.append((server, stream))
        if len(waiting) == 2:
            server.go_away(waiting[0][1])

    weir, origin = front(scene, reply)
    served = weir.connect().send(get_bytes("/served"))
    until(lambda: len(waiting) == 1, "the first request")
    again = weir.connect().send(get_bytes("/again", method="POST", body=b"x"))
    until(lambda: len(waiting) == 3, "the second request, on another connection")
    for server, stream in [waiting[0], waiting[2]]:
        server.answer_with(stream, server.streams[stream].path.encode())
    assert (served.read_response().body, again.read_response().body) == (b"/served", b"/again")
    until(lambda: origin.left(0), "the first connection to be closed")
    assert origin.connections == 2


def test_a_stale_connection_is_replaced(scene):
    def reply(server, stream):
        if len(server.streams) > 1:
            raise EOFError("closed with the request unanswered")
        server.answer_with(stream)

    weir, origin = front(scene, reply)
    for _ in range(2):
        assert weir.get().body == b"ok"
    assert [row["tries"] for row in weir.log(2)] == ["1", "2"]
    assert weir.get(method="POST").status == 502


# ---- what goes wrong


def test_an_endpoint_that_resets_before_its_answer_is_a_bad_gateway(scene):
    def reply(server, stream):
        if server.streams[stream].path == "/bad":
            server.reset(stream, INTERNAL_ERROR)
        else:
            server.answer_with(stream)

    weir, origin = front(scene, reply)
    assert weir.get("/bad").status == 502
    assert weir.get().status == 200
    assert origin.connections == 1
    assert weir.log()[0]["why"] == "http_response_incomplete"


def test_an_endpoint_that_resets_in_its_answer_cuts_the_client(scene):
    def reply(server, stream):
        server.list(stream, ok(), end=False).data(stream, b"hel", end=False)
        seen.wait(20)
        server.reset(stream, INTERNAL_ERROR)

    seen = threading.Event()
    weir, _ = front(scene, reply)
    client = Http2.dial(weir)
    stream = client.ask()
    client.read_until(lambda: client.streams[stream].body == b"hel")
    seen.set()
    assert client.answer(stream).reset == INTERNAL_ERROR


def test_an_early_answer_passes_whole_though_the_request_is_reset(scene):
    def script(wire, origin):
        assert wire.read(24) == frames.PREFACE
        server = Http2(wire, client=False, gives=False)
        server.read_until(lambda: server.streams[1].heads)
        server.answer_with(1, b"x" * 10000)
        server.reset(1, NO_ERROR)
        origin.servers.append(server)
        server.went_away()

    origin = scene.origin(script)
    weir = scene.proxy(origin, H2, workers=1)
    wire = weir.connect()
    wire.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
    answer = wire.read_response()
    assert (answer.status, answer.body) == (200, b"x" * 10000)


def test_a_client_that_leaves_resets_its_stream_only(scene):
    weir, origin = front(scene, lambda server, stream: waiting.append((server, stream)))
    waiting = []
    leaves = weir.connect().send(get_bytes("/leaves"))
    stays = weir.connect().send(get_bytes("/stays"))
    until(lambda: len(waiting) == 2, "two requests")
    (server, left), (_, stayed) = sorted(waiting, key=lambda w: w[0].streams[w[1]].path)
    leaves.reset()
    until(lambda: server.streams[left].reset == CANCEL, "the endpoint to be told")
    server.answer_with(stayed)
    assert stays.read_response().status == 200
    assert origin.connections == 1


def test_an_answer_that_does_not_come_times_out_alone(scene):
    def reply(server, stream):
        if server.streams[stream].path != "/late":
            server.answer_with(stream)

    weir, origin = front(scene, reply, timeouts="response: 300ms")
    late = weir.connect().send(get_bytes("/late"))
    for _ in range(5):
        assert weir.get().status == 200
    assert late.read_response().status == 504
    server = origin.servers[0]
    until(lambda: CANCEL in [stream.reset for stream in server.streams.values()], "the reset")
    assert weir.get().status == 200
    assert origin.connections == 1


def test_an_endpoint_of_http_1_is_a_protocol_error(scene):
    weir = scene.proxy(scene.origin(lambda wire, _: wire.read(24) and wire.send(OK)), H2)
    assert weir.get().status == 502
    assert weir.log()[0]["why"] in ("http_protocol_error", "connection_terminated")


def test_an_endpoint_that_closes_before_it_speaks_is_a_bad_gateway(scene):
    weir = scene.proxy(scene.origin(lambda wire, _: wire.read(24)), H2)
    assert weir.get().status == 502
    assert weir.log()[0]["why"] == "connection_terminated"


BAD = {  # the list, and the body behind it
    "no_status": [("x", "1")],
    "status_of_words": [(":status", "abc")],
    "switches": [(":status", "101")],
    "late_status": [("x", "1"), (":status", "200")],
    "request_field": ok((":path", "/")),
    "connection": ok(("connection", "close")),
    "chunked": ok(("transfer-encoding", "chunked")),
    "two_lengths": ok(("content-length", "1"), ("content-length", "2")),
    "bad_length": ok(("content-length", "+2")),
    "line_in_value": ok(("x", "1\r\nEvil: 2")),
    "nul_in_value": ok(("x", "1\0")),
    "line_in_name": ok(("x\r\nevil", "1")),
    "upper_case_name": ok(("X-Up", "1")),
    "too_many_fields": ok(*[(f"x-{i}", "1") for i in range(200)]),
}


@pytest.mark.parametrize("what", BAD)
def test_a_malformed_answer_is_a_bad_gateway_for_its_stream_only(stage, what):
    if not stage.weirs:
        stage.made = front(stage, lambda server, stream: bad(server, stream))
    weir, origin = stage.made

    def bad(server, stream):
        path = server.streams[stream].path
        server.answer_with(stream, b"ok", BAD.get(path[1:]))

    answer = weir.get(f"/{what}")
    assert answer.status == 502, answer.raw
    assert weir.get("/fine").body == b"ok"
    assert origin.connections == 1


def test_an_answer_that_is_shorter_than_it_said_is_cut(scene):
    fields = ok(("content-length", "7"))
    weir, _ = front(scene, lambda server, stream: server.answer_with(stream, b"ok", fields))
    client = Http2.dial(weir)
    answer = client.get()
    assert answer.reset == INTERNAL_ERROR or answer.status == 502


# ---- windows


def test_a_client_that_does_not_read_stalls_only_its_own_stream(scene):
    size = 20 << 20

    def reply(server, stream):
        if server.streams[stream].path == "/big":
            threading.Thread(target=pour, args=(server, stream), daemon=True).start()
        else:
            with lock:
                server.answer_with(stream)

    def pour(server, stream):
        sent = 0
        with lock:
            server.list(stream, ok(), end=False)
        while sent < size:
            until(lambda: 65535 + server.windows[stream] - sent >= 16384, "a window", 60)
            with lock:
                server.data(stream, bytes(16384), end=False)
            sent += 16384
            poured.append(sent)

    lock, poured = threading.Lock(), [0]
    weir, origin = front(scene, reply)
    deaf = weir.connect(receive_buffer=4096).send(get_bytes("/big"))
    steady(lambda: poured[-1], "the pouring to stop")
    assert poured[-1] < size
    for _ in range(5):
        assert weir.get().body == b"ok"
    assert origin.connections == 1
    assert weir.rss() < 300_000
