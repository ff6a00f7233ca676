// Every instruction of the IDL with one thing wrong: an account of another kind or of somebody else, one given twice, a signature
// or the right to write missing, data too long, too short or out of its range. Each is refused, by a numbered error of a program,
// and nothing has changed. A new instruction needs a fixture and no more; without one this fails.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as kit from "@solana/kit";
import { fixtures, stageOf } from "./fixtures.mjs";
import { bytes, keyBytes, u64 } from "./chatmcp.mjs";
import { otherAddresses } from "./support.mjs";
import { World } from "./world.mjs";
import { accepted, otherRefusals } from "./accepted.mjs";

const { program: idl } = JSON.parse(readFileSync(new URL("../../program/idl/chatmcp.json", import.meta.url), "utf8"));
const types = Object.fromEntries(idl.definedTypes.map(({ name, type }) => [name, type]));
const LAST_ERROR = Math.max(...idl.errors.map(({ code }) => code));

const { READONLY, WRITABLE } = kit.AccountRole;
const withAccount = (instruction, index, account) => ({ ...instruction, accounts: instruction.accounts.with(index, account) });
const withByte = (instruction, offset, value) => ({ ...instruction, data: Buffer.from(instruction.data).fill(value, offset, offset + 1) });

// Bytes that a type always has; undefined for one that goes on to the end.
function sizeOf(type) {
    if (type.kind === "numberTypeNode") return Number(type.format.slice(1)) / 8;
    if (type.kind === "publicKeyTypeNode") return 32;
    if (type.kind === "fixedSizeTypeNode") return type.size;
    if (type.kind === "definedTypeLinkNode") return sizeOf(types[type.name]);
    if (type.kind === "enumTypeNode") return sizeOf(type.size);
    if (type.kind === "structTypeNode") return type.fields.reduce((sum, field) => sum + sizeOf(field.type), 0);
    if (type.kind === "arrayTypeNode" && type.count.kind === "fixedCountNode") return type.count.value * sizeOf(type.item);
    return undefined;
}

function* wrongAccounts(node, target, world) {
    for (const [index, slot] of node.accounts.entries()) {
        const { address, role } = target.accounts[index];
        const others = slot.isSigner ? world.wallets : world.zoo;
        for (const [kind, other] of Object.entries(others)) {
            const account = slot.isSigner ? { address: other.address, role, signer: other } : { address: other, role };
            if (account.address !== address) yield [`${slot.name} is ${kind}`, withAccount(target, index, account)];
        }
        if (slot.isSigner) yield [`${slot.name} has not signed`, withAccount(target, index, { address, role: slot.isWritable ? WRITABLE : READONLY })];
        if (slot.isWritable) yield [`${slot.name} is not writable`, withAccount(target, index, { ...target.accounts[index], role: role & ~WRITABLE })];
        for (let before = 0; before < index; ++before) {
            const same = { ...target.accounts[before], role: role | target.accounts[before].role };
            yield [`${slot.name} is ${node.accounts[before].name}`, withAccount(target, index, same)];
        }
    }
    yield ["one account fewer", { ...target, accounts: target.accounts.slice(0, -1) }];
    yield ["one account more", { ...target, accounts: [...target.accounts, { address: world.zoo["nothing there"], role: READONLY }] }];
}

function* wrongData(node, target) {
    const { data } = target;
    yield ["no data", { ...target, data: data.subarray(0, 0) }];
    yield ["one byte fewer", { ...target, data: data.subarray(0, -1) }];
    yield ["one byte more", { ...target, data: Buffer.concat([data, Buffer.alloc(1)]) }];
    let offset = 0;
    for (const { name, type } of node.arguments) {
        const size = sizeOf(type);
        if (/[rR]eserved$/.test(name)) {
            for (let at = offset; at < offset + size; ++at) yield [`byte ${at} of ${name}`, withByte(target, at, 1)];
        } else if (type.kind === "definedTypeLinkNode" && types[type.name].kind === "enumTypeNode") {
            for (const value of [0, types[type.name].variants.length, 255]) yield [`${name} is number ${value}`, withByte(target, offset, value)];
        } else if (type.kind === "arrayTypeNode" && size === undefined) {
            const item = sizeOf(type.item);
            yield [`one of ${name} fewer`, { ...target, data: data.subarray(0, -item) }];
            yield [`one of ${name} more`, { ...target, data: Buffer.concat([data, Buffer.alloc(item)]) }];
        }
        offset += size ?? 0;
    }
}

