#!/usr/bin/env python3
"""Reduce Wycheproof's ML-KEM-768 files: of the valid cases and of those of a wrong size every sixth, all with a flag.

usage: reduce_mlkem.py SOURCE TARGET     SOURCE: the folder testvectors_v1 of Wycheproof
"""
import json
import pathlib
import sys


def main():
    source, target = map(pathlib.Path, sys.argv[1:3])
    for name in ("mlkem_768_encaps_test", "mlkem_768_keygen_seed_test", "mlkem_768_test"):
        document = json.loads((source / f"{name}.json").read_text())
        total = kept = 0
        for group in document["testGroups"]:
            plain = {"valid": 0, "invalid": 0}
            cases = []
            for case in group["tests"]:
                total += 1
                case.pop("dk", None)  # The expanded private key: ours stays a seed.
                if not case.get("flags"):
                    plain[case["result"]] += 1
                    if plain[case["result"]] % 6 != 1:
                        continue
                cases.append(case)
            group["tests"] = cases
            kept += len(cases)
        (target / f"{name}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
        print(f"{name}: {kept} of {total}")


main()
