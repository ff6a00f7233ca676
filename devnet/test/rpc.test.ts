// Time, errors, restarts and hostile requests, with @solana/web3.js as the second client.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Connection, Keypair, PublicKey, SystemProgram, Transaction, TransactionInstruction, TransactionMessage, VersionedTransaction } from "@solana/web3.js";
import { DevnetProcess } from "./devnet_process.ts";

const sol = 1_000_000_000;

let devnet: DevnetProcess;
const payer = Keypair.generate();

const fund = async (at: DevnetProcess, key = payer): Promise<void> => void (await at.result("requestAirdrop", key.publicKey.toBase58(), 10 * sol));

const transfer = async (at: DevnetProcess, lamports: number, to = Keypair.generate().publicKey): Promise<Transaction> => {
    const { blockhash } = (await at.result("getLatestBlockhash", { commitment: "processed" })).value;
    const transaction = new Transaction({ feePayer: payer.publicKey, recentBlockhash: blockhash });
    transaction.add(SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: to, lamports }));
    transaction.sign(payer);
    return transaction;
};

const sendRaw = (at: DevnetProcess, bytes: Uint8Array, config: object = {}) =>
    at.call("sendTransaction", Buffer.from(bytes).toString("base64"), { encoding: "base64", preflightCommitment: "processed", ...config });

before(async () => {
    devnet = await DevnetProcess.start("--no-timer");
    await devnet.result("chatmcpDevnetAdvance", { slots: 64 }); // The first slot of a chain is final at once.
    await fund(devnet);
});
after(() => devnet.stop());

test("web3.js sends and confirms", async () => {
    const running = await DevnetProcess.start();
    try {
        const connection = new Connection(running.http, { commitment: "confirmed", wsEndpoint: running.websocket });
        const airdrop = await connection.requestAirdrop(payer.publicKey, 2 * sol);
        await connection.confirmTransaction({ signature: airdrop, ...(await connection.getLatestBlockhash()) });
        const friend = Keypair.generate().publicKey;
        const { blockhash, lastValidBlockHeight } = await connection.getLatestBlockhash();
        const message = new TransactionMessage({
            payerKey: payer.publicKey,
            recentBlockhash: blockhash,
            instructions: [SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: friend, lamports: sol })],
        }).compileToV0Message();
        const transaction = new VersionedTransaction(message);
        transaction.sign([payer]);
        const signature = await connection.sendTransaction(transaction);
        const confirmed = await connection.confirmTransaction({ signature, blockhash, lastValidBlockHeight });
        assert.equal(confirmed.value.err, null);
        assert.equal(await connection.getBalance(friend), sol);
    } finally {
        await running.stop();
    }
});

test("it says what it is", async () => {
    const version = await devnet.result("getVersion");
    assert.match(JSON.stringify(version), /development chain, not a cluster/);
    assert.equal(await devnet.result("getHealth"), "ok");
});

test("slots pass by a call, and commitments follow them", async () => {
    const slot = await devnet.result("getSlot", { commitment: "processed" });
    const signature = (await sendRaw(devnet, (await transfer(devnet, sol)).serialize())).result;
    const status = async () => (await devnet.result("getSignatureStatuses", [signature])).value[0].confirmationStatus;
    assert.equal(await status(), "processed");
    await devnet.result("chatmcpDevnetAdvance", { slots: 1 });
    assert.equal(await status(), "confirmed");
    await devnet.result("chatmcpDevnetAdvance", { slots: 31 });
    assert.equal(await status(), "finalized");
    assert.equal(await devnet.result("getSlot", { commitment: "processed" }), slot + 32);
    const before = (await devnet.result("chatmcpDevnetAdvance", { slots: 1 })).unixTimestamp;
    assert.ok(Math.abs((await devnet.result("chatmcpDevnetAdvance", { seconds: 3600 })).unixTimestamp - before - 3600) <= 1);
});

test("a blockhash expires after 150 slots", async () => {
    const transaction = await transfer(devnet, sol);
    const hash = transaction.recentBlockhash;
    await devnet.result("chatmcpDevnetAdvance", { slots: 150 });
    assert.equal((await devnet.result("isBlockhashValid", hash, { commitment: "processed" })).value, true);
    await devnet.result("chatmcpDevnetAdvance", { slots: 1 });
    assert.equal((await devnet.result("isBlockhashValid", hash, { commitment: "processed" })).value, false);
    const { error } = await sendRaw(devnet, transaction.serialize());
    assert.equal(error?.code, -32002);
    assert.equal(error?.data.err, "BlockhashNotFound");
});

test("errors have a cluster's form", async () => {
    await fund(devnet);
    const good = await transfer(devnet, sol);
    assert.equal((await sendRaw(devnet, good.serialize())).error, undefined);
    assert.equal((await sendRaw(devnet, good.serialize())).error?.data.err, "AlreadyProcessed");
    const dear = await sendRaw(devnet, (await transfer(devnet, 1000 * sol)).serialize());
    assert.deepEqual(dear.error?.data.err, { InstructionError: [0, { Custom: 1 }] });
    assert.ok(dear.error?.data.logs.some((line: string) => line.includes("insufficient lamports")));
    const forged = (await transfer(devnet, sol)).serialize();
    forged[10]! ^= 1;
    assert.equal((await sendRaw(devnet, forged)).error?.code, -32003);
    assert.equal((await devnet.call("getEverything")).error?.code, -32601);
    assert.match((await devnet.call("getEverything")).error?.message ?? "", /method not found/i);
    assert.equal((await devnet.call("getBalance", "not an address")).error?.code, -32602);
    assert.equal((await devnet.call("getBalance")).error?.code, -32602);
});

