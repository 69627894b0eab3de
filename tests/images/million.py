#!/usr/bin/env python3
"""Makes an image of a million empty files, as an OCI layout with one layer.

  tests/images/million.py LAYOUT

The layer is a tar in gzip; its headers are written here, since a library would take minutes.
"""
import gzip
import hashlib
import json
import os
import sys

DIRECTORIES, FILES = 1000, 1000


def header(path, kind):
    """A header of ustar, of a file (0) or a directory (5) of root."""
    mode = b"0000644" if kind == b"0" else b"0000755"
    fields = {0: path.encode(), 100: mode, 108: b"0" * 7, 116: b"0" * 7, 124: b"0" * 11, 136: b"0" * 11}
    block = bytearray(512)
    for place, value in (fields | {148: b" " * 8, 156: kind, 257: b"ustar\x0000"}).items():
        block[place : place + len(value)] = value
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def tar():
    for directory in range(DIRECTORIES):
        yield header(f"data/dir{directory:04}/", b"5")
        yield b"".join(header(f"data/dir{directory:04}/file-{file:06}.txt", b"0") for file in range(FILES))
    yield bytes(1024)


def main(layout):
    blobs = f"{layout}/blobs/sha256"
    os.makedirs(blobs, exist_ok=True)

    def put(kind, content):
        name = hashlib.sha256(content).hexdigest()
        with open(f"{blobs}/{name}", "wb") as file:
            file.write(content)
        media_type = f"application/vnd.oci.image.{kind}"
        return {"mediaType": media_type, "digest": f"sha256:{name}", "size": len(content)}

    def document(kind, content):
        return put(kind, json.dumps(content).encode())

    plain, packed = hashlib.sha256(), os.path.join(layout, "layer")
    with gzip.open(packed, "wb", compresslevel=1) as file:
        for part in tar():
            plain.update(part)
            file.write(part)
    with open(packed, "rb") as file:
        layer = put("layer.v1.tar+gzip", file.read())
    os.remove(packed)
    roots = {"type": "layers", "diff_ids": [f"sha256:{plain.hexdigest()}"]}
    config = document("config.v1+json", {"architecture": "amd64", "os": "linux", "rootfs": roots})
    manifest = {"schemaVersion": 2, "config": config, "layers": [layer]}
    index = {"schemaVersion": 2, "manifests": [document("manifest.v1+json", manifest)]}
    for name, content in (("index.json", index), ("oci-layout", {"imageLayoutVersion": "1.0.0"})):
        with open(f"{layout}/{name}", "w", encoding="utf-8") as file:
            json.dump(content, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
