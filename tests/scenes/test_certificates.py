"""Certificates in use: what is known of them, and what happens when their files change."""

import ssl
import time

import pytest

import certs
from origin import OK, answering
from raw import until
from tls_peers import ask, curl, dial, s_client, text
from weir import one_backend

DAY = 86400


def test_all_in_use_are_listed_until_when_and_for_whom(scene, shelf):
    weir = scene.start(text(scene.origin(answering(OK)), shelf))
    rows = {row["file"].rsplit("/")[-1]: row for row in weir.admin_json("/certs")}
    assert sorted(rows) == ["a-www.crt", "wild-ec.crt", "wild-rsa.crt"]
    row = rows["a-www.crt"]
    assert row["listener"] == "https" and row["names"] == ["www.test", "localhost"]
    assert row["issuer"] == "CN=ca" and row["key"] == "ECDSA" and row["days_left"] in (89, 90)
    assert rows["wild-rsa.crt"]["key"] == "RSA"
    assert row["why"] == "the chain has no intermediate"
    told = weir.metric("weir_tls_certificate_expiry_timestamp_seconds", serial=row["serial"])
    assert abs(told - (time.time() + 90 * DAY)) < DAY
    lines = weir.admin("/certs", fields=["Accept: text/plain"]).body
    assert b"certificate www.test" in lines and b"ends in" in lines


def test_a_certificate_shown_to_endpoints_is_one_of_them(scene, shelf):
    tls = f"{{verify: off, cert: {shelf}/client.crt, key: {shelf}/client.key}}"
    weir = scene.start(one_backend("127.0.0.1:1", f"tls: {tls}"))
    (row,) = weir.admin_json("/certs")
    assert row["backend"] == "app" and row["names"] == ["client.test"]
    assert weir.metric("weir_tls_certificate_expiry_timestamp_seconds", host="client.test") > 0


def test_one_that_serves_twice_is_one_metric(scene, shelf, tmp_path):
    pair = certs.certificate(tmp_path, "twice.test", ca=shelf / "ca.pem")
    one = f"{{cert: {pair}, key: {pair.with_suffix('.key')}}}"
    weir = scene.start(text("127.0.0.1:1", shelf, f"{{certificates: [{one}, {one}]}}"))
    name = "weir_tls_certificate_expiry_timestamp_seconds{"
    assert weir.admin("/metrics").body.decode().count(name) == 1


# ---- files that change ----


def renew(folder, shelf, name="www", host="www.test"):
    """Writes another certificate in place of this one, as a program does that renews: both files
    beside, then renamed."""
    beside = folder / ".new"
    beside.mkdir(exist_ok=True)
    pair = certs.certificate(beside, host, ca=shelf / "ca.pem", name=name)
    pair.with_suffix(".key").rename(folder / f"{name}.key")
    pair.rename(folder / f"{name}.crt")
    return certs.serial(folder / f"{name}.crt")


def shown(weir, shelf, name="www.test"):
    """The serial number of the certificate that a client of now is shown."""
    return certs.serial_of(s_client(weir, shelf, "-servername", name).stdout)


@pytest.fixture
def pairs(shelf, tmp_path):
    folder = tmp_path / "pairs"
    folder.mkdir()
    renew(folder, shelf)
    renew(folder, shelf, "api", "api.test")
    return folder


@pytest.mark.parametrize("form", ["folder", "files"])
def test_a_renewed_pair_is_shown_without_a_reload_and_nobody_is_cut(scene, shelf, pairs, form):
    tls = {"folder": pairs, "files": f"{{certificates: {{cert: {pairs}/www.crt, key: {pairs}/www.key}}}}"}
    weir = scene.start(text(scene.origin(answering(OK)), shelf, tls[form]))
    with dial(weir, shelf) as kept:
        ask(kept)
        for _ in range(2):
            new = renew(pairs, shelf)
            until(lambda: shown(weir, shelf) == new, "the renewed certificate")
        ask(kept)
    assert weir.metric("weir_config_generation") == 1
    assert any(row["serial"] == new for row in weir.admin_json("/certs"))
    assert "listener https: other certificates" in weir.stderr


