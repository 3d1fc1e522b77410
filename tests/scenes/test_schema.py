"""The schema's rows, the examples, the manual and the loader say the same."""

import json
import pathlib
import subprocess
import sys

import jsonschema
import pytest
import yaml
from weir import run

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "config/examples").glob("*.yaml"))


@pytest.fixture(scope="module")
def schema():
    return json.loads(run("schema").stdout)


def test_the_schema_is_one(schema):
    jsonschema.Draft7Validator.check_schema(schema)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_fits_the_schema_and_checks(schema, path):
    jsonschema.validate(yaml.safe_load(path.read_text()), schema)
    done = run("check", "-c", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


def rows(schema):
    for row in schema.get("properties", {}).values():
        yield row
        yield from rows(row)
    inner = [schema.get("additionalProperties"), schema.get("items"), *schema.get("anyOf", ())]
    for form in inner:
        if isinstance(form, dict):
            yield from rows(form)


def test_every_row_has_an_example_that_fits_it(schema):
    for row in rows(schema):
        alone = {**row, "definitions": schema["definitions"]}
        for example in row["examples"]:
            jsonschema.validate(example, alone)


@pytest.mark.parametrize(
    "text",
    [
        "listen: {http: {prot: 80}}",
        "listen: {http: {port: eighty}}",
        "listen: {http: {port: 80}}\ntimeouts: {connect: 5}",
        "routes: []",
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(schema, tmp_path, text):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), schema)
    (tmp_path / "weir.yaml").write_text(text)
    assert run("check", "-c", "weir.yaml", cwd=tmp_path).returncode == 3


def test_the_manual_says_what_the_rows_say(schema):
    done = subprocess.run(
        [sys.executable, ROOT / "man/keys.py", "--check", ROOT / "man/weir.yaml.5"],
        input=json.dumps(schema),
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
