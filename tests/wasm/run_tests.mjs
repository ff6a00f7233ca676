// Runs a GoogleTest program that was built for WebAssembly: node run_tests.mjs PROGRAM PROJECT [ARGUMENTS OF GOOGLETEST...]
//
// PROJECT is the folder that the program sees as /project; its vectors are read from there. node:wasi serves the tests
// alone: what browsers load has src/wasm/chatmcp_core.mjs around it and sees no file.
import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";

const [program, project, ...args] = process.argv.slice(2);
if (project === undefined) {
    console.error("usage: run_tests.mjs PROGRAM PROJECT [ARGUMENTS...]");
    process.exit(2);
}
// What ends the process natively ends the whole program here, so those few tests stay native.
const filter = args.some((arg) => arg.startsWith("--gtest_filter=")) ? [] : ["--gtest_filter=-*Death.*"];
const wasi = new WASI({ version: "preview1", args: [program, ...filter, ...args], preopens: { "/project": project } });
const module = await WebAssembly.compile(readFileSync(program));
process.exitCode = wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()));
