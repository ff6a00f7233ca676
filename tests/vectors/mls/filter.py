#!/usr/bin/env python3
"""Reduce the MLS working group's vector files to the cipher suites that ChatMCP has: all but 4 and 6.

usage: filter.py SOURCE TARGET     SOURCE: a folder with the original JSON files and interop/
"""
import json
import pathlib
import sys

SUITES = (1, 2, 3, 5, 7)
FILES = [
    "crypto-basics", "key-schedule", "message-protection", "messages",
    "passive-client-handling-commit", "passive-client-random", "passive-client-welcome", "psk_secret",
    "secret-tree", "transcript-hashes", "tree-math", "tree-operations", "tree-validation", "treekem", "welcome",
    "interop/application", "interop/branch", "interop/commit", "interop/external_join",
    "interop/external_proposals", "interop/reinit", "interop/welcome_join",
]


def suite_of(case):
    if "mls_key_package" in case:  # messages.json names no suite: MLSMessage is version, wire format, version, suite.
        return int(case["mls_key_package"][12:16], 16)
    return case.get("cipher_suite")  # None: the file has no suites (tree-math, deserialization).


def main():
    source, target = map(pathlib.Path, sys.argv[1:3])
    for name in FILES:
        cases = json.loads((source / f"{name}.json").read_text())
        kept = [case for case in cases if suite_of(case) in (None, *SUITES)]
        (target / f"{name}.json").write_text(json.dumps(kept, separators=(",", ":")) + "\n")
        print(f"{name}: {len(kept)} of {len(cases)}")


main()
