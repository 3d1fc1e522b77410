"""Hostile, broken, absent endpoints: an honest status, the fault's word, and nothing passed on."""

import socket
import threading

import pytest

from origin import OK, answering, free_port, once, response
from raw import until
from weir import get_bytes

BEGIN = b"HTTP/1.1 200 OK\r\n"
CHUNKED = BEGIN + b"Transfer-Encoding: chunked\r\n\r\n"


def faulted(weir, status, *words, method="GET", body=b""):
    """The next answer is weir's own and says which fault, in every place where it should."""
    answer = weir.get(method=method, body=body, fields=["Accept: application/json"])
    word = answer.get("proxy-status").removeprefix("weir; error=")
    assert (answer.status, word in words) == (status, True), (answer.raw, words)
    assert word in answer.body.decode()
    assert "evil" not in (answer.raw + answer.body).decode()
    row = weir.log(1)[-1]
    assert (row["status"], row["why"]) == (str(status), word)
    return answer


HOSTILE = {
    "length_and_chunked": BEGIN
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nevil",
    "two_lengths": BEGIN + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nevil!",
    "length_list": BEGIN + b"Content-Length: 4, 5\r\n\r\nevil!",
    "length_plus": BEGIN + b"Content-Length: +4\r\n\r\nevil",
    "length_negative": BEGIN + b"Content-Length: -1\r\n\r\nevil",
    "length_hex": BEGIN + b"Content-Length: 0x4\r\n\r\nevil",
    "length_overflow": BEGIN + b"Content-Length: 18446744073709551620\r\n\r\nevil",
    "length_empty": BEGIN + b"Content-Length:\r\n\r\n",
    "gzip_chunked": BEGIN + b"Transfer-Encoding: gzip, chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n",
    "chunked_twice": BEGIN
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding_in_1_0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n",
    "nul_in_value": BEGIN + b"X-A: e\0vil\r\nContent-Length: 0\r\n\r\n",
    "bare_cr_injects": BEGIN + b"X-A: 1\rX-B: evil\r\nContent-Length: 0\r\n\r\n",
    "bare_lf_injects": BEGIN + b"X-A: 1\nX-B: evil\r\nContent-Length: 0\r\n\r\n",
    "obs_fold": BEGIN + b"X-A: 1\r\n evil\r\nContent-Length: 0\r\n\r\n",
    "space_before_colon": BEGIN + b"X-A : evil\r\nContent-Length: 0\r\n\r\n",
    "empty_name": BEGIN + b": evil\r\nContent-Length: 0\r\n\r\n",
    "no_colon": BEGIN + b"evil\r\nContent-Length: 0\r\n\r\n",
    "lf_only": b"HTTP/1.1 200 OK\nContent-Length: 4\n\nevil",
    "not_http": b"SSH-2.0-evil\r\n\r\n",
    "status_letters": b"HTTP/1.1 2OO evil\r\nContent-Length: 0\r\n\r\n",
    "status_short": b"HTTP/1.1 20 evil\r\nContent-Length: 0\r\n\r\n",
    "status_long": b"HTTP/1.1 2000 evil\r\nContent-Length: 0\r\n\r\n",
    "status_099": b"HTTP/1.1 099 evil\r\nContent-Length: 0\r\n\r\n",
    "version_2": b"HTTP/2.0 200 evil\r\nContent-Length: 0\r\n\r\n",
    "version_0_9": b"evil evil evil\r\n\r\n",
    "nul_in_reason": b"HTTP/1.1 200 e\0vil\r\nContent-Length: 0\r\n\r\n",
    "first_chunk_not_hex": CHUNKED + b"xyz\r\nevil\r\n0\r\n\r\n",
    "leading_space": b" HTTP/1.1 200 evil\r\nContent-Length: 0\r\n\r\n",
    "binary": b"\0\xff\xfe evil\r\n\r\n",
    "interim_with_bad_final": b"HTTP/1.1 103 Early Hints\r\n\r\nevil\r\n\r\n",
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
def test_a_malformed_answer_is_502_and_never_passed_on(scene, answer):
    weir, origin = scene.front(once(answer))
    if b" 103 " in answer or answer.startswith(CHUNKED):
        wire = weir.connect().send(get_bytes())
        assert (
            b"evil" not in wire.read_to(b" 502 ")
            if b" 103 " in answer
            else b"evil" not in wire.finish().read_all()
        )
    else:
        faulted(weir, 502, "http_protocol_error", "http_response_transfer_coding")
    until(origin.left, "the endpoint's connection to be closed")
    assert len(origin.requests) == 1


BAD_CHUNKS = {
    "not_hex": b"g\r\nevil\r\n0\r\n\r\n",
    "overflow": b"1" + b"0" * 16 + b"5\r\nevil\r\n",
    "bare_lf": b"4\nevil\r\n0\r\n\r\n",
    "too_long": b"2\r\nevil\r\n0\r\n\r\n",
    "minus": b"-4\r\nevil\r\n0\r\n\r\n",
    "lf_after": b"4\r\nevil\n0\r\n\r\n",
    "cut": b"ff\r\nhal",
    "cut_before_last": b"4\r\nevil\r\n",
    "bad_trailer": b"0\r\nX : evil\r\n\r\n",
    "cut_in_trailers": b"0\r\nX: 1\r\n",
}


@pytest.mark.parametrize("rest", BAD_CHUNKS.values(), ids=BAD_CHUNKS)
def test_a_broken_chunked_answer_is_never_completed(scene, rest):
    """Nothing has left yet: 502. Else the answer is cut."""
    weir, _ = scene.front(once(CHUNKED + b"2\r\nok\r\n" + rest, then="close"))
    wire = weir.connect().send(get_bytes())
    if wire.read_head().status == 200:
        assert not wire.read_all().endswith(b"0\r\n\r\n")
    words = ("http_protocol_error", "http_response_incomplete", "connection_terminated")
    row = weir.log()[0]
    assert row["status"] in ("200", "502") and row["why"] in words


def in_two(scene, first, second):
    """A weir before an endpoint that sends first, and second and the end when the event is set."""
    go = threading.Event()

    def script(wire, origin):
        origin.read_request(wire)
        wire.send(first)
        go.wait(10)
        wire.send(second)

    return scene.front(script)[0], go


@pytest.mark.parametrize("rest", BAD_CHUNKS.values(), ids=BAD_CHUNKS)
def test_a_chunked_answer_that_breaks_later_is_cut(scene, rest):
    weir, go = in_two(scene, CHUNKED + b"2\r\nok\r\n", rest)
    wire = weir.connect().send(get_bytes())
    assert wire.read_head().status == 200
    assert wire.read(7) == b"2\r\nok\r\n"
    go.set()
    assert not wire.read_all().endswith(b"0\r\n\r\n")
    assert weir.log()[0]["why"] in ("http_protocol_error", "http_response_incomplete")


def test_a_short_answer_stays_short(scene):
    weir, go = in_two(scene, BEGIN + b"Content-Length: 10\r\n\r\nha", b"lf")
    wire = weir.connect().send(get_bytes())
    assert wire.read_to(b"ha").startswith(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n")
    go.set()
    assert wire.read_all() in (b"", b"lf")
    row = weir.log()[0]
    assert (row["status"], row["why"]) == ("200", "http_response_incomplete")
    assert weir.metric("weir_backend_errors_total", why="http_response_incomplete") == 1


def test_a_cut_answer_to_http_1_0_is_reset_not_ended(scene):
    """An end is all that a body without framing has; so a cut must not look like one."""
    weir, go = in_two(scene, CHUNKED + b"4\r\nhalf\r\n", b"")
    wire = weir.connect().send(b"GET / HTTP/1.0\r\nHost: weir.test\r\n\r\n")
    wire.read_to(b"half")
    go.set()
    with pytest.raises(ConnectionResetError):
        while wire.more():
            pass


EARLY = {
    "nothing": (b"", {"connection_terminated"}),
    "half_a_line": (b"HTTP/1.", {"http_response_incomplete", "connection_terminated"}),
    "half_a_head": (BEGIN + b"X-A: 1\r\n", {"http_response_incomplete", "connection_terminated"}),
    "interim_only": (
        b"HTTP/1.1 100 Continue\r\n\r\n",
        {"http_response_incomplete", "connection_terminated"},
    ),
}


@pytest.mark.parametrize("then", ["close", "reset"])
@pytest.mark.parametrize("answer, words", EARLY.values(), ids=EARLY)
def test_an_endpoint_that_leaves_before_its_answer_is_502(scene, answer, words, then):
    weir, _ = scene.front(answer, then=then)
    if b"100" in answer:
        wire = weir.connect().send(get_bytes(method="POST", body=b"x"))
        assert wire.read_response().status == 502
    else:
        faulted(weir, 502, *words, method="POST", body=b"x")


def test_bytes_after_an_answer_are_never_the_next_answer(scene):
    weir, origin = scene.front(
        answering(lambda r: response(r.target.encode()) + response(b"evil")), workers=1
    )
    wire = weir.connect()
    for i in range(5):
        assert wire.ask(get_bytes(f"/{i}")).body == f"/{i}".encode()
    assert origin.connections == 5


BODILESS = {
    "head": ("HEAD", BEGIN + b"Content-Length: 4\r\n\r\n"),
    "204": ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
    "304": ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n"),
}


@pytest.mark.parametrize("method, head", BODILESS.values(), ids=BODILESS)
def test_a_body_where_none_may_be_is_never_passed_on(scene, method, head):
    evil = response(b"evil")
    weir, origin = scene.front(answering(head + evil), workers=1)
    wire = weir.connect()
    for _ in range(3):
        answer = wire.ask(get_bytes(method=method), method)
        assert b"evil" not in answer.raw and answer.start == head.decode().splitlines()[0]
    assert origin.connections == 3


def test_bytes_on_an_idle_connection_close_it(scene):
    def script(wire, origin):
        origin.read_request(wire)
        wire.send(OK)
        wire.send(response(b"evil")).read_all()

    weir, origin = scene.front(script, workers=1)
    assert weir.get().body == b"ok"
    until(origin.left, "the connection to be dropped")
    assert weir.get().body == b"ok"


def test_a_header_section_without_end_is_refused(scene):
    def script(wire, origin):
        origin.read_request(wire)
        wire.send(BEGIN)
        while True:
            wire.send(b"X-A: " + b"a" * 1000 + b"\r\n")

    weir, _ = scene.front(script)
    faulted(weir, 502, "http_response_header_section_size")


def test_endless_interim_answers_are_refused(scene):
    def script(wire, origin):
        origin.read_request(wire)
        while True:
            wire.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)

    weir, origin = scene.front(script, timeouts="response: 3s")
    final = weir.connect().send(get_bytes()).read_response()
    assert final.status in (502, 504)
    until(origin.left, "the endpoint to be dropped")


def test_a_refused_connection_is_502(scene):
    weir = scene.proxy(f"127.0.0.1:{free_port()}")
    faulted(weir, 502, "connection_refused")
    tries = int(weir.log()[0]["tries"])
    assert weir.metric("weir_backend_errors_total", why="connection_refused") == tries
    assert weir.metric("weir_http_local_responses_total", why="connection_refused") == 1


def test_an_endpoint_that_never_accepts_is_504(scene):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        weir = scene.proxy(f"127.0.0.1:{full.getsockname()[1]}", timeouts="connect: 300ms")
        faulted(weir, 504, "connection_timeout")
        for filler in fillers:
            filler.close()


def test_an_endpoint_that_never_answers_is_504(scene):
    weir, origin = scene.front(once(), timeouts="response: 300ms")
    faulted(weir, 504, "http_response_timeout", method="POST", body=b"x")
    assert len(origin.requests) == 1


def test_a_whole_request_has_a_limit_too(scene):
    weir, _ = scene.front(once(), timeouts="request: 400ms, response: 60s")
    faulted(weir, 504, "deadline_exceeded")


def test_an_endpoint_that_stops_in_its_answer_cuts_it(scene):
    weir, _ = scene.front(
        once(BEGIN + b"Content-Length: 10\r\n\r\nhalf"),
        timeouts="response: 300ms, body: 300ms, idle: 300ms",
    )
    assert weir.connect().send(get_bytes()).read_all().endswith(b"half")
    assert weir.log()[0]["why"] == "connection_read_timeout"


def test_no_endpoint_is_503(scene):
    answer = faulted(scene.proxy([]), 503, "destination_unavailable")
    assert answer.get("retry-after") is not None


def test_a_name_that_does_not_resolve_does_not_stop_the_start(scene):
    weir = scene.proxy("no-such-name.invalid:80")
    answer = weir.get()
    word = answer.get("proxy-status").removeprefix("weir; error=")
    assert (answer.status, word) in ((503, "destination_unavailable"), (502, "dns_error"))
    assert weir.log()[0]["why"] == word


def test_a_fault_leaves_the_client_its_connection(scene):
    weir = scene.proxy(f"127.0.0.1:{free_port()}")
    wire = weir.connect()
    for _ in range(3):
        assert wire.ask(get_bytes()).status == 502
