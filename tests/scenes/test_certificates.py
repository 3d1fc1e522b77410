"""Certificates in use: what is known of them, and what happens when their files change."""

import time

import certs
from origin import OK, answering
from tls_peers import text
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
