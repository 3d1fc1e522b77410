#!/usr/bin/python3
"""Each foreign library is seen by its seam only, and a new one has to be named here."""
import fnmatch
import re

import lint

SEAMS = (  # header, who may include it
    ("event.h", "proxy/io/*"),
    ("event2/*", "proxy/io/*"),
    ("openssl/*", "proxy/io/tls*.c"),
    ("nghttp2/*", "proxy/http/h2*"),
    ("ares.h", "proxy/io/resolve*.c"),
    ("pcre2.h", "proxy/route/match.c"),
    ("yaml.h", "config/document.c"),
    ("lua.h lualib.h lauxlib.h", "lua/*"),
    ("jansson.h", "proxy/admin/* proxy/run/* config/*"),  # not on the data path
    ("xxhash.h", "proxy/* config/*"),
)
SYSTEM = re.compile(
    r"(sys|linux|netinet|arpa|net|asm)/\w+\.h|"
    r"(assert|ctype|dirent|endian|errno|fcntl|fnmatch|getopt|glob|grp|immintrin|inttypes|limits|math|"
    r"netdb|poll|pthread|pwd|sched|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|"
    r"stdlib|stdnoreturn|string|strings|syscall|sysexits|syslog|termios|threads|time|unistd|wchar|"
    r"x86intrin|nmmintrin|emmintrin|execinfo|ifaddrs|malloc|regex)\.h"
)
INCLUDE = re.compile(r"\s*#\s*include\s*<([^>]+)>")


def allowed(path, header):
    """Where the header may be included from; None: nothing is said about it."""
    for headers, places in SEAMS:
        if any(fnmatch.fnmatch(header, one) for one in headers.split()):
            return any(fnmatch.fnmatch(str(path), place) for place in places.split())
    return True if SYSTEM.fullmatch(header) else None


def check(root):
    for path in lint.files(root, ".c", ".h"):
        for line, row in lint.numbered((root / path).read_text()):
            include = INCLUDE.match(row)
            verdict = allowed(path, include[1]) if include else True
            if verdict is None:
                yield f"{path}:{line}: <{include[1]}> has no seam: name one in tests/lint/seams.py"
            elif not verdict:
                yield f"{path}:{line}: <{include[1]}> belongs to its seam alone"


if __name__ == "__main__":
    lint.main(check)
