#!/usr/bin/env python3
"""Verifies a Sigstore bundle with two tools of others.

  tests/verify.py BUNDLE KEY

Prints what openssl and securesystemslib say of its envelope; exits with 0 where both verify it.
"""
import base64
import json
import subprocess
import sys
import tempfile

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key


def public(key):
    with open(key, "rb") as file:
        return load_pem_public_key(file.read())


def with_openssl(envelope, key):
    """The pre-authentication encoding is built here, by the text of the protocol."""
    if not envelope["signatures"]:
        return False
    payload = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"].encode()
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    with tempfile.NamedTemporaryFile() as signature, tempfile.NamedTemporaryFile() as text:
        signature.write(base64.b64decode(envelope["signatures"][0]["sig"]))
        signature.flush()
        text.write(message)
        text.flush()
        if isinstance(public(key), Ed25519PublicKey):
            # It signs the message itself, no digest of it.
            verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-sigfile", signature.name, "-in", text.name]
        else:
            verify = ["openssl", "dgst", "-sha256", "-verify", key, "-signature", signature.name, text.name]
        return subprocess.run(verify, capture_output=True, check=False).returncode == 0


def with_securesystemslib(envelope, key):
    if not envelope["signatures"]:
        return False
    keyid = envelope["signatures"][0]["keyid"]
    known = SSlibKey.from_crypto(public(key), keyid=keyid)
    try:
        Envelope.from_dict(dict(envelope)).verify([known], 1)
    except VerificationError:
        return False
    return True


def main(bundle, key):
    with open(bundle, encoding="utf-8") as file:
        envelope = json.load(file)["dsseEnvelope"]
    results = {
        "openssl": with_openssl(envelope, key),
        "securesystemslib": with_securesystemslib(envelope, key),
    }
    for tool, good in results.items():
        print(f"{tool}: {'verified' if good else 'refused'}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
