"""What takes too long for every day: many kills, many seeds, many mutations."""
import os
import pathlib
import subprocess
import sys

from demo import services
from demo.services import Failed

KILLS = 200
SEEDS = {"mls_test": 5000, "store_test": 100_000}
MUTATIONS_PER_FILE = 20_000


def kills() -> list[str]:
    script = services.ROOT / "tests/e2e/programs/kills_test.py"
    if not script.is_file():
        raise Failed(f"{script.relative_to(services.ROOT)} is not in this tree: the kill test cannot run")
    return [sys.executable, str(script), "--kills", str(KILLS)]


def fuzzers(build: pathlib.Path) -> list[list[str]]:
    """Every fuzz target that is built, over its corpus, with many mutations."""
    found = []
    for corpus in sorted((services.ROOT / "tests/corpus").iterdir()):
        programs = [*build.glob(f"src/*/{corpus.name}"), *build.glob(f"tests/*/{corpus.name}")]
        if not programs:
            raise Failed(f"{corpus.name} is not built: leave out --no-build")
        found.append([str(programs[0]), str(corpus), str(MUTATIONS_PER_FILE)])
    return found


def soak() -> int:
    """All parts, one after the other; the number of those that failed."""
    build = services.BIN.parent
    commands: list[tuple[str, list[str], dict]] = [
        ("random MLS groups against a model", [str(build / "src/mls/mls_test"), "--gtest_brief=1", "--gtest_filter=*GroupModel*"],
         {"CHATMCP_MODEL_SEEDS": str(SEEDS["mls_test"])}),
        ("random store operations against a model", [str(build / "src/store/store_test"), "--gtest_brief=1", "--gtest_filter=*StoreRandomRun*"],
         {"CHATMCP_MODEL_SEEDS": str(SEEDS["store_test"])}),
        *((f"mutations for {pathlib.Path(command[0]).name}", command, {}) for command in fuzzers(build)),
    ]
    failed = 0
    try:
        commands.insert(0, (f"{KILLS} kills", kills(), {}))
    except Failed as missing:
        print(f"FAILED  {KILLS} kills: {missing}", flush=True)
        failed += 1
    for what, command, variables in commands:
        print(f"begins  {what}", flush=True)
        done = subprocess.run(command, check=False, env=dict(os.environ, **variables))
        failed += done.returncode != 0
        print(f"{'FAILED ' if done.returncode else 'passed '} {what}", flush=True)
    return failed
