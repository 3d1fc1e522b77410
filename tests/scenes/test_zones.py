"""Zones: requests stay at home while that bears them, and leave when it is lost."""

import pytest

from origin import answering, response
from raw import until

CHECK = "check: {ask: tcp, every: 100ms, every_changing: 50ms, every_down: 100ms, up: 1, down: 1}"


class Zones:
    """weir in zone a, and so many endpoints in each zone, which answer with its name."""

    def __init__(self, scene, how, a=0, b=0, c=0, more=()):
        self.ends = {
            zone: [scene.origin(answering(response(zone.encode()))) for _ in range(n)]
            for zone, n in {"a": a, "b": b, "c": c}.items()
        }
        rows = [f"{{address: '{e}', zone: {zone}}}" for zone, n in self.ends.items() for e in n]
        self.weir = scene.proxy(
            [*rows, *more], f"{CHECK}, balance: round-robin, zones: {how}", extra="zone: a\n"
        )

    def parts(self):
        rows = self.weir.admin_json("/backends")[0]["priorities"]
        return {row["zone"]: round(row["percent"]) for row in rows}

    def away(self, what):
        """What has left the zone; checks move counters all the time, so nothing comes to rest."""
        name = f'weir_backend_cross_zone_{what}_total{{backend="app"}} '
        lines = self.weir.admin("/metrics").body.decode().splitlines()
        return [int(line[len(name) :]) for line in lines if line.startswith(name)][0]

    def lose(self, zone, n=None):
        for end in self.ends[zone][:n]:
            end.close()

    def who(self, n=60):
        got = [self.weir.get().body.decode() for _ in range(n)]
        return {zone: got.count(zone) for zone in set(got)}


def test_proportional_keeps_what_the_zone_bears(scene):
    zones = Zones(scene, "proportional", a=3, b=2, c=3)
    assert zones.parts() == {"a": 100, "b": 0, "c": 0}
    assert zones.who() == {"a": 60}
    assert zones.away("requests") == 0
    zones.lose("a", 1)
    until(lambda: zones.parts()["a"] == 86, "2 of 7 to be less than a third")
    assert zones.parts() == {"a": 86, "b": 0, "c": 14}
    zones.lose("a", 3)
    until(lambda: zones.parts()["a"] == 0, "the zone to be lost")
    got = zones.who()
    assert "a" not in got
    until(lambda: zones.away("requests") == zones.away("bytes") == 60, "all to be counted")
    assert "priority 0 in a gets 0%" in zones.weir.stderr


def test_proportional_does_not_count_with_few_endpoints(scene):
    zones = Zones(scene, "proportional", a=1, b=1, c=1)
    assert zones.parts() == {"a": 33, "b": 33, "c": 33}


def test_prefer_stays_while_anybody_is_left_and_is_back_at_once(scene):
    zones = Zones(scene, "prefer", a=2, b=3)
    assert zones.who() == {"a": 60}
    zones.lose("a", 1)
    until(lambda: "left" in zones.weir.stderr, "the check")
    assert zones.who() == {"a": 60}
    zones.lose("a")
    assert zones.who(10) == {"b": 10}  # before and after the check: nothing is lost
    until(lambda: zones.parts() == {"a": 0, "b": 100}, "the zone to be lost")
    assert zones.who() == {"b": 60}


def test_strict_never_leaves(scene):
    zones = Zones(scene, "strict", a=1, b=3)
    assert zones.who() == {"a": 60}
    zones.lose("a")
    until(lambda: zones.weir.get().status != 200, "nobody to be left")
    assert zones.weir.get().status in (502, 503)
    assert all(not end.requests for end in zones.ends["b"])


def test_off_counts_what_leaves_all_the_same(scene):
    zones = Zones(scene, "off", a=1, b=1)
    assert zones.who() == {"a": 30, "b": 30}
    until(lambda: zones.away("requests") == 30, "half of them to be counted")


def test_explain_says_which_zone_has_what(scene):
    zones = Zones(scene, "prefer", a=1, b=1)
    said = zones.weir.cli("explain", zones.weir.url("/")).stdout
    assert "priority 0 in a gets 100.0%" in said and "priority 0 in b gets 0.0%" in said


@pytest.mark.parametrize("how", ["proportional", "prefer", "strict"])
def test_zones_need_one_of_weirs_own(scene, how):
    weir = scene.proxy("127.0.0.1:1")
    done = weir.reload(weir.file.read_text().replace('1:1"]', f'1:1"], zones: {how}'))
    assert done.returncode == 3
    assert 'backend "app" has "zones", but weir itself has none' in done.stderr
