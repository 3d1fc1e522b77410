"""Endpoints that fail in bulk, in bursts and back and forth, while clients go on asking."""

import threading

import pytest

from origin import OK, answering, response
from raw import until
from weir import get_bytes

BUSY = response(b"no", "503 Service Unavailable")
RETRY = "defaults: {retry: {when: gateway-error, attempts: 3, backoff: 1ms, max_backoff: 5ms}}"
SOON = "outlier: {ejection: 300ms, interval: 10s, max_ejected: 50%}"
GENEROUS = f"{SOON}, retry_budget: off"  # all of the few clients may fail at once


class Crowd:
    """Clients that ask without end; what their answers were."""

    def __init__(self, weir, n=4):
        self.weir, self.statuses, self.over = weir, [], threading.Event()
        self.threads = [threading.Thread(target=self.ask) for _ in range(n)]
        for thread in self.threads:
            thread.start()

    def ask(self):
        wire = self.weir.connect()
        while not self.over.is_set():
            self.statuses.append(wire.ask(get_bytes()).status)

    def served(self, more):
        """Waits until so many more have their answer."""
        have = len(self.statuses)
        until(lambda: len(self.statuses) >= have + more, "answers")

    def leave(self):
        self.over.set()
        for thread in self.threads:
            thread.join(20)
            assert not thread.is_alive(), "a client hangs"
        return self.statuses


@pytest.fixture
def crowd():
    crowds = []

    def crowd(weir, **how):
        crowds.append(Crowd(weir, **how))
        return crowds[-1]

    yield crowd
    for each in crowds:
        each.leave()


def moody(scene, answers):
    """An endpoint that says what answers["now"] is."""
    return scene.origin(answering(lambda _: answers["now"]))


def test_half_of_the_endpoints_vanish_and_no_client_notices(scene, crowd):
    origins = [scene.origin(OK) for _ in range(6)]
    weir = scene.proxy(origins, GENEROUS, extra=RETRY.replace("gateway-error", "[gateway-error, reset]"))
    clients = crowd(weir)
    clients.served(100)
    for origin in origins[:3]:
        origin.close()
    clients.served(300)
    until(lambda: weir.stderr.count("left out for") >= 3, "their ejection")
    clients.served(100)
    assert set(clients.leave()) == {200}
    assert weir.metric("weir_endpoint_ejections_total", endpoint=origins[5]) == 0


def test_an_endpoint_that_flaps_is_left_out_for_longer_and_longer(scene, crowd):
    answers = {"now": BUSY}
    origins = [scene.origin(OK), scene.origin(OK), moody(scene, answers)]
    weir = scene.proxy(origins, f"balance: round-robin, {GENEROUS}", extra=RETRY)
    clients = crowd(weir)
    for nth in (1, 2, 3):
        answers["now"] = BUSY
        until(lambda: f"(ejection {nth})" in weir.stderr, f"ejection {nth}")
        answers["now"] = OK
        until(lambda: weir.stderr.count("its time is over") == nth, f"return {nth}")
        clients.served(20)
    assert set(clients.leave()) == {200}
    assert all(f"left out for {how} (" in weir.stderr for how in ("300 ms", "600 ms", "900 ms"))


def test_a_burst_of_errors_everywhere_costs_nobody_more_than_the_burst(scene, crowd):
    answers = {"now": OK}
    origins = [moody(scene, answers) for _ in range(4)]
    weir = scene.proxy(origins, f"balance: round-robin, {SOON}")
    clients = crowd(weir)
    clients.served(50)
    answers["now"] = BUSY
    until(lambda: "enough others are ejected" in weir.stderr, "the cap")
    answers["now"] = OK
    left_out = weir.stderr.count("left out for")
    assert left_out <= 2
    until(lambda: weir.stderr.count("its time is over") == left_out, "the end of all ejections")
    clients.served(50)  # what was under way when it ended
    before = [len(origin.requests) for origin in origins]
    begun = len(clients.statuses)
    clients.served(100)
    assert set(clients.leave()[begun:]) == {200}
    assert all(len(origin.requests) > had for origin, had in zip(origins, before))


def test_when_all_are_down_clients_are_told_at_once_and_served_as_soon_as_one_is_back(scene, crowd):
    origins = [scene.origin(OK) for _ in range(3)]
    weir = scene.proxy(origins, "outlier: {ejection: 300ms, interval: 10s, max_ejected: 100%}")
    clients = crowd(weir)
    clients.served(50)
    ports = [origin.port for origin in origins]
    for origin in origins:
        origin.close()
    until(lambda: "but it is the last usable one" in weir.stderr, "the last one to stay")
    begun = len(clients.statuses)
    clients.served(100)
    assert set(clients.statuses[begun:]) <= {502, 503}
    scene.origin(OK, port=ports[0])
    until(lambda: clients.statuses[-1] == 200, "service again")
    clients.leave()


def test_a_reset_in_the_middle_of_an_answer_is_never_an_end(scene):
    whole = response(b"x" * 4000)
    cut = scene.origin(whole[:2000], then="reset")
    weir = scene.proxy([cut, scene.origin(OK)], "balance: round-robin, outlier: {ejection: 60s}")

    def ask():
        wire = weir.connect().send(get_bytes())
        try:
            answer = wire.read_response()
        except (EOFError, ConnectionResetError):
            return "ejected:" in weir.stderr
        assert answer.body == b"ok"
        return "ejected:" in weir.stderr

    until(ask, "its ejection")
    assert weir.metric("weir_endpoint_up", endpoint=cut) == 0
    assert {weir.get().body for _ in range(10)} == {b"ok"}


def test_without_descriptors_for_endpoints_clients_are_told_and_no_endpoint_is_blamed(scene):
    go = threading.Event()
    origins = [scene.origin(answering(lambda _: go.wait(20) and OK)) for _ in range(2)]
    how = {"extra": "overload: {files: off}", "workers": 1, "files": 80}
    weir = scene.proxy(origins, "outlier: {consecutive_failures: 1, ejection: 60s}", **how)
    wires = [weir.connect() for _ in range(45)]
    until(lambda: weir.metric("weir_listener_connections", listener="http") == 45, "all of them")
    for wire in wires:
        wire.send(get_bytes())
    refused = weir.log()[0]
    assert (refused["status"], refused["why"]) == ("503", "connection_limit_reached")
    go.set()
    for wire in wires:
        wire.close()
    until(lambda: weir.get().status == 200, "descriptors")
    assert weir.metric("weir_endpoint_ejected") == 0
    assert [weir.get().status for _ in range(10)] == [200] * 10
