"""Rules of style that can be read off the text."""

import re
from collections.abc import Iterator

from .tree import Finding, SourceFile, Tree

OPEN, CLOSE = "([{", ")]}"


def end_of_statement(code: str, start: int) -> int:
    """Offset of the `;` or of the closing bracket that ends the expression that begins at `start`."""
    depth = 0
    for offset in range(start, len(code)):
        char = code[offset]
        if char in OPEN:
            depth += 1
        elif char in CLOSE:
            depth -= 1
            if depth < 0:
                return offset
        elif char == ";" and depth == 0:
            return offset
    return len(code)


CAPTURING_LAMBDA = re.compile(r"(?<![\w\])])\[\s*[^\]\s\[][^\]]*\]\s*(?:\(|\{|<|mutable|->|noexcept)")
BRACED = re.compile(r"(?:[\w>]|::)\s*\{|[(,]\s*\{|^\s*\{")


def await_temporaries(tree: Tree) -> Iterator[Finding]:
    """No capturing lambda and no braced aggregate inside a co_await expression: compilers destroy them twice (STYLE section 3)."""
    for file in tree.all_cpp():
        for match in re.finditer(r"\bco_await\b", file.bare):
            expression = file.bare[match.end() : end_of_statement(file.bare, match.end())]
            line = file.line_of(match.start())
            if CAPTURING_LAMBDA.search(expression):
                yield Finding("await-temporaries", file.path, line, "name the lambda before the co_await expression that uses it")
            elif BRACED.search(expression):
                yield Finding("await-temporaries", file.path, line, "name the braced value before the co_await expression that uses it")


def await_alone(tree: Tree) -> Iterator[Finding]:
    """One co_await per statement, none in conditions."""
    for file in tree.all_cpp():
        last_end = -1
        for match in re.finditer(r"\bco_await\b", file.bare):
            line = file.line_of(match.start())
            before = file.bare[max(0, match.start() - 400) : match.start()]
            statement = re.split(r"[;{}]", before)[-1]
            if re.search(r"\b(?:if|while|switch|for)\s*\([^;]*$", statement) or re.search(r"(?:&&|\|\||\?)[^;]*$", statement):
                yield Finding("await-alone", file.path, line, "no co_await inside a condition: name its result first")
            elif match.start() < last_end:
                yield Finding("await-alone", file.path, line, "one co_await per statement")
            last_end = end_of_statement(file.bare, match.end())


def coroutine_lambdas(tree: Tree) -> Iterator[Finding]:
    """A coroutine is a named function: a lambda's captures die before its coroutine ends."""
    for file in tree.all_cpp():
        for match in re.finditer(r"(?<![\w\])])\[\s*[^\]\s\[][^\]]*\]\s*(?:\([^()]*\))?[^{;()]*->\s*[\w:]*\bawaitable\b", file.bare):
            yield Finding("coroutine-lambdas", file.path, file.line_of(match.start()), "no capturing lambda that is a coroutine")


def header_form(tree: Tree) -> Iterator[Finding]:
    """Headers: #pragma once, no using directive; a check returns a Result, never a bool."""
    for file in tree.cpp():
        if file.path.endswith(".h"):
            if not re.search(r"(?m)^#pragma once$", file.bare):
                yield Finding("header-form", file.path, 1, "#pragma once is missing")
            for match in re.finditer(r"\busing\s+namespace\b", file.bare):
                yield Finding("header-form", file.path, file.line_of(match.start()), "no using directive in a header")
        for match in re.finditer(r"\bbool\s+(?:\w+::)*(?:is_valid|verify|check|validate)\s*\(", file.bare):
            if not file.is_test:
                yield Finding("header-form", file.path, file.line_of(match.start()), "a check returns Result<void> or the next type")


def namespace_is_folder(tree: Tree) -> Iterator[Finding]:
    """Namespace equals folder: chatmcp::mls in src/mls; base is plain chatmcp."""
    for file in tree.cpp(tests=False):
        for match in re.finditer(r"(?m)^namespace\s+(chatmcp[\w:]*)\s*\{", file.bare):
            wanted = "chatmcp" if file.folder == "base" else f"chatmcp::{file.folder}"
            if re.match(r"\s*(?:(?:class|struct|enum\s+class)\s+\w+(?:\s*:\s*[\w:]+)?;\s*)+\}", file.bare[match.end() :]):
                continue  # Only names of other folders' types.
            if match.group(1) != wanted and not match.group(1).startswith(wanted + "::"):
                yield Finding("namespace-is-folder", file.path, file.line_of(match.start()), f"namespace {match.group(1)} in folder {file.folder}")


def no_todo(tree: Tree) -> Iterator[Finding]:
    """What is still to do is an issue, not a comment."""
    word = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    for file in tree.own_files():
        if file.path.endswith((".h", ".cpp", ".cmake", ".py", ".sh", ".proto", ".ts", ".mjs")) or file.path.endswith("CMakeLists.txt"):
            for match in word.finditer(file.text):
                yield Finding("no-todo", file.path, file.line_of(match.start()), "file an issue instead")


def functions(file: SourceFile) -> Iterator[tuple[int, int, str]]:
    """(first line, number of lines, name) of the functions whose bodies end with a brace in column 0 or 4 (members)."""
    lines = file.bare.splitlines()
    for indent in ("", "    "):
        start, signature = None, ""
        for number, line in enumerate(lines):
            if start is None:
                fresh = line.startswith(indent) and len(line) > len(indent) and line[len(indent)] not in " }#)/:"
                if fresh and not re.match(r"\s*(?:namespace|class|struct|enum|union|public|private|protected|extern|using|if|for|while|switch|do|else|return|case)\b", line):
                    start, signature = number, ""
            if start is not None:
                signature += line + "\n"
                if line.startswith(indent + "}") and "{" in signature:
                    name = re.search(r"([\w:~]+)\s*\(", signature)
                    head = signature.split("{")[0]
                    if name and "(" in head and "=" not in head.split("(")[0]:
                        yield start + 1, number - start + 1, test_name(signature) or name.group(1)
                    start = None
                elif "{" not in signature and re.search(r";\s*$", line) or re.search(r"\{.*\}\s*;?\s*$", line) and signature.count("{") == signature.count("}"):
                    start = None
                elif number - start > 12 and "{" not in signature:
                    start = None


