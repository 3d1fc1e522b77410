"""The anti-smuggling table: any doubt where a request ends is refused, and nothing is forwarded."""

import pytest

from raw import until

HOST = b"Host: weir.test\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.fixture(scope="module")
def front(stage):
    return stage.front()


def refuse(front, data, statuses):
    """weir answers with one of these, closes, and the endpoint never has a whole request."""
    weir, origin = front
    before = len(origin.requests)
    wire = weir.connect()
    try:
        wire.send(data)
    except ConnectionError:
        pass  # refused before all of it was sent; the answer must be there all the same
    answer = wire.read_response()
    assert answer.status in statuses, answer.raw
    assert "error=http_request_error" in answer.get("proxy-status") or answer.status != 400
    assert (answer.get("connection") or "").lower() == "close"
    assert wire.at_end()
    assert len(origin.requests) == before
    return answer


def post(*fields, body=b"", target=b"/", version=b"HTTP/1.1"):
    return b"POST " + target + b" " + version + b"\r\n" + HOST + b"".join(fields) + b"\r\n" + body


def get(target=b"/", version=b"HTTP/1.1", fields=HOST, method=b"GET"):
    return method + b" " + target + b" " + version + b"\r\n" + fields + b"\r\n"


SMUGGLED = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: weir.test\r\n\r\n"
LENGTHS = {
    "plus": b"+5",
    "minus": b"-5",
    "hex": b"0x5",
    "letters": b"abc",
    "empty": b"",
    "comma": b"5,",
    "two_in_one": b"5, 6",
    "same_twice_in_one": b"5, 5",
    "inner_space": b"5 5",
    "decimal": b"5.0",
    "quoted": b'"5"',
    "underscore": b"1_0",
    "semicolon": b"5;x",
    "overflow_64": b"18446744073709551616",
    "overflow_signed": b"9223372036854775808",
    "overflow_long": b"1" * 40,
    "vertical_tab": b"\x0b5",
    "form_feed": b"5\x0c",
    "no_break_space": b"\xa05",
    "arabic_digit": b"\xd9\xa5",
}


@pytest.mark.parametrize("value", LENGTHS.values(), ids=LENGTHS)
def test_refuses_a_malformed_content_length(front, value):
    refuse(front, post(b"Content-Length: " + value + b"\r\n", body=b"hello"), {400, 413})


@pytest.mark.parametrize(
    "first, second",
    [(b"5", b"6"), (b"5", b"5"), (b"0", b"5"), (b"5", b"x")],
    ids=["differ", "same", "zero_first", "second_malformed"],
)
def test_refuses_two_content_lengths(front, first, second):
    fields = b"Content-Length: " + first + b"\r\nContent-Length: " + second + b"\r\n"
    refuse(front, post(fields, body=b"hello"), {400})


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 5\r\n" + CHUNKED,
        CHUNKED + b"Content-Length: 5\r\n",
        CHUNKED + b"Content-Length: 0\r\n",
        b"content-LENGTH: 5\r\ntransfer-ENCODING: Chunked\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: gzip, chunked\r\n",
        CHUNKED + b"Content-Length: x\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: identity\r\n",
    ],
    ids=["length_first", "coding_first", "zero", "case", "list", "malformed_length", "identity"],
)
def test_refuses_content_length_with_chunked(front, fields):
    refuse(front, post(fields, body=SMUGGLED), {400, 501})


CODINGS = {
    "identity": b"identity",
    "gzip": b"gzip",
    "gzip_then_chunked": b"gzip, chunked",
    "chunked_then_gzip": b"chunked, gzip",
    "twice": b"chunked, chunked",
    "x_chunked": b"xchunked",
    "parameter": b"chunked;q=1",
    "quoted": b'"chunked"',
    "empty": b"",
    "comma": b",chunked",
    "trailing_comma": b"chunked,",
    "space_inside": b"chun ked",
    "vertical_tab": b"\x0bchunked",
    "tab_vt_end": b"chunked\x0b",
    "nul": b"chunked\0",
    "prefix": b"chunke",
    "high_byte": b"chunked\xff",
}


@pytest.mark.parametrize("value", CODINGS.values(), ids=CODINGS)
def test_refuses_any_transfer_coding_but_chunked(front, value):
    refuse(front, post(b"Transfer-Encoding: " + value + b"\r\n", body=SMUGGLED), {400, 501})


def test_refuses_two_transfer_encoding_fields(front):
    refuse(front, post(CHUNKED, CHUNKED, body=SMUGGLED), {400, 501})


