// What each instruction costs where it succeeds: compute units, of which its own, bytes of its transaction, lamports. program/budget.json
// has what it may cost; 5 % more fail. docs/program.md has a table of it. `run-deploy --update` writes both anew.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import * as kit from "@solana/kit";
import { ComputeBudget } from "litesvm";
import { LOADER, SYSTEM, client } from "./chatmcp.mjs";
import { fixtures, stageOf } from "./fixtures.mjs";
import { World } from "./world.mjs";

const BUDGET = new URL("../../program/budget.json", import.meta.url);
const DOCUMENT = new URL("../../docs/program.md", import.meta.url);
const IDL = new URL("../../program/idl/chatmcp.json", import.meta.url);
const update = process.env.CHATMCP_UPDATE === "1";

const TRANSACTION_MAX_BYTES = 1232;
// For each of the transaction's, and each that the Ed25519 program checks, whose count is the first byte of its instruction.
const SIGNATURE_LAMPORTS = 5000;
// What the issue of the program asks of its own units.
const OWN_UNITS_MAX = { stampLock: 4000, stampAccept: 4000, verifyReceipt: 8000, stake: 3000 };
// Programs of the machine itself, whose units are in no log: solana-system-program, solana-bpf-loader-program.
const BUILTIN_UNITS = { [SYSTEM]: 150, [LOADER]: 2370 };

const INVOKE_UNITS = Number(new ComputeBudget().invokeUnits);

const { instructions } = JSON.parse(readFileSync(IDL, "utf8")).program;

// Units of the last instruction, and of them those that its calls do not take: what a program that is called uses, and what the machine
// takes for each call.
function unitsOf(logs, program) {
    const last = logs.slice(logs.findLastIndex((line) => line === `Program ${program} invoke [1]`));
    const consumed = (from) => Number(/consumed (\d+) of/.exec(last.slice(from).find((line) => / consumed \d+ of /.test(line)))[1]);
    let called = 0;
    last.forEach((line, index) => {
        const [, callee] = /^Program (\w+) invoke \[2\]$/.exec(line) ?? [];
        if (callee !== undefined) called += INVOKE_UNITS + (BUILTIN_UNITS[callee] ?? consumed(index));
    });
    const total = Number(/consumed (\d+) of/.exec(last.findLast((line) => line.startsWith(`Program ${program} consumed`)))[1]);
    return { units: total, own_units: total - called };
}

// A world where the addresses of what is made are found at once: each bump below 255 would cost another try.
async function make(name) {
    const decode = client[`get${name[0].toUpperCase()}${name.slice(1)}InstructionDataDecoder`]().decode;
    for (;;) {
        const world = await World.start(stageOf(name));
        const made = await fixtures[name](world);
        const bumps = Object.entries(decode(made.target.data)).filter(([field, value]) => /bump$/i.test(field) && value !== 0);
        if (bumps.every(([, bump]) => bump === 255)) return { world, before: [], ...made };
    }
}

async function measure(name) {
    const { world, before, target } = await make(name);
    const { chat } = world;
    // As a wallet sends it: whoever signs first pays the fee.
    const signer = target.accounts.find((account) => account.signer !== undefined)?.signer;
    if (signer !== undefined) chat.machine.payer = signer;
    chat.machine.svm.airdrop(chat.machine.payer.address, kit.lamports(1_000_000_000n));
    const transaction = await chat.machine.transaction(...before, target);
    const bytes = kit.getTransactionEncoder().encode(transaction).length;
    const had = chat.lamports(chat.machine.payer.address);
    const { failed, logs } = chat.machine.run(transaction);
    assert.equal(failed, null, logs.join("\n"));
    const fee = SIGNATURE_LAMPORTS * (Object.keys(transaction.signatures).length + before.reduce((sum, { data }) => sum + data[0], 0));
    const lamports = Number(had - chat.lamports(chat.machine.payer.address)) - fee;
    return { ...unitsOf(logs, chat.program), bytes, lamports, fee };
}

const measured = {};
const budget = JSON.parse(readFileSync(BUDGET, "utf8"));

for (const { name } of instructions) {
    test(`${name}: costs what it may`, async () => {
        const cost = (measured[name] = await measure(name));
        assert.ok(cost.bytes <= TRANSACTION_MAX_BYTES, `${cost.bytes} bytes`);
        if (name in OWN_UNITS_MAX) assert.ok(cost.own_units <= OWN_UNITS_MAX[name], `${cost.own_units} own units`);
        if (update) return;
        assert.ok(name in budget, `no row for ${name} in program/budget.json: run-deploy --update`);
        for (const [what, value] of Object.entries(cost)) {
            const allowed = budget[name][what] + Math.abs(budget[name][what]) * 0.05;
            assert.ok(value <= allowed, `${what}: ${value}, and ${budget[name][what]} in program/budget.json`);
        }
    });
}

const roleOf = ({ isSigner, isWritable }) => [isSigner ? "s" : "", isWritable ? "w" : ""].join("");
const accountOf = (slot) => (roleOf(slot) === "" ? slot.name : `${slot.name} ${roleOf(slot)}`);
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function table(costs) {
    const rows = instructions.map(({ name, accounts }) => {
        const { units, own_units, bytes, lamports, fee } = costs[name];
        return `| ${snake(name)} | ${accounts.map(accountOf).map(snake).join(", ")} | ${units} | ${own_units} | ${bytes} | ${lamports} | ${fee} |`;
    });
    return ["| instruction | accounts | units | own | bytes | lamports | fee |", "| --- | --- | ---: | ---: | ---: | ---: | ---: |", ...rows].join("\n");
}

test("the table of docs/program.md is that of the budget, which has no row of an instruction that is gone", () => {
    if (update) writeFileSync(BUDGET, `${JSON.stringify(measured, null, 1)}\n`);
    const costs = update ? measured : budget;
    assert.deepEqual(Object.keys(costs), instructions.map(({ name }) => name));
    const text = readFileSync(DOCUMENT, "utf8");
    const [begin, end] = ["<!-- costs: run-deploy --update -->\n", "\n<!-- end of costs -->"];
    const [head, rest] = text.split(begin);
    const [present, tail] = rest.split(end);
    if (update) writeFileSync(DOCUMENT, `${head}${begin}${table(costs)}${end}${tail}`);
    else assert.equal(present, table(costs));
});
