#!/usr/bin/env python3
"""fetch_test.py CHATMCP: fetches the collateral of the corpus from a server that hands it out as a caching service does, and from
one that lies in every way a test knows."""
import http.server
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.parse
from pathlib import Path

CHATMCP = sys.argv.pop(1) if len(sys.argv) > 1 else ""
CASES = Path(__file__).resolve().parents[2] / "vectors" / "evidence"
TDX = CASES / "tdx" / "phala-v4-uptodate-2025-06"
OLDER = CASES / "tdx" / "phala-v4-uptodate-2025-03"
SNP = CASES / "sev-snp" / "veraison-genoa-tsm-v3"


class Service:
    """Answers a GET by the beginning of its path: (status, headers, body)."""

    def __init__(self, answers):
        self.answers = answers
        self.asked = []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                service.asked.append(self.path)
                for beginning, (status, headers, body) in service.answers.items():
                    if self.path.startswith(beginning):
                        self.send_response(status)
                        for name, value in headers.items():
                            self.send_header(name, value)
                        self.send_header("Content-Length", str(len(body)))
                        self.end_headers()
                        self.wfile.write(body)
                        return
                self.send_error(404)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def chain(path):
    return urllib.parse.quote(path.read_text())


def provisioning(case, hexadecimal=False):
    """The four documents as Intel's caching service hands them out."""
    root = (case / "root_ca_crl.der").read_bytes()
    return {
        "/tdx/certification/v4/tcb?": (
            200, {"TCB-Info-Issuer-Chain": chain(case / "tcb_info_issuer_chain.pem")},
            (case / "tcb_info.json").read_bytes()),
        "/tdx/certification/v4/qe/identity": (
            200, {"SGX-Enclave-Identity-Issuer-Chain": chain(case / "qe_identity_issuer_chain.pem")},
            (case / "qe_identity.json").read_bytes()),
        "/sgx/certification/v4/pckcrl?ca=platform": (
            200, {"SGX-PCK-CRL-Issuer-Chain": chain(case / "pck_crl_issuer_chain.pem")},
            (case / "pck_crl.der").read_bytes()),
        "/sgx/certification/v4/rootcacrl": (200, {}, root.hex().encode() if hexadecimal else root),
    }


def time_of(case):
    return json.loads((case / "case.json").read_text())["verify_at"]


def run(*arguments):
    done = subprocess.run([CHATMCP, "--json", *map(str, arguments)], capture_output=True, text=True, timeout=120)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, lines[-1] if lines else {}, done.stderr


