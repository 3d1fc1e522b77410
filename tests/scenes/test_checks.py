"""Active checks: who is asked what, how often, what counts as well, and what is made of it."""

import json
import queue
import threading
import time

import pytest

from certs import authority, certificate
from nginx import Nginx
from origin import OK, answering, response
from raw import steady, until
from weir import run

ERROR = response(b"no", "500 Internal Server Error")
FAST = "every: 20ms, timeout: 10s"


class Asked:
    """Answers users with "ok" and checks with what it is told, step by step."""

    def __init__(self, scene, path="/healthz"):
        self.path, self.answers, self.checks = path, queue.Queue(), []
        self.origin = scene.origin(answering(self.reply))
        self.weir = None

    def reply(self, request):
        if request.target != self.path:
            return OK
        self.checks.append(request)
        return self.answers.get(timeout=30)

    def front(self, scene, check=FAST, **how):
        check = f"check: {{ask: GET {self.path}, {check}}}"
        self.weir = scene.proxy(self.origin, check, ready=False, **how)
        until(lambda: self.weir.admin_answers("/healthz"), "weir to answer")
        return self.weir

    def step(self, *answers):
        """Gives these answers, one to each check; the endpoint's state after each."""
        states = []
        for answer in answers:
            before = results(self.weir)
            self.answers.put(answer)
            until(lambda: results(self.weir) != before, "the result")
            states.append(endpoint(self.weir)["state"])
        return states


def endpoint(weir, n=0, backend=0):
    return json.loads(weir.admin("/backends").body)[backend]["endpoints"][n]


def state(weir, n=0):
    return endpoint(weir, n)["state"]


def results(weir, **labels):
    """How many checks have passed, failed, been skipped."""
    rows = weir.admin("/metrics").body.decode().splitlines()
    rows = [row for row in rows if row.startswith("weir_endpoint_checks_total{")]
    return [int(row.rsplit(" ", 1)[1]) for row in rows]


def changes(weir):
    return [line.split(" ", 2)[2] for line in weir.stderr.splitlines() if " app/" in line]


# ---- new, up, down ----


def test_a_new_endpoint_gets_nothing_until_its_first_check_passes(scene):
    asked = Asked(scene)
    weir = asked.front(scene)
    until(lambda: asked.checks, "the first check")
    assert (state(weir), endpoint(weir)["usable"]) == ("unchecked", False)
    assert weir.admin("/ready").status == 503 and weir.get().status == 503
    assert asked.step(OK) == ["healthy"]
    assert weir.admin("/ready").status == 200 and weir.get().status == 200
    assert "up: status 200 (1 of 1 checks, GET /healthz); 1 of 1 up, route any" in weir.stderr
    asked.answers.put(OK)


def test_rise_and_fall_are_exact(scene):
    asked = Asked(scene)
    weir = asked.front(scene, f"{FAST}, up: 2, down: 3")
    up, down = "healthy", "unhealthy"
    assert asked.step(OK) == [up]
    assert asked.step(ERROR, ERROR, OK, ERROR, ERROR, ERROR) == [up] * 5 + [down]
    assert asked.step(OK, ERROR, OK, OK) == [down] * 3 + [up]
    assert asked.step(ERROR, ERROR, OK) == [up] * 3
    assert [line.split(";")[0].split(" ", 1)[1] for line in changes(weir)] == [
        "up: status 200 (1 of 1 checks, GET /healthz)",
        "down: status 500 (3 of 3 checks, GET /healthz)",
        "up: status 200 (2 of 2 checks, GET /healthz)",
    ]
    labels = {"backend": "app", "endpoint": asked.origin.address}
    assert weir.metric("weir_endpoint_state_changes_total", to="healthy", **labels) == 2
    assert weir.metric("weir_endpoint_state_changes_total", to="unhealthy", **labels) == 1
    assert weir.metric("weir_endpoint_checks_total", result="failed", **labels) == 8
    asked.answers.put(OK)


def test_a_first_check_that_fails_is_enough_to_be_down(scene):
    asked = Asked(scene)
    weir = asked.front(scene, f"{FAST}, up: 2, down: 3")
    assert asked.step(ERROR, OK, OK) == ["unhealthy", "unhealthy", "healthy"]
    asked.answers.put(OK)


