// The vector tests in WebAssembly are held to their vectors: one changed digit, and they fail.
//
// node --test altered_vector.test.mjs, with CHATMCP_WASM_BIN, the folder of the programs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const programs = process.env.CHATMCP_WASM_BIN;
assert.ok(programs, "CHATMCP_WASM_BIN names the folder of the programs");

const project = mkdtempSync(join(tmpdir(), "chatmcp-wasm-"));
after(() => rmSync(project, { recursive: true }));
cpSync(join(here, "../vectors"), join(project, "tests/vectors"), { recursive: true });

const run = (program, filter) =>
    spawnSync(process.execPath, ["--no-warnings", join(here, "run_tests.mjs"), join(programs, program), project, `--gtest_filter=${filter}`], { encoding: "utf8" });

const flipped = (hex) => (hex[0] === "0" ? "1" : "0") + hex.slice(1);

const cases = [
    ["crypto_test.wasm", "Sign.EveryEd25519CaseOfWycheproofHasItsResult", "wycheproof/ed25519_test.json", (vectors) => {
        const valid = vectors.testGroups[0].tests.find((one) => one.result === "valid");
        valid.sig = flipped(valid.sig);
    }],
    ["mls_test.wasm", "TranscriptHash.*", "mls/transcript-hashes.json", (vectors) => {
        vectors[0].confirmed_transcript_hash_after = flipped(vectors[0].confirmed_transcript_hash_after);
    }],
];
for (const [program, filter, path, alter] of cases) {
    test(`${path}: one digit`, () => {
        const whole = run(program, filter);
        assert.equal(whole.status, 0, whole.stdout + whole.stderr);

        const file = join(project, "tests/vectors", path);
        const vectors = JSON.parse(readFileSync(file, "utf8"));
        alter(vectors);
        writeFileSync(file, JSON.stringify(vectors));
        const altered = run(program, filter);
        assert.equal(altered.status, 1, altered.stdout + altered.stderr);
        assert.match(altered.stdout, /FAILED {2}\] 1 test/);
    });
}
test("a program that runs no test fails", () => {
    assert.equal(run("crypto_test.wasm", "Nothing.*").status, 1);
});