test("a legacy transaction above 1,232 bytes is refused", async () => {
    const { blockhash } = (await devnet.result("getLatestBlockhash")).value;
    const sized = (size: number): Uint8Array => {
        const transaction = new Transaction({ feePayer: payer.publicKey, recentBlockhash: blockhash });
        const memo = new PublicKey("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
        transaction.add(new TransactionInstruction({ programId: memo, keys: [], data: Buffer.alloc(size, 0x61) }));
        transaction.sign(payer);
        return transaction.serialize({ requireAllSignatures: true, verifySignatures: false });
    };
    const overhead = sized(1000).length - 1000;
    assert.equal((await sendRaw(devnet, sized(1232 - overhead))).error, undefined);
    // web3.js itself refuses to write a larger one: a byte more at the end is as large.
    const larger = new Uint8Array([...sized(1232 - overhead), 0]);
    assert.equal((await sendRaw(devnet, larger)).error?.code, -32602);
});

test("what is done survives an end and a kill, and --fresh forgets it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "devnet-"));
    try {
        let chain = await DevnetProcess.start("--state", folder, "--no-timer");
        const genesis = await chain.result("getGenesisHash");
        await fund(chain);
        const friend = Keypair.generate().publicKey;
        const signature = (await sendRaw(chain, (await transfer(chain, sol, friend)).serialize())).result;
        await chain.stop();
        chain = await DevnetProcess.start("--state", folder, "--no-timer");
        assert.equal(await chain.result("getGenesisHash"), genesis);
        assert.equal((await chain.result("getBalance", friend.toBase58(), { commitment: "processed" })).value, sol);
        assert.notEqual((await chain.result("getSignatureStatuses", [signature], { searchTransactionHistory: true })).value[0], null);
        // Killed while it works: what it finds again is whole, and not older than the last end.
        for (let i = 0; i < 20; i++) void sendRaw(chain, (await transfer(chain, sol / 100 + i, friend)).serialize()).catch(() => {});
        await chain.stop("SIGKILL");
        chain = await DevnetProcess.start("--state", folder, "--no-timer");
        assert.ok((await chain.result("getBalance", friend.toBase58(), { commitment: "processed" })).value >= sol);
        await chain.stop();
        chain = await DevnetProcess.start("--state", folder, "--fresh", "--no-timer");
        assert.equal((await chain.result("getBalance", friend.toBase58(), { commitment: "processed" })).value, 0);
        await chain.stop();
    } finally {
        rmSync(folder, { recursive: true });
    }
});

test("whatever is sent, there is an answer", async () => {
    const seed = Number(process.env["CHATMCP_TEST_SEED"] ?? Date.now() % 2 ** 32);
    console.log(`seed ${seed}`);
    let state = seed >>> 0;
    const random = (below: number): number => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
    };
    const wire = Buffer.from((await transfer(devnet, sol)).serialize()).toString("base64");
    const seeds = [
        `{"jsonrpc":"2.0","id":1,"method":"sendTransaction","params":["${wire}",{"encoding":"base64"}]}`,
        `{"jsonrpc":"2.0","id":1,"method":"simulateTransaction","params":["${wire}",{"encoding":"base64","replaceRecentBlockhash":true,"accounts":{"encoding":"base64","addresses":["${payer.publicKey.toBase58()}"]}}]}`,
        `{"jsonrpc":"2.0","id":"x","method":"getProgramAccounts","params":["11111111111111111111111111111111",{"encoding":"base64","filters":[{"dataSize":0},{"memcmp":{"offset":0,"bytes":"3Mc6vR","encoding":"base58"}}],"dataSlice":{"offset":0,"length":4}}]}`,
        `[{"jsonrpc":"2.0","id":1,"method":"getBalance","params":["${payer.publicKey.toBase58()}"]},{"jsonrpc":"2.0","id":2,"method":"getBlockTime","params":[-1]}]`,
        `{"jsonrpc":"2.0","id":1,"method":"requestAirdrop","params":["${payer.publicKey.toBase58()}",1e30]}`,
        "[".repeat(40_000),
        '{"jsonrpc":"2.0","id":1,"method":"__proto__","params":{"__proto__":{}}}',
        `{"jsonrpc":"2.0","id":1,"method":"getAccountInfo","params":["${"1".repeat(40_000)}"]}`,
    ];
    for (let round = 0; round < 400; round++) {
        const bytes = Buffer.from(seeds[random(seeds.length)]!);
        for (let changes = random(4); changes > 0; changes--) bytes[random(bytes.length)] = random(256);
        const answer = (await devnet.post(bytes.subarray(0, bytes.length - random(3)))) as any;
        const one = Array.isArray(answer) ? answer[0] : answer;
        assert.equal(one.jsonrpc, "2.0", `seed ${seed}, round ${round}`);
        assert.notEqual(one.error?.code, -32603, `seed ${seed}, round ${round}: ${bytes.toString("latin1").slice(0, 300)}`);
    }
    const large = await fetch(devnet.http, { method: "POST", body: "x".repeat(60 * 1024) });
    assert.equal(large.status, 413);
    assert.equal(await devnet.result("getHealth"), "ok");
});
