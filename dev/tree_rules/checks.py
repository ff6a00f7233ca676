"""docs/CHECKS.md against the sources, in both directions, and that every source and test is built."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .tree import Finding, Tree

PAGE = "docs/CHECKS.md"
ID = r"[A-Z][A-Z0-9]{1,5}-\d{2,3}"
LITERAL = re.compile(rf'"({ID})"')
TEST = re.compile(r"\b(?:TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P)\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)")


@dataclass
class Row:
    line: int
    id: str
    rule: str
    specification: str
    source: str
    test: str


def rows(tree: Tree) -> tuple[list[Row], list[Finding]]:
    page = tree.find(PAGE)
    if page is None:
        return [], [Finding("checks-rows", PAGE, 1, "the page is missing")]
    found, bad = [], []
    for number, text in enumerate(page.lines, 1):
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", text.strip().strip("|"))]
        if not text.startswith("|") or cells[0].lower() == "id" or set(cells[0]) <= set("-: "):
            continue
        if len(cells) != 5 or not re.fullmatch(ID, cells[0].strip("`")) or not all(cells):
            bad.append(Finding("checks-rows", PAGE, number, "a row has five filled cells: id, rule, specification or -, file: function, test"))
            continue
        found.append(Row(number, cells[0].strip("`"), *cells[1:]))
    return found, bad


def literals(tree: Tree) -> dict[str, list[tuple[str, int]]]:
    """Every check id in the sources that are not tests, with its places."""
    places: dict[str, list[tuple[str, int]]] = {}
    for file in tree.cpp(tests=False):
        for match in LITERAL.finditer(file.code):
            places.setdefault(match.group(1), []).append((file.path, file.line_of(match.start())))
    return places


def sources_of(row: Row) -> list[tuple[str, list[str]]]:
    """What a row names as its source: "mls/tree.cpp: merge, Tree::apply; mls/leaf.cpp" gives files and their functions."""
    found = []
    for part in row.source.split(";"):
        match = re.match(r"\s*`?(?:src/)?([\w/]+\.(?:cpp|h))`?\s*(?::(.*))?$", part)
        if match:
            names = re.findall(r"[A-Za-z_~][\w:~]*", match.group(2) or "")
            found.append((f"src/{match.group(1)}", names))
    return found


def checks_rows(tree: Tree) -> Iterator[Finding]:
    """Every id in the sources has exactly one row; each file that a row names has the id and the functions."""
    table, bad = rows(tree)
    yield from bad
    used = literals(tree)
    seen: dict[str, int] = {}
    for row in table:
        if row.id in seen:
            yield Finding("checks-rows", PAGE, row.line, f"{row.id} has a row in line {seen[row.id]} already")
        seen[row.id] = row.line
        if row.id not in used:
            yield Finding("checks-rows", PAGE, row.line, f"{row.id} occurs nowhere in src")
            continue
        named = sources_of(row)
        if not named:
            yield Finding("checks-rows", PAGE, row.line, f"{row.id} names no source file")
        for path, functions in named:
            file = tree.find(path)
            if file is None:
                yield Finding("checks-rows", PAGE, row.line, f"{row.id} names {path}, which does not exist")
                continue
            if path not in {place for place, _ in used[row.id]}:
                elsewhere = ", ".join(sorted({place for place, _ in used[row.id]}))
                yield Finding("checks-rows", PAGE, row.line, f"{row.id} is not in {path} but in {elsewhere}")
            for function in functions:
                if not re.search(rf"\b{re.escape(function.rsplit('::', 1)[-1])}\b", file.code):
                    yield Finding("checks-rows", PAGE, row.line, f"{row.id} names {function}, which is not in {path}")
    pending = set(tree.layers.get("checks_without_row", []))
    for name, places in sorted(used.items()):
        if name not in seen and name not in pending:
            yield Finding("checks-rows", *places[0], f"{name} has no row in {PAGE}")
    for name in sorted(pending & (set(seen) | (pending - set(used)))):
        yield Finding("checks-rows", "dev/layers.json", 1, f"checks_without_row still lists {name}")


def tests_of(tree: Tree) -> set[str]:
    found = set()
    for file in tree.all_cpp():
        found.update(f"{suite}.{name}" for suite, name in TEST.findall(file.bare))
    return found


def checks_tests(tree: Tree) -> Iterator[Finding]:
    """Every row names a test that exists: Suite.Name, or the path of a script below tests."""
    known = tests_of(tree)
    for row in rows(tree)[0]:
        names = [name.strip("` ") for name in re.split(r"[,;]|\band\b|<br>", row.test)]
        for name in filter(None, names):
            if name not in known and not ("/" in name and tree.find(name)):
                yield Finding("checks-tests", PAGE, row.line, f"{row.id} names the test {name}, which does not exist")


def fail_literal(tree: Tree) -> Iterator[Finding]:
    """A check id that is written out has the form of one: ABC-01."""
    for file in tree.cpp(tests=False):
        for match in re.finditer(rf'\bfail\s*\(\s*(?:\w+::)*Errc::\w+\s*,\s*"(?!{ID}")[^"]*"', file.code):
            yield Finding("fail-literal", file.path, file.line_of(match.start()), "a check id looks like ABC-01")


def sources_are_built(tree: Tree) -> Iterator[Finding]:
    """Every .cpp below src is named in its folder's CMakeLists.txt, or it is never compiled and its tests never run."""
    for file in tree.cpp():
        if not file.path.endswith(".cpp"):
            continue
        recipe = tree.find(f"src/{file.folder}/CMakeLists.txt")
        name = file.path.rsplit("/", 1)[1]
        text = re.sub(r"#[^\n]*", "", recipe.text) if recipe else ""
        if not re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text):
            yield Finding("sources-are-built", file.path, 1, f"not named in src/{file.folder}/CMakeLists.txt")
        elif name.endswith("_fuzz.cpp") and not any(name in m.get("FUZZERS") for m in tree.modules if m.folder == file.folder):
            yield Finding("sources-are-built", file.path, 1, "a fuzzer stands in FUZZERS")


RULES = [checks_rows, checks_tests, fail_literal, sources_are_built]
