"""L4: bytes pass as they are, halves end one by one, and PROXY tells who the client is."""

import hashlib
import resource
import socket
import struct
import subprocess
import threading

import pytest

from origin import echo, free_port
from raw import steady, until
from weir import get_bytes

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def tcp(scene, endpoints, listener="", timeouts="", backend="", **how):
    ends = ", ".join(f'"{e}"' for e in (endpoints if isinstance(endpoints, list) else [endpoints]))
    return scene.start(
        f"""
listen:
  tcp: {{address: "127.0.0.1:0", protocol: tcp, to: app{listener}}}
timeouts: {{drain: 3s{timeouts}}}
backends:
  app: {{endpoints: [{ends}]{backend}}}
""",
        **how,
    )


def v2(source, port, command=0x21, family=0x11, extra=b""):
    body = (
        socket.inet_aton(source)
        + socket.inet_aton("127.0.0.1")
        + struct.pack("!HH", port, 80)
        + extra
    )
    return SIGNATURE + struct.pack("!BBH", command, family, len(body)) + body


def test_relays_bytes_both_ways(scene):
    weir = tcp(scene, scene.origin(echo))
    wire = weir.connect("tcp")
    for piece in (b"hello", b"\0\r\n\xff", b"x" * 100_000):
        assert wire.send(piece).read(len(piece)) == piece


def test_an_endpoint_may_speak_first(scene):
    weir = tcp(scene, scene.origin(lambda wire, _: wire.send(b"220 ready\r\n") and wire.read_all()))
    assert weir.connect("tcp").read(11) == b"220 ready\r\n"


@pytest.mark.parametrize("side", ["client", "endpoint"])
def test_each_half_ends_on_its_own(scene, side):
    def script(wire, _):
        if side == "endpoint":
            wire.send(b"mine").finish()
            assert wire.read_all() == b"yours"
        else:
            assert wire.read_all() == b"yours"
            wire.send(b"mine")

    weir = tcp(scene, scene.origin(script))
    wire = weir.connect("tcp")
    if side == "endpoint":
        assert wire.read_all() == b"mine"
        wire.send(b"yours").finish()
    else:
        assert wire.send(b"yours").finish().read_all() == b"mine"
    row = weir.log()[0]
    assert (row["request"], row["backend"], row["why"]) == ("TCP tcp", "app", "-")


def test_large_transfers_are_exact_both_ways(scene):
    data = bytes(range(256)) * (128 << 10)  # 32 MB
    seen = []

    def script(wire, _):
        sender = threading.Thread(target=lambda: wire.send(data).finish())
        sender.start()
        seen.append(wire.read_all())
        sender.join()

    weir = tcp(scene, scene.origin(script))
    wire = weir.connect("tcp")
    sender = threading.Thread(target=lambda: wire.send(data).finish())
    sender.start()
    got = wire.read_all()
    sender.join()
    until(lambda: seen, "the endpoint to have everything")
    want = hashlib.sha256(data).digest()
    assert hashlib.sha256(got).digest() == want and hashlib.sha256(seen[0]).digest() == want
    until(lambda: weir.metric("weir_tcp_bytes_total") == 2 * len(data), "the bytes to be counted")


def test_a_slow_reader_holds_the_endpoint_back(scene):
    sent = []

    def script(wire, _):
        while True:
            wire.send(b"x" * (1 << 20))
            sent.append(1)

    weir = tcp(scene, scene.origin(script))
    before = weir.rss()
    weir.connect("tcp", receive_buffer=8192).read(1000)
    steady(lambda: len(sent), "the endpoint to be held back")
    assert len(sent) < 100 and weir.rss() - before < 12 << 10


def test_an_idle_session_ends_after_its_timeout(scene):
    origin = scene.origin(echo)
    weir = tcp(scene, origin, timeouts=", tunnel: 400ms")
    wire = weir.connect("tcp")
    for _ in range(3):
        assert wire.send(b"tick").read(4) == b"tick"
    assert wire.at_end()
    until(origin.left, "the endpoint to be told")
    assert weir.log()[0]["why"] == "idle_timeout"


