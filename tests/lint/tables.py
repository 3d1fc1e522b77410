#!/usr/bin/python3
"""The schema's rows, the entries of weir.yaml(5) and the keys of the examples are the same keys.

tables.py WEIR: skips while there is no binary that knows `weir schema`."""
import json
import os
import re
import subprocess
import sys

import lint

MANUAL = "man/weir.yaml.5"
EXAMPLES = "config/examples"
ENTRY = re.compile(r"^\.It (?:Ic|Cm|Sy|Va) (\S+)", re.M)
NAME = "<name>"  # a map's own keys, as in backends.<name>.endpoints


def schema_keys(schema, root=None, path=()):
    """The dotted keys of a JSON Schema, short forms and long forms alike."""
    root = root or schema
    while "$ref" in schema:
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema = target
    for name, value in schema.get("properties", {}).items():
        yield ".".join((*path, name))
        yield from schema_keys(value, root, (*path, name))
    for value in [schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()]:
        if isinstance(value, dict):
            yield from schema_keys(value, root, (*path, NAME))
    if isinstance(schema.get("items"), dict):
        yield from schema_keys(schema["items"], root, path)
    for form in ("oneOf", "anyOf", "allOf"):
        for value in schema.get(form, ()):
            yield from schema_keys(value, root, path)


def check(root, weir):
    done = subprocess.run([weir, "schema"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(lint.SKIP)
    keys = set(schema_keys(json.loads(done.stdout)))
    entries = set(ENTRY.findall((root / MANUAL).read_text()))
    for key in sorted(keys - entries):
        yield f"{MANUAL}:1: no entry for {key}"
    for key in sorted(entries - keys):
        yield f"{MANUAL}:1: {key} is no key of the schema"
    shown = "".join(path.read_text() for path in sorted((root / EXAMPLES).rglob("*.yaml")))
    for key in sorted(keys):
        last = key.split(".")[-1]
        if not re.search(rf"\b{re.escape(last)}\s*:", shown):
            yield f"{EXAMPLES}:1: no example shows {key}"


if __name__ == "__main__":
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit(lint.SKIP)
    WEIR = sys.argv.pop(1)
    lint.main(lambda root: check(root, WEIR))
