// The program of program/, brought by the upgradeable loader: what each family of instructions does, and what it refuses. The numbers of
// refusals are those of program/include/program/errors.h.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { CHAT, Chat, INSTRUCTIONS, PARAMS, SLOTS_PER_DAY, SUPPLY, SYSTEM, bytes, keyBytes, paramsBytes, sha256, signatures, signingKey, u64 } from "./chatmcp.mjs";

const file = (name) => readFileSync(`${process.env.CHATMCP_PROGRAMS}/${name}.so`);

const refused = async (chat, error, ...instructions) => {
    const result = await chat.send(...instructions);
    assert.match(result.failed ?? "it was accepted", new RegExp(`Custom\\(${error}\\)`), result.logs.join("\n"));
};

async function ready(features = "default", version = 3) {
    const chat = await Chat.start(features, file(`chatmcp-v${version}`));
    await chat.setUp();
    return chat;
}

async function staker(chat, amount) {
    const who = await chat.person();
    await chat.must(chat.buy(who, 2n * amount));
    await chat.must(chat.stake(who, amount));
    return who;
}

async function locked(chat, sender, amount = CHAT) {
    const stamp = await chat.stamp(sender, amount);
    await chat.must(stamp.lock);
    stamp.lockedSlot = chat.slot;
    return stamp;
}

const answer = (chat, stamp, verb, signer = stamp.recipient, change = undefined) =>
    signatures([{ signer, digest: chat.answerDigest(stamp, verb) }], change);

for (const [version, features] of [[3, "default"], [3, "all"], [0, "default"]]) {
    test(`sBPF v${version} with ${features} features: set up, all CHAT in the treasury, none to be made`, async () => {
        const chat = await Chat.start(features, file(`chatmcp-v${version}`));
        await refused(chat, 23, chat.initialize({ params: { ...PARAMS, time_lock_slots: 7n * SLOTS_PER_DAY - 1n } }));
        await chat.must(chat.initialize());
        await refused(chat, 14, chat.initialize());
        await chat.must(chat.createMint());
        await refused(chat, 24, chat.createMint());
        assert.equal(chat.supply(), SUPPLY);
        assert.equal(chat.tokens(chat.treasury), SUPPLY);
        const mint = chat.data(chat.mint);
        assert.equal(mint.readUInt32LE(0), 0, "nobody may mint");
        assert.equal(mint[44], 6);
        assert.ok(mint.includes("ChatMCP") && mint.includes("CHAT"), "its name stands in it");
    });
}

test("only the upgrade authority sets the program up", async () => {
    const chat = await Chat.start("default", file("chatmcp-v3"));
    await refused(chat, 22, chat.initialize({ authority: chat.guardian }));
});

test("buy takes the governed price and no more", async () => {
    const chat = await ready();
    const who = await chat.person();
    const before = chat.lamports(chat.config);
    await chat.must(chat.buy(who, 3n * CHAT + 1n));
    assert.equal(chat.tokens(who.tokens), 3n * CHAT + 1n);
    assert.equal(chat.lamports(chat.config) - before, 3n * PARAMS.chat_price_lamports + 1n);
    await refused(chat, 25, chat.buy(who, CHAT, PARAMS.chat_price_lamports - 1n));
    await refused(chat, 20, chat.buy(who, 0n));
    await refused(chat, 19, chat.buy(who, SUPPLY + 1n));
});

test("stake is withdrawn after its delay, and an empty stake is closed", async () => {
    const chat = await ready();
    const who = await staker(chat, 100n * CHAT);
    assert.equal(chat.tokens(chat.stakes), 100n * CHAT);
    await refused(chat, 28, chat.withdraw(who));
    await refused(chat, 26, chat.requestUnstake(who, 100n * CHAT + 1n));
    await chat.must(chat.requestUnstake(who, 100n * CHAT));
    await refused(chat, 29, chat.withdraw(who));
    chat.pass(PARAMS.unstake_delay_slots - 1n);
    await refused(chat, 29, chat.withdraw(who));
    chat.pass(1n);
    await chat.must(chat.withdraw(who));
    assert.equal(chat.tokens(who.tokens), 200n * CHAT);
    assert.equal(chat.data(who.stake), null);
    await refused(chat, 8, chat.withdraw(who));
});

