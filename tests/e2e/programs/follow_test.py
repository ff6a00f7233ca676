"""One home, many processes: a `follow` runs while 100 `send` commands are started at once.

Held: every command says "delivered" at a position of its own; the home's own `follow`, another member's `follow` and `read`
of both show each of the 100 texts exactly once, in one order.
"""
import subprocess
import unittest
from collections import Counter

import rig

SENDS = 100


class FollowAndParallelSends(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig()
        self.addCleanup(self.rig.close)
        self.rig.start_conversation(2)

    def send_all(self, speaker) -> dict[str, dict]:
        """Text to reply. A long timeout: on two cores the last one waits for 99 others."""
        texts = [f"parallel {number}" for number in range(SENDS)]
        started = [speaker.start("--timeout", str(rig.PATIENCE_SECONDS), "send", self.rig.chat, text, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE) for text in texts]
        for process in started:
            self.addCleanup(process.kill)
        replies = {}
        for text, process in zip(texts, started):
            output, errors = process.communicate(timeout=2 * rig.PATIENCE_SECONDS)
            done = rig.Done.of(process.returncode, output, errors)
            self.assertEqual(done.exit_code, 0, f"{text}: {done}")
            self.assertEqual(done.last["state"], "delivered", text)
            replies[text] = done.last
        return replies

    def test_a_hundred_sends_at_once_arrive_once_each(self):
        sender, other = self.rig.speakers
        for speaker in (sender, other):
            speaker.go_online(self.rig.chat)
        replies = self.send_all(sender)
        positions = {reply["position"]: text for text, reply in replies.items()}
        self.assertEqual(len(positions), SENDS)
        self.assertEqual(len({reply["message"] for reply in replies.values()}), SENDS)
        for speaker in (sender, other):
            speaker.wait_for(list(positions), rig.PATIENCE_SECONDS)
            self.assertEqual(speaker.go_offline(), 0)
            read = speaker.run("read", self.rig.chat)
            for shown in (speaker.shown[0], read):
                lines = [(line["position"], line["text"]) for line in shown if line.get("kind") == "text"]
                self.assertEqual(lines, sorted(positions.items()), speaker.name)
            self.assertEqual(Counter(line["state"] for line in read), {"delivered": SENDS})
            status = speaker.one("status")
            self.assertEqual((status["pending"], status["reachable"]), (0, True))


if __name__ == "__main__":
    rig.main()
