"""Mistakes in the file: all told at once, each with its place, its line, a way out. Exact texts."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from weir import BINARY, run

HEAD = """\
listen:
  http: {port: 8080}
routes:
  - match: www.example.com/*
    to: web
backends:
  web: {endpoints: ["10.0.0.11:8080"]}
"""


def check(tmp_path, text, *args):
    (tmp_path / "weir.yaml").write_text(text)
    done = run("check", "-c", "weir.yaml", *args, cwd=tmp_path)
    return done.returncode, done.stdout + done.stderr


def with_line(old, new):
    assert old in HEAD
    return HEAD.replace(old, new)


MISTAKES = {
    "typo": (
        with_line("    to: web", "    to: web\n    mtach: x"),
        """\
weir.yaml:6:5: error: unknown key "mtach" in a route
    6 |     mtach: x
      |     ^~~~~ did you mean "match"?
""",
    ),
    "type": (
        "workers: two\n" + HEAD,
        """\
weir.yaml:1:10: error: "workers" wants a whole number 1-1024 or auto, got "two"
    1 | workers: two
      |          ^~~
""",
    ),
    "unknown_backend": (
        with_line("to: web", "to: wbe"),
        """\
weir.yaml:5:9: error: route sends to backend "wbe", which is not defined
    5 |     to: wbe
      |         ^~~ did you mean "web" (line 7)?
""",
    ),
    "duplicate_route": (
        with_line("    to: web", "    to: web\n  - match: www.example.com/*\n    to: web"),
        """\
weir.yaml:6:12: error: www.example.com/* is matched twice
    6 |   - match: www.example.com/*
      |            ^~~~~~~~~~~~~~~~~ first at line 4; the second would never be used
""",
    ),
    "regex": (
        with_line("www.example.com/*", "www.example.com/~^/a(b"),
        """\
weir.yaml:4:33: error: bad pattern at character 6: missing closing parenthesis
    4 |   - match: www.example.com/~^/a(b
      |                                 ^
""",
    ),
    "duration": (
        "timeouts: {connect: 5sec}\n" + HEAD,
        """\
weir.yaml:1:21: error: "5sec" is not a duration
    1 | timeouts: {connect: 5sec}
      |                     ^~~~ write 5s (units: ms s m h d)
""",
    ),
    "bare_number": (
        "timeouts: {connect: 5}\n" + HEAD,
        """\
weir.yaml:1:21: error: "5" is not a duration
    1 | timeouts: {connect: 5}
      |                     ^ write 5s (units: ms s m h d)
""",
    ),
    "indentation": (
        with_line("    to: web", "   to: web"),
        """\
weir.yaml:5:4: error: "to" is one space short of "match" (line 4)
    5 |    to: web
      |    ^~
""",
    ),
    "tab": (
        with_line("    to: web", "\tto: web"),
        """\
weir.yaml:5:1: error: YAML does not allow tabs; use spaces
    5 | \tto: web
      | ^
""",
    ),
    "unquoted_star": (
        with_line("www.example.com/*", "*.example.com/*"),
        """\
weir.yaml:4:12: error: a value that begins with "*" or "&" needs quotes
    4 |   - match: *.example.com/*
      |            ^~~~~~~~~~~~~~~ quote it: "*.example.com/*"
""",
    ),
    "unquoted_brackets": (with_line('"10.0.0.11:8080"', "[::1]:80"), "quote it"),
    "duplicate_key": (
        HEAD + "backends: {}\n",
        """\
weir.yaml:8:1: error: "backends" is given twice
    8 | backends: {}
      | ^~~~~~~~ first at line 6
""",
    ),
}


@pytest.mark.parametrize("text, says", MISTAKES.values(), ids=MISTAKES)
def test_tells_a_mistake_in_these_words(tmp_path, text, says):
    code, output = check(tmp_path, text)
    assert code == 3
    assert says in output, output


def test_tells_all_mistakes_at_once_and_counts_them(tmp_path):
    text = (
        with_line("to: web", "to: wbe")
        .replace("listen:", "lisen:")
        .replace("{endpoints", "{balance: best, endpoints")
    )
    code, output = check(tmp_path, text)
    assert code == 3
    assert output.count(": error: ") >= 3
    assert re.search(r"^\d errors, \d warnings?\b", output, re.M)
    places = [
        tuple(map(int, place))
        for place in re.findall(r"^weir\.yaml:(\d+):(\d+): error", output, re.M)
    ]
    assert places == sorted(places)


def test_far_from_any_key_lists_the_keys_allowed_here(tmp_path):
    _, output = check(tmp_path, with_line("    to: web", "    to: web\n    zzzzzz: x"))
    assert 'unknown key "zzzzzz" in a route' in output
    assert all(word in output for word in ("match", "to", "name"))


PLACES = {
    "backend_key": (
        '{endpoints: ["10.0.0.11:8080"]}',
        '{endpoint: ["10.0.0.11:8080"]}',
        'did you mean "endpoints"?',
    ),
    "top_key": ("routes:", "route:", 'did you mean "routes"?'),
    "listener_key": ("{port: 8080}", "{prot: 8080}", 'did you mean "port"?'),
    "port_range": ("8080}", "70000}", "70000"),
    "port_word": ("8080}", "http}", "http"),
    "bad_address": ("10.0.0.11:8080", "10.0.0.999:8080", "10.0.0.999"),
    "no_port": ("10.0.0.11:8080", "10.0.0.11", "port"),
    "no_endpoints": ('{endpoints: ["10.0.0.11:8080"]}', "{}", "endpoints"),
    "empty_to": ("to: web", "to:", '"to"'),
    "list_for_map": ("  http: {port: 8080}", "  - http", "listen"),
    "bad_match": ("www.example.com/*", "www.example.com:80/*", "www.example.com:80"),
    "star_in_middle": ("www.example.com/*", "www.*.com/*", "www.*.com"),
    "star_in_path": ("www.example.com/*", "www.example.com/*/x", "/*/x"),
    "bad_balance": ("{endpoints", "{balance: best, endpoints", "least-requests"),
    "weight": ("to: web", "to: {web: -1}", "-1"),
    "no_weight": ("to: web", "to: {web: 0}", "weight"),
    "protocol": ("{port: 8080}", "{port: 8080, protocol: ftp}", "ftp"),
    "two_addresses": ("{port: 8080}", '{port: 8080, address: "127.0.0.1:1"}', "address"),
    "endpoint_twice": (
        '["10.0.0.11:8080"]',
        '["10.0.0.11:8080", "10.0.0.11:8080"]',
        "10.0.0.11:8080",
    ),
}


@pytest.mark.parametrize("old, new, says", PLACES.values(), ids=PLACES)
def test_every_value_is_checked_where_it_is_written(tmp_path, old, new, says):
    code, output = check(tmp_path, with_line(old, new))
    assert code == 3, output
    assert re.search(r"^weir\.yaml:\d+:\d+: error: ", output, re.M), output
    assert says in output


BOMBS = {
    "aliases": "a: &a [x, x]\n"
    + "".join(
        f"{c}: &{c} [*{p}, *{p}, *{p}, *{p}, *{p}, *{p}, *{p}, *{p}, *{p}]\n"
        for p, c in zip("abcdefgh", "bcdefghi")
    ),
    "depth": "[" * 100_000,
    "deep_maps": "".join(" " * i + "a:\n" for i in range(2000)),
    "binary": "\x01\x02\x00",
    "utf16": "\ufeff\u0000l",
    "endless_scalar": "listen: '" + "x" * (40 << 20),
    "two_documents": HEAD + "---\n" + HEAD,
    "unclosed": "listen: {http: {port: 80",
    "tag": "listen: !!python/object:os.system x\n",
    "recursive": "listen: &l {http: *l}\n",
    "merge_key": "listen: {<<: {http: {port: 80}}}\n",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_hostile_file_is_an_error_and_quickly_so(tmp_path, text):
    code, output = check(tmp_path, text)
    assert code == 3
    assert "error" in output and len(output) < 20_000


NOT_YAML_TYPES = {
    "norway": "no",
    "octal": "0644",
    "float": "1e3",
    "yes": "yes",
    "null": "null",
    "date": "2026-11-22",
    "hex": "0x10",
}


@pytest.mark.parametrize("word", NOT_YAML_TYPES.values(), ids=NOT_YAML_TYPES)
def test_the_schema_types_a_scalar_never_yaml(tmp_path, word):
    text = HEAD.replace(
        "www.example.com/*", f"{{host: www.example.com, path: /x, headers: {{X-Beta: {word}}}}}"
    ).replace("web", word)
    code, output = check(tmp_path, text)
    assert code == 0, output


def test_variables_are_replaced_inside_one_scalar(tmp_path):
    (tmp_path / "secret").write_text("web\n")
    text = HEAD.replace("10.0.0.11:8080", "${WEIR_HOST}:${WEIR_PORT:-8080}").replace(
        "to: web", "to: ${file:secret}"
    )
    (tmp_path / "weir.yaml").write_text(text)
    done = run("config", "-c", "weir.yaml", cwd=tmp_path, env={"WEIR_HOST": "10.1.1.1"})
    assert done.returncode == 0, done.stderr
    assert "10.1.1.1:8080" in done.stdout and "to: web" in done.stdout


def test_an_unset_variable_is_an_error_at_its_place(tmp_path):
    code, output = check(tmp_path, with_line("10.0.0.11:8080", "${NOT_SET_ANYWHERE}"))
    assert code == 3 and "weir.yaml:7:" in output and "NOT_SET_ANYWHERE" in output


def test_a_variable_cannot_inject_structure(tmp_path):
    (tmp_path / "weir.yaml").write_text(with_line("to: web", "to: ${EVIL}"))
    done = run("check", "-c", "weir.yaml", cwd=tmp_path, env={"EVIL": "web\nlisten: {}"})
    assert done.returncode == 3 and "which is not defined" in done.stdout + done.stderr


def test_include_joins_lists_and_merges_maps(tmp_path):
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "api.yaml").write_text(
        "routes:\n  - match: api.example.com/*\n    to: api\n"
        "backends:\n  api: {endpoints: ['10.0.0.2:80']}\n"
    )
    code, output = check(tmp_path, "include: [conf.d/*.yaml]\n" + HEAD)
    assert code == 0, output
    done = run("config", "-c", "weir.yaml", cwd=tmp_path)
    assert "api.example.com/*" in done.stdout and "10.0.0.2:80" in done.stdout


def test_a_clash_of_includes_names_both_files(tmp_path):
    (tmp_path / "more.yaml").write_text("backends:\n  web: {endpoints: ['10.0.0.2:80']}\n")
    code, output = check(tmp_path, "include: [more.yaml]\n" + HEAD)
    assert code == 3 and "more.yaml" in output and "weir.yaml" in output


def test_a_file_that_includes_itself_is_an_error(tmp_path):
    code, output = check(tmp_path, "include: [weir.yaml]\n" + HEAD)
    assert code == 3 and "include" in output


UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up the right to be shown")
@pytest.mark.skipif(int(UNPRIVILEGED.read_text()) <= 80, reason="here everybody may")
def test_a_port_below_1024_without_the_right_says_what_to_do(tmp_path):
    file = tmp_path / "weir.yaml"
    file.write_text(with_line("8080}", "80}") + f"admin: {{socket: {tmp_path}/admin.sock}}\n")
    without = ["setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service"]
    done = subprocess.run([*without, BINARY, "run", "-c", file], capture_output=True, text=True)
    assert done.returncode == 1
    assert "may not listen on port 80 as user root" in done.stderr
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in done.stderr
