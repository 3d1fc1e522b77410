#!/usr/bin/python3
"""Replaces six real endpoints one by one under 2,000 requests a second, and counts who notices.

bench/deploy.py [--build build]: the play of tests/scenes/test_deploy.py, at the pace of a release.
On two cores that others used as well, 2026-11-25: 28,000 requests at 1,979 a second to endpoints of
HTTP/1.1, half of the clients with HTTP/2, and 28,000 to endpoints of HTTP/2; 88 and 90 retries, and
no request failed."""
import argparse
import os
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build", help="the folder of the binary")
    os.environ["WEIR"] = str(ROOT / parser.parse_args().build / "weir")
    os.environ["PATH"] += ":/usr/sbin"
    sys.path.insert(0, str(ROOT / "tests/scenes"))
    from conftest import Scene
    from test_deploy import Pace, deploy

    failed = 0
    for protocol in ("http", "h2"):
        with tempfile.TemporaryDirectory() as folder:
            pace = Pace(clients=20, each=50, away=2000, back=200, serves=500)
            scene = Scene(pathlib.Path(folder))
            began = time.monotonic()
            load, weir = deploy(scene, protocol, pace)
            took = time.monotonic() - began
            retries = weir.metric("weir_backend_retries_total")
            scene.end()
            failed += len(load.wrong)
            print(
                f"{protocol:5} {load.asked} requests in {took:.1f} s ({load.asked / took:.0f}/s),"
                f" {retries:.0f} retries, {len(load.wrong)} runs of clients with a failure"
            )
            for out in load.wrong:
                print(out)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
