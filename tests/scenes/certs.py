"""Certificates for a scene, made by the openssl command as people make them."""

import subprocess


def openssl(*args):
    done = subprocess.run(["openssl", *map(str, args)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def authority(folder, name="ca"):
    """A root of its own; the path of its certificate, with the key beside it."""
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    openssl("req", "-x509", "-new", "-key", key, "-days", 30, "-subj", f"/CN={name}", "-out", cert)
    return cert


def certificate(folder, *hosts, ca, name=None, kind="ec", days=90, names=None):
    """A pair NAME.crt and NAME.key, signed by the authority; the path of the certificate."""
    name = name or hosts[0].replace("*", "star")
    cert, key, request, extra = (folder / f"{name}.{end}" for end in ("crt", "key", "csr", "ext"))
    if kind == "ec":
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    else:
        openssl("genrsa", "-out", key, 2048)
    names = names or [f"DNS:{host}" for host in hosts]
    extra.write_text("subjectAltName=" + ",".join(names) + "\n")
    openssl("req", "-new", "-key", key, "-subj", f"/O=scene/CN={name}", "-out", request)
    openssl(
        *("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca.with_suffix(".key")),
        *("-CAcreateserial", "-days", days, "-extfile", extra, "-out", cert),
    )
    return cert


def serial(cert):
    """Its serial number in hex, as weir shows it."""
    return openssl("x509", "-in", cert, "-noout", "-serial").strip().split("=")[1]


def serial_of(said):
    """The same, of the certificate in what s_client has said."""
    pem = said[said.index("-----BEGIN") : said.index("-----END CERT")] + "-----END CERTIFICATE-----\n"
    command = ["openssl", "x509", "-noout", "-serial"]
    return subprocess.run(command, input=pem, capture_output=True, text=True).stdout.strip().split("=")[1]
