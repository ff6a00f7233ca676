#!/usr/bin/env node
// chatmcp-mls-peer as WebAssembly: the same lines (docs/mls-peer.md), answered by the module, for tests/e2e/mls_interop.
//
// CHATMCP_WASM_BIN: the folder of the module.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const bin = process.env.CHATMCP_WASM_BIN;
const { Core } = await import(pathToFileURL(join(bin, "chatmcp_core.mjs")));
const core = await Core.load(readFileSync(join(bin, "chatmcp-core.wasm")));
for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(core.call({ trust: "anybody", ...JSON.parse(line) })) + "\n");
}