def test_initially_up_means_used_before_the_first_check(scene):
    asked = Asked(scene)
    weir = asked.front(scene, f"{FAST}, initial: up, down: 2")
    assert (state(weir), endpoint(weir)["usable"]) == ("unchecked", True)
    assert weir.get().status == 200 and weir.admin("/ready").status == 200
    assert asked.step(ERROR, ERROR) == ["unchecked", "unhealthy"]
    asked.answers.put(OK)


def test_all_down_is_answered_503_and_told_with_the_route(scene):
    good = {"now": OK}
    origins = [scene.origin(answering(lambda _: good["now"])) for _ in range(2)]
    weir = scene.proxy(origins, "panic: off, check: {ask: GET /healthz, every: 20ms, down: 2}")
    assert weir.get().status == 200
    good["now"] = ERROR
    until(lambda: weir.get().status == 503, "all to be down")
    told = until(lambda: [l for l in changes(weir) if "now answers 503" in l], "the sentence")
    assert told[0].endswith(
        "down: status 500 (2 of 2 checks, GET /healthz); 0 of 2 left, route any now answers 503"
    )
    assert "destination_unavailable" in weir.get().get("Proxy-Status")
    assert weir.cli("status").returncode == 4
    good["now"] = OK
    until(lambda: weir.get().status == 200, "one to be back")
    until(lambda: "1 of 2 up, route any now answers" in weir.stderr, "that to be told")
    history = weir.admin("/history").body.decode()
    assert "0 of 2 left, route any now answers 503" in history


def test_a_route_with_two_arms_loses_only_its_part(scene):
    well, ill = scene.origin(), scene.origin(ERROR)
    weir = scene.start(
        f"""\
listen: {{http: {{address: "127.0.0.1:0"}}, raw: {{address: "127.0.0.1:0", protocol: tcp, to: b}}}}
routes:
  - {{match: any, to: {{a: 50%, b: 50%}}}}
  - {{match: /b/*, to: b}}
defaults: {{check: {{ask: GET /, every: 20ms, initial: up, down: 2}}}}
backends: {{a: {{endpoints: ["{well}"]}}, b: {{endpoints: ["{ill}"], panic: off}}}}
timeouts: {{drain: 3s}}
"""
    )
    sentence = "0 of 1 left, part of route any, route /b/* now answer 503, listener raw now serves nobody"
    until(lambda: sentence in weir.stderr, "the sentence")


# ---- what can go wrong with an endpoint ----


def silent(wire, origin):
    wire.read_all()


def slow(wire, origin):
    """Never done with its head."""
    origin.read_request(wire)
    wire.send(b"HTTP/1.1 200 OK\r\n")
    for _ in range(1000):
        wire.send(b"X: y\r\n")
        time.sleep(0.02)


def resets(wire, origin):
    origin.read_request(wire)
    wire.reset()


def cut(wire, origin):
    origin.read_request(wire)
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").close()


def gone(wire, origin):
    wire.close()


