// What the tests of the program begin with.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Chat } from "./chatmcp.mjs";

export const file = (name) => readFileSync(`${process.env.CHATMCP_PROGRAMS}/${name}.so`);

export async function ready(features = "default", version = 3) {
    const chat = await Chat.start(features, file(`chatmcp-v${version}`));
    await chat.setUp();
    return chat;
}

// `error`: its number in program/include/program/errors.h.
export async function refused(chat, error, ...instructions) {
    const result = await chat.send(...instructions);
    assert.match(result.failed ?? "it was accepted", new RegExp(`Custom\\(${error}\\)`), result.logs.join("\n"));
}

// The same instruction with one byte of its data changed, as no client would write it.
export function patched(instruction, offset, value) {
    const data = Buffer.from(instruction.data);
    data[offset] = value;
    return { ...instruction, data };
}
