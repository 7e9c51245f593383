#!/usr/bin/env python3
"""The demo's input and its proof, without any use of the library.

    demo_package_database.py STATUS operations first|second    NDJSON for `datawal apply`
    demo_package_database.py STATUS operations third COUNT     records for the writer that is killed
    demo_package_database.py STATUS check EXPORT COUNT         compares an export with what the input says

STATUS is a dpkg status file. The first pass puts every stanza under "package:architecture"; the second
puts every fifth again with a line added and deletes every seventh; the third puts COUNT numbered records.
"""

import base64
import json
import sys

CHANGED = b"X-Datawal-Demo: changed\n"


def stanzas(path):
    """The stanzas of a status file by package and architecture, in its order."""
    found = {}
    with open(path, "rb") as file:
        for stanza in file.read().split(b"\n\n"):
            fields = dict(line.split(b": ", 1) for line in stanza.splitlines() if b": " in line[1:]
                          and not line.startswith(b" "))
            if b"Package" in fields:
                key = fields[b"Package"] + b":" + fields.get(b"Architecture", b"")
                found[key] = stanza.strip(b"\n") + b"\n"
    return found


def encode(data):
    return base64.b64encode(data).decode("ascii")


def put(key, value):
    return {"op": "put", "key_b64": encode(key), "value_b64": encode(value)}


def first_pass(packages):
    return [put(key, value) for key, value in packages.items()]


def second_pass(packages):
    operations = []
    for index, (key, value) in enumerate(packages.items()):
        if index % 5 == 0:
            operations.append(put(key, value + CHANGED))
        if index % 7 == 0:
            operations.append({"op": "delete", "key_b64": encode(key)})
    return operations


def third_key(number):
    return b"demo/killed/%06d" % number


def third_value(number):
    return b"written before the kill, number %06d" % number


def third_pass(count):
    return [put(third_key(number), third_value(number)) for number in range(count)]


def expected(packages, survivors):
    state = {}
    for index, (key, value) in enumerate(packages.items()):
        if index % 7 != 0:
            state[key] = value + CHANGED if index % 5 == 0 else value
    state.update((third_key(number), third_value(number)) for number in range(survivors))
    state[b"demo/after"] = b"written after the recovery"
    return state


def check(packages, export, count):
    found = {}
    with open(export, "rb") as file:
        for line in file:
            record = json.loads(line)
            key = base64.b64decode(record["key_b64"], validate=True)
            if key in found:
                sys.exit(f"the export has {key!r} twice")
            found[key] = base64.b64decode(record["value_b64"], validate=True)
    if list(found) != sorted(found):
        sys.exit("the export is not in the order of its keys")
    survivors = sum(key.startswith(b"demo/killed/") for key in found)
    if not 0 < survivors < count:
        sys.exit(f"{survivors} of {count} records of the killed writer are there, "
                 "expected some and not all")
    wanted = expected(packages, survivors)
    for key in sorted(wanted.keys() | found.keys()):
        if wanted.get(key) != found.get(key):
            sys.exit(f"{key!r} differs: expected {wanted.get(key)!r}, found {found.get(key)!r}")
    print(f"{len(found)} keys compared with the input, {survivors} of them from the killed writer: all equal")


def main(arguments):
    packages = stanzas(arguments[0])
    if not packages:
        sys.exit(f"{arguments[0]} has no package in it")
    match arguments[1:]:
        case ["operations", "first"]:
            operations = first_pass(packages)
        case ["operations", "second"]:
            operations = second_pass(packages)
        case ["operations", "third", count]:
            operations = third_pass(int(count))
        case ["check", export, count]:
            check(packages, export, int(count))
            return
        case _:
            sys.exit(__doc__)
    for operation in operations:
        print(json.dumps(operation, separators=(",", ":")))


if __name__ == "__main__":
    main(sys.argv[1:])
