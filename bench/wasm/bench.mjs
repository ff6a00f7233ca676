// Raw figures of the module as one JSON object: node bench.mjs FOLDER ROUNDS
//
// Sizes are those after brotli (quality 11). Times are medians of short rounds, in microseconds for one message, the bare calls
// of AWS-LC and the whole work in turn.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

const BATCH = 10;
const WARM_UP_ROUNDS = 5; // The first calls compile.

const [folder, rounds] = [process.argv[2], Number(process.argv[3])];
const { Core, instantiate } = await import(pathToFileURL(join(folder, "chatmcp_core.mjs")));

const compressed = (name) => brotliCompressSync(readFileSync(join(folder, name)), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
}).length;
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const microseconds = (work) => {
    const began = performance.now();
    work();
    return ((performance.now() - began) * 1000) / BATCH;
};

const message = (bench, members, suite) => {
    bench.bench_group(members, suite);
    const works = {
        encrypt: () => bench.bench_encrypt(BATCH),
        floor_encrypt: () => bench.bench_floor_encrypt(BATCH),
        decrypt: () => bench.bench_decrypt(),
        floor_decrypt: () => bench.bench_floor_decrypt(BATCH),
    };
    const times = Object.fromEntries(Object.keys(works).map((name) => [name, []]));
    for (let round = -WARM_UP_ROUNDS; round < rounds; ++round) {
        for (const [name, work] of Object.entries(works)) {
            const taken = microseconds(work);
            if (round >= 0) times[name].push(taken);
        }
    }
    return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]));
};

const began = performance.now();
await Core.load(readFileSync(join(folder, "chatmcp-core.wasm")));
const load_ms = performance.now() - began;
const bench = await instantiate(readFileSync(join(folder, "chatmcp-bench.wasm")), (text) => process.stderr.write(text));
console.log(JSON.stringify({
    load_ms,
    core_bytes: compressed("chatmcp-core.wasm"),
    aws_lc_bytes: compressed("aws-lc-alone.wasm"),
    messages: [[3, 2], [3, 1000], [1, 2]].map(([suite, members]) => ({ suite, members, ...message(bench, members, suite) })),
}));
