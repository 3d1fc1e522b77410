"""protocol: tls: the name in the client's hello chooses the backend; nothing is decrypted."""

import socket
import ssl
import subprocess
import threading

import pytest

from origin import echo, free_port
from raw import Wire, until
from weir import run

NAMES = ",".join(f"DNS:{name}.test" for name in ("one", "two", "x", "any", "a", "shop"))
ALERT = b"\x15\x03\x03\0\x02\x02\x70"  # fatal: unrecognized_name


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A certificate and its key."""
    folder = tmp_path_factory.mktemp("pair")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        + ["-nodes", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=" + NAMES]
        + ["-keyout", folder / "key", "-out", folder / "crt"],
        check=True,
        capture_output=True,
    )
    return folder / "crt", folder / "key"


def tls_origin(scene, pair, name, script=None):
    """An endpoint that speaks TLS itself; tells its name, the protocol, and then echoes."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*pair)
    server.set_alpn_protocols(["h2", "http/1.1"])

    def play(wire, origin):
        with server.wrap_socket(wire.sock, server_side=True) as secure:
            secure.sendall(f"{name} {secure.selected_alpn_protocol()}\n".encode())
            while data := secure.recv(65536):
                secure.sendall(data)
            secure.unwrap()

    return scene.origin(script or play, name=name)


def front(scene, sni, backends, to="", listener="", timeouts="", **how):
    rows = "".join(
        f"  {name}: {{endpoints: [{', '.join(chr(34) + str(e) + chr(34) for e in ends)}]}}\n"
        for name, ends in backends.items()
    )
    return scene.start(
        f"""
listen:
  tls: {{address: "127.0.0.1:0", protocol: tls{', sni: ' + sni if sni else ''}{to}{listener}}}
timeouts: {{drain: 3s{timeouts}}}
backends:
{rows}""",
        **how,
    )


@pytest.fixture
def three(scene, pair):
    """Two names, a wildcard, and no place for others."""
    names = ("one", "two", "wild")
    ends = {name: [tls_origin(scene, pair, name)] for name in names}
    return front(scene, '{one.test: one, TWO.test: two, "*.test": wild}', ends)


def client(pair, alpn=(), verify=True):
    context = ssl.create_default_context(cafile=pair[0])
    context.check_hostname = verify
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def hello(name="one.test"):
    """The first flight of a real client."""
    inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    tls = context.wrap_bio(inside, outside, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outside.read()


def records(message, size):
    """The same handshake message in records of so many bytes."""
    pieces = [message[i : i + size] for i in range(0, len(message), size)]
    return b"".join(b"\x16\x03\x01" + len(p).to_bytes(2, "big") + p for p in pieces)


def refused(weir, data):
    """All that comes back until the connection ends."""
    wire = weir.connect("tls")
    return wire.send(data).read_all()


@pytest.mark.parametrize(
    "name, backend",
    [("one.test", "one"), ("ONE.test", "one"), ("two.test", "two"), ("x.test", "wild")],
)
def test_the_name_in_the_hello_chooses_the_backend(three, pair, name, backend):
    with socket.create_connection(three.address("tls")) as sock:
        with client(pair, ["h2"]).wrap_socket(sock, server_hostname=name) as tls:
            assert tls.recv(100) == f"{backend} h2\n".encode()
            tls.sendall(b"over and back")
            assert tls.recv(100) == b"over and back"
    row = three.log()[0]
    assert (row["request"], row["backend"], row["why"]) == ("TCP tls", backend, "-")
    assert (row["sni"], row["alpn"]) == (name.lower(), "h2")


def test_openssl_sees_the_endpoints_certificate(three, pair):
    done = subprocess.run(
        ["openssl", "s_client", "-connect", "{}:{}".format(*three.address("tls"))]
        + ["-servername", "one.test", "-verify_return_error", "-CAfile", pair[0]]
        + ["-alpn", "h2,http/1.1", "-verify_hostname", "one.test"],
        input=b"Q\n",
        capture_output=True,
        timeout=20,
    )
    assert done.returncode == 0 and b"ALPN protocol: h2" in done.stdout, done.stderr
    assert three.log()[0]["alpn"] == "h2,http/1.1"


NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} ssl http2 proxy_protocol;
    ssl_certificate {crt}; ssl_certificate_key {key};
    location / {{ return 200 "$ssl_server_name $server_protocol $proxy_protocol_addr\\n"; }}
  }}
}}
"""


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_nginx_with_its_own_certificate_answers_curl(scene, pair, tmp_path, version):
    port = free_port()
    (tmp_path / "conf").write_text(
        NGINX.format(folder=tmp_path, port=port, crt=pair[0], key=pair[1])
    )
    nginx = subprocess.Popen(
        ["nginx", "-c", tmp_path / "conf", "-e", tmp_path / "error", "-g", "user root;"]
    )
    try:
        until(lambda: (tmp_path / "pid").exists(), "nginx")
        weir = scene.start(
            f"""
listen:
  tls: {{address: "127.0.0.1:0", protocol: tls, sni: {{shop.test: shop}}}}