test("another's stake is out of reach", async () => {
    const chat = await ready();
    const [one, other] = [await staker(chat, 10n * CHAT), await staker(chat, 10n * CHAT)];
    await refused(chat, 18, chat.requestUnstake({ ...one, stake: other.stake }, CHAT));
    await chat.must(chat.requestUnstake(other, CHAT));
    chat.pass(PARAMS.unstake_delay_slots);
    await refused(chat, 18, chat.withdraw({ ...one, stake: other.stake }));
    await refused(chat, 17, chat.withdraw({ ...other, tokens: one.tokens }));
});

test("an accepted stamp goes back whole, its rent less the fee for whoever brought the answer", async () => {
    const chat = await ready();
    const [sender, submitter] = [await staker(chat, 10n * CHAT), await chat.person()];
    const [chatBefore, lamportsBefore, submitterBefore] = [chat.tokens(sender.tokens), chat.lamports(sender.address), chat.lamports(submitter.address)];
    const stamp = await locked(chat, sender, 5n * CHAT);
    assert.equal(chat.tokens(chat.escrow), 5n * CHAT);
    await chat.must(answer(chat, stamp, "accept"), chat.accept(stamp, submitter));
    assert.equal(chat.tokens(sender.tokens), chatBefore);
    assert.equal(chat.lamports(sender.address), lamportsBefore - PARAMS.stamp_submit_fee_lamports);
    assert.equal(chat.lamports(submitter.address), submitterBefore + PARAMS.stamp_submit_fee_lamports);
    assert.equal(chat.data(stamp.address), null);
    // The same signature, after the same key was locked again at another slot.
    const old = answer(chat, stamp, "accept");
    chat.pass(1n);
    await chat.must(stamp.lock);
    await refused(chat, 42, old, chat.accept(stamp, submitter));
});

test("a rejected stamp is burned, counts until it expires, and cannot be answered again", async () => {
    const chat = await ready();
    const [sender, submitter] = [await staker(chat, 10n * CHAT), await chat.person()];
    const stamp = await locked(chat, sender, 5n * CHAT);
    await chat.must(answer(chat, stamp, "reject"), chat.reject(stamp, submitter));
    assert.equal(chat.supply(), SUPPLY - 5n * CHAT);
    assert.equal(chat.tokens(chat.escrow), 0n);
    assert.equal(chat.data(stamp.address)[104], 2);
    await refused(chat, 31, answer(chat, stamp, "accept"), chat.accept(stamp, submitter));
    await refused(chat, 33, chat.reclaim(stamp));
    chat.pass(PARAMS.stamp_open_slots);
    const before = chat.tokens(sender.tokens);
    await chat.must(chat.reclaim(stamp));
    assert.equal(chat.tokens(sender.tokens), before);
    assert.equal(chat.data(stamp.address), null);
});

test("an expired stamp goes back to its sender, and only then", async () => {
    const chat = await ready();
    const [sender, other] = [await staker(chat, 10n * CHAT), await staker(chat, 10n * CHAT)];
    const stamp = await locked(chat, sender);
    chat.pass(PARAMS.stamp_open_slots - 1n);
    await refused(chat, 33, chat.reclaim(stamp));
    chat.pass(1n);
    await refused(chat, 32, answer(chat, stamp, "accept"), chat.accept(stamp, other));
    await refused(chat, 13, chat.reclaim({ ...stamp, sender: other }));
    await chat.must(chat.reclaim(stamp));
    assert.equal(chat.tokens(chat.escrow), 0n);
});

test("stamps outside the governed bounds, or under a key that is none", async () => {
    const chat = await ready();
    const sender = await staker(chat, 200n * CHAT);
    for (const amount of [0n, PARAMS.stamp_price_min - 1n, PARAMS.stamp_price_max + 1n]) {
        await refused(chat, 30, (await chat.stamp(sender, amount)).lock);
    }
    const stamp = await chat.stamp(sender, CHAT);
    stamp.lock.data.fill(0, 8, 40);
    await refused(chat, 34, stamp.lock);
});

