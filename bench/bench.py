#!/usr/bin/python3
"""Measures weir beside the physical limit (floor), haproxy and nginx: bench/bench.py --help.

Each proxy has one worker on one core; the load and the origin share what is left. All stay
up and take turns, A B C C B A, so that the machine's mood hits all alike. What counts is the CPU
time of the proxy per request over a fixed number of requests; requests/s only says how busy the
machine was."""
import argparse
import contextlib
import json
import pathlib
import re
import sys
import time

import machine
import measures
import proxies
import report
import scenarios
import tools

HERE = pathlib.Path(__file__).resolve().parent
WARM_UP = 5  # a fifth of the requests are run before the first round
QUICK = 3  # with --quick, a third of the requests


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)


class Runner:
    """Runs scenarios with the proxies that were asked for."""

    def __init__(self, options):
        self.options = options
        self.tools = tools.Tools(options.build)
        proxies.Weir.program = options.weir or pathlib.Path(options.build) / "weir"
        self.classes = [proxies.ALL[name] for name in options.peers]

    def rounds(self, scenario):
        wanted = self.options.rounds or (3 if self.options.quick else 7)
        return min(wanted, scenario.rounds or wanted)

    def requests(self, scenario):
        return scenario.requests // QUICK if self.options.quick else scenario.requests

    def run(self, scenario):
        """All rounds of a scenario; a proxy that cannot take part, or fails in it, is left out with the reason."""
        results, skipped = {}, {}
        with tools.closing(tools.origin(self.tools, **scenario.origin)) as origin:
            participants = self.participants(scenario, origin, skipped)
            results = {label: [] for label in participants}
            run = self.run_beside if scenario.kind == "cpu" else self.run_fresh
            run(scenario, participants, results, skipped)
        return report.Outcome(scenario, results, skipped)

    def participants(self, scenario, origin, skipped):
        """label -> (class of proxy, site, load options)."""
        found = {}
        for cls in self.classes:
            variants = scenario.variants or {None: {}}
            for variant, differs in variants.items():
                site = proxies.Site(endpoints=origin.ports, **scenario.site, **differs)
                load = dict(scenario.load)
                if "routes" in differs:
                    load["hosts"] = differs["routes"]
                why = cls.missing(site)
                if why:
                    skipped[cls.name] = why
                else:
                    found[f"{cls.name} {variant}" if variant else cls.name] = (cls, site, load)
        return found

    def run_beside(self, scenario, participants, results, skipped):
        """All run at the same time and take turns."""
        requests, rounds = self.requests(scenario), self.rounds(scenario)
        with contextlib.ExitStack() as stack:
            running = {}
            for label, (cls, site, load) in participants.items():
                progress(f"{scenario.name}: starting {label}")
                proxy = stack.enter_context(tools.closing(cls(site, self.tools)))
                with self.tolerate(label, results, skipped):
                    proxy.configure()
                    proxy.start()
                    measures.cpu(proxy, load, requests // WARM_UP, self.tools)
                    running[label] = (proxy, load)
            for i in range(rounds):
                order = list(running) if i % 2 == 0 else list(reversed(running))
                for label in order:
                    if label in skipped:
                        continue
                    proxy, load = running[label]
                    with self.tolerate(label, results, skipped):
                        row = measures.cpu(proxy, load, requests, self.tools)
                        results[label].append(row)
                        progress(f"{scenario.name}: round {i + 1}/{rounds} {label} {row['cpu_us']:.2f} us")

    def run_fresh(self, scenario, participants, results, skipped):
        """Each measure has a process of its own, alone."""
        rounds, measure = self.rounds(scenario), getattr(measures, scenario.kind)
        for i in range(rounds):
            for label, (cls, site, load) in participants.items():
                if label in skipped:
                    continue
                with tools.closing(cls(site, self.tools)) as proxy, self.tolerate(label, results, skipped):
                    proxy.configure()
                    if scenario.kind != "start":
                        proxy.start()
                    row = measure(proxy, load, self.requests(scenario), self.tools)
                    results[label].append(row)
                    value = row[report.COLUMNS[scenario.kind][0]]
                    progress(f"{scenario.name}: round {i + 1}/{rounds} {label} {value:.3f}")

    @contextlib.contextmanager
    def tolerate(self, label, results, skipped):
        """One proxy's failure is a line in the report, not the end of the others."""
        try:
            yield
        except (RuntimeError, TimeoutError, OSError, ValueError) as error:
            progress(f"{label}: {error}")
            skipped[label] = "failed: " + re.sub(r"(/[\w.-]+)+/", "", str(error))  # no folder of this machine
            results[label].clear()


def header(classes):
    about = machine.description()
    versions = ", ".join(
        f"{each.name} {each.version()}".strip() for each in classes if each.missing(proxies.Site([])) is None
    )
    return about, (
        f"{about['cpu']}, {about['cores']} cores, Linux {about['kernel']}, {about['date']}; {versions}.\n"
        "One worker on one core, the load and the origin on the rest. Medians over the rounds; "
        "ratios are minimum/median/maximum, round by round.\n"
    )


def save(name, text, about, outcomes):
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    raw = {each.scenario.name: {"rounds": each.results, "skipped": each.skipped} for each in outcomes}
    (folder / f"{name}.md").write_text(text)
    (folder / f"{name}.json").write_text(json.dumps({"machine": about, "scenarios": raw}, indent=1) + "\n")


def chosen(only):
    """The scenarios whose names begin with one of these words, or all."""
    found = [each for each in scenarios.ALL if not only or any(each.name.startswith(word) for word in only)]
    if not found:
        raise SystemExit(f"no scenario begins with {' or '.join(only)}; see --list")
    return found


def parse():
    parser = argparse.ArgumentParser(description="Measures weir beside the floor, haproxy and nginx.")
    parser.add_argument("--only", action="append", default=[], help="scenarios that begin with this; repeatable")
    parser.add_argument("--rounds", type=int, help="rounds of each scenario (7)")
    parser.add_argument("--quick", action="store_true", help="3 rounds of a third of the requests")
    parser.add_argument(
        "--peers",
        type=lambda text: text.split(","),
        default=proxies.USUAL,
        help=f"comma-separated, of {','.join(proxies.ALL)}",
    )
    parser.add_argument("--save", metavar="NAME", help="also write results/NAME.md and .json")
    parser.add_argument("--build", default=tools.DEFAULT_BUILD, help="the build folder (build)")
    parser.add_argument("--weir", help="the weir to measure (BUILD/weir)")
    parser.add_argument("--list", action="store_true", help="name the scenarios and end")
    options = parser.parse_args()
    unknown = set(options.peers) - set(proxies.ALL)
    if unknown:
        parser.error(f"no such proxy: {', '.join(sorted(unknown))}")
    return options


def main():
    options = parse()
    wanted = chosen(options.only)
    if options.list:
        print("\n".join(f"{each.name:16} {each.title}" for each in wanted))
        return
    runner = Runner(options)
    about, text = header(runner.classes)
    print(text, flush=True)
    outcomes = []
    for scenario in wanted:
        begun = time.monotonic()
        outcomes.append(runner.run(scenario))
        progress(f"{scenario.name}: {time.monotonic() - begun:.0f} s")
        progress("")
        print(outcomes[-1].markdown(), flush=True)
        text += "\n" + outcomes[-1].markdown()
        if options.save:
            save(options.save, text, about, outcomes)


if __name__ == "__main__":
    main()
