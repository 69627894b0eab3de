#!/usr/bin/env python3
"""Makes trees that no registry serves: trees.py KIND ROOT TRUTH.

KIND is spack (a store, after Spack's spec.py and database.py), conda (an environment, after conda's
conda-meta records), modules (module files of Lmod and Tcl), or jars (jars in jars). What was put
into ROOT is added to the file TRUTH: type, name, version.
"""
import hashlib
import io
import json
import os
import sys
import zipfile

# Name, version, licence, and what it needs.
SPACK = [
    ("zlib", "1.3.1", "Zlib", []),
    ("libfabric", "1.20.1", "BSD-2-Clause OR GPL-2.0-only", []),
    ("ucx", "1.15.0", "BSD-3-Clause", ["zlib"]),
    ("mpich", "4.2.0", "mpich2", ["libfabric", "ucx"]),
    ("openblas", "0.3.26", "BSD-3-Clause", []),
    ("hdf5", "1.14.3", "BSD-3-Clause", ["mpich", "zlib"]),
    ("netcdf-c", "4.9.2", "BSD-3-Clause", ["hdf5", "mpich"]),
    ("fftw", "3.3.10", "GPL-2.0-or-later", ["mpich"]),
    ("python", "3.11.7", "0BSD", ["zlib"]),
    ("py-numpy", "1.26.4", "BSD-3-Clause", ["openblas", "python"]),
]
EXTERNAL = ("cray-mpich", "8.1.28", "/opt/cray/pe/mpich/8.1.28")
STORE = "opt/spack/opt/spack"

CONDA = [
    ("libzlib", "1.2.13", "Zlib", []),
    ("openssl", "3.2.1", "Apache-2.0", []),
    ("python", "3.12.2", "Python-2.0", ["libzlib >=1.2.13,<1.3.0a0", "openssl >=3.2.1,<4.0a0"]),
    ("mpich", "4.2.0", "LicenseRef-MPICH2", []),
    ("hdf5", "1.14.3", "BSD-3-Clause", ["libzlib", "mpich >=4.2.0,<5.0a0"]),
    ("numpy", "1.26.4", "BSD-3-Clause", ["python >=3.12,<3.13.0a0"]),
]


def write(root, path, content=""):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(content if isinstance(content, str) else json.dumps(content))


def hashed(name):
    return hashlib.sha1(name.encode()).hexdigest()[:32]


def node(name, version, needs, form):
    """A node of a spec, as the version of the format writes it."""
    edges = [
        {"name": need, "hash": hashed(need)}
        | (
            {"type": ["build", "link"]}
            if form == 3
            else {"parameters": {"deptypes": ["build", "link"], "virtuals": []}}
        )
        for need in needs
    ]
    return {
        "name": name,
        "version": version,
        "arch": {"platform": "linux", "platform_os": "debian12", "target": "x86_64_v3"},
        "namespace": "builtin",
        "parameters": {"build_system": "autotools", "cflags": []},
        "package_hash": hashed(name + version),
        "dependencies": edges,
        "hash": hashed(name),
    } | ({"compiler": {"name": "gcc", "version": "12.2.0"}} if form == 3 else {})


def spack(root):
    needs = {name: needs for name, _, _, needs in SPACK}
    versions = {name: version for name, version, _, _ in SPACK}

    def closure(name):
        below = [other for need in needs[name] for other in closure(need)]
        return list(dict.fromkeys([name, *below]))

    installs = {}
    for number, (name, version, license, _) in enumerate(SPACK):
        form = (3, 5)[number % 2]
        prefix = f"{STORE}/linux-debian12-x86_64_v3/gcc-12.2.0/{name}-{version}-{hashed(name)}"
        nodes = [node(each, versions[each], needs[each], form) for each in closure(name)]
        write(root, f"{prefix}/.spack/spec.json", {"spec": {"_meta": {"version": form}, "nodes": nodes}})
        recipe = f'class Recipe(Package):\n    license("{license}")\n    version("{version}")\n'
        write(root, f"{prefix}/.spack/repos/builtin/packages/{name}/package.py", recipe)
        write(root, f"{prefix}/include/{name}.h", f"/* {name} */\n")
        installs[hashed(name)] = {"spec": nodes[0], "path": f"/{prefix}", "installed": True, "explicit": True}
        yield "spack", name, version
    name, version, place = EXTERNAL
    outside = node(name, version, [], 5) | {"external": {"path": place, "module": None}}
    installs[hashed(name)] = {"spec": outside, "path": place, "installed": True, "explicit": False}
    write(root, f"{STORE}/.spack-db/index.json", {"database": {"version": "8", "installs": installs}})
    yield "spack", name, version


