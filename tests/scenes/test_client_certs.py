"""Clients that show certificates: who may come in, and what endpoints are told of them."""

import base64
import re
import ssl

import pytest

import certs
from origin import OK, answering
from tls_peers import ask, curl, dial, text
from weir import get_bytes

FORGED = [
    "Client-Cert: :Zm9yZ2Vk:",
    "Client-Cert-Chain: :Zm9yZ2Vk:",
    "X-Forwarded-Client-Cert: Hash=forged",
    "client_cert: :Zm9yZ2Vk:",
    "Client-Cert_Chain: :Zm9yZ2Vk:",
    "X-Forwarded-Client_Cert: Hash=forged",
    "X-SSL-Client-Verify: SUCCESS",
    "x_ssl_client_s_dn: CN=forged",
    "X-SSL-Client-A-Name-Longer-Than-Any-That-Is-Known: forged",
]
HONEST = ["X-SSL-Clientele: kept", "Client_Certified: kept", "Cache-Control: no-cache", "X-SSL: 1"]


def asking(scene, shelf, need, listener=""):
    """A weir that asks for certificates, and its endpoint."""
    tls = f"{{certificates: {shelf / 'pairs'}, client_ca: {shelf / 'ca.pem'}, client_auth: {need}}}"
    origin = scene.origin(answering(OK))
    return scene.start(text(origin, shelf, tls, listener=listener)), origin


def shown(pair):
    return ["--cert", str(pair), "--key", str(pair.with_suffix(".key"))]


def der(pair):
    return ssl.PEM_cert_to_DER_cert(re.search("-----BEGIN C.*", pair.read_text(), re.S)[0])


@pytest.mark.parametrize("need", ["optional", "require"])
def test_client_certificates_are_asked_for(scene, shelf, need):
    weir, _ = asking(scene, shelf, need)
    assert curl(weir, shelf, *shown(shelf / "client.crt")).stdout == "ok"
    without = curl(weir, shelf)
    assert without.stdout == ("ok" if need == "optional" else ""), without.stderr
    stranger = certs.certificate(
        scene.folder, "client.test", ca=certs.authority(scene.folder, "other"), name="stranger"
    )
    assert curl(weir, shelf, *shown(stranger)).returncode != 0


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_endpoints_and_the_log_are_told_who_the_client_is(scene, shelf, version):
    weir, origin = asking(scene, shelf, "require")
    pair = shelf / "client.crt"
    assert curl(weir, shelf, version, *shown(pair)).stdout == "ok"
    request = origin.requests[-1]
    told = re.fullmatch(":(.*):", request.get("Client-Cert"))[1]
    assert base64.b64decode(told, validate=True) == der(pair)
    digest = certs.openssl("x509", "-in", pair, "-noout", "-fingerprint", "-sha256")
    digest = digest.strip().split("=")[1].replace(":", "").lower()
    assert request.get("X-Forwarded-Client-Cert") == (
        f'Hash={digest};Subject="CN=client,O=scene";DNS=client.test'
    )
    assert weir.log()[0]["subject"] == "CN=client,O=scene"


def test_a_client_that_resumes_is_still_known(scene, shelf, tmp_path):
    weir, origin = asking(scene, shelf, "require")
    context = ssl.create_default_context(cafile=shelf / "ca.pem")
    context.load_cert_chain(shelf / "client.crt", shelf / "client.key")
    known = None
    for _ in range(2):
        with dial(weir, shelf, context=context, resume=known) as sock:
            ask(sock)
            known = sock.session
    assert weir.metric("weir_tls_handshakes_total", resumed="1") == 1
    first, second = (request.get("Client-Cert") for request in origin.requests)
    assert first == second and first is not None


@pytest.mark.parametrize("need", ["off", "optional"])
def test_who_has_shown_none_cannot_claim_one(scene, shelf, need):
    weir, origin = asking(scene, shelf, need)
    with dial(weir, shelf) as sock:
        ask(sock, get_bytes(host="www.test", fields=FORGED + HONEST))
    names = {name.lower() for name, _ in origin.requests[-1].fields}
    assert {line.split(":")[0].lower() for line in HONEST} <= names
    assert not {line.split(":")[0].lower() for line in FORGED} & names


def test_nobody_claims_one_over_plain_http_not_even_by_a_trusted_proxy(scene):
    origin = scene.origin(answering(OK))
    weir = scene.proxy(origin, extra="trusted_proxies: [127.0.0.0/8]\n")
    body = "Transfer-Encoding: chunked"
    trailers = "".join(line + "\r\n" for line in FORGED)
    head = get_bytes(method="POST", fields=[*FORGED, body])
    weir.connect().ask(head + f"0\r\n{trailers}X-Kept: 1\r\n\r\n".encode())
    request = origin.requests[-1]
    names = {name.lower() for name, _ in request.fields}
    assert not {line.split(":")[0].lower() for line in FORGED} & names
    assert request.trailers == [("x-kept", "1")]


def test_a_name_cannot_smuggle_a_field(scene, shelf):
    weir, origin = asking(scene, shelf, "require")
    evil = certs.certificate(scene.folder, "a.test", ca=shelf / "ca.pem", name="evil", names=[
        "DNS:a.test", "URI:spiffe://scene/app", 'DNS:b";Hash=1', "URI:x\\0D\\0AEvil: 1"])
    assert curl(weir, shelf, *shown(evil)).stdout == "ok"
    told = origin.requests[-1].get("X-Forwarded-Client-Cert")
    assert told.endswith(";DNS=a.test;URI=spiffe://scene/app"), told
    assert origin.requests[-1].get("Evil") is None


def test_tcp_inside_tls_logs_who_it_was(scene, shelf):
    origin = scene.origin(lambda wire, _: wire.send(b"hello\n"))
    weir = scene.start(
        f"""\
listen:
  https:
    address: "127.0.0.1:0"
    protocol: tcp
    tls: {{certificates: {shelf / 'pairs'}, client_ca: {shelf / 'ca.pem'}, client_auth: require}}
    to: app
backends: {{app: {{endpoints: ["{origin}"]}}}}
timeouts: {{drain: 3s}}
"""
    )
    context = ssl.create_default_context(cafile=shelf / "ca.pem")
    context.load_cert_chain(shelf / "client.crt", shelf / "client.key")
    with dial(weir, shelf, context=context) as sock:
        assert sock.recv(100) == b"hello\n"
    assert weir.log()[0]["subject"] == "CN=client,O=scene"
