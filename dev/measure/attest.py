"""The bench of the attestation library: each kind of evidence against the bare AWS-LC calls for its signatures, and against other verifiers."""
import datetime
import json
import pathlib
import subprocess

from demo import services
from demo.services import Failed
from measure import peers, rows
from measure.rows import Row
from measure.run import PROGRAM_SECONDS_MAX, Run

PROGRAM = "chatmcp_attest_bench"
CORPUS = services.ROOT / "tests/vectors/evidence"

# The most that a verification may cost, in the bare calls' time.
COLD_RATIOS_MAX = {"tdx": 1.2, "sgx": 1.2, "snp": 1.2, "nitro": 1.2, "nvidia": 1.3, "android": 1.3, "psa": 1.3, "cca": 1.3, "tpm": 1.3, "azure": 1.3}
WARM_SIGNATURES_MAX = 2.2  # Of P-256; two of them are the quote's and the QE report's.
WARM_SIGNATURES = 2
TWO_THREADS_RATIO_MAX = 1.2
PARSE_MB_PER_SECOND_MIN = 200
# The evidence that bench/attest_bench.cpp verifies, as others are given it.
PEER_CASES = {"tdx": "tdx/google-v5-uptodate-2026-02", "sgx": "sgx/automata-icelake-2025-08",
              "snp": "sev-snp/oak-milan-v3-rk", "nitro": "nitro/dstack-2025"}


def measure(run: Run) -> list[Row]:
    """verification of attestation evidence: against bare AWS-LC, dcap-qvl, go-sev-guest and nitro_attest."""
    programs = (None, None) if run.quick else (peers.cargo_program("attest_rust", "dcap-qvl and nitro_attest"),
                                               peers.go_program("attest_go", "go-sev-guest"))
    found = run.bench("attest", program=PROGRAM, rounds=run.count(400, 2))
    made = []
    for name, figures in found.items():
        kind, temperature = name.split("_")
        made += cold(run, kind, figures, programs) if temperature == "cold" else warm(kind, figures)
    return made + parse(run)


def cold(run: Run, kind: str, figures: dict, programs: tuple) -> list[Row]:
    one, two = figures["one_thread"], figures["two_threads"]
    made = [rows.ratio_at_most(f"attest.{kind}.cold", one["ours"], "us", COLD_RATIOS_MAX[kind], floor=one["floor"])]
    made += [rows.ratio_at_most(f"attest.{kind}.cold.against_{peer}", one["ours"], "us", 1, peer=took) for peer, took in peer_of(run, kind, programs)]
    return [*made,
            rows.ratio_at_most(f"attest.{kind}.cold.two_threads", two["ours"], "us", TWO_THREADS_RATIO_MAX, floor=two["floor"]),
            Row(f"attest.{kind}.cold.allocations", figures["allocations"], "allocations")]


def warm(kind: str, figures: dict) -> list[Row]:
    """The floor is one signature, because the bar is in signatures."""
    one, two = figures["one_thread"], figures["two_threads"]
    return [rows.ratio_at_most(f"attest.{kind}.warm", one["ours"], "us", WARM_SIGNATURES_MAX, floor=one["floor"] / WARM_SIGNATURES),
            rows.ratio_at_most(f"attest.{kind}.warm.two_threads", two["ours"], "us", TWO_THREADS_RATIO_MAX, floor=two["floor"]),
            Row(f"attest.{kind}.warm.allocations", figures["allocations"], "allocations")]


def parse(run: Run) -> list[Row]:
    found = run.bench("attest-parse", program=PROGRAM, rounds=run.count(2000, 2))
    return [rows.at_least("attest.parse.quote_with_collateral", found["bytes"] / found["us"], "MB/s", PARSE_MB_PER_SECOND_MIN)]


# ---- The peers ----


def peer_of(run: Run, kind: str, programs: tuple) -> list[tuple[str, float]]:
    """Name and median in microseconds; none where there is no such peer, or it was not built."""
    rust, go = programs
    if kind not in PEER_CASES:
        return []
    folder = CORPUS / PEER_CASES[kind]
    at = datetime.datetime.fromisoformat(json.loads((folder / "case.json").read_text())["verify_at"])
    rest = (str(int(at.timestamp())), str(run.count(200, 1)))
    if kind == "snp":
        return [("go_sev_guest", ask(go, str(folder), *rest))] if go else []
    if kind == "nitro":
        return [("nitro_attest", ask(rust, "nitro", str(folder / "document.cose"), *rest))] if rust else []
    return [("dcap_qvl", ask(rust, "dcap", str(folder), *rest))] if rust else []


def ask(program: pathlib.Path, *arguments: str) -> float:
    done = subprocess.run([str(program), *arguments], capture_output=True, text=True, check=False, timeout=PROGRAM_SECONDS_MAX)
    if done.returncode != 0:
        raise Failed(f"{program} {arguments[0]}: {done.stderr.strip()[-400:]}")
    return json.loads(done.stdout)["us"]
