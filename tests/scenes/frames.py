"""Frames of HTTP/2 on a wire: sends exactly what it is told, even what nobody should send."""

import struct
from collections import defaultdict

import hpack

from raw import Wire

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 5, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR = 0, 1, 2, 3
STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM, CANCEL = 5, 6, 7, 8
COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 9, 11
MAX_STREAMS, INITIAL_WINDOW = 3, 4
LARGE = 2**31 - 1


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(**values):
    """settings(initial_window=0) and so on."""
    numbers = {"max_streams": MAX_STREAMS, "initial_window": INITIAL_WINDOW}
    return b"".join(struct.pack(">HI", numbers[name], value) for name, value in values.items())


def get(path="/", *fields, method="GET", host="weir.test"):
    """The list of fields of a request."""
    return [
        (":method", method),
        (":scheme", "http"),
        (":authority", host),
        (":path", path),
        *fields,
    ]


def ok(*fields):
    """The list of fields of an answer."""
    return [(":status", "200"), *fields]


class Answer:
    """What came on one stream: an answer, or a request."""

    def __init__(self):
        self.heads, self.body, self.ended, self.reset = [], b"", False, None

    @property
    def over(self):
        return self.ended or self.reset is not None

    @property
    def interims(self):
        return [h for h in self.heads if h[0][0] == ":status" and h[0][1][0] == "1"]

    @property
    def path(self):
        return self.fields[":path"]

    @property
    def fields(self):
        return dict(self.heads[len(self.interims)])

    @property
    def status(self):
        return int(self.fields[":status"])

    @property
    def trailers(self):
        rest = self.heads[len(self.interims) + 1 :]
        return rest[0] if rest else None


class Http2:
    """One end of a connection. It answers SETTINGS and PING, and gives windows back at once unless
    it is told to hold them."""

    def __init__(self, wire, values=b"", client=True, gives=True):
        self.wire, self.gives = wire, gives
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.streams = defaultdict(Answer)
        self.seen, self.goaways, self.windows = [], [], defaultdict(int)
        self.next = 1
        wire.send((PREFACE if client else b"") + frame(SETTINGS, 0, 0, values))

    @classmethod
    def dial(cls, weir, values=b"", gives=True, **how):
        return cls(weir.connect(**how), values, gives=gives)

    # ---- out

    def send(self, kind, flags=0, stream=0, payload=b""):
        self.wire.send(frame(kind, flags, stream, payload))
        return self

    def list(self, stream, fields, end=True, flags=END_HEADERS):
        block = self.encoder.encode(fields)
        return self.send(HEADERS, flags | (END_STREAM if end else 0), stream, block)

    def ask(self, fields=None, end=True):
        """Opens a stream; its number."""
        stream, self.next = self.next, self.next + 2
        self.list(stream, fields or get(), end)
        return stream

    def data(self, stream, data=b"", end=True):
        return self.send(DATA, END_STREAM if end else 0, stream, data)

    def pour(self, stream, data, end=True):
        """As much as the windows allow, until all of it is sent."""
        for at in range(0, len(data), 16384):
            piece = data[at : at + 16384]
            for which in (0, stream):
                self.read_until(lambda: 65535 + self.windows[which] >= len(piece))
                self.windows[which] -= len(piece)
            self.data(stream, piece, end and at + 16384 >= len(data))
        return self

    def reset(self, stream, code=CANCEL):
        return self.send(RST_STREAM, 0, stream, struct.pack(">I", code))

    def window(self, stream, size):
        return self.send(WINDOW_UPDATE, 0, stream, struct.pack(">I", size))

    # ---- in

    def read_frame(self):
        """The next frame, after it was taken note of."""
        head = self.wire.read(9)
        size = int.from_bytes(head[:3], "big")
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        payload = self.wire.read(size)
        self.seen.append((kind, flags, stream, payload))
        self.note(kind, flags, stream, payload)
        return self.seen[-1]

    def note(self, kind, flags, stream, payload):
        if kind == HEADERS:
            assert flags & END_HEADERS, "these scenes need no CONTINUATION from weir"
            self.streams[stream].heads.append(self.decoder.decode(payload))
        elif kind == DATA:
            self.streams[stream].body += payload
            if self.gives and payload:
                self.window(0, len(payload))
                if not flags & END_STREAM:
                    self.window(stream, len(payload))
        elif kind == RST_STREAM:
            self.streams[stream].reset = struct.unpack(">I", payload)[0]
        elif kind == GOAWAY:
            self.goaways.append(struct.unpack(">II", payload[:8]))
        elif kind == WINDOW_UPDATE:
            self.windows[stream] += struct.unpack(">I", payload)[0]
        elif kind in (SETTINGS, PING) and not flags & ACK:
            self.send(kind, ACK, 0, payload if kind == PING else b"")
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            self.streams[stream].ended = True

    def read_until(self, condition):
        while not condition():
            self.read_frame()

    def answer(self, stream):
        """What came on this stream, when all has."""
        self.read_until(lambda: self.streams[stream].over)
        return self.streams[stream]

    def get(self, *args, **how):
        return self.answer(self.ask(get(*args, **how)))

    def ping(self):
        """Everything sent before has been understood when this returns."""
        self.send(PING, 0, 0, b"are you?")
        self.read_until(lambda: (PING, ACK, 0, b"are you?") in self.seen[-1:])
        return self

    def answer_with(self, stream, body=b"ok", fields=None):
        """As an endpoint."""
        return self.list(stream, fields or ok(), end=not body).data_if(stream, body)

    def data_if(self, stream, body):
        return self.data(stream, body) if body else self

    def go_away(self, last, code=NO_ERROR):
        return self.send(GOAWAY, 0, 0, struct.pack(">II", last, code))

    def went_away(self):
        """Reads to the end; the codes of all GOAWAYs."""
        try:
            while True:
                self.read_frame()
        except (EOFError, ConnectionError):
            return [code for _, code in self.goaways]


def serving(reply=Http2.answer_with, values=b"", gives=True):
    """A script for an Origin: reply(server, stream) for each request that is complete."""

    def script(wire, origin):
        assert wire.read(len(PREFACE)) == PREFACE
        server = Http2(wire, values, client=False, gives=gives)
        origin.servers.append(server)
        replied = set()
        while True:
            server.read_frame()
            while due := [n for n, s in server.streams.items() if s.ended and n not in replied]:
                replied.add(due[0])
                origin.requests.append(server.streams[due[0]])
                reply(server, due[0])

    return script
