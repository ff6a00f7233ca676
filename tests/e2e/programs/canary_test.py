"""Random canary words go in as messages, chat title, question and answer; nobody else's file has them.

The words, and the assistant's answer, are looked for as they are, in base64 and base64url at each alignment, in hexadecimal
and in UTF-16, in every file of node, host, enclave state, homes and logs, and in the metrics of node and host: while all run,
after kill -9 (what journals still hold), and after a clean stop. The search is tried on planted words first.
"""
import base64
import pathlib
import secrets
import unittest

import rig

# Questions until the small model gives an answer that may be given; each is refused by name otherwise.
QUESTIONS = ("What was said about the {}?", "What was said?", "Who spoke about the {}?", "Was the {} mentioned?", "What is the {}?")
ANSWER_WORD_BYTES_MIN = 12
# What there has to be, so that a search in the wrong place does not pass.
EXPECTED_FILES = ("node.log", "node/store/rocks/*.log", "assistant/host.log", "assistant/enclave.db", "home-00/home.sqlite",
                  "home-01/home.sqlite", "home-00/settings.json", "follow-00.log", "follow-01.log")


def base64_forms(word: bytes) -> list[bytes]:
    """The characters that do not depend on what stands before and after, for each alignment."""
    forms = []
    for shift in range(3):
        first, end = -(-shift * 8 // 6), (shift + len(word)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            forms.append(encode(bytes(shift) + word + bytes(3))[first:end])
    return forms


def forms(word: str) -> dict[str, bytes]:
    raw = word.encode()
    found = {"as it is": raw, "hexadecimal": raw.hex().encode(), "HEXADECIMAL": raw.hex().upper().encode(),
             "UTF-16LE": word.encode("utf-16-le"), "UTF-16BE": word.encode("utf-16-be")}
    found |= {f"base64 {number}": form for number, form in enumerate(base64_forms(raw))}
    return found


def places(folder: pathlib.Path, words: list[str]) -> list[str]:
    found = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        found += [f"{file.relative_to(folder)}: {word!r} {name}" for word in words for name, form in forms(word).items() if form in content]
    return found


class Canary(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig()
        self.addCleanup(self.rig.close)

    def word(self) -> str:
        return "canary" + secrets.token_hex(10)

    def test_the_search_finds_what_is_planted(self):
        word = self.word()
        for number, (name, form) in enumerate(forms(word).items()):
            with self.subTest(name):
                folder = self.rig.folder / str(number)
                folder.mkdir()
                (folder / "file").write_bytes(b"before" + form + b"after")
                self.assertIn(f"file: {word!r} {name}", places(folder, [word]))
        text = base64.b64encode(b"x" + word.encode() + b"y")
        self.assertTrue(any(form in text for form in base64_forms(word.encode())))

    def ask(self, asker, word: str) -> list[str]:
        """Pieces of an answer that are long enough to be nobody else's words."""
        for question in QUESTIONS:
            done = asker.execute("ask", self.rig.chat, text=question.format(word))
            if done.exit_code == 0:
                pieces = [done.last["answer"], *done.last["points"]]
                return [piece for piece in pieces if len(piece.encode()) >= ANSWER_WORD_BYTES_MIN]
            self.assertEqual((done.exit_code, done.check[:4]), (1, "AST-"), done)
        self.fail("the model answered none of the questions")

    def assert_nowhere(self, words: list[str], when: str):
        for pattern in EXPECTED_FILES:
            self.assertTrue(list(self.rig.folder.glob(pattern)), f"{when}: {pattern} is not there")
        self.assertEqual(places(self.rig.folder, words), [], when)

    def test_no_file_and_no_metric_has_a_word_that_was_said(self):
        title, said, asked = (self.word() for _ in range(3))
        self.rig.start_conversation(2, title=title)
        inviter, asker = self.rig.speakers
        self.assertEqual(asker.one("chat", "list")["title"], title)
        for speaker in self.rig.speakers:
            speaker.go_online(self.rig.chat)
            speaker.one("send", self.rig.chat, text=f"The {said} is on the table, and it costs 12 euros.")
        self.rig.start_assistant()
        self.rig.invite_assistant()
        sent = inviter.one("send", self.rig.chat, text=f"Put the {said} into the drawer.")
        words = [title, said, asked, *self.ask(asker, asked)]
        asker.wait_for([sent["position"]], rig.PATIENCE_SECONDS)
        self.assertIn(said, asker.read[sent["position"]]["text"])  # It was said, and could be read.

        self.assert_nowhere(words, "running")
        metrics = self.rig.metrics().encode()
        self.assertIn(b"chatmcp_door_message_frames_total", metrics)
        self.assertEqual([name for word in words for name, form in forms(word).items() if form in metrics], [])

        for service in (self.rig.assistant, self.rig.node):
            service.kill()
        self.assert_nowhere(words, "after kill -9")
        self.rig.start_node()
        self.rig.start_assistant()
        for speaker in self.rig.speakers:
            speaker.go_offline()
        self.assertEqual([self.rig.assistant.stop(), self.rig.node.stop()], [0, 0])
        self.assert_nowhere(words, "after a clean stop")


if __name__ == "__main__":
    rig.main()
