#!/usr/bin/python3
"""Holds the tree against its own rules: layers, CHECKS rows, style, WebAssembly, symbols of the binaries.

  dev/check_tree.py                      all rules that need no build
  dev/check_tree.py --wasm               also compile the core for WebAssembly (minutes; remembers what passed)
  dev/check_tree.py --build build/X      also the rules about the binaries in build/X/bin
  dev/check_tree.py --rule lengths ...   only the named rules
  dev/check_tree.py --list               the rules, one sentence each
  dev/check_tree.py --root FOLDER        another tree (for the tests of this script)

Who may use whom, the exceptions and the limits are data in dev/layers.json. Exit 0: nothing found; 1: findings.
"""

import argparse
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tree_rules import checks, compiled, layering, message_path, style  # noqa: E402
from tree_rules.tree import Finding, Tree  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
TEXT_RULES = {rule.__name__.replace("_", "-"): rule for rule in [*layering.RULES, *checks.RULES, *message_path.RULES, *style.RULES]}
WASM_RULE = "core-for-wasm"
BUILD_RULES = ("foreign-crypto", "enclave-libraries")


def first_sentence(rule) -> str:
    return " ".join((rule.__doc__ or "").split())


def list_rules() -> None:
    descriptions = {name: first_sentence(rule) for name, rule in TEXT_RULES.items()}
    descriptions[WASM_RULE] = first_sentence(compiled.core_for_wasm)
    descriptions["foreign-crypto"] = first_sentence(compiled.foreign_crypto)
    descriptions["enclave-libraries"] = first_sentence(compiled.enclave_libraries)
    for name, text in descriptions.items():
        print(f"{name:22} {text}")


def find_all(tree: Tree, wanted: set[str], wasm: bool, build: Path | None) -> list[Finding]:
    findings: list[Finding] = []
    for name, rule in TEXT_RULES.items():
        if not wanted or name in wanted:
            findings.extend(rule(tree))
    if wasm and (not wanted or WASM_RULE in wanted):
        findings.extend(compiled.core_for_wasm(tree, compiled.Passed(compiled.dependency_folder() / "passed-wasm")))
    if build is not None:
        if not wanted or "foreign-crypto" in wanted:
            findings.extend(compiled.foreign_crypto(build, tree))
        if not wanted or "enclave-libraries" in wanted:
            findings.extend(compiled.enclave_libraries(build, tree))
    return findings


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--rule", nargs="+", default=[], choices=[*TEXT_RULES, WASM_RULE, *BUILD_RULES])
    parser.add_argument("--wasm", action="store_true")
    parser.add_argument("--build", type=Path)
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if arguments.list:
        list_rules()
        return 0

    tree = Tree.load(arguments.root.resolve())
    if not tree.cpp():
        sys.exit(f"check_tree: {arguments.root} has no C++ files below src")
    findings = find_all(tree, set(arguments.rule), arguments.wasm or WASM_RULE in arguments.rule, arguments.build)
    for finding in sorted(findings, key=lambda f: (f.file, f.line, f.rule)):
        print(finding)
    print(f"check_tree: {len(tree.files)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
