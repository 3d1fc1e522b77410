"""What keeps a backend from more than it can take: limits, a queue, a breaker, a measure."""

import select
import threading

from origin import OK, answering, response
from raw import until
from weir import get_bytes

ERROR = response(b"no", "500 Internal Server Error")


def holding(scene, **how):
    """An origin that answers when it is told to."""
    gate = threading.Event()
    return scene.origin(answering(lambda _: gate.wait(30) and OK), **how), gate


def ask(weir, n, path="/"):
    wires = [weir.connect() for _ in range(n)]
    for wire in wires:
        wire.send(get_bytes(path))
    return wires


def told(*wires):
    """Those that have something to read."""
    return select.select([wire.sock for wire in wires], [], [], 20)[0]


def why(answer):
    return answer.get("Proxy-Status") if answer.status == 503 else str(answer.status)


def test_a_request_waits_for_a_place_and_gets_it(scene):
    origin, gate = holding(scene)
    weir = scene.proxy(origin, "max_requests: 1, queue: 20s")
    first, second = ask(weir, 2)
    until(lambda: weir.metric("weir_backend_waiting", backend="app") == 1, "one to wait")
    assert len(origin.requests) == 1
    gate.set()
    assert first.read_response().status == second.read_response().status == 200
    assert weir.metric("weir_backend_waiting", backend="app") == 0
    waits = [row["wait"] for row in weir.log(2)]
    assert sum(wait not in ("0", "-", "0ms") for wait in waits) == 1


def test_who_waits_too_long_is_told_so(scene):
    origin, gate = holding(scene)
    weir = scene.proxy(origin, "max_requests: 1, queue: 50ms")
    first, second = ask(weir, 2)
    sock = told(first, second)
    late = [wire for wire in (first, second) if wire.sock in sock]
    assert len(late) == 1 and "queue_timeout" in why(late[0].read_response())
    gate.set()


def test_a_full_queue_refuses_at_once(scene):
    origin, gate = holding(scene)
    weir = scene.proxy(origin, "max_requests: 1, queue: {timeout: 20s, size: 2}")
    ask(weir, 3)
    until(lambda: weir.metric("weir_backend_waiting", backend="app") == 2, "two to wait")
    assert "queue_full" in why(weir.get())
    gate.set()


def test_high_priority_goes_first(scene):
    gate = threading.Event()
    origin = scene.origin(answering(lambda _: gate.wait(30) and OK))
    weir = scene.start(
        f"""\
listen: {{http: {{address: "127.0.0.1:0"}}}}
workers: 1
routes:
  - {{match: any, to: app}}
  - {{match: "*/vip/*", to: app, priority: high}}
  - {{match: "*/bulk/*", to: app, priority: low}}
backends: {{app: {{endpoints: ["{origin}"], max_requests: 1, queue: 20s}}}}
timeouts: {{drain: 3s}}
"""
    )
    wires = []
    for n, path in enumerate(["/first", "/bulk/a", "/b", "/vip/c"]):
        wires += ask(weir, 1, path)
        until(lambda: weir.metric("weir_backend_waiting") == n, "the request to wait")
    gate.set()
    for wire in wires:
        assert wire.read_response().status == 200
    order = [row["request"].split()[1] for row in weir.log(4)]
    assert order == ["/first", "/vip/c", "/b", "/bulk/a"]


def test_a_client_that_leaves_the_queue_makes_room_for_the_next(scene):
    origin, gate = holding(scene)
    weir = scene.proxy(origin, "max_requests: 1, queue: 20s")
    _, leaver, _ = ask(weir, 3)
    until(lambda: weir.metric("weir_backend_waiting", backend="app") == 2, "two to wait")
    leaver.close()
    until(lambda: weir.metric("weir_backend_waiting", backend="app") == 1, "one to leave")
    gate.set()
    until(lambda: len(origin.requests) == 2, "the last one's request")


def test_each_endpoint_has_a_limit_of_its_own(scene):
    gate = threading.Event()
    origins = [scene.origin(answering(lambda _: gate.wait(30) and OK)) for _ in range(2)]
    weir = scene.proxy(origins, "endpoint_limits: {max_requests: 2}")
    wires = ask(weir, 4)
    until(lambda: [len(o.requests) for o in origins] == [2, 2], "two on each endpoint")
    assert "connection_limit_reached" in why(weir.get())
    gate.set()
    assert [wire.read_response().status for wire in wires] == [200] * 4
    assert weir.get().status == 200


def test_many_wait_for_few_connections_and_all_are_served(scene):
    origin = scene.origin(answering(OK))
    weir = scene.proxy(origin, "max_connections: 2, queue: 20s")
    wires = ask(weir, 40)
    assert [wire.read_response().status for wire in wires] == [200] * 40
    assert len(origin.requests) == 40


def test_a_failing_backend_is_left_alone_and_tried_again(scene):
    answers = {"now": ERROR}
    origin = scene.origin(answering(lambda _: answers["now"]))
    weir = scene.proxy(origin, "breaker: {errors: 50%, volume: 10, open: 300ms, probes: 2}")
    wire = weir.connect()
    assert [wire.ask(get_bytes()).status for _ in range(10)] == [500] * 10
    assert "circuit_open" in why(wire.ask(get_bytes()))
    assert len(origin.requests) == 10
    assert weir.metric("weir_backend_breaker_open", backend="app") == 1
    answers["now"] = OK
    until(lambda: wire.ask(get_bytes()).status == 200, "a probe to go through")
    assert wire.ask(get_bytes()).status == 200
    until(lambda: weir.metric("weir_backend_breaker_open", backend="app") == 0, "it to close")
    assert weir.stderr.count("breaker open") == 1 and weir.stderr.count("breaker closed") == 1


def test_what_a_backend_can_take_is_measured(scene):
    origin, gate = holding(scene)
    weir = scene.proxy(origin, "concurrency: {min: 2, max: 3}")
    ask(weir, 3)
    until(lambda: len(origin.requests) == 3, "as many as it may have")
    assert "concurrency_limited" in why(weir.get())
    assert weir.metric("weir_backend_concurrency_limit", backend="app") == 3
    gate.set()