def test_name(signature: str) -> str:
    match = re.match(r"\s*TEST\w*\(\s*(\w+)\s*,\s*(\w+)\s*\)", signature)
    return f"{match.group(1)}.{match.group(2)}" if match else ""


def is_ours(path: str) -> bool:
    return path.endswith((".h", ".cpp", ".py", ".sh", ".ts", ".mjs", ".cmake")) or (path.startswith("dev/") and "." not in path)


def lengths(tree: Tree) -> Iterator[Finding]:
    """Files and functions stay short. The lists in layers.json hold exceptions, which may only shrink."""
    file_max, function_max = tree.layers["file_lines_max"], tree.layers["function_lines_max"]
    longer_files, longer_functions = tree.layers["longer_files"], tree.layers["longer_functions"]
    seen = set()
    for file in tree.own_files():
        if not is_ours(file.path):
            continue
        yield from ratchet(file.path, 1, file.path, len(file.lines), file_max, longer_files, seen)
        if file.path.endswith((".h", ".cpp")):
            for line, count, name in functions(file):
                yield from ratchet(f"{file.path}:{name}", line, file.path, count, function_max, longer_functions, seen)
    for key in sorted((set(longer_files) | set(longer_functions)) - seen):
        yield Finding("lengths", "dev/layers.json", 1, f"{key} is no longer too long: remove it from the list")


def ratchet(key: str, line: int, path: str, count: int, limit: int, exceptions: dict, seen: set) -> Iterator[Finding]:
    if count <= limit:
        return
    seen.add(key)
    allowed = exceptions.get(key)
    what = key.removeprefix(path).removeprefix(":") or "the file"
    if allowed is None:
        yield Finding("lengths", path, line, f"{what} has {count} lines, the limit is {limit}")
    elif count > allowed:
        yield Finding("lengths", path, line, f"{what} grew to {count} lines, the list allows {allowed}")
    elif count < allowed:
        yield Finding("lengths", "dev/layers.json", 1, f"{key} shrank to {count} lines: write {count} instead of {allowed}")


def shared_ptr_in_net(tree: Tree) -> Iterator[Finding]:
    """Values first, unique_ptr for interfaces; shared ownership only for the lifetime of a session in net."""
    for file in tree.cpp(tests=False):
        if file.folder in tree.layers["core"]:
            for match in re.finditer(r"\b(?:shared_ptr|make_shared|enable_shared_from_this)\b", file.bare):
                yield Finding("shared-ptr-in-net", file.path, file.line_of(match.start()), "the core has no shared ownership")


def cmake_form(tree: Tree) -> Iterator[Finding]:
    """Target-based CMake: no globbing, no folder-wide include paths, no system OpenSSL."""
    for call in tree.cmake_calls:
        if call.command in ("include_directories", "link_libraries", "link_directories", "add_definitions", "aux_source_directory"):
            yield Finding("cmake-form", call.file, call.line, f"{call.command} reaches every target; use the target_ form")
        if call.command == "file" and call.words and call.words[0].startswith("GLOB"):
            yield Finding("cmake-form", call.file, call.line, "name the files: a glob does not notice a new one")
        if any(word.startswith("OpenSSL::") for word in call.words) or (call.command == "find_package" and call.words[:1] == ["OpenSSL"]):
            yield Finding("cmake-form", call.file, call.line, "the only cryptographic library is AWS-LC")


def no_machine_paths(tree: Tree) -> Iterator[Finding]:
    """Nothing in the project names the machine that it was written on, or a registry's host."""
    patterns = [
        (re.compile(r"(?<![\w.$}])/(?:ro" r"ot|wo" r"rk|ho" r"me/[a-z]\w+)/"), "a path of one machine"),
        (re.compile(r"\b(?:regi" r"stry\.np" r"mjs|py" r"pi\.org|files\.python" r"hosted|cra" r"tes\.io|proxy\.go" r"lang|deb\.deb" r"ian|repo1?\.maven)"), "a registry's host"),
    ]
    for file in tree.files:
        for pattern, what in patterns:
            for match in pattern.finditer(file.text):
                yield Finding("no-machine-paths", file.path, file.line_of(match.start()), f"{what}: {match.group(0)}")


def scripts_help(tree: Tree) -> Iterator[Finding]:
    """Every command of dev/ answers --help from the comment at its head, and stops at the first error."""
    for file in tree.files:
        name = file.path.removeprefix("dev/")
        if name == file.path or "/" in name or "." in name or not file.text.startswith("#!"):
            continue
        if "--help" not in file.text and "argparse" not in file.text:
            yield Finding("scripts-help", file.path, 1, "no --help")
        if "bash" in file.lines[0] and not re.search(r"(?m)^set -euo pipefail$", file.text):
            yield Finding("scripts-help", file.path, 1, "set -euo pipefail is missing")


RULES = [
    await_temporaries,
    await_alone,
    coroutine_lambdas,
    header_form,
    namespace_is_folder,
    no_todo,
    lengths,
    shared_ptr_in_net,
    cmake_form,
    no_machine_paths,
    scripts_help,
]