backends:
  shop: {{endpoints: ["127.0.0.1:{port}"], proxy_protocol: {version}}}
"""
        )
        done = subprocess.run(
            ["curl", "-sS", "--cacert", pair[0], "--interface", "127.0.0.9"]
            + ["--connect-to", "shop.test:443:{}:{}".format(*weir.address("tls"))]
            + ["https://shop.test/"],
            capture_output=True,
            timeout=20,
        )
        assert done.stdout == b"shop.test HTTP/2.0 127.0.0.9\n", done.stderr
        assert weir.log()[0]["sni"] == "shop.test"
    finally:
        nginx.terminate()
        nginx.wait()


def test_a_name_that_is_not_known_gets_an_alert(scene):
    origin = scene.origin(echo)
    weir = front(scene, "{one.test: one}", {"one": [origin]})
    assert refused(weir, hello("other.example")) == ALERT
    with pytest.raises(ssl.SSLError, match="unrecognized name"):
        context = ssl.create_default_context()
        with socket.create_connection(weir.address("tls")) as sock:
            context.wrap_socket(sock, server_hostname="other.example")
    rows = weir.log(2)
    assert {row["why"] for row in rows} == {"unrecognized_name"}
    assert {row["sni"] for row in rows} == {"other.example"}
    assert weir.metric("weir_tcp_sessions_total", listener="tls", why="unrecognized_name") == 2
    assert origin.connections == 0


def test_a_client_without_a_name_gets_an_alert_too(three, pair):
    with pytest.raises(ssl.SSLError, match="unrecognized name"):
        with socket.create_connection(three.address("tls")) as sock:
            client(pair, verify=False).wrap_socket(sock)
    row = three.log()[0]
    assert row["why"] == "unrecognized_name" and "sni" not in row


@pytest.mark.parametrize("name", [None, "other.example"])
def test_the_rest_goes_to_the_fallback(scene, pair, name):
    ends = {"one": [tls_origin(scene, pair, "one")], "rest": [tls_origin(scene, pair, "rest")]}
    weir = front(scene, "{one.test: one}", ends, to=", to: rest")
    with socket.create_connection(weir.address("tls")) as sock:
        with client(pair, verify=False).wrap_socket(sock, server_hostname=name) as tls:
            assert tls.recv(100) == b"rest None\n"


def test_a_fallback_alone_takes_every_hello(scene, pair):
    weir = front(scene, "", {"rest": [tls_origin(scene, pair, "rest")]}, to=", to: rest")
    with socket.create_connection(weir.address("tls")) as sock:
        with client(pair).wrap_socket(sock, server_hostname="any.test") as tls:
            assert tls.recv(100) == b"rest None\n"


@pytest.mark.parametrize("size", [1, 7, 100])
@pytest.mark.parametrize("step", [1, 50, 1 << 20])
def test_a_hello_in_pieces_arrives_as_it_was_sent(scene, size, step):
    """Divided by records and by reads; the endpoint gets every byte, and no other."""
    weir = front(scene, "{one.test: one}", {"one": [scene.origin(echo)]})
    data = records(hello()[5:], size)
    wire = weir.connect("tls")
    for i in range(0, len(data), step):
        wire.send(data[i : i + step])
    assert wire.read(len(data)) == data


def test_what_follows_the_hello_at_once_goes_along(scene):
    weir = front(scene, "{one.test: one}", {"one": [scene.origin(echo)]})
    data = hello() + b"\x17\x03\x03\0\x05early" + b"x" * 300_000
    wire = weir.connect("tls")
    sender = threading.Thread(target=lambda: wire.send(data).finish())
    sender.start()
    assert wire.read_all() == data
    sender.join()


def test_half_an_end_is_passed_on(scene):
    def script(wire, _):
        data = wire.read_all()
        wire.send(b"%d" % len(data))

    weir = front(scene, "{one.test: one}", {"one": [scene.origin(script)]})
    data = hello()
    assert weir.connect("tls").send(data).finish().read_all() == b"%d" % len(data)


GARBAGE = {
    "http": b"GET / HTTP/1.1\r\nHost: one.test\r\n\r\n",
    "zeros": b"\0" * 100,
    "ssl2": b"\x80\x2e\x01\x03\x01\0\x15\0\0\0\x10",
    "empty_record": b"\x16\x03\x01\0\0",
    "server_hello": b"\x16\x03\x01\0\x04\x02\0\0\0",
    "huge": b"\x16\x03\x01\x40\x00\x01\0\xff\xff",
    "nothing_inside": b"\x16\x03\x01\0\x04\x01\0\0\0",
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
def test_what_is_no_hello_is_closed_and_counted(scene, data):
    origin = scene.origin(echo)
    weir = front(scene, "{one.test: one}", {"one": [origin]}, to=", to: one")
    wire = weir.connect("tls").send(data)
    try:
        assert wire.read_all() == b""
    except ConnectionResetError:
        pass
    assert weir.log()[0]["why"] == "client_hello_malformed"
    assert weir.metric("weir_tcp_sessions_total", why="client_hello_malformed") == 1
    assert origin.connections == 0


@pytest.mark.parametrize("data", [b"", hello()[:70]], ids=["silent", "half"])
def test_a_hello_that_does_not_come_in_time_is_given_up(scene, data):
    weir = front(scene, "{one.test: one}", {"one": [scene.origin(echo)]}, timeouts=", tls: 300ms")
    wire = weir.connect("tls")
    if data:
        wire.send(data)
    try:
        assert wire.at_end()
    except ConnectionResetError:
        pass
    if data:
        assert weir.log()[0]["why"] == "request_timeout"
    else:
        assert weir.connect("tls").finish().read_all() == b"" and not weir.access_lines()


def test_who_leaves_in_the_middle_of_the_hello_is_gone(scene):
    weir = front(scene, "{one.test: one}", {"one": [scene.origin(echo)]})
    weir.connect("tls").send(hello()[:70]).close()
    assert weir.log()[0]["why"] == "client_gone"


def test_connections_of_one_name_are_balanced(scene, pair):
    ends = [tls_origin(scene, pair, f"e{i}") for i in range(2)]
    weir = scene.start(
        f"""
