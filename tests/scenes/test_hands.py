"""What people say of endpoints while weir runs: drain, down, ready, weight."""

import json
import re

import pytest

from origin import OK, answering, echo, once, response
from raw import until
from weir import get_bytes, shares

BY = r"by hand \(uid \d+, pid \d+\)"


def endpoint(weir, n=0):
    return weir.admin_json("/backends")[0]["endpoints"][n]


def say(weir, *words):
    done = weir.cli(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def pair(scene, how=""):
    origins = [scene.origin() for _ in range(2)]
    return scene.proxy(origins, f"balance: round-robin{how}"), origins


def test_one_that_drains_gets_nothing_new_until_it_is_ready(scene):
    weir, (a, b) = pair(scene)
    out = say(weir, "drain", f"app/{a}")
    assert re.search(rf"endpoint  app +{a} +draining .* 0 in flight .*{BY}$", out.strip())
    assert endpoint(weir)["by_hand"] == {"state": "drain", "state_until": None}
    assert shares(weir, (a, b), 20) == [0, 20]
    assert re.search(rf"app/{a} draining: {BY}; 1 of 2 left", weir.stderr)
    assert weir.metric("weir_endpoint_draining", endpoint=a) == 1
    say(weir, "ready", f"app/{a}")
    assert shares(weir, (a, b), 20) == [10, 10] and endpoint(weir)["by_hand"] is None
    assert re.search(rf"app/{a} unchecked: {BY}; 2 of 2 up", weir.stderr)
    history = weir.admin("/history").body.decode()
    assert "draining: by hand" in history and "unchecked: by hand" in history


def test_what_one_that_drains_has_ends(scene):
    held = scene.origin(once())
    weir = scene.proxy([held], "panic: 100%")
    wire = weir.connect().send(get_bytes())
    until(lambda: held.requests, "the request")
    assert " 1 in flight" in say(weir, "drain", "app")
    assert weir.get().status == 503
    held.wires[0].send(OK)
    assert wire.read_response().status == 200
    assert "route any now answers 503" in weir.stderr
    assert weir.cli("status").returncode == 4


def test_a_tunnel_stays_where_it_is(scene):
    origin = scene.origin(echo)
    weir = scene.start(
        f'listen: {{raw: {{address: "127.0.0.1:0", protocol: tcp, to: app}}}}\n'
        f'backends: {{app: {{endpoints: ["{origin}"]}}}}\ntimeouts: {{drain: 1s}}\n'
    )
    wire = weir.connect("raw").send(b"one")
    assert wire.read(3) == b"one"
    say(weir, "drain", "app")
    assert wire.send(b"two").read(3) == b"two"
    assert weir.connect("raw").read_all() == b""


def test_what_is_said_holds_over_a_reload(scene):
    weir, (a, b) = pair(scene)
    say(weir, "drain", f"app/{a}")
    say(weir, "weight", f"app/{b}", "7")
    text = weir.file.read_text()
    assert weir.reload(text.replace("round-robin", "random")).returncode == 0
    assert shares(weir, (a, b), 20) == [0, 20]
    assert [endpoint(weir, n)["by_hand"] is None for n in (0, 1)] == [False, False]


def test_a_time_ends_by_itself(scene):
    weir, (a, b) = pair(scene)
    say(weir, "drain", f"app/{a}", "--for", "300ms")
    say(weir, "weight", f"app/{b}", "3", "--for", "1h")
    assert endpoint(weir)["by_hand"]["state_until"] and endpoint(weir)["state"] == "draining"
    assert endpoint(weir, 1)["by_hand"]["weight_until"]
    until(lambda: endpoint(weir)["state"] == "unchecked", "its end")
    assert f"app/{a} unchecked: its time by hand is over" in weir.stderr
    say(weir, "weight", f"app/{b}", "3", "--for", "100ms")
    until(lambda: endpoint(weir, 1)["by_hand"] is None, "the other's end")
    assert f"app/{b} weight 1, was 3: its time by hand is over" in weir.stderr


def test_who_speaks_last_decides(scene):
    weir, (a, _) = pair(scene)
    say(weir, "drain", f"app/{a}", "--for", "150ms")
    say(weir, "drain", f"app/{a}")
    say(weir, "weight", f"app/{a}", "9", "--for", "150ms")
    until(lambda: endpoint(weir)["weight"] == 1, "the end of the weight")
    assert endpoint(weir)["state"] == "draining"
    say(weir, "down", f"app/{a}")
    assert (endpoint(weir)["state"], endpoint(weir)["by_hand"]["state"]) == ("down", "down")
    say(weir, "drain", f"app/{a}")
    assert (endpoint(weir)["state"], endpoint(weir)["by_hand"]["state"]) == ("draining", "drain")


def test_a_weight_moves_the_shares(scene):
    weir, origins = pair(scene)
    assert "weight by hand" in say(weir, "weight", f"app/{origins[0]}", "3")
    assert 260 <= shares(weir, origins, 400)[0] <= 340  # 300, and the dice decide
    assert weir.metric("weir_endpoint_weight", endpoint=origins[0]) == 3
    say(weir, "weight", f"app/{origins[0]}", "0")
    assert shares(weir, origins, 20) == [0, 20]
    say(weir, "ready", "app")
    assert shares(weir, origins, 20) == [10, 10]
    assert re.search(rf"weight 1, was 0: {BY}", weir.stderr)


def test_one_that_is_down_is_not_checked_and_is_checked_before_it_is_back(scene):
    answers = {"now": OK}
    origin = scene.origin(answering(lambda _: answers["now"]))
    weir = scene.proxy(origin, "panic: off, check: {ask: GET /, every: 10ms, down: 1}")
    say(weir, "down", f"app/{origin}")
    assert re.search(rf"app/{origin} down: {BY}; 0 of 1 left", weir.stderr)
    asked = len(origin.requests)
    assert weir.get().status == 503
    assert weir.reload().returncode == 0
    answers["now"] = response(b"", "500 Internal Server Error")
    assert len(origin.requests) - asked <= 1
    say(weir, "ready", f"app/{origin}")
    until(lambda: endpoint(weir)["state"] == "unhealthy", "its check")
    assert weir.get().status == 503
    answers["now"] = OK
    until(lambda: weir.get().status == 200, "it to be back")


def test_ready_does_not_overrule_a_check(scene):
    origin = scene.origin(response(b"", "500 Internal Server Error"))
    weir = scene.proxy(origin, "panic: off, check: {ask: GET /, every: 10ms}")
    say(weir, "drain", "app")
    assert " unhealthy " in say(weir, "ready", "app")


def test_explain_shows_the_candidates_with_state_and_reason(scene):
    weir, (a, b) = pair(scene)
    say(weir, "drain", f"app/{a}", "--for", "1h")
    out = say(weir, "explain", "http://weir.test/", "--live")
    assert re.search(rf"{a}.* draining \({BY}, for 1h\), 0 in flight", out)
    assert re.search(rf"{b} .* unchecked, 0 in flight", out)


def test_a_backends_name_may_have_a_slash(scene):
    origin = scene.origin()
    weir = scene.start(
        'listen: {http: {address: "127.0.0.1:0"}}\nroutes: [{match: any, to: team/app}]\n'
        f'backends: {{team/app: {{endpoints: ["{origin}"]}}}}\n'
    )
    assert "draining" in say(weir, "drain", f"team/app/{origin}")
    assert "unchecked" in say(weir, "ready", "team/app")


@pytest.mark.parametrize(
    "words, code, wrong",
    [
        (["drain"], 2, "drain what?"),
        (["weight", "app"], 2, "which weight for what?"),
        (["drain", "ap"], 1, 'there is no backend "ap"; did you mean "app"?'),
        (["drain", "app/10.0.0.1:1"], 1, 'backend app has no endpoint "10.0.0.1:1"'),
        (["weight", "app", "1001"], 1, "a weight is a whole number, 0-1000"),
        (["drain", "app", "--for", "5"], 1, '"5" is not a duration'),
        (["drain", "app", "--for", "0s"], 1, "for no time at all"),
    ],
    ids="nothing no-weight typo endpoint weight unit zero".split(),
)
def test_what_makes_no_sense_is_refused(scene, words, code, wrong):
    weir, _ = scene.front()
    done = weir.cli(*words)
    assert (done.returncode, endpoint(weir)["by_hand"]) == (code, None)
    assert wrong in done.stderr


def test_the_door_answers_json_and_refuses_a_page(scene):
    weir, origin = scene.front()
    path = f"/endpoints?of=app/{origin}&state=drain&for=10m"
    json_fields = ["Content-Type: application/json"]
    row = json.loads(weir.admin(path, "POST", json_fields).body)[0]
    assert (row["name"], row["state"], row["usable"]) == (origin.address, "draining", False)
    wrong = weir.admin("/endpoints?of=%22&state=drain", "POST", json_fields)
    assert wrong.status == 404 and json.loads(wrong.body)["error"].startswith("there is no backend")
    for bad in ("", "&state=up", "&state=drain&weight=1", "&state=ready&for=1m"):
        assert weir.admin(f"/endpoints?of=app{bad}", "POST", json_fields).status == 400
    assert weir.admin(path, "POST", [*json_fields, "Origin: http://evil.test"]).status == 403
    assert weir.admin(path).status == 405
