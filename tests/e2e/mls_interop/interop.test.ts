// Live groups of ChatMCP's MLS and ts-mls: every operation that ts-mls knows, from either side, with public and private
// handshakes. After every commit all members agree on tree, transcript, authenticator and an exported secret.
//
// CHATMCP_MLS_PEER names chatmcp-mls-peer. With the ts-mls peer in its place it tries the driver itself.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { MixedGroup } from "./mixed_group.ts";
import { Client, Peer, type Fields } from "./peers.ts";
import { Random, RandomPlay, STEPS } from "./random_play.ts";

const program = process.env["CHATMCP_MLS_PEER"];
assert.ok(program, "CHATMCP_MLS_PEER names the program to test");

const ours = new Peer("ours", program);
const theirs = new Peer("ts-mls", process.execPath, fileURLToPath(new URL("ts_mls_peer.ts", import.meta.url)));
after(async () => {
    await Promise.all([ours.close(), theirs.close()]);
});

/** An extension type of the private range, which clients of these tests list in their capabilities. */
const PRIVATE_EXTENSION = 0xf0a1;
const SETTINGS = { extensions: [PRIVATE_EXTENSION], past_epochs: 4 };
const REQUIRED_CAPABILITIES = 3;
const NOTHING_REQUIRED = "000000"; // Three empty lists.

let clients = 0;
const client = async (peer: Peer, name: string, fields: Fields): Promise<Client> => {
    const made = new Client(peer, `${name}-${++clients}`);
    await made.ask("init", { ...SETTINGS, ...fields });
    return made;
};

interface Cast {
    group: MixedGroup;
    /** Two members of either program. */
    ana: Client;
    ben: Client;
    tia: Client;
    tom: Client;
    guest: (peer: Peer) => Promise<Client>;
}

/** A group of four; the first of `creator` makes it and adds the others' first, who adds the rest. */
const four = async (creator: Peer, fields: Fields): Promise<Cast> => {
    const [ana, ben] = [await client(ours, "ana", fields), await client(ours, "ben", fields)];
    const [tia, tom] = [await client(theirs, "tia", fields), await client(theirs, "tom", fields)];
    const [first, second] = creator === ours ? [ana, tia] : [tia, ana];
    const group = await MixedGroup.create(first, fields);
    await group.add(first, [second]);
    await group.everybodySays();
    await group.add(second, [ben, tom]);
    await group.everybodySays();
    return { group, ana, ben, tia, tom, guest: (peer) => client(peer, "guest", fields) };
};

/** Every operation by value: what the committer himself wants. */
const byValue = async ({ group, ana, tia, guest }: Cast): Promise<void> => {
    for (const by of [ana, tia]) {
        await group.commit(by, "update");
        await group.say(by);
        await group.commit(by, "commit");
        for (const peer of [ours, theirs]) {
            const newcomer = await guest(peer);
            await group.add(by, [newcomer]);
            await group.say(newcomer);
            await group.commit(newcomer, "update");
            await group.say(by);
            await group.remove(by, [newcomer]);
        }
        const pair = [await guest(ours), await guest(theirs)];
        await group.add(by, pair);
        await group.everybodySays();
        await group.remove(by, pair);
    }
};

/** Every operation by reference: proposed on one side, committed on the other. */
const byReference = async ({ group, ana, ben, tia, tom, guest }: Cast): Promise<void> => {
    for (const [proposer, committer] of [[ana, tom], [tia, ben]] as const) {
        for (const peer of [ours, theirs]) {
            const newcomer = await guest(peer);
            await group.propose(proposer, "propose_add", { key_package: await newcomer.keyPackage() });
            await group.commit(committer, "commit", {}, { joins: [newcomer] });
            await group.say(newcomer);
            await group.propose(proposer, "propose_remove", { index: await group.indexOf(newcomer) });
            await group.commit(committer, "commit", {}, { leaves: [newcomer] });
        }
        await group.propose(proposer, "propose_update");
        await group.commit(committer, "commit");
        await group.everybodySays();
        // He can still read a path, and make one, with the leaf that he proposed.
        await group.commit(committer, "update");
        await group.commit(proposer, "update");
    }
};

/** Updates of all others, an Add and a Remove in one commit. */
const allAtOnce = async ({ group, ana, ben, tia, tom, guest }: Cast): Promise<void> => {
    for (const [committer, proposers, peer] of [[ana, [tia, tom], ours], [tia, [ana, ben], theirs]] as const) {
        const [leaving, coming] = [await guest(peer), await guest(peer)];
        await group.add(committer, [leaving]);
        for (const proposer of proposers) await group.propose(proposer, "propose_update");
        await group.propose(proposers[0], "propose_remove", { index: await group.indexOf(leaving) });
        await group.add(committer, [coming]).catch((error: unknown) => {
            throw new Error("a commit of updates, a remove and an add", { cause: error });
        });
        assert.ok(group.members.includes(leaving), "the driver takes members out only when told");
    }
};
void allAtOnce;

