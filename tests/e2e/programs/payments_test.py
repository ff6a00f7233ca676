"""Payments in a conversation with everything real: wallets, relay, the program's mint on a development chain.

What the reader's own endpoint says is shown, never the sender's word; whatever dies, what was paid is said once.
"""
import json
import subprocess
import time
import unittest

import rig
from demo import chain as development

FINAL_SLOTS = 40


class PaymentsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = rig.Rig()
        cls.chain = development.Chain(cls.rig.folder, 0)
        cls.rig.callback(cls.chain.stop)
        cls.rig.start_conversation(3)
        cls.ana, cls.ben, cls.cleo = cls.rig.speakers
        for speaker in (cls.ana, cls.ben):
            cls.chain.use(speaker.home)
        cls.chain.airdrop(cls.ana.home, cls.ana.address, "2")
        cls.ana.one("token", "buy", "100", "--wallet", cls.ana.wallet, "--yes")

    @classmethod
    def tearDownClass(cls):
        cls.rig.close()

    def setUp(self):
        self.chat = self.ana.one("chat", "new", self.ben.address)["chat"]
        self.ben.run("requests", "list")
        self.ben.one("requests", "accept", self.chat)

    def pay(self, *words: str) -> dict:
        return self.ana.one("send", self.chat, *words, "--wallet", self.ana.wallet, "--yes")

    def newest(self, reader: rig.Speaker, chat: str = "") -> dict:
        return reader.run("read", chat or self.chat)[-1]

    def balance(self, speaker: rig.Speaker) -> float:
        return float(self.ana.one("token", "balance", speaker.address)["chat"])

    def refused(self, check: str, *words, text: str = "") -> None:
        done = self.ana.execute(*words)
        self.assertNotEqual(done.exit_code, 0, done)
        self.assertEqual(done.last["check"], check, done)
        self.assertIn(text, done.last["message"])

    def test_a_payment_is_shown_as_the_readers_chain_has_it(self):
        before = self.balance(self.ben)
        self.pay("lunch", "--pay", "2.5")
        self.assertEqual(self.balance(self.ben) - before, 2.5)
        shown = self.newest(self.ben)
        self.assertEqual((shown["kind"], shown["text"]), ("payment", "lunch"))
        self.assertEqual((shown["payment"]["state"], shown["payment"]["amount"]), ("pending", "2.5"))
        self.assertEqual((shown["payment"]["payer"], shown["payment"]["recipient"]), (self.ana.address, self.ben.address))
        self.chain.advance(FINAL_SLOTS)
        for reader in (self.ana, self.ben):
            self.assertEqual(self.newest(reader)["payment"]["state"], "verified")
        self.assertEqual(self.ana.run("pay", "resume"), [])

    def test_without_a_chain_or_with_another_one_it_is_not_verified(self):
        self.pay("--pay", "1")
        self.chain.advance(FINAL_SLOTS)
        file = self.ben.home / "cluster.json"
        settings = file.read_text()
        try:
            file.write_text(json.dumps(json.loads(settings) | {"program": self.ana.address}))
            self.assertEqual(self.verdict(), ("does not match", "CHN-100"))
            file.write_text(json.dumps(json.loads(settings) | {"endpoints": ["http://127.0.0.1:1"]}))
            self.assertEqual(self.verdict()[0], "pending")
            file.unlink()
            self.assertEqual(self.verdict(), ("not checked", "CLI-34"))
            other = development.Chain(self.rig.folder / "other", 0)
            try:
                other.use(self.ben.home)
                self.assertEqual(self.verdict(), ("does not match", "CLI-53"))
            finally:
                other.stop()
        finally:
            file.write_text(settings)
        self.assertEqual(self.verdict(), ("verified", None))

    def verdict(self) -> tuple[str, str | None]:
        payment = self.newest(self.ben)["payment"]
        return payment["state"], payment["check"]

    def test_somebody_asks_to_be_paid(self):
        self.ben.one("pay", "request", self.chat, "0.75", "my half")
        asked = self.newest(self.ana)
        self.assertEqual((asked["kind"], asked["text"], asked["payment_request"]["amount"]), ("payment request", "my half", "0.75"))

    def test_what_cannot_be_meant_is_refused_and_nothing_stays_behind(self):
        wallet = ("--wallet", self.ana.wallet)
        group = self.rig.chat
        self.refused("CLI-50", "send", group, "x", "--pay", "1", *wallet, "--yes", text="--to ADDRESS")
        self.refused("CLI-51", "send", self.chat, "x", "--pay", "0", *wallet, "--yes")
        self.refused("CLI-52", "send", self.chat, "x", "--pay", "1", text="--wallet FILE")
        nobody = self.ana.one("wallet", "new", self.ana.home / f"{self.chat[:8]}.json")["address"]
        self.refused("CLT-110", "send", self.chat, "x", "--pay", "1", "--to", nobody, *wallet, "--yes")
        self.refused("CLI-38", "send", self.chat, "x", "--pay", "1", *wallet, text="nothing was signed")
        self.refused("NET-79", "send", self.chat, "x", "--pay", "1000000", *wallet, "--yes", text="not enough tokens")
        self.assertEqual(self.ana.run("pay", "resume"), [])
        self.assertEqual(self.ben.run("read", self.chat), [])
        paid = self.ana.one("send", group, "x", "--pay", "1", "--to", self.ben.address, *wallet, "--yes")
        self.assertEqual(paid["state"], "delivered")

    def test_whatever_dies_what_was_paid_is_said_once(self):
        for seconds in (0.3, 0.6, 0.9):
            before = self.balance(self.ben)
            sending = self.ana.start("send", self.chat, "x", "--pay", "1", "--wallet", self.ana.wallet, "--yes",
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(seconds)
            sending.kill()
            sending.wait()
            said = len(self.ben.run("read", self.chat))
            self.chain.advance(FINAL_SLOTS)
            time.sleep(1)
            self.ana.run("pay", "resume", "--drop")
            self.ana.run("read", self.chat)
            paid = self.balance(self.ben) - before
            lines = [line["payment"]["state"] for line in self.ben.run("read", self.chat)]
            self.assertIn(paid, (0, 1))
            self.assertEqual(lines.count("verified"), len(lines))
            self.assertGreaterEqual(len(lines), said)
            self.total = getattr(self, "total", 0) + paid
            self.assertEqual(len(lines), self.total)


if __name__ == "__main__":
    rig.main()
