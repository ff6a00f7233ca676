// The core in a browser, a worker or Node (docs/wasm.md): no package around it, and no file, socket or clock behind it.

/** What cannot be answered by a reply. `reason`: no-random-source, too-large, out-of-memory or stopped. */
export class CoreError extends Error {
    constructor(reason, message, options) {
        super(message, options);
        this.name = "CoreError";
        this.reason = reason;
    }
}

const REQUEST_MAX_BYTES = 64 * 1024 * 1024;
const RANDOM_MAX_BYTES = 65536; // What getRandomValues gives in one call.
const ERRNO_BADF = 8;
const ERRNO_IO = 29;

/** The functions of WASI that the module may use; every other one answers that there is no such file. */
const hostOf = (memory, said) => ({
    random_get(pointer, size) {
        try {
            for (let done = 0; done < size; done += RANDOM_MAX_BYTES)
                globalThis.crypto.getRandomValues(new Uint8Array(memory().buffer, pointer + done, Math.min(size - done, RANDOM_MAX_BYTES)));
            return 0;
        } catch {
            return ERRNO_IO;
        }
    },
    fd_write(_file, vectors, count, written) { // A broken assumption, before it ends the module.
        const view = new DataView(memory().buffer);
        let total = 0;
        for (let i = 0; i < count; ++i) {
            const [pointer, size] = [view.getUint32(vectors + 8 * i, true), view.getUint32(vectors + 8 * i + 4, true)];
            said(new TextDecoder().decode(new Uint8Array(memory().buffer, pointer, size)));
            total += size;
        }
        view.setUint32(written, total, true);
        return 0;
    },
});

/** Instantiates any module of ours. `source`: a Response, the bytes, or a WebAssembly.Module. */
export const instantiate = async (source, said = () => {}) => {
    if (typeof globalThis.crypto?.getRandomValues !== "function")
        throw new CoreError("no-random-source", "crypto.getRandomValues is missing, and the core has no other source of random numbers");
    let memory;
    const host = hostOf(() => memory, said);
    const module = source instanceof WebAssembly.Module ? source
        : typeof Response === "function" && source instanceof Response ? await WebAssembly.compileStreaming(source)
        : await WebAssembly.compile(source);
    const imports = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) (imports[from] ??= {})[name] = host[name] ?? (() => ERRNO_BADF);
    const { exports } = await WebAssembly.instantiate(module, imports);
    memory = exports.memory;
    exports._initialize();
    return exports;
};

/** One instance of the core. A trap ends it: that call and every later one throw a CoreError with the reason `stopped`. */
export class Core {
    #exports;
    #said;
    #stopped;

    /** Throws a CoreError, reason no-random-source, where there are no cryptographic random numbers. */
    static async load(source) {
        const core = new Core();
        core.#said = "";
        core.#exports = await instantiate(source, (text) => { core.#said = (core.#said + text).slice(-1000); });
        if (core.#guarded(() => core.#exports.chatmcp_start()) !== 1)
            throw new CoreError("no-random-source", "the host's random numbers do not reach the core");
        return core;
    }

    /** The reply to one request, both plain objects. A refusal is a reply, with `ok` false. */
    call(request) {
        const text = new TextEncoder().encode(JSON.stringify(request));
        if (text.length > REQUEST_MAX_BYTES) throw new CoreError("too-large", `a request has at most ${REQUEST_MAX_BYTES} bytes`);
        const { memory, chatmcp_alloc, chatmcp_call, chatmcp_free } = this.#exports;
        return this.#guarded(() => {
            const pointer = chatmcp_alloc(text.length);
            if (pointer === 0) throw new CoreError("out-of-memory", `no memory for a request of ${text.length} bytes`);
            new Uint8Array(memory.buffer, pointer, text.length).set(text);
            text.fill(0);
            const reply = chatmcp_call(pointer, text.length);
            chatmcp_free(pointer);
            const view = new DataView(memory.buffer);
            return JSON.parse(new TextDecoder().decode(new Uint8Array(memory.buffer, view.getUint32(reply, true), view.getUint32(reply + 4, true))));
        });
    }

    #guarded(run) {
        if (this.#stopped !== undefined) throw new CoreError("stopped", `the core stopped earlier: ${this.#stopped}`);
        try {
            return run();
        } catch (error) {
            if (error instanceof CoreError) throw error;
            // Where it stopped, its memory may be in the middle of anything.
            this.#stopped = this.#said.trim() || error.message;
            throw new CoreError("stopped", `the core stopped: ${this.#stopped}`, { cause: error });
        }
    }
}
