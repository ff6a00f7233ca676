"""Rules that need a compiler or a build: the core for WebAssembly, and the symbols of the binaries."""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .layering import includes
from .tree import Finding, SourceFile, Tree

WASM = [
    "clang++-19", "--target=wasm32-wasi", "-fsyntax-only", "-std=c++23", "-fno-exceptions",
    "-Wall", "-Wextra", "-Wno-pragma-once-outside-header", "-Werror=implicit-function-declaration",
]  # fmt: skip

# Where a quoted include is looked for; the program's headers are the chain's layouts.
INCLUDE_FOLDERS = ["src", "program/include"]


def dependency_folder() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.environ.get("HOME", "/"), ".cache")
    return Path(os.environ.get("CHATMCP_DEPS") or os.path.join(cache, "chatmcp"))


def reachable(tree: Tree, file: SourceFile) -> list[SourceFile]:
    """`file` and all headers of ours that it includes, in a fixed order."""
    found: dict[str, SourceFile] = {}
    waiting = [file]
    while waiting:
        current = waiting.pop()
        if current.path not in found:
            found[current.path] = current
            named = [path for _, path, quoted in includes(current) if quoted]
            others = (tree.find(f"{folder}/{path}") for path in named for folder in INCLUDE_FOLDERS)
            waiting.extend(other for other in others if other)
    return [found[path] for path in sorted(found)]


class Passed:
    """What passed before, by the hash of everything that decides it; an empty file each, shared by all clones."""

    def __init__(self, folder: Path | None):
        self.folder = folder
        if folder:
            folder.mkdir(parents=True, exist_ok=True)

    def __contains__(self, digest: str) -> bool:
        return self.folder is not None and (self.folder / digest).exists()

    def add(self, digest: str) -> None:
        if self.folder:
            (self.folder / digest).touch()


def digest_of(tree: Tree, file: SourceFile, settings: str) -> str:
    """Hash of `file`, of every header of ours that it reaches, and of how it is looked at."""
    digest = hashlib.sha256(settings.encode() + b"\0")
    for part in reachable(tree, file):
        digest.update(part.path.encode() + b"\0" + part.text.encode() + b"\0")
    return digest.hexdigest()


def make_generated_headers(tree: Tree, folder: Path) -> str:
    """Writes into `folder` the header that the build makes for the core, where the tree has its maker; its text."""
    maker = tree.root / "program/error_texts.py"
    made = folder / "chain/program_errors_generated.h"
    if not maker.exists():
        return ""
    made.parent.mkdir()
    errors = tree.root / "program/include/program/errors.h"
    subprocess.run([sys.executable, str(maker), str(errors), str(made)], check=True)
    return made.read_text()


def core_for_wasm(tree: Tree, passed: Passed = Passed(None)) -> Iterator[Finding]:
    """Every file of the core compiles for WebAssembly."""
    with tempfile.TemporaryDirectory() as generated:
        yield from compile_core(tree, passed, Path(generated))


def compile_core(tree: Tree, passed: Passed, generated: Path) -> Iterator[Finding]:
    """The findings of core_for_wasm; headers that the build makes are made in `generated`."""
    aws_lc = sorted(dependency_folder().glob("aws-lc-*/include"))
    system = [f"-isystem{path}" for path in aws_lc]
    settings = " ".join([*WASM, *(path.parent.name for path in aws_lc), make_generated_headers(tree, generated)])
    ours = [f"-I{folder}" for folder in (*(tree.root / name for name in INCLUDE_FOLDERS), generated)]
    jobs: list[tuple[SourceFile, str]] = []
    for file in tree.cpp(tests=False):
        if file.folder in tree.layers["core"] and file.in_folder not in tree.layers["wasm_exempt"]:
            digest = digest_of(tree, file, f"{settings} {file.path}")
            if digest not in passed:
                jobs.append((file, digest))

    def compile_one(job: tuple[SourceFile, str]) -> tuple[SourceFile, str, str]:
        file, digest = job
        command = [*WASM, "-xc++", *ours, *system, str(tree.root / file.path)]
        result = subprocess.run(command, capture_output=True, text=True, errors="replace")
        return file, digest, "" if result.returncode == 0 else result.stderr

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        for file, digest, errors in pool.map(compile_one, jobs):
            if not errors:
                passed.add(digest)
                continue
            first = next((line for line in errors.splitlines() if "error:" in line), errors.strip().splitlines()[-1])
            position = re.match(r"[^:]+:(\d+):", first)
            line = int(position.group(1)) if position and file.path in first else 1
            yield Finding("core-for-wasm", file.path, line, first.split("error:")[-1].strip())


def binaries_of(build: Path) -> list[Path]:
    found = []
    for path in sorted((build / "bin").glob("*")):
        if path.is_file() and os.access(path, os.X_OK) and path.read_bytes()[:4] == b"\x7fELF":
            found.append(path)
    return found


def foreign_crypto(build: Path, tree: Tree) -> Iterator[Finding]:
    """No binary exports or asks for EVP_ symbols, or loads another libcrypto: two such libraries in one process mix."""
    binaries = binaries_of(build)
    names = {path.name for path in binaries}
    for module in tree.modules:
        if module.kind == "program" and module.name not in names:
            yield Finding("foreign-crypto", module.call.file, module.call.line, f"{module.name} is not in {build / 'bin'}: build first")
    for path in binaries:
        symbols = subprocess.run(["nm", "-D", str(path)], capture_output=True, text=True, check=True).stdout
        for symbol in sorted(set(re.findall(r"\b(?:EVP|SSL|CRYPTO|X509)_\w+", symbols)))[:3]:
            yield Finding("foreign-crypto", f"bin/{path.name}", 1, f"{symbol} is in its dynamic symbol table")
        loaded = subprocess.run(["ldd", str(path)], capture_output=True, text=True).stdout
        for library in sorted(set(re.findall(r"\blib(?:crypto|ssl|gnutls|mbedcrypto)\.so\S*", loaded))):
            yield Finding("foreign-crypto", f"bin/{path.name}", 1, f"it loads {library}")


def enclave_libraries(build: Path, tree: Tree) -> Iterator[Finding]:
    """The linker's own list for the measured program: only folders and libraries that layers.json allows it."""
    name = tree.layers["enclave"]["program"]
    recipe = build / "build.ninja"
    text = recipe.read_text(errors="replace") if recipe.is_file() else ""
    match = re.search(rf"(?m)^build bin/{re.escape(name)}: .*\n(?:  .*\n)*?  LINK_LIBRARIES = (.*)$", text)
    if not match:
        if any(module.name == name for module in tree.modules):
            yield Finding("enclave-libraries", str(recipe), 1, f"no link command for {name}")
        return
    folders = {f"libchatmcp_{folder}.a" for folder in tree.layers["enclave"]["folders"]}
    libraries = {
        "aws_lc_crypto": {"libcrypto.a"},
        "llama_cpp": {"libllama.a", "libggml.a", "libggml-cpu.a", "libggml-base.a"},
        "seccomp": {"libseccomp.so", "libseccomp.a"},
        "fmt::fmt-header-only": set(),
    }
    allowed = set(folders)
    for library in tree.layers["enclave"]["libraries"]:
        allowed |= libraries[library]
    for word in match.group(1).split():
        file = word.rsplit("/", 1)[-1]
        if file.startswith("lib") and file not in allowed:
            yield Finding("enclave-libraries", f"bin/{name}", 1, f"{file} is linked into it")
        elif word.startswith("-l") and word not in ("-lm", "-ldl", "-lpthread"):
            yield Finding("enclave-libraries", f"bin/{name}", 1, f"{word} is linked into it")
