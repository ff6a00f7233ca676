// The module as JavaScript sees it: groups, the source of randomness, memory, and what happens when it stops.
//
// node --test core.test.mjs, with CHATMCP_WASM_BIN, the folder of the module and its wrapper.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const bin = process.env.CHATMCP_WASM_BIN;
assert.ok(bin, "CHATMCP_WASM_BIN names the folder of the module");
const { Core, CoreError } = await import(pathToFileURL(join(bin, "chatmcp_core.mjs")));
const module = await WebAssembly.compile(readFileSync(join(bin, "chatmcp-core.wasm")));

const stopped = (text) => (error) => {
    assert.ok(error instanceof CoreError);
    assert.equal(error.reason, "stopped");
    assert.match(error.message, text);
    return true;
};
const reason = (wanted) => (error) => error instanceof CoreError && error.reason === wanted;

/** A core and the exports behind it, which its wrapper does not show. */
const loadOpen = async () => {
    const { instantiate } = WebAssembly;
    let exports;
    WebAssembly.instantiate = async (...args) => {
        const instance = await instantiate(...args);
        exports = instance.exports;
        return instance;
    };
    try {
        return { core: await Core.load(module), exports };
    } finally {
        WebAssembly.instantiate = instantiate;
    }
};

const withRandom = async (source, run) => {
    const usual = Object.getOwnPropertyDescriptor(globalThis, "crypto");
    Object.defineProperty(globalThis, "crypto", { value: source, configurable: true });
    try {
        return await run();
    } finally {
        Object.defineProperty(globalThis, "crypto", usual);
    }
};

const done = (core, request) => {
    const reply = core.call(request);
    assert.equal(reply.ok, true, JSON.stringify(reply));
    return reply;
};
const keyPackage = (core, client, suite = 3) => {
    done(core, { cmd: "init", client, suite, trust: "anybody" });
    return done(core, { cmd: "new_key_package", client }).key_package;
};

test("the host is asked for random numbers and for standard error, and for nothing else", () => {
    const imports = WebAssembly.Module.imports(module);
    assert.deepEqual(imports.map(({ name }) => name).sort(), ["fd_close", "fd_seek", "fd_write", "random_get"]);
    assert.ok(imports.every((one) => one.module === "wasi_snapshot_preview1"));
});

for (const suite of [1, 2, 3, 5, 7]) {
    test(`suite ${suite}: two instances make a group, and each reads what the other wrote`, async () => {
        const [ours, theirs] = [await Core.load(module), await Core.load(module)];
        const ben = keyPackage(theirs, "ben", suite);
        keyPackage(ours, "ana", suite);
        done(ours, { cmd: "create_group", client: "ana" });
        const added = done(ours, { cmd: "add", client: "ana", key_packages: [ben] });
        const joined = done(theirs, { cmd: "join", client: "ben", welcome: added.welcome });
        assert.equal(joined.epoch_authenticator, added.epoch_authenticator);
        for (const [from, to, sender, receiver] of [[ours, theirs, "ana", "ben"], [theirs, ours, "ben", "ana"]]) {
            const { message } = done(from, { cmd: "send", client: sender, text: "grüße, 你好" });
            assert.equal(done(to, { cmd: "recv", client: receiver, message }).text, "grüße, 你好");
            const again = to.call({ cmd: "recv", client: receiver, message });
            assert.deepEqual([again.ok, again.error.slice(0, 4)], [false, "MLS-"]);
        }
        const update = done(theirs, { cmd: "update", client: "ben" });
        const followed = done(ours, { cmd: "recv", client: "ana", message: update.commit });
        assert.equal(followed.epoch_authenticator, update.epoch_authenticator);
    });
}

test("without a cryptographic source it does not start", async () => {
    for (const source of [undefined, {}, { getRandomValues: 4 }]) {
        await withRandom(source, () => assert.rejects(Core.load(module), reason("no-random-source")));
    }
    const failing = { getRandomValues() { throw new Error("no entropy"); } };
    await withRandom(failing, () => assert.rejects(Core.load(module), reason("no-random-source")));
});

