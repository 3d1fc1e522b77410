"""A DNS server that says what a scene wants it to say, and remembers what it was asked."""

import socket
import struct
import threading

A, AAAA, SRV = 1, 28, 33
SERVFAIL, NXDOMAIN, REFUSED = 2, 3, 5
SILENCE, GARBAGE = "silence", "garbage"
UDP_ROOM = 1232


def name_bytes(name):
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(kind, value):
    """The data of a record, from its text: an address, or (priority, weight, port, target)."""
    if kind == SRV:
        *numbers, target = value
        return struct.pack("!HHH", *numbers) + name_bytes(target)
    return socket.inet_pton(socket.AF_INET if kind == A else socket.AF_INET6, value)


class Dns:
    """Listens on one address for UDP and TCP. zone: (name, kind) -> (ttl, [values]), or a code, or
    SILENCE or GARBAGE; a name of which only another kind is known has no data, others do not exist."""

    def __init__(self, host="127.0.0.53"):
        self.zone, self.asked, self.stopped = {}, [], False
        self.tcp = socket.create_server((host, 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((host, self.port))
        self.address = f"{host}:{self.port}"
        self.by_tcp = 0
        self.threads = [
            threading.Thread(target=play, daemon=True) for play in (self._udp, self._tcp)
        ]
        for thread in self.threads:
            thread.start()

    def say(self, name, kind, values, ttl=1):
        self.zone[name, kind] = values if isinstance(values, (int, str)) else (ttl, values)

    def count(self, name, kind=A):
        return self.asked.count((name, kind))

    def _answer(self, query, room):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += query[at] + 1
        question = query[12 : at + 5]
        name, kind = ".".join(labels).lower(), struct.unpack("!H", query[at + 1 : at + 3])[0]
        self.asked.append((name, kind))
        what = self.zone.get((name, kind))
        if what is None:
            what = (0, []) if any(known == name for known, _ in self.zone) else NXDOMAIN
        if what == SILENCE:
            return None
        if what == GARBAGE:
            return query[:2] + b"\x81\x80" + b"\0\1\xff\xff\0\0\0\0" + question + b"\xc0\x0c\xff"
        code, (ttl, values) = (what, (0, [])) if isinstance(what, int) else (0, what)
        rows = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data
            for data in (record(kind, value) for value in values)
        )
        flags = 0x8180 | code
        if 12 + len(question) + len(rows) > room:
            flags, rows, values = flags | 0x200, b"", []  # cut: ask by TCP
        return query[:2] + struct.pack("!HHHHH", flags, 1, len(values), 0, 0) + question + rows

    def _udp(self):
        while not self.stopped:
            try:
                query, peer = self.udp.recvfrom(4096)
                answer = self._answer(query, UDP_ROOM) if query else None
                if answer:
                    self.udp.sendto(answer, peer)
            except OSError:
                return

    def _tcp(self):
        while not self.stopped:
            try:
                sock, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._tcp_one, args=(sock,), daemon=True).start()

    def _tcp_one(self, sock):
        with sock, sock.makefile("rb") as stream:
            while size := stream.read(2):
                answer = self._answer(stream.read(struct.unpack("!H", size)[0]), 65535)
                self.by_tcp += 1
                if answer:
                    sock.sendall(struct.pack("!H", len(answer)) + answer)

    def close(self):
        self.stopped = True
        for sock in (self.udp, self.tcp):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()
