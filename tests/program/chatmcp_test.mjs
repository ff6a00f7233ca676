// The program of program/, brought by the upgradeable loader: what each family of instructions does, and what it refuses. The numbers of
// refusals are those of program/include/program/errors.h.
import { test } from "node:test";
import assert from "node:assert/strict";
import * as kit from "@solana/kit";
import { CHAT, Chat, PARAMS, SLOTS_PER_DAY, SUPPLY, SYSTEM, bytes, client, sha256, signatures, signingKey } from "./chatmcp.mjs";
import { file, ready, refused } from "./support.mjs";

for (const [version, features] of [[3, "default"], [3, "all"], [0, "default"]]) {
    test(`sBPF v${version} with ${features} features: set up, all CHAT in the treasury, none to be made`, async () => {
        const chat = await Chat.start(features, file(`chatmcp-v${version}`));
        await refused(chat, 23, chat.initialize({ params: { ...PARAMS, timeLockSlots: 7n * SLOTS_PER_DAY - 1n } }));
        await chat.must(chat.initialize());
        await refused(chat, 14, chat.initialize());
        await chat.must(chat.createMint());
        await refused(chat, 24, chat.createMint());
        assert.equal(chat.supply(), SUPPLY);
        assert.equal(chat.tokens(chat.treasuryVault), SUPPLY);
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
    assert.equal(chat.lamports(chat.config) - before, 3n * PARAMS.chatPriceLamports + 1n);
    await refused(chat, 25, chat.buy(who, CHAT, PARAMS.chatPriceLamports - 1n));
    await refused(chat, 20, chat.buy(who, 0n));
    await refused(chat, 19, chat.buy(who, SUPPLY + 1n));
});

test("stake is withdrawn after its delay, and an empty stake is closed", async () => {
    const chat = await ready();
    const who = await chat.staker(100n * CHAT);
    assert.equal(chat.tokens(chat.stakeVault), 100n * CHAT);
    await refused(chat, 28, chat.withdraw(who));
    await refused(chat, 26, chat.requestUnstake(who, 100n * CHAT + 1n));
    await chat.must(chat.requestUnstake(who, 100n * CHAT));
    await refused(chat, 29, chat.withdraw(who));
    chat.pass(PARAMS.unstakeDelaySlots - 1n);
    await refused(chat, 29, chat.withdraw(who));
    chat.pass(1n);
    await chat.must(chat.withdraw(who));
    assert.equal(chat.tokens(who.tokens), 200n * CHAT);
    assert.equal(chat.data(who.stake), null);
    await refused(chat, 8, chat.withdraw(who));
});

test("another's stake is out of reach", async () => {
    const chat = await ready();
    const [one, other] = [await chat.staker(10n * CHAT), await chat.staker(10n * CHAT)];
    await refused(chat, 18, chat.requestUnstake({ ...one, stake: other.stake }, CHAT));
    await chat.must(chat.requestUnstake(other, CHAT));
    chat.pass(PARAMS.unstakeDelaySlots);
    await refused(chat, 18, chat.withdraw({ ...one, stake: other.stake }));
    await refused(chat, 17, chat.withdraw({ ...other, tokens: one.tokens }));
});

test("an accepted stamp goes back whole, its rent less the fee for whoever brought the answer", async () => {
    const chat = await ready();
    const [sender, submitter] = [await chat.staker(10n * CHAT), await chat.person()];
    const [chatBefore, lamportsBefore, submitterBefore] = [chat.tokens(sender.tokens), chat.lamports(sender.address), chat.lamports(submitter.address)];
    const stamp = await chat.locked(sender, 5n * CHAT);
    assert.equal(chat.tokens(chat.escrowVault), 5n * CHAT);
    await chat.must(chat.answer(stamp, "accept"), chat.accept(stamp, submitter));
    assert.equal(chat.tokens(sender.tokens), chatBefore);
    assert.equal(chat.lamports(sender.address), lamportsBefore - PARAMS.stampSubmitFeeLamports);
    assert.equal(chat.lamports(submitter.address), submitterBefore + PARAMS.stampSubmitFeeLamports);
    assert.equal(chat.data(stamp.address), null);
    // The same signature, after the same key was locked again at another slot.
    const old = chat.answer(stamp, "accept");
    chat.pass(1n);
    await chat.must(stamp.lock);
    await refused(chat, 42, old, chat.accept(stamp, submitter));
});

test("a rejected stamp is burned, counts until it expires, and cannot be answered again", async () => {
    const chat = await ready();
    const [sender, submitter] = [await chat.staker(10n * CHAT), await chat.person()];
    const stamp = await chat.locked(sender, 5n * CHAT);
    await chat.must(chat.answer(stamp, "reject"), chat.reject(stamp, submitter));
    assert.equal(chat.supply(), SUPPLY - 5n * CHAT);
    assert.equal(chat.tokens(chat.escrowVault), 0n);
    assert.equal(chat.read("stamp", stamp.address).status, client.StampStatus.Rejected);
    await refused(chat, 31, chat.answer(stamp, "accept"), chat.accept(stamp, submitter));
    await refused(chat, 33, chat.reclaim(stamp));
    chat.pass(PARAMS.stampOpenSlots);
    const before = chat.tokens(sender.tokens);
    await chat.must(chat.reclaim(stamp));
    assert.equal(chat.tokens(sender.tokens), before);
    assert.equal(chat.data(stamp.address), null);
});

test("an expired stamp goes back to its sender, and only then", async () => {
    const chat = await ready();
    const [sender, other] = [await chat.staker(10n * CHAT), await chat.staker(10n * CHAT)];
    const stamp = await chat.locked(sender);
    chat.pass(PARAMS.stampOpenSlots - 1n);
    await refused(chat, 33, chat.reclaim(stamp));
    chat.pass(1n);
    await refused(chat, 32, chat.answer(stamp, "accept"), chat.accept(stamp, other));
    await refused(chat, 13, chat.reclaim({ ...stamp, sender: other }));
    await chat.must(chat.reclaim(stamp));
    assert.equal(chat.tokens(chat.escrowVault), 0n);
});

test("stamps outside the governed bounds, or under a key that is none", async () => {
    const chat = await ready();
    const sender = await chat.staker(200n * CHAT);
    for (const amount of [0n, PARAMS.stampPriceMin - 1n, PARAMS.stampPriceMax + 1n]) {
        await refused(chat, 30, (await chat.stamp(sender, amount)).lock);
    }
    const stamp = await chat.stamp(sender, CHAT);
    stamp.lock.data.fill(0, 8, 40);
    await refused(chat, 34, stamp.lock);
});

test("each way to cheat with a signature of another instruction", async () => {
    const chat = await ready();
    const [sender, submitter] = [await chat.staker(10n * CHAT), await chat.person()];
    const stamp = await chat.locked(sender);
    const accept = chat.accept(stamp, submitter);
    const good = chat.answer(stamp, "accept");
    await refused(chat, 36, good, chat.accept(stamp, submitter, { instruction: 7, signature: 0 }));
    await refused(chat, 37, accept, good);
    // One that succeeds with such data, without accounts, and is of another program: its signature was checked by nobody.
    const { address: anybodys } = await chat.machine.deploy(file("deployed-v3"));
    await chat.must({ ...good, programAddress: anybodys });
    await refused(chat, 37, { ...good, programAddress: anybodys }, accept);
    await refused(chat, 38, good, chat.accept(stamp, submitter, { instruction: 0, signature: 1 }));
    // The cluster takes an instruction of no signatures.
    await chat.must({ ...good, data: bytes(0, 0) });
    await refused(chat, 38, { ...good, data: bytes(0, 0) }, accept);
    await refused(chat, 41, chat.answer(stamp, "accept", signingKey()), accept);
    await refused(chat, 42, chat.answer(stamp, "reject"), accept);
    await refused(chat, 40, { ...good, data: Buffer.concat([good.data, bytes(0)]) }, accept);
    // Two signatures whose parts stand in the other order: valid for the cluster, not the form that is read.
    const two = signatures([{ signer: stamp.recipient, digest: chat.answerDigest(stamp, "accept") }, { signer: signingKey(), digest: sha256() }], (data) => {
        const first = Buffer.from(data.subarray(2, 16));
        data.copy(data, 2, 16, 30);
        first.copy(data, 16);
    });
    await refused(chat, 40, two, accept);
    // The same parts, named as those of instruction 0 by its number.
    const numbered = chat.answer(stamp, "accept", stamp.recipient, (data) => [4, 8, 14].forEach((at) => data.writeUInt16LE(0, at)));
    await refused(chat, 39, numbered, accept);
    const other = chat.accept(stamp, submitter);
    other.accounts[7] = { ...other.accounts[7], address: SYSTEM };
    await refused(chat, 35, good, other);
    await chat.must(good, accept);
});

test("form: numbers, lengths, reserved bytes, accounts", async () => {
    const chat = await ready();
    const who = await chat.staker(10n * CHAT);
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

test("form: an account of a later version, or of another size, is not read", async () => {
    const chat = await ready();
    const who = await chat.staker(10n * CHAT);
    const state = chat.data(who.stake);
    const become = (data) => {
        const lamports = kit.lamports(chat.lamports(who.stake));
        chat.machine.svm.setAccount({ address: who.stake, lamports, programAddress: chat.program, executable: false, space: BigInt(data.length), data });
    };
    become(Buffer.concat([state.subarray(0, 1), bytes(2), state.subarray(2)]));
    await refused(chat, 10, chat.requestUnstake(who, CHAT));
    become(Buffer.concat([state, bytes(0)]));
    await refused(chat, 11, chat.requestUnstake(who, CHAT));
    become(state);
    await chat.must(chat.requestUnstake(who, CHAT));
});

test("lamports sent to an address before do not keep its account from being made", async () => {
    const chat = await ready();
    const who = await chat.person();
    chat.machine.svm.airdrop(who.stake, 1_000_000n);
    await chat.must(chat.buy(who, CHAT), chat.stake(who, CHAT));
    assert.equal(chat.read("stake", who.stake).amount, CHAT);
});

test("the guardian pauses what takes money, for a while, and not again at once", async () => {
    const chat = await ready();
    const who = await chat.staker(10n * CHAT);
    const stamp = await chat.locked(who);
    const pause = (guardian) => chat.instruction("pause", { guardian });
    await refused(chat, 18, pause(who.wallet));
    await chat.must(pause(chat.guardian));
    await refused(chat, 21, chat.buy(who, CHAT));
    await refused(chat, 21, chat.stake(who, CHAT));
    await refused(chat, 21, (await chat.stamp(who, CHAT)).lock);
    await chat.must(chat.answer(stamp, "accept"), chat.accept(stamp, await chat.person()));
    await chat.must(chat.requestUnstake(who, CHAT));
    await refused(chat, 64, pause(chat.guardian));
    chat.pass(PARAMS.pauseSlots);
    await chat.must(chat.buy(who, CHAT));
    await refused(chat, 64, pause(chat.guardian));
    chat.pass(PARAMS.pauseSlots);
    await chat.must(pause(chat.guardian));
});
