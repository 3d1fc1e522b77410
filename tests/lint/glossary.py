#!/usr/bin/python3
"""One word per thing, in identifiers and comments. Exceptions: glossary.allow, each with its reason."""
import fnmatch
import pathlib
import re

import lint

INSTEAD = {
    "downstream": "client",
    "session": "conn, exchange or tunnel",
    "handler": "the noun it works for",
    "manager": "the noun it works for",
    "cluster": "backend",
    "context": "the noun it is",
    "ctx": "the noun it is",
}
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def banned(word):
    """The banned word within an identifier, singular."""
    for part in PART.findall(word):
        part = part.lower()
        for one in (part, part[:-1]):
            if one in INSTEAD and (one == part or part.endswith("s")):
                return one
    return None


def allowances():
    """Rows of `path-glob word-glob # reason`."""
    text = (pathlib.Path(__file__).parent / "glossary.allow").read_text()
    rows = (row.split("#")[0].split() for row in text.splitlines())
    return [row for row in rows if row]


def check(root):
    allow = allowances()
    for path in lint.files(root, ".c", ".h", folders=(*lint.ROOMS, "tests", "bench")):
        text = lint.words_text((root / path).read_text(errors="replace"))
        for line, row in lint.numbered(text):
            for word in set(WORD.findall(row)):
                wrong = banned(word)
                if wrong and not any(
                    fnmatch.fnmatch(str(path), place) and fnmatch.fnmatchcase(word, glob)
                    for place, glob in allow
                ):
                    yield f"{path}:{line}: {word}: say {INSTEAD[wrong]}, not {wrong}"


if __name__ == "__main__":
    lint.main(check)
