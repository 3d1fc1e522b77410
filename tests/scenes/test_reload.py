"""Reload in place: the whole new file or nothing, and nobody notices but those it concerns."""

import collections
import re
import signal
import threading
import time

import pytest

from origin import OK, answering, free_port, response
from raw import until
from test_upgrade import ASK, SWITCH
from weir import get_bytes


def named(scene, name):
    return scene.origin(answering(response(name.encode())))


def text(routes, backends, extra="", **ports):
    """A file with listener http on any port, and others by name and port."""
    ports = {"http": 0, **ports}
    listen = "".join(f'  {name}: {{address: "127.0.0.1:{ports[name]}"}}\n' for name in ports)
    rows = "".join(f"  - match: {match}\n    to: {to}\n" for match, to in routes)
    ends = "".join(f"  {name}: {{endpoints: ['{end}']}}\n" for name, end in backends.items())
    return f"listen:\n{listen}routes:\n{rows}backends:\n{ends}timeouts: {{drain: 2s}}\n{extra}"


def generation(weir):
    return weir.metric("weir_config_generation")


def test_sighup_swaps_routes_and_backends(scene):
    one, two = named(scene, "one"), named(scene, "two")
    weir = scene.start(text([("any", "one")], {"one": one}))
    kept = weir.connect()
    assert kept.ask(get_bytes()).body == b"one"
    first = generation(weir)
    weir.write(
        text(
            [("any", "one"), ("'*/v2/*'".replace("*/", "a.test/"), "two")],
            {"one": one, "two": two},
        )
    )
    weir.signal(signal.SIGHUP)
    until(lambda: generation(weir) == first + 1, "the reload")
    assert kept.ask(get_bytes("/v2/x", "a.test")).body == b"two"
    assert kept.ask(get_bytes()).body == b"one"
    assert weir.metric("weir_config_last_reload_success") == 1


def test_listeners_come_and_go(scene):
    origin = named(scene, "one")
    weir = scene.start(text([("any", "one")], {"one": origin}, old=free_port()))
    old, port = weir.connect("old"), weir.address()
    assert old.ask(get_bytes()).body == b"one"
    done = weir.reload(text([("any", "one")], {"one": origin}, new=free_port()))
    assert done.returncode == 0, done.stderr
    assert weir.get(listener="new").body == b"one"
    assert weir.ports["http"] == port and weir.get().body == b"one"

    def refused():
        try:
            return weir.connect("old").close()
        except ConnectionRefusedError:
            return True

    until(refused, "the old listener to be gone")
    assert b"" == old.read_all() or old.ask(get_bytes()).body == b"one"


def test_endpoints_come_and_go(scene):
    one, two = named(scene, "one"), named(scene, "two")
    weir = scene.start(text([("any", "app")], {"app": one}))
    wire = weir.connect()
    assert wire.ask(get_bytes()).body == b"one"
    assert weir.reload(text([("any", "app")], {"app": two})).returncode == 0
    assert [wire.ask(get_bytes()).body for _ in range(5)] == [b"two"] * 5
    until(
        lambda: all(one.left(n) for n in range(one.connections)),
        "idle connections to the old endpoint to end",
    )


def test_a_running_request_finishes_on_its_old_endpoint(scene):
    hold = threading.Event()
    one, two = scene.origin(answering(lambda _: hold.wait(30) and OK)), named(scene, "two")
    weir = scene.start(text([("any", "app")], {"app": one}))
    wire = weir.connect().send(get_bytes())
    until(lambda: one.requests, "the request to arrive")
    assert weir.reload(text([("any", "app")], {"app": two})).returncode == 0
    assert weir.get().body == b"two"
    hold.set()
    assert wire.read_response().body == b"ok"
    assert wire.ask(get_bytes()).body == b"two"


BAD = {
    "syntax": ("listen: [", "error"),
    "unknown_key": ("rotues: []\n", 'unknown key "rotues"'),
    "empty": ("", "error"),
    "unknown_backend": ("routes: [{match: any, to: nowhere}]\n", '"nowhere"'),
}


@pytest.mark.parametrize("bad, says", BAD.values(), ids=BAD)
@pytest.mark.parametrize("by", ["command", "signal"])
def test_a_bad_file_leaves_the_old_one_serving(scene, bad, says, by):
    weir = scene.start(text([("any", "app")], {"app": named(scene, "one")}))
    before = generation(weir)
    weir.file.write_text(bad)
    if by == "command":
        done = weir.cli("reload", "--wait")
        assert done.returncode == 3
        assert says in done.stderr + done.stdout and "weir.yaml:" in done.stderr + done.stdout
    else:
        weir.signal(signal.SIGHUP)
    until(lambda: weir.metric("weir_config_last_reload_success") == 0, "the reload to fail")
    assert says in weir.stderr and "weir.yaml:" in weir.stderr
    assert generation(weir) == before
    assert (
        sum(
            v
            for k, v in weir.metrics().items()
            if k.startswith("weir_config_reloads_total") and "ok" not in k and "success" not in k
        )
        >= 1
    )
    assert weir.get().body == b"one"


def test_a_listener_that_cannot_be_bound_leaves_the_old_file(scene):
    origin = named(scene, "one")
    good = text([("any", "app")], {"app": origin})
    weir = scene.start(good)
    done = weir.reload(good.replace("listen:\n", f'listen:\n  taken: {{address: "{origin}"}}\n'))
    assert done.returncode != 0
    assert f"cannot listen on {origin}" in done.stdout + done.stderr
    assert weir.get().body == b"one" and "taken" not in weir.ports
    assert weir.reload(good).returncode == 0


