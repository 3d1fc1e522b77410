"""The programs of this folder, built when needed and run: origin, floor, load, malloc_count."""
import contextlib
import json
import pathlib
import subprocess

import machine

HERE = pathlib.Path(__file__).resolve().parent
DEFAULT_BUILD = HERE.parent / "build"
SOURCES = {
    "floor": ["floor.c", "net.c"],
    "load": ["load.c", "load_spec.c", "net.c"],
    "origin": ["net.c", "origin.c"],
    "malloc_count.so": ["malloc_count.c"],
}
GCC = ["gcc", "-std=gnu11", "-O2", "-D_GNU_SOURCE"]
GCC_SHARED = ["-fno-builtin", "-fPIC", "-shared"]


class Tools:
    """Where the programs are. ninja builds them, or gcc where nothing was set up."""

    def __init__(self, build=DEFAULT_BUILD):
        self.build = pathlib.Path(build)
        self.folder = self.build / "bench"
        if (self.build / "build.ninja").exists() and self._ninja():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, sources in SOURCES.items():
            self._gcc(name, sources)

    def _ninja(self):
        ninja = subprocess.run(["ninja", "-C", self.build, "bench-tools"], capture_output=True, text=True)
        if ninja.returncode and "unknown target" not in ninja.stdout + ninja.stderr:
            raise SystemExit(ninja.stdout + ninja.stderr)
        return ninja.returncode == 0

    def _gcc(self, name, sources):
        target = self.folder / name
        newest = max(each.stat().st_mtime for each in HERE.glob("*.[ch]"))
        if target.exists() and target.stat().st_mtime > newest:
            return
        shared = GCC_SHARED if name.endswith(".so") else []
        subprocess.run([*GCC, *shared, "-o", target, *(HERE / each for each in sources)], check=True)

    def __getitem__(self, name):
        return self.folder / name


class Origin:
    """A running origin; `ports` are those it listens on."""

    def __init__(self, tools, mode="http", ports=1):
        _, rest = machine.cores()
        argv = [tools["origin"], "--mode", mode, "--ports", ports]
        self.process = machine.spawn(argv, rest, stdout=subprocess.PIPE, text=True)
        self.ports = [int(each) for each in self.process.stdout.readline().split()]

    def end(self):
        machine.end(self.process)


class Load:
    """A load whose connections are all open, from here to end(), and which waits for run()."""

    def __init__(self, tools, port, **options):
        _, rest = machine.cores()
        argv = [tools["load"], "--wait", "--port", port]
        for name, value in options.items():
            if value is True:
                argv.append(f"--{name}")
            elif value is not None and value is not False:
                argv += [f"--{name}", value]
        self.process = machine.spawn(
            argv, rest, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        if self.process.stdout.readline() != "ready\n":
            said = self.process.stderr.read().strip()
            self.end()
            raise RuntimeError(f"load: {said}")

    def start(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def result(self):
        return json.loads(self.process.stdout.readline())

    def run(self):
        self.start()
        return self.result()

    def end(self):
        machine.end(self.process, patience=1)


@contextlib.contextmanager
def closing(thing):
    """Ends a started thing, whatever happens."""
    try:
        yield thing
    finally:
        thing.end()
