#!/usr/bin/env python3
"""Validates a software bill of materials by the official validators.

usage: validate.py cyclonedx-json|spdx-json FILE
"""

import re
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
    return [error for error in validate_full_spdx_document(document) if not is_newer(error)]


def is_newer(error):
    """An id that this validator's licence list is too old for; hpcctl writes the ids of the list
    in its own spdx crate, and each LicenseRef must still be declared in the document."""
    found = re.match(r"Unrecognized license reference: ([^ ]+)\. ", error.validation_message)
    return found and not found[1].startswith("LicenseRef-") and found[1] in NEWER


# Added to the SPDX licence list after the validator's copy of it.
NEWER = {"BSD-3-Clause-Tso"}


def main():
    kind, path = sys.argv[1:]
    errors = {"cyclonedx-json": cyclonedx, "spdx-json": spdx}[kind](path)
    for error in errors:
        print(error)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
