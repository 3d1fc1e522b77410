#!/usr/bin/python3
"""The rows of FAULTS and the entries of weir-internals(7) say the same, in the same order.

An entry is `.It Cm WORD`, a line `HTTP; gRPC STATUS; WHOSE; RETRY.` and the row's sentence."""
import re

import lint

TABLE = "proxy/base/fault_rows.h"
MANUAL = "man/weir-internals.7"
ROW = re.compile(r'\bF\((\w+),\s*(\d+),\s*(\d+),\s*(\w+),\s*(\w+),\s*"([^"]*)"\)')
ENTRY = re.compile(r"^\.It Cm (\w+)\n(\d+); gRPC (\d+); (\w+); (\w+)\.\n(.*?)\n(?=\.)", re.M | re.S)


def rows(root):
    for word, http, grpc, whose, retry, sentence in ROW.findall((root / TABLE).read_text()):
        yield word, http, grpc, whose.lower(), retry.lower(), sentence[0].upper() + sentence[1:] + "."


def entries(root):
    for *values, sentence in ENTRY.findall((root / MANUAL).read_text()):
        yield *values, " ".join(sentence.split())


def check(root):
    if not (root / TABLE).exists():  # as in selfcheck's clean tree
        return
    table, manual = list(rows(root)), list(entries(root))
    for row in table:
        if row not in manual:
            yield f"{MANUAL}:1: no entry {'; '.join(row)}"
    for row in manual:
        if row not in table:
            yield f"{MANUAL}:1: there is no fault {'; '.join(row)}"
    if sorted(table) == sorted(manual) and table != manual:
        yield f"{MANUAL}:1: the faults are not in the table's order"


if __name__ == "__main__":
    lint.main(check)
