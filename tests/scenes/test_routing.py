"""Which route a request takes: the most specific wins and the order of the file never matters."""

import itertools
import re

import pytest

from origin import answering, response
from weir import get_bytes


def named(request_name):
    return answering(response(request_name.encode()))


def file_of(stage, routes):
    """A file with these (match, name) routes, each to an endpoint that answers with the name."""
    names = sorted({name for _, name in routes})
    rows = "".join(f"  - match: {match}\n    to: {name}\n" for match, name in routes)
    ends = "".join(f"  {n}: {{endpoints: ['{stage.origin(named(n))}']}}\n" for n in names)
    return f'listen:\n  http: {{address: "127.0.0.1:0"}}\nroutes:\n{rows}backends:\n{ends}'


HOST_ROUTES = [
    ('"*.test/*"', "wide"),
    ("www.a.test/*", "exact"),
    ('"*.a.test/*"', "wild"),
    ("any", "any"),
    ("a.test/*", "apex"),
    ('"*.deep.a.test/*"', "deep"),
]
HOST_CASES = {
    "exact": ("www.a.test", "exact"),
    "exact_beats_wildcard": ("www.a.test:8080", "exact"),
    "case_blind": ("WWW.A.Test", "exact"),
    "wildcard": ("b.a.test", "wild"),
    "apex_is_not_wild": ("a.test", "apex"),
    "wildcard_of_many_labels": ("x.y.a.test", "wild"),
    "longest_suffix": ("x.deep.a.test", "deep"),
    "suffix_itself": ("deep.a.test", "wild"),
    "wider": ("b.test", "wide"),
    "any": ("other.example", "any"),
    "not_a_label": ("xa.test", "wide"),
    "address": ("127.0.0.1", "any"),
    "ipv6": ("[::1]:80", "any"),
}


@pytest.fixture(scope="module")
def hosts(stage):
    return [stage.start(file_of(stage, order)) for order in (HOST_ROUTES, HOST_ROUTES[::-1])]


@pytest.mark.parametrize("host, name", HOST_CASES.values(), ids=HOST_CASES)
def test_the_most_specific_host_wins_in_either_order(hosts, host, name):
    assert [weir.get("/x", host).body.decode() for weir in hosts] == [name, name]


PATH_ROUTES = [
    ("a.test/*", "root"),
    ("a.test/shop/*", "shop"),
    ("a.test/shop/cart", "cart"),
    ("a.test/shop/cart/*", "carts"),
    ("'a.test/~^/v[0-9]+/'", "version"),
    ("a.test/v1/*", "v1"),
    ("'*.test/shop/cart/x'", "elsewhere"),
]
PATH_CASES = {
    "prefix": ("/shop/x", "shop"),
    "prefix_without_slash": ("/shop", "shop"),
    "prefix_with_slash": ("/shop/", "shop"),
    "prefix_is_by_segment": ("/shopping", "root"),
    "exact_beats_prefix": ("/shop/cart", "cart"),
    "longest_prefix": ("/shop/cart/x", "carts"),
    "exact_has_no_slash": ("/shop/cart/", "carts"),
    "case_matters": ("/SHOP/x", "root"),
    "regex": ("/v2/x", "version"),
    "prefix_beats_regex": ("/v1/x", "v1"),
    "regex_of_many_digits": ("/v22/", "version"),
    "regex_not": ("/vx/", "root"),
    "root": ("/", "root"),
    "query_is_no_path": ("/shop?x=/cart", "shop"),
    "escape_is_data": ("/shop%2Fcart", "root"),
    "double_slash": ("//shop", "root"),
}


@pytest.fixture(scope="module")
def paths(stage):
    return [stage.start(file_of(stage, order)) for order in (PATH_ROUTES, PATH_ROUTES[::-1])]


@pytest.mark.parametrize("path, name", PATH_CASES.values(), ids=PATH_CASES)
def test_the_most_specific_path_wins_in_either_order(paths, path, name):
    assert [weir.get(path, "a.test").body.decode() for weir in paths] == [name, name]


LONG = """
  - match: {host: a.test, path: /x}
    to: plain
  - match: {host: a.test, path: /x, methods: [POST, PUT]}
    to: post
  - match: {host: a.test, path: /x, headers: {X-Beta: "yes"}}
    to: beta
  - match: {host: a.test, path: /x, query: {v: "2"}}
    to: second
  - match: {host: a.test, path: /x, methods: [POST], headers: {X-Beta: "yes"}}
    to: both
"""
PREDICATES = {
    "none": (get_bytes("/x", "a.test"), "plain"),
    "method": (get_bytes("/x", "a.test", "POST"), "post"),
    "method_list": (get_bytes("/x", "a.test", "PUT"), "post"),
    "header": (get_bytes("/x", "a.test", fields=["x-beta: yes"]), "beta"),
    "header_value_differs": (get_bytes("/x", "a.test", fields=["X-Beta: yess"]), "plain"),
    "query": (get_bytes("/x?a=1&v=2", "a.test"), "second"),
    "query_value_differs": (get_bytes("/x?v=22", "a.test"), "plain"),
    "query_name_differs": (get_bytes("/x?vv=2", "a.test"), "plain"),
    "method_and_header": (get_bytes("/x", "a.test", "POST", ["X-Beta: yes"]), "both"),
    "header_beats_query": (get_bytes("/x?v=2", "a.test", fields=["X-Beta: yes"]), "beta"),
}


