// Every instruction of the IDL in a state that is not that of its success: done already, or while the guardian has paused. And accounts that
// an instruction closes stay closed, even if lamports come in the same transaction.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as kit from "@solana/kit";
import { SYSTEM, u64 } from "./chatmcp.mjs";
import { fixtures, stageOf } from "./fixtures.mjs";
import { u32 } from "./machine.mjs";
import { refused } from "./support.mjs";
import { World } from "./world.mjs";

const { instructions } = JSON.parse(readFileSync(new URL("../../program/idl/chatmcp.json", import.meta.url), "utf8")).program;
const LAMPORTS = 1_000_000_000n;
const PAUSED = 21;
const TRANSFER = 2;

// What can be done as often as there is something to do it with.
const REPEATED = ["buy", "stake", "verifyReceipt"];
// What takes money or gives trust.
const STOPPED = ["buy", "stake", "stampLock", "enclaveRegister"];
// Before there is somebody who could pause, and pausing itself.
const NEVER_PAUSED = ["initialize", "createMint", "pause"];
const CLOSING = ["withdraw", "stampAccept", "stampReclaim", "closeGrant", "releaseVote", "closeProposal"];

async function make(name) {
    const world = await World.start(stageOf(name));
    return { world, chat: world.chat, before: [], ...(await fixtures[name](world)) };
}

const owned = (chat) => new Set(chat.machine.svm.getProgramAccounts(chat.program).map(({ address }) => address));

function transfer(from, to) {
    return {
        programAddress: SYSTEM,
        accounts: [
            { address: from.address, role: kit.AccountRole.WRITABLE_SIGNER, signer: from },
            { address: to, role: kit.AccountRole.WRITABLE },
        ],
        data: Buffer.concat([u32(TRANSFER), u64(LAMPORTS)]),
    };
}

const closing = [];
for (const { name } of instructions) {
    test(`${name}: once more`, async () => {
        const { world, chat, before, target } = await make(name);
        const had = owned(chat);
        await chat.must(...before, target);
        const has = owned(chat);
        const gone = [...had].filter((address) => !has.has(address));
        if (gone.length > 0) closing.push(name);
        const picture = world.picture();
        const again = await chat.send(...before, target);
        if (REPEATED.includes(name)) {
            assert.equal(again.failed, null, again.logs.join("\n"));
        } else {
            assert.match(again.failed ?? "it was accepted", /Custom\(\d+\)/);
            assert.deepEqual(world.picture(), picture);
        }
        if (gone.length > 0) await staysClosed(name);
    });

    if (NEVER_PAUSED.includes(name)) continue;
    test(`${name}: while paused`, async () => {
        const { chat, before, target } = await make(name);
        await chat.must(chat.instruction("pause", { guardian: chat.guardian }));
        if (STOPPED.includes(name)) await refused(chat, PAUSED, ...before, target);
        else await chat.must(...before, target);
    });
}

async function staysClosed(name) {
    const { chat, before, target } = await make(name);
    const had = owned(chat);
    const closed = target.accounts.map(({ address }) => address).filter((address) => had.has(address));
    await chat.must(...before, target, ...closed.map((address) => transfer(chat.machine.payer, address)));
    const has = owned(chat);
    const empty = closed.filter((address) => !has.has(address));
    assert.ok(empty.length > 0);
    for (const address of empty) {
        const { programAddress, lamports, data } = chat.machine.svm.getAccount(address);
        assert.deepEqual([programAddress, lamports, data.length], [SYSTEM, kit.lamports(LAMPORTS), 0], name);
    }
    // And the same again finds nothing to close.
    assert.match((await chat.send(...before, target)).failed ?? "it was accepted", /Custom\(\d+\)/);
}

test("those that close an account are those that are known to", () => {
    assert.deepEqual(closing.sort(), [...CLOSING].sort());
});