def test_a_new_pair_in_the_folder_is_found_and_one_that_went_is_gone(scene, shelf, pairs):
    weir = scene.start(text(scene.origin(answering(OK)), shelf, pairs))
    new = renew(pairs, shelf, "more", "more.test")
    until(lambda: shown(weir, shelf, "more.test") == new, "the new pair")
    (pairs / "more.crt").unlink()
    until(lambda: shown(weir, shelf, "more.test") != new, "it to go")
    assert curl(weir, shelf).stdout == "ok"


def test_a_half_written_pair_changes_nothing_and_is_told_once(scene, shelf, pairs):
    weir = scene.start(text(scene.origin(answering(OK)), shelf, pairs))
    before = shown(weir, shelf)
    other = certs.certificate(pairs.parent, "www.test", ca=shelf / "ca.pem", name="www")
    other.rename(pairs / "www.crt")
    wrong = "the key in www.key does not match the certificate in www.crt"
    until(lambda: wrong in weir.stderr, "the complaint")
    new = renew(pairs, shelf, "api", "api.test")  # the others are renewed all the same
    until(lambda: shown(weir, shelf, "api.test") == new, "the other pair")
    assert shown(weir, shelf) == before and weir.stderr.count(wrong) == 1
    (pairs.parent / "www.key").rename(pairs / "www.key")
    until(lambda: shown(weir, shelf) == certs.serial(pairs / "www.crt"), "the rest of it")


def test_all_pairs_bad_at_once_take_nobody_down(scene, shelf, pairs):
    weir = scene.start(text(scene.origin(answering(OK)), shelf, pairs))
    before = shown(weir, shelf)
    for file in pairs.glob("*.crt"):
        file.write_text("nothing\n")
    until(lambda: "www.crt has no certificate in PEM form" in weir.stderr, "the complaint")
    for file in pairs.glob("*.crt"):
        file.unlink()
    until(lambda: "there is no *.crt or *.pem in this folder" in weir.stderr, "the complaint")
    assert shown(weir, shelf) == before and curl(weir, shelf).stdout == "ok"


def test_a_link_to_another_folder_is_followed(scene, shelf, tmp_path):
    """As Kubernetes writes secrets: ..data is a link that is swapped, files lead through it."""
    mount = tmp_path / "mount"
    serials = []
    for version in ("one", "two"):
        (mount / version).mkdir(parents=True)
        serials.append(renew(mount / version, shelf, "tls"))
    (mount / "..data").symlink_to("one")
    for end in ("crt", "key"):
        (mount / f"tls.{end}").symlink_to(f"..data/tls.{end}")
    weir = scene.start(text(scene.origin(answering(OK)), shelf, mount))
    assert shown(weir, shelf) == serials[0]
    (mount / "..next").symlink_to("two")
    (mount / "..next").rename(mount / "..data")
    until(lambda: shown(weir, shelf) == serials[1], "the other folder")


def test_an_authority_that_is_not_trusted_any_more_lets_nobody_in_with_a_ticket(scene, shelf, tmp_path):
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes((shelf / "ca.pem").read_bytes())
    other = certs.authority(tmp_path, "other")
    tls = f"{{certificates: {shelf / 'pairs'}, client_ca: {trusted}, client_auth: require}}"
    weir = scene.start(text(scene.origin(answering(OK)), shelf, tls))
    context = ssl.create_default_context(cafile=shelf / "ca.pem")
    context.load_cert_chain(shelf / "client.crt", shelf / "client.key")
    with dial(weir, shelf, context=context) as sock:
        ask(sock)
        ticket = sock.session
    trusted.write_bytes(other.read_bytes())
    until(lambda: "other certificates" in weir.stderr, "the other authority")
    with pytest.raises(OSError), dial(weir, shelf, context=context, resume=ticket) as sock:
        ask(sock)
    assert weir.metric("weir_tls_handshakes_total", resumed="1") == 0
