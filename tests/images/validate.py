#!/usr/bin/env python3
"""Validates a software bill of materials by the official validators.

usage: validate.py cyclonedx-json|spdx-json FILE
"""

import sys


def cyclonedx(path):
    import json

    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    with open(path, encoding="utf-8") as file:
        text = file.read()
    version = SchemaVersion.from_version(json.loads(text)["specVersion"])
    error = JsonStrictValidator(version).validate_str(text)
    return [error] if error else []


def spdx(path):
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    document = parse_file(path)
    return validate_full_spdx_document(document)


def main():
    kind, path = sys.argv[1:]
    errors = {"cyclonedx-json": cyclonedx, "spdx-json": spdx}[kind](path)
    for error in errors:
        print(error)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