test("each way to cheat with a signature of another instruction", async () => {
    const chat = await ready();
    const [sender, submitter] = [await staker(chat, 10n * CHAT), await chat.person()];
    const stamp = await locked(chat, sender);
    const accept = chat.accept(stamp, submitter);
    const good = answer(chat, stamp, "accept");
    await refused(chat, 36, good, chat.accept(stamp, submitter, bytes(7, 0)));
    await refused(chat, 37, accept, good);
    await refused(chat, 38, good, chat.accept(stamp, submitter, bytes(0, 1)));
    await refused(chat, 41, answer(chat, stamp, "accept", signingKey()), accept);
    await refused(chat, 42, answer(chat, stamp, "reject"), accept);
    await refused(chat, 40, { ...good, data: Buffer.concat([good.data, bytes(0)]) }, accept);
    // Two signatures whose parts stand in the other order: valid for the cluster, not the form that is read.
    const two = signatures([{ signer: stamp.recipient, digest: chat.answerDigest(stamp, "accept") }, { signer: signingKey(), digest: sha256() }], (data) => {
        const first = Buffer.from(data.subarray(2, 16));
        data.copy(data, 2, 16, 30);
        first.copy(data, 16);
    });
    await refused(chat, 40, two, accept);
    // The same parts, named as those of instruction 0 by its number.
    const numbered = answer(chat, stamp, "accept", stamp.recipient, (data) => [4, 8, 14].forEach((at) => data.writeUInt16LE(0, at)));
    await refused(chat, 39, numbered, accept);
    const other = chat.accept(stamp, submitter);
    other.accounts[7] = { ...other.accounts[7], address: SYSTEM };
    await refused(chat, 35, good, other);
    await chat.must(good, accept);
});

test("form: numbers, lengths, reserved bytes, accounts", async () => {
    const chat = await ready();
    const who = await staker(chat, 10n * CHAT);
    const change = (edit) => {
        const instruction = chat.requestUnstake(who, CHAT);
        return edit(instruction) ?? instruction;
    };
    await refused(chat, 1, change((i) => void (i.data[0] = 99)));
    await refused(chat, 2, change((i) => ({ ...i, data: Buffer.alloc(0) })));
    await refused(chat, 2, change((i) => ({ ...i, data: i.data.subarray(0, -1) })));
    await refused(chat, 2, change((i) => ({ ...i, data: Buffer.concat([i.data, bytes(0)]) })));
    await refused(chat, 3, change((i) => void (i.data[7] = 1)));
    await refused(chat, 4, change((i) => void i.accounts.pop()));
    await refused(chat, 5, change((i) => void (i.accounts[1] = i.accounts[2])));
    await refused(chat, 6, change((i) => void (i.accounts[0] = { address: who.address, role: 0 })));
    await refused(chat, 7, change((i) => void (i.accounts[2] = { address: who.stake, role: 0 })));
    await refused(chat, 8, change((i) => void (i.accounts[2] = { address: who.tokens, role: 1 })));
    await refused(chat, 9, change((i) => void (i.accounts[2] = { address: chat.verifiers, role: 1 })));
});

test("lamports sent to an address before do not keep its account from being made", async () => {
    const chat = await ready();
    const who = await chat.person();
    chat.machine.svm.airdrop(who.stake, 1_000_000n);
    await chat.must(chat.buy(who, CHAT), chat.stake(who, CHAT));
    assert.equal(chat.data(who.stake).readBigUInt64LE(40), CHAT);
});

test("the guardian pauses what takes money, for a while, and not again at once", async () => {
    const chat = await ready();
    const who = await staker(chat, 10n * CHAT);
    const stamp = await locked(chat, who);
    const pause = (guardian) => chat.instruction("pause", 0, [[guardian, "s"], [chat.config, "w"]]);
    await refused(chat, 18, pause(who.wallet));
    await chat.must(pause(chat.guardian));
    await refused(chat, 21, chat.buy(who, CHAT));
    await refused(chat, 21, chat.stake(who, CHAT));
    await refused(chat, 21, (await chat.stamp(who, CHAT)).lock);
    await chat.must(answer(chat, stamp, "accept"), chat.accept(stamp, await chat.person()));
    await chat.must(chat.requestUnstake(who, CHAT));
    await refused(chat, 64, pause(chat.guardian));
    chat.pass(PARAMS.pause_slots);
    await chat.must(chat.buy(who, CHAT));
    await refused(chat, 64, pause(chat.guardian));
    chat.pass(PARAMS.pause_slots);
    await chat.must(pause(chat.guardian));
});

