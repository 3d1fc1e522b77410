"""Writes a file as a C array: embed.py INPUT OUTPUT, the array named after OUTPUT."""
import pathlib
import sys

source, target = map(pathlib.Path, sys.argv[1:])
data = source.read_bytes() + b"\0"  # ends in NUL, so that text is a C string; sizeof - 1 is its length
rows = (",".join(str(byte) for byte in data[at : at + 24]) for at in range(0, len(data), 24))
name = target.stem.replace("-", "_").replace(".", "_")
target.write_text(f"static const unsigned char {name}[] = {{\n" + ",\n".join(rows) + "\n};\n")
