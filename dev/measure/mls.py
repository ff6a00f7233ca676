"""The bench of the MLS library: each operation against the bare AWS-LC calls in it, and against other implementations in the same minute."""
import json
import os
import pathlib
import statistics
import subprocess
import sys

from demo import services
from demo.services import Failed
from measure import peers, rows
from measure.rows import Row
from measure.run import PROGRAM_SECONDS_MAX, Run

PROGRAM = "chatmcp_mls_bench"
SUITES = (3, 1)

# The most that an operation may cost, in the bare calls' time.
MESSAGE_RATIO_MAX = {"encrypt": 1.2, "decrypt": 1.06}
FLAT_RATIO_MAX = 1.1
CREATE_COMMIT_RATIO_MAX = 1.6
PROCESS_COMMIT_RATIOS_MAX = (2, 2.5)  # N = 1000; 10,000
CREATION_RATIO_MAX = {("create", 1): 1.3, ("create", 2): 1.35, ("join", 1): 1.1, ("join", 2): 1.2}
WRITTEN_PER_MESSAGE_MAX = 1000
WRITTEN_PER_COMMIT_MAX = 8192
MEMORY_RATIO_MAX = 2


def measure(run: Run) -> list[Row]:
    """MLS messages, commits, creation, joining: against bare AWS-LC, mls-rs and ts-mls."""
    peers = {"mls-rs": mls_rs(run), "ts-mls": ts_mls()}
    made = []
    for suite in SUITES:
        sizes = (2, run.count(1000, 16), run.count(10_000, 32))
        made += messages_and_commits(run, suite, sizes, peers)
        made += creation(run, suite, sizes[1], peers)
    return made + memory(run) + on_disk(run)


# ---- The peers ----


def mls_rs(run: Run) -> pathlib.Path | None:
    """The program around mls-rs, built when cargo is there; it is for comparison only, so nothing else depends on it."""
    if run.quick:  # Its AWS-LC alone takes minutes to build.
        return None
    return peers.cargo_program("mls_rs", "mls-rs")


def ts_mls() -> pathlib.Path | None:
    if not (services.ROOT / "tests/e2e/mls_interop/node_modules/ts-mls").is_dir():
        print("mls: no ts-mls, so no figures of it: run dev/setup", file=sys.stderr)
        return None
    return peers.FOLDER / "ts_mls/run"


def ask(program: pathlib.Path | None, what: str, suite: int, members: int, rounds: int, threads: int = 1) -> dict[str, float]:
    """Medians in microseconds; nothing where there is no such peer."""
    if program is None:
        return {}
    done = subprocess.run([str(program), what, str(suite), str(members), str(rounds)], capture_output=True, text=True, check=False,
                          timeout=PROGRAM_SECONDS_MAX, env=dict(os.environ, RAYON_NUM_THREADS=str(threads)))
    if done.returncode != 0:
        raise Failed(f"{program} {what}: {done.stderr.strip()[-400:]}")
    return json.loads(done.stdout)


def against(name: str, value: float, peers: dict[str, dict[str, float]], what: str) -> list[Row]:
    """We are faster than mls-rs on every row; ts-mls is there to be read."""
    found = []
    if what in peers["mls-rs"]:
        found.append(rows.ratio_at_most(f"{name}.against_mls_rs", value, "us", 1, peer=peers["mls-rs"][what]))
    if what in peers["ts-mls"]:
        found.append(Row(f"{name}.against_ts_mls", value, "us", peer=peers["ts-mls"][what]))
    return found


# ---- The rows ----


def messages_and_commits(run: Run, suite: int, sizes: tuple[int, int, int], programs: dict) -> list[Row]:
    peers = {size: {name: ask(program, "messages", suite, size, run.count(20, 1)) for name, program in programs.items()} for size in sizes[:2]}
    found = {size: usual([run.bench("mls", program=PROGRAM, suite=suite, members=size, rounds=run.count(40, 2)) for _ in range(run.count(3, 1))])
             for size in sizes}
    made = []
    for what, bar in MESSAGE_RATIO_MAX.items():
        floors = {size: one[what]["ours"] / one[what]["floor"] for size, one in found.items()}
        for size, one in found.items():
            name = f"mls.suite_{suite}.{what}.{size}_members"
            value = one[what]["ours"]
            made.append(rows.ratio_at_most(name, value, "us", bar, floor=one[what]["floor"]))
            if size in peers:
                made += against(name, value, peers[size], what)
            if size != sizes[0]:
                # In floors, because the clock may have changed between two groups.
                made.append(rows.ratio_at_most(f"{name}.flat", floors[size], "floors", FLAT_RATIO_MAX, peer=floors[sizes[0]]))
    made += commits(run, suite, found, sizes, programs)
    middle = found[sizes[1]]
    for what in ("encrypt", "decrypt"):
        made.append(Row(f"mls.suite_{suite}.{what}.{sizes[1]}_members.allocations", middle[f"{what}_totals"]["allocations"], "allocations"))
        made.append(rows.at_most(f"mls.suite_{suite}.{what}.{sizes[1]}_members.written", middle[f"{what}_totals"]["written"], "bytes",
                                 WRITTEN_PER_MESSAGE_MAX))
    for what in ("create_commit", "process_commit"):
        made.append(rows.at_most(f"mls.suite_{suite}.{what}.{sizes[1]}_members.written", middle[f"{what}_totals"]["written"], "bytes",
                                 WRITTEN_PER_COMMIT_MAX))
    return made


