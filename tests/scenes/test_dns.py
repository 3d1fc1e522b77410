"""Names of the DNS: endpoints come and go with its answers, and what was good stays when it fails."""

import time

import pytest

from dns import A, GARBAGE, NXDOMAIN, REFUSED, SERVFAIL, SILENCE, SRV, Dns
from origin import Origin, answering, free_port, response
from raw import until
from weir import get_bytes

QUICK = "min_ttl: 50ms, timeout: 600ms"


@pytest.fixture
def dns():
    server = Dns()
    yield server
    server.close()


class Farm:
    """Origins on one port of several addresses, each of which says its own."""

    def __init__(self, scene, hosts):
        self.scene, self.port = scene, None
        for host in hosts:
            self.add(host)

    def add(self, host):
        origin = Origin(answering(response(host.encode())), port=self.port or 0, host=host)
        self.port = origin.port
        self.scene.origins.append(origin)
        return origin


def follow(scene, dns, endpoints, settings=QUICK, **how):
    servers = f'servers: ["{dns.address}"]'
    return scene.proxy(endpoints, extra=f"dns: {{{servers}, {settings}}}\n", **how)


def names(weir):
    return {row["name"]: row for row in weir.admin_json("/names")}


def answers(weir, n=12):
    """Who answered so many requests."""
    return {weir.get().body.decode() for _ in range(n)}


def test_endpoints_come_and_go_with_the_answers(scene, dns):
    farm = Farm(scene, ["127.0.0.2", "127.0.0.3"])
    dns.say("api.test", A, ["127.0.0.2"])
    weir = follow(scene, dns, f"{{dns: 'api.test:{farm.port}'}}", backend="balance: round-robin")
    assert answers(weir) == {"127.0.0.2"}
    dns.say("api.test", A, ["127.0.0.2", "127.0.0.3"])
    until(lambda: answers(weir) == {"127.0.0.2", "127.0.0.3"}, "the second one")
    dns.say("api.test", A, ["127.0.0.3"])
    until(lambda: answers(weir) == {"127.0.0.3"}, "the first one to go")
    assert f"name api.test:{farm.port}: 1 address -127.0.0.2:{farm.port}" in weir.stderr
    assert weir.metric("weir_config_generation") == 1
    assert weir.metric("weir_dns_addresses") == 1
    assert weir.metric("weir_dns_lookups_total", result="found") > 2
    until(lambda: "127.0.0.2:" not in weir.admin("/backends").body.decode(), "it to be forgotten")


def test_a_plain_name_is_followed_too(scene, dns):
    farm = Farm(scene, ["127.0.0.2", "127.0.0.3"])
    dns.say("api.test", A, ["127.0.0.2"])
    weir = follow(scene, dns, f"api.test:{farm.port}")
    assert answers(weir) == {"127.0.0.2"}
    dns.say("api.test", A, ["127.0.0.3"])
    until(lambda: answers(weir) == {"127.0.0.3"}, "the new address")


@pytest.mark.parametrize(
    "what, why",
    [
        (NXDOMAIN, "no such name"),
        ([], "the name has no address"),
        (SERVFAIL, "no DNS server could answer"),
        (REFUSED, "no DNS server could answer"),
        (SILENCE, "no answer in time"),
        (GARBAGE, "the DNS server's answer is malformed"),
    ],
)
def test_the_last_good_answer_stays(scene, dns, what, why):
    farm = Farm(scene, ["127.0.0.2"])
    name = f"api.test:{farm.port}"
    dns.say("api.test", A, ["127.0.0.2"])
    weir = follow(scene, dns, name)
    assert answers(weir) == {"127.0.0.2"}
    dns.say("api.test", A, what)
    until(lambda: names(weir)[name]["why"], "the failure")
    assert names(weir)[name]["why"] in (why, "no answer in time")
    assert answers(weir) == {"127.0.0.2"}
    assert weir.metric("weir_dns_lookups_total", result="failed") >= 1
    dns.say("api.test", A, ["127.0.0.2"])
    until(lambda: names(weir)[name]["why"] is None, "it to be well again")


