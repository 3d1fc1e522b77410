"""HTTP/1 both ways: order, reuse, bodies of every kind, early ends, slow peers."""

import contextlib
import functools
import hashlib
import re
import threading
import time

import pytest

from origin import OK, answering, hasty, once, response
from raw import steady, together, until
from weir import get_bytes

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_answers_pipelined_requests_in_order(scene):
    def slow_first(request):
        time.sleep(0.2 if request.target == "/0" else 0)
        return response(request.target.encode())

    weir, origin = scene.front(answering(slow_first))
    wire = weir.connect().send(b"".join(get_bytes(f"/{i}") for i in range(20)))
    assert [wire.read_response().body.decode() for _ in range(20)] == [f"/{i}" for i in range(20)]
    assert wire.is_open()


def test_pipelined_bodies_stay_with_their_requests(scene):
    weir, origin = scene.front(answering(lambda request: response(request.body)))
    chunked = (
        get_bytes("/c", method="POST", fields=["Transfer-Encoding: chunked"])
        + b"3\r\ntwo\r\n0\r\n\r\n"
    )
    wire = weir.connect().send(get_bytes(method="POST", body=b"one") + chunked + get_bytes())
    assert [wire.read_response().body for _ in range(3)] == [b"one", b"two", b""]


def test_keeps_connections_on_both_sides(scene):
    weir, origin = scene.front(workers=1)
    wire = weir.connect()
    for _ in range(50):
        assert wire.ask(get_bytes()).body == b"ok"
    assert origin.connections == 1
    assert weir.metric("weir_backend_connections_reused_total", backend="app") == 49


@pytest.mark.parametrize(
    "fields, version, stays",
    [
        ([], "1.1", True),
        (["Connection: close"], "1.1", False),
        (["Connection: x, CLOSE"], "1.1", False),
        ([], "1.0", False),
        (["Connection: keep-alive"], "1.0", True),
        (["Connection: close, keep-alive"], "1.1", False),
    ],
    ids=["1.1", "close", "close_in_list", "1.0", "1.0_keep_alive", "both"],
)
def test_the_client_decides_how_long_its_connection_lives(scene, fields, version, stays):
    weir, _ = scene.front()
    wire = weir.connect()
    answer = wire.ask(get_bytes(fields=fields).replace(b"HTTP/1.1", b"HTTP/" + version.encode()))
    assert answer.body == b"ok"
    if stays:
        said = (answer.get("connection") or "").lower()
        assert said == "keep-alive" or version == "1.1" and said == ""
        assert wire.ask(get_bytes()).body == b"ok"
    else:
        assert answer.get("connection") == "close" and wire.at_end()


