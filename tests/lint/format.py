#!/usr/bin/python3
"""All C is as .clang-format says; with --fix, makes it so."""
import subprocess
import sys

import lint

FORMATTER = "clang-format-14"


def sources(root):
    return [str(path) for path in lint.files(root, ".c", ".h", folders=(*lint.ROOMS, "tests", "bench"))]


def check(root):
    command = [FORMATTER, "--dry-run", "-Werror", f"--style=file:{lint.ROOT / '.clang-format'}"]
    if names := sources(root):
        done = subprocess.run([*command, *names], cwd=root, capture_output=True, text=True)
        if done.returncode != 0:
            yield done.stderr + "`make format` mends this"


if __name__ == "__main__":
    if sys.argv[1:] == ["--fix"]:
        sys.exit(subprocess.run([FORMATTER, "-i", *sources(lint.ROOT)], cwd=lint.ROOT).returncode)
    lint.main(check)
