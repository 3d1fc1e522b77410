"""How evenly the balancers spread, simulated over their own code: the same on every machine."""

import importlib.util
import os
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEIR = pathlib.Path(os.environ.get("WEIR", ROOT / "build" / "weir")).resolve()
HASHES = ("maglev", "ring")


@pytest.fixture(scope="module")
def balance():
    spec = importlib.util.spec_from_file_location("balance", ROOT / "bench" / "balance.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def found(balance):
    return balance.simulate(WEIR.parent)


def test_the_committed_table_is_what_the_code_gives(balance, found):
    told = "bench/balance.py writes it again, with the plot"
    assert balance.table(found) == (ROOT / "bench" / "results" / "balance.md").read_text(), told


def test_least_requests_keeps_the_fullest_near_the_mean(found):
    assert max(found["equal"]["least-requests"].values()) <= 1.35
    assert max(found["weights"]["least-requests"].values()) <= 1.55


def test_least_requests_spares_a_slow_endpoint(found):
    assert max(found["slow"]["least-requests"].values()) <= 1.3
    assert max(found["slow-share"]["least-requests"].values()) <= 0.2


def test_a_bound_holds_for_popular_keys_and_slow_endpoints_too(found):
    for measure in ("equal", "popular"):
        assert max(found[measure]["maglev, bound 125%"].values()) <= 1.35
    assert max(found["slow"]["maglev, bound 125%"].values()) <= 1.4


@pytest.mark.parametrize("other", ["random", *HASHES])
def test_round_robin_is_more_even_than_chance(found, other):
    for n, load in found["equal"]["round-robin"].items():
        assert load < found["equal"][other][n]


def test_few_keys_move_when_an_endpoint_leaves(found):
    for n in (10, 30, 100, 300, 1000):
        assert found["moves"]["ring"][n] <= 1.2 * 100 / n
        assert found["moves"]["maglev"][n] <= 100 / n + 1.5
