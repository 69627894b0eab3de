#!/usr/bin/env python3
"""Writes two layers full of rare but allowed entries: edges.py LOWER UPPER TRUTH.

They are after tar(5), pax(1) and the OCI image layer specification: whiteouts, opaque directories,
links over layers, names told twice, long names in both ways. Python packages show what is left of
the lower layer: those are written to TRUTH.
"""
import io
import sys
import tarfile

SITE = "opt/edge/site-packages"
LONG = "/".join(["opt/edge", *(f"{letter * 60}" for letter in "abcdef"), "site-packages"])


class Layer:
    def __init__(self, path, form):
        self.archive = tarfile.open(path, "w", format=form, encoding="utf-8")

    def entry(self, name, kind=tarfile.REGTYPE, target="", content=b""):
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, target, len(content)
        info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
        self.archive.addfile(info, io.BytesIO(content))

    def directory(self, name):
        self.entry(name, tarfile.DIRTYPE)

    def link(self, name, target):
        self.entry(name, tarfile.LNKTYPE, target)

    def symlink(self, name, target):
        self.entry(name, tarfile.SYMTYPE, target)

    def package(self, name, version, site=SITE, file="dist-info/METADATA"):
        """A Python package; returns the path of its file."""
        path = f"{site}/{name.replace('-', '_')}-{version}.{file}"
        self.entry(path, content=f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode())
        return path


def lower(path):
    layer = Layer(path, tarfile.PAX_FORMAT)
    layer.directory("opt/edge")
    layer.package("edge-stays", "1.0")
    layer.package("edge-gone", "1.0")
    layer.package("edge-upgraded", "1.0")
    layer.package("edge-replaced", "1.0")
    layer.package("edge-hidden", "1.0", "opt/edge/opaque/lib")
    layer.package("edge-removed-whole", "1.0", "opt/edge/removed/lib")
    layer.package("edge-under-a-file", "1.0", "opt/edge/becomes-file/lib")
    layer.package("edge-long-pax", "1.0", LONG)
    layer.package("edge-names", "1.0", "opt/edge/ünïcode 名前/site-packages")
    layer.package("edge-told-twice", "1.0", file="egg-info/PKG-INFO")
    layer.entry(
        f"{SITE}/edge_told_twice-1.0.egg-info/PKG-INFO",
        content=b"Metadata-Version: 2.1\nName: edge-told-twice\nVersion: 2.0\n",
    )
    layer.entry("opt/edge/store/blob", content=b"Metadata-Version: 2.1\nName: edge-linked\nVersion: 1.0\n")
    layer.entry("opt/edge/store/other", content=b"Metadata-Version: 2.1\nName: edge-linked-over\nVersion: 1.0\n")
    layer.link(f"{SITE}/edge_linked-1.0.dist-info/METADATA", "opt/edge/store/blob")
    layer.symlink("opt/edge/loop-a", "loop-b")
    layer.symlink("opt/edge/loop-b", "loop-a")
    layer.symlink("opt/edge/self", "self")
    layer.symlink("opt/edge/up", "../../../../../..")
    layer.symlink("opt/edge/also-site", "site-packages")
    layer.archive.close()


def upper(path):
    layer = Layer(path, tarfile.GNU_FORMAT)
    layer.entry(f"{SITE}/.wh.edge_gone-1.0.dist-info")
    layer.entry(f"{SITE}/.wh.edge_upgraded-1.0.dist-info")
    layer.package("edge-upgraded", "2.0")
    layer.entry(
        f"{SITE}/edge_replaced-1.0.dist-info/METADATA",
        content=b"Metadata-Version: 2.1\nName: edge-replaced\nVersion: 1.1\n",
    )
    # The marker may stand behind what the layer itself puts into the directory.
    layer.package("edge-kept-by-opaque", "1.0", "opt/edge/opaque/lib")
    layer.entry("opt/edge/opaque/.wh..wh..opq")
    layer.entry("opt/edge/.wh.removed")
    layer.entry("opt/edge/becomes-file", content=b"a file\n")
    layer.package("edge-long-gnu", "1.0", LONG + "/" + "g" * 120)
    layer.link(f"{SITE}/edge_linked_over-1.0.dist-info/METADATA", "opt/edge/store/other")
    layer.entry("./opt/edge//./odd/site-packages/edge_odd-1.0.dist-info/METADATA",
                content=b"Metadata-Version: 2.1\nName: edge-odd\nVersion: 1.0\n")
    layer.archive.close()


TRUTH = {
    "edge-stays": "1.0",
    "edge-upgraded": "2.0",
    "edge-replaced": "1.1",
    "edge-long-pax": "1.0",
    "edge-names": "1.0",
    "edge-told-twice": "2.0",
    "edge-linked": "1.0",
    "edge-linked-over": "1.0",
    "edge-kept-by-opaque": "1.0",
    "edge-long-gnu": "1.0",
    "edge-odd": "1.0",
}


def main(lower_path, upper_path, truth):
    lower(lower_path)
    upper(upper_path)
    with open(truth, "w", encoding="utf-8") as file:
        file.writelines(f"pypi\t{name}\t{version}\n" for name, version in TRUTH.items())


if __name__ == "__main__":
    main(*sys.argv[1:])