def test_refuses_transfer_encoding_in_http_1_0(front):
    refuse(front, post(CHUNKED, version=b"HTTP/1.0", body=SMUGGLED), {400})


FIELDS = {
    "obs_fold": b"X-A: 1\r\n folded\r\n",
    "obs_fold_tab": b"X-A: 1\r\n\tfolded\r\n",
    "fold_of_coding": b"Transfer-Encoding:\r\n chunked\r\n",
    "leading_space": b" X-A: 1\r\n",
    "space_before_colon": b"X-A : 1\r\n",
    "tab_before_colon": b"X-A\t: 1\r\n",
    "space_before_length": b"Content-Length : 5\r\n",
    "space_before_coding": b"Transfer-Encoding : chunked\r\n",
    "bare_lf": b"X-A: 1\n",
    "bare_lf_hides_field": b"X-A: 1\nX-B: 2\r\n",
    "bare_cr": b"X-A: 1\rX-B: 2\r\n",
    "cr_cr_lf": b"X-A: 1\r\r\n",
    "nul_in_value": b"X-A: 1\x002\r\n",
    "nul_in_name": b"X\0A: 1\r\n",
    "no_colon": b"X-A\r\n",
    "empty_name": b": 1\r\n",
    "space_in_name": b"X A: 1\r\n",
    "paren_in_name": b"X(A): 1\r\n",
    "slash_in_name": b"X/A: 1\r\n",
    "quote_in_name": b'"X": 1\r\n',
    "high_byte_in_name": b"X\xe9: 1\r\n",
    "underflow_control": b"X-A: \x01\r\n",
    "escape": b"X-A: \x1b[2J\r\n",
    "delete": b"X-A: \x7f\r\n",
    "vertical_tab": b"X-A\x0b: 1\r\n",
}


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_refuses_a_malformed_field_line(front, field):
    refuse(front, get(fields=HOST + field), {400})


@pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS)
def test_refuses_a_malformed_first_field_line(front, field):
    refuse(front, get(fields=field + HOST), {400})


HOSTS = {
    "none": b"",
    "two": HOST + b"Host: other.test\r\n",
    "same_twice": HOST + HOST,
    "empty": b"Host:\r\n",
    "comma": b"Host: a.test,b.test\r\n",
    "space": b"Host: a.test b.test\r\n",
    "path": b"Host: a.test/x\r\n",
    "user": b"Host: user@a.test\r\n",
    "scheme": b"Host: http://a.test\r\n",
    "port_letters": b"Host: a.test:http\r\n",
    "port_high": b"Host: a.test:65536\r\n",
    "port_negative": b"Host: a.test:-1\r\n",
    "two_ports": b"Host: a.test:80:80\r\n",
    "query": b"Host: a.test?x\r\n",
    "fragment": b"Host: a.test#x\r\n",
    "backslash": b"Host: a\\b.test\r\n",
    "bad_ipv6": b"Host: [::1\r\n",
    "ipv6_rubbish": b"Host: [::1]x\r\n",
    "bare_ipv6": b"Host: ::1\r\n",
    "ipv6_not_hex": b"Host: [g::1]\r\n",
    "high_byte": b"Host: \xe9.test\r\n",
    "nul": b"Host: a.test\0\r\n",
    "bad_escape": b"Host: a%zz.test\r\n",
    "angle": b"Host: <a>.test\r\n",
    "tab": b"Host: a.test\tb\r\n",
    "only_port": b"Host: :80\r\n",
}


@pytest.mark.parametrize("fields", HOSTS.values(), ids=HOSTS)
def test_refuses_a_bad_host(front, fields):
    refuse(front, get(fields=fields), {400})


def test_refuses_http_1_0_with_two_hosts(front):
    refuse(front, get(version=b"HTTP/1.0", fields=HOST + HOST), {400})


