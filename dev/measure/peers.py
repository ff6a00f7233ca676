"""Programs around other implementations, for comparison only: built when their compiler is there, so nothing else depends on them."""
import pathlib
import shutil
import subprocess
import sys

from demo import services

FOLDER = services.ROOT / "bench/peers"


def cargo_program(folder: str, names: str) -> pathlib.Path | None:
    """The Rust program of bench/peers/`folder`, around `names`."""
    cargo = shutil.which("cargo")
    if cargo is None:
        print(f"no cargo, so no figures of {names}: install Rust 1.85 or newer and put its cargo into PATH", file=sys.stderr)
        return None
    made = services.ROOT / f"build/{folder.replace('_', '-')}-peer"
    try:
        shutil.copytree(FOLDER / folder, made, dirs_exist_ok=True, ignore=shutil.ignore_patterns("Cargo.lock"))
        restore_lock(cargo, FOLDER / folder / "Cargo.lock", made)
        subprocess.run([cargo, "build", "--release", "--locked"], cwd=made, check=True, stdout=sys.stderr)
    except subprocess.CalledProcessError:
        print(f"{names}: not built, cargo's messages are above; no figures of it", file=sys.stderr)
        return None
    return made / f"target/release/{folder}_peer"


def restore_lock(cargo: str, pins: pathlib.Path, folder: pathlib.Path) -> None:
    """The committed Cargo.lock does not name the registry, because this machine's may be another one; cargo does. Its checksums are the pins."""
    lock = folder / "Cargo.lock"
    if not lock.is_file():
        subprocess.run([cargo, "generate-lockfile"], cwd=folder, check=True, stdout=sys.stderr)
    source = next(line for line in lock.read_text().splitlines() if line.startswith("source = "))
    pinned = pins.read_text().splitlines()
    lock.write_text("".join(f"{source}\n{line}\n" if line.startswith("checksum = ") else f"{line}\n" for line in pinned))


def go_program(folder: str, names: str) -> pathlib.Path | None:
    """The Go program of bench/peers/`folder`, around `names`; go.sum has the pins."""
    go = shutil.which("go")
    if go is None:
        print(f"no go, so no figures of {names}: install Go 1.24 or newer and put it into PATH", file=sys.stderr)
        return None
    made = services.ROOT / f"build/{folder.replace('_', '-')}-peer"
    done = subprocess.run([go, "build", "-mod=readonly", "-o", str(made / folder), "."], cwd=FOLDER / folder, check=False, stdout=sys.stderr)
    if done.returncode != 0:
        print(f"{names}: not built, go's messages are above; no figures of it", file=sys.stderr)
        return None
    return made / folder
