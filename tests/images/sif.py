#!/usr/bin/env python3
"""Puts a file system and a definition file into a SIF image: sif.py FILE_SYSTEM IMAGE.

The layout is that of Sylabs' and Apptainer's `sif` packages, version 1.
"""
import struct
import sys

DEFINITION = b"bootstrap: docker\nfrom: debian:12\n"


def descriptor(kind, number, offset, size, name, extra):
    head = struct.pack("<i?III5q2q", kind, True, number, 1, 0, offset, size, size, 0, 0, 0, 0)
    return head + name.ljust(128, b"\0") + extra.ljust(384, b"\0")


def main(source, target):
    with open(source, "rb") as file:
        image = file.read()
    is_squashfs = image.startswith(b"hsqs")
    start, aligned = 32768, 36864
    partition = struct.pack("<ii3s", 1 if is_squashfs else 2, 2, b"02\0")
    objects = [
        descriptor(0x4001, 1, start, len(DEFINITION), b"recipe", b""),
        descriptor(0x4004, 2, aligned, len(image), b"squashfs", partition),
    ]
    header = b"#!/usr/bin/env run-singularity\n".ljust(32, b"\0") + b"SIF_MAGIC\0" + b"01\0" + b"02\0"
    header += bytes(16) + struct.pack("<8q", 0, 0, 46, 48, 4096, 585 * 48, start, 0)
    with open(target, "wb") as file:
        file.write(header)
        for offset, content in ((4096, b"".join(objects)), (start, DEFINITION), (aligned, image)):
            file.seek(offset)
            file.write(content)


main(*sys.argv[1:])
