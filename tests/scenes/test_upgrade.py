"""Upgrades: a connection becomes a tunnel only when the client asked and the endpoint agreed."""

import asyncio
import threading

import pytest
import websockets

from raw import until
from weir import get_bytes

ASK = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
]
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


@pytest.fixture
def echo():
    """A real WebSocket server that says everything back; gives its address."""
    loop, ready, where = asyncio.new_event_loop(), threading.Event(), []
    done = loop.create_future()

    async def say_back(socket):
        async for message in socket:
            await socket.send(message)

    async def serve():
        async with websockets.serve(say_back, "127.0.0.1", 0, max_size=None) as server:
            where.append(server.sockets[0].getsockname()[1])
            ready.set()
            await done

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    yield f"127.0.0.1:{where[0]}"
    loop.call_soon_threadsafe(done.set_result, None)
    thread.join()


def test_a_websocket_talks_both_ways(scene, echo):
    weir = scene.proxy(echo)
    url = weir.url().replace("http", "ws")

    async def talk():
        async with websockets.connect(url, max_size=None, compression=None) as socket:
            for message in ("hello", b"\0\xff", "x" * 300_000, b"y" * (2 << 20)):
                await socket.send(message)
                assert await socket.recv() == message

    asyncio.run(asyncio.wait_for(talk(), 30))
    row = weir.log()[0]
    assert (row["status"], row["why"]) == ("101", "-")
    assert int(row["bytes"]) > 2 << 20


def test_many_websockets_at_once(scene, echo):
    weir = scene.proxy(echo)

    async def one(n):
        async with websockets.connect(weir.url(f"/{n}").replace("http", "ws")) as socket:
            for i in range(10):
                await socket.send(f"{n}-{i}")
                assert await socket.recv() == f"{n}-{i}"

    async def all_of_them():
        await asyncio.gather(*(one(n) for n in range(50)))

    asyncio.run(asyncio.wait_for(all_of_them(), 40))


def raw_tunnel(scene, script, **how):
    """A weir before an endpoint that agrees to switch, then plays script(wire)."""

    def switch(wire, origin):
        origin.requests.append(wire.read_head())
        wire.send(SWITCH)
        script(wire)

    return scene.front(switch, **how)


def test_the_switch_is_passed_on_as_it_is(scene):
    weir, origin = raw_tunnel(scene, lambda wire: wire.read_all())
    wire = weir.connect().send(get_bytes(fields=ASK))
    answer = wire.read_response()
    assert answer.status == 101
    for message in (answer, origin.last):
        assert message.get("upgrade") == "websocket"
        assert message.get("connection").lower() == "upgrade"
    assert origin.last.get("sec-websocket-key") == "dGhlIHNhbXBsZSBub25jZQ=="


def test_bytes_sent_with_the_switch_are_not_lost(scene):
    def script(wire, origin):
        wire.read_head()
        wire.send(SWITCH + b"server first")
        assert wire.read(12) == b"client first"
        wire.send(b"done")

    weir, _ = scene.front(script)
    wire = weir.connect().send(get_bytes(fields=ASK) + b"client first")
    assert wire.read_response().status == 101
    assert wire.read(16) == b"server firstdone" and wire.at_end()


@pytest.mark.parametrize("side", ["client", "endpoint"])
def test_half_of_a_tunnel_may_end_first(scene, side):
    def script(wire):
        if side == "endpoint":
            wire.send(b"mine").finish()
            assert wire.read_all() == b"yours"
        else:
            assert wire.read_all() == b"yours"
            wire.send(b"mine")

    weir, _ = raw_tunnel(scene, script)
    wire = weir.connect().send(get_bytes(fields=ASK))
    assert wire.read_response().status == 101
    if side == "endpoint":
        assert wire.read_all() == b"mine"
        wire.send(b"yours").finish()
        assert weir.log()[0]["why"] == "-"  # it has arrived before the scene takes the stage down
    else:
        wire.send(b"yours").finish()
        assert wire.read_all() == b"mine"


def test_an_unasked_101_is_a_fault_and_never_passed_on(scene):
    weir, _ = scene.front(SWITCH + b"GET /smuggled HTTP/1.1\r\n\r\n")
    answer = weir.get()
    assert (answer.status, answer.get("proxy-status")) == (502, "weir; error=http_upgrade_failed")
    assert b"smuggled" not in answer.body
    assert weir.log()[0]["why"] == "http_upgrade_failed"


def test_a_101_to_another_protocol_is_a_fault(scene):
    weir, _ = scene.front(SWITCH.replace(b"websocket", b"other"))
    assert weir.get(fields=ASK).status == 502


def test_a_refused_upgrade_is_an_ordinary_answer(scene):
    weir, origin = scene.front(workers=1)
    wire = weir.connect()
    assert wire.ask(get_bytes(fields=ASK)).body == b"ok"
    assert wire.ask(get_bytes()).body == b"ok"
    assert [request.get("upgrade") for request in origin.requests] == ["websocket", None]


def test_a_refused_upgrade_with_pipelined_bytes_smuggles_nothing(scene):
    weir, origin = scene.front()
    wire = weir.connect().send(get_bytes(fields=ASK) + get_bytes("/second"))
    assert wire.read_response().body == b"ok"
    rest = wire.finish().read_all()
    assert [request.target for request in origin.requests] in (["/"], ["/", "/second"])
    assert rest.count(b"HTTP/1.1") == len(origin.requests) - 1


def test_h2c_is_never_passed_on(scene):
    weir, origin = scene.front(SWITCH.replace(b"websocket", b"h2c"))
    weir.get(
        fields=["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"]
    )
    assert origin.wires
    got = origin.requests[0]
    assert got.get("upgrade") is None and got.get("http2-settings") is None


def test_an_idle_tunnel_ends_after_its_timeout(scene):
    weir, origin = raw_tunnel(
        scene, lambda wire: wire.read_all(), timeouts="tunnel: 300ms, idle: 10s"
    )
    wire = weir.connect().send(get_bytes(fields=ASK))
    assert wire.read_response().status == 101
    assert wire.at_end()
    until(origin.left, "the endpoint to be told")
    assert weir.log()[0]["why"] == "idle_timeout"


@pytest.mark.parametrize("who", ["client", "endpoint"])
def test_a_reset_ends_both_halves(scene, who):
    def script(wire):
        if who == "endpoint":
            wire.read_to(b"!")
            wire.reset()
        wire.read_all()

    weir, origin = raw_tunnel(scene, script)
    wire = weir.connect().send(get_bytes(fields=ASK))
    assert wire.read_response().status == 101
    if who == "client":
        wire.reset()
    else:
        wire.send(b"!").read_all()
    until(origin.left, "the tunnel to end")
    assert weir.log()[0]["status"] == "101"
