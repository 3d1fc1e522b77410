"""Bytes on sockets: sends exactly what it is told, reads strictly, waits on conditions only."""

import re
import socket
import struct
import threading
import time

PATIENCE = 15  # seconds until a condition that should hold counts as never holding
TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def until(condition, what="the condition", seconds=PATIENCE):
    """The first true value of condition(), asked again and again."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.01)


def steady(value, what, turns=50):
    """Waits until value() has not changed for a while."""
    seen = []
    until(lambda: seen.append(value()) or len(seen) > turns and seen[-turns] == seen[-1], what)


def together(*tasks):
    """Runs them at the same time; the first failure fails the scene."""
    failures = []

    def play(task):
        try:
            task()
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=play, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class Message:
    """One request or response as it was on the wire."""

    def __init__(self, head):
        self.raw = head
        lines = head[:-4].split(b"\r\n")
        self.start = lines[0].decode("latin-1")
        self.fields = [self._field(line) for line in lines[1:]]
        self.body = b""
        self.trailers = []

    @staticmethod
    def _field(line):
        name, colon, value = line.partition(b":")
        assert colon and TOKEN.fullmatch(name), f"malformed field line {line!r}"
        assert not set(value) & set(b"\r\n\0"), f"control in field line {line!r}"
        return name.decode().lower(), value.strip(b" \t").decode("latin-1")

    @property
    def status(self):
        return int(self.start.split(" ")[1])

    @property
    def method(self):
        return self.start.split(" ")[0]

    @property
    def target(self):
        return self.start.split(" ")[1]

    def all(self, name):
        return [value for field, value in self.fields if field == name.lower()]

    def get(self, name):
        """The only value of this field, or None; twice the same field is an error."""
        values = self.all(name)
        assert len(values) < 2, f"{name} came {len(values)} times: {values}"
        return values[0] if values else None


class Wire:
    """One end of a TCP or unix connection, with what was read but not used yet."""

    def __init__(self, sock, peer=None):
        self.sock, self.peer, self.buffer = sock, peer, bytearray()
        sock.settimeout(PATIENCE)

    @classmethod
    def dial(cls, address, receive_buffer=None, source=None):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        sock = socket.socket(family)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            sock.bind((source, 0))
        sock.settimeout(PATIENCE)
        sock.connect(address)
        return cls(sock, address)

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        return self

    def more(self):
        """Reads once into the buffer; False at the end of the stream."""
        data = self.sock.recv(65536)
        self.buffer += data
        return bool(data)

    def take(self, n):
        data = bytes(self.buffer[:n])
        del self.buffer[:n]
        return data

    def read(self, n):
        while len(self.buffer) < n:
            if not self.more():
                raise EOFError(f"closed after {len(self.buffer)} of {n} bytes")
        return self.take(n)

    def read_to(self, mark):
        """Through the first mark, which is included."""
        seen = 0
        while (at := self.buffer.find(mark, max(0, seen - len(mark)))) < 0:
            seen = len(self.buffer)
            if not self.more():
                raise EOFError(f"closed after {self.buffer!r}")
        return self.take(at + len(mark))

    def read_all(self):
        """Everything until the other side closes; a reset counts as an end."""
        try:
            while self.more():
                pass
        except ConnectionError:
            pass
        return self.take(len(self.buffer))

    def read_chunked(self, message):
        while True:
            size = int(self.read_to(b"\r\n")[:-2].split(b";")[0], 16)
            if size == 0:
                break
            message.body += self.read(size)
            assert self.read(2) == b"\r\n", "a chunk must end in CRLF"
        while (line := self.read_to(b"\r\n")) != b"\r\n":
            message.trailers.append(Message._field(line[:-2]))

    def read_body(self, message, bodiless=False, to_end=False):
        coding, length = message.get("transfer-encoding"), message.get("content-length")
        assert not (coding and length), f"two framing fields: {message.raw!r}"
        if bodiless:
            return message
        if coding:
            assert coding == "chunked", f"coding {coding!r}"
            self.read_chunked(message)
        elif length is not None:
            message.body = self.read(int(length))
        elif to_end:
            message.body = self.read_all()
        return message

    def read_request(self):
        return self.read_body(Message(self.read_to(b"\r\n\r\n")))

    def read_head(self):
        return Message(self.read_to(b"\r\n\r\n"))

    def read_response(self, method="GET", interim=False):
        """The next final response; also an interim one if asked."""
        while True:
            message = self.read_head()
            if message.status >= 200 or message.status == 101 or interim:
                bodiless = message.status < 200 or message.status in (204, 304)
                return self.read_body(message, bodiless or method == "HEAD", to_end=True)

    def ask(self, data, method="GET"):
        return self.send(data).read_response(method)

    def at_end(self):
        """Waits for the other side to close; whatever it sent before fails the scene."""
        rest = self.read_all()
        assert rest == b"", f"unexpected bytes before the close: {rest[:200]!r}"
        return True

    def is_open(self):
        """Whether the connection is still there, with nothing to read; does not wait."""
        self.sock.setblocking(False)
        try:
            return self.sock.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        finally:
            self.sock.settimeout(PATIENCE)

    def finish(self):
        """No more from this side; the other direction stays."""
        self.sock.shutdown(socket.SHUT_WR)
        return self

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()