// The bytes of a seed that the IDL names.
function seedBytes(seed, values) {
    if (seed.kind === "constantPdaSeedNode") return Buffer.from(seed.value.string);
    const value = values[seed.name];
    if (seed.type.kind === "publicKeyTypeNode") return keyBytes(value);
    if (seed.type.kind === "numberTypeNode") return u64(value);
    if (seed.type.kind === "definedTypeLinkNode") return bytes(value);
    return Buffer.from(value);
}

// Accounts that are to be made, at the next address of the same seeds: there is one account of them.
function* wrongBumps(node, target, { chat }) {
    let offset = 0;
    const offsets = {};
    for (const { name, type } of node.arguments) {
        offsets[name] = offset;
        offset += sizeOf(type) ?? 0;
    }
    for (const [index, slot] of node.accounts.entries()) {
        const { address, role } = target.accounts[index];
        const made = chat.derived.get(address);
        if (made === undefined || chat.data(address) !== null) continue;
        const { seeds } = idl.pdas.find(({ name }) => name === made.name);
        const [[bump, other]] = otherAddresses(chat, ...seeds.map((seed) => seedBytes(seed, made.seeds)));
        const own = `${slot.name.replace(/Vault$/, "")}Bump`;
        const moved = withByte(target, offsets[own in offsets ? own : "bump"], bump);
        yield [`${slot.name} is at another bump`, withAccount(moved, index, { address: other, role })];
    }
}

async function make(name) {
    const world = await World.start(stageOf(name));
    return { world, before: [], ...(await fixtures[name](world)) };
}

const used = new Set();
const tried = new Set();

const BUMPS_MADE = ["initialize: config", "initialize: verifiers", "createMint: mint", "stake: stake", "vote: vote", "propose: proposal"];

const casesOf = (node, { world, target }) => [
    ...wrongAccounts(node, target, world),
    ...wrongBumps(node, target, world),
    ...wrongData(node, target),
];

// Whether what happened is what the tables say of this case; what is not goes to `failures`.
function judge(name, what, result, failures) {
    const row = `${name}: ${what}`;
    tried.add(row);
    if (row in accepted || row in otherRefusals) used.add(row);
    if (result.failed === null) {
        if (!(row in accepted)) failures.push(`${row}: accepted`);
        return;
    }
    const number = Number(/Custom\((\d+)\)/.exec(result.failed)?.[1] ?? 0);
    const expected = row in otherRefusals ? otherRefusals[row].test(result.failed) : number >= 1 && number <= LAST_ERROR;
    if (row in accepted) failures.push(`${row}: the table says that it is accepted: ${result.failed}`);
    else if (!expected) failures.push(`${row}: ${result.failed}\n${result.logs.slice(-4).join("\n")}`);
}

for (const node of idl.instructions) {
    test(`${node.name}: succeeds, and not with one thing wrong`, async () => {
        assert.ok(node.name in fixtures, `no fixture for ${node.name}: fixtures.mjs`);
        let made = await make(node.name);
        let picture = made.world.picture();
        let cases = casesOf(node, made);
        const failures = [];
        for (let index = 0; index < cases.length; ++index) {
            const [what, wrong] = cases[index];
            const result = await made.world.chat.send(...made.before, wrong);
            judge(node.name, what, result, failures);
            if (result.failed !== null) {
                assert.deepEqual(made.world.picture(), picture, what);
                continue;
            }
            made = await make(node.name);
            [picture, cases] = [made.world.picture(), casesOf(node, made)];
        }
        assert.deepEqual(failures, []);
        await made.world.chat.must(...made.before, made.target);
    });
}

test("no row of the tables is stale, no fixture is of an instruction that is gone", () => {
    assert.deepEqual([...Object.keys(accepted), ...Object.keys(otherRefusals)].filter((row) => !used.has(row)), []);
    for (const made of BUMPS_MADE) assert.ok(tried.has(`${made} is at another bump`), made);
    const names = idl.instructions.map(({ name }) => name);
    assert.deepEqual(Object.keys(fixtures).filter((name) => !names.includes(name)), []);
});
