#!/usr/bin/python3
"""Calls with no length, no error or hidden state are not made."""
import re

import lint

INSTEAD = {
    "strcpy": "memcpy with a length",
    "strncpy": "memcpy with a length",
    "strcat": "a struct str",
    "strncat": "a struct str",
    "sprintf": "snprintf",
    "vsprintf": "vsnprintf",
    "strtok": "a struct str",
    "atoi": "a parser that reports errors",
    "atol": "a parser that reports errors",
    "atoll": "a parser that reports errors",
    "alloca": "the arena",
    "gets": "read",
    "rand": "the loop's random numbers",
    "srand": "the loop's random numbers",
}
CALL = re.compile(r"\b(" + "|".join(INSTEAD) + r")\s*\(")


def check(root):
    for path in lint.files(root, ".c", ".h", folders=(*lint.ROOMS, "tests", "bench")):
        for line, row in lint.numbered(lint.code((root / path).read_text(errors="replace"))):
            for call in CALL.finditer(row):
                yield f"{path}:{line}: {call[1]}() is banned: use {INSTEAD[call[1]]}"


if __name__ == "__main__":
    lint.main(check)
