"""A client stays with the endpoint that answered it first, by a cookie."""

import re
import subprocess

import certs
from origin import OK, answering, response
from raw import until
from weir import get_bytes, one_backend

RETRY = "defaults: {retry: {attempts: 1, when: [5xx]}}"
SEAT = re.compile(r"SEAT=([0-9a-f]{32}); (.*)")


def farm(scene, n=3, how="sticky: SEAT", **more):
    """Endpoints that say their number, and a weir that keeps clients with them."""
    origins = [scene.origin(response(str(i).encode())) for i in range(n)]
    weir = scene.proxy(origins, f"balance: round-robin, {how}", **more)
    return weir, origins


def sit(weir):
    """A new client's cookie and the endpoint it was given."""
    answer = weir.get()
    return SEAT.match(answer.get("Set-Cookie"))[1], int(answer.body)


def curl(*args):
    done = subprocess.run(["curl", "-sS", "--max-time", "20", *map(str, args)], capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ask(weir, seat, **more):
    return weir.get(fields=[f"Cookie: a=b; SEAT={seat}; c=d"], **more)


def test_a_client_stays_where_it_was_put(scene):
    weir, origins = farm(scene)
    for _ in range(3):
        seat, at = sit(weir)
        answers = [ask(weir, seat) for _ in range(5)]
        assert [int(answer.body) for answer in answers] == [at] * 5
        assert all(answer.get("Set-Cookie") is None for answer in answers)
    assert weir.metric("weir_backend_sticky_kept_total", backend="app") == 15
    assert weir.metric("weir_backend_sticky_moved_total", backend="app") == 0


def test_the_cookie_tells_nothing_and_is_for_this_browser_alone(scene):
    weir, origins = farm(scene)
    value = weir.get().get("Set-Cookie")
    assert SEAT.match(value)[2] == "Path=/; HttpOnly; SameSite=Lax"
    assert all(str(origin.port) not in value for origin in origins)
    weir, _ = farm(scene, how="sticky: {cookie: SEAT, ttl: 8h}")
    assert SEAT.match(weir.get().get("Set-Cookie"))[2].startswith("Max-Age=28800; ")


def test_explain_says_whose_the_cookie_is(scene):
    weir, origins = farm(scene)
    seat, at = sit(weir)

    def explained(*headers):
        return weir.cli("explain", weir.url(), "--live", *headers).stdout

    assert f"cookie SEAT: it is of {origins[at]}\n" in explained("-H", f"Cookie: SEAT={seat}")
    assert "cookie SEAT: it is of no endpoint here, the answer sets one" in explained("-H", "Cookie: SEAT=x")
    assert "cookie SEAT: there is none, the answer sets one" in explained()


def test_clients_without_a_seat_are_spread(scene):
    weir, origins = farm(scene)
    assert sorted(sit(weir)[1] for _ in range(6)) == [0, 0, 1, 1, 2, 2]


def test_a_value_of_somebody_elses_making_is_no_seat(scene):
    weir, origins = farm(scene)
    for forged in ["", "0" * 32, "x" * 32, "127.0.0.1:1", "A" * 5000]:
        answer = ask(weir, forged)
        assert answer.status == 200 and SEAT.match(answer.get("Set-Cookie"))


def test_a_client_whose_endpoint_is_gone_gets_another_one_and_a_new_cookie(scene):
    weir, origins = farm(scene)
    seat, at = sit(weir)
    origins[at].close()
    idle = {"endpoint": str(origins[at]), "state": "idle"}
    until(lambda: weir.metric("weir_backend_connections", **idle) == 0, "weir to notice")
    answer = ask(weir, seat)
    assert answer.status == 200 and int(answer.body) != at
    moved = SEAT.match(answer.get("Set-Cookie"))[1]
    assert moved != seat
    assert int(ask(weir, moved).body) == int(answer.body)
    assert weir.metric("weir_backend_sticky_moved_total", backend="app") == 1


def test_strict_waits_for_the_clients_own_endpoint(scene):
    answers = {"now": OK}
    origins = [scene.origin(answering(lambda _: answers["now"]), name=i) for i in range(2)]
    rules = "outlier: {ejection: 1s, interval: 60s}"
    weir = scene.proxy(origins, f"sticky: {{cookie: SEAT, strict: on}}, {rules}")
    seat = SEAT.match(weir.get().get("Set-Cookie"))[1]
    answers["now"] = response(b"no", "500 Internal Server Error")
    while (refused := ask(weir, seat)).status == 500:
        pass
    answers["now"] = OK
    assert refused.status == 503 and "destination_unavailable" in refused.get("Proxy-Status")
    assert weir.get().status == 200
    until(lambda: ask(weir, seat).status == 200, "its return")
    assert ask(weir, seat).get("Set-Cookie") is None


def test_a_seat_outlives_a_reload_that_keeps_its_endpoint(scene):
    weir, origins = farm(scene)
    seat, at = sit(weir)
    text = weir.file.read_text()
    for i, origin in enumerate(origins):
        if i != at:
            text = text.replace(f'"{origin}"', f'{{address: "{origin}", weight: 50}}')
    assert weir.reload(text).returncode == 0
    assert [int(ask(weir, seat).body) for _ in range(5)] == [at] * 5


def test_who_has_the_same_secret_knows_the_cookies(scene):
    (scene.folder / "secret").write_text("known to those who read the file\n")
    secret = f"sticky: {{cookie: SEAT, secret: {scene.folder}/secret}}"
    first, origins = farm(scene, how=secret)
    second = scene.proxy(origins, f"balance: round-robin, {secret}")
    third = scene.proxy(origins, "balance: round-robin, sticky: SEAT")
    seat, at = sit(first)
    assert [int(ask(second, seat).body) for _ in range(5)] == [at] * 5
    assert ask(third, seat).get("Set-Cookie") is not None


def test_a_secret_that_is_none_is_told(scene):
    weir, origins = farm(scene)
    for content, words in [(None, "No such file"), (b"short\r\n", "too short"), (b"x" * 5000, "too long")]:
        if content is not None:
            (weir.folder / "secret").write_bytes(content)
        text = weir.file.read_text().replace("sticky: SEAT", "sticky: {cookie: SEAT, secret: secret}")
        done = weir.reload(text)
        assert done.returncode != 0 and words in done.stdout + done.stderr


def test_curl_keeps_the_cookie_in_its_jar(scene):
    weir, origins = farm(scene, n=5)
    jar = scene.folder / "jar"
    bodies = [curl("-b", jar, "-c", jar, *more, weir.url()) for more in 3 * [[], ["--http2-prior-knowledge"]]]
    assert len(set(bodies)) == 1
    assert "#HttpOnly_127.0.0.1" in jar.read_text() and "SEAT" in jar.read_text()
    assert len({curl(weir.url()) for _ in range(5)}) == 5


def test_over_tls_the_cookie_is_for_tls_alone(scene):
    ca = certs.authority(scene.folder)
    shelf = scene.folder / "shelf"
    shelf.mkdir()
    certs.certificate(shelf, "weir.test", ca=ca)
    origin = scene.origin(OK)
    text = one_backend(origin, "sticky: SEAT")
    weir = scene.start(text.replace('127.0.0.1:0"', f'127.0.0.1:0", tls: {shelf}'))
    host = ["--resolve", f"weir.test:{weir.address()[1]}:127.0.0.1", "--cacert", ca]
    head = curl("-D-", *host, f"https://weir.test:{weir.address()[1]}/").decode().lower()
    assert re.search(r"set-cookie: seat=\w{32}; path=/; httponly; samesite=lax; secure\r\n", head)


def test_a_trusted_proxy_says_whether_the_client_spoke_tls(scene):
    origin = scene.origin(OK)
    weir = scene.proxy(origin, "sticky: SEAT", extra="trusted_proxies: [127.0.0.0/8]")
    over_tls = weir.get(fields=["X-Forwarded-Proto: https"])
    assert over_tls.get("Set-Cookie").endswith("; Secure")
    assert not weir.get(fields=["X-Forwarded-Proto: http"]).get("Set-Cookie").endswith("; Secure")


def test_strict_tries_its_own_endpoint_again(scene):
    answers = iter([OK, response(b"no", "503 Service Unavailable"), OK])
    flaky = scene.origin(answering(lambda _: next(answers)))
    weir = scene.proxy(flaky, "sticky: {cookie: SEAT, strict: on}", extra=RETRY)
    seat = SEAT.match(weir.get().get("Set-Cookie"))[1]
    other = scene.origin(OK)
    text = weir.file.read_text().replace(f'"{flaky}"', f'"{flaky}", "{other}"')
    assert weir.reload(text).returncode == 0
    assert ask(weir, seat).status == 200
    assert len(flaky.requests) == 3 and not other.requests


def test_what_comes_before_the_answer_sets_no_cookie(scene):
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK
    weir = scene.proxy(scene.origin(interim), "sticky: SEAT")
    wire = weir.connect()
    wire.send(get_bytes())
    raw = b""
    while not raw.endswith(b"ok"):
        wire.more()
        raw += wire.take(len(wire.buffer))
    early, final = raw.split(b"\r\n\r\n")[:2]
    assert b"Set-Cookie" not in early and b"Set-Cookie" in final
