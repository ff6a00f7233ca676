// The generated TypeScript client calls every method of DeliveryService on a real node, in binary and in JSON.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { Code, ConnectError, createClient, type Client } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { DeliveryService, EnvelopeKind, InboxKind, RefusalDetailSchema } from "./generated/chatmcp/v1/delivery_pb.js";
import { admission, bytes, concat, cursor, Key, operation, sha256, u64, vector, verifies } from "./wire.ts";

const program = process.env["CHATMCP_TEST_NODE"];
assert.ok(program, "CHATMCP_TEST_NODE names the program to test");

let node: ChildProcess;
let url = "";

before(async () => {
    node = spawn(program, [], { stdio: ["pipe", "pipe", "inherit"] });
    assert.ok(node.stdout);
    for await (const line of createInterface({ input: node.stdout })) {
        url = line;
        break;
    }
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
});

after(() => {
    node.stdin?.end(); // The program stops when nobody holds its input any more.
});

type Relay = Client<typeof DeliveryService>;

// The refusal's Connect code and the numbers of its detail.
const refusal = async (call: Promise<unknown>): Promise<{ code: Code; errc: number; check: string }> => {
    const error = await call.then(() => assert.fail("it was not refused"), (e: unknown) => ConnectError.from(e));
    const detail = error.findDetails(RefusalDetailSchema)[0];
    return { code: error.code, errc: detail?.code ?? 0, check: detail?.check ?? "" };
};

const STALE_EPOCH = 26; // src/base/errc.h