const choices = { yes: 1, no: 2 };
const actions = { set_params: 1, add_measurement: 2, revoke_measurement: 3, set_verifiers: 5, pay_lamports: 7, set_guardian: 8 };
const executeConfig = (chat, proposal) => chat.instruction("execute_config", 0, [[chat.config, "w"], [proposal.address, "w"]]);

test("governance: stake from before the proposal, held until it ends; a time lock of seven days", async () => {
    const chat = await ready();
    const [one, two] = [await staker(chat, 1000n * CHAT), await staker(chat, 400n * CHAT)];
    chat.pass(1n);
    const params = { ...PARAMS, chat_price_lamports: 2_000_000n };
    const proposal = await chat.propose(one, actions.set_params, paramsBytes(params));
    await chat.must(proposal.instruction);
    const late = await staker(chat, 5000n * CHAT);
    await refused(chat, 59, await chat.vote(late, proposal, choices.no));
    await refused(chat, 43, await chat.vote(one, proposal, 3));
    await chat.must(await chat.vote(one, proposal, choices.yes), await chat.vote(two, proposal, choices.no));
    await refused(chat, 14, await chat.vote(one, proposal, choices.yes));
    await refused(chat, 27, chat.requestUnstake(two, CHAT));
    await refused(chat, 29, executeConfig(chat, proposal));
    await refused(chat, 62, await chat.releaseVote(two, proposal));
    chat.pass(PARAMS.voting_slots + PARAMS.time_lock_slots - 1n);
    await refused(chat, 58, await chat.vote(late, proposal, choices.yes));
    await refused(chat, 29, executeConfig(chat, proposal));
    chat.pass(1n);
    await chat.must(executeConfig(chat, proposal));
    assert.equal(chat.data(chat.config).readBigUInt64LE(232), 2_000_000n);
    await refused(chat, 61, executeConfig(chat, proposal));
    await refused(chat, 63, chat.closeProposal(one, proposal));
    await chat.must(await chat.releaseVote(one, proposal), await chat.releaseVote(two, proposal), chat.closeProposal(one, proposal));
    assert.equal(chat.data(proposal.address), null);
    await chat.must(chat.requestUnstake(two, CHAT), chat.requestUnstake(one, CHAT));
});

test("governance: voted down, without quorum, cancelled, lapsed, too little stake, unknown actions", async () => {
    const chat = await ready();
    const [one, two, poor] = [await staker(chat, 100n * CHAT), await staker(chat, 1000n * CHAT), await staker(chat, 99n * CHAT)];
    chat.pass(1n);
    const payload = keyBytes(one.address);
    await refused(chat, 26, (await chat.propose(poor, actions.set_guardian, payload)).instruction);
    await refused(chat, 56, (await chat.propose(one, 77, payload)).instruction);
    await refused(chat, 56, (await chat.propose(one, actions.set_guardian, payload.subarray(1))).instruction);
    const make = async () => {
        const proposal = await chat.propose(one, actions.set_guardian, payload);
        await chat.must(proposal.instruction);
        return proposal;
    };
    const [down, unheard, cancelled, lapsed] = [await make(), await make(), await make(), await make()];
    await chat.must(await chat.vote(one, down, choices.yes), await chat.vote(two, down, choices.no));
    await chat.must(await chat.vote(one, unheard, choices.yes));
    await chat.must(await chat.vote(two, lapsed, choices.yes));
    const cancel = (who) => chat.instruction("cancel_proposal", 0, [[who.wallet, "s"], [cancelled.address, "w"]]);
    await refused(chat, 18, cancel(two));
    await chat.must(cancel(one));
    await refused(chat, 61, await chat.vote(two, cancelled, choices.yes));
    chat.pass(PARAMS.voting_slots + PARAMS.time_lock_slots);
    await refused(chat, 50 + 10, executeConfig(chat, down));
    await refused(chat, 60, executeConfig(chat, unheard));
    await refused(chat, 61, executeConfig(chat, cancelled));
    chat.pass(PARAMS.execution_slots);
    await refused(chat, 61, executeConfig(chat, lapsed));
});

