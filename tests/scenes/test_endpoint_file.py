"""Files of endpoints: they are read again when they change, and no reload is needed."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from origin import free_port
from raw import Wire, until
from weir import one_backend, run

NGINX = """
worker_processes 1; daemon off; pid {folder}/pid;
events {{ worker_connections 128; }}
http {{ access_log off; {servers} }}
"""
WRONG = "endpoints:\n  - 127.0.0.1:80\n  - ten\n"


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    """Ports of one nginx, each of which answers with its number."""
    folder, ports = tmp_path_factory.mktemp("nginx"), [str(free_port()) for _ in range(3)]
    servers = "".join(
        f'server {{ listen 127.0.0.1:{port}; return 200 "{port}"; }}' for port in ports
    )
    (folder / "conf").write_text(NGINX.format(folder=folder, servers=servers))
    process = subprocess.Popen(
        ["nginx", "-c", folder / "conf", "-e", folder / "error", "-g", "user root;"]
    )

    def up():
        try:
            Wire.dial(("127.0.0.1", int(ports[-1]))).close()
            return True
        except OSError:
            return False

    until(up, "nginx")
    yield ports
    process.terminate()
    process.wait()


class Listed:
    """weir with one backend, whose endpoints are in a file."""

    def __init__(self, scene, text=None, folder=None):
        self.path = Path(folder or scene.folder) / "list.yaml"
        if text is not None:
            self.put(text)
        self.weir = scene.proxy(f"{{file: {self.path}}}", "balance: round-robin")

    def put(self, text):
        """As programs do it: written beside, then moved into place."""
        new = self.path.with_suffix(".new")
        new.write_text(text)
        os.replace(new, self.path)

    def who(self, n=12):
        return {self.weir.get().body.decode() for _ in range(n)}

    def why(self):
        return self.weir.admin_json("/names")[0]["why"]

    def count(self, what, **labels):
        return self.weir.metric(f"weir_endpoint_file_{what}", file=self.path, **labels)


def listing(ports):
    return json.dumps({"endpoints": [f"127.0.0.1:{port}" for port in ports]})


def test_endpoints_come_and_go_with_the_file(scene, ports):
    listed = Listed(scene, listing(ports[:1]))
    assert listed.who() == {ports[0]}
    listed.put(listing(ports))
    until(lambda: listed.who() == set(ports), "all of them")
    listed.path.write_text(f"endpoints: [{{address: 127.0.0.1:{ports[2]}, weight: 2}}]\n")
    until(lambda: listed.who() == {ports[2]}, "the last one alone")
    assert f"file {listed.path}: 1 address" in listed.weir.stderr
    assert listed.weir.metric("weir_config_generation") == 1
    assert listed.count("endpoints") == 1
    assert listed.count("reads_total", result="found") >= 3
    listed.put("endpoints: []\n")
    until(lambda: listed.weir.get().status == 503, "nobody to be left")


def test_a_file_that_is_wrong_changes_nothing(scene, ports):
    listed = Listed(scene, listing(ports[:2]))
    listed.put(WRONG)
    until(listed.why, "the error")
    assert listed.why().startswith(f'{listed.path}:3:5: "ten" is not an endpoint')
    assert f'{listed.why()}; what it said before holds' in listed.weir.stderr
    assert listed.who() == set(ports[:2])
    assert listed.count("wrong") == 1
    listed.path.unlink()
    until(lambda: "cannot read it" in (listed.why() or ""), "it to be gone")
    assert listed.who() == set(ports[:2])
    listed.put(listing(ports[2:]))
    until(lambda: listed.who() == {ports[2]}, "it to be back")
    assert listed.why() is None and listed.count("wrong") == 0


@pytest.mark.parametrize("text", [None, WRONG, "endpoints: [\n"])
def test_the_start_does_not_depend_on_the_file(scene, ports, text):
    listed = Listed(scene, text)
    assert listed.weir.get().status == 503
    until(lambda: f"there are no endpoints from {listed.path}:" in listed.weir.stderr, "a word")
    listed.put(listing(ports))
    until(lambda: listed.who() == set(ports), "the file to be there")


def test_shares_are_as_the_file_says(scene, ports):
    rows = [{"address": f"127.0.0.1:{port}", "weight": n + 1} for n, port in enumerate(ports)]
    listed = Listed(scene, json.dumps({"endpoints": rows}))
    got = [listed.weir.get().body.decode() for _ in range(60)]
    assert [got.count(port) for port in ports] == [10, 20, 30]


def test_a_config_map_is_followed_through_its_links(scene, ports):
    folder = scene.folder
    for n, port in enumerate(ports[:2]):
        (folder / f"..{n}").mkdir()
        (folder / f"..{n}" / "list.yaml").write_text(listing([port]))
    os.symlink("..0", folder / "..data")
    os.symlink("..data/list.yaml", folder / "list.yaml")
    listed = Listed(scene)
    assert listed.who() == {ports[0]}
    os.symlink("..1", folder / "..new")
    os.replace(folder / "..new", folder / "..data")
    until(lambda: listed.who() == {ports[1]}, "the other one")


CHANGES = 3000
CHANGING = """
import os, sys
path, *texts = sys.argv[1:]
for n in range(%d):
    with open(path + ".new", "w") as out:
        out.write(texts[n %% 2])
    os.replace(path + ".new", path)