for (const useBinaryFormat of [true, false]) {
    const codec = useBinaryFormat ? "binary" : "JSON";
    const called = new Set<string>();
    const relay = (): Relay => {
        const client = createClient(DeliveryService, createConnectTransport({ baseUrl: url, useBinaryFormat }));
        return new Proxy(client, {
            get(target, name) {
                called.add(String(name));
                return Reflect.get(target, name) as unknown;
            },
        });
    };

    const challenge = async (): Promise<Uint8Array> => (await relay().getChallenge({})).challenge;

    const login = async (root: Key): Promise<Uint8Array> => {
        const { relayKey } = await relay().getRelayInfo({});
        const fresh = await challenge();
        const channel = bytes(url);
        const signature = root.sign("login", concat(relayKey, vector(fresh), vector(channel)));
        return (await relay().login({ relayKey, rootKey: root.publicKey, challenge: fresh, channel, signature })).token;
    };

    test(`${codec}: a group topic is created, written, read and followed to the end of its epoch`, async () => {
        const { relayKey, nowMs, version } = await relay().getRelayInfo({});
        assert.equal(relayKey.length, 32);
        assert.ok(Math.abs(Number(nowMs) - Date.now()) < 60_000);
        assert.ok(version.length > 0);

        const topic = sha256(bytes("topic of " + codec));
        const [key, next, member] = [new Key(), new Key(), new Key()];
        const create = { relayKey, topic, admissionKey: key.publicKey };
        const created = await relay().createTopic({
            ...create, signature: admission(key, relayKey, topic, 0n, operation.create, sha256(key.publicKey)),
        });
        assert.ok(created.acceptedAtMs > 0n);

        const payload = bytes("not a real MLSMessage");
        const publish = { relayKey, topic, epoch: 0n, payload };
        const signature = admission(key, relayKey, topic, 0n, operation.publish, sha256(payload));
        assert.equal((await relay().publishMessage({ ...publish, signature })).sequence, 1n);
        // Byte for byte the same: the first answer again.
        assert.equal((await relay().publishMessage({ ...publish, signature })).sequence, 1n);

        let fresh = await challenge();
        const pushed: bigint[] = [];
        const stream = relay().subscribeTopic({
            relayKey, topic, epoch: 0n, after: 0n, challenge: fresh,
            signature: admission(key, relayKey, topic, 0n, operation.subscribe, cursor(0n, fresh)),
        });
        const followed = (async () => {
            for await (const { envelope } of stream) pushed.push(envelope?.sequence ?? 0n);
        })();

        const commit = bytes("not a real commit");
        const inbox = sha256(bytes("chatmcp inbox"), member.publicKey);
        const welcome = bytes("not a real Welcome");
        const body = concat(vector(commit), next.publicKey, vector(concat(inbox, vector(welcome))));
        const bundle = {
            relayKey, topic, epoch: 0n, commit, nextAdmissionKey: next.publicKey, welcomes: [{ inbox, welcome }],
            signature: admission(key, relayKey, topic, 0n, operation.bundle, sha256(body)),
        };
        const { acceptance } = await relay().publishBundle(bundle);
        assert.ok(acceptance);
        assert.deepEqual(acceptance.commitHash, sha256(commit));
        const accepted = concat(
            relayKey, topic, u64(0n), acceptance.commitHash, next.publicKey, u64(acceptance.sequence), u64(acceptance.acceptedAtMs),
        );
        assert.ok(verifies(relayKey, "acceptance", accepted, acceptance.signature));
        await followed;
        assert.deepEqual(pushed, [1n, 2n]);

        fresh = await challenge();
        const page = await relay().readTopic({
            relayKey, topic, epoch: 0n, after: 0n, limit: 10, challenge: fresh,
            signature: admission(key, relayKey, topic, 0n, operation.read, cursor(0n, fresh)),
        });
        assert.deepEqual(page.envelopes.map((envelope) => envelope.kind), [EnvelopeKind.MESSAGE, EnvelopeKind.BUNDLE]);
        assert.deepEqual(page.envelopes[0]?.payload, payload);
        assert.ok(page.epochEnded && !page.more);

        const late = bytes("late");
        const stale = await refusal(relay().publishMessage({
            ...publish, payload: late, signature: admission(key, relayKey, topic, 0n, operation.publish, sha256(late)),
        }));
        assert.equal(stale.code, Code.Aborted);
        assert.equal(stale.errc, STALE_EPOCH);

        // The released Welcome is in its inbox, with the acceptance that released it.
        const token = await login(member);
        const items = await relay().readInbox({ token, after: 0n, limit: 10 });
        assert.equal(items.items[0]?.kind, InboxKind.WELCOME);
        assert.deepEqual(items.items[0]?.payload, welcome);
        assert.deepEqual(items.items[0]?.acceptance, acceptance);
        await relay().ackInbox({ token, sequence: items.items[0]?.sequence ?? 0n });
        assert.equal((await relay().readInbox({ token, after: 0n, limit: 10 })).items.length, 0);
    });

    test(`${codec}: the owner of an inbox says what strangers bring, and strangers are told`, async () => {
        const root = new Key();
        const token = await login(root);
        const inbox = sha256(bytes("chatmcp inbox"), root.publicKey);
        assert.equal((await relay().getStampTerms({ inbox })).terms.length, 0);
        const own = 5_000_000n;
        await relay().setInboxPolicy({ token, policy: concat(root.publicKey, u64(own), vector(new Uint8Array())) });
        const { terms } = await relay().getStampTerms({ inbox });
        assert.deepEqual(terms.subarray(64, 96), root.publicKey);
        assert.deepEqual(terms.subarray(96), u64(own));
        const refused = await refusal(relay().setInboxPolicy({ token, policy: bytes("no policy") }));
        assert.equal(refused.code, Code.InvalidArgument);
    });

    test(`${codec}: a device logs in, offers key packages, and gets what is sent to its inbox`, async () => {
        const root = new Key();
        const token = await login(root);
        const keyPackage = bytes("not a real key package " + codec);
        assert.equal((await relay().uploadKeyPackages({ token, keyPackages: [keyPackage] })).available, 1);
        const claim = { rootKeys: [root.publicKey, new Key().publicKey] };
        const first = await relay().claimKeyPackages(claim);
        assert.deepEqual(first.keyPackages[0]?.keyPackage, keyPackage);
        assert.equal(first.keyPackages[1]?.keyPackage, undefined);
        assert.equal((await relay().claimKeyPackages(claim)).keyPackages[0]?.keyPackage, undefined);

        const inbox = sha256(bytes("chatmcp inbox"), root.publicKey);
        await relay().sendInbox({ inbox, kind: InboxKind.KP_REQUEST, payload: bytes("hello") });
        const abort = new AbortController();
        for await (const { item } of relay().subscribeInbox({ token, after: 0n }, { signal: abort.signal })) {
            assert.deepEqual(item?.payload, bytes("hello"));
            break;
        }
        abort.abort();
    });

    test(`${codec}: device logs and agent entries are checked`, async () => {
        const account = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:11111111111111111111111111111111";
        assert.deepEqual((await relay().getDeviceLog({ account })).entries, []);
        const entry = await refusal(relay().appendDeviceLog({ entry: bytes("no entry") }));
        assert.ok([Code.InvalidArgument, Code.PermissionDenied].includes(entry.code), String(entry.code));
        assert.deepEqual((await relay().listAgents({})).entries, []);
        const agent = await refusal(relay().putAgentEntry({ token: await login(new Key()), entry: bytes("no entry") }));
        assert.ok([Code.InvalidArgument, Code.PermissionDenied].includes(agent.code), String(agent.code));
    });

    test(`${codec}: a stranger is refused without a reason`, async () => {
        const relayKey = (await relay().getRelayInfo({})).relayKey;
        const topic = sha256(bytes("topic of " + codec));
        const fresh = await challenge();
        const read = await refusal(relay().readTopic({
            relayKey, topic, epoch: 1n, after: 0n, limit: 1, challenge: fresh,
            signature: admission(new Key(), relayKey, topic, 1n, operation.read, cursor(0n, fresh)),
        }));
        assert.equal(read.code, Code.PermissionDenied);
        assert.equal(read.check, "");
        const inbox = await refusal(relay().readInbox({ token: bytes("no token"), after: 0n, limit: 1 }));
        assert.equal(inbox.code, Code.Unauthenticated);
        const size = await refusal(relay().readTopic({ relayKey: bytes("short") }));
        assert.equal(size.code, Code.InvalidArgument);
        assert.equal(size.check, "NET-50");
    });

    test(`${codec}: no method of the schema was left out`, () => {
        const methods = DeliveryService.methods.map((method) => method.localName).sort();
        assert.ok(methods.length >= 18);
        assert.deepEqual([...called].filter((name) => methods.includes(name)).sort(), methods);
    });
}
