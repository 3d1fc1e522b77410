"""Endpoints are left out for what their requests come to, and taken back."""

import itertools
import json
import re
import threading
import time

from origin import OK, answering, free_port, once, response
from raw import until
from weir import get_bytes

ERROR = response(b"no", "500 Internal Server Error")
BUSY = response(b"no", "503 Service Unavailable")
FAST = "outlier: {ejection: 300ms, interval: 100ms}"


def pair(scene, bad, backend=FAST, **how):
    """A weir in front of one good endpoint and of one that is as told."""
    good = scene.origin(OK)
    weir = scene.proxy([good, bad], f"balance: round-robin, {backend}", **how)
    return weir, good


def ejected(weir, endpoint):
    return weir.metric("weir_endpoint_ejected", endpoint=endpoint) == 1


def use_until_ejected(weir, endpoint, n=40):
    """Requests until the endpoint is left out; their statuses."""
    wire, statuses = weir.connect(), []
    for _ in range(n):
        statuses.append(wire.ask(get_bytes()).status)
        if "ejected:" in weir.stderr:
            return statuses
    until(lambda: ejected(weir, endpoint), "the ejection")
    return statuses


def test_an_endpoint_that_fails_five_times_in_a_row_is_left_out(scene):
    bad = scene.origin(ERROR)
    weir, good = pair(scene, bad, "outlier: {ejection: 60s}")
    statuses = use_until_ejected(weir, bad)
    assert statuses.count(500) >= 5
    had = len(bad.requests)
    wire = weir.connect()
    assert [wire.ask(get_bytes()).status for _ in range(20)] == [200] * 20
    assert len(bad.requests) == had
    line = f"app/{bad} ejected: 5 failures in a row, left out for 60 s (ejection 1); 1 of 2 left"
    assert line in weir.stderr
    events = [event["what"] for event in json.loads(weir.admin("/history").body)]
    assert line in events
    assert weir.metric("weir_endpoint_up", endpoint=bad) == 0
    name = "weir_endpoint_ejections_total"
    assert weir.metric(name, endpoint=bad, detector="consecutive_failures") == 1
    assert "ejected" in weir.cli("explain", weir.url(), "--live").stdout


def test_it_comes_back_when_its_time_is_over_and_stays_away_longer_the_next_time(scene):
    answers = {"now": ERROR}
    bad = scene.origin(answering(lambda _: answers["now"]))
    weir, good = pair(scene, bad, "outlier: {ejection: 300ms, interval: 60s}")
    use_until_ejected(weir, bad)
    until(lambda: f"app/{bad} unchecked: its time is over" in weir.stderr, "its return")
    wire = weir.connect()
    until(lambda: wire.ask(get_bytes()) and "(ejection 2)" in weir.stderr, "its second ejection")
    assert "left out for 600 ms (ejection 2)" in weir.stderr
    answers["now"] = OK
    until(lambda: weir.stderr.count("its time is over") == 2, "its second return")
    had = len(bad.requests)
    assert [wire.ask(get_bytes()).status for _ in range(20)] == [200] * 20
    assert len(bad.requests) == had + 10


def test_a_check_that_passes_brings_it_back_before_its_time(scene):
    bad = scene.origin(answering(lambda r: OK if r.target == "/healthz" else ERROR))
    weir, _ = pair(scene, bad, "outlier: {ejection: 60s}, check: GET /healthz every 500ms")
    use_until_ejected(weir, bad)
    until(lambda: f"app/{bad} up: status 200 (GET /healthz)" in weir.stderr, "its return")
    assert not ejected(weir, bad)


def test_one_success_ends_a_streak(scene):
    answers = iter([ERROR, ERROR, ERROR, ERROR, OK] * 20)
    origins = [scene.origin(answering(lambda _: next(answers))), scene.origin(OK)]
    weir = scene.proxy(origins, "balance: round-robin")
    wire = weir.connect()
    statuses = [wire.ask(get_bytes()).status for _ in range(100)]
    assert statuses.count(500) == 40
    assert "ejected" not in weir.stderr


def test_no_answer_counts_by_itself_where_that_is_asked(scene):
    bad = f"127.0.0.1:{free_port()}"
    weir, good = pair(scene, bad, "outlier: {consecutive_local_errors: 3, ejection: 60s}")
    wire = weir.connect()
    assert [wire.ask(get_bytes()).status for _ in range(10)] == [200] * 10
    until(lambda: ejected(weir, bad), "the ejection")
    assert "3 times no answer in a row" in weir.stderr