@pytest.mark.parametrize(
    "script, check, why",
    [
        (silent, "", "no answer in 150 ms"),
        (slow, "", "no answer in 150 ms"),
        (resets, "", "connection terminated"),
        (gone, "", "connection terminated"),
        (cut, "", "http response incomplete"),
        (answering(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "", "http protocol error"),
        (answering(ERROR), "", "status 500"),
        (answering(response(b"", "404 Not Found")), "", "status 404"),
        (answering(OK), ", expect: [201, 300-399]", "status 200"),
        (answering(OK), ", body: ready", 'status 200, but the body lacks "ready"'),
        (None, "", "connection refused"),
    ],
    ids="silent slow reset closed cut garbage 500 404 unexpected body refused".split(),
)
def test_what_is_wrong_is_said_in_words(scene, script, check, why):
    origin = scene.origin(script or OK)
    if script is None:
        origin.refuse()
    check = f"panic: off, check: {{ask: GET /, every: 20ms, timeout: 150ms, up: 1, down: 1{check}}}"
    weir = scene.proxy(origin, check)
    until(lambda: state(weir) == "unhealthy", "it to be down")
    assert f"down: {why} (1 of 1 checks, GET /)" in weir.stderr
    until(lambda: "checks in a row" in endpoint(weir)["reason"], "the next check")
    assert endpoint(weir)["reason"].startswith(why)
    assert weir.get().status == 503


def test_one_that_flaps_stays_what_it_is(scene):
    answers = iter(range(1 << 30))
    origin = scene.origin(answering(lambda _: [OK, ERROR][next(answers) % 2]))
    weir = scene.proxy(origin, "check: {ask: GET /, every: 5ms, down: 2}")
    until(lambda: results(weir)[1] > 20, "many failed checks")
    assert state(weir) == "healthy" and len(changes(weir)) == 1


def test_a_silent_endpoint_holds_up_no_other(scene):
    mute = [scene.origin(silent) for _ in range(20)]
    origin = scene.origin()
    weir = scene.proxy([*mute, origin], "panic: off, check: {ask: GET /, every: 10ms, timeout: 300ms}")
    until(lambda: results(weir)[3 * 20] > 20, "checks of the one that is well")
    assert all(state(weir, n) == "unhealthy" for n in range(20))
    assert {weir.get().status for _ in range(20)} == {200}


# ---- what is asked ----


def test_the_request_is_as_configured(scene):
    asked, port = scene.origin(), scene.origin(response(b"all is ready now"))
    check = (
        f"check: {{ask: POST /a?b=c, every: 50ms, host: h.test, port: {port.port}, body: is ready,"
        " headers: {X-One: 1, User-Agent: me}}"
    )
    weir = scene.proxy(asked, check)
    request = until(lambda: port.requests, "a check")[0]
    assert request.start == "POST /a?b=c HTTP/1.1"
    assert (request.get("host"), request.get("x-one")) == ("h.test", "1")
    assert request.get("user-agent") == "me"
    assert state(weir) == "healthy" and not asked.requests


def test_the_request_needs_no_more_than_a_path(scene):
    origin = scene.origin()
    weir = scene.proxy(origin, "check: GET /healthz every 20ms")
    request = until(lambda: origin.requests, "a check")[0]
    assert request.start == "GET /healthz HTTP/1.1"
    assert request.get("host") == origin.address
    assert request.get("user-agent").startswith("weir-check/")
    assert state(weir) == "healthy"


def test_one_connection_is_kept_for_all_checks(scene):
    origin = scene.origin()
    weir = scene.proxy(origin, "check: GET / every 5ms", workers=4)
    until(lambda: results(weir)[0] > 20, "checks")
    assert origin.connections == 1


@pytest.mark.parametrize("then", ["close", "reset"])
def test_a_kept_connection_that_the_endpoint_closes_is_no_failure(scene, then):
    origin = scene.origin(OK, then=then)
    weir = scene.proxy(origin, "check: {ask: GET /, every: 5ms, down: 1}")
    until(lambda: results(weir)[0] > 20, "checks")
    assert results(weir)[1] == 0 and origin.connections > 20


def test_large_and_chunked_answers_are_read_and_searched(scene):
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nis re\r\n3\r\nady\r\n0\r\n\r\n"
    large = response(b"x" * 50000 + b"is ready" + b"x" * 500000)
    answers = iter(range(1 << 30))
    origin = scene.origin(answering(lambda _: [chunked, large][next(answers) % 2]))
    weir = scene.proxy(origin, "check: {ask: GET /, every: 5ms, down: 1, body: is ready}")
    until(lambda: results(weir)[0] > 10, "checks")
    assert results(weir)[1] == 0


def test_a_tcp_check_only_connects(scene):
    origin = scene.origin(silent)
    weir = scene.proxy(origin, "check: {ask: tcp, every: 10ms, down: 2}")
    until(lambda: results(weir)[0] > 5, "checks")
    assert "up: connected (1 of 1 checks, tcp)" in weir.stderr and not origin.requests
    origin.refuse()
    until(lambda: state(weir) == "unhealthy", "it to be down")
    assert "down: connection refused (2 of 2 checks, tcp)" in weir.stderr


@pytest.mark.parametrize("version, header", [("v1", b"PROXY UNKNOWN\r\n"), ("v2", b"\r\n\r\n\0\r\nQUIT\n \0\0\0")])
def test_an_endpoint_that_expects_the_proxy_protocol_gets_it(scene, version, header):
    seen = []

    def script(wire, origin):
        seen.append(wire.read(len(header)))
        answering(OK)(wire, origin)

    weir = scene.proxy(scene.origin(script), f"proxy_protocol: {version}, check: GET / every 20ms")
    assert state(weir) == "healthy" and seen[0] == header


def test_an_interim_answer_is_passed_over(scene):
    origin = scene.origin(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3 + OK)
    weir = scene.proxy(origin, "check: {ask: GET /, every: 5ms, down: 1}")
    until(lambda: results(weir)[0] > 5, "checks")
    assert results(weir)[1] == 0


# ---- when ----


def test_a_change_in_the_making_is_looked_at_sooner(scene):
    asked = Asked(scene)
    weir = asked.front(scene, "every: 1h, every_changing: 10ms, every_down: 15ms, initial: up, down: 3")
    assert asked.step(ERROR, ERROR, ERROR) == ["unchecked", "unchecked", "unhealthy"]
    assert asked.step(OK, OK) == ["unhealthy", "healthy"]
    steady(lambda: len(asked.checks), "an hour to begin", turns=10)
    assert results(weir) == [2, 3, 0]


def test_a_reload_starts_no_check_anew(scene):
    origin = scene.origin()
    weir = scene.proxy(origin, "check: GET / every 1h")
    text = weir.file.read_text()
    for every in ("1h", "1h", "2h"):
        assert weir.reload(text.replace("1h", every)).returncode == 0
    assert (len(origin.requests), state(weir)) == (1, "healthy")
    weir.reload(text.replace("GET / every 1h", "GET /other every 10ms"))
    until(lambda: origin.last.target == "/other", "the new check")
    assert state(weir) == "healthy" and len(changes(weir)) == 1


def test_endpoints_in_use_stay_in_use_when_checks_are_added_and_taken_away(scene):
    asked = Asked(scene)
    weir = asked.weir = scene.proxy(asked.origin, "panic: off")
    text = weir.file.read_text()
    checked = text.replace("panic: off", f"panic: off, check: {{ask: GET /healthz, {FAST}, down: 2}}")
    assert weir.reload(checked).returncode == 0
    until(lambda: asked.checks, "a check")
    assert (state(weir), weir.get().status) == ("unchecked", 200)
    assert asked.step(ERROR, ERROR) == ["unchecked", "unhealthy"]
    assert weir.get().status == 503
    assert weir.reload(text).returncode == 0
    assert (state(weir), weir.get().status) == ("unchecked", 200)
    assert "unchecked: it is not checked any more; 1 of 1 up" in weir.stderr
    asked.answers.put(OK)


def test_an_endpoint_that_a_reload_adds_waits_for_its_check(scene):
    first, second = scene.origin(), Asked(scene)
    weir = second.weir = scene.proxy(first, "check: {ask: GET /healthz, every: 20ms, timeout: 10s}")
    text = weir.file.read_text()
    weir.reload(text.replace(f'"{first}"', f'"{first}", "{second.origin}"'))
    until(lambda: second.checks, "its first check")
    assert {weir.get().status for _ in range(20)} == {200}
    assert weir.admin("/ready").status == 200 and endpoint(weir, 1)["usable"] is False
    assert [r.target for r in second.origin.requests] == ["/healthz"]
    second.answers.put(OK)
    until(lambda: endpoint(weir, 1)["usable"], "it to be used")
    weir.reload(text)
    assert f"app/{second.origin} draining: it is listed no more" in weir.stderr
    for _ in range(100):
        second.answers.put(OK)


def test_many_endpoints_are_checked_at_once_over_one_connection_each(scene):
    server = Nginx(scene.folder, "location /healthz { return 200 well; }", everywhere=True)
    hosts = [f"127.0.{n // 250}.{n % 250 + 1}:{server.port}" for n in range(500)]
    with server:
        weir = scene.proxy(hosts, "check: {ask: GET /healthz, every: 200ms, body: well}", files=4096)
        until(lambda: sum(results(weir)[::3]) > 1500, "three rounds of checks")
        assert sum(results(weir)[1::3]) == 0 and len(changes(weir)) == 500


# ---- with programs that people use ----


def test_nginx_goes_and_comes_back(scene):
    server = Nginx(scene.folder, "location /healthz { access_log off; return 200 ok; }")
    weir = scene.proxy(server.address, "check: {ask: GET /healthz, every: 20ms, body: ok}", ready=False)
    until(lambda: "down: connection refused" in weir.stderr, "it to be missed")
    with server:
        until(lambda: state(weir) == "healthy", "nginx to be found")
        assert weir.get("/healthz").body == b"ok"
        until(lambda: results(weir)[0] > 10, "checks over its kept connections")
    until(lambda: state(weir) == "unhealthy", "nginx to be missed again")
    with server:
        until(lambda: state(weir) == "healthy", "nginx to be back")


def test_checks_go_over_tls_and_say_what_is_wrong_with_it(scene, tmp_path):
    ca, other = authority(tmp_path), authority(tmp_path, "other")
    cert = certificate(tmp_path, "app.test", ca=ca)
    server = Nginx(
        scene.folder,
        f"ssl_certificate {cert}; ssl_certificate_key {cert.with_suffix('.key')};"
        "location /healthz { return 200 $ssl_protocol; }",
        speaks="ssl",
    )
    tls = "tls: {{ca: {}, name: {}}}, panic: off, check: {{ask: {}, every: 20ms, body: TLSv}}"
    with server:
        good = scene.proxy(server.address, tls.format(ca, "app.test", "GET /healthz"))
        until(lambda: results(good)[0] > 5, "checks over a kept connection")
        assert results(good)[1] == 0 and good.get("/healthz").body.startswith(b"TLSv")
        for ca, name in ((other, "app.test"), (ca, "other.test")):
            bad = scene.proxy(server.address, tls.format(ca, name, "GET /healthz"))
            assert (state(bad), bad.get().status) == ("unhealthy", 503)
            assert "down: the peer's certificate is not trusted, or missing: " in bad.stderr
        tcp = "tls: {verify: off}, check: {ask: tcp, every: 20ms}"
        assert state(scene.proxy(server.address, tcp)) == "healthy"
        plain = scene.proxy(server.address, tcp.replace("tcp,", "GET /, tls: off, expect: 400,"))
        assert state(plain) == "healthy"
    mute = scene.proxy(scene.origin(silent), tcp.replace("every", "timeout: 100ms, every"))
    assert "down: no end of the TLS handshake in 100 ms" in mute.stderr


# ---- what is refused ----


@pytest.mark.parametrize(
    "check, wrong",
    [
        ("/healthz", '"/healthz" is not a check'),
        ("GET", '"GET" is not a check'),
        ("get /healthz", '"get" is not a method'),
        ("GET /a b", '"/a b" is not a path to ask for'),
        ("CONNECT /", "CONNECT cannot be a check"),
        ("GET / every 5", '"5" is not a duration'),
        ("off every 5s", "off is never asked"),
        ("{ask: GET / every 5s}", "the interval has a key of its own here"),
        ("{every: 5s, up: 3}", "this check asks nothing"),
        ("{ask: tcp, body: ok}", 'a tcp check has no "body"'),
        ("{ask: HEAD /, body: ok}", "an answer to HEAD has no body"),
        ("{ask: GET /, expect: 99}", '"expect" wants a status, a range or a list of them, 200-599'),
        ("{ask: GET /, expect: [399-200]}", 'got "399-200"'),
        ("{ask: GET /, headers: {Host: x}}", "Host is written by weir"),
        ("{ask: GET /, headers: {'a b': x}}", '"a b" cannot be the name of a header'),
        ("{ask: GET /, rise: 2}", 'unknown key "rise" in a check'),
    ],
)
def test_a_check_that_makes_no_sense_is_refused(tmp_path, check, wrong):
    file = tmp_path / "weir.yaml"
    file.write_text(
        "listen: {http: {port: 0}}\nroutes: [{match: any, to: app}]\n"
        f"backends:\n  app:\n    endpoints: [127.0.0.1:9]\n    check: {check}\n"
    )
    done = run("check", "-c", file)
    assert done.returncode == 3 and wrong in done.stderr + done.stdout


def test_a_backend_has_from_the_defaults_what_it_does_not_say(tmp_path):
    file = tmp_path / "weir.yaml"
    file.write_text(
        "listen: {http: {port: 0}}\nroutes: [{match: any, to: {a: 1, b: 1, c: 1}}]\n"
        "backends:\n"
        "  a: {endpoints: [127.0.0.1:9], check: {down: 7}}\n"
        "  b: {endpoints: [127.0.0.1:9], check: off}\n"
        "  c: {endpoints: [127.0.0.1:9], check: tcp every 9s}\n"
        "defaults: {check: {ask: GET /healthz, every: 5s, headers: {X: y}}}\n"
    )
    text = run("config", "-c", file).stdout
    a, b, c = [line for line in text.splitlines() if line.startswith("    check: ")]
    assert "ask: 'GET /healthz', every: 5s" in a and "down: 7" in a and "{X: y}" in a
    assert "ask: off" in b and "ask: tcp, every: 9s" in c
    again = tmp_path / "again.yaml"
    again.write_text(text)
    assert run("config", "-c", again).stdout == text
