"""The proxies that are compared, each told to do the same: one worker on one core, connections to
the origin kept alive and reused, X-Forwarded-For added, no access log, nothing timing out."""
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import machine

START_SECONDS = 60
PORTS = range(20000, 30000)  # below the ephemeral ones
MANY = 20000  # routes from which nginx needs a map: a server block costs it some 20 KB
CONNECTIONS = 8000  # as many as haproxy may have with the descriptors that a user usually gets
PIPES = 512  # two descriptors each, and only for haproxy-splice


# What watches over endpoints: nothing, or everything at limits that are never reached.
RULES = {
    "off": "outlier: off, retry_budget: off, panic: off",
    "on": "check: {ask: GET /1k, every: 1s, initial: up}, outlier: {consecutive_gateway_errors: 5,"
    " consecutive_local_errors: 5, success_rate: 190%, failure_percentage: 85%, latency: 300%, interval: 1s},"
    " retry_budget: 20%, panic: 50%, max_requests: 10000, max_connections: 10000,"
    " endpoint_limits: {max_requests: 10000, max_connections: 10000}",
}


@dataclasses.dataclass
class Site:
    """What a proxy is to serve: one backend, or a route rI.example.com/a/ to each backend in turn."""

    endpoints: list  # ports on the loopback address
    protocol: str = "http"
    tls: bool = False  # with clients; HTTP/2 is offered
    h2: bool = False  # with clients that do not speak TLS
    grpc: bool = False  # the endpoints speak HTTP/2
    routes: int = 0  # 0: everything goes to the only backend
    backends: int = 1
    floor: str = "kept"
    mapped: bool = False  # nginx: one map in place of a server block per route
    reloads: bool = False  # haproxy: with a master process
    extra: bool = False  # one more route, so that a reload has something new to load
    rules: str | None = None  # of weir: a key of RULES

    def backend_ports(self):
        return {f"b{i}": self.endpoints[i % len(self.endpoints)] for i in range(self.backends)}

    def route_pairs(self):
        extra = [("extra.example.com", "b0")] if self.extra else []
        return [(f"r{i}.example.com", f"b{i % self.backends}") for i in range(self.routes)] + extra


def make_certificate(folder):
    """A pair of files for localhost, P-256; both in one for who wants that."""
    cert, key = folder / "localhost.crt", folder / "localhost.key"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    argv = ["openssl", "req", "-x509", *curve, "-nodes", "-days", "2", *names, "-keyout", key, "-out", cert]
    subprocess.run(argv, check=True, capture_output=True)
    (folder / "both.pem").write_bytes(cert.read_bytes() + key.read_bytes())
    return cert, key


def free_port():
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            if port not in free_port.given:
                free_port.given.add(port)
                return port
    raise RuntimeError("no free port")


free_port.given = set()


def version_of(argv, pattern):
    said = subprocess.run(argv, capture_output=True, text=True)
    found = re.search(pattern, said.stdout + said.stderr)
    return found.group(1) if found else "?"