// By somebody with nearly all stake.
async function decide(chat, who, action, payload, execute) {
    const proposal = await chat.propose(who, action, payload);
    await chat.must(proposal.instruction);
    await chat.must(await chat.vote(who, proposal, choices.yes));
    chat.pass(PARAMS.voting_slots + PARAMS.time_lock_slots);
    await chat.must(execute(proposal));
}

const verifierSet = (verifiers, threshold) =>
    Buffer.concat([bytes(threshold, verifiers.length, 0, 0, 0, 0, 0, 0), ...verifiers.map(({ key }) => key), Buffer.alloc(32 * (16 - verifiers.length))]);

const setVerifiers = (chat) => (proposal) => chat.instruction("execute_verifiers", 0, [[proposal.address, "w"], [chat.verifiers, "w"]]);

// A measurement of TDX that governance let in, three verifiers of whom two have to sign, and an enclave's key.
async function registry() {
    const chat = await ready();
    const who = await staker(chat, 1000n * CHAT);
    chat.pass(1n);
    const verifiers = [signingKey(), signingKey(), signingKey()];
    await decide(chat, who, actions.set_verifiers, verifierSet(verifiers, 2), setVerifiers(chat));
    const digest = Buffer.concat([sha256(Buffer.from("measurement")), Buffer.alloc(32)]);
    const [measurement, bump] = await chat.pda("measurement", bytes(3), digest.subarray(0, 32), digest.subarray(32));
    const payload = Buffer.concat([bytes(3, 32, 0, 0, 0, 0, 0, 0), digest, Buffer.from("agent 1".padEnd(32, "\0")), u64(0), u64(1n << 40n)]);
    await decide(chat, who, actions.add_measurement, payload, (proposal) =>
        chat.instruction("execute_add_measurement", bump, [[who.wallet, "sw"], [proposal.address, "w"], [measurement, "w"], [SYSTEM, "r"]]));
    const enclave = signingKey();
    const [entry, entryBump] = await chat.pda("enclave", enclave.key);
    return { chat, who, verifiers, measurement, enclave, entry, entryBump };
}

function verdict({ chat, enclave, measurement, entry, entryBump, verifiers }, change = {}) {
    const slot = change.slot ?? chat.slot;
    const fields = { set: 1n, slot, expires: slot + SLOTS_PER_DAY, signers: [0, 1], route: 1, instruction: 0, ...change };
    const evidence = sha256(Buffer.from("evidence"));
    const host = sha256(Buffer.from("host"));
    const digest = sha256(Buffer.from("chatmcp verdict1"), chat.genesis, keyBytes(chat.program), keyBytes(entry), u64(fields.set), enclave.key,
        keyBytes(measurement), evidence, host, u64(17), u64(fields.slot), u64(fields.expires));
    const signed = signatures(fields.signers.map((index) => ({ signer: typeof index === "number" ? verifiers[index] : index, digest })));
    const register = chat.instruction("enclave_register", entryBump,
        [[chat.machine.payer, "sw"], [chat.config, "r"], [chat.verifiers, "r"], [measurement, "r"], [entry, "w"], [INSTRUCTIONS, "r"], [SYSTEM, "r"]],
        enclave.key, evidence, host, u64(fields.set), u64(17), u64(fields.slot), u64(fields.expires), bytes(fields.route, fields.instruction, 0, 0, 0, 0, 0, 0));
    return [signed, register];
}

function revocation({ chat, entry, verifiers }, signers, reason = 2) {
    const digest = sha256(Buffer.from("chatmcp revoke 1"), chat.genesis, keyBytes(chat.program), keyBytes(entry), u64(1), bytes(reason, 0, 0, 0, 0, 0, 0, 0));
    return [
        signatures(signers.map((index) => ({ signer: verifiers[index], digest }))),
        chat.instruction("enclave_revoke", 0, [[chat.config, "r"], [chat.verifiers, "r"], [entry, "w"], [INSTRUCTIONS, "r"]], bytes(reason, 0, 0, 0, 0, 0, 0, 0)),
    ];
}

