"""What a route asks to be tried again: answers, resets, timeouts; where to, and after which pause."""

import asyncio
import threading
import time

import pytest

from origin import OK, answering, free_port, once, response
from raw import together, until
from weir import get_bytes

BUSY = response(b"busy", "503 Service Unavailable")
BEGIN = b"HTTP/1.1 200 OK\r\n"


def asked(scene, endpoints, retry, defaults="", timeouts="drain: 3s", backend="round-robin"):
    """A weir whose only route has this `retry`."""
    addresses = ", ".join(f'"{endpoint}"' for endpoint in endpoints)
    return scene.start(
        f"""\
listen: {{http: {{address: "127.0.0.1:0"}}}}
timeouts: {{{timeouts}}}
{defaults}
routes: [{{match: any, to: app, retry: {retry}}}]
backends: {{app: {{endpoints: [{addresses}], balance: {backend}, outlier: off, retry_budget: off}}}}
"""
    )


def two(scene, bad, good=OK):
    """An endpoint that behaves badly and one that does not."""
    return scene.origin(bad), scene.origin(good)


def settle(weir, n=4, **how):
    """The statuses of some requests, of which the first endpoint is the first choice of some."""
    return sorted({weir.get(**how).status for _ in range(n)})


# ---- answers ----


@pytest.mark.parametrize("when", ["when: gateway-error", "when: [5xx]", "statuses: [418, 503]"])
def test_an_answer_that_the_route_names_is_tried_elsewhere(scene, when):
    bad, good = two(scene, BUSY)
    weir = asked(scene, [bad, good], f"{{{when}}}")
    assert settle(weir) == [200]
    declined = len(bad.requests)
    assert declined >= 2 and len(good.requests) == 4
    assert weir.metric("weir_backend_retries_total", backend="app", why="503") == declined
    assert weir.metric("weir_backend_requests_total", endpoint=str(bad), code="503") == declined
    assert sum(row["tries"] == "2" for row in weir.log(4)) == declined


@pytest.mark.parametrize(
    "retry", ["2", "{when: reset}", "{when: gateway-error, attempts: off}", "{statuses: 502}"]
)
def test_an_answer_that_the_route_does_not_name_is_passed_on(scene, retry):
    bad, good = two(scene, BUSY)
    weir = asked(scene, [bad, good], retry)
    assert settle(weir) == [200, 503]
    assert len(bad.requests) == 2


def test_the_last_answer_is_passed_on_as_it_is(scene):
    bad = scene.origin(response(b"sorry", "503 Service Unavailable", "X-Which: one"))
    weir = asked(scene, [bad], "{when: gateway-error, attempts: 2}")
    answer = weir.get()
    assert (answer.status, answer.body, answer.get("x-which")) == (503, b"sorry", "one")
    assert len(bad.requests) == 3
    row = weir.log()[0]
    assert (row["tries"], row["why"]) == ("3", "-")


def test_the_connection_of_a_declined_answer_is_used_again(scene):
    bad = scene.origin(BUSY)
    weir = asked(scene, [bad], "{when: gateway-error, attempts: 5}")
    weir.get()
    assert (len(bad.requests), bad.connections) == (6, 1)


