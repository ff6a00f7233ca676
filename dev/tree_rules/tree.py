"""What the rules look at: the files of the project, C++ without its comments, and the CMake calls."""

import json
import re
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    rule: str
    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: [{self.rule}] {self.text}"


CPP_TOKEN = re.compile(
    r"""
    (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<raw>R"(?P<delimiter>[^\s()\\]{0,16})\(.*?\)(?P=delimiter)")
  | (?P<string>"(?:\\.|[^"\\\n])*")
  | (?P<number>(?<![\w])[0-9][\w.]*(?:'[\w.]+)*)
  | (?P<character>'(?:\\.|[^'\\\n])+')
    """,
    re.VERBOSE | re.DOTALL,
)


def blank(text: str, *, strings: bool) -> str:
    """C++ with comments (and the insides of string literals) replaced by spaces; lines and columns stay."""

    def replace(match: re.Match) -> str:
        kind = match.lastgroup if match.lastgroup != "delimiter" else "raw"
        whole = match.group(0)
        if kind == "number" or (kind != "comment" and not strings):
            return whole
        hidden = re.sub(r"[^\n]", " ", whole)
        return hidden if kind == "comment" else '"' + hidden[1:-1] + '"' if len(hidden) > 1 else hidden

    return CPP_TOKEN.sub(replace, text)


@dataclass
class SourceFile:
    path: str  # From the project's root, with slashes.
    text: str

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def code(self) -> str:
        """Without comments; string literals stay."""
        return blank(self.text, strings=False)

    @cached_property
    def bare(self) -> str:
        """Without comments and without the insides of string literals."""
        return blank(self.text, strings=True)

    @property
    def folder(self) -> str:
        """`mls` for src/mls/tree.cpp, else empty."""
        parts = self.path.split("/")
        return parts[1] if parts[0] == "src" and len(parts) == 3 else ""

    @property
    def in_folder(self) -> str:
        """`mls/tree.cpp` for src/mls/tree.cpp."""
        return self.path.removeprefix("src/")

    @property
    def is_test(self) -> bool:
        return self.path.startswith("tests/") or bool(re.search(r"(_test|_fuzz|_samples|_test_support)\.(h|cpp)$|/testing\.(h|cpp)$", self.path))

    def line_of(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1


@dataclass
class CMakeCall:
    file: str
    line: int
    command: str
    words: list[str]

    def values(self, keyword: str, keywords: set[str]) -> list[str]:
        """The words after `keyword` up to the next keyword."""
        found: list[str] = []
        reading = False
        for word in self.words:
            if word in keywords:
                reading = word == keyword
            elif reading:
                found.append(word)
        return found


MODULE_KEYWORDS = {
    "NAME", "SOURCES", "DEPENDS", "LINKS", "TESTS", "WASM_TESTS", "TEST_LINKS", "TEST_LABELS", "FUZZERS", "NO_EXCEPTIONS",
}  # fmt: skip


@dataclass
class Module:
    """One chatmcp_module or chatmcp_program call."""

    call: CMakeCall
    folder: str
    kind: str

    def get(self, keyword: str) -> list[str]:
        return self.call.values(keyword, MODULE_KEYWORDS)

    @property
    def name(self) -> str:
        return (self.get("NAME") or [""])[0]


@dataclass
class Tree:
    root: Path
    layers: dict
    files: list[SourceFile] = field(default_factory=list)

    @classmethod
    def load(cls, root: Path) -> "Tree":
        layers = json.loads((root / "dev" / "layers.json").read_text())
        tree = cls(root, layers)
        for path in list_files(root):
            try:
                text = (root / path).read_text(encoding="utf-8")
            except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
                continue  # Binary vectors, and files that are removed but still listed.
            tree.files.append(SourceFile(path, text))
        return tree

    def cpp(self, *, tests: bool = True) -> list[SourceFile]:
        """Our C++ below src, tests beside it included unless told otherwise."""
        return [f for f in self.files if f.folder and f.path.endswith((".h", ".cpp")) and (tests or not f.is_test)]

    def own_files(self) -> list[SourceFile]:
        """All but recorded data and files that are copies of others' (layers.json, others_files)."""
        return [f for f in self.files if not f.path.startswith(tuple(self.layers["others_files"]))]

    def all_cpp(self) -> list[SourceFile]:
        return [f for f in self.files if f.path.endswith((".h", ".cpp")) and f.path.split("/")[0] in ("src", "tests", "bench")]

    def find(self, path: str) -> SourceFile | None:
        return self._by_path.get(path)

    @cached_property
    def _by_path(self) -> dict[str, SourceFile]:
        return {f.path: f for f in self.files}

    @cached_property
    def cmake_calls(self) -> list[CMakeCall]:
        calls = []
        for file in self.files:
            if not (file.path.endswith("CMakeLists.txt") or file.path.endswith(".cmake")):
                continue
            text = re.sub(r"#[^\n]*", lambda m: " " * len(m.group(0)), file.text)
            for match in re.finditer(r"(?m)^[ \t]*(\w+)[ \t]*\(([^()]*(?:\([^()]*\)[^()]*)*)\)", text):
                calls.append(CMakeCall(file.path, file.line_of(match.start(1)), match.group(1).lower(), match.group(2).split()))
        return calls

    @cached_property
    def modules(self) -> list[Module]:
        found = []
        for call in self.cmake_calls:
            parts = call.file.split("/")
            if call.command in ("chatmcp_module", "chatmcp_program") and parts[0] == "src" and len(parts) == 3:
                found.append(Module(call, parts[1], call.command.removeprefix("chatmcp_")))
        return found

    def folders_of_links(self, links: list[str]) -> set[str]:
        """The folders of src in which our libraries among `links` are made (chatmcp::mls, or a further target of a folder)."""
        made = {module.name: module.folder for module in self.modules if module.kind == "module"}
        for call in self.cmake_calls:
            parts = call.file.split("/")
            if call.command == "add_library" and call.words[1:2] == ["ALIAS"] and parts[0] == "src" and len(parts) == 3:
                made[call.words[0].removeprefix("chatmcp::")] = parts[1]
        return {made[name] for name in (link.removeprefix("chatmcp::") for link in links) if name in made}

    def depends_closure(self, start: list[str]) -> set[str]:
        """Folders that `start` reaches through DEPENDS."""
        edges = {m.name: m.get("DEPENDS") for m in self.modules if m.kind == "module"}
        reached: set[str] = set()
        waiting = list(start)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting.extend(edges.get(name, []))
        return reached


def list_files(root: Path) -> list[str]:
    """What git tracks or would add; without git, all files."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if (root / ".git").exists():
        listed = subprocess.run(command, check=True, capture_output=True).stdout.decode().split("\0")
        return sorted({name for name in listed if name})
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
