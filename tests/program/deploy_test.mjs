// What dev/program makes is taken by the loader and does what its source says: sBPF v3 with litesvm's default features and with
// all, v0 with the default ones. Every system call that the program makes is run. CHATMCP_PROGRAMS is the folder of dev/program.
import { test } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import * as kit from "@solana/kit";
import { CLOCK, Machine, SYSTEM, account, keyBytes, roles, u32, u64 } from "./machine.mjs";

const folder = process.env.CHATMCP_PROGRAMS;
const load = (name) => readFileSync(`${folder}/${name}.so`);
const facts = (name) => JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8"));
const text = (value) => Buffer.from(value, "utf8");

// One case for each handler, in the order of handlers.cpp: the system calls that it runs, besides the log of its name, and what
// has to come of it.
const CASES = [
    {
        name: "count",
        calls: [],
        async run({ machine, call }) {
            const counter = await machine.createAccount(16, machine.program);
            const made = await machine.send(counter.instruction);
            assert.equal(made.failed, null);
            const input = [account(counter.signer.address, roles.WRITABLE)];
            for (const total of [4n, 8n]) {
                await call("abc", { accounts: input });
                const data = Buffer.from(machine.svm.getAccount(counter.signer.address).data);
                assert.equal(data.readBigUInt64LE(0), total);
            }
            const refused = await call("abc", { accounts: [], fails: true });
            assert.match(refused.failed, /Custom\(103\)/);
        },
    },
    {
        name: "log",
        calls: ["sol_log_64_", "sol_log_pubkey", "sol_log_compute_units_", "sol_log_data"],
        async run({ machine, call }) {
            const { logs } = await call("hello");
            assert.ok(logs.includes("Program log: 0x6, 0x0, 0x3, 0x4, 0x5"));
            assert.ok(logs.includes(`Program log: ${machine.program}`));
            assert.ok(logs.some((line) => /^Program consumption: \d+ units remaining$/.test(line)));
            assert.ok(logs.includes(`Program data: ${text("hello").toString("base64")}`));
        },
    },
    {
        name: "sha256",
        calls: ["sol_sha256", "sol_set_return_data"],
        async run({ call }) {
            const { returned } = await call("abc");
            assert.deepEqual(returned, createHash("sha256").update("abc").digest());
        },
    },
    {
        name: "keccak256",
        calls: ["sol_keccak256"],
        async run({ call }) {
            // The hash of "abc" that the Keccak team publishes.
            const { returned } = await call("abc");
            assert.equal(returned.toString("hex"), "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
        },
    },
    {
        name: "program address",
        calls: ["sol_try_find_program_address", "sol_create_program_address", "sol_memcmp_"],
        async run({ machine, call }) {
            const [expected] = await kit.getProgramDerivedAddress({ programAddress: machine.program, seeds: ["seed"] });
            const { returned } = await call("seed");
            assert.deepEqual(returned, keyBytes(expected));
        },
    },
    {
        name: "clock",
        calls: ["sol_get_clock_sysvar"],
        async run({ machine, call }) {
            const { returned } = await call("");
            const clock = machine.svm.getClock();
            assert.equal(returned.readBigUInt64LE(0), clock.slot);
            assert.equal(returned.readBigInt64LE(32), clock.unixTimestamp);
        },
    },
    {
        name: "rent",
        calls: ["sol_get_rent_sysvar"],
        async run({ machine, call }) {
            const { returned } = await call("");
            assert.equal(returned.readBigUInt64LE(0), machine.svm.getRent().lamportsPerByteYear);
        },
    },
    {
        name: "sysvar",
        calls: ["sol_get_sysvar"],
        async run({ machine, call }) {
            const { returned } = await call(keyBytes(CLOCK));
            assert.equal(returned.readBigUInt64LE(0), machine.svm.getClock().slot);
        },
    },
    {
        name: "memory",
        calls: ["sol_memset_", "sol_memcpy_", "sol_memmove_"],
        async run({ call }) {
            const { returned } = await call("xyz");
            assert.deepEqual(returned, Buffer.concat([text("xxyz"), Buffer.from([0xab])]));
        },
    },
    {
        name: "stack height",
        calls: ["sol_get_stack_height"],
        async run({ call }) {
            const { returned } = await call("");
            assert.equal(returned.readBigUInt64LE(0), 1n);
        },
    },
    {
        name: "sibling",
        calls: ["sol_get_processed_sibling_instruction"],
        async run({ machine, call, instruction }) {
            const before = instruction("sha256", text("before"));
            const { returned } = await call("", { before });
            assert.deepEqual(returned, before.data);
        },
    },
    {
        name: "transfer",
        calls: ["sol_invoke_signed_c"],
        async run({ machine, call }) {
            const receiver = (await kit.generateKeyPairSigner()).address;
            const accounts = [
                { address: machine.payer.address, role: roles.WRITABLE_SIGNER, signer: machine.payer },
                account(receiver, roles.WRITABLE),
                account(SYSTEM, roles.READONLY),
            ];
            await call(u64(5_000_000), { accounts });
            assert.equal(machine.svm.getBalance(receiver), 5_000_000n);
        },
    },
    {
        name: "recursion",
        calls: ["sol_get_return_data"],
        async run({ machine, call, number }) {
            const accounts = [account(machine.program, roles.READONLY)];
            const { returned } = await call(Buffer.from([number("stack height")]), { accounts });
            assert.equal(returned.readBigUInt64LE(0), 2n);
        },
    },
    {
        name: "panic",
        calls: ["sol_panic_"],
        async run({ call }) {
            const { logs } = await call("ab", { fails: true });
            assert.ok(logs.some((line) => line.includes("handlers.cpp at 3:7")), logs.join("\n"));
        },
    },
    {
        name: "stop",
        calls: ["abort"],
        async run({ call }) {
            await call("", { fails: true });
        },
    },
    {
        name: "null bytes",
        calls: [],
        async run({ machine, call }) {
            // v0 has nothing at address 0. v3 has bytes there, and no object's.
            const result = await call("", { fails: machine.version === 0 });
            if (machine.version !== 0) assert.deepEqual(result.returned, Buffer.alloc(16));
        },
    },
    {
        name: "arithmetic",
        calls: [],
        async run({ call }) {
            const edges = [0, 1, 7, 31, 0x7fffffff, 0x80000000, 0xfffffff9, 0xffffffff];
            const pairs = edges.flatMap((a) => edges.map((b) => [a, b]));
            for (const [a, b] of pairs) {
                const { returned } = await call(Buffer.concat([u32(a), u32(b)]));
                const results = Array.from({ length: 10 }, (_, i) => returned.readBigUInt64LE(8 * i));
                assert.deepEqual(results, expectedResults(a, b), `${a}, ${b}`);
            }
        },
    },
];

function expectedResults(a, b) {
    const [A, B] = [BigInt(a), BigInt(b)];
    const u32of = (value) => BigInt.asUintN(32, value);
    const turned = b & 31;
    const swapped = Buffer.alloc(4);
    swapped.writeUInt32BE(a);
    return [
        u32of(A + B),
        u32of(A - B),
        u32of(A * B),
        A / (B | 1n),
        A % (B | 1n),
        BigInt.asUintN(64, BigInt.asIntN(32, A) >> 3n),
        BigInt(swapped.readUInt32LE()),
        u32of(A << BigInt(turned)) | (A >> BigInt(-turned & 31)),
        BigInt.asIntN(32, A) < BigInt.asIntN(32, B) ? 1n : 0n,
        A * B,
    ];
}

const number = (name) => CASES.findIndex((one) => one.name === name);

for (const [version, features] of [
    [3, "default"],
    [3, "all"],
    [0, "default"],
]) {
    test(`sBPF v${version} with ${features} features`, async (t) => {
        const machine = await Machine.start(features);
        const { address, deployed } = await machine.deploy(load(`deployed-v${version}`));
        assert.equal(deployed.failed, null, deployed.logs.join("\n"));
        machine.program = address;
        machine.version = version;
        const instruction = (name, data, accounts = []) => ({
            programAddress: address,
            accounts,
            data: Buffer.concat([Buffer.from([number(name)]), data]),
        });
        for (const one of CASES) {
            await t.test(one.name, async () => {
                const call = async (data, { accounts = [], fails = false, before } = {}) => {
                    const own = instruction(one.name, Buffer.from(data), accounts);
                    const result = await machine.send(...(before ? [before, own] : [own]));
                    assert.equal(result.failed !== null, fails, `${result.failed}\n${result.logs.join("\n")}`);
                    assert.ok(result.logs.includes(`Program log: ${one.name}`));
                    return result;
                };
                await one.run({ machine, call, instruction, number });
            });
        }
        await t.test("no handler has the next number", async () => {
            const result = await machine.send({ programAddress: address, accounts: [], data: Buffer.from([CASES.length]) });
            assert.match(result.failed, /Custom\(102\)/);
        });
    });
}

test("every system call that the program makes is run by a case", () => {
    const run = new Set(["sol_log_", ...CASES.flatMap((one) => one.calls)]);
    for (const version of [0, 3]) {
        const { system_calls, sbpf_version } = facts(`deployed-v${version}`);
        assert.equal(sbpf_version, version);
        assert.deepEqual([...run].sort(), system_calls.toSorted());
    }
});

test("the facts beside a program are its file's", () => {
    for (const name of ["deployed-v3", "deployed-v0", "inactive_call"]) {
        const { size_bytes, sha256 } = facts(name);
        assert.equal(size_bytes, load(name).length);
        assert.equal(sha256, createHash("sha256").update(load(name)).digest("hex"));
    }
});

test("with all features v0 is no longer let in", async () => {
    const machine = await Machine.start("all");
    const { deployed } = await machine.deploy(load("deployed-v0"));
    assert.notEqual(deployed.failed, null);
    assert.ok(
        deployed.logs.some((line) => line.includes("sbpf_version required by the executable which are not enabled")),
        deployed.logs.join("\n"),
    );
});

// Why every system call has to be run with the cluster's features: nothing asks for it before.
test("a system call that is not switched on is deployed, and fails when it is reached", async () => {
    for (const [features, active] of [
        ["default", false],
        ["all", true],
    ]) {
        const machine = await Machine.start(features);
        const { address, deployed } = await machine.deploy(load("inactive_call"));
        assert.equal(deployed.failed, null);
        const result = await machine.send({ programAddress: address, accounts: [], data: Buffer.alloc(0) });
        assert.ok(result.logs.includes("Program log: before"));
        assert.equal(result.failed === null, active, `${features}: ${result.failed}`);
    }
});

// Why the linker refuses more than the loader does: these programs are let in, and what they return is not what eBPF says. A
// runtime that changes this fails here.
test("32-bit sums and signed division are let in and run as something else", async () => {
    const machine = await Machine.start("all");
    const returns = async (code) => {
        const whole = load("inactive_call");
        const head = Buffer.from(whole.subarray(0, Number(whole.readBigUInt64LE(128))));
        const body = Buffer.from(code.replaceAll(" ", ""), "hex");
        head.writeBigUInt64LE(1n << 32n, 24); // The entry is the first instruction.
        for (const field of [32, 40]) head.writeBigUInt64LE(BigInt(body.length), 120 + field);
        const { address, deployed } = await machine.deploy(Buffer.concat([head, body]));
        assert.equal(deployed.failed, null, deployed.logs.join("\n"));
        const { failed } = await machine.send({ programAddress: address, accounts: [], data: Buffer.alloc(0) });
        return failed === null ? 0 : Number(/Custom\((\d+)\)/.exec(failed)[1]);
    };
    // w0 = 0x7fffffff; w0 += 7; r0 >>= 63: the sign has come into the upper half.
    assert.equal(await returns("b4000000ffffff7f 0400000007000000 770000003f000000 9500000000000000"), 1);
    // r0 = -6; r0 s/= 3; r0 >>= 60: 15 for -2, and 5 without a sign.
    assert.equal(await returns("b7000000faffffff 3700010003000000 770000003c000000 9500000000000000"), 5);
});

// The fields of a v3 file that the loader looks at (docs/sbpf.md): each of them changed is refused.
test("the loader refuses a v3 file with one field changed", async () => {
    const machine = await Machine.start("all");
    const whole = load("inactive_call");
    const changes = {
        machine: (file) => file.writeUInt16LE(263, 18),
        entry: (file) => file.writeBigUInt64LE((1n << 32n) + 0x100000n, 24),
        version: (file) => file.writeUInt32LE(4, 48),
        "flags of the data": (file) => file.writeUInt32LE(6, 64 + 4),
        "address of the data": (file) => file.writeBigUInt64LE(8n, 64 + 16),
        "flags of the code": (file) => file.writeUInt32LE(5, 120 + 4),
        "place of the code": (file) => file.writeBigUInt64LE(file.readBigUInt64LE(128) + 8n, 128),
        "address of the code": (file) => file.writeBigUInt64LE(0n, 120 + 24),
        operation: (file) => file.writeUInt8(0xff, file.length - 8),
    };
    for (const [name, change] of Object.entries(changes)) {
        const file = Buffer.from(whole);
        change(file);
        const { deployed } = await machine.deploy(file);
        assert.notEqual(deployed.failed, null, name);
    }
    assert.equal((await machine.deploy(Buffer.from(whole))).deployed.failed, null);
});
