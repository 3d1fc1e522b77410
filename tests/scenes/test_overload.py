"""When weir itself has too little: what is new is refused with a word, what has begun goes on."""

import pytest

from origin import answering, response
from raw import until
from weir import get_bytes

TIGHT = "overload: {memory: 1KB}"


def shed(answer):
    return answer.status == 503 and b"overload_shed" in answer.raw


def two_priorities(origin, extra=""):
    return f"""\
listen: {{http: {{address: "127.0.0.1:0"}}}}
routes:
  - {{match: any, to: app}}
  - {{match: "vip.test/*", to: app, priority: high}}
backends: {{app: {{endpoints: ["{origin}"]}}}}
timeouts: {{drain: 3s}}
{extra}
"""


def test_requests_are_refused_when_memory_is_short_and_served_when_it_is_not(scene):
    weir, origin = scene.front()
    kept = weir.connect()
    assert kept.ask(get_bytes()).status == 200
    plain = weir.file.read_text()
    assert weir.reload(plain + TIGHT).returncode == 0
    assert shed(kept.ask(get_bytes()))
    assert weir.admin("/healthz").status == 200 and weir.admin("/ready").status == 200
    assert weir.metric("weir_http_local_responses_total", why="overload_shed") == 1
    assert weir.reload(plain).returncode == 0
    assert kept.ask(get_bytes()).status == 200
    assert weir.stderr.count("overloaded: ") == 1
    assert weir.stderr.count("no longer overloaded") == 1
    assert len(origin.requests) == 2


def test_new_connections_are_told_why_they_are_refused(scene):
    weir, _ = scene.front()
    assert weir.reload(weir.file.read_text() + TIGHT).returncode == 0
    answer = weir.connect().read_response()
    assert shed(answer)
    assert weir.metric("weir_listener_refused_total", listener="http") == 1


def test_requests_of_high_priority_are_refused_last(scene):
    weir = scene.start(two_priorities(scene.origin(answering(response(b"ok"))), "workers: 1"))
    kept = weir.connect()
    assert kept.ask(get_bytes()).status == 200
    plain = weir.file.read_text()

    def told_apart():
        """With a fifteenth more in use than allowed; a reload itself takes some, so try again."""
        limit = weir.rss() * 15 // 16
        assert weir.reload(plain + f"overload: {{memory: {limit}KB}}\n").returncode == 0
        high = [shed(kept.ask(get_bytes(host="vip.test"))) for _ in range(20)]
        return any(shed(kept.ask(get_bytes())) for _ in range(20)) and not any(high)

    until(told_apart, "only normal requests to be refused")


def test_connections_are_refused_before_descriptors_run_out(scene):
    origin = scene.origin()
    weir = scene.proxy(origin, extra="overload: {files: 50%}", files=200)
    kept = [weir.connect() for _ in range(60)]

    def refused():
        kept.append(weir.connect())
        kept[-1].send(get_bytes())
        return shed(kept[-1].read_response())

    until(refused, "a connection to be refused")
    assert kept[0].ask(get_bytes()).status == 200


@pytest.mark.parametrize(
    "text, says",
    [
        ("overload: {memory: 2G}", '"2G" is not a size'),
        ("overload: {files: 120%}", "a percentage 1%-100% or off"),
        ("overload: {loop_delay: 50}", '"50" is not a duration'),
        ("overload: {cpu: 90%}", 'unknown key "cpu" in overload'),
    ],
)
def test_a_wrong_limit_is_an_error_with_its_place(scene, text, says):
    weir, _ = scene.front()
    done = weir.reload(weir.file.read_text() + text + "\n")
    assert done.returncode == 3 and says in done.stderr + done.stdout
