"""One line per exchange and tunnel, complete, honest and safe to parse."""

import re
import signal
import subprocess

import pytest

from origin import OK, free_port, response
from raw import until
from weir import get_bytes, parse_line

NAMES = [
    "host",
    "route",
    "backend",
    "endpoint",
    "time",
    "wait",
    "connect",
    "first",
    "tries",
    "why",
    "id",
]
LINE = re.compile(
    r"127\.0\.0\.1 - - \[\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}\] "
    r'"GET /a\?b=c HTTP/1\.1" 200 5 "http://from\.test/" "agent/1\.0 \(x\)" '
    r"host=a\.test route=\S+ backend=app endpoint=127\.0\.0\.1:\d+ "
    r"time=\S+ wait=\S+ connect=\S+ first=\S+ tries=1 why=\S+ .*id=[0-9a-f]{32}"
)


def test_a_text_line_is_combined_then_key_value(scene):
    weir, origin = scene.front(response(b"hello"))
    weir.get("/a?b=c", "a.test", fields=["Referer: http://from.test/", "User-Agent: agent/1.0 (x)"])
    weir.log()
    line = weir.access_lines()[0]
    assert LINE.fullmatch(line), line
    row = parse_line(line)
    assert [name for name in row if name in NAMES] == NAMES
    assert row["endpoint"] == origin.address
    assert row["why"] == "-"
    for name in ("time", "connect", "first"):
        assert re.fullmatch(r"0|-|\d+(\.\d+)?(us|ms|s)", row[name]), (name, row[name])


def test_a_json_line_has_the_same_names(scene):
    weir, origin = scene.front(response(b"hello"), extra="log: {format: json}\n")
    weir.get("/a?b=c", "a.test", fields=['User-Agent: "quoted" \\ \xe9'])
    row = weir.log()[0]
    assert set(NAMES) <= set(row)
    assert (row["status"], row["host"], row["backend"], row["endpoint"], row["tries"]) == (
        200,
        "a.test",
        "app",
        origin.address,
        1,
    )
    assert row["user_agent"].startswith('"quoted" \\ ')
    assert row["why"] is None and 0 <= row["first"] <= row["time"] < 5


def test_missing_things_are_dashes(scene):
    weir = scene.start(
        f"""
listen:
  http: {{address: "127.0.0.1:0"}}
routes:
  - match: a.test/*
    to: app
backends:
  app: {{endpoints: ["{scene.origin()}"]}}
"""
    )
    weir.get("/", "b.test")
    row = weir.log()[0]
    assert (row["route"], row["backend"], row["endpoint"], row["first"]) == ("-", "-", "-", "-")
    assert (row["why"], row["referer"], row["agent"]) == ("no_route", "-", "-")


INJECTIONS = {
    "quote": 'x" 200 0 "-" "y',
    "backslash": "x\\",
    "fake_key": "x why=none id=1",
    "high_bytes": "\xff\xfe",
    "brackets": "] [",
    "empty": "",
}


@pytest.mark.parametrize("value", INJECTIONS.values(), ids=INJECTIONS)
@pytest.mark.parametrize("form", ["text", "json"])
def test_nobody_can_forge_a_line(scene, value, form):
    weir, _ = scene.front(extra=f"log: {{format: {form}}}\n", workers=1)
    weir.get(fields=[f"User-Agent: {value}", f"Referer: {value}"])
    weir.get("/second")
    first, second = weir.log(2)
    assert len(weir.access_lines()) == 2
    assert str(first["status"]) == "200" and first["why"] in ("-", None) and len(first["id"]) == 32
    assert "/second" in weir.access_lines()[1]


def test_a_route_with_a_name_is_logged_by_it(scene):
    weir = scene.start(
        f"""
listen:
  http: {{address: "127.0.0.1:0"}}
routes:
  - match: any
    name: everything
    to: app
backends:
  app: {{endpoints: ["{scene.origin()}"]}}
"""
    )
    weir.get()
    assert weir.log()[0]["route"] == "everything"


def test_the_log_can_go_to_a_file_that_logrotate_moves(scene, tmp_path):
    path = tmp_path / "access.log"
    weir, _ = scene.front(extra=f"log: {{access: {path}}}\n")
    weir.get("/one")
    until(lambda: "/one" in path.read_text(), "the first line")
    moved = path.rename(tmp_path / "access.log.1")
    weir.get("/two")
    until(lambda: "/two" in moved.read_text(), "the second line, still in the moved file")
    weir.signal(signal.SIGUSR1)
    until(path.exists, "the file to be made again")
    weir.get("/three")
    until(lambda: "/three" in path.read_text(), "the third line")
    assert "/three" not in moved.read_text()
    assert weir.stdout == ""


def test_the_log_can_be_off(scene):
    weir, _ = scene.front(extra="log: {access: off}\n")
    assert weir.get().status == 200
    weir.stop()
    assert weir.stdout == ""


def test_every_request_has_exactly_one_line(scene):
    weir, _ = scene.front()
    wires = [weir.connect() for _ in range(8)]
    for i in range(50):
        for wire in wires:
            wire.send(get_bytes(f"/{i}"))
        assert all(wire.read_response().status == 200 for wire in wires)
    rows = weir.log(400)
    assert len({row["id"] for row in rows}) == 400
    assert weir.metric("weir_log_lines_dropped_total") == 0


def test_the_last_lines_are_written_before_the_end(scene):
    weir, _ = scene.front()
    wire = weir.connect()
    for i in range(200):
        wire.ask(get_bytes(f"/{i}"))
    weir.stop()
    assert len(weir.access_lines()) == 200


def test_a_reader_that_is_gone_or_slow_stops_nobody(scene, tmp_path):
    """The log is a pipe that nobody reads: lines are dropped and counted, traffic goes on."""
    pipe = tmp_path / "pipe"
    subprocess.run(["mkfifo", pipe], check=True)
    reader = subprocess.Popen(["sleep", "60"], stdin=open(pipe, "r+b", buffering=0))
    weir, _ = scene.front(extra=f"log: {{access: {pipe}}}\n", workers=1)
    wire, agent = weir.connect(), "User-Agent: " + "a" * 1900
    for _ in range(1500):
        assert wire.ask(get_bytes(fields=[agent])).status == 200
    reader.kill()
    reader.wait()
    assert weir.metric("weir_log_lines_dropped_total") > 0


WHYS = {
    "refused": (None, "connection_refused", 502),
    "closed": (b"", "connection_terminated", 502),
    "garbage": (b"garbage\r\n\r\n", "http_protocol_error", 502),
    "fine": (OK, "-", 200),
    "their_error": (response(b"x", "503 Theirs"), "-", 503),
}


@pytest.mark.parametrize("answer, why, status", WHYS.values(), ids=WHYS)
def test_why_is_the_fault_and_nothing_else(scene, answer, why, status):
    end = f"127.0.0.1:{free_port()}" if answer is None else scene.origin(answer, then="close")
    weir = scene.proxy(end)
    assert weir.get(method="POST").status == status
    row = weir.log()[0]
    assert (row["status"], row["why"]) == (str(status), why)