def test_an_answer_that_is_cut_short_is_a_failure(scene):
    bad = scene.origin(once(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome", then="close"))
    weir, good = pair(scene, bad, "outlier: {ejection: 60s}")

    def cut():
        wire = weir.connect()
        wire.send(get_bytes(fields=["Connection: close"]))
        wire.read_all()
        return "ejected:" in weir.stderr

    until(cut, "the ejection")
    assert len(bad.requests) == 5


def call(wire):
    """One call of gRPC; what its trailers say it came to."""
    wire.send(get_bytes("/a.B/C", method="POST", fields=["Content-Type: application/grpc"]))
    wire.read_response()
    return wire


def test_a_call_that_ends_badly_is_a_failure_although_its_http_status_is_200(scene):
    begin = b"HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n"
    good, other, bad = (
        scene.origin(begin + b"0\r\nGrpc-Status: %d\r\n\r\n" % status) for status in (0, 9, 14)
    )
    rules = "outlier: {ejection: 60s, consecutive_failures: off, consecutive_gateway_errors: 5}"
    weir = scene.proxy([good, other, bad], f"balance: round-robin, {rules}")
    wire = weir.connect()
    for _ in range(30):
        call(wire)
    until(lambda: ejected(weir, bad), "the ejection")
    assert weir.metric("weir_endpoint_ejected") == 1 and not ejected(weir, other)


def test_the_last_usable_endpoint_stays_and_that_is_told(scene):
    bad = scene.origin(ERROR)
    weir = scene.proxy(bad, "outlier: {interval: 60s}")
    wire = weir.connect()
    assert [wire.ask(get_bytes()).status for _ in range(30)] == [500] * 30
    line = f"app/{bad} not ejected: 5 failures in a row, but it is the last usable one"
    until(lambda: line in weir.stderr, "the line")
    assert weir.stderr.count("not ejected") == 1
    until(
        lambda: weir.metric("weir_endpoint_ejections_withheld_total", endpoint=bad) >= 1,
        "the count",
    )


def test_no_more_are_left_out_than_max_ejected_says(scene):
    bad = [scene.origin(BUSY) for _ in range(2)]
    good = [scene.origin(OK) for _ in range(2)]
    weir = scene.proxy(bad + good, "balance: round-robin, outlier: {ejection: 60s}")
    wire = weir.connect()
    for _ in range(60):
        wire.ask(get_bytes())
    until(lambda: "enough others are ejected" in weir.stderr, "the line")
    assert weir.metric("weir_endpoint_ejected") == 1


def test_a_tcp_endpoint_that_refuses_is_left_out(scene):
    bad, good = f"127.0.0.1:{free_port()}", scene.origin(OK)
    weir = scene.start(
        f"""\
listen: {{db: {{address: "127.0.0.1:0", protocol: tcp, to: app}}}}
backends:
  app: {{endpoints: ["{good}", "{bad}"], balance: round-robin, outlier: {{ejection: 60s}}}}
"""
    )

    def ask():
        wire = weir.connect("db")
        assert wire.ask(get_bytes()).status == 200
        return "ejected:" in weir.stderr

    until(ask, "the ejection")
    retries = weir.metric("weir_backend_retries_total", backend="app")
    assert ask() and ask() and ask()
    assert weir.metric("weir_backend_retries_total", backend="app") == retries


COMPARED = "min_endpoints: 3, min_requests: 10, interval: 1s, ejection: 60s"


def compare(scene, bad, detector):
    """Two good endpoints and a bad one under load until one is left out."""
    good = [scene.origin(OK) for _ in range(2)]
    backend = f"balance: round-robin, outlier: {{consecutive_failures: off, {detector}, {COMPARED}}}"
    weir = scene.proxy([*good, bad], backend)
    wire = weir.connect()

    def use():
        for _ in range(30):
            wire.ask(get_bytes())
        return "ejected:" in weir.stderr

    until(use, "the ejection")
    assert ejected(weir, bad) and weir.metric("weir_endpoint_ejected") == 1
    return weir


def every_other():
    replies = itertools.cycle([ERROR, OK])
    return answering(lambda _: next(replies))


def test_an_endpoint_that_succeeds_less_than_the_others_is_left_out(scene):
    weir = compare(scene, scene.origin(every_other()), "success_rate: 100%")
    assert re.search(r"ejected: [45]\d\.\d\d% succeed, the limit is \d\d\.\d\d%", weir.stderr)


def test_an_endpoint_that_fails_too_often_is_left_out(scene):
    how = "success_rate: off, failure_percentage: 40%"
    weir = compare(scene, scene.origin(every_other()), how)
    assert re.search(r"ejected: [45]\d\.\d\d% fail, the limit is 40\.00%", weir.stderr)


def test_an_endpoint_that_is_slower_than_the_others_is_left_out(scene):
    slow = scene.origin(answering(lambda _: time.sleep(0.03) or OK))
    weir = compare(scene, slow, "success_rate: off, latency: 300%")
    assert re.search(r"ejected: 19 of 20 answers take up to \d+ ms", weir.stderr)
    name = "weir_endpoint_ejections_total"
    assert weir.metric(name, endpoint=slow, detector="latency") == 1


def test_off_is_off_and_a_reload_that_says_so_brings_all_back(scene):
    bad = scene.origin(ERROR)
    weir, good = pair(scene, bad, "outlier: {ejection: 1h}")
    use_until_ejected(weir, bad)
    until(lambda: ejected(weir, bad), "the ejection")
    text = weir.file.read_text().replace("outlier: {ejection: 1h}", "outlier: off")
    assert weir.reload(text).returncode == 0
    assert not ejected(weir, bad)
    wire = weir.connect()
    assert [wire.ask(get_bytes()).status for _ in range(40)].count(500) == 20
    assert weir.metric("weir_endpoint_ejections_total", endpoint=bad) == 1


def test_a_reload_keeps_who_is_left_out(scene):
    bad = scene.origin(ERROR)
    weir, good = pair(scene, bad, "outlier: {ejection: 1h}")
    use_until_ejected(weir, bad)
    until(lambda: ejected(weir, bad), "the ejection")
    assert weir.reload(weir.file.read_text() + "log: {level: debug}\n").returncode == 0
    assert ejected(weir, bad)


def test_many_workers_count_one_streak(scene):
    bad = scene.origin(ERROR)
    weir, good = pair(scene, bad, "outlier: {ejection: 60s}", workers=4)
    threads = []

    def use():
        for _ in range(10):
            weir.get()

    for _ in range(4):
        threads.append(threading.Thread(target=use))
        threads[-1].start()
    for thread in threads:
        thread.join()
    until(lambda: ejected(weir, bad), "the ejection")
    assert weir.stderr.count("ejected:") == 1


def three_of_four_fail(scene, how):
    answers = {"now": ERROR}
    bad = [scene.origin(answering(lambda _: answers["now"])) for _ in range(3)]
    rules = "outlier: {max_ejected: 100%, ejection: 2s, interval: 60s}"
    weir = scene.proxy([*bad, scene.origin(OK)], f"balance: round-robin, {rules}, {how}")
    wire = weir.connect()
    for _ in range(60):
        wire.ask(get_bytes())
    until(lambda: weir.stderr.count("ejected:") == 3, "three ejections")
    return weir, wire, answers


def test_with_too_few_endpoints_left_all_are_used_until_enough_are_back(scene):
    weir, wire, answers = three_of_four_fail(scene, "panic: 50%")
    line = "backend app panics: 1 of 4 endpoints left, with less than 50% all are used"
    until(lambda: line in weir.stderr, "the line")
    assert weir.metric("weir_backend_panic", backend="app") == 1
    assert weir.metric("weir_endpoint_up", backend="app") == 1
    assert [wire.ask(get_bytes()).status for _ in range(20)].count(500) == 15
    assert "panic: all of them are used" in weir.cli("explain", weir.url(), "--live").stdout
    answers["now"] = OK
    until(lambda: "backend app panics no more" in weir.stderr, "the end of it")
    assert weir.metric("weir_backend_panic", backend="app") == 0
    events = [event["what"] for event in json.loads(weir.admin("/history").body)]
    assert line in events


def test_without_panic_those_that_are_left_get_everything(scene):
    weir, wire, _ = three_of_four_fail(scene, "panic: off")
    assert [wire.ask(get_bytes()).status for _ in range(20)] == [200] * 20
    assert weir.metric("weir_backend_panic", backend="app") == 0
