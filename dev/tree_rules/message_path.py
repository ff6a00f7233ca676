"""ARCHITECTURE.md's path of a message against the sources: one short way from socket to store, and no other."""

import re
from collections.abc import Iterator

from .tree import Finding, Tree

PAGE = "ARCHITECTURE.md"
FILES_MAX = 8
ROW = re.compile(r"^\| \d+ \| `(src/[\w/]+\.cpp)` \| `(\w+)` \|")
HEADING = "## The path of a message"


def message_path(tree: Tree) -> Iterator[Finding]:
    """Each step of the path of a message stands where ARCHITECTURE.md says and is called by a step before it, in at most 8 files."""
    page = tree.find(PAGE)
    numbered = list(enumerate(page.lines, 1)) if page else []
    start = next((number for number, text in numbered if text == HEADING), None)
    if start is None:
        yield Finding("message-path", PAGE, 1, f"the section {HEADING!r} is missing")
        return
    tables: list[list[tuple[int, str, str]]] = []
    for number, text in numbered[start:]:
        if text.startswith("## "):
            break
        if text.startswith("| | "):
            tables.append([])
        elif match := ROW.match(text):
            tables[-1].append((number, *match.groups()))
    if len(tables) != 2 or not all(tables):
        yield Finding("message-path", PAGE, start, "two tables are expected: the sender's and the relay's")
    for table in tables:
        before = ""
        for number, path, function in table:
            file = tree.find(path)
            if file is None or not re.search(rf"\b{function}\(", file.code):
                yield Finding("message-path", PAGE, number, f"there is no {function} in {path}")
                continue
            if before and not re.search(rf"\b{function}\(", before):
                yield Finding("message-path", PAGE, number, f"no step before it calls {function}")
            before += file.code
        if len({path for _, path, _ in table}) > FILES_MAX:
            yield Finding("message-path", PAGE, table[0][0], f"more than {FILES_MAX} files")


RULES = [message_path]