TARGETS = {
    "fragment": b"/a#b",
    "control": b"/a\x01b",
    "delete": b"/a\x7f",
    "high_byte": b"/\xe9",
    "nul": b"/a\0b",
    "tab": b"/a\tb",
    "no_slash": b"a",
    "empty_escape": b"/%",
    "short_escape": b"/%4",
    "bad_escape": b"/%zz",
    "nul_escape": b"/%00",
    "dots": b"/a/../b",
    "dots_end": b"/a/..",
    "dot": b"/a/./b",
    "escaped_dots": b"/a/%2e%2e/b",
    "half_escaped_dots": b"/a/.%2E/b",
    "star_for_get": b"*",
    "authority_for_get": b"weir.test:80",
    "other_scheme": b"ftp://weir.test/",
    "user_info": b"http://u:p@weir.test/",
    "no_authority": b"http:///x",
    "bad_port": b"http://weir.test:99999/",
    "other_authority": b"http://other.test/",
    "question_first": b"?x",
    "backslash_host": b"http://weir.test\\@other.test/",
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_refuses_a_bad_target(front, target):
    refuse(front, get(target), {400})


LINES = {
    "two_spaces": (b"GET  / HTTP/1.1", {400}),
    "tab": (b"GET\t/ HTTP/1.1", {400}),
    "leading_space": (b" GET / HTTP/1.1", {400}),
    "trailing_space": (b"GET / HTTP/1.1 ", {400}),
    "space_in_target": (b"GET /a b HTTP/1.1", {400}),
    "no_version": (b"GET /", {400, 505}),
    "no_target": (b"GET HTTP/1.1", {400}),
    "lower_case": (b"GET / http/1.1", {400, 505}),
    "version_2": (b"GET / HTTP/2.0", {400, 505}),
    "version_3": (b"GET / HTTP/3.0", {400, 505}),
    "version_0_9": (b"GET / HTTP/0.9", {400, 505}),
    "version_1_10": (b"GET / HTTP/1.10", {400, 505}),
    "version_letters": (b"GET / HTTP/1.x", {400, 505}),
    "version_short": (b"GET / HTTP/1", {400, 505}),
    "not_http": (b"GET / HTTQ/1.1", {400, 505}),
    "method_paren": (b"G(T / HTTP/1.1", {400, 501}),
    "method_colon": (b"GE:T / HTTP/1.1", {400, 501}),
    "method_nul": (b"GE\0T / HTTP/1.1", {400}),
    "cr_in_line": (b"GET /\r HTTP/1.1", {400}),
    "tls_hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {400}),
    "binary": (b"\xff" * 20, {400}),
}


@pytest.mark.parametrize("line, statuses", LINES.values(), ids=LINES)
def test_refuses_a_bad_request_line(front, line, statuses):
    refuse(front, line + b"\r\n" + HOST + b"\r\n", statuses)


def test_connect_makes_no_tunnel_anywhere(front):
    weir, origin = front
    before = len(origin.requests)
    wire = weir.connect().send(b"CONNECT weir.test:80 HTTP/1.1\r\n" + HOST + b"\r\n")
    assert wire.read_response("HEAD").status in (403, 405, 501)
    assert len(origin.requests) == before


def test_refuses_bare_lf_after_the_request_line(front):
    refuse(front, b"GET / HTTP/1.1\n" + HOST + b"\r\n", {400})


def test_refuses_a_head_of_bare_lf_only(front):
    refuse(front, b"GET / HTTP/1.1\nHost: weir.test\n\n", {400})


CHUNKS = {
    "no_digits": b"\r\nhello\r\n0\r\n\r\n",
    "not_hex": b"g\r\nhello\r\n0\r\n\r\n",
    "plus": b"+5\r\nhello\r\n0\r\n\r\n",
    "minus": b"-5\r\nhello\r\n0\r\n\r\n",
    "prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
    "space_before": b" 5\r\nhello\r\n0\r\n\r\n",
    "space_after": b"5 \r\nhello\r\n0\r\n\r\n",
    "bare_lf": b"5\nhello\r\n0\r\n\r\n",
    "bare_lf_after": b"5\r\nhello\n0\r\n\r\n",
    "bare_cr": b"5\rhello\r\n0\r\n\r\n",
    "overflow": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "long_overflow": b"f" * 32 + b"\r\nhello\r\n0\r\n\r\n",
    "too_long": b"5\r\nhello world\r\n0\r\n\r\n",
    "too_short": b"5\r\nhel\r\n0\r\n\r\n",
    "no_crlf_after": b"5\r\nhello0\r\n\r\n",
    "nul_in_line": b"5\0\r\nhello\r\n0\r\n\r\n",
    "lf_in_extension": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "cr_in_extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "extension_too_long": b"5;" + b"a" * 70000 + b"\r\nhello\r\n0\r\n\r\n",
    "underscore": b"1_0\r\nhello\r\n0\r\n\r\n",
    "lf_ends_last": b"0\n\r\n",
    "trailer_fold": b"0\r\nX: 1\r\n 2\r\n\r\n",
    "trailer_no_colon": b"0\r\nX\r\n\r\n",
    "trailer_bare_lf": b"0\r\nX: 1\n\r\n",
    "trailer_space": b"0\r\nX : 1\r\n\r\n",
    "trailer_nul": b"0\r\nX: \0\r\n\r\n",
    "leading_zeros": b"0" * 300 + b"5\r\nhello\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("body", CHUNKS.values(), ids=CHUNKS)
def test_refuses_a_malformed_chunk(front, body):
    refuse(front, post(CHUNKED, body=body), {400, 413, 431})


TOO_LARGE = {
    "target": (get(b"/" + b"a" * 40000), {414, 431}),
    "field": (get(fields=HOST + b"X-A: " + b"a" * 100000 + b"\r\n"), {431}),
    "fields": (get(fields=HOST + b"".join(b"X-%d: 1\r\n" % i for i in range(1000))), {431}),
    "endless_head": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 200000, {431}),
    "endless_target": (b"GET /" + b"a" * 200000, {414, 431}),
}


@pytest.mark.parametrize("data, statuses", TOO_LARGE.values(), ids=TOO_LARGE)
def test_refuses_what_is_too_large(front, data, statuses):
    refuse(front, data, statuses)


@pytest.mark.parametrize(
    "data",
    [
        post(b"Content-Length: 5\r\n", b"Content-Length: 6\r\n", body=b"hello"),
        get(b"/%00"),
        get(fields=b""),
    ],
    ids=["framing", "target", "host"],
)
def test_nothing_after_a_refused_request_is_read(front, data):
    refuse(front, data + get(b"/second"), {400})


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n" + get(b"/blank"),
        post(b"Content-Length: 005\r\n", body=b"hello"),
        post(b"Transfer-Encoding:chunked\r\n", body=b"5\r\nhello\r\n0\r\n\r\n"),
        post(b"Transfer-Encoding: \t CHUNKED \r\n", body=b'005;x="y"\r\nhello\r\n0\r\n\r\n'),
        get(fields=b"Host: [2001:db8::1]:8080\r\n"),
        get(fields=b"Host: weir.test:\r\n"),
        get(b"//a//b?x=?&/#"[:-1]),
        get(b"/%2F%20?a=%26"),
        get(b"*", method=b"OPTIONS"),
        get(b"http://weir.test", method=b"OPTIONS"),
        get(fields=HOST + b"X-A: \xe9\x80\r\nX-B:\r\nX!#$%&'*+.^_`|~: 1\r\n"),
        get(method=b"PROPFIND"),
        get(b"/...a/.b/..c"),
    ],
    ids=[
        "blank_line_first",
        "zeros_in_length",
        "no_space",
        "case_and_extension",
        "ipv6_host",
        "empty_port",
        "slashes",
        "escapes",
        "options_star",
        "options_absolute",
        "odd_but_legal_fields",
        "other_method",
        "dotted_names",
    ],
)
def test_accepts_what_is_merely_unusual(front, data):
    weir, origin = front
    before = len(origin.requests)
    answer = weir.connect().ask(data)
    assert (answer.status, answer.body) == (200, b"ok")
    assert len(origin.requests) == before + 1


