"""An endpoint that is back or new gets little at first."""

import re

from origin import OK, answering, response
from raw import until
from weir import get_bytes, shares

ERROR = response(b"no", "500 Internal Server Error")
ROUND = "balance: round-robin"


def ratio(weir, endpoint):
    return weir.metric("weir_endpoint_slow_start_ratio", endpoint=endpoint)


def eject(weir, answers, count):
    """The failing ones are left out, and work again from now on."""
    wire = weir.connect()
    while weir.stderr.count("ejected:") < count:
        wire.ask(get_bytes())
    answers["now"] = OK


def test_an_endpoint_that_is_back_gets_little_at_first(scene):
    answers = {"now": ERROR}
    good = [scene.origin(OK) for _ in range(2)]
    back = scene.origin(answering(lambda _: answers["now"]))
    how = f"{ROUND}, outlier: {{ejection: 300ms, interval: 60s}}, slow_start: 60s"
    weir = scene.proxy([*good, back], how)
    eject(weir, answers, 1)
    until(lambda: f"app/{back} warming: its time is over" in weir.stderr, "its return")
    got = shares(weir, [*good, back], 200)
    assert got[2] < 30 and abs(got[0] - got[1]) < 40
    assert 0.1 <= ratio(weir, back) < 0.5
    assert ratio(weir, good[0]) == 1


def test_an_endpoint_that_is_new_among_others_gets_little_at_first(scene):
    origins = [scene.origin(OK) for _ in range(3)]
    weir = scene.proxy(origins[:2], f"{ROUND}, slow_start: {{for: 60s, min: 5%}}")
    assert "warming" not in weir.stderr
    text = weir.file.read_text().replace(f'"{origins[1]}"', f'"{origins[1]}", "{origins[2]}"')
    assert weir.reload(text).returncode == 0
    until(lambda: f"app/{origins[2]} warming: slow start" in weir.stderr, "slow start")
    assert shares(weir, origins, 200)[2] < 30
    assert weir.reload(re.sub(r"slow_start: {.*?}", "slow_start: off", text)).returncode == 0
    until(lambda: f"app/{origins[2]} unchecked: warmed up" in weir.stderr, "the end of it")
    assert shares(weir, origins, 30) == [10, 10, 10]


def test_it_is_over_when_its_time_is(scene):
    origins = [scene.origin(OK) for _ in range(3)]
    weir = scene.proxy(origins[:2], f"{ROUND}, slow_start: 1500ms")
    text = weir.file.read_text().replace(f'"{origins[1]}"', f'"{origins[1]}", "{origins[2]}"')
    assert weir.reload(text).returncode == 0
    until(lambda: f"app/{origins[2]} unchecked: warmed up" in weir.stderr, "the end of it")
    assert ratio(weir, origins[2]) == 1
    assert shares(weir, origins, 30) == [10, 10, 10]


def test_least_requests_heeds_it_too(scene):
    origins = [scene.origin(OK) for _ in range(6)]
    weir = scene.proxy(origins[:5], "slow_start: 60s")
    text = weir.file.read_text().replace(f'"{origins[4]}"', f'"{origins[4]}", "{origins[5]}"')
    assert weir.reload(text).returncode == 0
    until(lambda: f"app/{origins[5]} warming" in weir.stderr, "slow start")
    got = shares(weir, origins, 300)
    assert got[5] < min(got[:5]) / 2


def test_when_most_are_back_at_once_nobody_is_spared(scene):
    answers = {"now": ERROR}
    bad = [scene.origin(answering(lambda _: answers["now"])) for _ in range(2)]
    good = scene.origin(OK)
    rules = "outlier: {ejection: 500ms, interval: 60s, max_ejected: 100%}"
    weir = scene.proxy([*bad, good], f"{ROUND}, {rules}, panic: off, slow_start: 60s")
    eject(weir, answers, 2)
    until(lambda: weir.stderr.count(" warming:") == 2, "their return")
    until(lambda: ratio(weir, bad[0]) == ratio(weir, bad[1]) == 1, "nobody to be spared")
    assert shares(weir, [*bad, good], 30) == [10, 10, 10]