def test_a_declined_answer_that_does_not_end_is_cut(scene):
    endless = once(b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n")
    bad, good = two(scene, endless)
    weir = asked(scene, [bad, good], "{when: gateway-error}")
    assert settle(weir, 2) == [200]
    until(bad.left, "its connection to be closed")


@pytest.mark.parametrize("extra, statuses", [("", [200, 503]), (", non_idempotent: on", [200])])
def test_a_post_is_repeated_only_if_the_route_says_so(scene, extra, statuses):
    bad, good = two(scene, BUSY)
    weir = asked(scene, [bad, good], f"{{when: gateway-error{extra}}}")
    assert settle(weir, method="POST", body=b"pay") == statuses
    assert all(request.body == b"pay" for request in bad.requests + good.requests)


def test_nothing_is_tried_again_behind_an_interim_answer(scene):
    bad, good = two(scene, b"HTTP/1.1 103 Early Hints\r\n\r\n" + BUSY)
    weir = asked(scene, [bad, good], "{when: gateway-error}")
    assert settle(weir) == [200, 503]


# ---- failures ----


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nConte", BEGIN + b"X: 1\r\n"])
def test_a_connection_that_ends_before_an_answer_is_tried_elsewhere(scene, begun):
    bad, good = two(scene, once(begun, then="close"))
    weir = asked(scene, [bad, good], "{when: reset}")
    assert settle(weir) == [200]
    assert len(bad.requests) >= 2 and len(good.requests) == 4


def test_nothing_is_tried_again_once_an_answer_was_begun(scene):
    seen = threading.Event()

    def half(wire, origin):
        origin.read_request(wire)
        wire.send(BEGIN + b"Content-Length: 10\r\n\r\nhalf")
        seen.wait(20)

    weir = asked(scene, [scene.origin(half)], "{when: [reset, 5xx, timeout], attempts: 5}")
    wire = weir.connect().send(get_bytes())
    assert wire.read_head().status == 200
    seen.set()
    assert wire.read_all() == b"half"
    row = weir.log()[0]
    assert (row["tries"], row["why"]) == ("1", "http_response_incomplete")


def test_an_answer_that_takes_too_long_is_tried_elsewhere(scene):
    bad, good = two(scene, once())
    weir = asked(scene, [bad, good], "{when: timeout}", timeouts="response: 200ms, drain: 1s")
    assert settle(weir, 2) == [200]
    assert weir.metric("weir_backend_retries_total", why="http_response_timeout") >= 1


def test_a_try_has_its_own_time(scene):
    bad, good = two(scene, once())
    weir = asked(scene, [bad, good], "{per_try_timeout: 200ms}")
    assert settle(weir, 2) == [200]
    assert weir.metric("weir_backend_retries_total", why="try_timeout") >= 1


def test_the_last_try_that_takes_too_long_is_504(scene):
    weir = asked(scene, [scene.origin(once())], "{per_try_timeout: 100ms, attempts: 2}")
    answer = weir.get()
    assert (answer.status, answer.get("proxy-status")) == (504, "weir; error=try_timeout")
    assert weir.log()[0]["tries"] == "3"


def test_an_upload_that_was_not_finished_is_sent_whole_to_the_next(scene):
    """The first endpoint answers before it has read the body; the second reads all of it."""
    bad = scene.origin(lambda wire, _: wire.read_head() and wire.send(BUSY).read_all())
    good = scene.origin()
    weir = asked(scene, [bad, good], "{when: gateway-error, attempts: 2}", backend="round-robin")
    for _ in range(2):
        wire = weir.connect()
        wire.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 30000\r\n\r\n" + b"a" * 10000)
        until(lambda: bad.wires or good.wires, "an endpoint to be asked")
        wire.send(b"b" * 20000)
        assert wire.read_response().status == 200
    assert {request.body for request in good.requests} == {b"a" * 10000 + b"b" * 20000}


@pytest.mark.parametrize("size", [100_000, 2_000_000])
def test_a_long_body_is_sent_again_if_the_route_keeps_it(scene, size):
    bad, good = two(scene, BUSY)
    weir = asked(scene, [bad, good], "{when: 5xx, body: 2MB}")
    body = bytes(range(256)) * (size // 256)
    assert settle(weir, 2, method="PUT", body=body) == [200]
    assert len(bad.requests) >= 1
    assert all(request.body == body for request in bad.requests + good.requests)
    assert weir.metric("weir_backend_bodies_not_kept_total", backend="app") == 0


def test_a_body_of_many_small_chunks_is_sent_again(scene):
    bad, good = two(scene, BUSY)
    weir = asked(scene, [bad, good], "{when: 5xx}")
    chunks = b"".join(b"%x\r\n%s\r\n" % (n, bytes([n]) * n) for n in range(1, 200))
    body = b"".join(bytes([n]) * n for n in range(1, 200))
    for _ in range(2):
        wire = weir.connect()
        wire.send(b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(chunks), 1000):
            wire.send(chunks[at : at + 1000])
        assert wire.send(b"0\r\n\r\n").read_response().status == 200
    assert len(bad.requests) >= 1
    assert {request.body for request in bad.requests + good.requests} == {body}


# ---- when, and where to ----


def test_a_lone_endpoint_is_asked_again_only_by_those_who_want_more_than_one_retry(scene):
    address = f"127.0.0.1:{free_port()}"
    assert asked(scene, [address], "1").get().status == 502
    assert scene.weirs[-1].log()[0]["tries"] == "1"
    assert asked(scene, [address], "3").get().status == 502
    assert scene.weirs[-1].log()[0]["tries"] == "4"


def test_each_endpoint_is_tried_once_before_any_is_tried_twice(scene):
    origins = [scene.origin(BUSY) for _ in range(4)]
    weir = asked(scene, origins, "{when: 5xx, attempts: 3, backoff: 1ms}")
    assert weir.get().status == 503
    assert [len(origin.requests) for origin in origins] == [1, 1, 1, 1]


def test_retry_after_is_waited_for(scene):
    times = []

    def script(wire, origin):
        for status in ("503 No", "200 OK"):
            origin.read_request(wire)
            times.append(time.monotonic())
            wire.send(response(b"", status, "Retry-After: 1"))

    weir = asked(
        scene, [scene.origin(script)], "{when: 5xx}", timeouts="request: 20s, drain: 3s"
    )
    assert weir.get().status == 200
    assert 1 <= times[1] - times[0] < 10


@pytest.mark.parametrize("timeouts", ["drain: 3s", "request: 20s, drain: 3s"])
def test_a_retry_after_that_is_too_long_is_passed_on(scene, timeouts):
    busy = response(b"", "503 No", "Retry-After: 30")
    origin = scene.origin(busy)
    weir = asked(scene, [origin], "{when: 5xx}", timeouts=timeouts)
    answer = weir.get()
    assert (answer.status, answer.get("retry-after"), len(origin.requests)) == (503, "30", 1)


def test_the_deadline_is_that_of_all_tries(scene):
    weir = asked(
        scene,
        [scene.origin(once())],
        "{per_try_timeout: 300ms, attempts: 10, backoff: 1ms}",
        timeouts="request: 1s, drain: 1s",
    )
    began = time.monotonic()
    assert weir.get().status == 504
    assert time.monotonic() - began < 3
    assert 2 <= int(weir.log()[0]["tries"]) <= 4


def test_a_client_that_leaves_during_a_pause_ends_it(scene):
    origin = scene.origin(BUSY)
    weir = asked(scene, [origin], "{when: 5xx, attempts: 10, backoff: 20s, max_backoff: 20s}")
    wires = [weir.connect().send(get_bytes()) for _ in range(8)]
    until(lambda: len(origin.requests) >= 8, "all to be answered once")
    for wire in wires:
        wire.close()
    gone = until(lambda: len(rows := weir.log(8)) >= 8 and rows, "their lines")
    assert {row["why"] for row in gone} == {"client_gone"}
    assert weir.metric("weir_http_requests_in_flight") == 0


def test_a_stop_does_not_wait_for_a_pause(scene):
    origin = scene.origin(BUSY)
    retry = "{when: 5xx, attempts: 10, backoff: 60s, max_backoff: 60s}"
    weir = asked(scene, [origin], retry, timeouts="drain: 100ms")
    for _ in range(4):
        weir.connect().send(get_bytes())
    until(lambda: len(origin.requests) >= 4, "all to be answered once")
    weir.stop()


def test_routes_begin_with_the_defaults_and_say_what_differs(scene):
    bad, good = two(scene, BUSY)
    weir = scene.start(
        f"""\
defaults: {{retry: {{when: gateway-error}}}}
listen: {{http: {{address: "127.0.0.1:0"}}}}
routes:
  - {{match: "*/plain", to: app}}
  - {{match: "*/less", to: app, retry: {{when: []}}}}
  - {{match: "*/off", to: app, retry: off}}
backends: {{app: {{endpoints: ["{bad}", "{good}"], balance: round-robin, outlier: off}}}}
"""
    )
    assert settle(weir, path="/plain") == [200]
    assert settle(weir, path="/less") == [200, 503]
    assert settle(weir, path="/off") == [200, 503]
    weir.reload(weir.file.read_text().replace("gateway-error", "reset"))
    assert settle(weir, path="/plain") == [200, 503]


def test_many_at_once_are_all_served_by_the_good_half(scene):
    bad = [scene.origin(BUSY), scene.origin(once(then="reset")), free_port()]
    good = [scene.origin() for _ in range(3)]
    endpoints = [*bad[:2], f"127.0.0.1:{bad[2]}", *good]
    weir = asked(scene, endpoints, "{when: [5xx, reset], attempts: 5}")
    statuses = []

    def client():
        wire = weir.connect()
        statuses.extend(wire.ask(get_bytes()).status for _ in range(50))

    threads = [threading.Thread(target=client) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 300


# ---- how long ----


def timed(scene, endpoint, route, timeouts="drain: 1s", extra=""):
    return scene.start(
        f"""\
{extra}
listen: {{http: {{address: "127.0.0.1:0"}}}}
timeouts: {{{timeouts}}}
routes:
  - {{match: any, to: app}}
  - {{match: "*/own", to: app, {route}}}
backends: {{app: {{endpoints: ["{endpoint}"], outlier: off}}}}
"""
    )


@pytest.mark.parametrize(
    "route, word",
    [
        ("timeouts: {response: 200ms}", "http_response_timeout"),
        ("timeouts: {request: 200ms}", "deadline_exceeded"),
        ("retry: {per_try_timeout: 200ms, attempts: off}", "try_timeout"),
    ],
)
def test_each_time_of_a_route_has_a_word_of_its_own(scene, route, word):
    weir = timed(scene, scene.origin(once()), route)
    answer = weir.get("/own")
    assert (answer.status, answer.get("proxy-status")) == (504, f"weir; error={word}")
    assert weir.log()[0]["why"] == word


def test_a_route_may_take_longer_than_others(scene):
    slow = scene.origin(answering(lambda _: time.sleep(0.6) or OK))
    weir = timed(scene, slow, "timeouts: {response: 20s}", timeouts="response: 200ms")
    assert (weir.get("/").status, weir.get("/own").status) == (504, 200)


def test_a_body_may_stand_still_as_long_as_its_route_says(scene):
    def script(wire, origin):
        origin.read_request(wire)
        wire.send(BEGIN + b"Content-Length: 8\r\n\r\nhalf")
        time.sleep(0.8)
        wire.send(b"rest")

    own = "timeouts: {body: 20s, request: off}"
    weir = timed(scene, scene.origin(script), own, timeouts="body: 200ms, request: 20s")
    assert weir.get("/own").body == b"halfrest"
    assert weir.connect().send(get_bytes("/")).read_all().endswith(b"half")


def test_a_deadline_cuts_an_answer_that_has_begun(scene):
    def script(wire, origin):
        origin.read_request(wire)
        wire.send(BEGIN + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            wire.send(b"1\r\nx\r\n")
            time.sleep(0.05)

    weir = timed(scene, scene.origin(script), "timeouts: {request: 400ms}")
    wire = weir.connect().send(get_bytes("/own"))
    assert not wire.read_all().endswith(b"0\r\n\r\n")
    row = weir.log()[0]
    assert (row["status"], row["why"]) == ("200", "deadline_exceeded")


def test_an_endpoint_is_told_how_long_it_has(scene):
    origin = scene.origin(answering(lambda request: response(request.get("x-deadline-ms").encode())))
    weir = timed(scene, origin, "timeouts: {request: 20s}")
    assert 15_000 < int(weir.get("/own", fields=["X-Deadline-Ms: 60000"]).body) <= 20_000
    own = "timeouts: {request: 20s}, retry: {per_try_timeout: 5s}"
    assert 4_000 < int(timed(scene, origin, own).get("/own").body) <= 5_000


def test_an_endpoint_is_told_of_no_deadline_where_there_is_none(scene):
    weir, origin = scene.front()
    assert weir.get(fields=["X-Deadline-Ms: 1"]).status == 200
    assert origin.last.get("x-deadline-ms") is None


@pytest.mark.parametrize("value, told", [("2000", 2_000), ("60000", 20_000), ("-1", 20_000)])
def test_the_deadline_of_a_trusted_proxy_counts_if_it_is_sooner(scene, value, told):
    origin = scene.origin()
    extra = "trusted_proxies: 127.0.0.0/8\n"
    weir = timed(scene, origin, "timeouts: {request: 20s}", extra=extra)
    assert weir.get("/own", fields=[f"X-Deadline-Ms: {value}"]).status == 200
    assert told - 1_500 < int(origin.last.get("x-deadline-ms")) <= told


def test_nothing_is_begun_behind_the_deadline(scene):
    origin = scene.origin()
    weir = timed(scene, origin, "priority: high", extra="trusted_proxies: 127.0.0.0/8\n")
    answer = weir.get("/own", fields=["X-Deadline-Ms: 0"])
    assert (answer.status, answer.get("proxy-status")) == (504, "weir; error=deadline_exceeded")
    assert not origin.requests


# ---- how many ----


async def busy_endpoint(reader, writer):
    """Takes its time for each request, and then declines it."""
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            await asyncio.sleep(0.05)
            writer.write(BUSY)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def ask_many(address, requests):
    """One client after the other on one connection; how many of its answers were 503."""
    reader, writer = await asyncio.open_connection(*address)
    declined = 0
    for _ in range(requests):
        writer.write(get_bytes())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(4)  # busy
        declined += head.startswith(b"HTTP/1.1 503 ")
    writer.close()
    return declined


def test_the_load_of_endpoints_is_bounded_however_many_retries_are_asked_for(scene):
    """A hundred thousand retries are asked for, as all answers are bad: 1.2 times the load, no more."""
    clients, each = 100, 100

    async def play():
        server = await asyncio.start_server(busy_endpoint, "127.0.0.1", 0)
        weir = scene.start(
            f"""\
listen: {{http: {{address: "127.0.0.1:0"}}}}
defaults: {{retry: {{when: 5xx, attempts: 10, backoff: 1ms, max_backoff: 1ms}}}}
routes: [{{match: any, to: app}}]
log: {{access: off}}
backends:
  app:
    endpoints: ["127.0.0.1:{server.sockets[0].getsockname()[1]}"]
    retry_budget: 20%
    outlier: off
"""
        )
        asked = [ask_many(weir.address(), each) for _ in range(clients)]
        assert sum(await asyncio.gather(*asked)) == clients * each
        server.close()
        return weir

    weir = asyncio.run(play())
    retries = weir.metric("weir_backend_retries_total", backend="app", why="503")
    # A share of what is under way: of the counts, the same only as far as all tries last as long.
    assert 0.1 < retries / (clients * each) < 0.25
    denied = weir.metric("weir_backend_retry_budget_exhausted_total", backend="app", why="503")
    assert denied > 0.8 * clients * each


def test_what_cannot_connect_is_tried_elsewhere_whatever_the_budget(scene):
    good = scene.origin(answering(lambda _: time.sleep(0.02) or OK))
    weir = scene.proxy([f"127.0.0.1:{free_port()}", good], "retry_budget: 1%, outlier: off")

    def client():
        wire = weir.connect()
        assert {wire.ask(get_bytes()).status for _ in range(20)} == {200}

    together(*[client] * 20)
    assert weir.metric("weir_backend_retries_total", why="connection_refused") > 50
    assert weir.metric("weir_backend_retry_budget_exhausted_total") == 0


def test_a_body_that_is_not_kept_is_said_in_the_log(scene):
    origin = scene.origin(lambda wire, o: o.read_request(wire) and wire.send(BUSY) and wire.read_all())
    weir = asked(scene, [origin], "{when: 5xx, body: 1KB}")
    assert weir.get(method="PUT", body=b"x" * 2000).status == 503
    assert weir.log()[0]["retry"] == "body_not_kept"
    assert weir.metric("weir_backend_bodies_not_kept_total", backend="app") == 1
    assert len(origin.requests) == 1
