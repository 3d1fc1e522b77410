"""The real binary, started with a real file, watched until it ends."""

import json
import os
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

from raw import PATIENCE, Wire, until

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("WEIR", ROOT / "build" / "weir")).resolve()
LISTENING = re.compile(r"listener (\S+): listening on (\S+):(\d+)")
TROUBLE = re.compile(
    r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|[Aa]ssertion|\bBUG\b"
)
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:quarantine_size_mb=4:malloc_context_size=12",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=0",
}


def environment(**extra):
    return {**SANITIZERS, **os.environ, "NO_COLOR": "1", **extra}


def run(*args, cwd=None, env=None, **how):
    """One finished `weir ...` as a user would type it."""
    done = subprocess.run(
        [BINARY, *map(str, args)],
        cwd=cwd,
        env=environment(**(env or {})),
        capture_output=True,
        text=True,
        timeout=60,
        **how,
    )
    assert not TROUBLE.search(done.stderr), done.stderr
    return done


def one_backend(endpoints, backend="", timeouts="", extra=""):
    """The text of a file that sends everything to one backend."""
    if not isinstance(endpoints, (list, tuple)):
        endpoints = [endpoints]
    addresses = ", ".join(str(e) if str(e)[0] == "{" else f'"{e}"' for e in endpoints)
    return f"""\
listen:
  http: {{address: "127.0.0.1:0"}}
timeouts: {{drain: 3s{', ' + timeouts if timeouts else ''}}}
routes:
  - match: any
    to: app
backends:
  app: {{endpoints: [{addresses}]{', ' + backend if backend else ''}}}
{extra}"""


def get_bytes(path="/", host="weir.test", method="GET", fields=(), body=b""):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def shares(weir, origins, n):
    """How many of n requests each of them got."""
    before = [len(origin.requests) for origin in origins]
    wire = weir.connect()
    for _ in range(n):
        assert wire.ask(get_bytes()).status == 200
    return [len(origin.requests) - had for origin, had in zip(origins, before)]


