// Another program asks the registry with the header that it is given, program/include/program/registry_reader.h, and pays little for it.
import { test } from "node:test";
import assert from "node:assert/strict";
import * as kit from "@solana/kit";
import { SYSTEM, keyBytes, u64 } from "./chatmcp.mjs";
import { Registry } from "./registry.mjs";
import { file, ready } from "./support.mjs";

const ASK_UNITS_MAX = 300;
const answers = ["active", "wrong_owner", "wrong_size", "wrong_discriminator", "wrong_version", "wrong_key", "revoked", "expired"];

async function start() {
    const chat = await ready();
    const registry = await Registry.start(chat);
    await chat.must(...registry.verdict());
    const { address: caller, deployed } = await chat.machine.deploy(file("registry_caller"));
    assert.equal(deployed.failed, null);
    const call = ({ ask = 1, slot = chat.slot, account = registry.entry, key = registry.enclave.key } = {}) =>
        chat.machine.send({
            programAddress: caller,
            accounts: [{ address: account, role: kit.AccountRole.READONLY }],
            data: Buffer.concat([u64(ask), u64(slot), keyBytes(chat.program), key]),
        });
    const says = async (answer, question) => {
        const { failed, logs } = await call(question);
        assert.equal(failed, answer === "active" ? null : `InstructionError(0, Custom(${answers.indexOf(answer)}))`, logs.join("\n"));
    };
    return { chat, registry, call, says };
}

test("asking the registry takes at most 300 units", async () => {
    const { call } = await start();
    const [asked, not] = [await call(), await call({ ask: 0 })];
    assert.deepEqual([asked.failed, not.failed], [null, null]);
    const units = asked.units - not.units;
    assert.ok(units > 0 && units <= ASK_UNITS_MAX, `${units} units`);
});

test("the registry's answers: of this enclave, now, and by no other account", async () => {
    const { chat, registry, says } = await start();
    const { entry } = registry;
    const { expiresSlot } = chat.read("enclave", entry);
    await says("active");
    await says("active", { slot: expiresSlot - 1n });
    await says("expired", { slot: expiresSlot });
    await says("wrong_key", { key: keyBytes(SYSTEM) });
    await says("wrong_owner", { account: SYSTEM });
    await says("wrong_size", { account: chat.config });
    const state = chat.data(entry);
    const become = (data, owner = chat.program) => {
        const lamports = kit.lamports(chat.lamports(entry));
        chat.machine.svm.setAccount({ address: entry, lamports, programAddress: owner, executable: false, space: BigInt(data.length), data });
    };
    become(state, SYSTEM);
    await says("wrong_owner");
    become(Buffer.concat([state, Buffer.alloc(1)]));
    await says("wrong_size");
    for (const [offset, answer] of [[0, "wrong_discriminator"], [1, "wrong_version"]]) {
        become(Buffer.from(state).fill(2, offset, offset + 1));
        await says(answer);
    }
    become(state);
    await chat.must(...registry.revocation([0, 1]));
    await says("revoked");
});
