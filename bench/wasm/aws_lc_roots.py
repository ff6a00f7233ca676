#!/usr/bin/python3
"""Which functions of AWS-LC a module calls, as options of the linker: what AWS-LC alone would be made of.

    aws_lc_roots.py OUTPUT MODULE LIBCRYPTO OURS...

MODULE was linked and still has its functions' names; OURS are the archives of our objects. A root is a function that one of ours
asks for, that LIBCRYPTO has, and that the linker kept in MODULE.
"""
import pathlib
import subprocess
import sys

NM = "llvm-nm-19"


def symbols(path: str, *options: str) -> set[str]:
    listed = subprocess.run([NM, "--format=just-symbols", *options, path], capture_output=True, text=True, check=True).stdout
    return {line for line in listed.splitlines() if line and not line.endswith(":")}


def main() -> int:
    output, module, library, *ours = sys.argv[1:]
    wanted = set().union(*(symbols(path, "--undefined-only") for path in ours))
    roots = sorted(wanted & symbols(library, "--defined-only", "--extern-only") & symbols(module, "--defined-only"))
    if len(roots) < 20:
        sys.exit(f"aws_lc_roots: only {len(roots)} functions of AWS-LC are called, which cannot be")
    pathlib.Path(output).write_text("".join(f"-Wl,--export={name}\n" for name in roots))
    return 0


if __name__ == "__main__":
    sys.exit(main())