def conda(root):
    prefix = "opt/conda/envs/science"
    for name, version, license, needs in CONDA:
        record = {
            "name": name,
            "version": version,
            "build": "h0_0",
            "build_number": 0,
            "channel": "https://conda.anaconda.org/conda-forge/linux-64",
            "subdir": "linux-64",
            "fn": f"{name}-{version}-h0_0.conda",
            "license": license,
            "depends": needs,
            "files": [f"lib/{name}.txt"],
        }
        write(root, f"{prefix}/conda-meta/{name}-{version}-h0_0.json", record)
        write(root, f"{prefix}/lib/{name}.txt", name)
        yield "conda", name, version
    write(root, f"{prefix}/conda-meta/history", "==> 2026-01-01 00:00:00 <==\n")


def modules(root):
    lua = 'help([[A solver.]])\nwhatis("Name : solver")\nwhatis("Version : 7.1")\n'
    lua += 'local base = "/opt/site/solver/7.1"\nprepend_path("PATH", pathJoin(base, "bin"))\n'
    write(root, "opt/site/modulefiles/solver/7.1.lua", lua)
    write(root, "opt/site/solver/7.1/bin/solve", "#!/bin/sh\n")
    tcl = "#%Module1.0\nset prefix /opt/site/mesher/2.4\nprepend-path PATH $prefix/bin\n"
    write(root, "opt/site/modulefiles/mesher/2.4", tcl)
    write(root, "opt/site/mesher/2.4/bin/mesh", "#!/bin/sh\n")
    yield "module", "solver", "7.1"
    yield "module", "mesher", "2.4"


def jar(artifacts, inner=()):
    """A jar of these artifacts, with jars inside."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        title, version = artifacts[0]
        manifest = f"Manifest-Version: 1.0\nImplementation-Title: {title}\nImplementation-Version: {version}\n"
        archive.writestr("META-INF/MANIFEST.MF", manifest)
        for artifact, version in artifacts:
            properties = f"groupId=org.example.set\nartifactId={artifact}\nversion={version}\n"
            archive.writestr(f"META-INF/maven/org.example.set/{artifact}/pom.properties", properties)
        for name, bytes in inner:
            archive.writestr(name, bytes, zipfile.ZIP_STORED)
    return content.getvalue()


def jars(root):
    deepest = jar([("deepest", "1.1")])
    middle = jar([("middle", "1.2")], [("lib/deepest-1.1.jar", deepest)])
    shaded = jar([("shaded", "1.3"), ("inside-shaded", "0.9")])
    inner = [("BOOT-INF/lib/middle-1.2.jar", middle), ("BOOT-INF/lib/shaded-1.3.jar", shaded)]
    os.makedirs(f"{root}/opt/fat", exist_ok=True)
    with open(f"{root}/opt/fat/fat-2.0.jar", "wb") as file:
        file.write(jar([("fat", "2.0")], inner))
    for artifact, version in (
        ("deepest", "1.1"),
        ("middle", "1.2"),
        ("shaded", "1.3"),
        ("inside-shaded", "0.9"),
        ("fat", "2.0"),
    ):
        yield "maven", artifact, version


KINDS = {"spack": spack, "conda": conda, "modules": modules, "jars": jars}


def main(kind, root, truth):
    with open(truth, "a", encoding="utf-8") as file:
        for row in KINDS[kind](root):
            file.write("\t".join(row) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