def test_an_http_1_0_client_gets_no_chunks(scene):
    weir, origin = scene.front(CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n")
    answer = weir.connect().ask(
        b"GET / HTTP/1.0\r\nHost: weir.test\r\nConnection: keep-alive\r\n\r\n"
    )
    assert answer.get("transfer-encoding") is None
    assert answer.body == b"abcde"
    assert origin.last.start == "GET / HTTP/1.1"


ANSWERS_1_0 = {
    "until_close": b"HTTP/1.0 200 OK\r\n\r\nabc",
    "length": b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    "until_close_1_1": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc",
    "empty": b"HTTP/1.0 200 OK\r\n\r\n",
}


@pytest.mark.parametrize("answer", ANSWERS_1_0.values(), ids=ANSWERS_1_0)
def test_serves_from_endpoints_that_close(scene, answer):
    weir, origin = scene.front(answer, then="close")
    for _ in range(3):
        assert weir.get().body == answer.partition(b"\r\n\r\n")[2]
    assert origin.connections == 3


BODILESS = {
    "head": ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", 200),
    "204": ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", 204),
    "head_chunked": ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200),
    "304_with_length": (
        "GET",
        b'HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: "x"\r\n\r\n',
        304,
    ),
    "304": ("GET", b"HTTP/1.1 304 Not Modified\r\n\r\n", 304),
    "head_404": ("HEAD", b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n", 404),
}


@pytest.mark.parametrize("method, reply, status", BODILESS.values(), ids=BODILESS)
def test_knows_which_answers_have_no_body(scene, method, reply, status):
    weir, origin = scene.front(reply)
    wire = weir.connect().send(get_bytes(method=method) + get_bytes(method=method))
    for _ in range(2):
        answer = wire.read_response(method)
        assert answer.status == status
        said = [f"Content-Length: {value}".encode() for value in answer.all("content-length")]
        assert said == re.findall(rb"Content-Length: \d+", reply)
    assert wire.is_open() and origin.connections == 1


def test_an_error_of_its_own_for_head_has_no_body(scene):
    weir = scene.proxy("127.0.0.1:1")
    wire = weir.connect()
    assert wire.ask(get_bytes(method="HEAD"), "HEAD").status == 502
    assert wire.ask(get_bytes()).status == 502


def test_relays_interim_answers(scene):
    hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    weir, _ = scene.front(hint + b"HTTP/1.1 102 Processing\r\n\r\n" + OK)
    wire = weir.connect().send(get_bytes())
    hint = wire.read_response(interim=True)
    assert (hint.status, hint.get("link")) == (103, "</a.css>; rel=preload")
    assert wire.read_response().body == b"ok"
    assert wire.ask(get_bytes()).status == 200


def test_an_http_1_0_client_gets_no_interim_answers(scene):
    weir, _ = scene.front(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK)
    wire = weir.connect().send(b"GET / HTTP/1.0\r\nHost: weir.test\r\n\r\n")
    assert wire.read_response(interim=True).status == 200


def test_expect_100_continue_asks_the_endpoint(scene):
    def script(wire, origin):
        head = wire.read_head()
        assert head.get("expect") == "100-continue"
        assert wire.is_open()
        wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert wire.read(5) == b"hello"
        wire.send(OK)

    weir, _ = scene.front(script)
    wire = weir.connect().send(
        get_bytes(method="POST", fields=["Expect: 100-continue", "Content-Length: 5"])
    )
    assert wire.read_response(interim=True).status == 100
    assert wire.send(b"hello").read_response(interim=True).body == b"ok"


def test_an_endpoint_may_refuse_what_expect_announced(scene):
    weir, _ = scene.front(hasty(response(b"no", "417 Expectation Failed")))
    wire = weir.connect().send(
        get_bytes(method="POST", fields=["Expect: 100-continue", "Content-Length: 5"])
    )
    assert wire.read_response(interim=True).status == 417


def test_a_client_need_not_wait_for_100(scene):
    weir, origin = scene.front()
    wire = weir.connect()
    for _ in range(2):
        answer = wire.ask(get_bytes(method="POST", fields=["Expect: 100-continue"], body=b"hello"))
        assert (answer.body, origin.last.body) == (b"ok", b"hello")


def test_trailers_pass_both_ways(scene):
    weir, origin = scene.front(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
        b"2\r\nok\r\n0\r\nX-Sum: 2\r\n\r\n"
    )
    head = get_bytes(
        method="POST",
        fields=["Transfer-Encoding: chunked", "Trailer: X-Up", "TE: trailers", "Connection: TE"],
    )
    wire = weir.connect()
    for _ in range(2):
        answer = wire.ask(
            head + b"3\r\nabc\r\n0\r\nX-Up: 3\r\nContent-Length: 666\r\nHost: evil.test\r\n\r\n"
        )
        assert origin.last.trailers == [("x-up", "3")]
        assert answer.trailers == [("x-sum", "2")]


def test_chunks_arrive_as_they_are_sent(scene):
    def script(wire, origin):
        wire.read_to(b"\r\n\r\n")
        wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while wire.read_to(b"\r\n") != b"0\r\n":
            wire.send(b"4\r\n" + wire.read(6))
        wire.read(2)
        wire.send(b"0\r\n\r\n")

    weir, _ = scene.front(script)
    wire = weir.connect().send(get_bytes(method="POST", fields=["Transfer-Encoding: chunked"]))
    answer = None
    for piece in (b"ping", b"pong", b"last"):
        wire.send(b"4\r\n" + piece + b"\r\n")
        answer = answer or wire.read_head()
        assert wire.read(9) == b"4\r\n" + piece + b"\r\n"
    assert wire.send(b"0\r\n\r\n").read(5) == b"0\r\n\r\n"


@pytest.mark.parametrize("step", [1, 3], ids=["one_byte", "three_bytes"])
def test_cut_points_do_not_matter(scene, step):
    reply = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"
    )

    def script(wire, origin):
        while True:
            origin.read_request(wire)
            for at in range(0, len(reply), step):
                wire.send(reply[at : at + step])

    weir, origin = scene.front(script)
    wire = weir.connect()
    data = (
        get_bytes(method="POST", fields=["Transfer-Encoding: chunked"])
        + b"3\r\nabc\r\n0\r\n\r\n"
        + get_bytes("/next")
    )
    for at in range(0, len(data), step):
        wire.send(data[at : at + step])
    assert [wire.read_response().body for _ in range(2)] == [b"hello", b"hello"]
    assert [request.body for request in origin.requests] == [b"abc", b""]


