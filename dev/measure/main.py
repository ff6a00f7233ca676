"""Measure and judge the bars of docs/BENCHMARKS.md, every one against a floor or a peer of the same run.

    dev/bench                     all benches, as tables
    dev/bench NAME [--json]       one bench; --json: a list of objects {name, value, unit, floor, peer, ratio, bar, ok}
    dev/bench --list              the names
    dev/bench soak                by hand, for hours: 200 kills, thousands of seeds, many mutations

Exit: 0 every bar holds, 1 a bar is missed (or a part of soak failed), 2 usage, 4 something could not be measured.
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "dev"))

from demo import services  # noqa: E402
from measure import machine, rows, run, soak  # noqa: E402
from measure.benches import BENCHES  # noqa: E402

PROGRAMS = ("chatmcp", "chatmcp-node", "chatmcp-host", "chatmcp-simtee", "chatmcp-enclave", "chatmcp_bench", "chatmcp_mls_bench", "chatmcp_attest_bench")
WASM_TARGETS = ("chatmcp_wasm_bench",)
SOAK = "soak"


def arguments() -> argparse.Namespace:
    names = "\n".join(f"    {name:8} {bench.__doc__}" for name, bench in BENCHES.items())
    parser = argparse.ArgumentParser(prog="dev/bench", description=f"{__doc__}\nThe benches:\n{names}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", choices=[*BENCHES, SOAK], metavar="NAME", help="one bench, or soak; without it all benches")
    parser.add_argument("--list", action="store_true", help="the names of the benches, one a line")
    parser.add_argument("--json", action="store_true", help="one list of objects on standard output, and nothing else there")
    parser.add_argument("--model", default="small", metavar="small|default|FILE",
                        help="model of the engine bench: small (135M), default (1.5B) or a GGUF file")
    parser.add_argument("--quick", action="store_true", help="few rounds: shows that it works, the figures mean nothing")
    parser.add_argument("--real-time", action="store_true",
                        help="run before all other programs of the machine (SCHED_FIFO, needs root), for a machine that others use too")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT / "build", metavar="DIR",
                        help="a folder on the disk to be measured (default: build); what is put there is removed again")
    parser.add_argument("--no-build", action="store_true", help="use the programs as they are built")
    parser.add_argument("--bin", type=pathlib.Path, metavar="DIR", help="the programs of another build folder (implies --no-build)")
    return parser.parse_args()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def prepare(model: str, builds: dict[str, tuple[str, ...]]) -> None:
    """Bring what is missing and build the targets of each preset; standard output stays free for the result."""
    known = model if model in ("small", "default") else "none"
    # What WebAssembly is built from comes with what tests need.
    setup = [str(ROOT / "dev/setup"), "--model", known, *(() if "wasm" in builds else ("--no-tests",))]
    commands = [["bash", "-c", f"source {ROOT}/dev/lib.sh && use_tools && build {preset} {' '.join(targets)}"] for preset, targets in builds.items()]
    for command in (setup, *commands):
        if subprocess.run(command, check=False, stdout=sys.stderr).returncode != 0:
            raise services.Failed("setup or build failed; its messages are above", 4)


def builds_of(name: str | None) -> dict[str, tuple[str, ...]]:
    """Preset and targets; no targets: everything."""
    if name == SOAK:
        return {"release": ()}
    if name == "wasm":
        return {"wasm": WASM_TARGETS}
    return {"release": PROGRAMS} | ({} if name else {"wasm": WASM_TARGETS})


def come_first() -> None:
    """Others' programs wait for this one and for all that it starts."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError as problem:
        raise services.Failed(f"--real-time: {problem.strerror}; it takes root", 2) from problem


def measure(options: argparse.Namespace) -> tuple[list[rows.Row], services.Failed | None]:
    """The rows of all benches that could be measured, and why the last of the others could not."""
    found: list[rows.Row] = []
    failure = None
    wanted = [options.name] if options.name else list(BENCHES)
    model = services.model_file(options.model) if "engine" in wanted else None
    with run.run_in(options.data.resolve(), options.quick, model) as current:
        header = machine.describe(current.folder) + (", real-time priority" if options.real_time else "")
        say(header)
        if not options.json:
            print(header)
        for name in wanted:
            say(f"{name}: begins, load {machine.load()}")
            try:
                made = BENCHES[name](current)
            except services.Failed as failed:
                say(f"dev/bench: {name}: {failed}")
                failure = failed
                continue
            found += made
            if not options.json:
                print(f"\n## {name}\n\n{rows.table(made)}", flush=True)
        say(f"load {machine.load()} at the end")
    if options.json and (found or failure is None):
        print(json.dumps([row.as_object() for row in found], indent=1))
    return found, failure


def main() -> int:
    options = arguments()
    if options.list:
        print("\n".join(BENCHES))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if options.bin:
        services.BIN = options.bin.resolve()
    elif not options.no_build:
        # Fuzz targets are many: for soak, everything.
        prepare(options.model, builds_of(options.name))
    if options.real_time:
        come_first()
    if options.name == SOAK:
        return 1 if soak.soak() else 0
    found, failure = measure(options)
    missed = [row for row in found if row.ok is False]
    for row in missed:
        say(f"missed: {row.name} is {rows.rounded(row.value)} {row.unit}, the bar is {row.bar}")
    if failure is not None:
        return exit_code(failure)
    return 1 if missed else 0


def exit_code(failure: services.Failed) -> int:
    return 2 if failure.exit_code == 2 else 4


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except services.Failed as failure:
        say(f"dev/bench: {failure}")
        sys.exit(exit_code(failure))
