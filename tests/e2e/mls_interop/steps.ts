// What members of a mixed group do: each step leaves the group with the four whom it began with.
import assert from "node:assert/strict";
import { ours, playingItself, PRIVATE_EXTENSION, theirs, type Cast } from "./cast.ts";

const REQUIRED_CAPABILITIES = 3; // RFC 9420 section 11.1
const NOTHING_REQUIRED = "000000"; // Three empty lists.

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

/** Two Updates, a Remove and an Add, half of them by value, in one commit. */
const allAtOnce = async ({ group, ana, ben, tia, tom, guest }: Cast): Promise<void> => {
    for (const [committer, proposers, leavingPeer] of [[ana, [tia, tom], ours], [tia, [ana, ben], theirs]] as const) {
        const [leaving, coming] = [await guest(leavingPeer), await guest(leavingPeer === ours ? theirs : ours)];
        await group.add(committer, [leaving]);
        for (const proposer of proposers) await group.propose(proposer, "propose_update");
        await group.propose(proposers[0], "propose_add", { key_package: await coming.keyPackage() });
        const indices = [await group.indexOf(leaving)];
        await group.commit(committer, "commit", { indices }, { joins: [coming], leaves: [leaving] });
        await group.everybodySays();
        await group.remove(committer, [coming]);
    }
};

/** Keys from outside of MLS, by value, by reference, and with an Add. */
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

/** In by an external commit: a newcomer, then the same again in place of his lost state. */
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

/** A member proposes his own Remove. */
const leaving = async ({ group, ana, tia, guest }: Cast): Promise<void> => {
    for (const [peer, committer] of [[ours, tia], [theirs, ana]] as const) {
        const leaver = await guest(peer);
        await group.add(committer, [leaver]);
        await group.propose(leaver, "propose_leave");
        await group.commit(committer, "commit", {}, { leaves: [leaver] });
        await group.everybodySays();
    }
};

/** Two commits of one epoch: the one that comes first wins, the other is discarded. */
const race = async ({ group, ana, ben, tia, tom }: Cast): Promise<void> => {
    for (const [winner, loser] of [[ana, tom], [tia, ben]] as const) {
        await loser.ask("update", { apply: false });
        const won = await winner.ask("commit", { apply: false });
        await loser.ask("discard_pending");
        await winner.ask("apply_pending");
        await group.deliver(winner, won, {});
        await group.everybodySays();
    }
};

/** Somebody who is no member asks to be added. */
const strangerAdds = async ({ group, ana, tia, guest }: Cast): Promise<void> => {
    for (const committer of [ana, tia]) {
        const stranger = await guest(theirs);
        const { group_info } = await committer.ask("group_info");
        const { message } = await stranger.ask("propose_join", { group_info });
        await group.hearStranger(message);
        await group.commit(committer, "commit", {}, { joins: [stranger] });
        await group.everybodySays();
        await group.remove(committer, [stranger]);
    }
};

/** A key of an earlier epoch of the same group, which ts-mls alone proposes here. */
const resumptionPsk = async ({ group, ana, tia }: Cast): Promise<void> => {
    const earlier = group.epoch;
    await group.commit(ana, "update");
    await group.commit(tia, "commit", { resumption_epochs: [earlier] });
    await group.everybodySays();
};

/** Ours makes the path that RFC 9420 section 17.4 asks for, and ts-mls reads it. */
const groupExtensions = async ({ group, ana, ben }: Cast): Promise<void> => {
    const required = { type: REQUIRED_CAPABILITIES, data: NOTHING_REQUIRED };
    const own = { type: PRIVATE_EXTENSION, data: "c0ffee" };
    await group.commit(ana, "commit", { group_extensions: [required, own] });
    await group.everybodySays();
    await group.commit(ben, "commit", { group_extensions: [required] });
    await group.everybodySays();
};

/** ts-mls leaves the path out. We refuse by name, stay where we were, and go on with the next commit. */
const groupExtensionsWithoutPath = async ({ group, ana, ben, tia }: Cast): Promise<void> => {
    const group_extensions = [{ type: PRIVATE_EXTENSION, data: "00" }];
    const { commit } = await tia.ask("commit", { group_extensions, apply: false });
    for (const reader of [ana, ben]) {
        const before = await group.commonOf(reader);
        assert.equal(await reader.refusal("recv", { message: commit }), "MLS-67", `${reader}`);
        assert.deepEqual(await group.commonOf(reader), before, `${reader}`);
    }
    await tia.ask("discard_pending");
    await group.commit(tia, "update");
    await group.everybodySays();
};

/** The end: nothing can be sent any more, on either side. */
const reinit = async ({ group, tia }: Cast): Promise<void> => {
    const { commit } = await tia.ask("reinit", { group_id: "00" });
    const { epoch_authenticator, epoch } = await tia.ask("state");
    assert.equal(epoch, group.epoch + 1);
    for (const member of group.others(tia)) {
        const received = await member.ask("recv", { message: commit });
        assert.deepEqual([received.kind, received.epoch, received.active], ["commit", epoch, false], `${member}`);
        assert.equal(received.epoch_authenticator, epoch_authenticator, `${member}`);
    }
    for (const member of group.members) assert.notEqual(await member.refusal("send", { text: "too late" }), "", `${member}`);
};

/** Messages out of order, and one of the epoch before. */
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

export const STEPS: Record<string, (cast: Cast) => Promise<void>> = {
    byValue, byReference, allAtOnce, race, externalPsk, resumptionPsk, externalJoins, strangerAdds, leaving, lateMessages, groupExtensions,
    ...(!playingItself && { groupExtensionsWithoutPath }), reinit, // The last: it ends the group.
};
