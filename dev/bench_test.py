#!/usr/bin/python3
"""Holds dev/bench against what it promises: judgements, names, and the shape of --json from a bench that really runs.

  dev/bench_test.py [--bin DIR] [-v] [NAME...]     DIR: the programs to measure (default: build/release/bin)
"""
import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
DEV = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(DEV))

from demo.services import Failed  # noqa: E402
from measure import attest, benches, main, mls, rows, run, soak  # noqa: E402

PROGRAMS = DEV.parent / "build/release/bin"


def bench(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([str(DEV / "bench"), *arguments], capture_output=True, text=True, check=False, timeout=300)


class Judging(unittest.TestCase):
    def test_an_upper_limit_holds_up_to_itself_and_not_above(self):
        self.assertIs(rows.at_most("x", 4.0, "ms", 4.0).ok, True)
        self.assertIs(rows.at_most("x", 4.001, "ms", 4.0).ok, False)

    def test_a_ratio_is_value_to_floor_or_peer(self):
        self.assertEqual(rows.Row("x", 6, "ms", floor=2).ratio, 3)
        self.assertEqual(rows.Row("x", 6, "ms", peer=12).ratio, 0.5)
        self.assertIsNone(rows.Row("x", 6, "ms").ratio)
        self.assertIs(rows.ratio_at_least("x", 94, "1/s", 0.95, peer=100).ok, False)
        self.assertIs(rows.ratio_at_least("x", 95, "1/s", 0.95, peer=100).ok, True)
        self.assertIs(rows.ratio_at_most("x", 16, "us", 1.5, peer=10).ok, False)
        self.assertIs(rows.ratio_at_most("x", 15, "us", 1.5, peer=10).ok, True)

    def test_a_bar_on_a_ratio_without_anything_to_compare_is_refused(self):
        for judge in (rows.ratio_at_least, rows.ratio_at_most):
            with self.assertRaises(ValueError):
                judge("x", 1, "ms", 1.0)

    def test_what_is_no_number_is_no_figure(self):
        with self.assertRaises(ValueError):
            rows.Row("x", float("nan"), "ms")
        with self.assertRaises(ValueError):
            rows.Row("x", 1, "ms", ok=True)

    def test_rounding_keeps_four_digits_and_leaves_the_rest_alone(self):
        self.assertEqual([rows.rounded(v) for v in (1234567.8, 0.00123456, 12.3456, 0, True, None, "a")],
                         [1234568, 0.001235, 12.35, 0, True, None, "a"])

    def test_the_table_says_what_was_missed(self):
        text = rows.table([rows.at_most("slow", 5, "ms", 4), rows.Row("plain", 1, "ms")])
        self.assertIn("| slow | 5 | ms |  |  |  | value <= 4 | **missed** |", text)
        self.assertIn("| plain | 1 | ms |  |  |  |  |  |", text)

    def test_a_missing_counter_is_an_error_and_not_zero(self):
        with mock.patch.object(run.services, "get", return_value="chatmcp_store_syncs_total_of_others 1\n"):
            with self.assertRaises(Failed):
                run.counter("http://127.0.0.1:1", "chatmcp_store_syncs_total")
        with mock.patch.object(run.services, "get", return_value="# HELP\nchatmcp_store_syncs_total 12\n"):
            self.assertEqual(run.counter("http://127.0.0.1:1", "chatmcp_store_syncs_total"), 12)


class Bars(unittest.TestCase):
    """Each bar of the issue is missed by figures that are too slow: measured values are replaced, the judging is real."""

    def quick_run(self, folder: str) -> run.Run:
        current = run.Run(pathlib.Path(folder), True, None)
        current.node = lambda data: mock.Mock(ready={"url": "http://127.0.0.1:1"})
        current.stop = lambda service: None
        return current

    def latencies(self, p50: float, p99: float) -> dict[str, rows.Row]:
        figures = {"p50": p50, "p99": p99}
        with tempfile.TemporaryDirectory() as folder:
            current = self.quick_run(folder)
            current.bench = lambda *_, **__: {"fdatasync": {"p50": 2.0, "p99": 9.0}, "prepared": figures, "accepted": figures, "read": figures}
            return {row.name: row for row in benches.latency(current)}

    def test_send_to_read_is_held_against_the_disk_of_the_same_run(self):
        held = self.latencies(12.0, 40.0)
        self.assertTrue(held["e2e.send_to_read.p50"].ok and held["e2e.send_to_read.p99"].ok)
        missed = self.latencies(12.1, 40.1)
        self.assertIs(missed["e2e.send_to_read.p50"].ok, False)
        self.assertIs(missed["e2e.send_to_read.p99"].ok, False)
        self.assertEqual(held["e2e.send_to_read.p50"].floor, 2.0)

    def mls_rows(self, ours: float, written: float = 100, loaded: float = 150) -> dict[str, rows.Row]:
        """Every floor is 100 us, every peer 130 us."""
        pair, totals = {"ours": ours, "floor": 100.0}, {"allocations": 5.0, "written": written}
        figures = {
            "mls": {"encrypt": pair, "decrypt": pair, "create_commit": pair, "process_commit": pair, "create_and_apply_commit": {"ours": ours},
                    **{f"{what}_totals": totals for what in ("encrypt", "decrypt", "create_commit", "process_commit")}},
            "mls-creation": {"create": pair, "join": pair},
            "mls-memory": {"loaded": loaded, "in_use": loaded, "tree": 100},
            "mls-on-disk": {"fdatasync": 300.0, "encrypt": ours, "decrypt": ours, "create_commit": ours, "process_commit": ours},
        }
        peer = {what: 130.0 for what in ("encrypt", "decrypt", "create_commit", "create_and_apply_commit", "process_commit", "create", "join")}
        with tempfile.TemporaryDirectory() as folder:
            current = self.quick_run(folder)
            current.bench = lambda name, **_: figures[name]
            with mock.patch.object(mls, "mls_rs", return_value=None), mock.patch.object(mls, "ts_mls", return_value=None), \
                    mock.patch.object(mls, "ask", return_value=peer):
                return {row.name: row for row in benches.mls(current)}

    def test_mls_is_held_against_the_bare_calls_and_against_mls_rs(self):
        held = self.mls_rows(105.0)
        self.assertEqual([row.name for row in held.values() if row.ok is False], [])
        missed = self.mls_rows(131.0, written=9000, loaded=201)
        for name in ("encrypt.2_members", "decrypt.32_members", "encrypt.2_members.against_mls_rs", "create.16_members.1_threads",
                     "join.16_members.2_threads", "join.16_members.2_threads.against_mls_rs", "process_commit.16_members.against_mls_rs",
                     "create_and_apply_commit.16_members.against_mls_rs", "encrypt.16_members.written", "process_commit.16_members.written"):
            self.assertIs(missed[f"mls.suite_3.{name}"].ok, False, name)
            self.assertIs(missed[f"mls.suite_1.{name}"].ok, False, name)
        self.assertIs(missed["mls.memory.loaded.16_members"].ok, False)
        slow = self.mls_rows(251.0)
        for name in ("create_commit.16_members", "process_commit.16_members", "process_commit.32_members"):
            self.assertIs(missed[f"mls.suite_3.{name}"].ok, True, name)
            self.assertIs(slow[f"mls.suite_3.{name}"].ok, False, name)
        self.assertIsNone(slow["mls.suite_3.encrypt.2_members.against_ts_mls"].ok)

    def attest_rows(self, cold: float, warm: float, two: float, parse_us: float) -> dict[str, rows.Row]:
        """Every floor is 100 us, two signatures of a warm one too; every peer takes 126 us."""
        def figures(ours: float) -> dict:
            return {"one_thread": {"ours": ours, "floor": 100.0}, "two_threads": {"ours": two, "floor": 100.0}, "allocations": 5}
        found = {"attest": {f"{kind}_cold": figures(cold) for kind in attest.COLD_RATIOS_MAX} | {"tdx_warm": figures(warm)},
                 "attest-parse": {"bytes": 10_000, "us": parse_us}}
        with tempfile.TemporaryDirectory() as folder:
            current = self.quick_run(folder)
            current.bench = lambda name, **_: found[name]
            with mock.patch.object(attest, "peer_of", side_effect=lambda run, kind, programs: [("other", 126.0)] if kind == "snp" else []):
                return {row.name: row for row in benches.attest(current)}

    def test_attestation_is_held_against_its_signatures_and_other_verifiers(self):
        held = self.attest_rows(120.0, 110.0, 120.0, 50.0)
        self.assertEqual([row.name for row in held.values() if row.ok is False], [])
        self.assertEqual(held["attest.tdx.warm"].ratio, 2.2)
        missed = self.attest_rows(127.0, 111.0, 121.0, 51.0)
        for name in ("tdx.cold", "sgx.cold", "snp.cold", "nitro.cold", "tdx.warm", "snp.cold.against_other", "nvidia.cold.two_threads",
                     "tdx.warm.two_threads", "parse.quote_with_collateral"):
            self.assertIs(missed[f"attest.{name}"].ok, False, name)
        self.assertIs(missed["attest.nvidia.cold"].ok, True)
        self.assertIs(self.attest_rows(131.0, 110.0, 120.0, 50.0)["attest.nvidia.cold"].ok, False)

    def test_of_several_runs_the_middle_one_counts_with_its_own_floor(self):
        of_runs = [{"encrypt": {"ours": ours, "floor": floor}} for ours, floor in ((10, 10), (30, 10), (22, 20))]
        self.assertEqual(mls.usual(of_runs), {"encrypt": {"ours": 22, "floor": 20}})


    def test_the_browser_core_is_held_against_aws_lc_of_the_same_build(self):
        message = {"suite": 3, "members": 2, "encrypt": 15.0, "floor_encrypt": 10.0, "decrypt": 15.1, "floor_decrypt": 10.0}
        with tempfile.TemporaryDirectory() as folder:
            current = self.quick_run(folder)
            for core, held in ((500_000, True), (500_001, False)):
                current.wasm_bench = lambda _, size=core: {"load_ms": 1, "core_bytes": size, "aws_lc_bytes": 300_000, "messages": [message]}
                found = {row.name: row for row in benches.wasm(current)}
                self.assertIs(found["wasm.core.brotli"].ok, held)
        self.assertIs(found["wasm.encrypt.suite_3.2_members.p50"].ok, True)
        self.assertIs(found["wasm.decrypt.suite_3.2_members.p50"].ok, False)

    def test_every_bench_builds_what_it_measures(self):
        self.assertEqual(list(main.builds_of("wasm")), ["wasm"])
        self.assertEqual(list(main.builds_of("mls")), ["release"])
        self.assertEqual(list(main.builds_of("attest")), ["release"])
        self.assertEqual(list(main.builds_of(None)), ["release", "wasm"])


class Script(unittest.TestCase):
    def test_the_list_is_the_names_alone(self):
        listed = bench("--list")
        self.assertEqual((listed.returncode, listed.stdout.split()), (0, ["e2e", "engine", "node", "client", "mls", "attest", "store", "wasm", "chain"]))

    def test_help_explains_every_bench(self):
        text = bench("--help").stdout
        for name, one in benches.BENCHES.items():
            self.assertIn(f"{name:8} {one.__doc__.splitlines()[0]}", text)
        self.assertIn("soak", text)

    def test_an_unknown_name_is_a_wrong_usage(self):
        self.assertEqual(bench("nothing").returncode, 2)

    def test_json_is_one_list_of_objects_with_all_fields(self):
        with tempfile.TemporaryDirectory() as folder:
            done = bench("node", "--json", "--quick", "--bin", str(PROGRAMS), "--data", folder)
            self.assertEqual(os.listdir(folder), [], "something was left behind")
        self.assertIn(done.returncode, (0, 1), done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual([row["name"] for row in found], ["node.start.p50", "node.resident_idle"])
        for row in found:
            self.assertEqual(list(row), list(rows.FIELDS))
            self.assertGreater(row["value"], 0)
        idle = found[1]
        self.assertEqual((idle["unit"], idle["bar"], idle["floor"], idle["ratio"]), ("MiB", "value <= 64", None, None))
        self.assertIs(idle["ok"], idle["value"] <= 64)
        self.assertEqual(done.returncode, 0 if idle["ok"] else 1)

    def test_programs_that_are_not_there_are_named(self):
        with tempfile.TemporaryDirectory() as folder:
            done = bench("mls", "--json", "--quick", "--bin", folder, "--data", folder)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("chatmcp_mls_bench is not built", done.stderr)


class Soak(unittest.TestCase):
    def test_a_missing_kill_test_fails_the_soak_and_the_rest_still_runs(self):
        ran = []
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as said:
            with mock.patch.object(soak.services, "ROOT", pathlib.Path(folder)), mock.patch.object(soak, "fuzzers", return_value=[]), \
                    mock.patch.object(soak.subprocess, "run", side_effect=lambda command, **_: ran.append(command) or mock.Mock(returncode=0)):
                self.assertEqual(soak.soak(), 1)
        self.assertEqual(len(ran), 2)
        self.assertIn("kills_test.py is not in this tree", said.getvalue())


if __name__ == "__main__":
    if "--bin" in sys.argv:
        at = sys.argv.index("--bin")
        PROGRAMS = pathlib.Path(sys.argv[at + 1])
        del sys.argv[at:at + 2]
    unittest.main()
