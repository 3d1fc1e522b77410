"""How one proxy is measured once. Each measure returns a row: a dictionary of numbers."""
import threading
import time

import machine
import proxies
import tools

SETTLE_SECONDS = 0.05  # a sleeping thread's run time is exact; let the last one fall asleep
IDLE_SECONDS = 0.5  # let pools and buffers of the ramp go
STEAL_MAX = 0.01
RELOADS = 20


def latencies(result):
    return {key: result[key] for key in ("rps", "p50_us", "p99_us", "p999_us", "failed")}


def cpu(proxy, load_options, requests, bench_tools):
    """CPU per request over a fixed number of requests, on connections that are already open."""
    with tools.closing(tools.load(bench_tools, proxy.port, requests=requests, **load_options)) as load:
        pids = proxy.pids()
        time.sleep(SETTLE_SECONDS)
        begun, cpu_before, stolen_before = time.monotonic(), machine.cpu_ns(pids), machine.stolen_ns()
        result = load.run()
        time.sleep(SETTLE_SECONDS)
        used, stolen = machine.cpu_ns(pids) - cpu_before, machine.stolen_ns() - stolen_before
        row = {"cpu_us": used / 1000 / max(result["requests"], 1), **latencies(result)}
        row["noisy"] = stolen / 1e9 > STEAL_MAX * (time.monotonic() - begun)
        return {**row, **machine.memory(pids)}


def memory(proxy, load_options, _requests, bench_tools):
    """What a connection that does nothing costs: the difference that many make to a warm process."""
    warm = {"path": "/1k", "expect": 1024, "connections": 64, "requests": 5000}
    if load_options.get("by") == "tls":
        warm = {**load_options, "connections": 64, "requests": 0 if load_options.get("plain") else 200}
    with tools.closing(tools.load(bench_tools, proxy.port, **warm)) as load:
        load.run()
    time.sleep(IDLE_SECONDS)
    before = machine.memory(proxy.pids())
    with tools.closing(tools.load(bench_tools, proxy.port, requests=0, **load_options)):
        time.sleep(IDLE_SECONDS)
        after = machine.memory(proxy.pids())
    per_kb = (after["pss"] - before["pss"]) / 1024 / load_options["connections"]
    return {"per_kb": per_kb, "pss_before": before["pss"], "pss": after["pss"], "rss": after["rss"]}


def start(proxy, load_options, _requests, _bench_tools):
    """From exec to the first answer of the last route, and what it cost."""
    host = f"r{proxy.site.routes - 1}.example.com"
    proxy.launch()
    seconds = proxies.first_answer(proxy.port, host, load_options["path"])
    pids = proxy.pids()
    return {"seconds": seconds, "cpu_s": machine.cpu_ns(pids) / 1e9, **machine.memory(pids)}


def reload(proxy, load_options, requests, bench_tools):
    """The same paced load without and with reloads; one more route appears or goes each time."""

    def run(during):
        with tools.closing(tools.load(bench_tools, proxy.port, requests=requests, **load_options)) as load:
            load.start()
            thread = threading.Thread(target=during)
            thread.start()
            result = load.result()
            thread.join()
            return result

    def reloads():
        for _ in range(RELOADS):
            time.sleep(requests / load_options["rate"] / (RELOADS + 1))
            proxy.reload()

    steady, reloading = run(lambda: None), run(reloads)
    return {
        **latencies(reloading),
        "steady_failed": steady["failed"],
        "steady_p999_us": steady["p999_us"],
        "stretch": reloading["p999_us"] / steady["p999_us"],
    }
