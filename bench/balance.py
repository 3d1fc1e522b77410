#!/usr/bin/python3
"""How evenly the balancers spread requests: balance_sim's rows as a table and a plot.

Writes results/balance.md and results/balance.png. The rows are the same on every machine, so a test
compares the table with what is committed."""
import argparse
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TABLE, PLOT = HERE / "results" / "balance.md", HERE / "results" / "balance.png"

SIZES = (10, 30, 100, 300, 1000)
LOAD = "load of the fullest endpoint / mean load"
MEASURES = {  # (what the table says, the plot's title, the plot's scale)
    "equal": (
        "Equal weights",
        f"{LOAD}. Load is requests in flight, by weight; the mean is 10.",
        LOAD,
    ),
    "weights": (
        "Weights 1 to 5",
        f"{LOAD}. The lightest have 3.3 requests in flight, the heaviest 16.7.",
        LOAD,
    ),
    "slow": (
        "One endpoint is 10 times slower",
        "its load / mean load of the others.",
        "its load / mean load of the others",
    ),
    "slow-share": ("What the slow endpoint gets", "its requests / its fair share.", None),
    "popular": (
        "Popular keys",
        f"{LOAD}. 10,000 keys; the k-th is asked for 1/k as often as the first.",
        LOAD,
    ),
    "moves": (
        "One endpoint leaves",
        "keys that go elsewhere, in percent of all. Its own have to.",
        "keys that move, percent",
    ),
}
LEAST = "its fair share"
COLOURS = {
    "least-requests": "#0b6e4f",
    "round-robin": "#c77800",
    "random": "#8c8c8c",
    "maglev": "#1f5fbf",
    "ring": "#8e44ad",
    "maglev, bound 125%": "#d62828",
    LEAST: "#000000",
}
PLOTTED = ("equal", "slow", "popular", "moves")

HEAD = """\
# How evenly the balancers spread

`bench/balance.py` simulates them over their own code: the program is linked with the library that weir is made of. Requests
come at random moments and take times that are random too (Poisson, exponential; 10 in flight at an endpoint on average); each
has its own key, unless the table says otherwise. A figure is a mean over 160 moments. The columns are numbers of endpoints.

![The same as a plot](balance.png)
"""
TAIL = """
A bound is of whole requests: 125% of 10 are 13, so the fullest has 1.3 times the mean.
"""


def simulate(build):
    """{measure: {algorithm: {endpoints: value}}}"""
    subprocess.run(["ninja", "-C", build, "bench/balance_sim"], check=True, capture_output=True)
    program = pathlib.Path(build) / "bench" / "balance_sim"
    done = subprocess.run([program], check=True, capture_output=True, text=True)
    found = {}
    for line in done.stdout.splitlines():
        measure, algorithm, n, value = line.split("\t")
        found.setdefault(measure, {}).setdefault(algorithm, {})[int(n)] = float(value)
    found["moves"][LEAST] = {n: 100 / n for n in SIZES}
    return found


def table(found):
    lines = [HEAD]
    for measure, (title, what, _) in MEASURES.items():
        lines += [f"## {title}", "", what[0].upper() + what[1:], ""]
        lines += ["| | " + " | ".join(f"{n:,}" for n in SIZES) + " |", "|---|" + "---:|" * len(SIZES)]
        for algorithm, values in found[measure].items():
            lines.append(f"| {algorithm} | " + " | ".join(f"{values[n]:.2f}" for n in SIZES) + " |")
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n" + TAIL


def panel(measure, rows):
    """One of the four, as gnuplot has it: data first, for lines that are named in place."""
    title, _, scale = MEASURES[measure]
    data, curves = [], []
    for i, (algorithm, values) in enumerate(rows.items()):
        name = f"$d{PLOTTED.index(measure)}_{i}"
        data.append(f"{name} << EOD\n" + "".join(f"{n} {values[n]}\n" for n in SIZES) + "EOD")
        style = "dt 2 lw 1.5" if algorithm == LEAST else "pt 7 ps 0.9 lw 2.5"
        kind = "lines" if algorithm == LEAST else "linespoints"
        curves.append(f'{name} with {kind} {style} lc rgb "{COLOURS[algorithm]}" title "{algorithm}"')
    wide = measure in ("slow", "popular", "moves")
    return "\n".join(
        [
            *data,
            f'set title "{title}"',
            f'set ylabel "{scale}"',
            "set logscale y; set yrange [*:*]" if wide else "unset logscale y; set yrange [1:2.4]",
            f"set key top {'right' if measure == 'moves' else 'left'} reverse Left",
            "plot " + ", \\\n".join(curves),
        ]
    )


def plot(found, path):
    script = "\n".join(
        [
            'set terminal pngcairo size 1500,1100 font "DejaVu Sans,13" background "#ffffff"',
            f'set output "{path}"',
            "set multiplot layout 2,2 margins 0.07,0.98,0.07,0.95 spacing 0.09,0.12",
            'set xlabel "endpoints"; set logscale x; set xrange [9:1100]',
            'set xtics ("10" 10, "30" 30, "100" 100, "300" 300, "1,000" 1000)',
            'set grid ytics lc rgb "#dddddd"; set border 3; set xtics nomirror; set ytics nomirror',
            "set key samplen 2 spacing 1.1 noopaque",
            *(panel(measure, found[measure]) for measure in PLOTTED),
        ]
    )
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=HERE.parent / "build", help="a build of weir")
    parser.add_argument("--table", action="store_true", help="only print the table")
    options = parser.parse_args()
    found = simulate(options.build)
    if options.table:
        sys.stdout.write(table(found))
        return
    TABLE.write_text(table(found))
    plot(found, PLOT)
    print(f"{TABLE} and {PLOT} are written")


if __name__ == "__main__":
    main()