def test_an_early_answer_during_an_upload_reaches_the_client(scene):
    weir, _ = scene.front(hasty(response(b"enough", "413 Content Too Large")))
    wire = weir.connect().send(get_bytes(method="POST", fields=[f"Content-Length: {50 << 20}"]))
    answered = threading.Event()

    def upload():
        with contextlib.suppress(OSError):
            while not answered.is_set():
                wire.sock.send(b"x" * 65536)

    def answer():
        got = wire.read_response()
        answered.set()
        assert (got.status, got.body) == (413, b"enough")

    together(upload, answer)


def test_a_connection_with_an_unfinished_upload_is_not_reused(scene):
    weir, origin = scene.front(hasty(OK), workers=1)
    wire = weir.connect().send(get_bytes(method="POST", fields=["Content-Length: 10"]) + b"half ")
    assert wire.read_response().body == b"ok"
    wire.close()
    assert weir.get("/second").body == b"ok"
    assert origin.connections == 2


def test_a_client_that_finished_sending_still_gets_its_answer(scene):
    weir, _ = scene.front(answering(lambda request: time.sleep(0.1) or OK))
    wire = weir.connect().send(get_bytes()).finish()
    assert wire.read_response().body == b"ok"
    assert wire.at_end()


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_a_client_that_leaves_cancels_its_request(scene, leave):
    def script(wire, origin):
        origin.read_request(wire)
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            wire.send(b"x" * 65536)

    weir, origin = scene.front(script)
    wire = weir.connect().send(get_bytes())
    wire.read(1000)
    getattr(wire, leave)()
    until(origin.left, "the endpoint to be told")
    assert weir.log()[0]["why"] == "client_gone"


def test_a_client_that_resets_while_waiting_cancels_its_request(scene):
    weir, origin = scene.front(once())
    wire = weir.connect().send(get_bytes())
    until(lambda: origin.requests, "the request to arrive")
    wire.reset()
    until(origin.left, "the endpoint to be told")
    row = weir.log()[0]
    assert (row["status"], row["why"]) == ("499", "client_gone")


UPLOADS = {
    "length": (["Content-Length: 10"], b"half"),
    "chunked": (["Transfer-Encoding: chunked"], b"4\r\nhalf\r\n"),
}


