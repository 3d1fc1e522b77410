"""What the kernel tells about processes and about this machine: all numbers come from /proc."""
import contextlib
import os
import pathlib
import platform
import subprocess
import time

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def cores():
    """The core of the proxy, and those of the load and the origin."""
    allowed = sorted(os.sched_getaffinity(0))
    return {allowed[-1]}, set(allowed[:-1]) or {allowed[-1]}


def spawn(argv, on, **options):
    """Starts a program on a set of cores, in a process group of its own so that it can be ended whole."""
    return subprocess.Popen(
        [str(a) for a in argv],
        start_new_session=True,
        preexec_fn=lambda: os.sched_setaffinity(0, on),
        **options,
    )


def end(process, patience=3):
    """Asks a program and its children to end, and then ends what is left of them."""
    for signal in (15, 9):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            stream.close()


def tree(pid):
    """The process and all that descend from it."""
    parents = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [pid]
    for each in found:
        found += parents.get(each, [])
    return found


def cpu_ns(pids):
    """The time that all threads of these processes have run (sum_exec_runtime): exact, unlike ticks."""
    total = 0
    for pid in pids:
        for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(stat.read_text().split()[0])
    return total


def memory(pids):
    """Resident and proportional bytes of these processes."""
    sums = {"Rss:": 0, "Pss:": 0}
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                name, *value = line.split()
                if name in sums:
                    sums[name] += int(value[0]) * 1024
    return {"rss": sums["Rss:"], "pss": sums["Pss:"]}


def stolen_ns():
    """The time that the hypervisor gave to others."""
    return int(pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[8]) * TICK_NS


def wait_for(condition, seconds, what):
    """Polls until the condition holds; its value is returned."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise TimeoutError(f"{what}: not within {seconds} s")


def description():
    """What a reader of the results must know about where they come from."""
    models = [
        line.partition(":")[2].strip()
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "date": time.strftime("%Y-%m-%d"),
    }
