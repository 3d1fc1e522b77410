"""What once broke: each scene is the shortest way to see it again."""

import signal
import socket
import threading
import time

import pytest

from origin import OK, answering, free_port, once
from raw import until
from weir import get_bytes

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"


def tcp_front(scene, script, **how):
    origin = scene.origin(script)
    return scene.start(
        f"""
listen: {{tcp: {{address: "127.0.0.1:0", protocol: tcp, to: app}}}}
timeouts: {{drain: 3s}}
backends: {{app: {{endpoints: ["{origin}"]}}}}
""",
        **how,
    )


def test_a_first_request_need_not_wait_for_its_body(scene):
    """The conn was not watched before 100 ms had passed."""
    weir, _ = scene.front()
    took = []
    for _ in range(5):
        wire = weir.connect()
        wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        time.sleep(0.01)
        began = time.monotonic()
        assert wire.ask(b"hello").status == 200
        took.append(time.monotonic() - began)
    assert min(took) < 0.05


def test_a_proxy_header_may_come_late(scene):
    """It was refused after 100 ms."""
    origin = scene.origin()
    weir = scene.start(
        f"""
listen:
  http: {{address: "127.0.0.1:0", proxy_protocol: [127.0.0.1]}}
routes: [{{match: any, to: app}}]
backends: {{app: {{endpoints: ["{origin}"]}}}}
"""
    )
    wire = weir.connect()
    time.sleep(0.3)
    assert wire.ask(b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + get_bytes()).status == 200


def test_an_answer_that_ends_in_the_drain_leaves_no_timer(scene):
    """The closed client's idle timer was set: use after free when it came up."""
    finish = {"/1": threading.Event(), "/2": threading.Event()}

    def script(wire, origin):
        request = origin.read_request(wire)
        wire.send(HALF)
        finish[request.target].wait(10)
        wire.send(b"cd").read_all()

    weir = scene.proxy(scene.origin(script), timeouts="idle: 300ms")
    wires = [weir.connect().send(get_bytes(path)) for path in finish]
    for wire in wires:
        wire.read_head()
    weir.signal(signal.SIGTERM)
    until(lambda: "draining" in weir.stderr)
    for wire, event in zip(wires, finish.values()):
        event.set()
        assert wire.read(4) == b"abcd" and wire.at_end()
        time.sleep(0.6)
    assert weir.wait() == 0


def test_a_client_that_does_not_read_refusals_does_not_keep_weir_alive(scene):
    """A reply that could not leave did not hear of the cut: the process aborted."""
    origin = scene.origin()
    weir = scene.start(
        f"""
listen: {{http: {{address: "127.0.0.1:0"}}}}
timeouts: {{drain: 1s}}
routes: [{{match: /x, to: app}}]
backends: {{app: {{endpoints: ["{origin}"]}}}}
""",
        workers=1,
    )
    wire = weir.connect(receive_buffer=2048)
    wire.sock.settimeout(1)
    with pytest.raises(TimeoutError):
        while True:
            wire.send(get_bytes("/nope") * 50)
    weir.signal(signal.SIGTERM)
    assert weir.wait() == 0


