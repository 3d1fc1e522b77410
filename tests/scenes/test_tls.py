"""TLS with clients: certificates by name, versions, tickets, client certificates, what goes wrong."""

import re
import socket
import ssl
import subprocess

import pytest

import certs
import frames
from origin import OK, answering, echo, free_port
from raw import until
from tls_peers import ask, curl, dial, s_client, text
from weir import get_bytes, one_backend


@pytest.fixture
def front(scene, shelf):
    origin = scene.origin(answering(OK))
    return scene.start(text(origin, shelf)), origin


def test_curl_is_served_and_the_endpoint_knows_it_was_tls(front, shelf):
    weir, origin = front
    done = curl(weir, shelf, "-w", "%{http_code} %{ssl_verify_result}")
    assert done.stdout == "ok200 0", done.stderr
    request = origin.requests[-1]
    assert request.get("X-Forwarded-Proto") == "https"
    assert request.get("Forwarded").endswith("proto=https")
    assert weir.log()[0]["tls"] == "1.3"


@pytest.mark.parametrize("args, version", [([], "2"), (["--http1.1"], "1.1")])
def test_client_and_weir_agree_on_a_version_of_http(front, shelf, args, version):
    weir, origin = front
    done = curl(weir, shelf, *args, "-w", " %{http_version}", path="/v")
    assert done.stdout == f"ok {version}", done.stderr
    assert weir.log()[0]["request"].startswith(f"GET /v HTTP/{version}")


def test_who_agreed_on_http_2_must_speak_it(front, shelf):
    weir, origin = front
    context = ssl.create_default_context(cafile=shelf / "ca.pem")
    context.set_alpn_protocols(["h2"])
    sock = socket.create_connection(weir.address("https"), timeout=20)
    with context.wrap_socket(sock, server_hostname="www.test") as sock:
        sock.sendall(get_bytes(host="www.test"))
        data = b""
        while more := sock.recv(65536):
            data += more
    assert b"HTTP/1.1" not in data
    assert data[-17:-8] == frames.frame(frames.GOAWAY, payload=bytes(8))[:9]
    assert data[-4:] == bytes([0, 0, 0, frames.PROTOCOL_ERROR])
    assert origin.requests == []


def test_h2load_gets_all_its_answers(front, shelf):
    weir, _ = front
    host, port = weir.address("https")
    args = ["h2load", "-n", "2000", "-c", "4", "-m", "32", f"https://{host}:{port}/"]
    out = subprocess.run(args, capture_output=True, text=True, timeout=60).stdout
    assert "Application protocol: h2" in out and "status codes: 2000 2xx" in out, out


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_both_versions_are_spoken_over_a_kept_connection(front, shelf, version):
    weir, origin = front
    number = getattr(ssl.TLSVersion, version)
    with dial(weir, shelf, minimum_version=number, maximum_version=number) as sock:
        assert sock.version() == version.replace("_", ".")
        for _ in range(5):
            assert ask(sock).startswith(b"HTTP/1.1 200")
    assert len(origin.requests) == 5
    short = version[-3:].replace("_", ".")
    assert weir.metric("weir_tls_handshakes_total", version=short, resumed="0") == 1


def test_large_bodies_go_both_ways(scene, shelf):
    body = bytes(range(256)) * 8192
    origin = scene.origin(answering(lambda request: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"
                                    % (len(request.body), request.body)))
    weir = scene.start(text(origin, shelf))
    file = scene.folder / "body"
    file.write_bytes(body)
    out = scene.folder / "out"
    done = curl(weir, shelf, "--data-binary", f"@{file}", "-o", str(out))
    assert done.returncode == 0 and out.read_bytes() == body, done.stderr


@pytest.mark.parametrize(
    "name, subject",
    [("www.test", "a-www"), ("a.wild.test", "wild-ec"), ("unknown.test", "a-www"), (None, "a-www")],
)
def test_the_name_decides_which_certificate_is_shown(front, shelf, name, subject):
    weir, _ = front
    asked = ["-servername", name] if name else ["-noservername"]
    assert f"CN = {subject}" in s_client(weir, shelf, *asked).stdout


