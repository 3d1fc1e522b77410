"""`weir demo`: a newcomer's first minute."""

import re
import signal
import subprocess

from origin import free_port
from raw import until


def test_the_demo_serves_and_prints_what_to_try(scene):
    port = free_port()
    weir = scene.start(args=["demo", "--listen", f"127.0.0.1:{port}"], ready=False)
    until(
        lambda: weir.ports and (weir.stdout + weir.stderr).count("curl ") >= 3,
        "the demo to print three things to try",
    )
    lines = re.findall(r"^.*?\b(curl .*)$", weir.stdout + weir.stderr, re.M)
    bodies = [
        subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=20)
        for line in lines[:3]
    ]
    assert all(done.returncode == 0 and done.stdout for done in bodies), [
        done.stderr for done in bodies
    ]
    assert re.search(r"\S+\.yaml", weir.stdout + weir.stderr), "where the configuration is"


def test_the_demo_balances_over_two_endpoints_and_ends_cleanly(scene):
    port = free_port()
    weir = scene.start(args=["demo", "--listen", f"127.0.0.1:{port}"], ready=False)
    until(lambda: weir.ports, "the demo to listen")
    bodies = {weir.get(listener=next(iter(weir.ports))).body for _ in range(20)}
    assert len(bodies) >= 2
    weir.signal(signal.SIGINT)
    assert weir.wait() == 0
