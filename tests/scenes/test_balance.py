"""How requests are shared between endpoints, and the limits on a backend."""

import threading
from collections import Counter

import pytest

from origin import OK, answering, response
from raw import until
from weir import get_bytes


def group(scene, n=3, script=None):
    return [scene.origin(script(i) if script else response(b"%d" % i)) for i in range(n)]


def shares(weir, requests=60, per_connection=False, **how):
    """How many of these requests each endpoint answered."""
    if per_connection:
        return Counter(int(weir.get(**how).body) for _ in range(requests))
    wire = weir.connect()
    return Counter(int(wire.ask(get_bytes(**how)).body) for _ in range(requests))


@pytest.mark.parametrize("per_connection", [False, True], ids=["one_client", "many_clients"])
def test_round_robin_gives_each_its_exact_share(scene, per_connection):
    weir = scene.proxy(group(scene), backend="balance: round-robin")
    assert shares(weir, 60, per_connection) == {0: 20, 1: 20, 2: 20}


def test_round_robin_honours_weights_smoothly(scene):
    origins = group(scene)
    ends = [f'{{address: "{o}", weight: {w}}}' for o, w in zip(origins, (5, 1, 1))]
    weir = scene.proxy(ends, backend="balance: round-robin")
    wire = weir.connect()
    got = [int(wire.ask(get_bytes()).body) for _ in range(70)]
    assert Counter(got) == {0: 50, 1: 10, 2: 10}
    assert all(Counter(got[i : i + 7]) == {0: 5, 1: 1, 2: 1} for i in range(0, 70, 7))
    assert [0] * 6 not in [got[i : i + 6] for i in range(65)]


@pytest.mark.parametrize("balance", ["least-requests", "random"])
def test_every_endpoint_gets_about_its_share(scene, balance):
    weir = scene.proxy(group(scene), backend=f"balance: {balance}")
    got = shares(weir, 300)
    assert all(50 <= got[i] <= 160 for i in range(3)), got


@pytest.mark.parametrize("balance", ["least-requests", "random"])
def test_weights_count_in_every_algorithm(scene, balance):
    ends = [f'{{address: "{o}", weight: {w}}}' for o, w in zip(group(scene, 2), (4, 1))]
    got = shares(scene.proxy(ends, backend=f"balance: {balance}"), 300)
    assert 185 <= got[0] <= 285, got


def test_least_requests_avoids_the_busy_endpoint(scene):
    hold = threading.Event()

    def script(i):
        return answering(lambda r: hold.wait(60) and OK if i == 0 else response(b"%d" % i))

    weir = scene.proxy(group(scene, 2, script))
    stuck = []

    def occupied():
        if weir.metric("weir_http_requests_in_flight") >= 3:
            return True
        wire = weir.connect().send(get_bytes())
        wire.sock.settimeout(0.3)
        try:
            wire.read_response()
        except TimeoutError:
            stuck.append(wire)
        return len(stuck) >= 1

    until(occupied, "the slow endpoint to hold a request")
    assert shares(weir, 40) == {1: 40}
    hold.set()


HASHES = {
    "header": ("key: header X-User", lambda i: {"fields": [f"X-User: {i}"]}),
    "cookie": ("key: cookie user", lambda i: {"fields": [f"Cookie: a=b; user={i}; c=d"]}),
    "path": ("key: path", lambda i: {"path": f"/{i}"}),
    "ring": ("key: header X-User, table: ring", lambda i: {"fields": [f"X-User: {i}"]}),
}


@pytest.mark.parametrize("balance, key", HASHES.values(), ids=HASHES)
def test_a_hash_sends_the_same_key_to_the_same_endpoint(scene, balance, key):
    origins = group(scene, 4)
    weirs = [
        scene.proxy(order, backend=f"balance: {{algorithm: hash, {balance}}}")
        for order in (origins, origins[::-1])
    ]
    wires = [weir.connect() for weir in weirs]
    chosen = {}
    for _ in range(2):
        for i in range(40):
            for wire in wires:
                got = wire.ask(get_bytes(**key(i))).body
                assert chosen.setdefault(i, got) == got
    counts = Counter(chosen.values())
    assert len(counts) == 4 and max(counts.values()) < 30


