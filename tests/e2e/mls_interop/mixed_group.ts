// A group whose members are clients of both programs. After every commit all must be at the same place.
import assert from "node:assert/strict";
import type { Client, Fields, Reply } from "./peers.ts";

const EXPORT = { label: "interop", context: "00ff", length: 42 };
/** All that members of one epoch have in common. */
const COMMON = ["group_id", "epoch", "members", "tree_hash", "confirmed_transcript_hash", "epoch_authenticator", "active"] as const;

/**
 * Valid things that ts-mls 1.6.4 refuses, by the words with which it does.
 *
 * - unmergedLeaves: a tree in which a leaf is unmerged at one parent and not at another above it, which a later commit made
 *   afresh. It wants the same list all the way to the root (RFC 9420 section 12.4.3.1 wants it only below).
 * - ownLeafTaken: a commit that removes the reader and puts somebody else into his leaf.
 */
const FAULTS_OF_TS_MLS = {
    unmergedLeaves: "ValidationError: non-blank intermediate node must list leaf node in its unmerged_leaves",
    ownLeafTaken: "No overlap between provided private keys and update path",
};

/** Who comes and goes with a commit. */
interface Moves {
    joins?: Client[];
    leaves?: Client[];
}

export class MixedGroup {
    readonly members: Client[];
    #epoch = 0;
    #texts = 0;
    /** How often ts-mls had which fault. */
    readonly faults: Record<keyof typeof FAULTS_OF_TS_MLS, number> = { unmergedLeaves: 0, ownLeafTaken: 0 };

    private constructor(creator: Client) {
        this.members = [creator];
    }

    static async create(creator: Client, fields: Fields = {}): Promise<MixedGroup> {
        await creator.ask("create_group", fields);
        return new MixedGroup(creator);
    }

    get epoch(): number {
        return this.#epoch;
    }

    others(than: Client): Client[] {
        return this.members.filter((member) => member !== than);
    }

    async indexOf(member: Client): Promise<number> {
        return (await member.ask("state")).index;
    }

    /** What `member` has in common with all others of its epoch. */
    async commonOf(member: Client): Promise<unknown[]> {
        const state = await member.ask("state");
        return COMMON.map((field) => state[field]);
    }

    /** `by` commits; everybody else receives it, whoever it adds joins, and all agree. */
    async commit(by: Client, cmd: string, fields: Fields = {}, moves: Moves = {}): Promise<Reply> {
        const reply = await by.ask(cmd, fields);
        await this.deliver(by, reply, moves);
        return reply;
    }

    async deliver(by: Client, { commit, welcome, ratchet_tree }: Reply, { joins = [], leaves = [] }: Moves): Promise<void> {
        for (const member of this.others(by)) {
            const leaf = leaves.includes(member) && joins.length > 0 ? "ownLeafTaken" : undefined;
            const received = await this.#tried(leaf, member, "recv", { message: commit });
            if (received === undefined) continue;
            assert.equal(received.kind, "commit", `${member}`);
            assert.equal(received.active, !leaves.includes(member), `${member} is active`);
        }
        this.#leave(leaves);
        const outside: Client[] = [];
        for (const joiner of joins) {
            const fields = { welcome, ...(ratchet_tree && { ratchet_tree }) };
            const joined = await this.#tried("unmergedLeaves", joiner, "join", fields);
            (joined ? this.members : outside).push(joiner);
        }
        await this.#agree(outside.length);
        if (outside.length > 0) await this.#takeOut(by, outside);
    }