def test_forwards_one_framing_field_whatever_the_client_wrote(front):
    weir, origin = front
    weir.connect().ask(post(b"Transfer-Encoding: CHUNKED\r\n", body=b"5;a=b\r\nhello\r\n0\r\n\r\n"))
    assert (origin.last.all("content-length") + origin.last.all("transfer-encoding")) == ["chunked"]
    assert origin.last.body == b"hello"
    assert b"a=b" not in origin.last.raw


def test_a_request_cut_in_its_body_is_never_completed(scene):
    weir, origin = scene.front()
    wire = weir.connect().send(post(CHUNKED, body=b"5\r\nhello\r\n"))
    until(lambda: origin.connections, "the request to be forwarded")
    wire.send(b"zz\r\n")
    assert wire.read_response().status == 400
    assert wire.at_end()
    until(lambda: not origin.threads[0].is_alive(), "the endpoint's connection to be closed")
    assert origin.requests == []


def test_says_why_in_log_and_metric(scene):
    weir, origin = scene.front()
    refuse((weir, origin), post(b"Content-Length: x\r\n"), {400})
    row = weir.log()[0]
    assert (row["status"], row["why"]) == ("400", "http_request_error")
    assert (
        weir.metric("weir_http_client_errors_total", listener="http", why="http_request_error") == 1
    )