test("registry: a quorum of distinct verifiers, a current verdict, revoked for ever", async () => {
    const world = await registry();
    const { chat, entry } = world;
    await refused(chat, 46, ...verdict(world, { signers: [0] }));
    await refused(chat, 46, ...verdict(world, { signers: [0, 0] }));
    await refused(chat, 41, ...verdict(world, { signers: [0, 1, signingKey()] }));
    await refused(chat, 45, ...verdict(world, { set: 2n }));
    await refused(chat, 51, ...verdict(world, { route: 2 }));
    await refused(chat, 47, ...verdict(world, { slot: chat.slot + 1n }));
    await refused(chat, 47, ...verdict(world, { expires: chat.slot }));
    await refused(chat, 47, ...verdict(world, { expires: chat.slot + PARAMS.verdict_slots_max + 1n }));
    await chat.must(...verdict(world));
    assert.equal(chat.data(entry)[8], 1);
    await refused(chat, 48, ...verdict(world));
    chat.pass(5n);
    await chat.must(...verdict(world, { signers: [2, 1] }));
    await refused(chat, 46, ...revocation(world, [1]));
    await refused(chat, 43, ...revocation(world, [1, 2], 9));
    await chat.must(...revocation(world, [1, 2]));
    assert.deepEqual([...chat.data(entry).subarray(8, 10)], [2, 2]);
    await refused(chat, 49, ...revocation(world, [1, 2]));
    chat.pass(5n);
    await refused(chat, 49, ...verdict(world));
});

test("registry: governance revokes a measurement as soon as most of the stake says so", async () => {
    const world = await registry();
    const { chat, who, measurement } = world;
    const proposal = await chat.propose(who, actions.revoke_measurement, Buffer.concat([keyBytes(measurement), bytes(3, 0, 0, 0, 0, 0, 0, 0)]));
    await chat.must(proposal.instruction);
    const execute = (entry) => chat.instruction("execute_revoke", 0, [[proposal.address, "w"], [entry, "w"]]);
    await refused(chat, 29, execute(measurement));
    await chat.must(await chat.vote(who, proposal, choices.yes));
    await refused(chat, 13, execute(chat.verifiers));
    await chat.must(execute(measurement));
    await refused(chat, 44, ...verdict(world));
});

test("registry: a set of verifiers that counts one twice, or more than there are, is not executed", async () => {
    const { chat, who, verifiers } = await registry();
    for (const payload of [verifierSet([verifiers[0], verifiers[0]], 2), verifierSet(verifiers, 4), verifierSet(verifiers, 0)]) {
        const proposal = await chat.propose(who, actions.set_verifiers, payload);
        await chat.must(proposal.instruction);
        await chat.must(await chat.vote(who, proposal, choices.yes));
        chat.pass(PARAMS.voting_slots + PARAMS.time_lock_slots);
        await refused(chat, 65, setVerifiers(chat)(proposal));
        await refused(chat, 57, executeConfig(chat, proposal));
    }
});

test("treasury: lamports are paid by vote, never those that keep the config account", async () => {
    const chat = await ready();
    const [who, paid] = [await staker(chat, 1000n * CHAT), await chat.person()];
    chat.pass(1n);
    const pay = (proposal) => chat.instruction("execute_pay_lamports", 0, [[chat.config, "w"], [proposal.address, "w"], [paid.address, "w"]]);
    const before = chat.lamports(paid.address);
    await decide(chat, who, actions.pay_lamports, Buffer.concat([keyBytes(paid.address), u64(1000)]), pay);
    assert.equal(chat.lamports(paid.address), before + 1000n);
    const all = await chat.propose(who, actions.pay_lamports, Buffer.concat([keyBytes(paid.address), u64(chat.lamports(chat.config))]));
    await chat.must(all.instruction);
    await chat.must(await chat.vote(who, all, choices.yes));
    chat.pass(PARAMS.voting_slots + PARAMS.time_lock_slots);
    await refused(chat, 19, pay(all));
});

