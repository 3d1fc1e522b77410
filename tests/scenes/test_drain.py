"""The end: SIGTERM lets everybody finish, a second one does not, the exit code says it was fine."""

import signal
import threading
import time

import pytest

from origin import OK, answering
from raw import Wire, until
from test_upgrade import ASK, SWITCH
from weir import get_bytes


def held(scene, drain="10s"):
    """A weir with one request in flight, the event that lets it end, and its connection."""
    hold = threading.Event()
    origin = scene.origin(answering(lambda _: hold.wait(30) and OK))
    weir = scene.start(
        f"""
listen:
  http: {{address: "127.0.0.1:0"}}
timeouts: {{drain: {drain}}}
routes:
  - match: any
    to: app
backends:
  app: {{endpoints: ["{origin}"]}}
"""
    )
    wire = weir.connect().send(get_bytes())
    until(lambda: origin.requests, "a request in flight")
    return weir, hold, wire


def refuses(weir):
    try:
        Wire.dial(weir.address()).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:  # it came while the door was closing
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_running_request_finishes_and_says_close(scene, number):
    weir, hold, wire = held(scene)
    weir.signal(number)
    until(lambda: refuses(weir), "the listener to be closed")
    hold.set()
    answer = wire.read_response()
    assert (answer.body, answer.get("connection")) == (b"ok", "close")
    assert wire.at_end()
    assert weir.wait() == 0


def test_readiness_goes_first(scene):
    weir, hold, wire = held(scene)
    assert weir.admin("/ready").status == 200
    weir.signal(signal.SIGTERM)
    until(lambda: weir.admin("/ready").status == 503, "readiness to be off")
    assert weir.admin("/healthz").status == 200
    hold.set()
    assert wire.read_response().status == 200
    assert weir.wait() == 0


def test_idle_connections_do_not_keep_it_alive(scene):
    weir, _ = scene.front()
    idle, silent = weir.connect(), weir.connect()
    assert idle.ask(get_bytes()).status == 200
    weir.signal(signal.SIGTERM)
    assert idle.at_end() and silent.at_end()
    assert weir.wait() == 0


def test_an_upload_in_flight_finishes(scene):
    weir, origin = scene.front()
    wire = weir.connect().send(get_bytes(method="POST", fields=["Content-Length: 10"]) + b"first")
    until(lambda: origin.connections, "the upload to begin")
    weir.signal(signal.SIGTERM)
    until(lambda: refuses(weir), "the listener to be closed")
    assert wire.send(b"last!").read_response().body == b"ok"
    assert origin.last.body == b"firstlast!"
    assert weir.wait() == 0


def test_the_deadline_cuts_what_is_left_and_counts_it(scene):
    weir, hold, wire = held(scene, drain="400ms")
    began = time.monotonic()
    weir.signal(signal.SIGTERM)
    data = wire.read_all()
    assert data == b"" or data.startswith(b"HTTP/1.1 503 ")
    assert weir.wait() == 0
    assert 0.3 < time.monotonic() - began < 5
    assert weir.log()[0]["why"] == "drain_timeout"
    assert "1" in weir.stderr.splitlines()[-1] or any(
        "cut" in line for line in weir.stderr.splitlines()
    )
    hold.set()


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_now(scene, second):
    weir, hold, wire = held(scene, drain="60s")
    weir.signal(signal.SIGTERM)
    until(lambda: refuses(weir), "the drain to begin")
    weir.signal(second)
    assert weir.wait() == 0
    hold.set()


def test_tunnels_live_until_the_deadline(scene):
    def script(wire, origin):
        wire.read_head()
        wire.send(SWITCH)
        while wire.more():
            wire.send(wire.take(len(wire.buffer)))

    weir, _ = scene.front(script)
    wire = weir.connect().send(get_bytes(fields=ASK))
    assert wire.read_response().status == 101
    weir.signal(signal.SIGTERM)
    until(lambda: refuses(weir), "the drain to begin")
    assert wire.send(b"ping").read(4) == b"ping"
    wire.close()
    assert weir.wait() == 0


@pytest.mark.parametrize("args, waits", [([], True), (["--now"], False)], ids=["drains", "now"])
def test_weir_stop_does_the_same(scene, args, waits):
    weir, hold, wire = held(scene, drain="20s")
    done = weir.cli("stop", *args)
    assert done.returncode == 0, done.stderr
    if waits:
        until(lambda: refuses(weir), "the drain to begin")
        assert weir.process.poll() is None
        hold.set()
        assert wire.read_response().body == b"ok"
    assert weir.wait() == 0
    hold.set()


def test_the_admin_socket_is_removed(scene):
    weir, _ = scene.front()
    weir.signal(signal.SIGTERM)
    assert weir.wait() == 0
    assert not (weir.folder / "admin.sock").exists()
