"""gRPC from client to endpoint, both of them grpcio: calls of one channel go to all endpoints."""

import os
import subprocess
import sys
import threading
import time
from concurrent import futures
from pathlib import Path

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

import grpc
import pytest
from grpc import StatusCode

from raw import until
from weir import one_backend

LARGE = [("grpc.max_receive_message_length", 8 << 20), ("grpc.max_send_message_length", 8 << 20)]


class Server:
    """An endpoint that echoes, counts and can be told to be slow."""

    def __init__(self):
        self.calls, self.cancelled, self.left = 0, threading.Event(), []
        self.lock, self.free = threading.Lock(), threading.Event()
        self.server = grpc.server(futures.ThreadPoolExecutor(8), options=LARGE)
        self.server.add_generic_rpc_handlers([self])
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.address = f"127.0.0.1:{self.port}"
        self.server.start()

    def service(self, call):
        return {
            "/test.Echo/Say": grpc.unary_unary_rpc_method_handler(self.say),
            "/test.Echo/Wait": grpc.unary_unary_rpc_method_handler(self.wait),
            "/test.Echo/Talk": grpc.stream_stream_rpc_method_handler(self.talk),
        }.get(call.method)

    def say(self, body, context):
        with self.lock:
            self.calls += 1
        return body

    def wait(self, body, context):
        context.add_callback(self.cancelled.set)
        self.left.append(context.time_remaining())
        self.calls += 1
        self.free.wait(20)
        return body

    def talk(self, bodies, context):
        self.calls += 1
        yield from bodies

    def stop(self, grace=None):
        self.free.set()
        self.server.stop(grace).wait()


@pytest.fixture
def serve():
    servers = []

    def serve():
        servers.append(Server())
        return servers[-1]

    yield serve
    for server in servers:
        server.stop()


@pytest.fixture
def dial():
    channels = []

    def dial(weir):
        host, port = weir.address()
        channels.append(grpc.insecure_channel(f"{host}:{port}", options=LARGE))
        return channels[-1]

    yield dial
    for channel in channels:
        channel.close()


def front(scene, *servers, **how):
    return scene.proxy([s.address for s in servers], backend="protocol: h2", **how)


class Talk:
    """A call that streams both ways, a message at a time."""

    def __init__(self, channel):
        self.next, self.over = None, False
        self.turn = threading.Semaphore(0)
        self.answers = channel.stream_stream("/test.Echo/Talk")(self.messages(), timeout=60)

    def messages(self):
        while self.turn.acquire() and not self.over:
            yield self.next

    def say(self, message):
        self.next = message
        self.turn.release()
        return next(self.answers)

    def end(self):
        self.over = True
        self.turn.release()
        return list(self.answers), self.answers.code()