class Proxy:
    """One proxy: configure() writes its files, start() runs it on its core, end() removes both."""

    name = None
    program = None

    def __init__(self, site, tools):
        self.site = site
        self.tools = tools
        self.port = free_port()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-bench-"))
        self.process = None

    @classmethod
    def missing(cls, site):
        """Why it cannot serve this site, or None."""
        if site.rules:
            return "has no rules to be switched on and off here"
        return None if shutil.which(str(cls.program)) else "not installed"

    @classmethod
    def version(cls):
        return ""

    def configure(self):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def start(self, before=(), env=None, on=None):
        """Runs it, with other programs (strace, valgrind) before its command, until it listens."""
        self.launch(before, env, on)
        self.wait()
        return self

    def launch(self, before=(), env=None, on=None):
        core, _ = machine.cores()
        self.log = open(self.folder / "log", "wb")
        self.process = machine.spawn(
            [*before, *self.command()],
            on or core,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            env={**os.environ, **(env or {})},
        )

    def wait(self):
        machine.wait_for(self.listens, START_SECONDS, f"{self.name} to listen")

    def listens(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended: {self.said()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def said(self):
        return (self.folder / "log").read_text(errors="replace").strip().rpartition("\n")[2][-300:]

    def pids(self):
        return machine.tree(self.process.pid)

    def worker(self):
        """The process that serves."""
        return self.process.pid

    def reload(self):
        self.site.extra = not self.site.extra
        self.configure()
        self.process.send_signal(signal.SIGHUP)

    def end(self):
        if self.process:
            machine.end(self.process)
            self.log.close()
        free_port.given.discard(self.port)
        shutil.rmtree(self.folder, ignore_errors=True)


class Floor(Proxy):
    name = "floor"

    @classmethod
    def missing(cls, site):
        return None if site.floor else "parses nothing, so it cannot do this"

    def configure(self):
        pass

    def command(self):
        argv = [self.tools["floor"], "--to", self.site.endpoints[0], "--port", self.port]
        return [*argv, "--mode", self.site.floor]


class Weir(Proxy):
    name = "weir"

    @classmethod
    def missing(cls, site):
        return None if pathlib.Path(cls.program or "").exists() else "not built"

    @classmethod
    def version(cls):
        return version_of([cls.program, "version"], r"(\d[\w.]+)") if cls.missing(None) is None else "?"

    def configure(self):
        ports = self.site.backend_ports().items()
        routes = [f'  - {{match: "{host}/a/*", to: {to}}}' for host, to in self.site.route_pairs()]
        if not self.site.routes:
            routes.append("  - {match: any, to: b0}")
        listen = f"  http: {{address: 127.0.0.1:{self.port}}}"
        if self.site.protocol == "tcp":
            listen = f"  l4: {{address: 127.0.0.1:{self.port}, protocol: tcp, to: b0}}"
            routes = []
        if self.site.tls:
            cert, key = make_certificate(self.folder)
            tls = f"tls: {{certificates: [{{cert: {cert}, key: {key}}}]}}"
            listen = f"  https: {{address: 127.0.0.1:{self.port}, {tls}}}"
        lines = ["workers: 1", "listen:", listen]
        lines += ["timeouts: {idle: 1h, upstream_idle: 1h, tunnel: 1h}", "log: {access: off}"]
        lines += [f"admin: {{socket: {self.folder}/admin.sock}}"]
        lines += ["routes:", *routes] if routes else []
        more = f", {RULES[self.site.rules]}" if self.site.rules else ""
        more += ", protocol: h2" if self.site.grpc else ""
        lines.append("backends:")
        lines += [f'  {name}: {{endpoints: ["127.0.0.1:{port}"]{more}}}' for name, port in ports]
        self.write("weir.yaml", "\n".join(lines) + "\n")

    def command(self):
        return [self.program, "run", "-c", self.folder / "weir.yaml"]


class Haproxy(Proxy):
    name = "haproxy"
    program = "haproxy"
    options = []

    @classmethod
    def version(cls):
        return version_of([cls.program, "-v"], r"version (\d[\d.]+)")

    def configure(self):
        lines = ["global", "  nbthread 1", f"  maxconn {CONNECTIONS}", f"  maxpipes {PIPES}"]
        if self.site.reloads:
            lines.append(f"  stats socket {self.folder}/admin.sock level admin expose-fd listeners")
        lines += ["defaults", f"  mode {self.site.protocol}"]
        lines += [f"  timeout {each} 1h" for each in ("client", "server", "tunnel", "connect")]
        if self.site.protocol == "http":
            lines += ["  timeout http-keep-alive 1h", "  http-reuse always", "  option forwardfor"]
        lines += [f"  {each}" for each in self.options]
        bind = f"  bind 127.0.0.1:{self.port}"
        if self.site.tls:
            make_certificate(self.folder)
            bind += f" ssl crt {self.folder}/both.pem alpn h2,http/1.1"
        elif self.site.h2:
            bind += " proto h2"
        lines += ["  default-server pool-purge-delay 1h", "frontend f", bind]
        if self.site.routes:
            pairs = self.site.route_pairs()
            routes = self.write("routes", "".join(f"{host}/a/ {to}\n" for host, to in pairs))
            lines.append(f"  use_backend %[base,map_beg({routes})]")
        else:
            lines.append("  default_backend b0")
        for name, port in self.site.backend_ports().items():
            lines += [f"backend {name}", f"  server s 127.0.0.1:{port}" + self.site.grpc * " proto h2"]
        self.write("haproxy.cfg", "\n".join(lines) + "\n")

    def command(self):
        return [self.program, "-Ws" if self.site.reloads else "-db", "-f", self.folder / "haproxy.cfg"]

    def reload(self):
        self.site.extra = not self.site.extra
        self.configure()
        self.process.send_signal(signal.SIGUSR2)


class HaproxySplice(Haproxy):
    name = "haproxy-splice"
    options = ["option splice-request", "option splice-response"]  # splice-auto never starts here


class Nginx(Proxy):
    name = "nginx"
    program = "nginx"
    stream_module = pathlib.Path("/usr/lib/nginx/modules/ngx_stream_module.so")
    master = True
    http = """
    access_log off; keepalive_timeout 1h; keepalive_requests 1000000000;
    proxy_http_version 1.1; proxy_buffer_size 16k; proxy_buffers 8 16k; proxy_max_temp_file_size 0;
    proxy_request_buffering off; client_max_body_size 0; client_body_buffer_size 64k;
    proxy_read_timeout 1h; proxy_set_header Connection ""; proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    """

    @classmethod
    def missing(cls, site):
        if site.protocol == "tcp" and not cls.stream_module.exists():
            return "without its stream module (libnginx-mod-stream)"
        return super().missing(site)

    @classmethod
    def version(cls):
        return version_of([cls.program, "-v"], r"nginx/(\d[\d.]+)")

    def configure(self):
        tcp = self.site.protocol == "tcp"
        lines = [f"load_module {self.stream_module};"] if tcp else []
        lines += ["user root;"] if os.geteuid() == 0 else []
        lines += ["daemon off; worker_processes 1;", f"pid {self.folder}/pid;", "error_log stderr crit;"]
        lines += [f"master_process {'on' if self.master else 'off'};"]
        lines += [f"worker_rlimit_nofile {2 * CONNECTIONS + 4000};"]
        lines += [f"events {{ worker_connections {2 * CONNECTIONS + 2000}; }}"]
        lines += self.stream() if tcp else self.http_part()
        self.write("nginx.conf", "\n".join(lines) + "\n")

    def stream(self):
        to = f"127.0.0.1:{self.site.endpoints[0]}"
        server = f"server {{ listen 127.0.0.1:{self.port} backlog=4096; proxy_pass {to}; proxy_timeout 1h; }}"
        return [f"stream {{ {server} }}"]

    def http_part(self):
        kept = 1024 if self.site.backends == 1 else 8
        listen = f"listen 127.0.0.1:{self.port} backlog=4096"
        lines = ["http {", self.http]
        if self.site.tls:
            cert, key = make_certificate(self.folder)
            listen += " ssl http2"
            lines.append(f"ssl_certificate {cert}; ssl_certificate_key {key}; ssl_protocols TLSv1.3;")
        elif self.site.h2:
            listen += " http2"
        for part in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
            lines.append(f"{part}_temp_path {self.folder}/{part};")
        for name, port in self.site.backend_ports().items():
            kept_for = "keepalive_requests 1000000000; keepalive_timeout 1h;"
            lines.append(f"upstream {name} {{ server 127.0.0.1:{port}; keepalive {kept}; {kept_for} }}")
        pairs = self.site.route_pairs()
        if self.site.grpc:
            lines.append(f"server {{ {listen}; location / {{ grpc_pass grpc://b0; }} }}")
        elif not self.site.routes:
            upgrade = 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'
            again = "proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
            lines += [f"server {{ {listen}; location / {{ proxy_pass http://b0; }}"]
            lines += [f"location /ws {{ proxy_pass http://b0; {upgrade} {again} }} }}"]
        elif self.site.mapped:
            lines += ["map_hash_max_size 1048576; map_hash_bucket_size 128;", "map $host $to {"]
            lines += [f"{host} {to};" for host, to in pairs]
            lines += [f"}} server {{ {listen}; location /a/ {{ proxy_pass http://$to; }} }}"]
        else:
            lines += ["server_names_hash_max_size 1048576; server_names_hash_bucket_size 128;"]
            for host, to in pairs:
                place = f"location /a/ {{ proxy_pass http://{to}; }}"
                lines.append(f"server {{ {listen}; server_name {host}; {place} }}")
                listen = f"listen 127.0.0.1:{self.port}"
        return [*lines, "}"]

    def command(self):
        return [self.program, "-c", self.folder / "nginx.conf"]

    def worker(self):
        return self.pids()[-1]


ALL = {each.name: each for each in (Floor, Weir, Haproxy, HaproxySplice, Nginx)}
USUAL = ["floor", "weir", "haproxy", "nginx"]


def first_answer(port, host, path, patience=START_SECONDS):
    """Seconds from now until this request is answered with 200."""
    begun = time.monotonic()
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    while time.monotonic() - begun < patience:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=patience) as client:
                client.sendall(request)
                if client.recv(4096).startswith(b"HTTP/1.1 200"):
                    return time.monotonic() - begun
        except OSError:
            pass
        time.sleep(0.0005)
    raise TimeoutError("no answer")
