#!/usr/bin/python3
"""Each door compiles alone."""
import concurrent.futures
import os
import subprocess

import lint

COMMAND = ("gcc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only")


def door_check(root, path):
    # By way of an including unit: compiled itself, a header draws warnings of its own.
    unit = f'#include "{path.relative_to("proxy") if path.parts[0] == "proxy" else path}"\n'
    done = subprocess.run(
        [*COMMAND, "-I.", "-Iproxy", "-x", "c", "-"],
        input=unit, cwd=root, capture_output=True, text=True)  # fmt: skip
    if done.returncode != 0:
        return f"{path}:1: does not compile alone\n{done.stderr}"
    return None


def check(root):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for problem in pool.map(lambda path: door_check(root, path), lint.files(root, ".h")):
            if problem:
                yield problem


if __name__ == "__main__":
    lint.main(check)
