"""weir between programs that people really use: curl in front, nginx and Python behind."""

import hashlib
import http.server
import os
import re
import subprocess
import threading

import pytest

from nginx import Nginx
from origin import answering, free_port, response
from raw import Wire, until


HTTP = "gzip on; gzip_min_length 1; gzip_types *; client_max_body_size 0; keepalive_requests 5;"
SERVER = """
  location /close { keepalive_timeout 0; alias {folder}/big; }
  location /moved { return 301 /big; }
  location /empty { return 204; }
"""


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    folder = tmp_path_factory.mktemp("peers")
    server, port = SERVER.replace("{folder}", str(folder / "nginx")), free_port()
    h2 = f"server {{ listen 127.0.0.1:{port} http2; root {folder / 'nginx'}; {server} }}"
    server = Nginx(folder, server, HTTP + h2)
    (server.folder / "big").write_bytes(os.urandom(3 << 20))
    (server.folder / "text").write_text("hello " * 5000)
    with server:
        yield (server.address, f"127.0.0.1:{port}"), server.folder


@pytest.fixture(params=["http", "h2"])
def front(request, scene, nginx):
    """weir before nginx, which speaks either version."""
    (http, h2), folder = nginx
    h2_too = request.param == "h2"
    return scene.proxy(h2 if h2_too else http, f"protocol: {request.param}"), folder


