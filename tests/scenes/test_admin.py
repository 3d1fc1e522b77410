"""What a running weir says of itself, over the admin socket and the metrics listener."""

import json
import re
import stat
from pathlib import Path

import pytest

from origin import free_port
from raw import Wire
from weir import get_bytes

SAMPLE = re.compile(
    r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\})? '
    r"(-?[0-9.eE+-]+|[+-]Inf|NaN)"
)
NAMES = {
    "gauge": """weir_build_info weir_start_time_seconds weir_worker_connections
        weir_config_last_reload_success weir_config_last_reload_timestamp_seconds
        weir_config_generation weir_listener_connections weir_http_requests_in_flight
        weir_backend_connections weir_endpoint_up weir_endpoint_weight
        process_resident_memory_bytes process_open_fds""",
    "counter": """weir_config_reloads_total weir_listener_connections_total
        weir_listener_refused_total weir_listener_bytes_total weir_http_requests_total
        weir_http_request_bytes_total weir_http_response_bytes_total weir_backend_requests_total
        weir_backend_connections_total weir_backend_connections_reused_total
        weir_log_lines_dropped_total process_cpu_seconds_total""",
    "histogram": """weir_http_request_duration_seconds weir_backend_first_byte_seconds
        weir_backend_connect_seconds""",
}
HISTOGRAMS = NAMES["histogram"].split()
BUCKETS = "0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf".split()


@pytest.fixture(scope="module")
def weir(stage):
    port = free_port()
    weir, _ = stage.front(extra=f'metrics: {{address: "127.0.0.1:{port}"}}\n')
    weir.metrics_address = ("127.0.0.1", port)
    wire = weir.connect()
    for i in range(10):
        wire.ask(get_bytes(f"/{i}", method="POST", body=b"hello"))
    weir.log(10)
    return weir


def types(text):
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))


@pytest.mark.parametrize("kind", NAMES)
def test_metrics_have_the_documented_names_and_types(weir, kind):
    found, names = types(weir.admin("/metrics").body.decode()), NAMES[kind].split()
    assert {name: found.get(name) for name in names} == {name: kind for name in names}


def test_metrics_are_well_formed(weir):
    answer = weir.admin("/metrics")
    assert answer.get("content-type").startswith("text/plain")
    lines = answer.body.decode().splitlines()
    bad = [line for line in lines if line and line[0] != "#" and not SAMPLE.fullmatch(line)]
    assert bad == []
    names = [line.rsplit(" ", 1)[0] for line in lines if line and line[0] != "#"]
    assert len(names) == len(set(names))
    declared = types("\n".join(lines))
    base = [re.sub(r"\{.*", "", name) for name in names]
    assert all(
        name in declared or re.sub(r"_(bucket|sum|count)$", "", name) in declared for name in base
    )


def test_histograms_have_the_documented_buckets_and_add_up(weir):
    rows = weir.metrics()
    for name in HISTOGRAMS:
        series = [
            (re.search(r'le="([^"]+)"', key)[1], value)
            for key, value in rows.items()
            if key.startswith(name + "_bucket")
        ]
        assert [le for le, _ in series[: len(BUCKETS)]] == BUCKETS
        values = [value for _, value in series[: len(BUCKETS)]]
        assert values == sorted(values)
    assert weir.metric("weir_http_request_duration_seconds_count") == 10
    assert weir.metric("weir_http_request_duration_seconds_sum") > 0


def test_counters_count(weir):
    assert weir.metric("weir_http_requests_total", method="POST", code="200") == 10
    assert weir.metric("weir_backend_requests_total", backend="app", code="200") == 10
    assert weir.metric("weir_http_request_bytes_total") == 50
    assert weir.metric("weir_http_response_bytes_total") == 20
    assert weir.metric("weir_listener_connections_total", listener="http") == 1
    assert weir.metric("weir_endpoint_up", backend="app") == 1


def test_label_values_come_from_the_file_only(weir):
    weir.get("/unseen", "evil.test", method="BREW")
    text = weir.settled()
    assert 'method="OTHER"' in text
    assert "BREW" not in text and "evil" not in text and "unseen" not in text


def test_health_and_readiness(weir):
    assert weir.admin("/healthz").status == 200
    assert weir.admin("/ready").status == 200


def test_status_is_json_with_the_essentials(weir):
    answer = weir.admin("/status")
    assert answer.get("content-type").startswith("application/json")
    status = json.loads(answer.body)
    text = json.dumps(status)
    assert '"app"' in text and '"http"' in text and "generation" in text and "version" in text


def test_the_metrics_listener_knows_three_paths_only(weir):
    def ask(path, method="GET"):
        wire = Wire.dial(weir.metrics_address)
        try:
            return wire.ask(get_bytes(path, method=method, fields=["Connection: close"]))
        finally:
            wire.close()

    assert [ask(path).status for path in ("/metrics", "/healthz", "/ready")] == [200] * 3
    assert [ask(path).status for path in ("/status", "/config", "/", "/reload")] == [404] * 4
    assert ask("/reload", "POST").status in (404, 405)
    assert b"weir_http_requests_total" in ask("/metrics").body


def test_the_admin_socket_is_private(weir):
    mode = stat.S_IMODE(Path(weir.socket).stat().st_mode)
    assert mode & 0o007 == 0


def test_admin_changes_are_never_a_get(weir):
    before = weir.metric("weir_config_generation")
    assert weir.admin("/reload").status in (404, 405)
    assert weir.admin("/reload", "POST").status in (400, 403, 415)
    assert weir.metric("weir_config_generation") == before


def test_admin_answers_unknown_paths_with_404(weir):
    assert weir.admin("/nothing").status == 404


@pytest.mark.parametrize(
    "data",
    [b"GARBAGE\r\n\r\n", b"GET / HTTP/1.1\r\nA: " + b"x" * 200_000, b"\0" * 1000, b""],
    ids=["garbage", "huge", "nul", "nothing"],
)
def test_admin_survives_rubbish(weir, data):
    wire = Wire.dial(weir.socket)
    try:
        wire.send(data).finish()
        assert not wire.read_all().startswith(b"HTTP/1.1 200")
    except OSError:
        pass
    wire.close()
    assert weir.admin("/healthz").status == 200


def test_admin_serves_many_at_once_and_a_slow_one_stops_nobody(weir):
    slow = [Wire.dial(weir.socket).send(b"GET /met") for _ in range(20)]
    assert weir.admin("/healthz").status == 200
    assert weir.get().status == 200
    for wire in slow:
        wire.close()


def test_admin_may_listen_on_tcp_and_is_read_only_there(scene):
    port = free_port()
    scene.proxy(
        scene.origin(), extra=f'admin: {{socket: admin.sock, address: "127.0.0.1:{port}"}}\n'
    )
    wire = Wire.dial(("127.0.0.1", port))
    assert wire.ask(get_bytes("/status", fields=["Connection: close"])).status == 200
    wire = Wire.dial(("127.0.0.1", port))
    assert wire.ask(
        get_bytes(
            "/reload", method="POST", fields=["Connection: close", "Content-Type: application/json"]
        )
    ).status in (401, 403, 404, 405)


def test_metrics_add_up_over_workers(scene):
    weir, _ = scene.front(workers=4)
    for _ in range(40):
        weir.get()
    weir.log(40)
    assert weir.metric("weir_http_requests_total") == 40
    assert weir.metric("weir_listener_connections_total") == 40
    assert (
        sum(
            value
            for row, value in weir.metrics().items()
            if row.startswith("weir_worker_connections{")
        )
        <= 40
    )
