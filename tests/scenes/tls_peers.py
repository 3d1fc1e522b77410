"""Clients that speak TLS, and a weir that speaks it with them."""

import socket
import ssl
import subprocess

from weir import get_bytes


def text(origin, shelf, tls=None, extra="", listener=""):
    tls = tls or str(shelf / "pairs")
    return f"""\
listen:
  https: {{address: "127.0.0.1:0", tls: {tls}{listener}}}
routes: [{{match: any, to: app}}]
backends: {{app: {{endpoints: ["{origin}"]}}}}
timeouts: {{drain: 3s{extra}}}
"""


def dial(weir, shelf, name="www.test", listener="https", context=None, resume=None, **how):
    """A verified connection that asked for this name."""
    context = context or ssl.create_default_context(cafile=shelf / "ca.pem")
    for key, value in how.items():
        setattr(context, key, value)
    sock = socket.create_connection(weir.address(listener), timeout=20)
    return context.wrap_socket(sock, server_hostname=name, session=resume)


def ask(sock, request=None):
    sock.sendall(request or get_bytes(host="www.test"))
    data = b""
    while not data.endswith(b"ok"):
        more = sock.recv(65536)
        assert more, data
        data += more
    return data


def curl(weir, shelf, *args, name="www.test", path="/"):
    host, port = weir.address("https")
    return subprocess.run(
        ["curl", "-sS", "--cacert", shelf / "ca.pem", "--connect-to", f"{name}:443:{host}:{port}"]
        + [f"https://{name}{path}", *args],
        capture_output=True,
        text=True,
        timeout=30,
    )


def s_client(weir, shelf, *args, say=""):
    host, port = weir.address("https")
    return subprocess.run(
        ["openssl", "s_client", "-connect", f"{host}:{port}", "-CAfile", shelf / "ca.pem", *args],
        input=say,
        capture_output=True,
        text=True,
        timeout=30,
    )