@pytest.mark.parametrize("fields, part", UPLOADS.values(), ids=UPLOADS)
def test_a_client_that_leaves_an_upload_never_completes_it(scene, fields, part):
    weir, origin = scene.front()
    wire = weir.connect().send(get_bytes(method="POST", fields=fields) + part)
    until(lambda: origin.connections, "the upload to start")
    wire.close()
    until(origin.left, "the endpoint to be told")
    assert origin.requests == []


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_large_bodies_pass_unchanged_both_ways(scene, chunked):
    body = bytes(range(256)) * (64 << 10)  # 16 MB
    field, data = f"Content-Length: {len(body)}", body
    if chunked:
        pieces = [body[at : at + 100_000] for at in range(0, len(body), 100_000)]
        field = "Transfer-Encoding: chunked"
        data = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"
    head = f"HTTP/1.1 200 OK\r\n{field}\r\n\r\n".encode()
    weir, origin = scene.front(answering(lambda _: head + data))
    wire = weir.connect()
    got = []
    together(
        lambda: wire.send(get_bytes(method="PUT", fields=[field]) + data),
        lambda: got.append(wire.read_response().body),
    )
    want = hashlib.sha256(body).digest()
    assert hashlib.sha256(origin.last.body).digest() == want
    assert hashlib.sha256(got[0]).digest() == want


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_slow_reader_costs_little_memory(scene, chunked):
    total, block = 200 << 20, b"x" * (1 << 20)
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % total
    sent = []

    def script(wire, origin):
        wire.read_to(b"\r\n\r\n")
        wire.send(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        for _ in range(total // len(block)):
            wire.send(b"%x\r\n%s\r\n" % (len(block), block) if chunked else block)
            sent.append(1)

    weir, _ = scene.front(script)
    before = weir.rss()
    weir.connect(receive_buffer=8192).send(get_bytes()).read(1000)
    steady(lambda: len(sent), "the endpoint to be held back")
    assert len(sent) < 100
    assert weir.rss() - before < 12 << 10


def test_a_slow_endpoint_costs_little_memory(scene):
    hold = threading.Event()
    weir, origin = scene.front(lambda wire, _: wire.read_to(b"\r\n\r\n") and hold.wait(60))
    before, wire, sent = weir.rss(), weir.connect(), 0
    wire.send(get_bytes(method="POST", fields=[f"Content-Length: {500 << 20}"]))
    wire.sock.settimeout(1)
    with pytest.raises(TimeoutError):
        while sent < 400 << 20:
            sent += wire.sock.send(b"x" * (1 << 20))
    assert sent < 100 << 20
    assert weir.rss() - before < 12 << 10
    hold.set()


SLOW = {
    "nothing_more": (b"GET / HTTP/1.1\r\n", b""),
    "header_by_header": (b"GET / HTTP/1.1\r\n", b"X-A: 1\r\n"),
    "half_line": (b"GE", b""),
}


@pytest.mark.parametrize("start, drop", SLOW.values(), ids=SLOW)
def test_a_slow_head_is_cut_off_with_408(scene, start, drop):
    weir, origin = scene.front(timeouts="header: 500ms")
    wire = weir.connect().send(start)
    began = time.monotonic()
    wire.sock.settimeout(0.1)
    while not wire.buffer:
        assert time.monotonic() - began < 5, "still waiting for the head"
        try:
            wire.send(drop)
            wire.more()
        except TimeoutError:
            pass
        except ConnectionError:
            break
    wire.sock.settimeout(5)
    answer = wire.read_response()
    assert answer.status == 408 and wire.at_end()
    assert weir.log()[0]["why"] == "request_timeout"
    assert origin.connections == 0


def test_an_empty_line_is_not_yet_a_request_and_keeps_nothing_open(scene):
    weir, _ = scene.front(timeouts="header: 400ms, idle: 400ms")
    wire = weir.connect().send(b"\r\n")
    assert wire.read_all()[9:12] in (b"", b"408")


def test_an_idle_connection_is_closed_without_a_word(scene):
    weir, _ = scene.front(timeouts="idle: 300ms, header: 400ms")
    wire, silent = weir.connect(), weir.connect()
    assert wire.ask(get_bytes()).body == b"ok"
    assert wire.at_end()
    assert silent.read_all()[9:12] in (b"", b"408")


def test_a_stalled_upload_is_cut_off_with_408(scene):
    weir, origin = scene.front(timeouts="body: 300ms")
    wire = weir.connect().send(get_bytes(method="POST", fields=["Content-Length: 10"]) + b"half")
    answer = wire.read_response()
    assert (answer.status, answer.get("connection")) == (408, "close")
    assert wire.at_end()
    assert weir.log()[0]["why"] == "request_timeout"
    assert origin.requests == []


def test_many_clients_at_once_get_their_own_answers(scene):
    weir, origin = scene.front(answering(lambda request: response(request.target.encode() * 500)))

    def client(n):
        wire = weir.connect()
        for i in range(40):
            assert wire.ask(get_bytes(f"/{n}-{i}")).body == f"/{n}-{i}".encode() * 500

    together(*(functools.partial(client, n) for n in range(16)))


def test_running_out_of_descriptors_pauses_and_recovers(scene):
    weir, _ = scene.front(workers=1, files=64)
    crowd = [weir.connect() for _ in range(100)]
    used, began = weir.cpu(), time.monotonic()
    until(lambda: time.monotonic() - began > 0.5, "half a second to pass")
    assert weir.cpu() - used < 0.25, "spins while it cannot accept"
    for wire in crowd:
        wire.close()
    assert weir.get().body == b"ok"
