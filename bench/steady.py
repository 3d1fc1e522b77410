#!/usr/bin/python3
"""The numbers that do not depend on the machine's mood, one JSON object each: bench/steady.py --help.

	syscalls      per request, by name and in all, from strace -c on two counts of requests
	instructions  in user space per request, from callgrind on two counts of requests
	allocations   calls of malloc and its kin per request, by a preloaded counter

Connections are open before the counting starts and stay open until it has ended (h2load's are not, but
as many in either count), and what is said is the slope between the two counts, so neither the start nor
the end of anything is in it."""
import argparse
import dataclasses
import json
import pathlib
import re
import signal
import struct
import subprocess
import time

import machine
import proxies
import tools

COUNTS = {"syscalls": (1000, 5000), "instructions": (500, 2500), "allocations": (2000, 10000)}
UNITS = {"": 1, "k": 1024, "m": 1024 * 1024}
TRACE_SECONDS = 10
DUMP_SECONDS = 30
CALLS = ("malloc", "calloc", "realloc", "free", "aligned")  # as malloc_count.c writes them
WARMINGS = 20  # at most; a proxy that allocates for every request is never warm
ROUNDS = 3
NEGLIGIBLE = 0.0005  # per request: less is a timer's


@dataclasses.dataclass
class Protocol:
    site: dict
    load: dict
    origin: str = "http"
    connections: int = 64


H2 = {"by": "h2load", "streams": 32}
PROTOCOLS = {
    "http": Protocol({}, {}),
    "tcp": Protocol({"protocol": "tcp", "floor": "l4"}, {"kind": "raw", "body": 1024, "path": None}, "echo"),
    "tls": Protocol({"tls": True, "floor": None}, {"by": "h2load", "tls": True, "h1": True}),
    "h2c": Protocol({"h2": True, "floor": None}, H2, connections=16),
    "grpc": Protocol(
        {"h2": True, "grpc": True, "floor": None},
        {**H2, "path": tools.GRPC_METHOD, "call": tools.GRPC_ANSWER},
        "grpc",
        connections=16,
    ),
}


class Bench:
    """A proxy of this name in front of an origin, and the load for it."""

    def __init__(self, options):
        self.tools = tools.Tools(options.build)
        proxies.Weir.program = options.weir or pathlib.Path(options.build) / "weir"
        self.cls = proxies.ALL[options.proxy]
        protocol = PROTOCOLS[options.protocol]
        connections = options.connections or protocol.connections
        self.load_options = {"path": options.path, "connections": connections, **protocol.load}
        if options.protocol == "http":
            size, unit = re.fullmatch(r"/(\d+)([km]?)", options.path).groups()
            self.load_options["expect"] = int(size) * UNITS[unit]
        self.origin = tools.origin(self.tools, mode=protocol.origin)
        self.site = proxies.Site(self.origin.ports, rules=options.rules, **protocol.site)
        why = self.cls.missing(self.site)
        if why:
            self.end()
            raise SystemExit(f"{options.proxy}: {why}")

    def proxy(self):
        proxy = self.cls(self.site, self.tools)
        proxy.configure()
        return proxy

    def load(self, port, requests):
        return tools.load(self.tools, port, requests=requests, **self.load_options)

    def warm(self, proxy, count):
        """Opens what upstream connections this load needs, and fills what is kept for reuse."""
        with tools.closing(self.load(proxy.port, count)) as load:
            ran(load)

    def end(self):
        self.origin.end()


def ran(load):
    """Runs the load; anything but success makes the numbers meaningless."""
    result = load.run()
    if result["failed"]:
        raise SystemExit(f"requests failed: {json.dumps(result)}")


def slopes(few, many, counts):
    """(many - few) per request of the difference, for each name, without what rounds to nothing."""
    span = counts[1] - counts[0]
    found = {name: (many[name] - few.get(name, 0)) / span for name in many}
    return {name: round(value, 3) for name, value in sorted(found.items()) if abs(value) > NEGLIGIBLE}


def traced(proxy, load):
    """name -> (calls, failed calls) of all threads of the serving process while the load runs."""
    out = proxy.folder / "strace"
    strace = subprocess.Popen(
        ["strace", "-c", "-f", "-o", out, "-p", str(proxy.worker())], stderr=subprocess.PIPE, text=True
    )
    try:
        strace.stderr.readline()  # "Process N attached"
        time.sleep(0.2)  # and its threads
        ran(load)
    finally:
        strace.send_signal(signal.SIGINT)
        strace.communicate(timeout=TRACE_SECONDS)
    found = {}
    for line in out.read_text().splitlines():
        fields = line.split()
        if len(fields) in (5, 6) and fields[3].isdigit() and fields[-1] != "total":
            found[fields[-1]] = (int(fields[3]), int(fields[4]) if len(fields) == 6 else 0)
    return found


