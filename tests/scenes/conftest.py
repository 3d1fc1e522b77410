"""Fixtures: weir and endpoints that end with the scene, and a limit on the time it may take."""

import faulthandler
import signal

import pytest

import certs
from origin import OK, Origin
from weir import BINARY, Weir, one_backend

SCENE_LIMIT = 90  # seconds


def pytest_sessionstart(session):
    if not BINARY.exists():
        pytest.exit(f"no binary at {BINARY}: build it or set WEIR", 2)


@pytest.fixture(autouse=True)
def limit(request):
    def late(*_):
        faulthandler.dump_traceback()
        raise TimeoutError(f"a scene took more than {SCENE_LIMIT} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(SCENE_LIMIT)
    yield
    signal.alarm(0)


class Scene:
    """Starts what one scene (or one module of scenes) needs and ends it in the right order."""

    def __init__(self, folder):
        self.folder, self.weirs, self.origins = folder, [], []

    def start(self, text=None, **how):
        folder = self.folder / f"weir{len(self.weirs)}"
        folder.mkdir()
        self.weirs.append(Weir(folder, text, **how))
        return self.weirs[-1]

    def origin(self, script=OK, **how):
        self.origins.append(Origin(script, **how))
        return self.origins[-1]

    def proxy(self, endpoints, backend="", timeouts="", extra="", **how):
        return self.start(one_backend(endpoints, backend, timeouts, extra), **how)

    def front(self, script=OK, then="keep", **how):
        """One weir before one origin, the most common stage."""
        origin = self.origin(script, then=then)
        return self.proxy(origin, **how), origin

    def end(self):
        failures = []
        for thing in [*self.origins, *self.weirs]:
            try:
                thing.close() if isinstance(thing, Origin) else thing.stop()
            except Exception as failure:
                failures.append(failure)
        if failures:
            raise failures[0]


@pytest.fixture
def scene(tmp_path):
    scene = Scene(tmp_path)
    yield scene
    scene.end()


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """Like scene, but one for all scenes of a file."""
    stage = Scene(tmp_path_factory.mktemp("stage"))
    yield stage
    stage.end()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """An authority and pairs in a folder of their own."""
    folder = tmp_path_factory.mktemp("certs")
    ca = certs.authority(folder)
    pairs = folder / "pairs"
    pairs.mkdir()
    certs.certificate(pairs, "www.test", "localhost", ca=ca, name="a-www")
    certs.certificate(pairs, "*.wild.test", ca=ca, name="wild-ec")
    certs.certificate(pairs, "*.wild.test", ca=ca, name="wild-rsa", kind="rsa")
    certs.certificate(folder, "client.test", ca=ca, name="client")
    return folder