class Fetch(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.out = self.folder / "out"
        self.quote = self.folder / "quote"
        shutil.copy(TDX / "quote.bin", self.quote)

    def tearDown(self):
        shutil.rmtree(self.folder)

    def fetch(self, service, *more, path=None, at=None):
        return run("attest", "fetch", path or self.quote, "--out", self.out, "--service", service.url,
                   "--at", at or time_of(TDX), *more)

    def refused(self, answers, check):
        with Service(answers) as service:
            rc, said, stderr = self.fetch(service)
        self.assertNotEqual(rc, 0)
        self.assertIn(check, json.dumps(said) + stderr)
        self.assertEqual(sorted(self.out.glob("*")) if self.out.exists() else [], [])

    def test_what_is_fetched_verifies_as_the_corpus_does(self):
        with Service(provisioning(TDX, hexadecimal=True)) as service:
            rc, said, stderr = self.fetch(service)
        self.assertEqual(rc, 0, stderr)
        self.assertEqual(said["kind"], "tdx")
        self.assertEqual(len(said["files"]), 7)
        verify = ("--at", time_of(TDX), "--policy", "strict")
        self.assertEqual(run("attest", "verify", self.out, *verify)[:2], run("attest", "verify", TDX, *verify)[:2])
        self.assertEqual(run("attest", "verify", self.out, *verify)[0], 0)

    def test_what_still_verifies_is_not_fetched_again(self):
        with Service(provisioning(TDX)) as service:
            self.fetch(service)
            count = len(service.asked)
            rc, said, _ = self.fetch(service)
            self.assertEqual((rc, said["fetched"], len(service.asked)), (0, False, count))
            rc, said, _ = self.fetch(service, "--refresh")
            self.assertEqual((rc, said["fetched"], len(service.asked)), (0, True, 2 * count))
            # Nor is a service needed for it.
        rc, said, _ = self.fetch(service)
        self.assertEqual((rc, said["fetched"]), (0, False))

    def test_a_folder_keeps_what_it_gets(self):
        folder = self.folder / "evidence"
        folder.mkdir()
        shutil.copy(TDX / "quote.bin", folder)
        with Service(provisioning(TDX)) as service:
            rc, _, stderr = run("attest", "fetch", folder, "--service", service.url, "--at", time_of(TDX))
        self.assertEqual(rc, 0, stderr)
        self.assertTrue((folder / "tcb_info.json").is_file())

    def test_damage_is_fetched_anew(self):
        with Service(provisioning(TDX)) as service:
            self.fetch(service)
            (self.out / "qe_identity.json").write_text("half of")
            rc, said, stderr = self.fetch(service)
        self.assertEqual((rc, said.get("fetched")), (0, True), stderr)

    def test_older_documents_are_refused(self):
        with Service(provisioning(TDX)) as service:
            self.fetch(service)
        kept = (self.out / "tcb_info.json").read_bytes()
        with Service(provisioning(OLDER)) as service:
            rc, said, stderr = self.fetch(service, "--refresh", at=time_of(OLDER))
        self.assertEqual(rc, 1)
        self.assertIn("ATT-301", json.dumps(said) + stderr)
        self.assertEqual((self.out / "tcb_info.json").read_bytes(), kept)

    def test_lies_are_refused_and_nothing_is_kept(self):
        tcb, identity = "/tdx/certification/v4/tcb?", "/tdx/certification/v4/qe/identity"
        other = CASES / "tdx" / "azure-v4-outofdate-2025-07"
        honest = provisioning(TDX)

        def with_answer(path, status=None, headers=None, body=None):
            was = honest[path]
            return {**honest, path: (was[0] if status is None else status,
                                     was[1] if headers is None else headers,
                                     was[2] if body is None else body)}

        body = honest[tcb][2]
        self.refused(with_answer(tcb, body=body.replace(b"UpToDate", b"upToDate", 1)), "ATT-")
        self.refused(with_answer(tcb, body=body[:-1]), "ATT-")
        self.refused(with_answer(tcb, body=b""), "ATT-300")
        self.refused(with_answer(tcb, body=(other / "tcb_info.json").read_bytes()), "ATT-6")
        self.refused(with_answer(identity, headers={}), "CLI-28")
        self.refused(with_answer(identity, headers={"SGX-Enclave-Identity-Issuer-Chain": "%zz"}), "ATT-300")
        self.refused(with_answer(identity, headers={"SGX-Enclave-Identity-Issuer-Chain": "no"}), "ATT-54")
        self.refused(with_answer(tcb, status=500), "NET-74")
        self.refused(with_answer(tcb, status=302, headers={"Location": "http://127.0.0.1:1/"}), "NET-74")
        self.refused(with_answer(tcb, body=b"x" * (3 << 20)), "NET-75")

    def test_a_report_gets_its_chain(self):
        report = self.folder / "report"
        shutil.copy(SNP / "report.bin", report)
        answers = {"/vcek/v1/Genoa/cert_chain": (200, {}, (SNP / "ask.pem").read_bytes())} if (SNP / "ask.pem").exists() else {}
        crl = next((path for path in (SNP / "ark_crl.der",) if path.exists()), None)
        answers["/vcek/v1/Genoa/crl"] = (200, {}, crl.read_bytes() if crl else b"")
        answers["/vcek/v1/Genoa/"] = (200, {}, (SNP / "vcek.der").read_bytes())
        with Service(answers) as service:
            rc, said, stderr = self.fetch(service, path=report, at=time_of(SNP))
            asked = service.asked
        self.assertTrue(asked[0].startswith("/vcek/v1/Genoa/"), asked)
        if crl and (SNP / "ask.pem").exists():
            self.assertEqual((rc, said.get("kind")), (0, "sev-snp"), stderr)
            self.assertTrue(json.loads(subprocess.run(
                [CHATMCP, "--json", "attest", "verify", self.out, "--at", time_of(SNP)],
                capture_output=True, text=True).stdout)["verifies"])
        else:
            self.assertNotEqual(rc, 0)

    def test_what_cannot_be_fetched_is_named(self):
        nitro = CASES / "nitro" / "nautilus-2025"
        with Service({}) as service:
            rc, said, stderr = self.fetch(service, path=nitro)
            self.assertEqual(rc, 2)
            self.assertIn("ATT-299", json.dumps(said) + stderr)
            rc, said, stderr = run("attest", "fetch", self.quote, "--service", service.url)
            self.assertEqual(rc, 2)
            self.assertIn("CLI-29", json.dumps(said) + stderr)
        rc, said, stderr = self.fetch(service)
        self.assertEqual(rc, 3)
        self.assertIn("NET-63", json.dumps(said) + stderr)
        rc, said, stderr = run("attest", "fetch", self.quote, "--out", self.out, "--service", "http://example.org:80")
        self.assertIn("NET-61", json.dumps(said) + stderr)


if __name__ == "__main__":
    unittest.main()