def test_the_last_good_answer_stays_when_nobody_listens(scene, dns):
    farm = Farm(scene, ["127.0.0.2"])
    dns.say("api.test", A, ["127.0.0.2"])
    weir = follow(scene, dns, f"api.test:{farm.port}")
    dns.close()
    until(lambda: weir.metric("weir_dns_lookups_total", result="failed") >= 2, "the failures")
    assert answers(weir) == {"127.0.0.2"}


def test_a_name_that_nobody_can_tell_does_not_stop_the_start(scene, dns):
    farm = Farm(scene, ["127.0.0.2"])
    name = f"api.test:{farm.port}"
    dns.say("api.test", A, SILENCE)
    weir = follow(scene, dns, name)
    answer = weir.get()
    assert answer.status == 502
    assert answer.get("proxy-status") == "weir; error=dns_error"
    until(lambda: f'endpoint "{name}" is down: its name does not resolve' in weir.stderr, "a word")
    state = weir.admin_json("/backends")[0]["endpoints"][0]
    assert (state["name"], state["state"]) == (name, "down")
    dns.say("api.test", A, ["127.0.0.2"])
    until(lambda: weir.get().status == 200, "the name to be told")


def test_services_bring_ports_and_weights(scene, dns):
    ends = [scene.origin(answering(response(name))) for name in (b"one", b"two", b"spare")]
    dns.say("host.test", A, ["127.0.0.1"])
    rows = [(10, 30, ends[0].port, "host.test"), (10, 10, ends[1].port, "host.test")]
    dns.say("_http._tcp.test", SRV, [*rows, (20, 0, ends[2].port, "host.test")])
    weir = follow(scene, dns, "{srv: _http._tcp.test}", backend="balance: round-robin")
    got = [weir.get().body.decode() for _ in range(40)]
    assert {name: got.count(name) for name in set(got)} == {"one": 30, "two": 10}
    dns.say("_http._tcp.test", SRV, [(20, 0, ends[2].port, "host.test")])
    until(lambda: answers(weir) == {"spare"}, "the others to be gone")


def test_a_large_answer_comes_by_tcp(scene, dns):
    dns.say("many.test", A, [f"127.1.{i // 200}.{i % 200 + 1}" for i in range(600)])
    weir = follow(scene, dns, "many.test:80")
    assert weir.metric("weir_dns_addresses") == 600
    assert dns.by_tcp >= 1
    assert len(weir.admin_json("/backends")[0]["endpoints"]) == 600


def test_answers_hold_as_long_as_they_say_within_bounds(scene, dns):
    farm = Farm(scene, ["127.0.0.2"])
    dns.say("short.test", A, ["127.0.0.2"], ttl=0)
    dns.say("long.test", A, ["127.0.0.2"], ttl=3600)
    dns.say("capped.test", A, ["127.0.0.2"], ttl=100000)
    ends = [f"{name}.test:{farm.port}" for name in ("short", "long", "capped")]
    weir = follow(scene, dns, ends, "min_ttl: 200ms, max_ttl: 2h, timeout: 1s")
    began, before = time.monotonic(), dns.count("short.test")
    until(lambda: dns.count("short.test") >= before + 3, "three more questions")
    assert time.monotonic() - began > 0.35
    next_at = {name.split(".")[0]: row["next"] for name, row in names(weir).items()}
    assert 3000 < next_at["long"] < 3600 * 1.1
    assert 7000 < next_at["capped"] < 7200 * 1.1
    assert dns.count("long.test") == 1


def test_no_request_waits_for_a_name(scene, dns):
    farm = Farm(scene, ["127.0.0.2"])
    dns.say("api.test", A, ["127.0.0.2"])
    weir = follow(scene, dns, f"api.test:{farm.port}", "min_ttl: 50ms, timeout: 10s")
    dns.say("api.test", A, SILENCE)
    asked = dns.count("api.test")
    until(lambda: dns.count("api.test") > asked, "a question that is not answered")
    began = time.monotonic()
    assert answers(weir) == {"127.0.0.2"}
    assert time.monotonic() - began < 5