test("anchors: logs grow, grants are closed by their owner", async () => {
    const chat = await ready();
    const [who, other] = [await chat.person(), await chat.person()];
    const [head, bump] = await chat.pda("log", bytes(1), keyBytes(who.address));
    const anchor = (owner, size, kind = 1) => chat.instruction("anchor_log", bump, [[owner.wallet, "sw"], [head, "w"], [SYSTEM, "r"]], sha256(u64(size)), u64(size), bytes(kind, 0, 0, 0, 0, 0, 0, 0));
    await refused(chat, 43, anchor(who, 5n, 3));
    await refused(chat, 20, anchor(who, 0n));
    await refused(chat, 12, anchor(other, 5n));
    await chat.must(anchor(who, 5n));
    await refused(chat, 52, anchor(who, 5n));
    await refused(chat, 52, anchor(who, 4n));
    await refused(chat, 18, anchor(other, 6n));
    await chat.must(anchor(who, 6n));
    const digest = sha256(Buffer.from("grant"));
    const [grant, grantBump] = await chat.pda("grant", digest);
    await chat.must(chat.instruction("anchor_grant", grantBump, [[who.wallet, "sw"], [grant, "w"], [SYSTEM, "r"]], digest));
    const close = (owner) => chat.instruction("close_grant", 0, [[owner.wallet, "sw"], [grant, "w"]]);
    await refused(chat, 18, close(other));
    await chat.must(close(who));
    assert.equal(chat.data(grant), null);
});

// RFC 9162 section 2.1.1 and 2.1.3.1, as they are written there.
const split = (count) => 2 ** Math.ceil(Math.log2(count) - 1);
const root = (leaves) => leaves.length === 1 ? leaves[0] : sha256(bytes(1), root(leaves.slice(0, split(leaves.length))), root(leaves.slice(split(leaves.length))));
const path = (index, leaves) => {
    if (leaves.length === 1) return [];
    const half = split(leaves.length);
    return index < half ? [...path(index, leaves.slice(0, half)), root(leaves.slice(half))] : [...path(index - half, leaves.slice(half)), root(leaves.slice(0, half))];
};

test("receipts: the enclave signs the root of the next batch, and each of its receipts is proven", async () => {
    const world = await registry();
    const { chat, enclave, entry } = world;
    await chat.must(...verdict(world));
    let first = 0n;
    for (const [batch, count] of [1, 2, 3, 5, 8, 13].entries()) {
        const leaves = Array.from({ length: count }, (_, index) => sha256(bytes(0), u64(index)));
        const [address, bump] = await chat.pda("receipts", enclave.key, u64(batch));
        const digest = sha256(Buffer.from("chatmcp receipt1"), chat.genesis, keyBytes(chat.program), enclave.key, root(leaves), u64(batch), u64(first), u64(count));
        const anchor = (data = root(leaves)) => chat.instruction("anchor_receipts", bump,
            [[chat.machine.payer, "sw"], [chat.config, "r"], [entry, "w"], [address, "w"], [INSTRUCTIONS, "r"], [SYSTEM, "r"]], data, u64(count), bytes(0, 0, 0, 0, 0, 0, 0, 0));
        const signed = signatures([{ signer: enclave, digest }]);
        await refused(chat, 42, signed, anchor(sha256(Buffer.from("the host's"))));
        await refused(chat, 41, signatures([{ signer: signingKey(), digest }]), anchor());
        await chat.must(signed, anchor());
        await refused(chat, 42, signed, anchor());
        first += BigInt(count);
        for (let index = 0; index < count; ++index) {
            const proof = path(index, leaves);
            const verify = (at, leaf, list) => chat.instruction("verify_receipt", 0, [[address, "r"]], u64(at), leaf, ...list);
            await chat.must(verify(index, leaves[index], proof));
            await refused(chat, 53, verify(index, sha256(bytes(9)), proof));
            await refused(chat, 55, verify(index, leaves[index], [...proof, sha256()]));
            await refused(chat, 54, verify(count, leaves[index], proof));
            if (proof.length > 0) await refused(chat, 55, verify(index, leaves[index], proof.slice(1)));
        }
    }
    chat.pass(SLOTS_PER_DAY);
    const late = chat.instruction("anchor_receipts", 0,
        [[chat.machine.payer, "sw"], [chat.config, "r"], [entry, "w"], [(await chat.pda("receipts", enclave.key, u64(6)))[0], "w"], [INSTRUCTIONS, "r"], [SYSTEM, "r"]], sha256(), u64(1), bytes(0, 0, 0, 0, 0, 0, 0, 0));
    await refused(chat, 50, late);
});
