// Live groups of ChatMCP's MLS and ts-mls: every operation that ts-mls knows, from either side, with public and private
// handshakes. After every commit all members agree on tree, transcript, authenticator and an exported secret.
import { test } from "node:test";
import { four, ours, theirs } from "./cast.ts";
import { STEPS } from "./steps.ts";

for (const suite of [1, 2, 3]) {
    for (const wire of ["private", "public"]) {
        for (const creator of [ours, theirs]) {
            test(`suite ${suite}, ${wire} handshakes, group of ${creator.name}`, async (t) => {
                // One of the two ways in which new members get the tree.
                const cast = await four(creator, { suite, wire, tree_in_welcome: creator === ours, padding: 7 });
                for (const [name, step] of Object.entries(STEPS)) await t.test(name, () => step(cast));
            });
        }
    }
}

// ts-mls computes these curves in JavaScript, a second for one commit: the beginning of a group has to do.
for (const suite of [5, 7]) {
    test(`suite ${suite}: a group begins, and each side commits`, async () => {
        const { group, ana, tia } = await four(ours, { suite });
        await group.commit(ana, "update");
        await group.commit(tia, "update");
        await group.everybodySays();
    });
}