def test_a_cut_answer_without_a_length_is_reset(scene):
    """To a 1.0 client a FIN is the end of the answer."""

    def script(wire, origin):
        origin.read_request(wire)
        wire.send(CHUNKED + b"5\r\nhello\r\n")
        time.sleep(0.2)

    weir, _ = scene.front(script)
    wire = weir.connect().send("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
    with pytest.raises(ConnectionError):
        while wire.more():
            pass


def test_no_response_timeout_is_no_timeout(scene):
    """0 was due at once."""
    slow = answering(lambda _: time.sleep(0.3) or OK)
    weir, _ = scene.front(slow, timeouts="response: off")
    assert weir.get().status == 200


def test_a_pause_in_an_answer_is_not_held_to_the_response_timeout(scene):
    def script(wire, origin):
        origin.read_request(wire)
        wire.send(HALF)
        time.sleep(1)
        wire.send(b"cd").read_all()

    weir, _ = scene.front(script, timeouts="response: 300ms")
    assert weir.get().body == b"abcd"


def test_a_client_that_stops_reading_a_cut_answer_is_let_go(scene):
    """Nothing had a deadline any more when the endpoint was gone."""

    def script(wire, origin):
        origin.read_request(wire)
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        wire.sock.settimeout(0.5)
        try:
            wire.send(b"x" * 50_000_000)
        except OSError:
            wire.reset()

    weir, _ = scene.front(script, timeouts="body: 1s", workers=1)
    weir.connect(receive_buffer=2048).send(get_bytes())
    port = weir.address()[1]

    def ours():
        with open("/proc/net/tcp") as table:
            rows = [row.split() for row in table]
        return [row for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01"]

    until(ours, "the connection")
    until(lambda: not ours(), "its end")


def test_a_reload_in_the_drain_opens_nothing(scene):
    weir, origin = scene.front(answering(lambda _: time.sleep(1.5) or OK))
    wire, port = weir.connect().send(get_bytes()), free_port()
    until(lambda: origin.requests)
    weir.signal(signal.SIGTERM)
    until(lambda: "draining" in weir.stderr)
    new = weir.file.read_text().replace("listen:", f"listen:\n  two: {{port: {port}}}")
    weir.write(new)
    weir.signal(signal.SIGHUP)
    until(lambda: "ignored" in weir.stderr)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    assert wire.read_response().status == 200


@pytest.mark.parametrize("news", ["end", "bytes"])
def test_a_kept_connection_is_looked_at_before_it_is_lent(scene, news):
    """Both in one turn: its end, and a POST that may not be sent twice."""
    origin = scene.origin()
    weir = scene.proxy(origin, workers=1)
    for _ in range(5):
        wire = weir.connect()
        assert wire.ask(get_bytes()).status == 200
        time.sleep(0.02)  # for the end of the turn that answered
        weir.signal(signal.SIGSTOP)
        time.sleep(0.02)
        wire.send(get_bytes(method="POST", body=b"hello"))
        if news == "end":
            origin.wires[-1].sock.shutdown(socket.SHUT_RDWR)
        else:
            origin.wires[-1].send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
        time.sleep(0.02)
        weir.signal(signal.SIGCONT)
        answer = wire.read_response()
        assert (answer.status, answer.body) == (200, b"ok")


def test_an_endpoint_that_declined_to_switch_is_not_asked_again(scene):
    weir, origin = scene.front(workers=1)
    weir.get(fields=["Connection: upgrade", "Upgrade: websocket"])
    weir.get()
    assert origin.connections == 2


def test_a_tunnel_whose_endpoint_resets_is_reset(scene):
    """A FIN would have said that all had come."""

    def script(wire, _):
        wire.send(b"x" * 1000)
        time.sleep(0.2)
        wire.reset()

    wire = tcp_front(scene, script).connect("tcp")
    wire.read(1000)
    with pytest.raises(ConnectionError):
        while wire.more():
            pass


def test_a_removed_listener_drains_in_time(scene):
    """Its clients could stay for ever."""
    weir, _ = scene.front(once(HALF), workers=1)
    wire = weir.connect().send(get_bytes())
    wire.read_head()
    weir.write(weir.file.read_text().replace("127.0.0.1:0", f"127.0.0.1:{free_port()}"))
    weir.signal(signal.SIGHUP)
    assert wire.read_all() == b"ab"
    assert weir.log()[0]["why"] == "drain_timeout"


def test_idle_connections_leave_room_for_new_ones(scene):
    """A kept connection to one endpoint was counted against a dial to the other: 503."""
    limits = "max_connections: 1, balance: round-robin"
    weir = scene.proxy([scene.origin(), scene.origin()], backend=limits, workers=1)
    assert [weir.get().status for _ in range(6)] == [200] * 6
