"""A deploy: real endpoints are replaced one by one while clients ask, and no client notices."""

import re
import subprocess
import threading
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from nginx import Nginx
from raw import until

ENDPOINTS = 6


@dataclass
class Pace:
    """Requests: of one client a second, while an endpoint is away, and until the next one goes."""

    clients: int = 4
    each: int = 50
    away: int = 60
    back: int = 10
    # Each serves fewer a second than it is asked for, so that a stop always meets some under way.
    serves: int = 40


class Load:
    """Real clients that ask without a pause until told to stop."""

    def __init__(self, *commands):
        self.stopped, self.asked, self.wrong = threading.Event(), 0, []
        self.threads = [threading.Thread(target=self.run, args=[c]) for c in commands]

    def run(self, command):
        while not self.stopped.is_set():
            out = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
            total, good = re.search(r"requests: (\d+) total, .* (\d+) succeeded", out).groups()
            self.asked += int(total)
            if total != good or f"status codes: {total} 2xx" not in out:
                self.wrong.append(out)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def replace(weir, server, pace):
    """It ends at once, refuses while many requests go by, and is back."""

    def rises(what, by, name, **labels):
        """A wait for a counter to be `by` above what it is now."""

        def count():
            return weir.metric(name, moving=True, **labels)

        goal = count() + by
        return lambda: until(lambda: count() >= goal, what)

    name = server.address
    refused = rises(f"{name} to refuse", 1, "weir_backend_errors_total", endpoint=name)
    server.__exit__()
    refused()
    rises("the others to serve", pace.away, "weir_backend_requests_total", code="200")()
    counter = "weir_backend_requests_total"
    serves = rises(f"{name} to serve", pace.back, counter, endpoint=name, code="200")
    server.__enter__()
    serves()


def endpoint(folder, speaks, serves):
    folder.mkdir()
    zone = f"limit_req_zone $binary_remote_addr zone=one:64k rate={serves}r/s;"
    slowly = f"{zone} limit_req zone=one burst=5000;"
    server = Nginx(folder, "location / { try_files /hello =404; }", slowly, speaks=speaks)
    (server.folder / "hello").write_text("hello")
    return server


def deploy(scene, protocol, pace):
    """The clients' side of it, and weir."""
    with ExitStack() as stack:
        speaks = "http2" if protocol == "h2" else ""
        folders = [scene.folder / f"endpoint{i}" for i in range(ENDPOINTS)]
        servers = [stack.enter_context(endpoint(f, speaks, pace.serves)) for f in folders]
        weir = scene.start(
            f"""\
listen: {{http: {{address: "127.0.0.1:0"}}}}
log: {{access: off}}
defaults: {{retry: {{attempts: 3, when: reset}}}}
routes: [{{match: any, to: app}}]
backends:
  app:
    endpoints: [{", ".join(f'"{server.address}"' for server in servers)}]
    protocol: {protocol}
    check: tcp every 500ms
    outlier: {{ejection: 500ms}}
"""
        )
        h2load = ["h2load", "-n", str(2 * pace.clients * pace.each), "-c", str(pace.clients)]
        h2load += ["--rps", str(pace.each), weir.url("/")]
        # h2load counts no answer of HTTP/1.1 without a reason, and those of HTTP/2 have none.
        other = ["--h1"] if protocol == "http" else []
        with Load([*h2load, *other], [*h2load, "-m", "4"]) as load:
            for server in servers:
                replace(weir, server, pace)
        return load, weir


@pytest.mark.parametrize("protocol", ["http", "h2"])
def test_endpoints_are_replaced_one_by_one_and_no_client_notices(scene, protocol):
    pace = Pace()
    load, _ = deploy(scene, protocol, pace)
    assert load.wrong == []
    assert load.asked > ENDPOINTS * pace.away