def test_a_reload_asks_for_new_names_only(scene, dns):
    farm = Farm(scene, ["127.0.0.2", "127.0.0.3"])
    dns.say("old.test", A, ["127.0.0.2"], ttl=3600)
    dns.say("new.test", A, ["127.0.0.3"], ttl=3600)
    weir = follow(scene, dns, f"old.test:{farm.port}", "timeout: 1s")
    assert answers(weir) == {"127.0.0.2"}
    text = weir.file.read_text()
    done = weir.reload(text.replace("old.test", "new.test"))
    assert done.returncode == 0, done.stderr
    assert answers(weir) == {"127.0.0.3"}
    ends = f"['old.test:{farm.port}', 'new.test:{farm.port}']"
    assert weir.reload(text.replace(f'["old.test:{farm.port}"]', ends)).returncode == 0
    assert answers(weir, 40) == {"127.0.0.2", "127.0.0.3"}
    assert (dns.count("old.test"), dns.count("new.test")) == (2, 1)


def test_a_reload_says_which_names_nobody_can_tell(scene, dns):
    farm = Farm(scene, ["127.0.0.2"])
    dns.say("api.test", A, ["127.0.0.2"], ttl=3600)
    weir = follow(scene, dns, f"api.test:{farm.port}")
    done = weir.reload(weir.file.read_text().replace('["api', f'["gone.test:{farm.port}", "api'))
    assert done.returncode == 0
    assert f'endpoint "gone.test:{farm.port}" is down' in done.stdout + done.stderr
    assert answers(weir) == {"127.0.0.2"}


def test_what_runs_at_an_address_that_is_gone_runs_to_its_end(scene, dns):
    farm = Farm(scene, ["127.0.0.3"])
    slow = farm.add("127.0.0.2")
    slow.script = lambda wire, origin: (
        origin.read_request(wire),
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf"),
        until(lambda: ready, "the scene"),
        wire.send(b"half"),
    )
    ready = []
    dns.say("api.test", A, ["127.0.0.2"])
    weir = follow(scene, dns, f"api.test:{farm.port}")
    wire = weir.connect().send(get_bytes())
    wire.read_to(b"half")
    dns.say("api.test", A, ["127.0.0.3"])
    until(lambda: "127.0.0.3" in str(names(weir)), "the new address")
    assert answers(weir) == {"127.0.0.3"}
    ready.append(True)
    assert wire.read(4) == b"half"
    until(lambda: "127.0.0.2" in "".join(weir.access_lines()), "its line in the log")


def test_many_backends_may_point_at_one_name(scene, dns):
    farm = Farm(scene, ["127.0.0.2", "127.0.0.3"])
    dns.say("api.test", A, ["127.0.0.2"])
    end = f"api.test:{farm.port}"
    weir = scene.start(f"""\
listen: {{http: {{address: "127.0.0.1:0"}}}}
dns: {{servers: ["{dns.address}"], {QUICK}}}
routes: [{{match: /a/*, to: a}}, {{match: /b/*, to: b}}]
backends: {{a: {{endpoints: ["{end}"]}}, b: {{endpoints: ["{end}", "127.0.0.2:{farm.port}"]}}}}
""")
    assert {weir.get(path).body for path in ("/a/", "/b/")} == {b"127.0.0.2"}
    assert len(names(weir)) == 1
    assert [len(b["endpoints"]) for b in weir.admin_json("/backends")] == [1, 1]
    dns.say("api.test", A, ["127.0.0.3"])
    until(lambda: weir.get("/a/").body == b"127.0.0.3", "the new address")
    assert [len(b["endpoints"]) for b in weir.admin_json("/backends")] == [1, 2]


def test_endpoints_are_wrong_in_other_ways(scene):
    weir = scene.proxy(f"127.0.0.1:{free_port()}")
    text = weir.file.read_text()
    for item, words in (
        ("{srv: 'a.test:80'}", "is not a name of SRV records"),
        ("{srv: a.test, weight: 2}", '"weight" does not go with "srv"'),
        ("{dns: 'a.test:80', srv: a.test}", 'an endpoint is one of "address", "dns", "srv" and "file"'),
        ("{weight: 2}", '"address" is missing in an endpoint'),
    ):
        done = weir.reload(text.replace('endpoints: ["', f'endpoints: [{item}, "'))
        assert done.returncode != 0 and words in done.stdout + done.stderr, words
    done = weir.reload(text + "dns: {servers: [example.com]}\n")
    assert '"example.com" is not the address of a DNS server' in done.stdout + done.stderr
