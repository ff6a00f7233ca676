"""A conversation whose relay follows it, by whole programs, over a restart of the node.

Held: people are added, speak, leave and are removed, and everybody stands in one epoch; the relay refused nothing; `chat show` says which
kind of conversation it is.
"""
import subprocess
import unittest

import rig


class PublicHandshakes(unittest.TestCase):
    def setUp(self):
        self.rig = rig.Rig()
        self.addCleanup(self.rig.close)
        self.rig.start_conversation(3, options=("--public-handshakes",))

    def expect_one_epoch(self, speakers):
        shown = [speaker.one("chat", "show", self.rig.chat) for speaker in speakers]
        self.assertEqual(len({show["epoch_authenticator"] for show in shown}), 1, shown)
        self.assertEqual({show["handshakes"] for show in shown}, {"public"})

    def test_people_come_speak_and_go_while_the_relay_follows(self):
        ana, ben, cleo = self.rig.speakers
        self.expect_one_epoch([ana, ben, cleo])
        self.rig.node.stop()
        self.rig.start_node()
        ana.one("chat", "remove", self.rig.chat, cleo.address)
        self.expect_one_epoch([ana, ben])
        ben.one("send", self.rig.chat, "after the restart")
        self.assertIn("after the restart", [line.get("text") for line in ana.run("read", self.rig.chat)])
        ana.one("chat", "add", self.rig.chat, cleo.address)
        cleo.run("requests", "list")
        cleo.one("requests", "accept", self.rig.chat)
        self.expect_one_epoch([ana, ben, cleo])
        # Waits until somebody takes the wish up.
        leaving = ben.start("chat", "leave", self.rig.chat, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.addCleanup(leaving.kill)
        rig.until("ben is out", lambda: ana.one("chat", "show", self.rig.chat)["members"] == 2)
        self.assertEqual(leaving.wait(rig.PATIENCE_SECONDS), 0)
        self.expect_one_epoch([ana, cleo])
        refusals = [line for line in self.rig.metrics().splitlines() if "refusals_total{" in line and "PublishBundle" in line]
        self.assertEqual(refusals, [])
        private = ana.one("chat", "new", ben.address)["chat"]
        self.assertEqual(ana.one("chat", "show", private)["handshakes"], "private")


if __name__ == "__main__":
    rig.main()
