"""gRPC: calls of real clients (grpcio), and what weir itself has to say of a call."""

import os
import struct
import threading
import time

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

import grpc
import pytest
from grpc import StatusCode

from frames import Http2, get
from origin import free_port, once
from weir import one_backend

METHOD = "/test.Echo/Say"
GRPC = ("content-type", "application/grpc")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n"


def message(body):
    return struct.pack(">BI", 0, len(body)) + body


def nobody():
    """An address at which nobody listens."""
    return f"127.0.0.1:{free_port()}"


def chunk(body):
    return b"%x\r\n%s\r\n" % (len(body), body)


@pytest.fixture
def dial():
    """dial(weir): a channel, closed with the scene."""
    channels = []

    def dial(weir):
        host, port = weir.address()
        channels.append(grpc.insecure_channel(f"{host}:{port}"))
        return channels[-1]

    yield dial
    for channel in channels:
        channel.close()


def failure(call, *args, **how):
    with pytest.raises(grpc.RpcError) as caught:
        call(*args, **how)
    return caught.value.code(), caught.value.details()


def say(channel, body=b"hello", method=METHOD, **how):
    return channel.unary_unary(method)(body, timeout=20, **how)


# ---- answers of weir's own


def test_a_call_without_a_route_is_not_implemented(scene, dial):
    weir = scene.start(one_backend(nobody()).replace("match: any", "match: x.example"))
    code, details = failure(say, dial(weir))
    assert code == StatusCode.UNIMPLEMENTED
    assert details == "no route matches this host and path (no_route)"
    row = weir.log()[0]
    assert (row["status"], row["grpc"], row["why"]) == ("200", "UNIMPLEMENTED", "no_route")
    assert row["request"] == f"POST {METHOD} HTTP/2.0"
    assert weir.metric("weir_grpc_requests_total", route="_none") == 1


def test_an_endpoint_that_is_not_there_is_unavailable(scene, dial):
    weir = scene.proxy(nobody())
    code, details = failure(say, dial(weir))
    assert code == StatusCode.UNAVAILABLE
    assert details == "the endpoint refused the connection (connection_refused)"
    assert weir.metric("weir_grpc_requests_total", grpc_status="UNAVAILABLE") == 1


def test_what_takes_too_long_has_exceeded_its_deadline(scene, dial):
    weir, _ = scene.front(once(b""), timeouts="request: 300ms")
    code, _ = failure(say, dial(weir))
    assert code == StatusCode.DEADLINE_EXCEEDED
    assert weir.log()[0]["grpc"] == "DEADLINE_EXCEEDED"


def test_the_answer_is_a_head_that_ends_the_stream(scene):
    weir = scene.proxy(nobody())
    client = Http2.dial(weir)
    answer = client.answer(client.ask(get(METHOD, GRPC, ("te", "trailers"), method="POST")))
    assert answer.ended and len(answer.heads) == 1 and not answer.body
    assert answer.fields[":status"] == "200"
    assert answer.fields["content-type"] == "application/grpc"
    assert answer.fields["grpc-status"] == "14"
    assert answer.fields["proxy-status"] == "weir; error=connection_refused"


@pytest.mark.parametrize("kind", ["application/json", "application/grpc-web+proto"])
def test_who_does_not_call_is_told_by_http(scene, kind):
    weir = scene.proxy(nobody())
    client = Http2.dial(weir)
    answer = client.answer(client.ask(get(METHOD, ("content-type", kind), method="POST")))
    assert answer.status == 502
    assert weir.metric("weir_grpc_requests_total") == 0


def test_a_call_over_http1_is_told_in_its_head(scene):
    weir = scene.proxy(nobody())
    answer = weir.get(METHOD, method="POST", fields=["Content-Type: application/grpc"])
    assert (answer.status, answer.body) == (200, b"")
    assert answer.get("grpc-status") == "14"


def test_an_answer_that_is_cut_short_ends_with_a_status(scene, dial):
    heard = threading.Event()

    def script(wire, origin):
        origin.read_request(wire)
        wire.send(HEAD + chunk(message(b"first")))
        heard.wait(20)

    weir, _ = scene.front(script)
    call = dial(weir).unary_stream(METHOD)(b"x", timeout=20)
    assert next(call) == b"first"
    heard.set()
    code, details = failure(lambda: next(call))
    assert code == StatusCode.INTERNAL
    assert details == "the endpoint's answer was cut short (http_response_incomplete)"
    row = weir.log()[0]
    assert (row["grpc"], row["why"]) == ("INTERNAL", "http_response_incomplete")


def test_a_status_in_trailers_reaches_client_and_log(scene, dial):
    trailers = b"0\r\nGrpc-Status: 9\r\nGrpc-Message: not%20now\r\n\r\n"
    weir, _ = scene.front(once(HEAD + trailers))
    code, details = failure(say, dial(weir))
    assert (code, details) == (StatusCode.FAILED_PRECONDITION, "not now")
    row = weir.log()[0]
    assert (row["status"], row["grpc"], row["why"]) == ("200", "FAILED_PRECONDITION", "-")


# ---- time


def silent(wire, origin):
    origin.read_request(wire)
    wire.read_all()


def test_the_deadline_of_a_call_is_kept_and_passed_on(scene, dial):
    weir, origin = scene.front(silent)
    client = Http2.dial(weir)
    fields = [GRPC, ("te", "trailers"), ("grpc-timeout", "400m")]
    answer = client.answer(client.ask(get(METHOD, *fields, method="POST")))
    assert answer.fields["grpc-status"] == "4"
    left = origin.last.get("grpc-timeout")
    assert left.endswith("u") and 100_000 < int(left[:-1]) <= 400_000
    assert origin.last.get("x-deadline-ms") is None
    assert weir.log()[0]["why"] == "deadline_exceeded"


@pytest.mark.parametrize("asked, told", [("1H", 20_000_000), (None, 20_000_000)])
def test_the_route_may_have_an_earlier_one(scene, asked, told):
    weir, origin = scene.front(once(HEAD + b"0\r\n\r\n"), timeouts="request: 20s")
    client = Http2.dial(weir)
    fields = [GRPC] + ([("grpc-timeout", asked)] if asked else [])
    client.answer(client.ask(get(METHOD, *fields, method="POST")))
    left = origin.last.get("grpc-timeout")
    assert left.endswith("u") and told - 5_000_000 < int(left[:-1]) <= told


def test_a_call_may_be_silent(scene, dial):
    def script(wire, origin):
        origin.read_request(wire)
        time.sleep(0.6)  # longer than what other requests may take
        wire.send(HEAD + chunk(message(b"late")) + b"0\r\nGrpc-Status: 0\r\n\r\n")

    weir, _ = scene.front(script, timeouts="response: 200ms, body: 200ms")
    assert say(dial(weir)) == b"late"
