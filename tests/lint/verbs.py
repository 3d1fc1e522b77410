#!/usr/bin/python3
"""weir(8) has every verb and every option of the command line, and no others."""
import re

import lint

MANUAL = "man/weir.8"
OPTIONS = re.compile(r"struct cli_option \w+\[\] = \{(.*?)\n\};", re.S)
OPTION = re.compile(r'\{"([a-z-]+)",')
VERBS = re.compile(r"#define CLI_VERBS\(V\)(.*?[^\\])\n", re.S)


def read(root, name):
    path = root / name
    return path.read_text() if path.exists() else ""


def check(root):
    page = read(root, MANUAL)
    verbs = VERBS.search(read(root, "proxy/run/cli.h"))
    for verb in re.findall(r"V\((\w+)\)", verbs[1]) if verbs else ():
        if not re.search(rf"^\.It Ic {verb}\b", page, re.M):
            yield f"{MANUAL}:1: no entry for the verb {verb}"
    options = set()
    for path in sorted((root / "proxy/run").glob("cli*.c")):
        for rows in OPTIONS.findall(path.read_text()):
            options.update(OPTION.findall(rows))
    for option in sorted(options):
        if not re.search(rf"^\.It Fl (?:\w , Fl )?-{option}\b", page, re.M):
            yield f"{MANUAL}:1: no entry for the option --{option}"
    for option in sorted(set(re.findall(r"^\.It Fl (?:\w , Fl )?-([a-z-]+)", page, re.M))):
        if option not in options:
            yield f"{MANUAL}:1: --{option} is no option"


if __name__ == "__main__":
    lint.main(check)
