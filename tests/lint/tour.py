#!/usr/bin/python3
"""Every function the tour names exists."""
import re

import lint

TOUR = "proxy/README.md"
NAMED = re.compile(r"`([a-z_][a-z0-9_]*)\(\)`")
# A definition starts a line; a static inline one in a door, a macro or an ops member may not.
DEFINED = re.compile(r"^([a-z_]\w*)\(|^#define (\w+)\(|^static inline .*?\b(\w+)\(|\(\*(\w+)\)\(", re.M)


def check(root):
    tour = root / TOUR
    if not tour.exists():
        yield f"{TOUR}:1: there is no tour"
        return
    defined = set()
    for path in lint.files(root, ".c", ".h"):
        for groups in DEFINED.findall(lint.code((root / path).read_text())):
            defined.update(groups)
    for line, row in lint.numbered(tour.read_text()):
        for name in NAMED.findall(row):
            if name not in defined:
                yield f"{TOUR}:{line}: {name}() does not exist"


if __name__ == "__main__":
    lint.main(check)
