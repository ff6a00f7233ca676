"""Damaged files given to the terminal client: homes, settings, receipts, evidence, policies and wallets that are cut short,
have a bit turned, are far too large or of another version.

Held for each: the program ends by itself with the exit code that docs/cli.md says; the refusal is one line with a row of
docs/CHECKS.md and what to do; nothing that is signed or sealed is ever shown changed; the home that was there works afterwards as
before. Not held: a receipt's file also has what its receipt does not vouch for (the question's text, prompts, the announcement).
The bits are drawn from a seed that is printed.
"""
import json
import os
import random
import shutil
import sqlite3
import unittest

import rig

SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(2**32))
CUTS = 6
FLIPS = 40
HOME_FLIPS = 10
REFUSED, UNUSABLE, LOCAL_FAILURE = 1, 2, 4
OVERSIZED_BYTES = 17 * 1024 * 1024
CHECKS = rig.check_ids()


def damages(content: bytes, draw: random.Random, flips: int = FLIPS) -> list[tuple[str, bytes]]:
    made = [("empty", b""), ("one byte", content[:1]), ("oversized", content + bytes(OVERSIZED_BYTES)), ("noise", draw.randbytes(len(content)))]
    made += [(f"cut at {at}", content[:at]) for at in draw.sample(range(1, len(content)), CUTS)]
    for bit in draw.sample(range(len(content) * 8), flips):
        turned = bytearray(content)
        turned[bit // 8] ^= 1 << bit % 8
        made.append((f"bit {bit}", bytes(turned)))
    return made


class DamagedInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"SEED={SEED}", flush=True)
        cls.rig = rig.Rig()
        cls.addClassCleanup(cls.rig.close)
        cls.rig.start_conversation(2)
        cls.owner, cls.other = cls.rig.speakers
        for number in range(4):
            cls.rig.speakers[number % 2].one("send", cls.rig.chat, f"The meeting number {number} is in the kitchen.")
        cls.rig.start_assistant()
        cls.rig.invite_assistant()
        cls.receipt, cls.evidence = cls.rig.folder / "receipt.bin", cls.rig.folder / "evidence.cmw"
        answer = cls.answer()
        cls.shown = cls.owner.one("receipt", "show", cls.rig.chat, answer, "--out", cls.receipt, "--evidence", cls.evidence)
        cls.policy = cls.rig.folder / "policy.json"
        cls.policy.write_text(json.dumps(cls.owner.one("policy", "show")))

    @classmethod
    def answer(cls) -> str:
        """Message id of an answer. A small model's answers are often refused; then it is asked something else."""
        for question in ("What was said?", "Where is the meeting?", "Which meeting is in the kitchen?", "Who spoke?", "What is number 2?"):
            done = cls.owner.execute("ask", cls.rig.chat, text=question)
            if done.exit_code == 0:
                return done.last["receipt"]
        raise rig.Failed(f"the model answered nothing: {done}")

    def setUp(self):
        self.draw = random.Random(f"{SEED} {self.id()}")
        self.file = self.rig.folder / self.id().rpartition(".")[2]

    # ---- What every refusal looks like ----

    def assert_refused(self, done: rig.Done, name: str, *exit_codes: int, lines_before: int = 0):
        self.assertIn(done.exit_code, exit_codes, f"{name}: {done}")
        self.assertEqual(len(done.lines), lines_before + 1, f"{name}: {done}")
        if "error" in done.last:
            self.assertIn(done.check, CHECKS, f"{name}: {done}")
            self.assertRegex(done.last["message"], r"^[a-z -]+: [a-z_]+; .{10,}", name)
        else:  # A report: what was found is among its refusals.
            self.assertTrue(done.last["refusals"], f"{name}: {done}")
            for refusal in done.last["refusals"]:
                self.assertIn(refusal["check"], CHECKS, f"{name}: {done}")

    def assert_one_line_for_people(self, *words, exit_code: int):
        ended = rig.program("chatmcp", *words)
        self.assertEqual((ended.returncode, ended.stdout), (exit_code, ""), ended)
        self.assertRegex(ended.stderr, r"\Achatmcp: [a-z -]+: [a-z_]+; .{10,} \[[A-Z]+-\d+\]\n\Z")

    def run_on(self, content: bytes, *words) -> rig.Done:
        """A command without a home on a file of this content."""
        self.file.write_bytes(content)
        ended = rig.program("chatmcp", "--json", *words)
        return rig.Done.of(ended.returncode, ended.stdout, ended.stderr)

    # ---- Files ----

    def test_damaged_receipts_verify_never(self):
        words = ("receipt", "verify", self.file, "--policy", self.policy)
        sound = self.receipt.read_bytes()
        whole = self.run_on(sound, *words)
        self.assertEqual((whole.exit_code, whole.last["verifies"], whole.last["accepted"]), (0, True, True), whole)
        for name, content in damages(sound, self.draw):
            done = self.run_on(content, *words)
            if done.exit_code == 0:  # What the enclave did not sign; what it did sign is tried below.
                self.assertTrue(name.startswith("bit "), f"{name}: {done}")
            else:
                self.assert_refused(done, name, REFUSED, UNUSABLE)
                self.assertFalse(done.last.get("accepted", False), name)
        for name, at in self.signed_bytes(sound):
            turned = bytearray(sound)
            turned[at] ^= 1 << self.draw.randrange(8)
            self.assert_refused(self.run_on(bytes(turned), *words), f"{name}, byte {at}", REFUSED, UNUSABLE)
        self.assert_refused(self.run_on(b"\0\2" + sound[2:], *words), "another version", UNUSABLE)
        self.file.write_bytes(sound[: len(sound) // 2])
        self.assert_one_line_for_people(*words, exit_code=UNUSABLE)

    def signed_bytes(self, content: bytes) -> list[tuple[str, int]]:
        """A place in each thing that a receipt vouches for: in the answer that was posted, not in what announced the assistant."""
        things = {name: bytes.fromhex(self.shown[name]) for name in ("measurement", "weights", "configuration")}
        things |= {f"input {number}": bytes.fromhex(message) for number, message in enumerate(self.shown["inputs"])}
        things["evidence"] = self.evidence.read_bytes()
        # Only in the receipt do these stand side by side.
        begin = content.index(things["measurement"] + things["weights"] + things["configuration"])
        places = [(name, content.index(thing, begin) + self.draw.randrange(len(thing))) for name, thing in things.items()]
        if answer := self.shown["answer"].encode():  # A summary may have points alone.
            places.append(("answer", content.index(answer) + self.draw.randrange(len(answer))))
        return places

    def test_damaged_evidence_verifies_never(self):
        words = ("attest", "verify", self.file, "--policy", self.policy)
        sound = self.evidence.read_bytes()
        self.assertTrue(self.run_on(sound, *words).last["verifies"])
        for name, content in damages(sound, self.draw):
            done = self.run_on(content, *words)
            self.assert_refused(done, name, REFUSED, UNUSABLE)
            self.assertFalse(done.last.get("verifies", False), name)

    def test_damaged_wallets_are_not_shown(self):
        words = ("wallet", "show", self.file)
        sound = self.owner.wallet.read_bytes()
        self.assertEqual(self.run_on(sound, *words).last["address"], self.owner.address)
        for name, content in damages(sound, self.draw):
            self.assert_refused(self.run_on(content, *words), name, REFUSED, UNUSABLE)
        self.file.write_bytes(sound[: len(sound) // 2])
        self.assert_one_line_for_people(*words, exit_code=UNUSABLE)

    def test_damaged_policies_are_refused_whole(self):
        sound = self.policy.read_bytes()
        words = ("attest", "verify", self.evidence, "--policy", self.file)
        for name, content in damages(sound, self.draw):
            done = self.run_on(content, *words)
            if done.exit_code == 0 or "error" not in done.last:
                # A turned bit may leave a policy that says something else; then it is one, and JSON.
                self.assertTrue(name.startswith("bit "), f"{name}: {done}")
                self.assertIn("version", json.loads(content), name)
            else:
                self.assert_refused(done, name, UNUSABLE)

    def test_a_home_keeps_its_policy_when_a_damaged_one_is_set(self):
        sound = self.policy.read_bytes()
        before = self.owner.one("policy", "show")
        for name, content in (("empty", b""), ("cut", sound[: len(sound) // 2]), ("version", sound.replace(b'"version": 1', b'"version": 2')),
                              ("oversized", sound + b" " * (1 << 17)), ("unknown name", sound.replace(b'"kinds"', b'"kind"'))):
            self.assertNotEqual(content, sound)
            self.file.write_bytes(content)
            self.assert_refused(self.owner.execute("policy", "set", self.file), name, UNUSABLE)
        self.assertEqual(self.owner.one("policy", "show"), before)

    # ---- Homes ----

    def copy(self, name: str) -> rig.Speaker:
        """Somebody with a copy of the owner's home."""
        speaker = rig.Speaker(50, name, self.rig.folder / self.id(), self.rig.url)
        shutil.rmtree(speaker.home, ignore_errors=True)
        shutil.copytree(self.owner.home, speaker.home)
        return speaker

    def texts(self, speaker: rig.Speaker) -> list[tuple]:
        return [(line["position"], line["message"], line["text"]) for line in speaker.run("read", self.rig.chat)]

    def test_damaged_homes_are_refused_and_sound_again_when_they_are_put_back(self):
        expected = self.texts(self.owner)
        database = self.copy("sound").home / "home.sqlite"
        sound = database.read_bytes()
        version = bytearray(sound)
        version[60:64] = (99).to_bytes(4, "big")  # PRAGMA user_version.
        made = [damage for damage in damages(sound, self.draw, HOME_FLIPS) if damage[0] != "oversized"] + [("another version", bytes(version))]
        for name, content in made:
            speaker = self.copy(name)
            database = speaker.home / "home.sqlite"
            database.write_bytes(content)
            done = speaker.execute("read", self.rig.chat)
            shown = [(line["position"], line["message"], line["text"]) for line in done.lines if "error" not in line]
            self.assertEqual(shown, [line for line in expected if line in shown], name)
            if done.exit_code == 0 or shown:
                # A bit of free space, or of a record's name: SQLite keeps no sums, so that record is then not found. Or a record
                # behind those that were shown already. Or the end of the file, where nothing stands that is read.
                self.assertTrue(name.startswith(("bit ", "cut ")), f"{name}: {done}")
            if done.exit_code != 0:
                codes = (UNUSABLE,) if name == "another version" else (REFUSED, UNUSABLE, LOCAL_FAILURE)
                self.assert_refused(done, name, *codes, lines_before=len(shown))
            for beside in speaker.home.glob("home.sqlite*"):
                beside.unlink()
            database.write_bytes(sound)
        self.assertEqual(self.texts(speaker), expected)

    def test_a_home_with_records_that_were_changed_by_hand_is_refused(self):
        """Not the file but its values: SQLite sees nothing wrong, the seals do."""
        speaker = self.copy("changed values")
        with sqlite3.connect(speaker.home / "home.sqlite") as database:
            database.execute("UPDATE pairs SET value = substr(value, 1, length(value) - 1) || x'00'")
        database.close()
        self.assert_refused(speaker.execute("status"), "changed values", LOCAL_FAILURE)

    def test_damaged_settings_are_named_and_mended_by_login(self):
        speaker = self.copy("settings")
        settings = speaker.home / "settings.json"
        sound = settings.read_bytes()
        ca = self.rig.folder / "passphrase"
        ca.write_text(rig.PASSPHRASE)
        words = ("--json", "--home", speaker.home, "--passphrase-file", ca, "status")
        for name, content, check in (("empty", b"", "CLI-08"), ("cut", sound[:10], "CLI-08"), ("another type", b'{"node": 5, "ca": ""}', "CLI-08"),
                                     ("a list", b"[]", "CLI-08"), ("oversized", sound + b" " * (1 << 17), "CLI-11")):
            settings.write_bytes(content)
            ended = rig.program("chatmcp", *words)
            done = rig.Done.of(ended.returncode, ended.stdout, ended.stderr)
            self.assert_refused(done, name, UNUSABLE if check == "CLI-11" else LOCAL_FAILURE)
            self.assertEqual(done.check, check, name)
        speaker.one("login", "--wallet", self.owner.wallet)
        self.assertEqual(json.loads(settings.read_bytes())["node"], self.rig.url)

    @classmethod
    def tearDownClass(cls):
        """After all of it, the home is what it was."""
        for speaker in cls.rig.speakers:
            status = speaker.one("status")
            assert status["reachable"] and status["pending"] == 0, status
        assert cls.owner.one("send", cls.rig.chat, "as before")["state"] == "delivered"


if __name__ == "__main__":
    rig.main()
