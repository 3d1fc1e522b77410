#!/usr/bin/python3
"""The rows of the metrics' table and the entries of weir-metrics(7) say the same.

An entry is `.It Ic NAME`, a line `TYPE; LABELS.` and the row's sentence."""
import re

import lint

TABLE = "proxy/observe/expose.c"
MANUAL = "man/weir-metrics.7"
ROW = re.compile(r'\bROW\((\w+),\s*"([^"]+)",\s*"([^"]*)",\s*"([^"]*)"\)')
ENTRY = re.compile(r"^\.It Ic (\S+)\n(\w+); (.*?)\.\n(.*?)\n(?=\.)", re.M | re.S)


def rows(root):
    for kind, name, labels, sentence in ROW.findall((root / TABLE).read_text()):
        yield name, (kind.lower(), labels or "no labels", sentence)


def entries(root):
    for name, kind, labels, sentence in ENTRY.findall((root / MANUAL).read_text()):
        yield name, (kind, labels, " ".join(sentence.split()))


def check(root):
    if not (root / TABLE).exists():  # as in selfcheck's clean tree
        return
    table, manual = list(rows(root)), list(entries(root))
    for place, names in ((TABLE, [name for name, _ in table]), (MANUAL, [name for name, _ in manual])):
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"{place}:1: {name} is there twice"
    table, manual = dict(table), dict(manual)
    for name in sorted(table.keys() - manual.keys()):
        yield f"{MANUAL}:1: no entry for {name}"
    for name in sorted(manual.keys() - table.keys()):
        yield f"{MANUAL}:1: there is no metric {name}"
    for name in sorted(table.keys() & manual.keys()):
        for is_, should in zip(manual[name], table[name]):
            if is_ != should:
                yield f"{MANUAL}:1: {name}: says “{is_}”, the table “{should}”"


if __name__ == "__main__":
    lint.main(check)
