// Random steps against the model of model.mjs: after each, the program has taken what the model took and all CHAT is where the model has
// it. At the end everything can be taken out. CHATMCP_STEPS=10000 makes as many steps for each seed; a failure names its seed and step.
import { test } from "node:test";
import assert from "node:assert/strict";
import * as kit from "@solana/kit";
import { CHAT, PARAMS, SLOTS_PER_DAY, SUPPLY, client, sha256, u64 } from "./chatmcp.mjs";
import { Model } from "./model.mjs";
import { ready } from "./support.mjs";

const STEPS = Number(process.env.CHATMCP_STEPS ?? 1500);
const SEEDS = [1, 2, 3];
const PEOPLE = 6;
const LAMPORTS = 1_000_000_000_000_000n;
const { Action, Choice } = client;

// Numbers of a seed: the first bytes of its hash with a counter.
class Random {
    constructor(seed) {
        Object.assign(this, { seed, count: 0 });
    }
    below(end) {
        return sha256(u64(this.seed), u64(this.count++)).readBigUInt64LE() % BigInt(end);
    }
    chance(percent) {
        return this.below(100) < percent;
    }
    of(list) {
        return list[Number(this.below(list.length))];
    }
    amount(most) {
        return this.chance(3) ? 0n : 1n + this.below(most);
    }
}

class Driver {
    static async start(seed) {
        const driver = new Driver();
        driver.random = new Random(seed);
        driver.chat = await ready();
        const people = [];
        for (let index = 0; index < PEOPLE; ++index) {
            const who = await driver.chat.person();
            driver.chat.machine.svm.airdrop(who.address, kit.lamports(LAMPORTS));
            people.push(who);
        }
        driver.model = new Model(people);
        driver.configLamports = driver.chat.lamports(driver.chat.config);
        driver.answered = [];
        driver.taken = {};
        return driver;
    }

    // Sends what the model took or refused, and holds the two against each other.
    async expect(taken, what, ...instructions) {
        const transaction = await this.chat.machine.transaction(...instructions);
        const { failed, logs } = this.chat.machine.run(transaction);
        assert.equal(failed === null, taken, `${what}: ${failed}\n${logs.join("\n")}`);
        const counts = (this.taken[what] ??= [0, 0]);
        counts[taken ? 0 : 1] += 1;
        if (taken) this.last = transaction;
    }

    get person() {
        return this.random.of(this.model.people);
    }

    get proposal() {
        return this.model.proposals.length === 0 || this.random.chance(2) ? this.gone : this.random.of(this.model.proposals);
    }

    get stamp() {
        if (this.model.stamps.length !== 0 && !this.random.chance(2)) return this.random.of(this.model.stamps);
        // One that is gone, unless something was locked under its key again.
        const gone = this.answered.at(-1);
        return this.model.stamps.find(({ address }) => address === gone?.address) ?? gone;
    }

    async buy() {
        const [person, amount] = [this.person, this.random.amount(300n * CHAT)];
        await this.expect(this.model.buy(person, amount, this.chat.slot), "buy", this.chat.buy(person.who, amount));
    }

    async stake() {
        const [person, amount] = [this.person, this.random.amount(300n * CHAT)];
        await this.expect(this.model.stake(person, amount, this.chat.slot), "stake", this.chat.stake(person.who, amount));
    }

    async requestUnstake() {
        const [person, amount] = [this.person, this.random.amount(400n * CHAT)];
        await this.expect(this.model.requestUnstake(person, amount, this.chat.slot), "requestUnstake", this.chat.requestUnstake(person.who, amount));
    }

    async withdraw() {
        const { person } = this;
        await this.expect(this.model.withdraw(person, this.chat.slot), "withdraw", this.chat.withdraw(person.who));
    }

    async lock() {
        const [person, amount] = [this.person, this.random.amount(this.random.chance(90) ? 20n * CHAT : 200n * CHAT)];
        // Now and then under a key that was used before.
        const before = this.random.chance(10) ? this.answered.at(-1) : undefined;
        const stamp = await this.chat.stamp(person.who, amount, before?.recipient);
        await this.expect(this.model.lock(person, amount, this.chat.slot, stamp), "lock", stamp.lock);
    }

