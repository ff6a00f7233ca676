// A random walk over a mixed group: every step is chosen by a generator with a seed, so that a failure can be played again.
import type { MixedGroup } from "./mixed_group.ts";
import type { Client, Peer } from "./peers.ts";

const MEMBERS_MAX = 8;
/** Of each program, so that every commit is read by somebody who thinks as the committer does, and by others. */
const MEMBERS_OF_EACH_MIN = 2;
const PROPOSALS_MAX = 3;

/** Mulberry32: small, and the same everywhere. */
export class Random {
    #state: number;

    constructor(seed: number) {
        this.#state = seed >>> 0;
    }

    below(limit: number): number {
        this.#state = (this.#state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
    }

    one<T>(of: readonly T[]): T {
        const chosen = of[this.below(of.length)];
        if (chosen === undefined) throw new Error("nothing to choose from");
        return chosen;
    }

    flip(): boolean {
        return this.below(2) === 1;
    }
}

/**
 * Otherwise the root is blank after a path: it is not in the filtered direct path. ts-mls 1.6.4 derives a path secret for it
 * nevertheless, and its commit secret from that one (RFC 9420 section 12.4.1: from the last node of the path).
 */
const leftHalfHasMember = (indices: number[]): boolean => {
    let width = 1;
    while (width <= Math.max(...indices)) width *= 2;
    return width === 1 || indices.some((index) => index < width / 2);
};

export class RandomPlay {
    readonly #random: Random;
    readonly #group: MixedGroup;
    readonly #peers: readonly Peer[];
    readonly #guest: (peer: Peer) => Promise<Client>;
    /** What was done, for the report of a failure. */
    readonly log: string[] = [];
    #psks = 0;

    constructor(random: Random, group: MixedGroup, peers: readonly Peer[], guest: (peer: Peer) => Promise<Client>) {
        this.#random = random;
        this.#group = group;
        this.#peers = peers;
        this.#guest = guest;
    }

    async step(): Promise<void> {
        const kinds = [
            this.#add, this.#add, this.#remove, this.#change, this.#propose, this.#propose, this.#propose, this.#externalJoin, this.#resync,
            this.#late,
        ];
        await this.#random.one(kinds).call(this);
        await this.#group.say(this.#anybody());
    }

