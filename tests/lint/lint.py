"""What the lints share: the files, C split into code and comments, one form of report.

A lint is a file with check(root), which yields `path:line: what is wrong` lines. It is run with the
root of a tree as its only argument (default: this one) and fails if there is any such line."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("proxy", "config", "lua")
SKIP = 77  # meson's exit code for a test that could not be run

TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""", re.S
)


def files(root, *suffixes, folders=ROOMS):
    """Paths relative to root, in order."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file():
                yield path.relative_to(root)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def code(text):
    """C without comments and without what is inside quotes; lines and columns stay."""
    return TOKEN.sub(lambda m: _blank(m[0]), text)


def words_text(text):
    """C without what is inside quotes: identifiers and comments."""
    return TOKEN.sub(lambda m: m[0] if m["comment"] else _blank(m[0]), text)


def numbered(text):
    return enumerate(text.split("\n"), 1)


def main(check):
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
    problems = list(check(root))
    print("\n".join(problems))
    sys.exit(1 if problems else 0)