def test_the_difference_is_printed_and_logged(scene):
    one, two = named(scene, "one"), named(scene, "two")
    weir = scene.start(text([("a.test/*", "one"), ("b.test/*", "one")], {"one": one}))
    done = weir.reload(
        text(
            [("a.test/*", "two"), ("c.test/*", "one")],
            {"one": one, "two": two},
            more=free_port(),
        )
    )
    assert done.returncode == 0
    assert re.search(r"generation \d+ \(was \d+\)", done.stdout)
    for line in (
        r"~ route a\.test/\*.*one.*two",
        r"- route b\.test/\*",
        r"\+ route c\.test/\*",
        r"\+ (backend|endpoint) two",
        r"\+ listener more",
    ):
        assert re.search(line, done.stdout), (line, done.stdout)
        assert re.search(line, weir.stderr), (line, weir.stderr)


def test_an_unchanged_file_says_so_and_keeps_everything(scene):
    weir = scene.start(text([("any", "app")], {"app": named(scene, "one")}))
    wire = weir.connect()
    wire.ask(get_bytes())
    done = weir.reload()
    assert done.returncode == 0 and not re.search(r"^\s+[~+-] ", done.stdout, re.M)
    assert wire.ask(get_bytes()).body == b"one"
    assert scene.origins[0].connections == 1 or weir.workers > 1


def test_counters_survive_a_reload(scene):
    weir = scene.start(text([("any", "app")], {"app": named(scene, "one")}))
    for _ in range(5):
        weir.get()
        weir.reload()
    assert weir.metric("weir_http_requests_total", code="200") == 5


class Load:
    """Clients of every kind, in threads, that note every failure until they are told to stop."""

    def __init__(self, weir):
        self.weir, self.failures, self.stop = weir, [], threading.Event()
        self.turns = collections.Counter()
        kinds = [self.keep_alive, self.keep_alive, self.new_connections, self.uploads, self.tunnels]
        self.threads = [threading.Thread(target=self.play, args=(kind,)) for kind in kinds]
        for thread in self.threads:
            thread.start()

    def play(self, kind):
        turn = kind()
        try:
            while not self.stop.is_set():
                next(turn)
                self.turns[kind.__name__] += 1
        except Exception as failure:
            self.failures.append((kind.__name__, repr(failure)))

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        assert self.failures == []

    def keep_alive(self):
        wire = self.weir.connect()
        while True:
            assert wire.ask(get_bytes()).body == b"ok"
            yield

    def new_connections(self):
        while True:
            assert self.weir.get().body == b"ok"
            yield

    def uploads(self):
        while True:
            wire = self.weir.connect().send(
                get_bytes(method="PUT", fields=["Content-Length: 500000"])
            )
            for _ in range(50):
                wire.send(b"x" * 10000)
                time.sleep(0.005)
            assert wire.read_response().body == b"ok"
            wire.close()
            yield

    def tunnels(self):
        wire = self.weir.connect().send(get_bytes("/ws", fields=ASK))
        assert wire.read_response().status == 101
        while True:
            assert wire.send(b"ping").read(4) == b"ping"
            time.sleep(0.002)
            yield


def serve_all(wire, origin):
    while True:
        request = wire.read_request()
        if request.target != "/ws":
            wire.send(OK)
            continue
        wire.send(SWITCH)
        while wire.more():
            wire.send(wire.take(len(wire.buffer)))
        return


def test_two_hundred_reloads_under_load_lose_nothing(scene):
    one, *others = [scene.origin(serve_all) for _ in range(3)]
    port = free_port()
    files = [
        text(
            [("any", "app"), (f"r{i}.test/*", "app")],
            {"app": f"{one}', '{others[i % 2]}"},
            **({"more": port} if i % 2 else {}),
        )
        for i in range(4)
    ]
    weir, sizes = scene.start(files[0]), []
    load = Load(weir)
    for i in range(200):
        turns = load.turns.total()
        weir.write(files[i % 4])
        if i % 10:
            done = weir.admin("/reload", "POST", ["Content-Type: application/json"])
            assert done.status == 200, done.body
        else:
            assert weir.reload().returncode == 0
        until(lambda: load.turns.total() > turns + 20 or load.failures, "traffic after a reload")
        if i in (40, 199):
            sizes.append(weir.rss())
    load.end()
    assert all(load.turns[kind] >= 5 for kind in ("new_connections", "uploads", "tunnels"))
    assert sizes[1] - sizes[0] < 16 << 10, sizes
    assert generation(weir) >= 200
    assert weir.metric("weir_http_local_responses_total") == 0


def test_a_websocket_outlives_the_removal_of_its_route(scene):
    origin = scene.origin(serve_all)
    weir = scene.start(
        text(
            [("a.test/ws", "app"), ("any", "rest")],
            {"app": origin, "rest": named(scene, "x")},
        )
    )
    wire = weir.connect().send(get_bytes("/ws", "a.test", fields=ASK))
    assert wire.read_response().status == 101
    assert weir.reload(text([("any", "rest")], {"rest": scene.origins[1]})).returncode == 0
    for _ in range(3):
        assert wire.send(b"ping").read(4) == b"ping"