def test_a_reset_is_passed_on(scene):
    origin = scene.origin(echo)
    weir = tcp(scene, origin)
    wire = weir.connect("tcp")
    assert wire.send(b"tick").read(4) == b"tick"
    wire.reset()
    until(origin.left, "the endpoint to be told")
    weir.log()


def test_no_endpoint_closes_the_client_and_says_why(scene):
    weir = tcp(scene, f"127.0.0.1:{free_port()}")
    assert weir.connect("tcp").read_all() == b""
    assert weir.log()[0]["why"] == "connection_refused"
    assert weir.metric("weir_tcp_sessions_total", listener="tcp", why="connection_refused") == 1


def test_sessions_are_balanced_and_limited(scene):
    origins = [
        scene.origin(lambda wire, o: wire.send(o.name) and wire.read_all(), name=b"%d" % i)
        for i in range(2)
    ]
    weir = tcp(scene, origins, backend=", balance: round-robin, max_connections: 4")
    wires = [weir.connect("tcp") for _ in range(4)]
    assert sorted(wire.read(1) for wire in wires) == [b"0", b"0", b"1", b"1"]
    assert weir.connect("tcp").read_all() == b""
    assert weir.log()[0]["why"] == "connection_limit_reached"


SENDERS = {
    "v1": (b"PROXY TCP4 203.0.113.7 127.0.0.1 4321 80\r\n", "203.0.113.7"),
    "v1_ipv6": (b"PROXY TCP6 2001:db8::7 ::1 4321 80\r\n", "2001:db8::7"),
    "v1_unknown": (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    "v2": (v2("203.0.113.7", 4321), "203.0.113.7"),
    "v2_local": (v2("203.0.113.7", 4321, command=0x20), "127.0.0.1"),
    "v2_with_tlv": (v2("203.0.113.7", 4321, extra=b"\x04\x00\x03abc"), "203.0.113.7"),
}
TRUSTING = ", proxy_protocol: [127.0.0.0/8]"


def fronted(scene, protocol, proxy=TRUSTING):
    """One listener of this protocol that expects PROXY."""
    if protocol == "tcp":
        return tcp(scene, scene.origin(echo), listener=proxy)
    return scene.start(
        f"""
listen:
  http: {{address: "127.0.0.1:0"{proxy}}}
routes:
  - match: any
    to: app
backends:
  app: {{endpoints: ["{scene.origin()}"]}}
"""
    )


@pytest.mark.parametrize("header, client", SENDERS.values(), ids=SENDERS)
def test_proxy_protocol_tells_the_client_of_http(scene, header, client):
    weir = fronted(scene, "http")
    wire = weir.connect().send(header + get_bytes())
    assert wire.read_response().body == b"ok"
    assert wire.ask(get_bytes()).body == b"ok"
    assert scene.origins[0].last.get("x-forwarded-for") == client
    assert [row["client"] for row in weir.log(2)] == [client, client]


@pytest.mark.parametrize("header, client", SENDERS.values(), ids=SENDERS)
def test_proxy_protocol_tells_the_client_of_tcp(scene, header, client):
    weir = fronted(scene, "tcp")
    wire = weir.connect("tcp")
    for i in range(len(header)):
        wire.send(header[i : i + 1])
    assert wire.send(b"hello").read(5) == b"hello"
    wire.close()
    row = weir.log()[0]
    assert row["client"] == client


GARBAGE = {
    "none": get_bytes(),
    "v1_no_end": b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2" + b" " * 600,
    "v1_bad_address": b"PROXY TCP4 999.1.1.1 2.2.2.2 1 2\r\n",
    "v1_bad_port": b"PROXY TCP4 1.1.1.1 2.2.2.2 1 66666\r\n",
    "v1_lf": b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n" + get_bytes(),
    "v2_version": SIGNATURE + b"\x31\x11\x00\x0c" + b"\0" * 12,
    "v2_short": SIGNATURE + b"\x21\x11\x00\x04" + b"\0" * 4,
    "v2_command": SIGNATURE + b"\x2f\x11\x00\x0c" + b"\0" * 12,
    "v2_huge": SIGNATURE + b"\x21\x11\xff\xff" + b"\0" * 66000,
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
def test_a_malformed_proxy_header_closes_the_connection(scene, data):
    weir = fronted(scene, "http")
    wire = weir.connect()
    try:
        wire.send(data)
    except OSError:
        pass
    answer = wire.read_all()
    assert b"ok" not in answer.split(b"\r\n")[-1:] and not answer.startswith(b"HTTP/1.1 200")
    assert scene.origins[0].requests == []


@pytest.mark.parametrize("header", [SENDERS["v1"][0], SENDERS["v2"][0]], ids=["v1", "v2"])
def test_proxy_protocol_is_refused_from_anyone_else(scene, header):
    weir = fronted(scene, "http", ", proxy_protocol: [192.0.2.0/24]")
    wire = weir.connect()
    try:
        wire.send(header + get_bytes())
        answer = wire.read_all()
    except OSError:
        answer = b""
    assert not answer.startswith(b"HTTP/1.1 200")
    assert scene.origins[0].requests == []


def test_proxy_v1_goes_out(scene):
    origin = scene.origin(echo)
    weir = tcp(scene, origin, backend=", proxy_protocol: v1")
    wire = weir.connect("tcp")
    (host, port), (_, front) = wire.sock.getsockname(), weir.address("tcp")
    line = wire.send(b"!").read_to(b"!")
    assert line == f"PROXY TCP4 {host} 127.0.0.1 {port} {front}\r\n!".encode()


def test_proxy_v2_goes_out(scene):
    weir = tcp(scene, scene.origin(echo), backend=", proxy_protocol: v2")
    wire = weir.connect("tcp")
    (host, port), (_, front) = wire.sock.getsockname(), weir.address("tcp")
    want = SIGNATURE + struct.pack("!BBH", 0x21, 0x11, 12)
    want += socket.inet_aton(host) * 2 + struct.pack("!HH", port, front)
    assert wire.send(b"data").read(len(want) + 4) == want + b"data"


def test_proxy_in_becomes_proxy_out(scene):
    weir = tcp(scene, scene.origin(echo), listener=TRUSTING, backend=", proxy_protocol: v1")
    line = weir.connect("tcp").send(SENDERS["v2"][0] + b"!").read_to(b"!")
    assert line == b"PROXY TCP4 203.0.113.7 127.0.0.1 4321 80\r\n!"


def test_an_http_endpoint_gets_each_client_its_own_proxy_connection(scene):
    """A kept connection must not be reused for another client: its PROXY header names one."""

    def script(wire, origin):
        line = wire.read_to(b"\r\n")
        while True:
            origin.read_request(wire).line = line
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(line), line))

    weir, origin = scene.front(script, backend="proxy_protocol: v1", workers=1)
    for source in ("127.0.0.2", "127.0.0.3", "127.0.0.2"):
        assert weir.get(source=source).body.startswith(b"PROXY TCP4 " + source.encode() + b" ")


ECHO_ALL = """
import asyncio, resource
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
async def echo(reader, writer):
    while data := await reader.read(64):
        writer.write(data)
    writer.close()
async def main():
    server = await asyncio.start_server(echo, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def test_ten_thousand_idle_tunnels_live_side_by_side(scene):
    """Or as many as the descriptors of one process allow: a tunnel takes two of weir's."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    count = min(10_000, most // 2 - 200)
    command = ["/usr/bin/python3", "-c", ECHO_ALL]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as endpoint:
        try:
            weir = tcp(scene, f"127.0.0.1:{int(endpoint.stdout.readline())}")
            tunnels = [weir.connect("tcp") for _ in range(count)]
            for tunnel in tunnels:
                tunnel.send(b"once")
            assert all(tunnel.read(4) == b"once" for tunnel in tunnels)
            for tunnel in tunnels[:: count // 100]:
                assert tunnel.send(b"more").read(4) == b"more"
            for tunnel in tunnels:
                tunnel.close()
            assert {line["why"] for line in weir.log(count)} == {"-"}
        finally:
            endpoint.kill()