test("all its random numbers come from that source", async () => {
    const counting = (first) => {
        let next = first;
        return { getRandomValues(bytes) { bytes.forEach((_, i) => { bytes[i] = (next = (next * 48271) % 2147483647) & 0xff; }); } };
    };
    const made = (first) => withRandom(counting(first), async () => keyPackage(await Core.load(module), "ana"));
    assert.equal(await made(1), await made(1));
    assert.notEqual(await made(1), await made(2));
    assert.notEqual(keyPackage(await Core.load(module), "ana"), keyPackage(await Core.load(module), "ana"));
});

test("a source that fails later stops it instead of weakening it", async () => {
    const core = await Core.load(module);
    const failing = { getRandomValues() { throw new Error("no entropy"); } };
    await withRandom(failing, () => {
        // The generator takes new seed from time to time; between two seeds it needs none.
        assert.throws(() => { for (let i = 0; i < 100_000; ++i) keyPackage(core, "ana"); }, reason("stopped"));
    });
    assert.throws(() => core.call({ cmd: "state", client: "ana" }), stopped(/stopped earlier/));
});

test("memory grows as it is needed", async () => {
    const { core, exports } = await loadOpen();
    keyPackage(core, "ana");
    const before = exports.memory.buffer.byteLength;
    const id = "x".repeat(20_000_000);
    assert.equal(core.call({ cmd: "state", client: "nobody", id }).id, id);
    assert.ok(exports.memory.buffer.byteLength > before);
    assert.ok(keyPackage(core, "ana").length > 500);
});

test("a request that is too large is refused, and the core goes on", async () => {
    const core = await Core.load(module);
    assert.throws(() => core.call({ id: "x".repeat(64 * 1024 * 1024) }), reason("too-large"));
    assert.ok(keyPackage(core, "ana").length > 500);
});

test("memory that cannot grow is an error with a name, and then the instance is refused", async () => {
    const { core, exports } = await loadOpen();
    const page = 65536;
    for (let step = 4096; step > 0; step >>= 1) {
        try {
            for (;;) exports.memory.grow(step);
        } catch {
            // As far as it goes in this step.
        }
    }
    assert.equal(exports.memory.buffer.byteLength, 1024 * 1024 * 1024, "the limit of cmake/chatmcp_wasm.cmake");
    // Asked for before anything ran, so the core is as it was.
    assert.throws(() => core.call({ id: "x".repeat(64 * page) }), reason("out-of-memory"));
    assert.equal(core.call({ cmd: "state", client: "nobody" }).error, "PEER-03");
    // In the middle of a request it cannot go on.
    assert.throws(() => { for (let i = 0; ; ++i) keyPackage(core, `client ${i}`); }, stopped(/out of memory/));
    assert.throws(() => core.call({ cmd: "state", client: "nobody" }), stopped(/the core stopped earlier: out of memory/));
    assert.equal((await Core.load(module)).call({ cmd: "state", client: "nobody" }).error, "PEER-03");
});

test("a trap is an error that the caller sees, and then the instance is refused", async () => {
    const { core, exports } = await loadOpen();
    keyPackage(core, "ana");
    new Uint8Array(exports.memory.buffer).fill(0xff, 1024 * 1024); // All that lies above the stack makes no sense any more.
    assert.throws(() => core.call({ cmd: "state", client: "ana" }), (error) => error.cause instanceof WebAssembly.RuntimeError && reason("stopped")(error));
    assert.throws(() => core.call({ cmd: "state", client: "ana" }), stopped(/stopped earlier/));
});

test("text that is no request is answered, whatever it is", async () => {
    const core = await Core.load(module);
    let deep = [];
    for (let i = 0; i < 1000; ++i) deep = [deep];
    for (const request of [null, 1, "x", [], [{}], { id: deep }]) assert.equal(core.call(request).error, "PEER-01");
    for (const request of [{}, { cmd: 1 }, { cmd: "init", client: "a", suite: 3 }]) assert.equal(core.call(request).ok, false);
});
