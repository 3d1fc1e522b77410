#!/usr/bin/python3
"""Renders the entries of weir.yaml(5) from the schema's rows: `weir schema | man/keys.py man/weir.yaml.5`.

With --check nothing is written, and the answer is 1 when the page is not what the rows say."""
import json
import re
import sys
import textwrap

BEGIN, END = '.\\" keys: rendered by man/keys.py', '.\\" end of keys\n'
NAME = "<name>"
WIDTH = 70


def rows(schema, path=()):
    """(dotted key, row) in the order of the schema, both forms of a value."""
    for name, row in schema.get("properties", {}).items():
        yield ".".join((*path, name)), row
        yield from rows(row, (*path, name))
    if isinstance(schema.get("additionalProperties"), dict):
        yield from rows(schema["additionalProperties"], (*path, NAME))
    if isinstance(schema.get("items"), dict):
        yield from rows(schema["items"], path)
    for form in schema.get("anyOf", ()):
        yield from rows(form, path)


def escape(text):
    text = text.replace("\\", "\\e").replace("~", "\\(ti").replace("^", "\\(ha").replace('"', "\\(dq")
    return re.sub(r"^([.'])", r"\\&\1", text.replace("-", "\\-"))


def wrap(text):
    """Lines of a sentence; none begins like a request of mdoc."""
    for line in textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False):
        yield escape(line)


def entry(key, row):
    manual = row["x-manual"]
    yield f".It Ic {key}"
    for sentence in re.split(r"(?<=[.)]) (?=[A-Z])", row["description"]):
        yield from wrap(sentence)
    yield ".Pp"
    yield from wrap(f"Type: {manual['type']}.")
    if "default" in manual:
        yield from wrap(f"Default: {manual['default']}.")
    yield f"Example: {escape(key.split('.')[-1] + ': ' + manual['example'])}"
    yield ".Pp"
    yield f"Since {manual['since']}."


def render(page, schema):
    head, rest = page.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    lines = [".Bl -tag -width Ds"]
    for key, row in dict(rows(schema)).items():
        lines += entry(key, row)
    return head + BEGIN + "\n" + "\n".join([*lines, ".El"]) + "\n" + END + tail


def main():
    check = "--check" in sys.argv
    path = sys.argv[-1]
    with open(path) as page:
        before = page.read()
    after = render(before, json.load(sys.stdin))
    if check:
        sys.exit(after != before and f"{path} is not what `weir schema` says: run man/keys.py")
    with open(path, "w") as page:
        page.write(after)


if __name__ == "__main__":
    main()