def test_a_hash_by_client_address_keeps_each_client_where_it_is(scene):
    weir = scene.proxy(group(scene, 4), backend="balance: hash")
    chosen = {
        f"127.0.0.{i}": {weir.get(source=f"127.0.0.{i}").body for _ in range(3)}
        for i in range(2, 22)
    }
    assert all(len(bodies) == 1 for bodies in chosen.values())
    assert len(set().union(*chosen.values())) > 1


def test_losing_an_endpoint_moves_only_its_own_keys(scene):
    origins = group(scene, 5)

    def places(ends):
        wire = scene.proxy(ends, backend="balance: {algorithm: hash, key: path}").connect()
        return {i: wire.ask(get_bytes(f"/{i}")).body for i in range(100)}

    before, after = places(origins), places(origins[:4])
    moved = [i for i in before if before[i] != after[i] and before[i] != b"4"]
    assert len(moved) <= 15


def test_max_requests_is_an_honest_503(scene):
    hold = threading.Event()
    weir, origin = scene.front(answering(lambda _: hold.wait(60) and OK), backend="max_requests: 2")
    busy = [weir.connect().send(get_bytes()) for _ in range(2)]
    until(lambda: len(origin.requests) == 2, "two requests in flight")
    answer = weir.get()
    assert (answer.status, answer.get("proxy-status")) == (
        503,
        "weir; error=connection_limit_reached",
    )
    assert weir.log()[0]["why"] == "connection_limit_reached"
    hold.set()
    assert [wire.read_response().body for wire in busy] == [b"ok", b"ok"]
    assert weir.get().status == 200
    assert len(origin.requests) == 3


def test_max_connections_of_a_backend_is_an_honest_503(scene):
    hold = threading.Event()
    weir, origin = scene.front(
        answering(lambda _: hold.wait(60) and OK), backend="max_connections: 1", workers=1
    )
    busy = weir.connect().send(get_bytes())
    until(lambda: origin.requests, "a request in flight")
    answer = weir.get()
    assert (answer.status, answer.get("proxy-status")) == (
        503,
        "weir; error=connection_limit_reached",
    )
    hold.set()
    assert busy.read_response().body == b"ok"
    assert weir.get().status == 200
    assert origin.connections == 1


def test_max_connections_of_a_listener_refuses_the_next_client(scene):
    origin = scene.origin()
    weir = scene.start(
        f"""
listen:
  http: {{address: "127.0.0.1:0", max_connections: 2}}
routes:
  - match: any
    to: app
backends:
  app: {{endpoints: ["{origin}"]}}
"""
    )
    kept = [weir.connect() for _ in range(2)]
    assert [wire.ask(get_bytes()).status for wire in kept] == [200, 200]
    data = weir.connect().read_all()
    assert data == b"" or data.startswith(b"HTTP/1.1 503 ")
    assert weir.metric("weir_listener_refused_total", listener="http") == 1
    kept[0].close()

    def served():
        try:
            return weir.get().status == 200
        except (OSError, EOFError):
            return False

    until(served, "a place to be free again")


def test_requests_in_flight_are_counted_over_all_workers(scene):
    """Limits hold for the process: with four workers four times as many would pass."""
    hold = threading.Event()
    weir, origin = scene.front(
        answering(lambda _: hold.wait(60) and OK), backend="max_requests: 4", workers=4
    )
    wires = [weir.connect().send(get_bytes()) for _ in range(24)]
    until(lambda: len(weir.access_lines()) == 20, "twenty to be refused")
    assert len(origin.requests) == 4
    hold.set()
    assert Counter(wire.read_response().status for wire in wires) == {200: 4, 503: 20}
