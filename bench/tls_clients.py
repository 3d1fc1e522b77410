#!/usr/bin/python3
"""Clients that speak TLS for bench.py: handshakes one after the other, or connections that idle.

It talks as `load --wait` does: "ready", then at a line on its input it runs, then one JSON object.
What it costs itself does not matter, since only the proxy's time is measured."""
import argparse
import json
import socket
import ssl
import struct
import sys
import time

READ = 65536
FRAME_HEAD = 9
SETTINGS, HEADERS, GOAWAY = 4, 1, 7
END_STREAM, END_HEADERS = 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def h2_request(path, secure):
    """The preface and one GET, by HPACK's static table (RFC 7541 appendix A) and without Huffman."""
    method, scheme, authority = b"\x82", b"\x87" if secure else b"\x86", b"\x41\x09localhost"
    block = method + scheme + authority + b"\x44" + bytes([len(path)]) + path.encode()
    return PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, END_STREAM | END_HEADERS, 1, block)


class Client:
    """One connection, with or without TLS, and one answered request on it."""

    def __init__(self, options, context, session=None):
        self.socket = socket.create_connection(("127.0.0.1", options.port), timeout=10)
        self.h2 = options.h2
        self.path = options.path
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost", session=session)

    def ask(self):
        if self.h2:
            self.socket.sendall(h2_request(self.path, isinstance(self.socket, ssl.SSLSocket)))
            self.read_h2()
            return
        self.socket.sendall(f"GET {self.path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self.read_h1()

    def more(self):
        got = self.socket.recv(READ)
        if not got:
            raise OSError("closed before the answer was complete")
        return got

    def read_h1(self):
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.more()
        head, _, body = got.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise OSError(head.split(b"\r\n")[0].decode())
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        left = int(length.partition(b":")[2]) - len(body)
        while left > 0:
            left -= len(self.more())

    def read_h2(self):
        got = b""
        while True:
            while len(got) < FRAME_HEAD or len(got) < FRAME_HEAD + int.from_bytes(got[:3], "big"):
                got += self.more()
            kind, flags, stream = got[3], got[4], int.from_bytes(got[5:9], "big")
            if kind == GOAWAY:
                raise OSError("GOAWAY")
            if kind == SETTINGS and not flags:
                self.socket.sendall(frame(SETTINGS, 1, 0))
            if stream == 1 and kind <= HEADERS and flags & END_STREAM:
                return
            got = got[FRAME_HEAD + int.from_bytes(got[:3], "big") :]


def context_of(options):
    if options.plain:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"] if options.h2 else ["http/1.1"])
    return context


def handshakes(options, context):
    """Connections, one after the other, each with one request; how long each took, and failures."""
    spans, failed, session = [], 0, None
    begun = time.monotonic()
    for _ in range(options.requests):
        at = time.monotonic()
        try:
            client = Client(options, context, session)
            client.ask()
            if session and not client.socket.session_reused:
                failed += 1
            spans.append((time.monotonic() - at) * 1e6)
            if options.resume:
                session = client.socket.session
            client.socket.close()
        except OSError:
            failed += 1
    spans.sort()
    at = {f"p{name}_us": spans[int(len(spans) * share)] if spans else 0 for name, share in SHARES.items()}
    return {"requests": len(spans), "failed": failed, "rps": len(spans) / (time.monotonic() - begun), **at}


SHARES = {"50": 0.50, "99": 0.99, "999": 0.999}


def parse():
    parser = argparse.ArgumentParser(description="TLS clients for the benchmark.")
    parser.add_argument("--wait", action="store_true", help="for a line on standard input (always so)")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/1k")
    parser.add_argument("--requests", type=int, default=0, help="so many handshakes; 0: only idle")
    parser.add_argument("--connections", type=int, default=0, help="that idle, after one request each")
    parser.add_argument("--resume", action="store_true", help="each with the ticket of the one before")
    parser.add_argument("--h2", action="store_true")
    parser.add_argument("--plain", action="store_true", help="without TLS")
    return parser.parse_args()


def main():
    options = parse()
    context = context_of(options)
    idle = [Client(options, context) for _ in range(options.connections)]
    for client in idle:
        client.ask()
    print("ready", flush=True)
    if sys.stdin.readline():
        print(json.dumps(handshakes(options, context)), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
