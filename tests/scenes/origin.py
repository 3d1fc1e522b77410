"""Endpoints that do exactly what a scene tells them and remember exactly what they got."""

import random
import socket
import threading

from raw import Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def response(body=b"ok", status="200 OK", *fields):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


def answering(reply, then="keep"):
    """Answers each request with these bytes or with reply(request); then keeps, closes, resets."""

    def script(wire, origin):
        while True:
            request = origin.read_request(wire)
            wire.send(reply(request) if callable(reply) else reply)
            if then == "close":
                return wire.close()
            if then == "reset":
                return wire.reset()

    return script


def once(reply=b"", then="hold"):
    """Takes one request and sends these bytes, then holds the connection or closes it."""

    def script(wire, origin):
        origin.read_request(wire)
        wire.send(reply)
        if then == "hold":
            wire.read_all()

    return script


def hasty(reply):
    """Answers the head at once and reads what follows without looking at it."""

    def script(wire, _):
        wire.read_head()
        wire.send(reply).read_all()

    return script


def echo(wire, _):
    """Says everything back, as it comes."""
    while wire.more():
        wire.send(wire.take(len(wire.buffer)))


class Origin:
    """A listening socket; every connection is played by script(wire, origin) in a thread."""

    def __init__(self, script=OK, then="keep", port=0, name=None, host="127.0.0.1"):
        if isinstance(script, bytes):
            script = answering(script, then)
        self.script, self.name = script, name
        self.requests, self.wires, self.errors, self.threads = [], [], [], []
        self.servers = []  # of HTTP/2: frames.py
        self.listener = socket.create_server((host, port), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.address = f"{host}:{self.port}"
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                sock, peer = self.listener.accept()
            except OSError:
                return
            wire = Wire(sock, peer)
            self.wires.append(wire)
            thread = threading.Thread(target=self._play, args=(wire,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _play(self, wire):
        try:
            self.script(wire, self)
        except (EOFError, OSError):
            pass
        except Exception as error:  # an assertion of the script: told when the origin closes
            self.errors.append(error)
        finally:
            wire.close()

    def read_request(self, wire):
        request = wire.read_request()
        self.requests.append(request)
        return request

    def left(self, n=0):
        """Whether the connection with this number has ended."""
        return len(self.threads) > n and not self.threads[n].is_alive()

    @property
    def connections(self):
        return len(self.wires)

    @property
    def last(self):
        return self.requests[-1]

    def __str__(self):
        return self.address

    def refuse(self):
        """From now on nobody listens here; the port stays known."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()

    def close(self):
        try:
            self.refuse()
        except OSError:
            pass
        for wire in self.wires:
            try:
                wire.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(5)
        if self.errors:
            raise self.errors[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def free_port():
    """A port on which nobody listens now, below those that outgoing connections take."""
    while True:
        try:
            with socket.create_server(("127.0.0.1", random.randrange(15000, 32000))) as sock:
                return sock.getsockname()[1]
        except OSError:
            pass
