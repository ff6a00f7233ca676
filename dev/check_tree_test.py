#!/usr/bin/python3
"""Plants one fault for every rule of dev/check_tree.py and expects that rule, and no other, to find it.

  dev/check_tree_test.py [-v] [NAME...]
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import check_tree  # noqa: E402
from tree_rules import compiled  # noqa: E402
from tree_rules.tree import Tree, blank  # noqa: E402

LAYERS = {
    "uses": {"base": [], "mls": ["base"], "net": ["base", "mls"], "enclave": ["base", "mls"]},
    "core": ["base", "mls"],
    "core_forbidden_includes": ["thread", "boost/"],
    "wasm_exempt": {},
    "external_includes": {"boost/": ["net"]},
    "enclave": {"program": "chatmcp-enclave", "folders": ["base", "mls", "enclave"], "libraries": ["aws_lc_crypto"]},
    "sign_raw_callers": ["base/sign.cpp"],
    "others_files": ["tests/vectors/"],
    "file_lines_max": 60,
    "function_lines_max": 10,
    "longer_files": {},
    "longer_functions": {},
}

# A tree in which every rule has something to look at and finds nothing.
SOUND = {
    "src/base/CMakeLists.txt": "chatmcp_module(NAME base NO_EXCEPTIONS SOURCES result.cpp)\n",
    "src/base/result.h": "#pragma once\n\nnamespace chatmcp {\nint fail(int code, const char* check);\n}  // namespace chatmcp\n",
    "src/base/result.cpp": '#include "base/result.h"\n\nnamespace chatmcp {\nint fail(int code, const char*) {\n    return code;\n}\n}  // namespace chatmcp\n',
    "src/mls/CMakeLists.txt": "chatmcp_module(NAME mls NO_EXCEPTIONS SOURCES tree.cpp DEPENDS base TESTS tree_test.cpp FUZZERS tree_fuzz.cpp)\n",
    "src/mls/tree.h": '#pragma once\n\n#include "base/result.h"\n\nnamespace chatmcp::base {\nclass Other;\n}\n\nnamespace chatmcp::mls {\nint parse(int input);\n}  // namespace chatmcp::mls\n',
    "src/mls/tree.cpp": '#include "mls/tree.h"\n\nnamespace chatmcp::mls {\nenum class Errc { malformed };\nint parse(int input) {\n'
    '    return input > 0 ? fail(static_cast<int>(Errc::malformed), "MLS-01") : 0;  // "MLS-99" in a comment\n}\n}  // namespace chatmcp::mls\n',
    "src/mls/tree_test.cpp": '#include "mls/tree.h"\nTEST(Tree, RefusesWhatIsMalformed) {\n}\n',
    "src/mls/tree_fuzz.cpp": '#include "mls/tree.h"\n',
    "src/net/CMakeLists.txt": "chatmcp_module(NAME net SOURCES session.cpp DEPENDS mls)\n",
    "src/net/session.cpp": '#include <boost/asio.hpp>\n\n#include "mls/tree.h"\n\nnamespace chatmcp::net {\nawaitable<int> serve(Socket socket) {\n'
    "    const Request request{.size = 1};\n    const auto on_line = [&request](int x) { return x; };\n"
    "    const auto answer = co_await socket.read(request, on_line, buffers[0]);\n    co_return answer;\n}\n}  // namespace chatmcp::net\n",
    "src/enclave/CMakeLists.txt": "chatmcp_program(NAME chatmcp-enclave SOURCES main.cpp DEPENDS mls LINKS aws_lc_crypto)\n",
    "src/enclave/main.cpp": '#include "mls/tree.h"\nint main() {\n    return 0;\n}\n',
    "docs/CHECKS.md": "# Checks\n\n| ID | rule | spec | source | test |\n| --- | --- | --- | --- | --- |\n"
    "| MLS-01 | It parses | - | mls/tree.cpp: parse | Tree.RefusesWhatIsMalformed |\n",
    "ARCHITECTURE.md": "# Architecture\n\n## The path of a message\n\n| | file | function |\n| --- | --- | --- |\n| 1 | `src/mls/tree.cpp` | `parse` |\n"
    "| 2 | `src/base/result.cpp` | `fail` |\n\n| | file | function |\n| --- | --- | --- |\n| 1 | `src/net/session.cpp` | `serve` |\n",
    "dev/tool": "#!/bin/bash\n# dev/tool --help\nset -euo pipefail\n",
    "tests/vectors/notes.cpp": "// TO" "DO of somebody else\n",
}

ROW = "| MLS-01 | It parses | - | mls/tree.cpp: parse | Tree.RefusesWhatIsMalformed |\n"
LONG = "int long_one() {\n" + "    step();\n" * 10 + "}\n"

# rule: [(what is planted, file, replaced text or None for a whole new file, new text)]
FAULTS = {
    "include-layers": [
        ("upwards", "src/mls/tree.cpp", '#include "mls/tree.h"', '#include "mls/tree.h"\n#include "net/session.h"'),
        ("relative", "src/mls/tree.cpp", '#include "mls/tree.h"', '#include "../mls/tree.h"'),
        ("missing", "src/mls/tree.cpp", '#include "mls/tree.h"', '#include "mls/treee.h"'),
    ],
    "include-needs-depends": [("not in DEPENDS", "src/net/CMakeLists.txt", " DEPENDS mls", "")],
    "depends-layers": [("upwards", "src/mls/CMakeLists.txt", "DEPENDS base", "DEPENDS base net")],
    "external-includes": [("below net", "src/enclave/main.cpp", "int main", "#include <boost/asio.hpp>\nint main")],
    "core-includes": [
        ("thread", "src/base/result.cpp", "namespace chatmcp {", "#include <thread>\nnamespace chatmcp {"),
        ("throw", "src/base/result.cpp", "return code;", "throw code;"),
    ],
    "core-no-exceptions": [("lacking", "src/mls/CMakeLists.txt", " NO_EXCEPTIONS", "")],
    "enclave-links": [
        ("a library", "src/enclave/CMakeLists.txt", "aws_lc_crypto", "aws_lc_crypto Boost::headers"),
        ("a library of a folder", "src/mls/CMakeLists.txt", "DEPENDS base", "DEPENDS base LINKS fmt::fmt"),
    ],
    "sign-raw-callers": [("a caller", "src/mls/tree.cpp", "return input", "key.sign_raw(input);\n    return input")],
    "checks-rows": [
        ("no row", "docs/CHECKS.md", ROW, ""),
        ("no literal", "src/mls/tree.cpp", '"MLS-01"', "nullptr"),
        ("two rows", "docs/CHECKS.md", ROW, ROW + ROW),
        ("another file", "docs/CHECKS.md", "mls/tree.cpp", "base/result.cpp"),
        ("no such file", "docs/CHECKS.md", "mls/tree.cpp", "mls/gone.cpp"),
        ("no such function", "docs/CHECKS.md", "mls/tree.cpp: parse", "mls/tree.cpp: read"),
        ("an empty cell", "docs/CHECKS.md", "| It parses |", "| |"),
        ("in a new file", "src/net/session.cpp", "co_return answer", 'co_return fail(Errc::x, "NET-07")'),
    ],
    "checks-tests": [("renamed", "src/mls/tree_test.cpp", "RefusesWhatIsMalformed", "RefusesNothing")],
    "message-path": [
        ("no such function", "ARCHITECTURE.md", "`parse`", "`merge`"),
        ("no such file", "ARCHITECTURE.md", "src/net/session.cpp", "src/net/gone.cpp"),
        ("not called", "src/mls/tree.cpp", "fail(static_cast<int>(Errc::malformed), \"MLS-01\")", "(fail)(static_cast<int>(Errc::malformed), \"MLS-01\")"),
        ("one table", "ARCHITECTURE.md", "| 1 | `src/net/session.cpp` | `serve` |\n", ""),
        ("another heading", "ARCHITECTURE.md", "## The path", "## A path"),
    ],
    "fail-literal": [("no id", "src/net/session.cpp", "co_return answer", 'co_return fail(Errc::malformed, "bad")')],
    "sources-are-built": [
        ("a forgotten test", "src/mls/other_test.cpp", None, "int other();\n"),
        ("a commented name", "src/mls/CMakeLists.txt", "FUZZERS tree_fuzz.cpp", "# tree_fuzz.cpp\n"),
    ],
    "await-temporaries": [
        ("lambda", "src/net/session.cpp", "on_line, buffers", "[&request](int x) { return x; }, buffers"),
        ("aggregate", "src/net/session.cpp", "read(request", "read(Request{.size = 1}"),
        ("bare braces", "src/net/session.cpp", "read(request", "read({1, 2}"),
    ],
    "await-alone": [
        ("two", "src/net/session.cpp", "buffers[0]", "co_await socket.next()"),
        ("condition", "src/net/session.cpp", "co_return answer;", "if (co_await socket.closed()) {\n    }\n    co_return answer;"),
        ("operator", "src/net/session.cpp", "co_return answer;", "const bool both = answer > 0 && co_await socket.closed();\n    co_return both;"),
    ],
    "coroutine-lambdas": [
        ("captures", "src/net/session.cpp", "const auto on_line = [&request](int x) {", "const auto on_line = [&request](int x) -> asio::awaitable<int> {"),
    ],
    "header-form": [
        ("pragma", "src/mls/tree.h", "#pragma once\n", ""),
        ("using", "src/mls/tree.h", "int parse", "using namespace std;\nint parse"),
        ("bool", "src/mls/tree.h", "int parse(int input);", "int parse(int input);\nbool is_valid(int input);"),
    ],
    "namespace-is-folder": [("another", "src/mls/tree.cpp", "namespace chatmcp::mls {\nenum", "namespace chatmcp::net {\nenum")],
    "no-todo": [("comment", "src/mls/tree.cpp", "return input", "// TO" "DO later\n    return input")],
    "lengths": [
        ("function", "src/mls/tree_fuzz.cpp", '"mls/tree.h"\n', '"mls/tree.h"\n' + LONG),
        ("file", "src/mls/tree_fuzz.cpp", '"mls/tree.h"\n', '"mls/tree.h"\n' + "int x;\n" * 60),
    ],
    "shared-ptr-in-net": [("core", "src/mls/tree.cpp", "return input", "std::shared_ptr<int> p;\n    return input")],
    "cmake-form": [
        ("glob", "src/net/CMakeLists.txt", "chatmcp_module", "file(GLOB all *.cpp)\nchatmcp_module"),
        ("include path", "src/net/CMakeLists.txt", "chatmcp_module", "include_directories(..)\nchatmcp_module"),
        ("OpenSSL", "src/net/CMakeLists.txt", "chatmcp_module", "find_package(OpenSSL)\nchatmcp_module"),
    ],
    "no-machine-paths": [
        ("path", "dev/tool", "set -euo", "cp /ro" "ot/x .\nset -euo"),
        ("host", "dev/tool", "set -euo", "# py" "pi.org\nset -euo"),
    ],
    "scripts-help": [
        ("help", "dev/tool", "--help", ""),
        ("strict", "dev/tool", "set -euo pipefail", "set -e"),
    ],
    "core-for-wasm": [("does not compile", "src/mls/tree.cpp", "return input", "undeclared();\n    return input")],
}


def write_tree(root: Path, files: dict[str, str], layers: dict = LAYERS) -> None:
    for path, text in {**files, "dev/layers.json": json.dumps(layers)}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def plant(path: str, old: str | None, new: str) -> dict[str, str]:
    files = dict(SOUND)
    if old is None:
        assert path not in files
        files[path] = new
    else:
        assert files[path].count(old) >= 1, f"{old!r} is not in {path}"
        files[path] = files[path].replace(old, new, 1)
    return files


def rules_that_find(files: dict[str, str], layers: dict = LAYERS, wasm: bool = False) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        write_tree(Path(folder), files, layers)
        findings = check_tree.find_all(Tree.load(Path(folder)), set(), wasm, None)
        return {finding.rule: str(finding) for finding in findings}


class CheckTree(unittest.TestCase):
    maxDiff = None

    def test_a_sound_tree_has_no_finding(self):
        self.assertEqual(rules_that_find(SOUND, wasm=True), {})

    def test_every_rule_has_a_planted_fault(self):
        self.assertEqual(sorted(FAULTS), sorted([*check_tree.TEXT_RULES, check_tree.WASM_RULE]))

    def test_every_planted_fault_is_found_by_its_rule(self):
        # Some faults are wrong in two ways; the second rule is named here.
        also = {
            ("include-layers", "upwards"): {"include-needs-depends"},
            ("depends-layers", "upwards"): {"enclave-links"},
        }
        for rule, cases in FAULTS.items():
            for what, path, old, new in cases:
                with self.subTest(rule=rule, fault=what):
                    found = rules_that_find(plant(path, old, new), wasm=rule == check_tree.WASM_RULE)
                    self.assertEqual(set(found), {rule} | also.get((rule, what), set()), found)

    def test_the_lists_of_longer_files_may_only_shrink(self):
        files = plant("src/mls/tree_fuzz.cpp", '"mls/tree.h"\n', '"mls/tree.h"\n' + "int x;\n" * 60)
        for allowed, words in ((61, None), (60, "grew"), (62, "shrank")):
            found = rules_that_find(files, {**LAYERS, "longer_files": {"src/mls/tree_fuzz.cpp": allowed}})
            self.assertEqual(set(found), set() if words is None else {"lengths"})
            self.assertIn(words or "", "".join(found.values()))
        found = rules_that_find(SOUND, {**LAYERS, "longer_files": {"src/mls/tree_fuzz.cpp": 61}})
        self.assertIn("no longer too long", found["lengths"])

    def test_only_a_test_may_include_what_test_links_names(self):
        upwards = '#include "mls/tree.h"\n#include "net/session.h"'
        for path, expected in (("src/mls/tree_test.cpp", set()), ("src/mls/tree.cpp", {"include-layers"})):
            files = plant(path, '#include "mls/tree.h"', upwards)
            files["src/net/session.h"] = "#pragma once\n"
            files["src/mls/CMakeLists.txt"] = files["src/mls/CMakeLists.txt"].replace("DEPENDS", "TEST_LINKS chatmcp::net DEPENDS")
            self.assertEqual(set(rules_that_find(files)), expected)

    def test_comments_and_strings_are_told_from_code(self):
        text = 'a("x // y"); // c "d"\nR"(\n// z)" 1\'000 \'"\' /* e\n */ f'
        self.assertEqual(blank(text, strings=False), 'a("x // y");         \nR"(\n// z)" 1\'000 \'"\'     \n    f')
        self.assertEqual(len(blank(text, strings=True)), len(text))
        self.assertNotIn("z", blank(text, strings=True))

    def test_an_empty_tree_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            write_tree(Path(folder), {})
            run = subprocess.run([sys.executable, check_tree.__file__, "--root", folder], capture_output=True, text=True)
            self.assertNotEqual(run.returncode, 0)
            self.assertIn("no C++ files", run.stderr)

    def test_the_command_fails_on_a_fault(self):
        with tempfile.TemporaryDirectory() as folder:
            write_tree(Path(folder), plant("docs/CHECKS.md", ROW, ""))
            run = subprocess.run([sys.executable, check_tree.__file__, "--root", folder], capture_output=True, text=True)
            self.assertEqual(run.returncode, 1)
            self.assertIn("MLS-01 has no row", run.stdout)

    def test_what_passed_for_wasm_is_remembered_until_a_header_changes(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            write_tree(root, SOUND)
            passed = compiled.Passed(root / "passed")
            self.assertEqual(list(compiled.core_for_wasm(Tree.load(root), passed)), [])
            before = set(os.listdir(root / "passed"))
            self.assertEqual(len(before), 4)
            (root / "src/base/result.h").write_text(SOUND["src/base/result.h"].replace("int fail", "missing fail"))
            self.assertEqual(len(list(compiled.core_for_wasm(Tree.load(root), passed))), 4)
            self.assertEqual(set(os.listdir(root / "passed")), before)


class Binaries(unittest.TestCase):
    """Rules about what was linked, on programs made for the purpose."""

    def findings(self, source: str, *flags: str) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            write_tree(root, SOUND)
            (root / "bin").mkdir()
            (root / "program.c").write_text(source)
            if source:
                subprocess.run(["clang-19", "-o", root / "bin" / "chatmcp-enclave", root / "program.c", *flags], check=True)
            return [str(finding) for finding in compiled.foreign_crypto(root, Tree.load(root))]

    def test_an_exported_symbol_of_a_cryptographic_library_is_found(self):
        source = "int EVP_planted(void) { return 1; }\nint main(void) { return EVP_planted(); }\n"
        self.assertEqual(self.findings(source), [])
        (found,) = self.findings(source, "-rdynamic")
        self.assertIn("EVP_planted is in its dynamic symbol table", found)

    def test_a_program_that_was_not_built_is_a_finding(self):
        (found,) = self.findings("")
        self.assertIn("build first", found)

    def test_a_foreign_library_in_the_enclave_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            write_tree(root, SOUND)
            tree = Tree.load(root)
            recipe = "build bin/chatmcp-enclave: CXX_EXECUTABLE_LINKER main.o\n  FLAGS = -O2\n  LINK_LIBRARIES = {}\n\n"
            sound = "src/mls/libchatmcp_mls.a  /x/lib/libcrypto.a  -lm"
            for more, found in (("", 0), (" src/net/libchatmcp_net.a", 1), (" /usr/lib/librocksdb.so", 1), (" -lcurl", 1)):
                (root / "build.ninja").write_text(recipe.format(sound + more))
                self.assertEqual(len(list(compiled.enclave_libraries(root, tree))), found, more)
            (root / "build.ninja").write_text("")
            self.assertEqual(len(list(compiled.enclave_libraries(root, tree))), 1)


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent)
    unittest.main()
