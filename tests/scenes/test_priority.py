"""Priorities: a backup serves what those before it cannot, and no more."""

import json

from origin import answering, response
from raw import until

CHECK = (
    "check: {ask: tcp, every: 100ms, every_changing: 50ms, every_down: 100ms, up: 1, down: 1}, "
    "balance: round-robin"
)


def ends(scene, *names):
    return {name: scene.origin(answering(response(name.encode()))) for name in names}


def items(ends, **priority):
    return [f"{{address: '{end}', priority: {priority[name[:1]]}}}" for name, end in ends.items()]


def counts(weir, n=60):
    got = [weir.get().body.decode() for _ in range(n)]
    return {name: got.count(name) for name in set(got)}


def parts(weir):
    rows = weir.admin_json("/backends")[0]["priorities"]
    return {row["priority"]: round(row["percent"]) for row in rows}


def test_a_backup_serves_while_there_is_nobody_else(scene):
    all_ends = ends(scene, "main", "backup")
    weir = scene.proxy(items(all_ends, m=0, b=1), CHECK)
    assert counts(weir) == {"main": 60}
    all_ends["main"].refuse()
    until(lambda: parts(weir) == {0: 0, 1: 100}, "the backup")
    assert counts(weir) == {"backup": 60}
    assert "backend app: priority 0 gets 0%, priority 1 gets 100%" in weir.stderr


def test_no_request_is_lost_before_anybody_noticed(scene):
    all_ends = ends(scene, "main", "backup")
    weir = scene.proxy(items(all_ends, m=0, b=1))
    all_ends["main"].refuse()
    assert counts(weir, 10) == {"backup": 10}


def test_what_is_missing_spills_over(scene):
    all_ends = ends(scene, "m1", "m2", "m3", "m4", "b1", "b2")
    weir = scene.proxy(items(all_ends, m=0, b=3), CHECK)
    all_ends["m1"].refuse()
    until(lambda: "left" in weir.stderr, "the check")
    assert parts(weir) == {0: 100, 3: 0}  # three of four bear it
    all_ends["m2"].refuse()
    until(lambda: parts(weir) == {0: 70, 3: 30}, "the spill-over")
    got = counts(weir, 400)
    assert 200 < got["m3"] + got["m4"] < 350
    assert 50 < got["b1"] + got["b2"] < 200
    said = weir.cli("explain", weir.url("/")).stdout
    assert "priority 3 gets 30.0%" in said and " priority 3 " in said
    text = weir.admin("/backends", fields=["Accept: text/plain"]).body.decode()
    assert "priority 0 gets 70.0% of its requests" in text


def test_drained_by_hand_the_others_serve_and_then_it_is_back(scene):
    all_ends = ends(scene, "main", "backup")
    weir = scene.proxy(items(all_ends, m=0, b=1), CHECK)
    assert weir.cli("drain", f"app/{all_ends['main']}").returncode == 0
    until(lambda: counts(weir, 5) == {"backup": 5}, "the backup")
    assert weir.cli("ready", f"app/{all_ends['main']}").returncode == 0
    until(lambda: counts(weir, 5) == {"main": 5}, "the first one again")


def test_a_file_says_priorities_too(scene):
    all_ends = ends(scene, "main", "backup")
    path = scene.folder / "list.json"
    rows = [{"address": str(end)} for end in all_ends.values()]
    rows[1]["priority"] = 2
    path.write_text(json.dumps({"endpoints": rows}))
    weir = scene.proxy(f"{{file: {path}, priority: 1}}", CHECK)
    assert parts(weir) == {1: 100, 3: 0}
    assert counts(weir, 10) == {"main": 10}
    all_ends["main"].refuse()
    until(lambda: parts(weir) == {1: 0, 3: 100}, "the backup")
    assert counts(weir, 10) == {"backup": 10}