    async answer(verb) {
        const { stamp } = this;
        if (stamp === undefined) return;
        const signed = this.chat.answer(stamp, verb);
        const submitted = this.chat[verb](stamp, this.person.who);
        if (this.random.chance(10)) {
            // In the other order, twice, or signed for another lock: nothing of it happens.
            await this.expect(false, "reordered", submitted, signed);
            await this.expect(false, "twice", signed, submitted, submitted);
            await this.expect(false, "old answer", this.chat.answer({ ...stamp, lockedSlot: stamp.lockedSlot - 1n }, verb), submitted);
        }
        await this.expect(this.model.answer(stamp, verb, this.chat.slot), verb, signed, submitted);
        if (!this.model.stamps.includes(stamp)) this.answered.push(stamp);
    }

    async reclaim() {
        const { stamp } = this;
        if (stamp === undefined) return;
        await this.expect(this.model.reclaim(stamp, this.chat.slot), "reclaim", this.chat.reclaim(stamp));
        if (!this.model.stamps.includes(stamp)) this.answered.push(stamp);
    }

    // Prices and delays within their bounds; now and then a least price above the greatest.
    params() {
        const { random } = this;
        return {
            ...PARAMS,
            chatPriceLamports: 1n + random.below(2_000_000),
            stampPriceMin: 1n + random.below(2n * CHAT) + (random.chance(10) ? 1000n * CHAT : 0n),
            stampPriceMax: 2n * CHAT + random.below(100n * CHAT),
            stampOpenSlots: 2n * SLOTS_PER_DAY + random.below(10n * SLOTS_PER_DAY),
            stampSubmitFeeLamports: random.below(500_001),
            unstakeDelaySlots: 1n + random.below(5n * SLOTS_PER_DAY),
            quorumBasisPoints: 500n + random.below(5000),
        };
    }

    async propose() {
        const { person } = this;
        const wanted = this.random.chance(60) ? { params: this.params() } : { paid: this.person, amount: this.random.amount(1000n * CHAT) };
        const payload = wanted.params
            ? client.getParamsEncoder().encode(wanted.params)
            : client.getPayEncoder().encode({ destination: wanted.paid.who.tokens, amount: wanted.amount });
        const made = await this.chat.propose(person.who, wanted.params ? Action.SetParams : Action.PayChat, payload);
        const proposal = { ...made, ...wanted };
        await this.expect(this.model.propose(person, proposal, this.chat.slot), "propose", made.instruction);
    }

    async vote() {
        const { person, proposal } = this;
        if (proposal === undefined) return;
        const yes = this.random.chance(70);
        const instruction = await this.chat.vote(person.who, proposal, yes ? Choice.Yes : Choice.No);
        await this.expect(this.model.vote(person, proposal, yes, this.chat.slot), "vote", instruction);
    }

    async cancel() {
        const { proposal } = this;
        if (proposal === undefined) return;
        const person = this.random.chance(50) ? proposal.person : this.person;
        const instruction = this.chat.instruction("cancelProposal", { proposer: person.who.wallet, proposal: proposal.address });
        await this.expect(this.model.cancel(person, proposal), "cancel", instruction);
    }

    async release() {
        const { proposal } = this;
        if (proposal === undefined) return;
        const person = this.random.chance(80) ? (proposal.votes[0] ?? this.person) : this.person;
        await this.expect(this.model.release(person, proposal, this.chat.slot), "release", await this.chat.releaseVote(person.who, proposal));
    }

    async close() {
        const { proposal } = this;
        if (proposal === undefined) return;
        const person = this.random.chance(80) ? proposal.person : this.person;
        await this.expect(this.model.close(person, proposal, this.chat.slot), "close", this.chat.closeProposal(person.who, proposal));
        if (!this.model.proposals.includes(proposal)) this.gone = proposal;
    }

    async execute() {
        const { proposal } = this;
        if (proposal === undefined) return;
        // Most of the time, wait for it.
        if (this.random.chance(50) && proposal.open && proposal.executable > this.chat.slot) this.chat.pass(proposal.executable - this.chat.slot);
        const accounts = { proposal: proposal.address, destination: proposal.paid?.who.tokens };
        const instruction = this.chat.instruction(proposal.params ? "executeConfig" : "executePayChat", accounts);
        await this.expect(this.model.execute(proposal, this.chat.slot), "execute", instruction);
    }

    async pause() {
        await this.expect(this.model.pause(this.chat.slot), "pause", this.chat.instruction("pause", { guardian: this.chat.guardian }));
    }

    // The last transaction that was taken, once more with all its signatures.
    async replay() {
        if (this.last === undefined) return;
        assert.notEqual(this.chat.machine.run(this.last).failed, null, "a replay was taken");
    }