    /** The reply; undefined if ts-mls refuses for the one fault that is expected here. Every other refusal fails. */
    async #tried(
        fault: keyof typeof FAULTS_OF_TS_MLS | undefined, client: Client, cmd: string, fields: Fields,
    ): Promise<Reply | undefined> {
        const reply = await client.peer.call(client.name, cmd, fields);
        if (!reply.ok && fault !== undefined && reply.error.includes(FAULTS_OF_TS_MLS[fault])) {
            this.faults[fault] += 1;
            return undefined;
        }
        assert.ok(reply.ok, `${client}: ${cmd} was refused: ${reply.error}`);
        return reply;
    }

    /** Members of the tree who could not join. */
    async #takeOut(by: Client, outside: Client[]): Promise<void> {
        const identities = outside.map(({ name }) => Buffer.from(name).toString("hex"));
        const { members } = await by.peer.call(by.name, "members");
        assert.ok(Array.isArray(members));
        const leaves = (members as { index: number; identity: string }[]).filter(({ identity }) => identities.includes(identity));
        assert.equal(leaves.length, outside.length);
        await this.commit(by, "remove", { indices: leaves.map(({ index }) => index) });
    }

    /** `by` proposes; everybody else keeps it for the next commit. */
    async propose(by: Client, cmd: string, fields: Fields = {}): Promise<void> {
        const sender = await this.indexOf(by);
        const { message } = await by.ask(cmd, fields);
        for (const member of this.others(by)) {
            const received = await member.ask("recv", { message });
            assert.equal(received.kind, "proposal", `${member}`);
            assert.equal(received.sender, sender, `${member}`);
        }
    }

    /** `message` is a proposal of somebody who is no member. */
    async hearStranger(message: string): Promise<void> {
        for (const member of this.members) {
            const received = await member.ask("recv", { message });
            assert.equal(received.kind, "proposal", `${member}`);
            assert.equal(received.sender, undefined, `${member}`);
        }
    }

    async add(by: Client, joins: Client[], fields: Fields = {}): Promise<void> {
        const packages: string[] = [];
        for (const joiner of joins) packages.push(await joiner.keyPackage());
        await this.commit(by, "add", { ...fields, key_packages: packages }, { joins });
    }

    async remove(by: Client, leaves: Client[]): Promise<void> {
        const indices: number[] = [];
        for (const leaver of leaves) indices.push(await this.indexOf(leaver));
        await this.commit(by, "remove", { indices }, { leaves });
    }

    /** `joiner` comes in by an external commit with the GroupInfo of `door`, in place of his own leaf for `resync`. */
    async externalJoin(joiner: Client, door: Client, treeInInfo: boolean, resync = false): Promise<void> {
        const { group_info } = await door.ask("group_info", { with_tree: treeInInfo });
        const fields: Fields = { group_info };
        if (!treeInInfo) fields["ratchet_tree"] = (await door.ask("ratchet_tree")).ratchet_tree;
        if (resync) {
            fields["remove"] = await this.indexOf(joiner);
        }
        const joined = await this.#tried("unmergedLeaves", joiner, "external_join", fields);
        if (joined === undefined) return;
        if (resync) this.#leave([joiner]);
        const { commit } = joined;
        for (const member of this.members) {
            assert.equal((await member.ask("recv", { message: commit })).kind, "commit", `${member}`);
        }
        this.members.push(joiner);
        await this.#agree();
    }

    /** `by` sends a text that all others read. */
    async say(by: Client): Promise<void> {
        const { message, text, aad, sender } = await this.write(by);
        for (const member of this.others(by)) await this.read(member, { message, text, aad, sender });
    }

    async everybodySays(): Promise<void> {
        for (const member of this.members) await this.say(member);
    }

    async write(by: Client): Promise<{ message: string; text: string; aad: string; sender: number }> {
        const text = `${by.name} says ${++this.#texts}: \u4f60\u597d`;
        const aad = this.#texts % 2 === 0 ? "" : "c0ffee";
        const { message } = await by.ask("send", { text, aad });
        return { message, text, aad, sender: await this.indexOf(by) };
    }

    async read(by: Client, { message, text, aad, sender }: Awaited<ReturnType<MixedGroup["write"]>>): Promise<void> {
        const received = await by.ask("recv", { message });
        assert.equal(received.kind, "application", `${by}`);
        assert.equal(received.text, text, `${by}`);
        assert.equal(received.aad, aad, `${by}`);
        // ts-mls does not say who sent a message.
        if (received.sender !== undefined) assert.equal(received.sender, sender, `${by}`);
    }

    #leave(leaves: Client[]): void {
        for (const leaver of leaves) this.members.splice(this.members.indexOf(leaver), 1);
    }

    async #agree(outside = 0): Promise<void> {
        this.#epoch += 1;
        const [first, ...rest] = this.members;
        assert.ok(first);
        const state = await first.ask("state");
        assert.equal(state.epoch, this.#epoch);
        assert.equal(state.members, this.members.length + outside);
        assert.match(state.epoch_authenticator, /^([0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})$/);
        const [common, { secret }] = [await this.commonOf(first), await first.ask("export", EXPORT)];
        assert.equal(secret.length, 2 * EXPORT.length);
        const indices = new Set([state.index]);
        for (const member of rest) {
            assert.deepEqual(await this.commonOf(member), common, `${COMMON.join(", ")} of ${member} and ${first}`);
            assert.equal((await member.ask("export", EXPORT)).secret, secret, `${member}`);
            indices.add(await this.indexOf(member));
        }
        assert.equal(indices.size, this.members.length, "every member has a leaf of his own");
    }
}
