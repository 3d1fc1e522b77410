#!/usr/bin/python3
"""An include points only downwards, and siblings do not see each other."""
import re

import lint

LAYERS = (
    ("base",),
    ("io",),
    ("http",),
    ("upstream", "route", "observe"),
    ("flow",),
    ("lua",),
    ("config",),
    ("admin",),
    ("run",),
)
HEIGHT = {room: height for height, layer in enumerate(LAYERS) for room in layer}
TOP = ("config", "lua")  # rooms that live beside proxy/, not in it
INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"')


def check(root):
    for path in lint.files(root, ".c", ".h"):
        room = path.parts[0] if path.parts[0] in TOP else path.parts[1]
        if room not in HEIGHT:
            yield f"{path}:1: no layer named {room}"
            continue
        for line, text in lint.numbered((root / path).read_text()):
            include = INCLUDE.match(text)
            if not include:
                continue
            below = include[1].split("/")[0]
            if below not in HEIGHT or "/" not in include[1]:
                yield f"{path}:{line}: {include[1]}: say the room, as in base/str.h"
            elif below != room and HEIGHT[below] >= HEIGHT[room]:
                yield f"{path}:{line}: {room} may not see {below}"


if __name__ == "__main__":
    lint.main(check)
