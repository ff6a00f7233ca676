// Another program asks the registry with the header that it is given, program/include/program/registry_reader.h, and pays little for it.
import { test } from "node:test";
import assert from "node:assert/strict";
import * as kit from "@solana/kit";
import { SYSTEM, client, keyBytes, u64 } from "./chatmcp.mjs";
import { Registry } from "./registry.mjs";
import { file, ready } from "./support.mjs";

const ASK_UNITS_MAX = 300;
const answers =
    "active wrong_owner wrong_size wrong_discriminator wrong_version wrong_key revoked expired wrong_measurement measurement_revoked measurement_not_valid".split(" ");
const NOT_BEFORE = 1_000n;
const NOT_AFTER = 2_000n;

async function start() {
    const chat = await ready();
    const registry = await Registry.start(chat);
    const other = await registry.proposeMeasurement("another agent", { notBeforeUnixS: NOT_BEFORE, notAfterUnixS: NOT_AFTER });
    await chat.must(other.execute());
    chat.machine.svm.setClock(Object.assign(chat.machine.svm.getClock(), { unixTimestamp: NOT_BEFORE }));
    const first = registry.measurement;
    registry.measurement = other.measurement;
    await chat.must(...registry.verdict());
    const { address: caller, deployed } = await chat.machine.deploy(file("registry_caller"));
    assert.equal(deployed.failed, null);
    const call = ({ ask = 1, slot = chat.slot, time = NOT_BEFORE, enclave = registry.entry, measurement = registry.measurement, key = registry.enclave.key } = {}) =>
        chat.machine.send({
            programAddress: caller,
            accounts: [enclave, measurement].map((address) => ({ address, role: kit.AccountRole.READONLY })),
            data: Buffer.concat([u64(ask), u64(slot), u64(time), keyBytes(chat.program), key]),
        });
    const says = async (answer, question) => {
        const { failed, logs } = await call(question);
        assert.equal(failed, answer === "active" ? null : `InstructionError(0, Custom(${answers.indexOf(answer)}))`, logs.join("\n"));
    };
    // An account with other bytes or another owner, as only this test can make it.
    const become = (address, data, owner = chat.program) => {
        const lamports = kit.lamports(chat.lamports(address));
        chat.machine.svm.setAccount({ address, lamports, programAddress: owner, executable: false, space: BigInt(data.length), data });
    };
    return { chat, registry, first, call, says, become };
}

test("asking the registry takes at most 300 units", async () => {
    const { call } = await start();
    const [asked, not] = [await call(), await call({ ask: 0 })];
    assert.deepEqual([asked.failed, not.failed], [null, null]);
    const units = asked.units - not.units;
    assert.ok(units > 0 && units <= ASK_UNITS_MAX, `${units} units`);
});

test("the registry's answers: of this enclave and its measurement, now, and by no other account", async () => {
    const { chat, registry, first, says } = await start();
    const { expiresSlot } = chat.read("enclave", registry.entry);
    await says("active", { slot: expiresSlot - 1n, time: NOT_AFTER });
    await says("expired", { slot: expiresSlot });
    await says("wrong_key", { key: keyBytes(SYSTEM) });
    await says("wrong_owner", { enclave: SYSTEM });
    await says("wrong_size", { enclave: chat.config });
    await says("wrong_measurement", { measurement: first });
    await says("measurement_not_valid", { time: NOT_BEFORE - 1n });
    await says("measurement_not_valid", { time: NOT_AFTER + 1n });
});

test("the registry's answers: neither account may be of another program, size, kind or version", async () => {
    const { chat, registry, says, become } = await start();
    for (const address of [registry.entry, registry.measurement]) {
        const state = chat.data(address);
        become(address, state, SYSTEM);
        await says("wrong_owner");
        become(address, Buffer.concat([state, Buffer.alloc(1)]));
        await says("wrong_size");
        become(address, Buffer.from(state).fill(2, 0, 1));
        await says("wrong_discriminator");
        become(address, Buffer.from(state).fill(2, 1, 2));
        await says("wrong_version");
        become(address, state);
        await says("active");
    }
});

test("the registry's answers: a measurement is revoked for all its enclaves, an enclave for itself", async () => {
    const { chat, registry, says } = await start();
    const payload = client.getRevokeEncoder().encode({ account: registry.measurement, reason: client.RevocationReason.VulnerableCode });
    const proposal = await chat.propose(registry.who, client.Action.RevokeMeasurement, payload);
    await chat.must(proposal.instruction);
    await chat.must(await chat.vote(registry.who, proposal, client.Choice.Yes));
    await chat.must(chat.instruction("executeRevoke", { proposal: proposal.address, entry: registry.measurement }));
    assert.equal(chat.read("enclave", registry.entry).status, client.EntryStatus.Active);
    await says("measurement_revoked");
    await chat.must(...registry.revocation([0, 1]));
    await says("revoked");
});