"""


def test_thousands_of_changes_a_second_are_a_few_readings(scene, ports):
    folder = tempfile.TemporaryDirectory(dir="/dev/shm")  # a disk would be the slower one
    listed = Listed(scene, listing(ports[:1]), folder.name)
    command = [sys.executable, "-c", CHANGING % CHANGES, listed.path]
    began, cpu, answers = time.monotonic(), listed.weir.cpu(), []
    with subprocess.Popen([*command, listing(ports[:2]), listing(ports[1:])]) as changing:
        while changing.poll() is None:
            answers.append(listed.weir.get())
    took = time.monotonic() - began
    listed.put(listing(ports[2:]))
    until(lambda: listed.who() == {ports[2]}, "the last change")
    assert {answer.status for answer in answers} == {200}
    assert listed.count("reads_total") <= 20 * took + 12 < CHANGES / 10
    assert listed.weir.cpu() - cpu < took
    assert listed.weir.metric("weir_config_generation") == 1
    folder.cleanup()


def test_many_endpoints_of_one_file(scene, ports):
    far = [f"127.{n >> 16}.{n >> 8 & 255}.{n & 255}:1" for n in range(1 << 16, (1 << 16) + 5000)]
    listed = Listed(scene, json.dumps({"endpoints": far}))
    assert listed.count("endpoints") == 5000
    listed.put(listing(ports))
    until(lambda: listed.who() == set(ports), "the small list")
    until(lambda: len(listed.weir.admin_json("/backends")[0]["endpoints"]) == 3, "the rest to go")


def test_a_reload_finds_and_leaves_files(scene, ports):
    listed = Listed(scene, listing(ports[:1]))
    text, other = listed.weir.file.read_text(), scene.folder / "other.json"
    other.write_text(listing(ports[1:2]))
    done = listed.weir.reload(text.replace("list.yaml", "other.json"))
    assert done.returncode == 0, done.stderr
    assert listed.who() == {ports[1]}
    other.write_text(listing(ports[2:]))
    until(lambda: listed.who() == {ports[2]}, "the change")
    done = listed.weir.reload(text.replace("list.yaml", "none.json"))
    assert done.returncode == 0
    assert f"warning: there are no endpoints from {scene.folder}/none.json" in done.stdout


def test_check_reads_it_too(tmp_path):
    (tmp_path / "weir.yaml").write_text(one_backend("{file: list.yaml}"))
    done = run("check", "-c", tmp_path / "weir.yaml")
    assert done.returncode == 0
    assert f"warning: there are no endpoints from {tmp_path}/list.yaml: No such" in done.stderr
    (tmp_path / "list.yaml").write_text("endpoints: [127.0.0.1:80]\n")
    assert run("check", "-c", tmp_path / "weir.yaml", "--strict").returncode == 0
    for text, words in (
        (WRONG, '/list.yaml:3:5: error: "ten" is not an endpoint'),
        ("endpoints: [web.internal:80]\n", '"web.internal:80" is not an address'),
        ("endpoints: [{srv: web.internal}]\n", '"web.internal" is not an address'),
        ("endpoints: [1.1.1.1:80, 1.1.1.1:80]\n", "endpoint 1.1.1.1:80 is listed twice"),
        ("endpoint: []\n", 'did you mean "endpoints"?'),
        ("", 'is missing'),
    ):
        (tmp_path / "list.yaml").write_text(text)
        done = run("check", "-c", tmp_path / "weir.yaml")
        assert done.returncode == 3 and words in done.stderr, done.stderr
