"""What is measured, and what weir must reach. The order here is the order of the results."""
import dataclasses

import tools

KB = 1024
MB = 1024 * KB


@dataclasses.dataclass
class Target:
    """`must` fails the gate, `goal` is aimed at; as a ratio to `of`, or absolute when `of` is None."""

    of: str | None  # "floor", "peer" (the better one), "first" (the same proxy, first variant)
    must: float
    goal: float


@dataclasses.dataclass
class Scenario:
    name: str
    title: str
    targets: list
    kind: str = "cpu"  # how it is measured: see measures.py
    load: dict = dataclasses.field(default_factory=dict)
    requests: int = 60000
    site: dict = dataclasses.field(default_factory=dict)
    origin: dict = dataclasses.field(default_factory=dict)
    variants: dict = dataclasses.field(default_factory=dict)  # label: what differs of the site
    rounds: int | None = None  # at most


KEPT = {"path": "/1k", "expect": KB}
BULK = {"path": "/1m", "expect": MB, "connections": 16}
ROUTED = {"path": "/a/1k", "expect": KB, "connections": 64}

HELLO = {"by": "tls", "path": "/1k"}
STREAMS = {"by": "h2load", "path": "/1k", "connections": 16, "streams": 32}

ALL = [
    Scenario(
        "keepalive-64",
        "kept alive, 1 KB, 64 connections",
        [Target("floor", 1.20, 1.10), Target("peer", 0.88, 0.80)],
        load={**KEPT, "connections": 64},
    ),
    Scenario(
        "keepalive-512",
        "kept alive, 1 KB, 512 connections",
        [Target("floor", 1.25, 1.12)],
        load={**KEPT, "connections": 512},
    ),
    Scenario(
        "response-64k",
        "64 KB responses, 64 connections",
        [Target("floor", 1.22, 1.10)],
        load={"path": "/64k", "expect": 64 * KB, "connections": 64},
        requests=20000,
    ),
    Scenario(
        "response-1m",
        "1 MB responses, 16 connections",
        [Target("floor", 1.18, 1.00)],
        load=BULK,
        requests=2500,
    ),
    Scenario(
        "upload-64k",
        "64 KB uploads, 64 connections",
        [Target("floor", 1.12, 1.05)],
        load={"path": "/upload", "body": 64 * KB, "expect": 2, "connections": 64},
        requests=20000,
    ),
    Scenario(
        "close",
        "a client connection per request, 1 KB, 64 at once",
        [Target("peer", 0.90, 0.80)],
        load={**KEPT, "connections": 64, "close": True},
        requests=20000,
        site={"floor": "once"},
    ),
    Scenario(
        "routes-1000",
        "1,000 routes over 1,000 backends, 64 connections",
        [Target("peer", 0.85, 0.75)],
        load={**ROUTED, "hosts": 1000},
        requests=40000,
        site={"routes": 1000, "backends": 1000, "floor": None},
        origin={"ports": 1000},
    ),
    Scenario(
        "routes-100k",
        "10 against 100,000 routes, random hosts, 64 connections",
        [Target("first", 1.05, 1.02)],
        load=ROUTED,
        requests=40000,
        site={"backends": 10, "floor": None, "mapped": True},
        origin={"ports": 10},
        variants={"10": {"routes": 10}, "100000": {"routes": 100000}},
    ),
    Scenario(
        "rules",
        "checks, outlier detection, budget and limits off against on, 64 connections",
        [Target("first", 1.03, 1.01)],
        load={**KEPT, "connections": 64},
        site={"floor": None},
        variants={"off": {"rules": "off"}, "on": {"rules": "on"}},
    ),
    Scenario(
        "l4-1k",
        "L4, 1 KB messages, 64 connections",
        [Target("floor", 1.06, 1.03)],
        load={"kind": "raw", "body": KB, "connections": 64},
        site={"protocol": "tcp", "floor": "l4"},
        origin={"mode": "echo"},
    ),
    Scenario(
        "l4-1m",
        "L4, 1 MB, 16 connections",
        [Target("floor", 1.25, 1.00)],
        load=BULK,
        requests=2500,
        site={"protocol": "tcp", "floor": "l4"},
    ),
    Scenario(
        "tls-keepalive",
        "TLS 1.3, kept alive, 1 KB, 64 connections",
        [Target("peer", 0.88, 0.80)],
        load={"by": "h2load", "path": "/1k", "connections": 64, "tls": True, "h1": True},
        site={"tls": True, "floor": None},
    ),
    Scenario(
        "tls-full",
        "TLS 1.3 handshakes, P-256, one request each",
        [Target("peer", 1.00, 0.92)],
        load=HELLO,
        requests=1500,
        site={"tls": True, "floor": None},
    ),
    Scenario(
        "tls-resumed",
        "TLS 1.3 handshakes with a ticket, one request each",
        [Target("peer", 0.95, 0.85)],
        load={**HELLO, "resume": True},
        requests=1500,
        site={"tls": True, "floor": None},
    ),
    Scenario(
        "h2-tls",
        "HTTP/2 over TLS to HTTP/1.1, 16 connections of 32 streams",
        [Target("peer", 0.95, 0.85)],
        load={**STREAMS, "tls": True},
        site={"tls": True, "floor": None},
    ),
    Scenario(
        "h2c",
        "HTTP/2 without TLS to HTTP/1.1, 16 connections of 32 streams",
        [Target("peer", 0.95, 0.85)],
        load=STREAMS,
        site={"h2": True, "floor": None},
    ),
    Scenario(
        "grpc",
        "gRPC, unary calls of 100 bytes, 16 connections of 32 streams",
        [Target("peer", 1.00, 0.80)],
        load={**STREAMS, "path": tools.GRPC_METHOD, "call": tools.GRPC_ANSWER},
        site={"h2": True, "grpc": True, "floor": None},
        origin={"mode": "grpc"},
    ),
    Scenario(
        "idle-keepalive",
        "memory per idle kept-alive connection, 5,000 of them",
        [Target(None, 0.70, 0.50)],
        kind="memory",
        load={**KEPT, "connections": 5000},
        rounds=3,
    ),
    Scenario(
        "idle-websocket",
        "memory per idle WebSocket tunnel, 3,000 of them",
        [Target(None, 2.0, 1.2)],
        kind="memory",
        load={"kind": "ws", "connections": 3000},
        rounds=3,
    ),
    Scenario(
        "idle-tls",
        "memory per idle TLS connection, 1,000 of them",
        [Target(None, 12, 9)],
        kind="memory",
        load={**HELLO, "connections": 1000},
        site={"tls": True, "floor": None},
        rounds=3,
    ),
    Scenario(
        "idle-h2",
        "memory per idle connection of HTTP/2 without TLS, 1,000 of them",
        [Target(None, 20, 14)],
        kind="memory",
        load={**HELLO, "connections": 1000, "h2": True, "plain": True},
        site={"h2": True, "floor": None},
        rounds=3,
    ),
    Scenario(
        "start-10k",
        "from exec to the first answer, 10,000 routes and backends",
        [Target(None, 0.30, 0.10)],
        kind="start",
        load={"path": "/a/1k"},
        site={"routes": 10000, "backends": 10000, "floor": None},
        origin={"ports": 1000},
        rounds=5,
    ),
    Scenario(
        "reload",
        "20 reloads under 2,000 kept-alive requests a second",
        [Target(None, 0, 0)],
        kind="reload",
        load={**KEPT, "connections": 64, "rate": 2000},
        requests=20000,
        site={"reloads": True, "floor": None, "extra": True},
        rounds=3,
    ),
]
