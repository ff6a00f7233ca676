// What bench/peers/ts_mls/run measures of ts-mls: medians in microseconds, as one JSON object.
import {
    ciphersuites, createApplicationMessage, createCommit, createGroup, decodeMlsMessage, defaultCapabilities, defaultLifetime, emptyPskIndex, encodeMlsMessage,
    generateKeyPackage, getCiphersuiteFromName, getCiphersuiteImpl, joinGroup, processPrivateMessage,
    type CiphersuiteName, type ClientState, type KeyPackage, type PrivateKeyPackage, type Proposal,
} from "ts-mls";

const TEXT = new Uint8Array(100).fill(0x74);
const MESSAGES_PER_ROUND = 16;

const [what, suiteNumber, members, rounds] = [process.argv[2], ...process.argv.slice(3).map(Number)] as [string, number, number, number];
const suiteName = Object.entries(ciphersuites).find(([, number]) => number === suiteNumber)?.[0];
if (suiteName === undefined) throw new Error(`cipher suite ${suiteNumber}`);
const suite = await getCiphersuiteImpl(getCiphersuiteFromName(suiteName as CiphersuiteName));

const samples: Record<string, number[]> = {};
const timed = async <Result>(name: string, work: () => Promise<Result>): Promise<Result> => {
    const start = performance.now();
    const result = await work();
    (samples[name] ??= []).push((performance.now() - start) * 1000);
    return result;
};

interface Package {
    publicPackage: KeyPackage;
    privatePackage: PrivateKeyPackage;
}

const newPackage = (name: string): Promise<Package> => generateKeyPackage(
    { credentialType: "basic", identity: new TextEncoder().encode(name) }, defaultCapabilities(), defaultLifetime, [], suite);

const decoded = <Wire extends string>(bytes: Uint8Array, wire: Wire) => {
    const message = decodeMlsMessage(bytes, 0)?.[0];
    if (message?.wireformat !== wire) throw new Error(`not a ${wire}`);
    return message as Extract<typeof message, { wireformat: Wire }>;
};

const packages = await Promise.all(Array.from({ length: members - 1 }, (_, i) => newPackage(`member${i}`)));
const encoded = packages.map(({ publicPackage }) => encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage: publicPackage }));

const founded = async (): Promise<ClientState> => {
    const { publicPackage, privatePackage } = await newPackage("the creator");
    return createGroup(new Uint8Array(32).fill(0x47), publicPackage, privatePackage, [], suite);
};

/** The creator's state and the bytes of the Welcome. */
const addAll = async (group: ClientState): Promise<[ClientState, Uint8Array]> => {
    const extraProposals = encoded.map((bytes): Proposal =>
        ({ proposalType: "add", add: { keyPackage: decoded(bytes, "mls_key_package").keyPackage } }));
    const { newState, welcome, commit } = await createCommit({ state: group, cipherSuite: suite }, { extraProposals, ratchetTreeExtension: true });
    encodeMlsMessage(commit);
    if (welcome === undefined) throw new Error("no Welcome");
    return [newState, encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome })];
};

const join = (bytes: Uint8Array): Promise<ClientState> => {
    const { publicPackage, privatePackage } = packages[members >> 1] ?? packages[0]!;
    return joinGroup(decoded(bytes, "mls_welcome").welcome, publicPackage, privatePackage, emptyPskIndex, suite);
};

if (what === "creation") {
    for (let round = 0; round < rounds; ++round) {
        const group = await founded();
        const [, welcome] = await timed("create", () => addAll(group));
        await timed("join", () => join(welcome));
    }
} else if (what === "messages") {
    let [sender, welcome] = await addAll(await founded());
    let receiver = await join(welcome);
    for (let message = 0; message < rounds * MESSAGES_PER_ROUND; ++message) {
        const bytes = await timed("encrypt", async () => {
            const { newState, privateMessage } = await createApplicationMessage(sender, TEXT, suite);
            sender = newState;
            return encodeMlsMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage });
        });
        await timed("decrypt", async () => {
            const result = await processPrivateMessage(receiver, decoded(bytes, "mls_private_message").privateMessage, emptyPskIndex, suite);
            receiver = result.newState;
        });
    }
} else {
    throw new Error("give messages or creation");
}
console.log(JSON.stringify(Object.fromEntries(Object.entries(samples).map(([name, values]) =>
    [name, values.toSorted((a, b) => a - b)[values.length >> 1]]))));
