"""The programs of this folder, built when needed and run: origin, floor, load, malloc_count."""
import contextlib
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

import machine

HERE = pathlib.Path(__file__).resolve().parent
DEFAULT_BUILD = HERE.parent / "build"
SOURCES = {
    "floor": ["floor.c", "net.c"],
    "load": ["load.c", "load_spec.c", "net.c"],
    "origin": ["net.c", "origin.c"],
    "malloc_count.so": ["malloc_count.c"],
}
START_SECONDS = 5
LOAD_SECONDS = 300
SHARES = (("50", 0.50), ("99", 0.99), ("999", 0.999))
GRPC_METHOD = "/bench.Echo/Unary"
GRPC_ANSWER = 100  # bytes
GRPC_STREAMS = ["--max-concurrent-streams", "1000"]
GCC = ["gcc", "-std=gnu11", "-O2", "-D_GNU_SOURCE"]
GCC_SHARED = ["-fno-builtin", "-fPIC", "-shared"]


class Tools:
    """Where the programs are. ninja builds them, or gcc where nothing was set up."""

    def __init__(self, build=DEFAULT_BUILD):
        self.build = pathlib.Path(build)
        self.folder = self.build / "bench"
        if (self.build / "build.ninja").exists() and self._ninja():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, sources in SOURCES.items():
            self._gcc(name, sources)

    def _ninja(self):
        ninja = subprocess.run(["ninja", "-C", self.build, "bench-tools"], capture_output=True, text=True)
        if ninja.returncode and "unknown target" not in ninja.stdout + ninja.stderr:
            raise SystemExit(ninja.stdout + ninja.stderr)
        return ninja.returncode == 0

    def _gcc(self, name, sources):
        target = self.folder / name
        newest = max(each.stat().st_mtime for each in HERE.glob("*.[ch]"))
        if target.exists() and target.stat().st_mtime > newest:
            return
        shared = GCC_SHARED if name.endswith(".so") else []
        subprocess.run([*GCC, *shared, "-o", target, *(HERE / each for each in sources)], check=True)

    def __getitem__(self, name):
        return self.folder / name


class Origin:
    """A running origin; `ports` are those it listens on."""

    def __init__(self, tools, mode="http", ports=1):
        _, rest = machine.cores()
        argv = [tools["origin"], "--mode", mode, "--ports", ports]
        self.process = machine.spawn(argv, rest, stdout=subprocess.PIPE, text=True)
        self.ports = [int(each) for each in self.process.stdout.readline().split()]

    def end(self):
        machine.end(self.process)


def grpc_message(size):
    return b"\0" + size.to_bytes(4, "big") + bytes(size)


class GrpcOrigin:
    """nghttpd as an endpoint of gRPC: a call is answered by a file, and a status of 0 behind it."""

    def __init__(self, _tools, **_options):
        if not shutil.which("nghttpd"):
            raise SystemExit("no nghttpd: tests/install-deps bench installs it")
        _, rest = machine.cores()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.ports = [probe.getsockname()[1]]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-bench-"))
        method = self.folder / GRPC_METHOD.lstrip("/")
        method.parent.mkdir()
        method.write_bytes(grpc_message(GRPC_ANSWER))
        argv = ["nghttpd", "--no-tls", "-d", self.folder, "--trailer", "grpc-status: 0", *GRPC_STREAMS]
        self.process = machine.spawn([*argv, "-a", "127.0.0.1", self.ports[0]], rest, stdout=subprocess.DEVNULL)
        machine.wait_for(self.listens, START_SECONDS, "nghttpd to listen")

    def listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.ports[0])) == 0

    def end(self):
        machine.end(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)


def origin(tools, mode="http", **options):
    return (GrpcOrigin if mode == "grpc" else Origin)(tools, mode=mode, **options)


class Load:
    """A load whose connections are all open, from here to end(), and which waits for run()."""

    def program(self, tools):
        return [tools["load"]]

    def __init__(self, tools, port, **options):
        _, rest = machine.cores()
        argv = [*self.program(tools), "--wait", "--port", port]
        for name, value in options.items():
            if value is True:
                argv.append(f"--{name}")
            elif value is not None and value is not False:
                argv += [f"--{name}", value]
        self.process = machine.spawn(
            argv, rest, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        if self.process.stdout.readline() != "ready\n":
            said = self.process.stderr.read().strip()
            self.end()
            raise RuntimeError(f"load: {said}")

    def start(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def result(self):
        return json.loads(self.process.stdout.readline())

    def run(self):
        self.start()
        return self.result()

    def end(self):
        machine.end(self.process, patience=1)


class TlsClients(Load):
    """Handshakes one after the other, or connections that idle."""

    def program(self, _tools):
        return [sys.executable, HERE / "tls_clients.py"]


class H2load:
    """h2load, whose connections open when it runs: few against its requests."""

    def __init__(self, _tools, port, requests, path, connections, streams=1, tls=False, h1=False, call=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-bench-"))
        self.argv = ["h2load", "-n", requests, "-c", connections, "-m", streams]
        self.argv += [f"--log-file={self.folder}/log"]
        self.argv += ["--h1"] if h1 else []
        if call:
            message = self.folder / "message"
            message.write_bytes(grpc_message(call))
            self.argv += ["-d", message, "-H", "content-type: application/grpc", "-H", "te: trailers"]
        self.argv.append(f"{'https' if tls else 'http'}://127.0.0.1:{port}{path}")

    def run(self):
        _, rest = machine.cores()
        process = machine.spawn(self.argv, rest, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            said, _ = process.communicate(timeout=LOAD_SECONDS)
        finally:
            machine.end(process)
        counts = re.search(r"(\d+) total,.* (\d+) succeeded, \d+ failed", said)
        rate = re.search(r"finished in .*, ([\d.]+) req/s", said)
        if not counts or not rate:
            raise RuntimeError(f"h2load: {said.strip()[-300:]}")
        total, good = map(int, counts.groups())
        spans = sorted(int(line.split("\t")[2]) for line in (self.folder / "log").read_text().splitlines())
        percentiles = {f"p{name}_us": spans[int(len(spans) * share)] if spans else 0 for name, share in SHARES}
        return {"requests": good, "failed": total - good, "rps": float(rate[1]), **percentiles}

    def end(self):
        shutil.rmtree(self.folder, ignore_errors=True)


LOADS = {"load": Load, "tls": TlsClients, "h2load": H2load}


def load(tools, port, by="load", **options):
    return LOADS[by](tools, port, **options)


@contextlib.contextmanager
def closing(thing):
    """Ends a started thing, whatever happens."""
    try:
        yield thing
    finally:
        thing.end()
