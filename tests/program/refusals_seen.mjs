// After all other tests: every number of program/include/program/errors.h was the reason of a refusal, but for those below.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";

const UNREACHED = {
    receiptsNotInOrder: "the enclave signs the number of the batch, so that one out of order has another digest: signatureWrongMessage",
};

test("each error was reached, or there is a reason why it cannot be", () => {
    const folder = process.env.CHATMCP_PROGRAMS;
    const seen = new Set(readdirSync(folder).filter((name) => name.startsWith("refusals-")).flatMap((name) => JSON.parse(readFileSync(`${folder}/${name}`, "utf8"))));
    const { errors } = JSON.parse(readFileSync(new URL("../../program/idl/chatmcp.json", import.meta.url), "utf8")).program;
    assert.ok(errors.length > 60);
    assert.deepEqual(errors.filter(({ code, name }) => !seen.has(code) && !(name in UNREACHED)).map(({ name }) => name), []);
    assert.deepEqual(errors.filter(({ code, name }) => seen.has(code) && name in UNREACHED).map(({ name }) => name), []);
    assert.deepEqual(Object.keys(UNREACHED).filter((name) => !errors.some((error) => error.name === name)), []);
});
