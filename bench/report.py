"""Tables of medians, and ratios as minimum/median/maximum over the rounds in which both were measured."""
import statistics

MEGABYTE = 1024 * 1024

COLUMNS = {  # kind: (what is compared, [(key, title, divided by, digits)])
    "cpu": (
        "cpu_us",
        [
            ("cpu_us", "CPU us/request", 1, 2),
            ("rps", "requests/s", 1, 0),
            ("p50_us", "p50 us", 1, 0),
            ("p99_us", "p99 us", 1, 0),
            ("p999_us", "p99.9 us", 1, 0),
            ("rss", "RSS MB", MEGABYTE, 1),
            ("pss", "PSS MB", MEGABYTE, 1),
        ],
    ),
    "memory": (
        "per_kb",
        [
            ("per_kb", "PSS KB/connection", 1, 2),
            ("pss_before", "PSS MB before", MEGABYTE, 1),
            ("pss", "PSS MB after", MEGABYTE, 1),
        ],
    ),
    "start": (
        "seconds",
        [("seconds", "first answer s", 1, 3), ("cpu_s", "CPU s", 1, 3), ("pss", "PSS MB", MEGABYTE, 1)],
    ),
    "reload": (
        "failed",
        [
            ("failed", "failed in all rounds", 1, 0),
            ("steady_failed", "failed without", 1, 0),
            ("p99_us", "p99 us", 1, 0),
            ("p999_us", "p99.9 us", 1, 0),
            ("steady_p999_us", "p99.9 us steady", 1, 0),
            ("stretch", "p99.9 x steady", 1, 2),
        ],
    ),
}
STRETCH = (1.5, 1.1)  # p99.9 while reloading against steady: must, goal


def good_rounds(results):
    """The rounds in which no time was stolen; all of them if that leaves too few to compare."""
    count = min((len(rows) for rows in results.values()), default=0)
    quiet = [i for i in range(count) if not any(rows[i].get("noisy") for rows in results.values())]
    return quiet if len(quiet) >= 3 else list(range(count))


def medians(rows, rounds):
    """The median of each number; of failures the sum, which none may hide in."""
    found = {key: statistics.median(rows[i][key] for i in rounds) for key in rows[0] if key != "noisy"}
    return {**found, "failed": sum(row.get("failed", 0) for row in rows)}


def ratios(rows, base, rounds, key):
    found = sorted(rows[i][key] / base[i][key] for i in rounds if base[i][key])
    return (found[0], statistics.median(found), found[-1]) if found else None


class Outcome:
    """The results of one scenario: label -> rows, one per round."""

    def __init__(self, scenario, results, skipped):
        self.scenario, self.skipped = scenario, skipped
        self.results = {label: rows for label, rows in results.items() if rows}
        self.key, self.columns = COLUMNS[scenario.kind]
        self.rounds = good_rounds(self.results)
        self.medians = {label: medians(rows, self.rounds) for label, rows in self.results.items()}

    def base(self, label, of):
        """The label that this one is compared with, or None."""
        if of == "first":
            name, _, variant = label.partition(" ")
            first = next(iter(self.scenario.variants), None)
            return f"{name} {first}" if variant and variant != first else None
        if of == "floor":
            return "floor" if "floor" in self.results and label != "floor" else None
        peers = [each for each in self.results if each.split()[0] not in ("floor", "weir")]
        return min(peers, key=lambda each: self.medians[each][self.key], default=None)

    def ratio(self, label, of):
        base = self.base(label, of)
        if base not in self.results or self.scenario.kind == "reload":
            return None
        return ratios(self.results[label], self.results[base], self.rounds, self.key)

    def against(self):
        if self.scenario.variants:
            return ["first"]
        return ["floor", "peer"] if self.scenario.kind in ("cpu", "memory") else ["peer"]

    def table(self):
        named = {"floor": "x floor", "peer": "x better peer", "first": "x first"}
        wanted = [of for of in self.against() if any(self.ratio(label, of) for label in self.results)]
        titles = ["proxy", *(title for _, title, _, _ in self.columns), *(named[of] for of in wanted)]
        lines = [titles, ["---", *["---:"] * (len(titles) - 1)]]
        for label in self.results:
            row = self.medians[label]
            cells = [f"{row[key] / unit:.{digits}f}" for key, _, unit, digits in self.columns]
            for of in wanted:
                ratio = self.ratio(label, of)
                cells.append("/".join(f"{each:.2f}" for each in ratio) if ratio else "-")
            lines.append([label, *cells])
        return align(lines)

    def remarks(self):
        lines = [f"{name}: skipped, {why}" for name, why in self.skipped.items()]
        if self.scenario.kind == "cpu":
            failing = {label: row["failed"] for label, row in self.medians.items() if row["failed"]}
            lines += [f"{label}: {count:.0f} requests FAILED" for label, count in failing.items()]
        measured = max((len(rows) for rows in self.results.values()), default=0)
        if len(self.rounds) < measured:
            lines.append(f"{measured - len(self.rounds)} of {measured} rounds left out: time was stolen")
        return lines + self.verdicts()

    def verdicts(self):
        """How weir stands against what it must and what it aims at."""
        label = f"weir {list(self.scenario.variants)[-1]}" if self.scenario.variants else "weir"
        if label not in self.results:
            return []
        lines = []
        for target in self.scenario.targets:
            ratio = self.ratio(label, target.of) if target.of else None
            value = ratio[1] if ratio else None if target.of else self.medians[label][self.key]
            if value is not None:
                lines.append(verdict(value, target.must, target.goal, target.of))
        if self.scenario.kind == "reload":
            lines.append(verdict(self.medians[label]["stretch"], *STRETCH, "steady p99.9"))
        return lines

    def markdown(self):
        remarks = "".join(f"- {line}\n" for line in self.remarks())
        heading = f"### {self.scenario.title} (`{self.scenario.name}`)"
        return f"{heading}\n\n{self.table()}\n" + (f"\n{remarks}" if remarks else "")


def verdict(value, must, goal, of):
    state = "goal reached" if value <= goal else "met" if value <= must else "NOT MET"
    what = {"peer": " x the better peer", "first": " x the first", None: ""}.get(of, f" x {of}")
    return f"weir: {value:.2f}{what}, must be <= {must:g} (goal {goal:g}): {state}"


def align(lines):
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    lines[1] = ["-" * width if i == 0 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    rows = ([cell.rjust(width) for cell, width in zip(line[1:], widths[1:])] for line in lines)
    return "\n".join(f"| {line[0].ljust(widths[0])} | {' | '.join(row)} |" for line, row in zip(lines, rows))
