"""Who uses whom: dev/layers.json against #include lines, DEPENDS, LINKS and the enclave's link list."""

import re
from collections.abc import Iterator

from .tree import Finding, SourceFile, Tree

INCLUDE = re.compile(r'(?m)^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)')


def includes(file: SourceFile) -> Iterator[tuple[int, str, bool]]:
    """(line, path, quoted) of every #include line."""
    for match in INCLUDE.finditer(file.code):
        yield file.line_of(match.start()), match.group(1) or match.group(2), match.group(1) is not None


def include_layers(tree: Tree) -> Iterator[Finding]:
    """A folder includes only folders that layers.json allows it, by the path from src; a test also what TEST_LINKS names."""
    uses = tree.layers["uses"]
    linked_by_tests: dict[str, set[str]] = {}
    for module in tree.modules:
        linked_by_tests.setdefault(module.folder, set()).update(tree.folders_of_links(module.get("TEST_LINKS")))
    for file in tree.cpp():
        allowed = set(uses.get(file.folder, [])) | {file.folder}
        if file.is_test:
            allowed |= linked_by_tests.get(file.folder, set())
        if file.folder not in uses:
            yield Finding("include-layers", file.path, 1, f"folder {file.folder} is not in dev/layers.json")
            continue
        for line, path, quoted in includes(file):
            if not quoted:
                continue
            other = path.split("/")[0]
            generated = path.endswith((".pb.h", "_generated.h"))
            if other in uses and other not in allowed:
                yield Finding("include-layers", file.path, line, f"{file.folder} may not include {other} ({path})")
            elif "/" not in path or path.startswith("."):
                yield Finding("include-layers", file.path, line, f'include by the path from src, not "{path}"')
            elif other in uses and not generated and tree.find(f"src/{path}") is None:
                yield Finding("include-layers", file.path, line, f"there is no src/{path}")


def include_needs_depends(tree: Tree) -> Iterator[Finding]:
    """What a folder includes is among its DEPENDS, directly or through them, so headers never outrun the link."""
    reached: dict[str, set[str]] = {}
    for module in tree.modules:
        names = [*module.get("DEPENDS"), *tree.folders_of_links(module.get("TEST_LINKS"))]
        reached.setdefault(module.folder, {module.folder}).update(tree.depends_closure(names))
    for file in tree.cpp():
        if file.folder not in reached:
            continue
        for line, path, quoted in includes(file):
            other = path.split("/")[0]
            if quoted and other in tree.layers["uses"] and other not in reached[file.folder]:
                yield Finding("include-needs-depends", file.path, line, f"{path} is included, and {other} is not in DEPENDS of src/{file.folder}")


def depends_layers(tree: Tree) -> Iterator[Finding]:
    """DEPENDS of a folder's targets are allowed by layers.json."""
    uses = tree.layers["uses"]
    for module in tree.modules:
        allowed = set(uses.get(module.folder, []))
        if module.kind == "program":
            allowed.add(module.folder)
        for name in module.get("DEPENDS"):
            if name not in allowed and name != module.folder:
                yield Finding("depends-layers", module.call.file, module.call.line, f"{module.name} may not depend on {name}")


def external_includes(tree: Tree) -> Iterator[Finding]:
    """Other people's libraries are used by the folders that layers.json names, and nowhere else."""
    rules = tree.layers["external_includes"]
    for file in tree.cpp():
        for line, path, _ in includes(file):
            for prefix, folders in rules.items():
                if path.startswith(prefix) and file.folder not in folders:
                    yield Finding("external-includes", file.path, line, f"<{path}> belongs to {', '.join(folders)} only")


def core_includes(tree: Tree) -> Iterator[Finding]:
    """The core also runs in a browser worker: no threads, files, clocks, sockets or throwing libraries."""
    for file in tree.cpp(tests=False):
        if file.folder not in tree.layers["core"]:
            continue
        for line, path, quoted in includes(file):
            for forbidden in tree.layers["core_forbidden_includes"]:
                if not quoted and (path == forbidden or (forbidden.endswith("/") and path.startswith(forbidden))):
                    yield Finding("core-includes", file.path, line, f"the core may not include <{path}>")
        for match in re.finditer(r"\b(try\s*\{|catch\s*\(|throw\b)", file.bare):
            yield Finding("core-includes", file.path, file.line_of(match.start()), "the core has no exceptions")


def core_no_exceptions(tree: Tree) -> Iterator[Finding]:
    """Every core folder is built with NO_EXCEPTIONS."""
    for module in tree.modules:
        if module.kind == "module" and module.folder in tree.layers["core"] and "NO_EXCEPTIONS" not in module.call.words:
            yield Finding("core-no-exceptions", module.call.file, module.call.line, f"{module.name} is core and lacks NO_EXCEPTIONS")


def enclave_links(tree: Tree) -> Iterator[Finding]:
    """The measured program links the reviewed folders and libraries, nothing else."""
    enclave = tree.layers["enclave"]
    for module in tree.modules:
        if module.name != enclave["program"]:
            continue
        reached = tree.depends_closure(module.get("DEPENDS"))
        for name in sorted(reached - set(enclave["folders"])):
            yield Finding("enclave-links", module.call.file, module.call.line, f"{module.name} reaches {name} through DEPENDS")
        for other in tree.modules:
            if other is module or (other.kind == "module" and other.name in reached):
                for link in sorted(set(other.get("LINKS")) - set(enclave["libraries"])):
                    yield Finding("enclave-links", other.call.file, other.call.line, f"{link} would be linked into {module.name}")


def sign_raw_callers(tree: Tree) -> Iterator[Finding]:
    """Nothing from outside is ever signed as it came: only the listed files call the bare primitive."""
    for file in tree.all_cpp():
        if file.in_folder in tree.layers["sign_raw_callers"]:
            continue
        for match in re.finditer(r"\bsign_raw\s*\(", file.bare):
            yield Finding("sign-raw-callers", file.path, file.line_of(match.start()), "use identity::sign_with_label (DESIGN, no raw signing)")


RULES = [
    include_layers,
    include_needs_depends,
    depends_layers,
    external_includes,
    core_includes,
    core_no_exceptions,
    enclave_links,
    sign_raw_callers,
]
