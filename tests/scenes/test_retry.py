"""The one safe retry: a kept connection that turns out to be closed costs no request, and nothing
that might have had an effect is sent twice."""

import pytest

from origin import OK, free_port, once
from raw import together, until
from weir import get_bytes


def closing_when(condition):
    """Answers one request a connection; closes on the next one if condition(request) says so."""

    def script(wire, origin):
        for turn in range(1000):
            request = origin.read_request(wire)
            if turn and condition(request):
                return
            wire.send(OK)

    return script


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"])
def test_an_idempotent_request_on_a_stale_connection_is_sent_again(scene, method):
    weir, origin = scene.front(closing_when(lambda _: True), workers=1)
    wire = weir.connect()
    assert wire.ask(get_bytes("/first")).body == b"ok"
    answer = wire.ask(get_bytes("/second", method=method), method)
    assert answer.status == 200
    assert [request.target for request in origin.requests] == ["/first", "/second", "/second"]
    assert weir.log(2)[1]["tries"] == "2"


@pytest.mark.parametrize("method", ["POST", "PATCH", "LOCK"])
def test_a_request_with_an_effect_is_never_sent_twice(scene, method):
    weir, origin = scene.front(closing_when(lambda _: True), workers=1)
    wire = weir.connect()
    assert wire.ask(get_bytes("/first")).body == b"ok"
    answer = wire.ask(get_bytes("/second", method=method, body=b"pay"))
    assert (answer.status, answer.get("proxy-status")) == (502, "weir; error=connection_terminated")
    assert [request.target for request in origin.requests] == ["/first", "/second"]


@pytest.mark.parametrize("balance, moves", [("round-robin", True), ("{algorithm: hash, key: path}", False)])
def test_a_stale_connection_sends_the_request_elsewhere_unless_it_belongs_there(
    scene, balance, moves
):
    """An endpoint that stops closes its connections first, and refuses new ones a moment later."""
    stops = closing_when(lambda _: True)
    origins = [scene.origin(stops), scene.origin(stops)]
    weir = scene.proxy(origins, f"balance: {balance}", workers=1)
    wire = weir.connect()
    for _ in range(4):
        assert wire.ask(get_bytes("/same")).status == 200
    asked = [len(origin.requests) for origin in origins]
    assert (min(asked) > 0) == moves
    assert sum(int(row["tries"]) for row in weir.log(4)) == sum(asked) > 4


def test_a_put_body_is_sent_again_whole(scene):
    weir, origin = scene.front(closing_when(lambda _: True), workers=1)
    wire = weir.connect()
    wire.ask(get_bytes("/first"))
    assert wire.ask(get_bytes("/second", method="PUT", body=b"x" * 20000)).status == 200
    assert [len(request.body) for request in origin.requests[1:]] == [20000, 20000]


def test_nothing_is_sent_again_after_the_first_answer_byte(scene):
    def script(wire, origin):
        origin.read_request(wire)
        wire.send(OK)
        origin.read_request(wire)
        wire.send(b"HTTP/1.1 200 OK\r\nConte")

    weir, origin = scene.front(script, workers=1)
    wire = weir.connect()
    wire.ask(get_bytes("/first"))
    assert wire.ask(get_bytes("/second")).status == 502
    assert len(origin.requests) == 2


def test_a_fresh_connection_that_dies_is_not_tried_for_ever(scene):
    weir, origin = scene.front(once(then="close"))
    assert weir.get().status == 502
    assert len(origin.requests) <= 2


def test_a_post_may_go_again_when_nothing_of_it_was_sent(scene):
    """Refused by one endpoint: the other one gets it, whatever the method."""
    origin = scene.origin()
    weir = scene.proxy([f"127.0.0.1:{free_port()}", origin], backend="balance: round-robin")
    statuses = {weir.get(method="POST", body=b"x").status for _ in range(6)}
    assert statuses in ({200}, {200, 502})
    assert len(origin.requests) >= 3


def test_an_endpoint_that_closes_idle_connections_loses_no_request(scene):
    """The endpoint closes after each answer without having said so: a race on every request."""
    weir, origin = scene.front(once(OK, then="close"))

    def client():
        wire = weir.connect()
        assert {wire.ask(get_bytes()).status for _ in range(100)} == {200}

    together(*[client] * 4)


def test_an_endpoint_that_restarts_is_used_again(scene):
    first = scene.origin()
    weir = scene.proxy(first)
    wire = weir.connect()
    assert wire.ask(get_bytes()).status == 200
    first.close()
    assert wire.ask(get_bytes()).status == 502
    second = scene.origin(port=first.port)
    assert wire.ask(get_bytes()).status == 200
    assert len(second.requests) == 1


def test_idle_connections_to_an_endpoint_end_in_time(scene):
    weir, origin = scene.front(timeouts="upstream_idle: 300ms")
    assert weir.get().status == 200
    until(origin.left, "the idle connection to be closed")
    assert weir.get().status == 200
    assert origin.connections == 2
