"""First contact with everything real: `chatmcp` on both sides, a relay that follows a development chain, the program's stamps.

Stamps of strangers are locked, given back, burned and taken back; contacts need none; what the chain does not know yet waits.
"""
import json
import time
import unittest

import rig
from demo import chain as development

PRICE = "1"
MOST_PATIENT = ("--timeout", "20")


class StampsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = rig.Rig()
        cls.chain = development.Chain(cls.rig.folder, 0)
        cls.rig.callback(cls.chain.stop)
        cls.rig.node = rig.services.start_node(cls.rig.folder, 0, cls.chain)

    @classmethod
    def tearDownClass(cls):
        cls.rig.close()

    def setUp(self):
        self.ana, self.ben, self.cleo = (self.person(name) for name in ("ana", "ben", "cleo"))

    def person(self, name: str) -> rig.Speaker:
        folder = self.rig.folder / f"{self.id().rpartition('.')[2]}-{name}"
        folder.mkdir()
        speaker = rig.Speaker(0, name, folder, self.rig.url)
        speaker.sign_in()
        self.chain.use(speaker.home)
        self.chain.airdrop(speaker.home, speaker.address, "1")
        return speaker

    def rich(self, speaker: rig.Speaker) -> None:
        speaker.one("token", "buy", "100", "--wallet", speaker.wallet, "--yes")

    def balance(self, speaker: rig.Speaker) -> str:
        return speaker.one("token", "balance", speaker.address)["chat"]

    def refused(self, check: str, speaker: rig.Speaker, *words, text: str = "") -> None:
        done = speaker.execute(*words)
        self.assertNotEqual(done.exit_code, 0, done)
        self.assertEqual(done.last["check"], check, done)
        self.assertIn(text, done.last["message"])

    def invite(self, who: rig.Speaker, *others: rig.Speaker) -> dict:
        with self.chain.hurrying():
            return who.one(*MOST_PATIENT, "chat", "new", *[other.address for other in others], "--wallet", who.wallet, "--yes")

    def want_stamps(self, speaker: rig.Speaker, price: str = PRICE) -> None:
        self.assertEqual(speaker.one("stamp", "settings", "--price", price)["price"], price)

    def test_a_stamp_is_locked_and_comes_back_and_contacts_need_none(self):
        self.rich(self.ana)
        self.want_stamps(self.cleo)
        self.assertEqual(self.ana.one("stamp", "price", self.cleo.address)["price"], PRICE)
        self.assertFalse(self.ana.one("stamp", "price", self.ben.address)["wanted"])
        chat = self.invite(self.ana, self.cleo)["chat"]
        self.assertEqual(self.balance(self.ana), "99")
        self.assertEqual([line["state"] for line in self.ana.run("stamp", "list")], ["used"])
        self.assertEqual(len(self.cleo.run("requests", "list")), 1)
        accepted = self.cleo.one("requests", "accept", chat, "--wallet", self.cleo.wallet, "--yes")
        self.assertEqual(len(accepted["transactions"]), 1)
        self.assertEqual(accepted["stamps_waiting"], 0)
        self.assertEqual(self.balance(self.ana), "100")
        # Once: the same answer is not submitted again, and forgotten when nothing undoes it.
        self.assertEqual(self.cleo.one("stamp", "answer", "--wallet", self.cleo.wallet, "--yes")["transactions"], [])
        self.chain.advance(40)
        self.cleo.run("stamp", "answer", "--wallet", self.cleo.wallet, "--yes")
        self.assertEqual(self.cleo.run("stamp", "list"), [])
        self.assertEqual(self.ana.run("stamp", "reclaim", "--wallet", self.ana.wallet, "--yes")[0]["state"], "over")
        self.assertEqual(self.ana.run("stamp", "list"), [])
        # They are contacts now, in both directions and without a wallet.
        self.ana.run("read", chat)
        self.assertEqual(self.ana.one("chat", "new", self.cleo.address)["missing"], [])

    def test_the_stamps_of_the_blocked_are_burned(self):
        self.rich(self.ana)
        self.want_stamps(self.cleo)
        supply = float(self.ana.one("chain", "status")["supply"])
        chat = self.invite(self.ana, self.cleo)["chat"]
        self.cleo.run("requests", "list")
        blocked = self.cleo.one("requests", "block", chat)
        self.assertEqual((blocked["stamps_waiting"], blocked["transactions"]), (1, []))
        burned = self.cleo.one("stamp", "answer", "--wallet", self.cleo.wallet, "--yes")
        self.assertEqual((burned["rejected"], burned["burned"]), (1, PRICE))
        self.assertEqual(self.balance(self.ana), "99")
        self.assertEqual(float(self.ana.one("chain", "status")["supply"]), supply - 1)

    def test_without_a_wallet_it_waits_and_is_paid_later(self):
        self.rich(self.ana)
        self.want_stamps(self.cleo)
        self.refused("CLT-75", self.ana, "chat", "new", self.ben.address, self.cleo.address, text="takes messages of strangers with a stamp of 1 CHAT")
        self.assertEqual(self.ben.run("requests", "list"), [])
        self.assertEqual([line["state"] for line in self.ana.run("stamp", "list")], ["wanted"])
        with self.chain.hurrying():
            paid = self.ana.one(*MOST_PATIENT, "stamp", "pay", "--wallet", self.ana.wallet, "--yes")
        self.assertEqual(paid["stamps"], 1)
        for other in (self.ben, self.cleo):
            self.assertEqual([line["chat"] for line in other.run("requests", "list")], [paid["chat"]])

    def test_who_pays_nothing_invites_the_others(self):
        self.want_stamps(self.cleo)
        self.refused("CLT-75", self.ana, "chat", "new", self.ben.address, self.cleo.address)
        self.refused("CLI-62", self.ana, "stamp", "pay", text="--wallet")
        self.assertEqual(self.ana.one("stamp", "decline")["declined"], 1)
        self.assertEqual(len(self.ben.run("requests", "list")), 1)
        self.assertEqual(self.cleo.run("requests", "list"), [])

    def test_who_cannot_pay_is_told_and_nothing_is_lost(self):
        self.want_stamps(self.cleo)
        self.refused("CLI-63", self.ana, "chat", "new", self.cleo.address, "--wallet", self.ana.wallet, "--yes", text="the wallet has 0 CHAT")
        self.rich(self.ana)
        self.refused("CLI-38", self.ana, "stamp", "pay", "--wallet", self.ana.wallet, text="nothing was signed")
        self.assertEqual(self.balance(self.ana), "100")
        with self.chain.hurrying():
            self.ana.one(*MOST_PATIENT, "stamp", "pay", "--wallet", self.ana.wallet, "--yes")
        self.assertEqual(self.balance(self.ana), "99")

    def test_a_stamp_that_nobody_answers_is_taken_back(self):
        self.rich(self.ana)
        self.want_stamps(self.cleo)
        self.invite(self.ana, self.cleo)
        reclaim = ("stamp", "reclaim", "--wallet", self.ana.wallet, "--yes")
        self.assertEqual(self.ana.one(*reclaim)["state"], "open")
        self.assertEqual(self.ana.one("stamp", "reclaim", "--wallet", self.ben.wallet, "--yes")["state"], "of another wallet")
        self.chain.advance(self.ana.one("chain", "status")["params"]["stamp_open_slots"])
        self.assertEqual(self.ana.one(*reclaim)["state"], "reclaimed")
        self.assertEqual(self.balance(self.ana), "100")

    def test_the_chain_that_the_wallet_uses_has_to_be_the_relays(self):
        self.rich(self.ana)
        self.want_stamps(self.cleo)
        home = self.ana.home / "cluster.json"
        settings = json.loads(home.read_text())
        home.write_text(json.dumps(settings | {"program": self.ben.address}))  # No program is there.
        self.refused("CLI-60", self.ana, "chat", "new", self.cleo.address, "--wallet", self.ana.wallet, "--yes")
        home.unlink()
        self.refused("CLI-34", self.ana, "stamp", "pay", "--wallet", self.ana.wallet, "--yes", text="chain use")
        home.write_text(json.dumps(settings))
        self.assertEqual(self.ana.one("stamp", "decline")["declined"], 1)
        self.assertEqual(self.balance(self.ana), "100")

    def test_a_script_pays_no_price_that_it_did_not_name(self):
        self.rich(self.ana)
        self.want_stamps(self.cleo, "20")
        self.refused("CLI-61", self.ana, "chat", "new", self.cleo.address, "--wallet", self.ana.wallet, "--yes", text="--yes pays at most 10")
        self.assertEqual(self.balance(self.ana), "100")
        with self.chain.hurrying():
            self.ana.one(*MOST_PATIENT, "stamp", "pay", "--wallet", self.ana.wallet, "--yes", "--stamp-max", "20")
        self.assertEqual(self.balance(self.ana), "80")

    def test_settings_are_taken_back(self):
        self.want_stamps(self.cleo, "2.5")
        self.assertEqual(self.cleo.one("stamp", "settings")["own_price"], "2.5")
        self.assertFalse(self.cleo.one("stamp", "settings", "--off")["wanted"])
        self.assertEqual(self.ana.one("chat", "new", self.cleo.address)["missing"], [])

    def test_while_the_relay_hears_of_no_chain_strangers_wait(self):
        self.rich(self.ana)
        self.want_stamps(self.cleo)
        locking = self.ana.start(*MOST_PATIENT, "chat", "new", self.cleo.address, "--wallet", self.ana.wallet, "--yes")
        time.sleep(4)  # Nothing becomes final by itself so soon.
        self.assertIsNone(locking.poll())
        self.assertEqual(self.cleo.run("requests", "list"), [])
        locking.kill()
        locking.wait()
        self.chain.advance(40)
        # A process that died after it paid pays nothing twice.
        with self.chain.hurrying():
            self.ana.one(*MOST_PATIENT, "stamp", "pay", "--wallet", self.ana.wallet, "--yes")
        self.assertEqual(self.balance(self.ana), "99")
        self.assertEqual(len(self.cleo.run("requests", "list")), 1)


if __name__ == "__main__":
    rig.main()