    async wait() {
        const most = this.random.of([20n, 20n, 2000n, SLOTS_PER_DAY, 3n * SLOTS_PER_DAY]);
        this.chat.pass(1n + this.random.below(most));
    }

    async step() {
        const often = ["buy", "stake", "requestUnstake", "withdraw", "lock", "lock", "accept", "reject", "reclaim", "vote", "vote", "wait"];
        const name = this.random.chance(75) ? this.random.of(often) : this.random.of(["propose", "cancel", "release", "close", "execute", "pause", "replay"]);
        await (name === "accept" || name === "reject" ? this.answer(name) : this[name]());
    }

    // All CHAT is where the model has it, and together it is what was made less what was burned.
    compare() {
        const { chat, model } = this;
        const config = chat.read("config", chat.config);
        const held = model.people.map(({ tokens }) => tokens);
        assert.deepEqual(model.people.map(({ who }) => chat.tokens(who.tokens)), held);
        assert.deepEqual([chat.tokens(chat.treasuryVault), chat.tokens(chat.escrowVault)], [model.treasury, model.escrow]);
        assert.deepEqual([chat.tokens(chat.stakeVault), config.stakedTotal], [model.staked + model.pending, model.staked]);
        assert.equal(chat.supply(), SUPPLY - model.burned);
        const all = held.reduce((sum, tokens) => sum + tokens, model.treasury + model.escrow + model.staked + model.pending);
        assert.equal(all + model.burned, SUPPLY);
        assert.equal(chat.lamports(chat.config) - this.configLamports, model.revenue);
        assert.deepEqual(config.params, model.params);
        assert.ok(config.params.stampPriceMin <= config.params.stampPriceMax && config.params.chatPriceLamports >= 1n);
        for (const { who, stake } of model.people) {
            if (stake === null) assert.equal(chat.data(who.stake), null);
            else {
                const { amount, pending, openVotes } = chat.read("stake", who.stake);
                assert.deepEqual([amount, pending, openVotes], [stake.amount, stake.pending, stake.held]);
            }
        }
    }

    // Everybody takes out what is theirs: no account stays but those that were there at the beginning.
    async end() {
        const { chat, model } = this;
        const take = async (taken, what, instruction) => {
            assert.ok(taken, what);
            await this.expect(true, what, instruction);
        };
        chat.pass(30n * SLOTS_PER_DAY);
        for (const stamp of [...model.stamps]) await take(model.reclaim(stamp, chat.slot), "reclaim", chat.reclaim(stamp));
        for (const proposal of [...model.proposals]) {
            for (const person of [...proposal.votes]) await take(model.release(person, proposal, chat.slot), "release", await chat.releaseVote(person.who, proposal));
            await take(model.close(proposal.person, proposal, chat.slot), "close", chat.closeProposal(proposal.person.who, proposal));
        }
        for (const person of model.people) {
            const amount = person.stake?.amount ?? 0n;
            if (amount > 0n) await take(model.requestUnstake(person, amount, chat.slot), "requestUnstake", chat.requestUnstake(person.who, amount));
        }
        chat.pass(30n * SLOTS_PER_DAY);
        for (const person of model.people) {
            if (person.stake !== null) await take(model.withdraw(person, chat.slot), "withdraw", chat.withdraw(person.who));
        }
        this.compare();
        assert.deepEqual([chat.tokens(chat.escrowVault), chat.tokens(chat.stakeVault)], [0n, 0n]);
        const left = chat.machine.svm.getProgramAccounts(chat.program).map(({ address }) => address);
        assert.deepEqual(left.sort(), [chat.config, chat.verifiers].sort());
    }
}

for (const seed of SEEDS) {
    test(`${STEPS} random steps of seed ${seed}: the program does what the model does`, async () => {
        const driver = await Driver.start(seed);
        for (let step = 0; step < STEPS; ++step) {
            try {
                await driver.step();
                driver.compare();
            } catch (error) {
                error.message = `seed ${seed}, step ${step}: ${error.message}`;
                throw error;
            }
        }
        await driver.end();
        // A walk that never gets anywhere shows nothing.
        for (const what of ["buy", "stake", "requestUnstake", "withdraw", "lock", "accept", "reject", "reclaim", "propose", "vote", "release", "close", "execute"]) {
            assert.ok(driver.taken[what]?.[0] > 0 && driver.taken[what][1] > 0, `${what} was not both taken and refused: ${driver.taken[what]}`);
        }
    });
}
