#!/usr/bin/python3
"""Doors, rooms and functions stay small."""
import lint

DOOR_LINES = 80
ROOM_LINES = 500
FUNCTION_LINES = 80


def functions(text):
    """(line, length) of each body. The format lint has put its braces in the first column."""
    start = 0
    for line, row in lint.numbered(text):
        if row == "{":
            start = line
        elif row.startswith("}") and start:
            yield start, line - start + 1
            start = 0


def check(root):
    for path in lint.files(root, ".c", ".h"):
        text = (root / path).read_text()
        lines, limit = text.count("\n"), DOOR_LINES if path.suffix == ".h" else ROOM_LINES
        if lines > limit:
            yield f"{path}:{lines}: {lines} lines, the limit is {limit}"
        for line, length in functions(text):
            if length > FUNCTION_LINES:
                yield f"{path}:{line}: function of {length} lines, the limit is {FUNCTION_LINES}"


if __name__ == "__main__":
    lint.main(check)