listen:
  tls: {{address: "127.0.0.1:0", protocol: tls, sni: {{one.test: one}}}}
backends:
  one: {{endpoints: ["{ends[0]}", "{ends[1]}"], balance: round-robin}}
""",
        workers=1,
    )
    said = []
    for _ in range(4):
        with socket.create_connection(weir.address("tls")) as sock:
            with client(pair).wrap_socket(sock, server_hostname="one.test") as tls:
                said.append(tls.recv(100))
    assert sorted(said) == [b"e0 None\n"] * 2 + [b"e1 None\n"] * 2


def test_a_proxy_header_may_come_before_the_hello(scene, pair):
    weir = front(
        scene,
        "{one.test: one}",
        {"one": [tls_origin(scene, pair, "one")]},
        listener=", proxy_protocol: [127.0.0.0/8]",
    )
    with socket.create_connection(weir.address("tls")) as sock:
        sock.sendall(b"PROXY TCP4 203.0.113.7 127.0.0.1 4321 443\r\n")
        with client(pair).wrap_socket(sock, server_hostname="one.test") as tls:
            assert tls.recv(100) == b"one None\n"
    row = weir.log()[0]
    assert (row["client"], row["sni"]) == ("203.0.113.7", "one.test")


def test_a_reload_changes_where_a_name_goes_and_cuts_nothing(scene, pair):
    ends = {name: [tls_origin(scene, pair, name)] for name in ("old", "new")}
    weir = front(scene, "{a.test: old}", ends, to=", to: new")
    wire = socket.create_connection(weir.address("tls"))
    before = client(pair).wrap_socket(wire, server_hostname="a.test")
    assert before.recv(100) == b"old None\n"
    done = weir.reload(weir.file.read_text().replace("{a.test: old}", "{a.test: new}"))
    assert done.returncode == 0 and "sni" in done.stdout, done.stdout + done.stderr
    with socket.create_connection(weir.address("tls")) as sock:
        with client(pair).wrap_socket(sock, server_hostname="a.test") as tls:
            assert tls.recv(100) == b"new None\n"
    before.sendall(b"still")
    assert before.recv(100) == b"still"
    before.close()


LISTEN = "listen: {a: {port: 8443, %s}}\nbackends: {one: {endpoints: []}}\n"
WRONG = {
    "neither": ("protocol: tls", 'tls listener "a" has neither "sni" nor "to"'),
    "http": ("sni: {a.test: one}", 'http listener "a" has a "sni"'),
    "tcp": ("protocol: tcp, to: one, sni: {a.test: one}", '"sni" goes with protocol: tls'),
    "backend": ("protocol: tls, sni: {a.test: on}", 'did you mean "one"'),
    "twice": ("protocol: tls, sni: {a.test: one, A.test: one}", '"a.test" is listed twice'),
    "any": ('protocol: tls, sni: {"*": one}', 'where all others go is the listener\'s "to"'),
    "host": ('protocol: tls, sni: {"a.test:443": one}', "leave out the port"),
    "list": ("protocol: tls, sni: [a.test]", '"sni" wants a map of hosts'),
    "redirect": ("protocol: tls, to: one, redirect: https", 'tls listener "a" cannot redirect'),
}


@pytest.mark.parametrize("keys, says", WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_file_is_said(tmp_path, keys, says):
    (tmp_path / "weir.yaml").write_text(LISTEN % keys)
    done = run("check", "-c", tmp_path / "weir.yaml")
    assert done.returncode != 0 and says in done.stderr + done.stdout


def test_the_configuration_prints_as_it_was_meant(tmp_path):
    (tmp_path / "weir.yaml").write_text(
        LISTEN % 'protocol: tls, sni: {A.test: one, "*.test": {one: 100%}}'
    )
    done = run("config", "-c", tmp_path / "weir.yaml")
    assert "sni: {a.test: one, '*.test': one}" in done.stdout
