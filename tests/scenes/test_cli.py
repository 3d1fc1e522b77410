"""The command line: verbs, suggestions, exit codes, where data and talk go."""

import json
import subprocess

import jsonschema
import pytest

from origin import free_port
from raw import until
from weir import BINARY, ROOT, one_backend, run

SAMPLE = """\
listen:
  http: {address: "127.0.0.1:0"}
routes:
  - match: api.example.com/v1/*
    to: {api: 95%, next: 5%}
  - match: api.example.com/shop/*
    to: shop
  - match: "*.example.com/v1/*"
    to: shop
backends:
  api: {endpoints: ["127.0.0.1:8001", "127.0.0.1:8002"]}
  next: {endpoints: ["127.0.0.1:8003"]}
  shop: {endpoints: ["127.0.0.1:8004"]}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "weir.yaml"
    path.write_text(SAMPLE)
    return path


WRONG = {
    "unknown_verb": (["relaod"], 'did you mean "reload"?'),
    "unknown_verb_far": (["xyzzyx"], "xyzzyx"),
    "verb_typo": (["chek"], 'did you mean "check"?'),
    "unknown_option": (["run", "--lisen", ":80"], 'did you mean "--listen"?'),
    "unknown_short": (["check", "-z"], "-z"),
    "option_wants_value": (["check", "-c"], "-c"),
    "too_much": (["version", "extra"], "extra"),
    "haproxy_check": (["-t"], "weir check"),
    "nginx_test": (["-T"], "weir config"),
    "nginx_reload": (["-s", "reload"], "weir reload"),
    "version_flag": (["-V"], "weir version"),
    "nothing": ([], "weir"),
}


@pytest.mark.parametrize("args, says", WRONG.values(), ids=WRONG)
def test_a_wrong_command_line_is_exit_2_with_a_suggestion(args, says):
    done = run(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


@pytest.mark.parametrize(
    "verb", "run check config explain reload stop status schema version demo".split()
)
def test_every_verb_has_help_with_two_examples(verb):
    done = run(verb, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count(f"weir {verb}") >= 3


def test_help_lists_the_verbs():
    done = run("--help")
    assert done.returncode == 0
    assert all(
        verb in done.stdout
        for verb in "run check config explain reload stop status schema version".split()
    )


def test_version_is_data():
    done = run("version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("weir ")
    assert json.loads(run("version", "--json").stdout)["version"] in done.stdout


def test_check_of_a_good_file_is_exit_0(file):
    done = run("check", "-c", file)
    assert done.returncode == 0
    assert "0 errors" in done.stdout + done.stderr or "ok" in (done.stdout + done.stderr).lower()


def test_check_finds_the_file_in_the_folder(file, tmp_path):
    assert run("check", cwd=tmp_path).returncode == 0


def test_check_of_a_missing_file_says_so(tmp_path):
    done = run("check", "-c", "none.yaml", cwd=tmp_path)
    assert done.returncode == 3
    assert "none.yaml" in done.stderr and "no such file" in done.stderr.lower()


def test_check_strict_turns_warnings_into_exit_4(file):
    file.write_text(SAMPLE + "  unused: {endpoints: ['127.0.0.1:1']}\n")
    plain, strict = run("check", "-c", file), run("check", "-c", file, "--strict")
    assert (plain.returncode, strict.returncode) == (0, 4)
    assert "warning" in plain.stderr + plain.stdout and "unused" in plain.stderr + plain.stdout


def test_check_speaks_json_and_github(file):
    file.write_text(SAMPLE.replace("to: shop", "to: shpo", 1))
    asjson = run("check", "-c", file, "--format", "json")
    found = json.loads(asjson.stdout)
    assert asjson.returncode == 3
    row = found["errors"][0] if isinstance(found, dict) else found[0]
    assert row["line"] == 7 and "shpo" in json.dumps(row)
    github = run("check", "-c", file, "--format", "github")
    assert github.returncode == 3
    assert "::error file=" in github.stdout and "line=7" in github.stdout


def test_run_with_a_bad_file_is_exit_3(file):
    file.write_text("rotues: []\n")
    done = run("run", "-c", file)
    assert done.returncode == 3 and 'unknown key "rotues"' in done.stderr


def test_run_with_a_taken_port_is_exit_1_and_names_it(scene, file):
    origin = scene.origin()
    file.write_text(one_backend(origin).replace("127.0.0.1:0", str(origin)))
    done = run("run", "-c", file)
    assert done.returncode == 1
    assert f"cannot listen on {origin}: in use" in done.stderr


def test_run_without_a_file_serves_and_prints_the_yaml(scene):
    origin, port = scene.origin(), free_port()
    weir = scene.start(
        args=["run", "--listen", f"127.0.0.1:{port}", "--to", str(origin)], ready=False
    )
    until(lambda: weir.ports, "weir to listen")
    done = subprocess.run(
        ["curl", "-sS", "-i", f"http://127.0.0.1:{port}/x"], capture_output=True, text=True
    )
    assert done.stdout.startswith("HTTP/1.1 200") and done.stdout.endswith("ok")
    shown = weir.stdout + weir.stderr
    assert all(
        word in shown for word in ("listen:", "routes:", "backends:", str(origin), str(port))
    )


def test_run_takes_short_addresses(scene):
    origin, port = scene.origin(), free_port()
    weir = scene.start(args=["run", "--listen", f":{port}", "--to", f":{origin.port}"], ready=False)
    until(lambda: weir.ports, "weir to listen")
    done = subprocess.run(
        ["curl", "-sS", f"http://127.0.0.1:{port}/x"], capture_output=True, text=True
    )
    assert done.stdout == "ok"


EXPLAINS = {
    "route": (
        ["http://api.example.com/v1/cart"],
        0,
        ["api.example.com/v1/*", "weir.yaml:4", "api 95%", "next 5%"],
    ),
    "runner_up": (
        ["http://api.example.com/v1/cart"],
        0,
        ["not", "api.example.com/shop/*", "*.example.com/v1/*"],
    ),
    "endpoints": (["http://api.example.com/shop/1"], 0, ["127.0.0.1:8004", "shop"]),
    "method": (
        ["http://x.example.com/v1/a", "-X", "POST", "-H", "A: b", "--from", "10.0.0.1"],
        0,
        ["*.example.com/v1/*"],
    ),
    "none": (["http://nowhere.test/"], 4, ["no route"]),
    "no_scheme": (["api.example.com/v1/x"], 0, ["api.example.com/v1/*"]),
}


@pytest.mark.parametrize("args, code, says", EXPLAINS.values(), ids=EXPLAINS)
def test_explain_says_what_would_happen_and_why(file, tmp_path, args, code, says):
    done = run("explain", *args, "-c", "weir.yaml", cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert [word for word in says if word not in done.stdout + done.stderr] == []


def test_config_prints_what_it_reads_back(file, tmp_path):
    done = run("config", "-c", file)
    assert (done.returncode, done.stderr) == (0, "")
    again = tmp_path / "again.yaml"
    again.write_text(done.stdout)
    assert run("config", "-c", again).stdout == done.stdout


def test_config_full_says_where_each_value_is_from(file, tmp_path):
    done = run("config", "--full", "-c", "weir.yaml", cwd=tmp_path)
    assert done.returncode == 0
    assert (
        "default" in done.stdout and "weir.yaml:4" in done.stdout and "connect: 5s" in done.stdout
    )


def test_config_json_is_json(file):
    assert json.loads(run("config", "--json", "-c", file).stdout)


def test_schema_accepts_the_sample_and_the_examples():
    yaml = pytest.importorskip("yaml")
    schema = json.loads(run("schema").stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(SAMPLE), schema)
    for path in sorted((ROOT / "config" / "examples").glob("*.yaml")):
        jsonschema.validate(yaml.safe_load(path.read_text()), schema)
        assert run("check", "-c", path).returncode == 0, path.name
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"rotues": []}, schema)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_the_verbs(shell):
    done = run("completion", shell)
    assert done.returncode == 0 and "reload" in done.stdout and "explain" in done.stdout


def test_status_of_a_healthy_weir_is_one_sentence(scene):
    weir, _ = scene.front()
    done = weir.cli("status")
    assert done.returncode == 0
    assert done.stdout.startswith("healthy: ") and "1 route" in done.stdout
    assert json.loads(weir.cli("status", "--json").stdout)


@pytest.mark.parametrize(
    "verb", [["status"], ["reload", "--wait"], ["stop"]], ids=["status", "reload", "stop"]
)
def test_nobody_at_the_socket_is_exit_1_and_said(tmp_path, verb):
    done = run(*verb, "--socket", tmp_path / "none.sock")
    assert done.returncode == 1
    assert "none.sock" in done.stderr


def test_output_has_no_colour_in_a_pipe_but_on_demand(file):
    file.write_text("rotues: []\n")
    assert "\x1b[" not in run("check", "-c", file).stderr
    assert "\x1b[" in run("check", "-c", file, "--color", "always", env={"NO_COLOR": ""}).stderr


def test_the_binary_needs_no_file_of_ours_to_say_who_it_is(tmp_path):
    done = subprocess.run([BINARY, "version"], cwd=tmp_path, env={}, capture_output=True, text=True)
    assert done.returncode == 0
