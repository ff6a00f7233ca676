// The program changes itself: by vote, through its config account, which is its upgrade authority. The numbers of refusals are those of
// program/include/program/errors.h.
import { test } from "node:test";
import assert from "node:assert/strict";
import { CHAT, client, keyBytes } from "./chatmcp.mjs";
import { file, ready, refused } from "./support.mjs";

const { Action } = client;
// Where data of a program has its authority: behind number, slot and a mark that there is one.
const AUTHORITY_OFFSET = 13;

async function owned() {
    const chat = await ready();
    const who = await chat.staker(1000n * CHAT);
    chat.pass(1n);
    const buffer = await chat.machine.makeBuffer(file("chatmcp-v3"));
    return { chat, who, buffer, own: { programData: chat.programData, bump: chat.bumps.programData } };
}

const authorityOf = (chat) => chat.data(chat.programData).subarray(AUTHORITY_OFFSET, AUTHORITY_OFFSET + 32);

test("upgrade: from the buffer that was voted for, and only once the config account is authority of both", async () => {
    const { chat, who, buffer, own } = await owned();
    const payload = client.getUpgradeEncoder().encode({ buffer, spill: who.address });
    const proposal = await chat.passed(who, Action.Upgrade, payload);
    const upgrade = (change = {}) =>
        chat.instruction("executeUpgrade", { proposal: proposal.address, program: chat.program, buffer, spill: who.address, ...own, ...change });
    assert.match((await chat.send(upgrade())).failed, /IncorrectAuthority/);
    await chat.machine.setAuthority(buffer, chat.authority, chat.config);
    assert.match((await chat.send(upgrade())).failed, /IncorrectAuthority/);
    await chat.machine.setAuthority(chat.programData, chat.authority, chat.config);
    await refused(chat, 12, upgrade({ bump: own.bump - 1 }));
    await refused(chat, 13, upgrade({ spill: chat.guardian.address }));
    const [before, slot] = [chat.lamports(who.address), chat.slot];
    await chat.must(upgrade());
    assert.equal(chat.data(buffer), null);
    assert.ok(chat.lamports(who.address) > before, "what the buffer held goes where the vote said");
    assert.equal(chat.data(chat.programData).readBigUInt64LE(4), slot);
    chat.pass(2n);
    await chat.must(chat.buy(who, CHAT));
    await refused(chat, 61, upgrade());
});

test("upgrade authority: to whom the vote named, of this program alone", async () => {
    const { chat, who, buffer, own } = await owned();
    await chat.machine.setAuthority(chat.programData, chat.authority, chat.config);
    await chat.machine.setAuthority(buffer, chat.authority, chat.config);
    const proposal = await chat.passed(who, Action.SetUpgradeAuthority, keyBytes(who.address));
    const execute = (change = {}) =>
        chat.instruction("executeUpgradeAuthority", { proposal: proposal.address, newAuthority: who.address, ...own, ...change });
    await refused(chat, 13, execute({ newAuthority: chat.guardian.address }));
    // The loader would do it, and the proposal would be spent.
    await refused(chat, 12, execute({ programData: buffer }));
    await chat.must(execute());
    assert.deepEqual(authorityOf(chat), keyBytes(who.address));
    await refused(chat, 61, execute());
});