    #anybody(): Client {
        return this.#random.one(this.#group.members);
    }

    #newcomer(): Promise<Client> {
        return this.#guest(this.#random.one(this.#peers));
    }

    /** Whoever can go, besides `leaves`, so that a group remains in which ts-mls can commit. */
    async #mayLeave(leaves: Client[] = []): Promise<Client[]> {
        const staying = this.#group.members.filter((member) => !leaves.includes(member));
        const indices = new Map<Client, number>();
        for (const member of staying) indices.set(member, await this.#group.indexOf(member));
        return staying.filter((leaver) => {
            const rest = staying.filter((member) => member !== leaver);
            const ofHis = rest.filter(({ peer }) => peer === leaver.peer);
            return ofHis.length >= MEMBERS_OF_EACH_MIN && leftHalfHasMember(rest.map((member) => indices.get(member) ?? 0));
        });
    }

    #noted(text: string): void {
        this.log.push(`epoch ${this.#group.epoch}: ${text}`);
    }

    async #add(): Promise<void> {
        const room = MEMBERS_MAX - this.#group.members.length;
        if (room === 0) return this.#remove();
        const [by, joins] = [this.#anybody(), [await this.#newcomer()]];
        if (room > 1 && this.#random.flip()) joins.push(await this.#newcomer());
        this.#noted(`${by} adds ${joins.join(", ")}`);
        await this.#group.add(by, joins);
    }

    async #remove(): Promise<void> {
        const mayLeave = await this.#mayLeave();
        if (mayLeave.length === 0) return this.#change();
        const leaver = this.#random.one(mayLeave);
        const by = this.#random.one(this.#group.others(leaver));
        this.#noted(`${by} removes ${leaver}`);
        await this.#group.remove(by, [leaver]);
    }

    async #change(): Promise<void> {
        const [by, command] = [this.#anybody(), this.#random.one(["update", "commit"])];
        this.#noted(`${by}: ${command}`);
        await this.#group.commit(by, command);
    }

    /** Some proposals by several, then a commit of them by somebody else; every leaf is touched once at most. */
    async #propose(): Promise<void> {
        const committer = this.#anybody();
        const [joins, leaves, touched]: [Client[], Client[], Client[]] = [[], [], [committer]];
        const count = 1 + this.#random.below(PROPOSALS_MAX);
        for (let done = 0; done < count; ++done) {
            const proposer = this.#anybody();
            const kind = this.#random.one(["add", "remove", "update", "psk", "leave"]);
            const mayLeave = (await this.#mayLeave(leaves)).filter((member) => !touched.includes(member));
            this.#noted(`${proposer} proposes ${kind}`);
            if (kind === "add" && this.#group.members.length + joins.length < MEMBERS_MAX) {
                const joiner = await this.#newcomer();
                await this.#group.propose(proposer, "propose_add", { key_package: await joiner.keyPackage() });
                joins.push(joiner);
            } else if (kind === "remove" && mayLeave.length > 0) {
                const leaver = this.#random.one(mayLeave);
                await this.#group.propose(proposer, "propose_remove", { index: await this.#group.indexOf(leaver) });
                leaves.push(leaver);
                touched.push(leaver);
            } else if (kind === "leave" && mayLeave.includes(proposer)) {
                await this.#group.propose(proposer, "propose_leave");
                leaves.push(proposer);
                touched.push(proposer);
            } else if (kind === "update" && !touched.includes(proposer)) {
                await this.#group.propose(proposer, "propose_update");
                touched.push(proposer);
            } else {
                const psk = await this.#sharePsk(joins);
                await this.#group.propose(proposer, "propose_psk", { psk_id: psk });
            }
        }
        // Those who join need every key that is committed with them.
        this.#noted(`${committer} commits; ${joins.join(", ") || "nobody"} joins, ${leaves.join(", ") || "nobody"} leaves`);
        for (const joiner of joins) await this.#storeAllPsks(joiner);
        await this.#group.commit(committer, "commit", {}, { joins, leaves });
    }

    #pskOf(number: number): { psk_id: string; psk: string } {
        const id = number.toString(16).padStart(4, "0");
        return { psk_id: id, psk: id.repeat(16) };
    }

    async #sharePsk(joins: Client[]): Promise<string> {
        const psk = this.#pskOf(++this.#psks);
        for (const holder of [...this.#group.members, ...joins]) await holder.ask("store_psk", psk);
        return psk.psk_id;
    }

    async #storeAllPsks(joiner: Client): Promise<void> {
        for (let number = 1; number <= this.#psks; ++number) await joiner.ask("store_psk", this.#pskOf(number));
    }

    async #externalJoin(): Promise<void> {
        if (this.#group.members.length === MEMBERS_MAX) return this.#remove();
        const [joiner, door] = [await this.#newcomer(), this.#anybody()];
        this.#noted(`${joiner} joins by himself at ${door}`);
        await this.#group.externalJoin(joiner, door, this.#random.flip());
    }

    async #resync(): Promise<void> {
        const member = this.#anybody();
        const door = this.#random.one(this.#group.others(member));
        this.#noted(`${member} joins again at ${door}`);
        await this.#group.externalJoin(member, door, this.#random.flip(), true);
    }

    /** A message of one epoch, read in the next. */
    async #late(): Promise<void> {
        const writer = this.#anybody();
        const [written, readers] = [await this.#group.write(writer), this.#group.others(writer)];
        await this.#change();
        for (const reader of readers) await this.#group.read(reader, written);
    }
}
