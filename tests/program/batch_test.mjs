// Answers to several stamps in one transaction: their signatures in one instruction of the Ed25519 program, which each answer points into.
import { test } from "node:test";
import assert from "node:assert/strict";
import * as kit from "@solana/kit";
import { CHAT, signatures } from "./chatmcp.mjs";
import { ready, refused } from "./support.mjs";

const TRANSACTION_MAX_BYTES = 1232;
const FIT = 3;
const BATCH = 8;

// Stamps of as many senders, and what accepts them all.
async function batch(count) {
    const chat = await ready();
    const stamps = [];
    for (let index = 0; index < count; ++index) stamps.push(await chat.locked(await chat.staker(2n * CHAT), CHAT));
    const submitter = { wallet: await chat.wallet() };
    chat.machine.payer = submitter.wallet;
    const signed = signatures(stamps.map((stamp) => ({ signer: stamp.recipient, digest: chat.answerDigest(stamp, "accept") })));
    const accepts = stamps.map((stamp, signature) => chat.accept(stamp, submitter, { instruction: 0, signature }));
    return { chat, stamps, instructions: [signed, ...accepts] };
}

const bytesOf = async (chat, instructions) => kit.getTransactionEncoder().encode(await chat.machine.transaction(...instructions)).length;

test("three answers to three senders fit a transaction of 1,232 bytes, four do not", async () => {
    const { chat, stamps, instructions } = await batch(FIT);
    assert.ok((await bytesOf(chat, instructions)) <= TRANSACTION_MAX_BYTES);
    await chat.must(...instructions);
    for (const stamp of stamps) assert.equal(chat.data(stamp.address), null);
    const more = await batch(FIT + 1);
    assert.ok((await bytesOf(more.chat, more.instructions)) > TRANSACTION_MAX_BYTES);
});

test("eight answers fit one transaction of version 1; with one of them wrong none is taken", async () => {
    const { chat, stamps, instructions } = await batch(BATCH);
    const send = async (list) => {
        const message = kit.pipe(
            kit.createTransactionMessage({ version: 1 }),
            (m) => kit.setTransactionMessageFeePayerSigner(chat.machine.payer, m),
            (m) => chat.machine.svm.setTransactionMessageLifetimeUsingLatestBlockhash(m),
            // Of version 1 the limits are part of the message, and are nothing unless they are set.
            (m) => kit.setTransactionMessageLoadedAccountsDataSizeLimit(1_000_000, m),
            (m) => kit.setTransactionMessageComputeUnitLimit(200_000, m),
            (m) => kit.appendTransactionMessageInstructions(list, m),
        );
        return chat.machine.run(await kit.signTransactionMessageWithSigners(message));
    };
    const swapped = [...instructions.slice(0, -1), chat.accept(stamps.at(-1), { wallet: chat.machine.payer }, { instruction: 0, signature: 0 })];
    assert.match((await send(swapped)).failed, /Custom\(41\)/);
    for (const stamp of stamps) assert.notEqual(chat.data(stamp.address), null);
    const { failed, logs, units } = await send(instructions);
    assert.equal(failed, null, logs.join("\n"));
    assert.ok(units < 50_000, `${units} units`);
    for (const stamp of stamps) assert.equal(chat.data(stamp.address), null);
    assert.equal(chat.tokens(chat.escrowVault), 0n);
    await refused(chat, 8, instructions[0], instructions[1]);
});