const externalPsk = async ({ group, ana, ben, tia, tom, guest }: Cast): Promise<void> => {
    const psk = { psk_id: "70736b" + group.epoch.toString(16).padStart(4, "0"), psk: "5e".repeat(32) };
    const newcomers = [await guest(ours), await guest(theirs)];
    for (const holder of [...group.members, ...newcomers]) await holder.ask("store_psk", psk);
    for (const by of [ana, tia]) await group.commit(by, "commit", { psk_ids: [psk.psk_id] });
    for (const [proposer, committer] of [[ana, tom], [tia, ben]] as const) {
        await group.propose(proposer, "propose_psk", { psk_id: psk.psk_id });
        await group.commit(committer, "commit");
    }
    // Whoever joins with it needs it too.
    for (const [by, joiner] of [[ana, newcomers[1]], [tia, newcomers[0]]] as const) {
        assert.ok(joiner);
        await group.add(by, [joiner], { psk_ids: [psk.psk_id] });
        await group.say(joiner);
    }
    await group.remove(ben, newcomers);
};

const externalJoins = async ({ group, ana, tia, guest }: Cast): Promise<void> => {
    for (const [peer, door] of [[ours, tia], [theirs, ana]] as const) {
        for (const treeInInfo of [true, false]) {
            const newcomer = await guest(peer);
            await group.externalJoin(newcomer, door, treeInInfo);
            await group.everybodySays();
            await group.externalJoin(newcomer, door, treeInInfo, true);
            await group.everybodySays();
            await group.remove(door, [newcomer]);
        }
    }
};

const leaving = async ({ group, ana, tia, guest }: Cast): Promise<void> => {
    for (const [peer, committer] of [[ours, tia], [theirs, ana]] as const) {
        const leaver = await guest(peer);
        await group.add(committer, [leaver]);
        await group.propose(leaver, "propose_leave");
        await group.commit(committer, "commit", {}, { leaves: [leaver] });
        await group.everybodySays();
    }
};

const lateMessages = async ({ group, ana, ben, tia, tom }: Cast): Promise<void> => {
    for (const [writer, committer] of [[ana, tom], [tia, ben]] as const) {
        const written = [];
        for (let count = 0; count < 3; ++count) written.push(await group.write(writer));
        const [first, second, third] = written;
        assert.ok(first && second && third);
        for (const reader of group.others(writer)) await group.read(reader, third);
        for (const reader of group.others(writer)) await group.read(reader, first);
        await group.commit(committer, "update");
        for (const reader of group.others(writer)) await group.read(reader, second);
    }
};

const steps: Record<string, (cast: Cast) => Promise<void>> = {
    byValue, byReference, externalPsk, externalJoins, leaving, lateMessages,
};

for (const suite of [1, 2, 3]) {
    for (const wire of ["private", "public"]) {
        for (const creator of [ours, theirs]) {
            test(`suite ${suite}, ${wire} handshakes, group of ${creator.name}`, async (t) => {
                // One of the two ways in which new members get the tree.
                const cast = await four(creator, { suite, wire, tree_in_welcome: creator === ours, padding: 7 });
                for (const [name, step] of Object.entries(steps)) await t.test(name, () => step(cast));
            });
        }
    }
}

// A fixed few by default; CHATMCP_MLS_INTEROP_SEEDS has others, separated by commas.
const seeds = (process.env["CHATMCP_MLS_INTEROP_SEEDS"] ?? "1,2,3,4,5,6").split(",").map(Number);
for (const seed of seeds) {
    test(`${STEPS} random operations, seed ${seed}`, async (t) => {
        const random = new Random(seed);
        const fields = { suite: random.one([1, 2, 3]), wire: random.one(["private", "public"]) };
        const peers = [ours, theirs];
        const { group, guest } = await four(random.one(peers), fields);
        const play = new RandomPlay(random, group, peers, guest);
        try {
            for (let count = 0; count < STEPS; ++count) await play.step();
        } catch (error) {
            throw new Error(`seed ${seed}, ${JSON.stringify(fields)}:\n${play.log.join("\n")}`, { cause: error });
        }
        t.diagnostic(`${group.epoch} epochs; faults of ts-mls: ${JSON.stringify(group.faults)}`);
    });
}