def syscalls(bench, counts):
    runs = []
    with tools.closing(bench.proxy().start()) as proxy:
        bench.warm(proxy, counts[0])
        for count in counts:
            with tools.closing(bench.load(proxy.port, count)) as load:
                runs.append(traced(proxy, load))
    calls = slopes(*({name: n for name, (n, _) in run.items()} for run in runs), counts)
    failed = slopes(*({name: n for name, (_, n) in run.items()} for run in runs), counts)
    seen = sorted(runs[0].keys() | runs[1].keys())
    return {"per_request": round(sum(calls.values()), 3), "calls": calls, "failed": failed, "seen": seen}


def executed(bench, count):
    """All user-space instructions of a process that starts, serves this many requests and ends."""
    proxy = bench.proxy()
    with tools.closing(proxy):
        out = proxy.folder / "callgrind"
        proxy.start(before=["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"])
        with tools.closing(bench.load(proxy.port, count)) as load:
            ran(load)
        proxy.process.terminate()
        code = proxy.process.wait(DUMP_SECONDS)
        found = re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.MULTILINE)
        if not found:  # such as a script, which callgrind leaves when it starts the program
            raise SystemExit(f"callgrind counted nothing, exit {code}: {proxy.said()}")
        return int(found.group(1))


def instructions(bench, counts):
    proxies.Nginx.master = False  # one process, whose end writes one file
    few, many = (executed(bench, count) for count in counts)
    return {"per_request": round((many - few) / (counts[1] - counts[0]), 1)}


def allocations(bench, counts):
    proxy = bench.proxy()
    path = proxy.folder / "malloc_count"
    env = {"LD_PRELOAD": str(bench.tools["malloc_count.so"].resolve()), "MALLOC_COUNT_FILE": str(path)}

    def counters():
        return dict(zip(CALLS, struct.unpack("5Q", path.read_bytes())))

    def counted(count):
        with tools.closing(bench.load(proxy.port, count)) as load:
            before = counters()
            ran(load)
            after = counters()
        return {name: after[name] - before[name] for name in CALLS}

    with tools.closing(proxy):
        proxy.start(env=env)
        for _ in range(WARMINGS):  # what is kept for reuse grows to the peak, which is chance
            before = counters()
            bench.warm(proxy, counts[1])
            if counters() == before:
                break
        for _ in range(ROUNDS):  # what each request costs shows in each; a peak that still grew does not
            runs = [counted(count) for count in counts]
            calls = slopes(*runs, counts)
            if not calls:
                break
    return {"per_request": round(sum(calls.values()), 3), "calls": calls}


MEASURES = {"syscalls": syscalls, "instructions": instructions, "allocations": allocations}


def parse():
    parser = argparse.ArgumentParser(description="What a kept-alive request costs a proxy, exactly.")
    parser.add_argument("what", choices=MEASURES)
    parser.add_argument("--proxy", default="weir", choices=proxies.ALL)
    parser.add_argument("--protocol", default="http", choices=PROTOCOLS, help="tcp: 1 KB echoes over L4")
    parser.add_argument("--connections", type=int, help="64; of HTTP/2 16, each with 32 streams")
    parser.add_argument("--path", default="/1k", help="/SIZE of the answer: /1k, /64k, /1m")
    parser.add_argument("--rules", choices=proxies.RULES, help="checks, outlier detection, budget and limits")
    parser.add_argument("--counts", type=int, nargs=2, metavar="N", help="the two counts of requests")
    parser.add_argument("--build", default=tools.DEFAULT_BUILD, help="the build folder (build)")
    parser.add_argument("--weir", help="the weir to measure (BUILD/weir)")
    return parser.parse_args()


def main():
    options = parse()
    counts = options.counts or COUNTS[options.what]
    with tools.closing(Bench(options)) as bench:
        found = MEASURES[options.what](bench, counts)
    about = {name: getattr(options, name) for name in ("what", "proxy", "protocol", "connections", "path", "rules")}
    print(json.dumps({**about, **found}))


if __name__ == "__main__":
    main()
