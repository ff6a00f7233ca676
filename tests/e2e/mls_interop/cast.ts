// The two programs and the members that the tests begin with.
//
// CHATMCP_MLS_PEER names chatmcp-mls-peer. "ts-mls" in its place plays ts-mls against itself, which tries the tests.
import assert from "node:assert/strict";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { MixedGroup } from "./mixed_group.ts";
import { Client, Peer, type Fields } from "./peers.ts";

const program = process.env["CHATMCP_MLS_PEER"];
assert.ok(program, "CHATMCP_MLS_PEER names the program to test");
export const playingItself = program === "ts-mls";

const tsMls = [process.execPath, fileURLToPath(new URL("ts_mls_peer.ts", import.meta.url))] as const;
export const theirs = new Peer("ts-mls", ...tsMls);
export const ours = playingItself ? new Peer("ours", ...tsMls) : new Peer("ours", program);
after(async () => {
    await Promise.all([ours.close(), theirs.close()]);
});

/** Numbers for private use, which all clients here list in their capabilities. */
export const PRIVATE_EXTENSION = 0xf0a1;
const PRIVATE_CREDENTIAL = 0xf0a2;
const PRIVATE_PROPOSAL = 0xf0a3;
const SETTINGS = {
    extensions: [PRIVATE_EXTENSION], credentials: [PRIVATE_CREDENTIAL], proposals: [PRIVATE_PROPOSAL], past_epochs: 4,
};

let clients = 0;
const newClient = async (peer: Peer, name: string, fields: Fields): Promise<Client> => {
    const client = new Client(peer, `${name}-${++clients}`);
    await client.ask("init", { ...SETTINGS, ...fields });
    return client;
};

/** Two members of either program. */
export interface Cast {
    group: MixedGroup;
    ana: Client;
    ben: Client;
    tia: Client;
    tom: Client;
    guest: (peer: Peer) => Promise<Client>;
}

/** A group of four: the first of `creator` makes it and adds the other program's first, who adds the rest. */
export const four = async (creator: Peer, fields: Fields): Promise<Cast> => {
    const [ana, ben] = [await newClient(ours, "ana", fields), await newClient(ours, "ben", fields)];
    const [tia, tom] = [await newClient(theirs, "tia", fields), await newClient(theirs, "tom", fields)];
    const [first, second] = creator === ours ? [ana, tia] : [tia, ana];
    const group = await MixedGroup.create(first, fields);
    await group.add(first, [second]);
    await group.everybodySays();
    await group.add(second, [ben, tom]);
    await group.everybodySays();
    return { group, ana, ben, tia, tom, guest: (peer) => newClient(peer, "guest", fields) };
};