def test_one_channel_spreads_its_calls_over_all_endpoints(scene, serve, dial):
    servers = [serve() for _ in range(4)]
    weir = front(scene, *servers)
    say = dial(weir).unary_unary("/test.Echo/Say")
    calls = 10_000
    for _ in range(calls // 50):
        for call in [say.future(b"x", timeout=20) for _ in range(50)]:
            assert call.result() == b"x"
    shares = [server.calls for server in servers]
    assert sum(shares) == calls
    assert all(abs(share - calls / 4) < calls / 4 * 0.05 for share in shares), shares
    assert weir.metric("weir_grpc_requests_total", grpc_status="OK") == calls


def test_ten_thousand_messages_both_ways_in_one_call(scene, serve, dial):
    weir = front(scene, serve())
    sent = (b"%d" % i for i in range(10_000))
    answers = dial(weir).stream_stream("/test.Echo/Talk")(sent, timeout=60)
    assert list(answers) == [b"%d" % i for i in range(10_000)]
    assert answers.code() == StatusCode.OK


def test_a_message_of_four_megabytes_comes_back(scene, serve, dial):
    weir = front(scene, serve())
    body = os.urandom(4 << 20)
    assert dial(weir).unary_unary("/test.Echo/Say")(body, timeout=60) == body


def test_a_cancelled_call_is_cancelled_at_its_endpoint(scene, serve, dial):
    server = serve()
    weir = front(scene, server)
    call = dial(weir).unary_unary("/test.Echo/Wait").future(b"x", timeout=20)
    until(lambda: server.calls, "the call to arrive")
    call.cancel()
    assert server.cancelled.wait(10)
    row = weir.log()[0]
    assert (row["grpc"], row["why"]) == ("CANCELLED", "client_gone")


def test_the_deadline_of_a_call_is_known_at_its_endpoint(scene, serve, dial):
    server = serve()
    weir = front(scene, server)
    with pytest.raises(grpc.RpcError) as caught:
        dial(weir).unary_unary("/test.Echo/Wait")(b"x", timeout=1)
    assert caught.value.code() == StatusCode.DEADLINE_EXCEEDED
    assert 0 < server.left[0] <= 1
    assert server.cancelled.wait(10)


def test_an_unknown_method_is_the_endpoints_word(scene, serve, dial):
    weir = front(scene, serve())
    with pytest.raises(grpc.RpcError) as caught:
        dial(weir).unary_unary("/test.Echo/None")(b"x", timeout=20)
    assert caught.value.code() == StatusCode.UNIMPLEMENTED
    assert (weir.log()[0]["grpc"], weir.log()[0]["why"]) == ("UNIMPLEMENTED", "-")


def test_no_stream_is_cut_by_a_reload(scene, serve, dial):
    servers = [serve() for _ in range(2)]
    weir = front(scene, *servers)
    talks = [Talk(dial(weir)) for _ in range(6)]
    for i in range(5):
        assert [talk.say(b"%d" % i) for talk in talks] == [b"%d" % i] * 6
        reload = weir.reload(weir.file.read_text() + f"# {i}\n")
        assert reload.returncode == 0, reload.stderr
    assert [talk.end() for talk in talks] == [([], StatusCode.OK)] * 6


def test_an_endpoint_that_is_new_gets_calls_at_once(scene, serve, dial):
    servers = [serve() for _ in range(2)]
    weir = front(scene, servers[0])
    say = dial(weir).unary_unary("/test.Echo/Say")
    assert say(b"x", timeout=20) == b"x"
    reload = weir.reload(one_backend([s.address for s in servers], "protocol: h2"))
    assert reload.returncode == 0, reload.stderr
    for _ in range(40):
        assert say(b"x", timeout=20) == b"x"
    assert servers[1].calls > 8


def test_an_endpoint_that_is_killed_ends_its_calls_and_no_others(scene, serve, dial):
    script = "import test_grpc_peers as t; s = t.Server(); print(s.port, flush=True); s.free.wait()"
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=Path(__file__).parent
    )
    try:
        port, other = int(process.stdout.readline()), serve()
        weir = scene.proxy([f"127.0.0.1:{port}", other.address], backend="protocol: h2")
        channel = dial(weir)
        talks = [Talk(channel) for _ in range(8)]
        assert [talk.say(b"1") for talk in talks] == [b"1"] * 8
        assert 0 < other.calls < 8
    finally:
        process.kill()
        process.wait()
    codes = []
    for talk in talks:
        try:
            assert talk.say(b"2") == b"2"
            codes.append(talk.end()[1])
        except grpc.RpcError as failure:
            codes.append(failure.code())
    assert codes.count(StatusCode.OK) == other.calls
    assert codes.count(StatusCode.INTERNAL) == 8 - other.calls
    assert channel.unary_unary("/test.Echo/Say")(b"x", timeout=20) == b"x"


def test_a_drain_lets_a_call_end(scene, serve, dial):
    server = serve()
    weir = front(scene, server)
    call = dial(weir).unary_unary("/test.Echo/Wait").future(b"x", timeout=20)
    until(lambda: server.calls, "the call to arrive")
    weir.signal(15)
    time.sleep(0.1)
    server.free.set()
    assert call.result() == b"x"
    assert weir.wait() == 0