class Weir:
    """A running `weir run -c FILE`, or `weir` with the given arguments."""

    def __init__(self, folder, text=None, args=None, workers=2, ready=True, files=None):
        self.folder = Path(folder)
        self.file, self.socket = self.folder / "weir.yaml", str(self.folder / "admin.sock")
        self.wires, self.workers = [], workers
        if text is not None:
            self.write(text)
        self.out_path, self.err_path = self.folder / "stdout", self.folder / "stderr"
        command = [
            *(["prlimit", f"--nofile={files}:{files}"] if files else []),
            BINARY,
            *(args or ["run", "-c", self.file]),
            *(["--socket", self.socket] if args else []),
        ]
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(
                command,
                stdout=out,
                stderr=err,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                env=environment(),
            )
        if ready:
            self.wait_ready()

    def write(self, text):
        """Puts the file there, with an admin socket and workers unless the text has its own."""
        if not re.search(r"^admin:", text, re.M):
            text += f'\nadmin: {{socket: "{self.socket}"}}\n'
        if not re.search(r"^workers:", text, re.M):
            text += f"workers: {self.workers}\n"
        self.file.write_text(text)

    def wait_ready(self):
        def ready():
            assert self.process.poll() is None, f"weir ended at once:\n{self.stderr}"
            return self.ports and self.admin_answers("/ready")

        until(ready, "weir to be ready")

    def admin_answers(self, path):
        try:
            return self.admin(path).status == 200
        except OSError:
            return False

    @property
    def stderr(self):
        return self.err_path.read_text(errors="replace")

    @property
    def stdout(self):
        return self.out_path.read_text(errors="replace")

    @property
    def ports(self):
        return {name: (host, int(port)) for name, host, port in LISTENING.findall(self.stderr)}

    def address(self, listener="http"):
        return until(lambda: self.ports.get(listener), f"listener {listener}")

    def url(self, path="/", listener="http"):
        host, port = self.address(listener)
        return f"http://{host}:{port}{path}"

    def connect(self, listener="http", **how):
        wire = Wire.dial(self.address(listener), **how)
        self.wires.append(wire)
        return wire

    def get(self, path="/", host="weir.test", method="GET", fields=(), body=b"", **how):
        """One request on a connection of its own."""
        wire = self.connect(**how)
        try:
            return wire.ask(get_bytes(path, host, method, fields, body), method)
        finally:
            wire.close()

    def admin(self, path, method="GET", fields=()):
        wire = Wire.dial(self.socket)
        try:
            return wire.ask(get_bytes(path, "admin", method, ["Connection: close", *fields]))
        finally:
            wire.close()

    def admin_json(self, path):
        return json.loads(self.admin(path).body)

    def settled(self):
        """/metrics when it has come to rest: a request is counted after its last byte has left."""
        seen = []

        def at_rest():
            lines = self.admin("/metrics").body.decode().splitlines()
            restless = ("process_", "weir_worker_", "weir_log_", "weir_dns_")
            seen.append([row for row in lines if not row.startswith(restless)])
            if len(seen) > 2 and seen[-1] == seen[-2] == seen[-3]:
                return "\n".join(lines)
            time.sleep(0.02)

        return until(at_rest, "the counters to come to rest")

    def metrics(self, moving=False):
        """Every sample of /metrics: the text before the value -> the value. moving: requests go on."""
        text = self.admin("/metrics").body.decode() if moving else self.settled()
        rows = (line.rsplit(" ", 1) for line in text.splitlines() if line[:1] not in ("#", ""))
        return {name: float(value) for name, value in rows}

    def metric(self, name, moving=False, **labels):
        """The sum of the samples of this name that carry these labels."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(
            value
            for row, value in self.metrics(moving).items()
            if row.split("{")[0] == name and all(want in row for want in wanted)
        )

    def log(self, n=1):
        """The first n lines of the access log, as dictionaries, once they are there."""
        lines = until(lambda: len(found := self.access_lines()) >= n and found, f"{n} log lines")
        return [parse_line(line) for line in lines]

    def access_lines(self):
        return [line for line in self.stdout.splitlines() if line]

    def cli(self, *args, **how):
        return run(*args, "--socket", self.socket, **how)

    def reload(self, text=None):
        """Through `weir reload --wait`; the finished command."""
        if text is not None:
            self.write(text)
        return self.cli("reload", "--wait")

    def signal(self, number):
        self.process.send_signal(number)

    def cpu(self):
        """Seconds of processor time used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss(self):
        """Resident kilobytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def wait(self, seconds=PATIENCE):
        return self.process.wait(seconds)

    def stop(self):
        """Ends it as an init system would and reads what it left behind."""
        for wire in self.wires:
            wire.close()
        asked = self.process.poll() is None
        if asked:
            self.signal(signal.SIGTERM)
        try:
            code = self.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"weir did not end on SIGTERM:\n{self.stderr[-4000:]}") from None
        report = self.stderr
        assert not TROUBLE.search(report), report[-8000:]
        assert code == 0 or not asked, f"exit code {code}:\n{report[-4000:]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


COMBINED = re.compile(
    r'(?P<client>\S+) - (?P<user>\S+) \[(?P<date>[^]]+)\] "(?P<request>(?:[^"\\]|\\.)*)" '
    r'(?P<status>\d{3}|-) (?P<bytes>\d+|-) "(?P<referer>(?:[^"\\]|\\.)*)" '
    r'"(?P<agent>(?:[^"\\]|\\.)*)" ?(?P<rest>.*)'
)


def parse_line(line):
    if line.startswith("{"):
        return json.loads(line)
    if match := COMBINED.fullmatch(line):
        row = match.groupdict()
        words = row.pop("rest")
    else:
        row, words = {}, line
    lexer = shlex.shlex(words, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    return {**row, **dict(word.split("=", 1) for word in lexer if "=" in word)}