def commits(run: Run, suite: int, found: dict[int, dict], sizes: tuple[int, int, int], programs: dict) -> list[Row]:
    # ts-mls would take minutes to fill a tree.
    peer = {"mls-rs": ask(programs["mls-rs"], "filled", suite, sizes[1], 40), "ts-mls": {}}
    created = found[sizes[1]]["create_commit"]
    name = f"mls.suite_{suite}.create_commit.{sizes[1]}_members"
    made = [rows.ratio_at_most(name, created["ours"], "us", CREATE_COMMIT_RATIO_MAX, floor=created["floor"])]
    made += against(name, created["ours"], peer, "create_commit")
    applied = found[sizes[1]]["create_and_apply_commit"]["ours"]
    made += against(f"mls.suite_{suite}.create_and_apply_commit.{sizes[1]}_members", applied, peer, "create_and_apply_commit")
    for size, bar in zip(sizes[1:], PROCESS_COMMIT_RATIOS_MAX, strict=True):
        name = f"mls.suite_{suite}.process_commit.{size}_members"
        processed = found[size]["process_commit"]
        made.append(rows.ratio_at_most(name, processed["ours"], "us", bar, floor=processed["floor"]))
        if size == sizes[1]:
            made += against(name, processed["ours"], peer, "process_commit")
    return made


def creation(run: Run, suite: int, members: int, programs: dict) -> list[Row]:
    made = []
    for threads in (1, 2):
        # ts-mls has one thread.
        peers = {"mls-rs": ask(programs["mls-rs"], "creation", suite, members, 5, threads),
                 "ts-mls": ask(programs["ts-mls"], "creation", suite, members, run.count(2, 1)) if threads == 1 else {}}
        found = run.bench("mls-creation", program=PROGRAM, suite=suite, members=members, rounds=run.count(7, 1), threads=threads)
        for what in ("create", "join"):
            name = f"mls.suite_{suite}.{what}.{members}_members.{threads}_threads"
            made.append(rows.ratio_at_most(name, found[what]["ours"], "us", CREATION_RATIO_MAX[what, threads], floor=found[what]["floor"]))
            made += against(name, found[what]["ours"], peers, what)
    return made


def memory(run: Run) -> list[Row]:
    members = run.count(1000, 16)
    found = run.bench("mls-memory", program=PROGRAM, suite=3, members=members)
    return [rows.ratio_at_most(f"mls.memory.loaded.{members}_members", found["loaded"], "bytes", MEMORY_RATIO_MAX, peer=found["tree"]),
            Row(f"mls.memory.after_a_commit.{members}_members", found["in_use"], "bytes", peer=found["tree"])]


def on_disk(run: Run) -> list[Row]:
    """The disk is the floor: each step waits for it once."""
    members = run.count(1000, 16)
    made = []
    for suite in SUITES:
        found = run.bench("mls-on-disk", program=PROGRAM, suite=suite, members=members, rounds=run.count(100, 2), folder=run.fresh_folder("mls"))
        made += [Row(f"mls.sqlite.suite_{suite}.{what}.{members}_members", found[what], "us", floor=found["fdatasync"])
                 for what in ("encrypt", "decrypt", "create_commit", "process_commit")]
    return made


def usual(runs: list[dict]) -> dict:
    """Of several runs the figures of the middle one for each operation, with its own floor: a moment's noise hits one run alone."""
    chosen = {}
    for name, figures in runs[0].items():
        of_all = [one[name] for one in runs]
        by = (lambda one: one["ours"] / one["floor"]) if "floor" in figures else (lambda one: statistics.fmean(one.values()))
        chosen[name] = sorted(of_all, key=by)[len(of_all) // 2]
    return chosen
