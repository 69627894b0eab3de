#!/usr/bin/env python3
"""Validates software bills of materials by the official validators.

usage: validate.py FORMAT=FILE...
FORMAT: cyclonedx-json, cyclonedx-xml, spdx-json, spdx-tag-value, each also as FORMAT@VERSION,
which must then be the version of the file; and ntia, the minimum elements in an SPDX file.
"""

import json
import re
import sys


def cyclonedx_json(path, wanted):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    with open(path, encoding="utf-8") as file:
        text = file.read()
    version = json.loads(text)["specVersion"]
    if wanted and version != wanted:
        return [f"the file says {version}"]
    error = JsonStrictValidator(SchemaVersion.from_version(version)).validate_str(text)
    return [error] if error else []


def cyclonedx_xml(path, wanted):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.xml import XmlValidator

    with open(path, encoding="utf-8") as file:
        text = file.read()
    version = re.search(r'xmlns="http://cyclonedx.org/schema/bom/([0-9.]+)"', text)[1]
    if wanted and version != wanted:
        return [f"the file says {version}"]
    error = XmlValidator(SchemaVersion.from_version(version)).validate_str(text)
    return [error] if error else []


def spdx(path, _wanted):
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    return validate_full_spdx_document(parse_file(path))


def ntia(path, _wanted):
    from ntia_conformance_checker import SbomChecker

    checker = SbomChecker(path, validate=False, compliance="ntia")
    if checker.compliant:
        return []
    return [f"{name}: {components}" for name, components in checker.all_components_without_info] or [
        "not conformant"
    ]


VALIDATORS = {
    "cyclonedx-json": cyclonedx_json,
    "cyclonedx-xml": cyclonedx_xml,
    "spdx-json": spdx,
    "spdx-tag-value": spdx,
    "ntia": ntia,
}


def main():
    failed = False
    for argument in sys.argv[1:]:
        form, path = argument.split("=", 1)
        name, _, version = form.partition("@")
        for error in VALIDATORS[name](path, version):
            print(f"{form}: {error}")
            failed = True
    return 1 if failed or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
