// What the tests of the program begin with.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as kit from "@solana/kit";
import { Chat, keyBytes, sha256 } from "./chatmcp.mjs";

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

// [bump, address] of seeds with other bumps than the first that gives an address.
export function otherAddresses(chat, ...seeds) {
    const found = [];
    for (let bump = 255; bump > 240; --bump) {
        const hash = sha256(...seeds.map((seed) => Buffer.from(seed)), Buffer.from([bump]), keyBytes(chat.program), Buffer.from("ProgramDerivedAddress"));
        const address = kit.getAddressDecoder().decode(hash);
        if (kit.isOffCurveAddress(address)) found.push([bump, address]);
    }
    assert.ok(found.length > 1);
    return found.slice(1);
}