def test_a_client_without_ecdsa_is_shown_rsa(front, shelf):
    weir, _ = front
    done = s_client(weir, shelf, "-servername", "a.wild.test", "-sigalgs", "rsa_pss_rsae_sha256")
    assert "CN = wild-rsa" in done.stdout


def test_an_unknown_name_may_be_refused(scene, shelf):
    weir = scene.start(
        text(scene.origin(), shelf, f"{{certificates: {shelf / 'pairs'}, unknown_host: reject}}")
    )
    assert "unrecognized name" in s_client(weir, shelf, "-servername", "unknown.test").stderr
    assert curl(weir, shelf).stdout == "ok"
    assert weir.metric("weir_tls_handshake_failures_total", reason="unknown_host") == 1


def test_a_ticket_makes_the_next_handshake_short_also_after_a_reload(front, shelf, tmp_path):
    weir, _ = front
    state = tmp_path / "ticket"
    say = get_bytes(host="www.test", fields=["Connection: close"]).decode()
    known = ["-servername", "www.test", "-ign_eof"]
    assert "New, TLSv1.3" in s_client(weir, shelf, *known, "-sess_out", state, say=say).stdout
    assert weir.reload().returncode == 0
    assert "Reused, TLSv1.3" in s_client(weir, shelf, *known, "-sess_in", state, say=say).stdout
    assert weir.metric("weir_tls_handshakes_total", resumed="1") == 1


def test_old_versions_and_weak_ciphers_are_refused(front, shelf):
    weir, _ = front
    assert s_client(weir, shelf, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0").returncode != 0
    weak = s_client(weir, shelf, "-tls1_2", "-cipher", "AES128-SHA")
    assert "handshake failure" in weak.stderr
    assert weir.metric("weir_tls_handshake_failures_total") == 2


def test_plain_http_is_told_to_use_https(front, shelf):
    weir, _ = front
    answer = weir.connect("https").ask(get_bytes())
    assert answer.status == 400 and b"https://" in answer.body
    assert weir.metric("weir_tls_handshake_failures_total", reason="plain") == 1


def test_garbage_and_silence_are_closed(scene, shelf):
    weir = scene.start(text(scene.origin(), shelf, extra=", tls: 200ms"))
    garbage, silent = weir.connect("https"), weir.connect("https")
    garbage.send(b"\x16\x03\x01\x00\x04\x01\x00\x00\xff")
    assert b"HTTP" not in garbage.read_all() and silent.read_all() == b""
    assert weir.metric("weir_tls_handshake_failures_total", reason="timeout") >= 1


def test_tcp_inside_tls_is_carried_to_the_backend(scene, shelf):
    origin = scene.origin(echo)
    weir = scene.start(
        f"""\
listen: {{https: {{address: "127.0.0.1:0", protocol: tcp, tls: {shelf / 'pairs'}, to: app}}}}
backends: {{app: {{endpoints: ["{origin}"]}}}}
timeouts: {{drain: 3s}}
"""
    )
    body = bytes(range(256)) * 2000
    with dial(weir, shelf) as sock:
        sock.sendall(body)
        data = b""
        while len(data) < len(body):
            data += sock.recv(65536)
        assert data == body
        sock.unwrap()
    assert weir.log()[0]["tls"] == "1.3"


def test_a_reload_shows_new_files_and_cuts_nobody(front, shelf, scene):
    weir, _ = front
    with dial(weir, shelf) as kept:
        ask(kept)
        folder = scene.folder / "renewed"
        folder.mkdir()
        certs.certificate(folder, "www.test", ca=shelf / "ca.pem", name="renewed")
        changed = weir.file.read_text().replace(str(shelf / "pairs"), str(folder))
        assert weir.reload(changed).returncode == 0
        ask(kept)
    assert "CN = renewed" in s_client(weir, shelf, "-servername", "www.test").stdout


def test_a_bad_pair_is_left_out_and_told(scene, shelf, tmp_path):
    for file in (shelf / "pairs").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "zzz.crt").write_text("no certificate\n")
    weir = scene.start(text(scene.origin(answering(OK)), shelf, str(tmp_path)))
    assert "zzz.crt has no certificate in PEM form" in weir.stderr
    assert re.search(r"weir\.yaml:2:\d+: warning", weir.stderr)
    assert curl(weir, shelf).stdout == "ok"
    assert weir.cli("check", "-c", weir.file).returncode == 3


