"""HTTP/2 from clients that keep weir busy and want nothing: each is told to calm down and counted,
and nobody else notices."""

import struct

import pytest

from frames import CANCEL, CONTINUATION, DATA, ENHANCE_YOUR_CALM, HEADERS, LARGE, PING, PRIORITY
from frames import SETTINGS, WINDOW_UPDATE, Http2, frame, get

MANY = 5000


def resets(client):
    """As in CVE-2023-44487: ask, and take it back at once."""
    for _ in range(300):
        client.reset(client.ask(), CANCEL)


def made_resets(client):
    """As in CVE-2025-8671: have weir reset what was asked."""
    for _ in range(300):
        client.window(client.ask(end=False), LARGE)


def too_many_streams(client):
    for _ in range(2000):
        client.ask(end=False)


def repeated(*args):
    return lambda client: client.wire.send(frame(*args) * MANY)


def empty_data(client):
    stream = client.ask(get(method="POST"), end=False)
    client.wire.send(frame(DATA, 0, stream) * MANY)


def continuations(client):
    client.send(HEADERS, 0, 1, client.encoder.encode(get()))
    client.wire.send(frame(CONTINUATION, 0, 1) * 100)


FLOODS = [
    (resets, "stream_resets"),
    (made_resets, "stream_resets"),
    (too_many_streams, "stream_resets"),
    (empty_data, "frame_flood"),
    (continuations, "frame_flood"),
    (repeated(PING, 0, 0, b"12345678"), "frame_flood"),
    (repeated(SETTINGS), "frame_flood"),
    (repeated(PRIORITY, 0, 1, struct.pack(">IB", 0, 7)), "frame_flood"),
    (repeated(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)), "frame_flood"),
]
NAMES = "resets made_resets streams data continuations pings settings priorities windows"


@pytest.mark.parametrize("flood, why", FLOODS, ids=NAMES.split())
def test_who_floods_is_told_to_calm_down_and_nobody_else(scene, flood, why):
    weir, _ = scene.front()
    other = Http2.dial(weir)
    assert other.get().status == 200
    client = Http2.dial(weir)
    try:
        flood(client)
    except OSError:  # it has heard enough
        pass
    codes = client.went_away()
    assert codes == [] or codes[-1] == ENHANCE_YOUR_CALM
    assert weir.metric("weir_http2_abuse_total", why=why) == 1
    assert other.get().status == 200


def test_who_reads_much_may_give_windows_as_often(scene):
    weir, _ = scene.front()
    client = Http2.dial(weir)
    often = frame(PING, 0, 0, b"12345678") + 2 * frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1))
    for _ in range(6):
        streams = [client.ask() for _ in range(90)]
        client.wire.send(often * len(streams))
        assert all(client.answer(stream).status == 200 for stream in streams)
    assert client.ping().get().status == 200
    assert weir.metric("weir_http2_abuse_total") == 0


def test_a_page_that_is_left_is_no_flood(scene):
    weir, _ = scene.front()
    client = Http2.dial(weir)
    for stream in [client.ask() for _ in range(90)]:
        client.reset(stream)
    assert client.ping().get().status == 200
