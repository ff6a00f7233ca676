"""Votes by command against a development chain: proposals, votes, time locks, execution, revocation at once, the guardian's pause."""
import json
import unittest

import rig
from demo import chain as development

DIGEST = "ab" * 32
WHY = ("--why", "because of this test")


class GovernanceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = rig.Rig()
        cls.chain = development.Chain(cls.rig.folder, 0)
        cls.rig.callback(cls.chain.stop)
        cls.home = cls.rig.folder / "home"
        cls.chain.use(cls.home)
        cls.big, cls.small = (cls.staked(name, amount) for name, amount in (("big", "3000"), ("small", "1000")))
        cls.params = cls.ran("chain", "status")["params"]

    @classmethod
    def tearDownClass(cls):
        cls.rig.close()

    @classmethod
    def staked(cls, name: str, amount: str):
        """A wallet with so much CHAT staked."""
        wallet = cls.home / f"{name}.json"
        address = cls.ran("wallet", "new", wallet)["address"]
        cls.chain.airdrop(cls.home, address, "10")
        for verb, units in (("buy", str(int(amount) + 10)), ("stake", amount)):
            cls.ran("token", verb, units, "--wallet", wallet, "--yes")
        return wallet

    @classmethod
    def command(cls, *words):
        return rig.program("chatmcp", "--home", cls.home, "--json", *words, start_new_session=True)

    @classmethod
    def ran(cls, *words) -> dict:
        ended = cls.command(*words)
        assert ended.returncode == 0, ended
        return json.loads(ended.stdout)

    def refused(self, check: str, *words, text: str = "") -> None:
        ended = self.command(*words)
        self.assertNotEqual(ended.returncode, 0, ended)
        error = json.loads(ended.stdout)
        self.assertEqual(error["check"], check, error)
        self.assertIn(text, error["message"])

    def signed(self, wallet, *words) -> dict:
        return self.ran("chain", "governance", *words, "--wallet", wallet, "--yes")

    def propose(self, *words) -> str:
        return str(self.signed(self.big, "propose", *words, *WHY)["number"])

    def proposal(self, number: str) -> dict:
        lines = [json.loads(line) for line in self.command("chain", "governance", "list").stdout.splitlines()]
        return next(line for line in lines if str(line["number"]) == number)

    def pass_by(self, number: str) -> None:
        """Both say yes, and the time lock goes by."""
        for wallet in (self.big, self.small):
            self.signed(wallet, "vote", number, "yes")
        self.chain.advance(self.params["voting_slots"])
        self.assertEqual(self.proposal(number)["state"], "waiting")
        self.refused("NET-79", "chain", "governance", "execute", number, "--wallet", self.small, "--yes", text="The delay is not over yet.")
        self.chain.advance(self.params["time_lock_slots"])
        self.assertEqual(self.proposal(number)["state"], "executable")
        self.signed(self.small, "execute", number)
        self.assertEqual(self.proposal(number)["state"], "executed")

    def release(self, number: str) -> None:
        for wallet in (self.small, self.big):
            self.signed(wallet, "release", number)

    def test_a_measurement_is_let_in_after_a_vote_and_revoked_at_once(self):
        number = self.propose("measurement", "tdx", DIGEST, "first build")
        shown = self.proposal(number)
        self.assertEqual((shown["state"], shown["does"]), ("voting", f"let in tdx {DIGEST} first build"))
        self.pass_by(number)
        measurement = self.ran("chain", "measurements")
        self.assertEqual((measurement["status"], measurement["digest"], measurement["label"]), ("active", DIGEST, "first build"))
        self.refused("NET-79", "token", "unstake", "1", "--wallet", self.big, "--yes")  # The stake is held.
        self.release(number)
        self.ran("token", "unstake", "1", "--wallet", self.big, "--yes")
        number = self.propose("revocation", measurement["account"], "vulnerable_code")
        self.signed(self.big, "vote", number, "yes")
        self.assertEqual(self.proposal(number)["state"], "executable")
        self.signed(self.small, "execute", number)
        measurement = self.ran("chain", "measurements")
        self.assertEqual((measurement["status"], measurement["reason"]), ("revoked", "vulnerable_code"))
        self.signed(self.big, "release", number)

    def test_parameters_change_and_a_payment_goes_out(self):
        price = self.params["stamp_price_min"] * 2
        number = self.propose("params", f"stamp_price_min={price}")
        self.assertEqual(self.proposal(number)["does"], f"change stamp_price_min {price // 2} to {price}")
        self.pass_by(number)
        self.assertEqual(self.ran("chain", "status")["params"] | {"stamp_price_min": price}, self.ran("chain", "status")["params"])
        self.release(number)
        to = self.ran("wallet", "show", self.small)["address"]
        before = float(self.ran("token", "balance", to)["chat"])
        number = self.propose("payment", to, "12.5")
        self.pass_by(number)
        self.assertEqual(float(self.ran("token", "balance", to)["chat"]) - before, 12.5)
        self.release(number)

    def test_a_proposal_is_cancelled_or_rejected(self):
        number = self.propose("verifiers", "1", self.ran("wallet", "show", self.small)["address"])
        self.refused("NET-79", "chain", "governance", "cancel", number, "--wallet", self.small, "--yes")
        self.signed(self.big, "cancel", number)
        self.assertEqual(self.proposal(number)["state"], "cancelled")
        self.refused("NET-79", "chain", "governance", "vote", number, "yes", "--wallet", self.small, "--yes")
        self.signed(self.big, "release", number)
        number = self.propose("guardian", self.ran("wallet", "show", self.small)["address"])
        self.signed(self.big, "vote", number, "no")
        self.signed(self.small, "vote", number, "yes")
        late = self.staked(f"late{number}", "10")
        self.refused("NET-79", "chain", "governance", "vote", number, "yes", "--wallet", late, "--yes")  # Staked after it was proposed.
        self.chain.advance(self.params["voting_slots"])
        self.assertEqual(self.proposal(number)["state"], "rejected")
        self.refused("NET-79", "chain", "governance", "execute", number, "--wallet", self.small, "--yes")
        self.release(number)

    def test_the_guardian_pauses_and_nobody_else(self):
        self.refused("NET-79", "chain", "governance", "pause", "--wallet", self.big, "--yes")
        authority = self.chain.folder / "authority/wallet.json"
        self.signed(authority, "pause")
        self.refused("NET-79", "token", "buy", "1", "--wallet", self.big, "--yes", text="paused")
        self.chain.advance(self.params["pause_slots"])
        self.ran("token", "buy", "1", "--wallet", self.big, "--yes")

    def test_what_cannot_be_meant_is_refused(self):
        wallet = ("--wallet", self.big, "--yes")
        propose = ("chain", "governance", "propose")
        self.refused("CLI-41", "chain", "governance", "vote", "999", "yes", *wallet, text="chain governance list")
        for change in ("stamp_price", "stamp_price_min", "stamp_price_min=", "stamp_price_min=1x", "nothing=1"):
            self.refused("CLI-43", *propose, "params", change, *WHY, *wallet)
        for digest, label in (("xy", "label"), ("", "label"), ("ab" * 65, "label"), ("ab", "l" * 33)):
            self.refused("CLI-44", *propose, "measurement", "tdx", digest, label, *WHY, *wallet)
        self.refused("CLI-45", *propose, "revocation", self.ran("chain", "status")["mint"], "superseded", *WHY, *wallet)
        address = self.ran("wallet", "show", self.small)["address"]
        for threshold in ("0", "2"):
            self.refused("CLI-46", *propose, "verifiers", threshold, address, *WHY, *wallet)
        number = self.propose("authority", address)
        self.refused("CLI-42", "chain", "governance", "release", number, "--wallet", self.small, "--yes")
        self.signed(self.big, "cancel", number)
        self.signed(self.big, "release", number)
        self.assertEqual(self.command("chain", "governance", "vote", "1", "perhaps", *wallet).returncode, 2)


if __name__ == "__main__":
    rig.main()