@pytest.fixture(scope="module")
def predicates(stage):
    names = ["plain", "post", "beta", "second", "both"]
    ends = "".join(f"  {n}: {{endpoints: ['{stage.origin(named(n))}']}}\n" for n in names)
    head = 'listen:\n  http: {address: "127.0.0.1:0"}\n'
    turned = "".join("  - match" + row for row in LONG.split("  - match")[:0:-1])
    return [stage.start(f"{head}routes:\n{rows}\nbackends:\n{ends}") for rows in (LONG, turned)]


@pytest.mark.parametrize("data, name", PREDICATES.values(), ids=PREDICATES)
def test_methods_headers_and_queries_choose_among_equal_paths(predicates, data, name):
    for weir in predicates:
        assert weir.connect().ask(data).body.decode() == name


def test_a_route_whose_conditions_fail_gives_way_to_a_less_specific_one(scene):
    exact = "{host: a.test, path: /x/y, methods: [POST]}"
    weir = scene.start(file_of(scene, [(exact, "exact"), ("a.test/x/*", "prefix"), ("any", "any")]))
    assert weir.get("/x/y", "a.test", method="POST").body == b"exact"
    assert weir.get("/x/y", "a.test").body == b"prefix"


def test_answers_404_and_says_no_route(scene):
    weir = scene.start(file_of(scene, [("a.test/v1/*", "app")]))
    for path, host in (("/v2", "a.test"), ("/v1", "b.test"), ("/v1x", "a.test")):
        answer = weir.get(path, host)
        assert (answer.status, answer.get("proxy-status")) == (404, "weir; error=no_route")
    assert [row["why"] for row in weir.log(3)] == ["no_route"] * 3
    assert weir.metric("weir_http_local_responses_total", why="no_route") == 3


def test_a_404_leaves_the_connection_usable(scene):
    weir = scene.start(file_of(scene, [("a.test/v1/*", "app")]))
    wire = weir.connect()
    assert wire.ask(get_bytes("/", "a.test")).status == 404
    assert wire.ask(get_bytes("/v1/x", "a.test")).body == b"app"


def test_no_host_in_http_1_0_takes_the_route_for_any(scene):
    weir = scene.start(file_of(scene, [("a.test/*", "a"), ("any", "any")]))
    assert weir.connect().ask(b"GET / HTTP/1.0\r\n\r\n").body == b"any"


def test_the_absolute_form_routes_by_its_own_host(scene):
    weir = scene.start(file_of(scene, [("a.test/x", "a"), ("any", "any")]))
    assert weir.connect().ask(get_bytes("http://a.test/x", "a.test")).body == b"a"


def test_a_route_may_name_its_listener(scene):
    one, two = scene.origin(named("one")), scene.origin(named("two"))
    weir = scene.start(
        f"""
listen:
  http: {{address: "127.0.0.1:0"}}
  inner: {{address: "127.0.0.1:0"}}
routes:
  - match: any
    to: one
  - match: {{listener: inner, path: /*}}
    to: two
backends:
  one: {{endpoints: ["{one}"]}}
  two: {{endpoints: ["{two}"]}}
"""
    )
    assert [weir.get(listener=name).body for name in ("http", "inner")] == [b"one", b"two"]


def test_weights_share_requests_between_backends(scene):
    one, none, three = (scene.origin(named(n)) for n in ("one", "none", "three"))
    weir = scene.start(
        f"""
listen:
  http: {{address: "127.0.0.1:0"}}
routes:
  - match: any
    to: {{one: 25%, three: 75%, none: 0%}}
backends:
  one: {{endpoints: ["{one}"]}}
  none: {{endpoints: ["{none}"]}}
  three: {{endpoints: ["{three}"]}}
""",
        workers=1,
    )
    wire = weir.connect()
    got = [wire.ask(get_bytes()).body for _ in range(200)]
    assert got.count(b"none") == 0
    assert 20 <= got.count(b"one") <= 80


@pytest.mark.parametrize("seed", range(3))
def test_a_thousand_routes_choose_as_ten_do(scene, seed):
    hosts = [f"h{i}.test" for i in range(1000)]
    ring = itertools.cycle("abc")
    routes = [(f"{host}/p{i % 7}/*", next(ring)) for i, host in enumerate(hosts)]
    weir = scene.start(file_of(scene, routes[seed:] + routes[:seed]))
    wire = weir.connect()
    for i in range(seed, 1000, 97):
        match, name = routes[i]
        assert (
            wire.ask(get_bytes(re.sub(r"^[^/]+|\*", "", match) + "x", hosts[i])).body.decode()
            == name
        )
        assert wire.ask(get_bytes("/", hosts[i])).status == 404
