"""The commands about tokens against a development chain: the program deployed by the loader, set up and used by `chatmcp`."""
import json
import os
import pty
import unittest

import rig
from demo import chain as development

UNSTAKE_DELAY_SLOTS = 216_000


class ChainTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rig = rig.Rig()
        cls.chain = development.Chain(cls.rig.folder, 0)
        cls.rig.callback(cls.chain.stop)

    @classmethod
    def tearDownClass(cls):
        cls.rig.close()

    def setUp(self):
        self.home = self.rig.folder / self.id().rpartition(".")[2]
        self.chain.use(self.home)
        self.wallet = self.home / "wallet.json"
        self.address = self.ran("wallet", "new", self.wallet)["address"]

    def command(self, *words):
        # In a session of its own: there is no terminal that could be asked.
        return rig.program("chatmcp", "--home", self.home, "--json", *words, start_new_session=True)

    def ran(self, *words) -> dict:
        ended = self.command(*words)
        self.assertEqual(ended.returncode, 0, ended)
        return json.loads(ended.stdout)

    def refused(self, check: str, *words, text: str = "") -> None:
        ended = self.command(*words)
        self.assertNotEqual(ended.returncode, 0, ended)
        error = json.loads(ended.stdout)
        self.assertEqual(error["check"], check, error)
        self.assertIn(text, error["message"])

    def signed(self, *words) -> dict:
        return self.ran(*words, "--wallet", self.wallet, "--yes")

    def balance(self, address: str | None = None) -> dict:
        return self.ran("token", "balance", address or self.address)

    def test_all_chat_is_in_the_treasury_and_set_up_happens_once(self):
        status = self.ran("chain", "status")
        self.assertEqual(status["supply"], "1000000000")
        self.assertEqual(status["params"]["stamp_price_min"], 1_000_000)
        authority = self.chain.folder / "authority/wallet.json"
        self.assertEqual(self.ran("chain", "setup", "--wallet", authority, "--yes")["transactions"], [])
        self.assertEqual(self.command("chain", "registry").stdout, "")
        self.assertEqual(self.command("chain", "measurements").stdout, "")

    def test_tokens_are_bought_staked_sent_and_withdrawn(self):
        self.chain.airdrop(self.home, self.address, "2")
        bought = self.signed("token", "buy", "25.5")
        self.assertEqual((bought["amount"], bought["price_sol"]), ("25.5", "0.0255"))
        self.signed("token", "stake", "10")
        self.assertEqual((self.balance()["chat"], self.balance()["staked"]), ("15.5", "10"))
        self.refused("NET-79", "token", "stake", "100", "--wallet", self.wallet, "--yes", text="there are not enough tokens in the account")
        self.signed("token", "unstake", "4")
        self.refused("NET-79", "token", "withdraw", "--wallet", self.wallet, "--yes", text="The delay is not over yet.")
        self.chain.advance(UNSTAKE_DELAY_SLOTS)
        self.assertEqual(self.signed("token", "withdraw")["amount"], "4")
        other = self.ran("wallet", "new", self.home / "other.json")["address"]
        self.signed("token", "send", other, "1.25")
        self.assertEqual(self.balance(other)["chat"], "1.25")
        mine = self.ran("token", "balance", "--wallet", self.wallet)
        self.assertEqual((mine["chat"], mine["staked"], mine["unstaking"]), ("18.25", "6", "0"))

    def test_nothing_is_signed_that_its_owner_did_not_confirm(self):
        self.chain.airdrop(self.home, self.address, "1")
        self.refused("CLI-38", "token", "buy", "1", "--wallet", self.wallet, text="nothing was signed")
        self.assertEqual(self.asked("n"), 1)
        self.assertEqual(self.balance()["chat"], "0")
        self.assertEqual(self.asked("y"), 0)
        self.assertEqual(self.balance()["chat"], "1")

    def asked(self, answer: str) -> int:
        """The exit status of buying 1 CHAT at a terminal, where the question is answered so."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(rig.BIN / "chatmcp", ["chatmcp", "--home", str(self.home), "token", "buy", "1", "--wallet", str(self.wallet)])
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(terminal, 4096)
        self.assertIn(b"buy 1 CHAT for 0.001 SOL", shown)
        self.assertRegex(shown, rb"rent and prices 0\.00[1-9]")  # The price, and the rent of a token account.
        os.write(terminal, f"{answer}\n".encode())
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(terminal)
        return status

    def test_what_cannot_be_meant_is_refused(self):
        self.refused("CLI-39", "token", "balance")
        self.refused("CHN-05", "token", "balance", "nobody", text="nobody is not the base58 address")
        mint = self.ran("chain", "status")["mint"]
        self.refused("CLI-40", "token", "send", mint, "1", "--wallet", self.wallet, "--yes")
        self.refused("CHN-43", "token", "buy", "0.0000001", "--wallet", self.wallet, "--yes", text="at most 6 digits")
        self.refused("CHN-44", "token", "buy", "1000000001", "--wallet", self.wallet, "--yes", text="less CHAT than that")
        self.refused("NET-79", "token", "buy", "1", "--wallet", self.wallet, "--yes", text="too little SOL")
        self.refused("CHN-41", "token", "buy", "--wallet", self.wallet, "--yes", "--", "-1")

    def test_without_the_program_or_the_chain_it_is_said(self):
        nobody = self.ran("wallet", "new", self.home / "nobody.json")["address"]
        used = self.ran("chain", "use", nobody, "--endpoint", self.chain.url)
        self.assertFalse(used["is_set_up"])
        self.refused("CLI-37", "chain", "status", text="there is no ChatMCP at")
        self.refused("NET-61", "chain", "use", nobody, "--endpoint", "http://192.0.2.1:80", text="http:// on this machine")
        self.refused("NET-63", "chain", "use", nobody, "--endpoint", "http://127.0.0.1:1", text="is the Solana node running")

    def test_another_cluster_and_damaged_settings_are_refused(self):
        file = self.home / "cluster.json"
        settings = json.loads(file.read_text())
        file.write_text(json.dumps(settings | {"genesis_hash": nobody_hash(settings["genesis_hash"])}))
        self.refused("CLI-36", "chain", "status", text="when `chain use` saw it")
        for damaged in ("", "{", "{}", json.dumps(settings | {"endpoints": [1]}), json.dumps(settings | {"program": 1})):
            file.write_text(damaged)
            self.refused("CLI-35", "chain", "status")
        file.unlink()
        self.refused("CLI-34", "chain", "status", text="chatmcp chain use")


def nobody_hash(genesis_hash: str) -> str:
    """Another one of the same form."""
    return genesis_hash[:-1] + ("1" if genesis_hash[-1] != "1" else "2")


if __name__ == "__main__":
    rig.main()