def curl(*args):
    done = subprocess.run(["curl", "-sS", "--max-time", "30", *map(str, args)], capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def digest(data):
    return hashlib.sha256(data).hexdigest()


KNOWS = "--http2-prior-knowledge"


@pytest.mark.parametrize(
    "args, path",
    [
        ([], "/big"),
        (["--http1.0"], "/big"),
        ([], "/close"),
        (["--compressed"], "/text"),
        ([KNOWS], "/big"),
        ([KNOWS, "--compressed"], "/text"),
    ],
    ids=["1.1", "1.0", "endpoint_closes", "gzip_chunked", "2", "2_gzip"],
)
def test_curl_gets_files_from_nginx(front, args, path):
    weir, folder = front
    want = (folder / ("text" if path == "/text" else "big")).read_bytes()
    assert digest(curl(*args, weir.url(path))) == digest(want)


def test_curl_reuses_its_connection_while_nginx_closes_its_own(front):
    """nginx ends a connection after five requests; curl notices nothing."""
    weir, folder = front
    out = curl(*[weir.url(f"/text?{i}") for i in range(40)], "-w", "%{num_connects} %{http_code}\n")
    counts = re.findall(rb"(\d+) 200\n", out)
    assert len(counts) == 40 and sum(map(int, counts)) == 1


def test_h2load_gets_all_its_answers(front):
    weir, _ = front
    args = ["h2load", "-n", "2000", "-c", "4", "-m", "5", weir.url("/text")]
    out = subprocess.run(args, capture_output=True, text=True, timeout=60).stdout
    assert "2000 succeeded, 0 failed, 0 errored" in out
    assert "status codes: 2000 2xx" in out


def test_nghttp_uploads_in_padded_frames(scene):
    weir, origin = scene.front(answering(lambda request: response(request.body)))
    source = scene.folder / "data"
    source.write_bytes(os.urandom(1 << 20))
    args = ["nghttp", "-b", "200", "-d", source, weir.url("/up")]
    out = subprocess.run(args, capture_output=True, timeout=60).stdout
    assert digest(out) == digest(source.read_bytes())


def test_ranges_conditions_and_redirects_pass(front):
    weir, folder = front
    assert curl("-r", "100-199", weir.url("/big")) == (folder / "big").read_bytes()[100:200]
    tag = weir.get("/big", method="HEAD").get("etag")
    assert weir.get("/big", fields=[f"If-None-Match: {tag}"]).status == 304
    assert weir.get("/moved").status == 301
    assert weir.get("/empty").status == 204
    assert weir.get("/none").status == 404


@pytest.mark.parametrize(
    "args",
    [[], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect:"], [KNOWS]],
    ids=["expect", "chunked", "no_expect", "2"],
)
def test_curl_uploads_to_a_python_server(scene, args):
    got = []

    class Sink(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self):
            length = self.headers["Content-Length"]
            body = self.rfile.read(int(length)) if length else self.chunks()
            got.append(digest(body))
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def chunks(self):
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, *_):
            pass

    data = os.urandom(2 << 20)
    source = scene.folder / "data"
    source.write_bytes(data)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        weir = scene.proxy(f"127.0.0.1:{server.server_port}")
        code = curl("-T", source, *args, weir.url("/x"), "-o", "/dev/null", "-w", "%{http_code}")
        server.shutdown()
        thread.join()
    assert (code, got) == (b"201", [digest(data)])


def test_an_http_1_0_server_is_enough(scene):
    class Old(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.path.encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Old) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        weir = scene.proxy(f"127.0.0.1:{server.server_port}")
        assert curl(weir.url("/a"), weir.url("/b")) == b"/a/b"
        server.shutdown()
        thread.join()


@pytest.fixture
def nghttpd(tmp_path):
    """Another real endpoint of HTTP/2: its address, and the folder it serves."""
    port = free_port()
    (tmp_path / "www").mkdir()
    args = ["nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", tmp_path / "www", "--echo-upload"]
    process = subprocess.Popen([*args, str(port)], stdout=subprocess.DEVNULL)
    until(lambda: answers(port), "nghttpd")
    yield f"127.0.0.1:{port}", tmp_path / "www"
    process.terminate()
    process.wait()


def answers(port):
    try:
        Wire.dial(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


@pytest.mark.parametrize("args", [[], [KNOWS]], ids=["1.1", "2"])
def test_nghttpd_gets_and_gives_files(scene, nghttpd, args):
    address, folder = nghttpd
    (folder / "file").write_bytes(os.urandom(2 << 20))
    weir = scene.proxy(address, "protocol: h2")
    want = digest((folder / "file").read_bytes())
    assert digest(curl(*args, weir.url("/file"))) == want
    assert digest(curl(*args, "-X", "POST", "-T", folder / "file", weir.url("/up"))) == want


def test_a_client_of_http_1_reads_the_words_for_a_status_that_http_2_has_not(scene, nghttpd):
    address, folder = nghttpd
    (folder / "file").write_text("x")
    weir = scene.proxy(address, "protocol: h2")
    assert weir.get("/file").raw.startswith(b"HTTP/1.1 200 OK\r\n")
    assert weir.get("/none").raw.startswith(b"HTTP/1.1 404 Not Found\r\n")


def test_nghttpd_is_checked_over_http_2_on_one_connection(scene, nghttpd):
    address, folder = nghttpd
    (folder / "healthz").write_text("fine")
    weir = scene.proxy(address, "protocol: h2, check: {ask: GET /healthz, body: fine, every: 20ms}")
    passed = 'weir_endpoint_checks_total{backend="app",endpoint="%s",result="passed"} ' % address
    until(lambda: int(weir.admin("/metrics").body.decode().partition(passed)[2].split()[0]) > 5, "checks")
    assert "down" not in weir.stderr
    (folder / "healthz").unlink()
    until(lambda: "down: status 404" in weir.stderr, "the endpoint to be left out")


def test_h2load_gets_all_its_answers_from_nghttpd(scene, nghttpd):
    address, folder = nghttpd
    (folder / "file").write_bytes(b"x" * 1000)
    weir = scene.proxy(address, "protocol: h2")
    args = ["h2load", "-n", "5000", "-c", "8", "-m", "32", weir.url("/file")]
    out = subprocess.run(args, capture_output=True, text=True, timeout=60).stdout
    assert "status codes: 5000 2xx" in out, out
    assert weir.metric("weir_backend_connections_opened_total", backend="app") < 20