WRONG = {
    "missing": ("nothing.crt", "cannot read certificate .*nothing.crt: No such file"),
    "mismatch": (
        "{{certificates: {{cert: {pairs}/a-www.crt, key: {pairs}/wild-ec.key}}}}",
        "the key in wild-ec.key does not match the certificate in a-www.crt",
    ),
    "no-key": ("{pairs}/a-www.crt", 'a-www.crt has no private key(.|\n)*name it with "key"'),
    "empty-folder": ("{empty}", r"no \*.crt or \*.pem in this folder"),
    "ciphers": (
        "{{certificates: {pairs}, ciphers: NONSENSE}}",
        "ciphers: no cipher match",
    ),
    "unknown-key": ("{{certificates: {pairs}, cipher: x}}", 'unknown key "cipher" in tls'),
}


@pytest.mark.parametrize("tls, says", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_with_its_place(front, shelf, tmp_path, tls, says):
    weir, _ = front
    tls = tls.format(pairs=shelf / "pairs", empty=tmp_path)
    done = weir.reload(weir.file.read_text().replace(str(shelf / "pairs"), tls))
    said = done.stderr + done.stdout
    assert done.returncode == 3 and re.search(says, said) and "weir.yaml:2:" in said
    assert curl(weir, shelf).stdout == "ok"  # the old ones stay


def test_check_warns_of_a_certificate_that_ends_soon(shelf, tmp_path, front):
    weir, _ = front
    soon = certs.certificate(tmp_path, "soon.test", ca=shelf / "ca.pem", name="soon", days=3)
    file = tmp_path / "weir.yaml"
    pair = f"{{certificates: {{cert: {soon}, key: {soon.with_suffix('.key')}}}}}"
    file.write_text(weir.file.read_text().replace(str(shelf / "pairs"), pair))
    done = weir.cli("check", "-c", file)
    assert done.returncode == 0
    assert re.search(r"warning: certificate for soon.test ends in [23] days", done.stderr + done.stdout)


# ---- TLS with endpoints ----


@pytest.fixture(scope="module")
def nginx(shelf):
    """A real server that speaks TLS as api.internal and asks for a certificate at /mutual."""
    folder = shelf / "nginx"
    folder.mkdir()
    cert = certs.certificate(folder, "api.internal", ca=shelf / "ca.pem", name="api")
    port = free_port()
    (folder / "nginx.conf").write_text(
        f"""\
daemon off;
pid {folder}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {cert};
        ssl_certificate_key {cert.with_suffix('.key')};
        ssl_client_certificate {shelf}/ca.pem;
        ssl_verify_client optional;
        location / {{ return 200 "$ssl_server_name $ssl_client_verify $http_host"; }}
    }}
}}
"""
    )
    command = ["/usr/sbin/nginx", "-p", folder, "-c", folder / "nginx.conf"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def up():
        try:
            return socket.create_connection(("127.0.0.1", port), 1).close() or True
        except OSError:
            return False

    until(up, "nginx to listen")
    yield f"127.0.0.1:{port}"
    process.terminate()
    process.wait(20)


def to(endpoint, tls):
    return one_backend(endpoint, f"tls: {tls}")


def test_an_endpoint_is_verified_and_spoken_to_over_kept_connections(scene, shelf, nginx):
    weir = scene.start(to(nginx, f"{{ca: {shelf}/ca.pem, name: api.internal}}"))
    wire = weir.connect()
    for _ in range(5):
        answer = wire.ask(get_bytes())
        assert answer.status == 200 and answer.body == b"api.internal NONE weir.test"
    assert weir.metric("weir_backend_connections_total", backend="app") == 1


@pytest.mark.parametrize(
    "tls", ["{{ca: {ca}, name: other.internal}}", "{{ca: {ca}}}", "on"], ids=["name", "address", "ca"]
)
def test_an_endpoint_that_cannot_be_verified_gets_no_request(scene, shelf, nginx, tls):
    weir = scene.start(to(nginx, tls.format(ca=shelf / "ca.pem")))
    answer = weir.get()
    assert answer.status == 502 and b"tls_certificate_error" in answer.raw
    assert weir.log()[0]["why"] == "tls_certificate_error"


def test_verification_can_be_switched_off(scene, nginx):
    weir = scene.start(to(nginx, "{verify: off, sni: some.name}"))
    assert weir.get().body == b"some.name NONE weir.test"


def test_weir_shows_its_certificate_to_an_endpoint_that_asks(scene, shelf, nginx):
    own = f"cert: {shelf}/client.crt, key: {shelf}/client.key"
    weir = scene.start(to(nginx, f"{{ca: {shelf}/ca.pem, name: api.internal, {own}}}"))
    assert weir.get().body == b"api.internal SUCCESS weir.test"


@pytest.mark.parametrize(
    "tls, status",
    [("{{ca: {ca}, name: other.internal}}", 502), ("{{ca: {ca}, name: api.internal}}", 200)],
)
def test_a_kept_connection_is_used_only_as_long_as_it_would_be_begun_again(
    scene, shelf, nginx, tls, status
):
    """What was not verified, or for another name, is not handed out once the file says how."""
    weir = scene.start(to(nginx, "{verify: off}"), workers=1)
    wire = weir.connect()
    assert wire.ask(get_bytes()).status == 200
    weir.reload(to(nginx, tls.format(ca=shelf / "ca.pem")))
    assert wire.ask(get_bytes()).status == status
    assert weir.metric("weir_backend_connections_total", backend="app") == 2
    weir.reload(to(nginx, tls.format(ca=shelf / "ca.pem")) + "# the same, read again\n")
    assert wire.ask(get_bytes()).status == status
    assert weir.metric("weir_backend_connections_total", backend="app") == (2 if status == 200 else 3)


def test_an_endpoint_without_tls_is_a_fault_of_its_own(scene):
    weir = scene.start(to(scene.origin(lambda wire, _: wire.send(b"220 hello\r\n")), "{verify: off}"))
    answer = weir.get()
    assert answer.status == 502 and b"tls_protocol_error" in answer.raw


def test_an_endpoint_that_never_shakes_hands_is_given_up(scene):
    silent = scene.origin(lambda wire, _: wire.read_all())
    weir = scene.start(one_backend(silent, "tls: {verify: off}", "tls: 200ms"))
    answer = weir.get()
    assert answer.status == 504 and b"connection_timeout" in answer.raw


def test_an_endpoint_agrees_on_http_2(scene, shelf, tmp_path):
    port = free_port()
    (tmp_path / "file").write_text("over two")
    pair = [shelf / "pairs" / "a-www.key", shelf / "pairs" / "a-www.crt"]
    process = subprocess.Popen(["nghttpd", "-a", "127.0.0.1", "-d", tmp_path, str(port), *pair])
    try:
        tls = f"protocol: h2, tls: {{ca: {shelf}/ca.pem, name: www.test}}"
        weir = scene.start(one_backend(f"127.0.0.1:{port}", tls))
        until(lambda: weir.get("/file").status == 200, "nghttpd to listen")
        assert weir.get("/file").body == b"over two"
    finally:
        process.terminate()
        process.wait(20)


def test_an_endpoint_that_does_not_agree_on_http_2_gets_no_request(scene, nginx):
    weir = scene.start(one_backend(nginx, "protocol: h2, tls: {verify: off}"))
    answer = weir.get()
    assert answer.status == 502 and b"tls_protocol_error" in answer.raw


def test_bytes_go_through_tls_on_both_sides(scene, shelf, nginx):
    weir = scene.start(
        text(nginx, shelf).replace(
            f'endpoints: ["{nginx}"]',
            f'endpoints: ["{nginx}"], tls: {{ca: {shelf}/ca.pem, name: api.internal}}',
        )
    )
    assert curl(weir, shelf).stdout == "api.internal NONE www.test"
