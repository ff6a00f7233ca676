// What @solana/kit does with a cluster, it does with the devnet.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
    airdropFactory, appendTransactionMessageInstructions, createSolanaRpc, createSolanaRpcSubscriptions, createTransactionMessage,
    generateKeyPairSigner, getBase64EncodedWireTransaction, getSignatureFromTransaction, isSolanaError, lamports, pipe, SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE, sendAndConfirmTransactionFactory,
    setTransactionMessageFeePayerSigner, setTransactionMessageLifetimeUsingBlockhash, signTransactionMessageWithSigners,
    type Instruction, type KeyPairSigner,
} from "@solana/kit";
import { getAddMemoInstruction } from "@solana-program/memo";
import { getCreateAccountInstruction, getTransferSolInstruction } from "@solana-program/system";
import {
    fetchMint, fetchToken, findAssociatedTokenPda, getCreateAssociatedTokenIdempotentInstructionAsync, getInitializeMint2Instruction, getMintSize,
    getMintToInstruction, getTransferCheckedInstruction, TOKEN_2022_PROGRAM_ADDRESS,
} from "@solana-program/token-2022";
import { DevnetProcess } from "./devnet_process.ts";

const sol = 1_000_000_000n;
const memoProgram = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr";

let devnet: DevnetProcess;
let rpc: any;
let rpcSubscriptions: any;
let payer: KeyPairSigner;

before(async () => {
    devnet = await DevnetProcess.start();
    rpc = createSolanaRpc(devnet.http);
    rpcSubscriptions = createSolanaRpcSubscriptions(devnet.websocket);
    payer = await generateKeyPairSigner();
    await airdropFactory({ rpc, rpcSubscriptions })({ recipientAddress: payer.address, lamports: lamports(10n * sol), commitment: "confirmed" });
});
after(() => devnet.stop());

const sign = async (instructions: readonly Instruction[]) => {
    const { value } = await rpc.getLatestBlockhash().send();
    return signTransactionMessageWithSigners(
        pipe(
            createTransactionMessage({ version: 0 }),
            (message) => setTransactionMessageFeePayerSigner(payer, message),
            (message) => setTransactionMessageLifetimeUsingBlockhash(value, message),
            (message) => appendTransactionMessageInstructions(instructions, message),
        ),
    );
};

const send = async (instructions: readonly Instruction[]) => {
    const transaction = await sign(instructions);
    await sendAndConfirmTransactionFactory({ rpc, rpcSubscriptions })(transaction as any, { commitment: "confirmed" });
    return getSignatureFromTransaction(transaction);
};

test("an airdrop arrives, and a transfer is confirmed and found again", async () => {
    assert.equal((await rpc.getBalance(payer.address).send()).value, 10n * sol);
    const friend = await generateKeyPairSigner();
    const signature = await send([getTransferSolInstruction({ source: payer, destination: friend.address, amount: sol })]);
    assert.equal((await rpc.getBalance(friend.address, { commitment: "confirmed" }).send()).value, sol);
    const found = await rpc.getTransaction(signature, { commitment: "confirmed", maxSupportedTransactionVersion: 0, encoding: "json" }).send();
    assert.equal(found.meta.err, null);
    assert.equal(found.meta.fee, 5000n);
    const history = await rpc.getSignaturesForAddress(friend.address, { commitment: "confirmed" }).send();
    assert.deepEqual(history.map((entry: any) => entry.signature), [signature]);
});

test("a simulation says what it costs and changes nothing", async () => {
    const before = (await rpc.getBalance(payer.address).send()).value;
    const transaction = await sign([getTransferSolInstruction({ source: payer, destination: payer.address, amount: 1n })]);
    const { value } = await rpc.simulateTransaction(getBase64EncodedWireTransaction(transaction), { encoding: "base64", sigVerify: true }).send();
    assert.equal(value.err, null);
    assert.equal(value.unitsConsumed, 150n);
    assert.equal((await rpc.getBalance(payer.address).send()).value, before);
});

test("what fails is refused before it is sent, with the error's form and logs", async () => {
    const poor = await generateKeyPairSigner();
    const transaction = await sign([getTransferSolInstruction({ source: payer, destination: poor.address, amount: 100n * sol })]);
    await assert.rejects(
        rpc.sendTransaction(getBase64EncodedWireTransaction(transaction), { encoding: "base64" }).send(),
        (error: unknown) => isSolanaError(error, SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE),
    );
});

test("tokens of Token-2022 are made, moved and seen", async () => {
    const mint = await generateKeyPairSigner();
    const friend = await generateKeyPairSigner();
    const space = BigInt(getMintSize());
    const rent = await rpc.getMinimumBalanceForRentExemption(space).send();
    const accountOf = async (owner: KeyPairSigner) => (await findAssociatedTokenPda({ owner: owner.address, mint: mint.address, tokenProgram: TOKEN_2022_PROGRAM_ADDRESS }))[0];
    await send([
        getCreateAccountInstruction({ payer, newAccount: mint, lamports: rent, space, programAddress: TOKEN_2022_PROGRAM_ADDRESS }),
        getInitializeMint2Instruction({ mint: mint.address, decimals: 6, mintAuthority: payer.address }),
    ]);
    await send([
        await getCreateAssociatedTokenIdempotentInstructionAsync({ payer, owner: payer.address, mint: mint.address }),
        await getCreateAssociatedTokenIdempotentInstructionAsync({ payer, owner: friend.address, mint: mint.address }),
        getMintToInstruction({ mint: mint.address, token: await accountOf(payer), mintAuthority: payer, amount: 1_000_000n }),
        getTransferCheckedInstruction({ source: await accountOf(payer), mint: mint.address, destination: await accountOf(friend), authority: payer, amount: 250_000n, decimals: 6 }),
    ]);
    assert.equal((await fetchMint(rpc, mint.address, { commitment: "confirmed" })).data.supply, 1_000_000n);
    assert.equal((await fetchToken(rpc, await accountOf(friend), { commitment: "confirmed" })).data.amount, 250_000n);
    const { value: balance } = await rpc.getTokenAccountBalance(await accountOf(friend), { commitment: "confirmed" }).send();
    assert.equal(balance.uiAmountString, "0.25");
    const { value: owned } = await rpc.getTokenAccountsByOwner(friend.address, { mint: mint.address }, { encoding: "jsonParsed", commitment: "confirmed" }).send();
    assert.equal(owned[0].account.data.parsed.info.tokenAmount.amount, "250000");
});

test("a memo stands in the history", async () => {
    const signature = await send([getAddMemoInstruction({ memo: "paid for lunch" }, { programAddress: memoProgram as any })]);
    const [entry] = await rpc.getSignaturesForAddress(payer.address, { commitment: "confirmed", limit: 1 }).send();
    assert.equal(entry.signature, signature);
    assert.match(entry.memo, /paid for lunch/);
});

test("the Ed25519 precompile takes a good signature and refuses another", async () => {
    const message = new TextEncoder().encode("verdict");
    const { keyPair } = await generateKeyPairSigner();
    const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", keyPair.privateKey, message));
    const key = new Uint8Array(await crypto.subtle.exportKey("raw", keyPair.publicKey));
    const instruction = (bytes: Uint8Array): Instruction => {
        const [header, none] = [16, 0xffff];
        const data = new Uint8Array(header + key.length + bytes.length + message.length);
        const view = new DataView(data.buffer);
        data[0] = 1;
        [header + 32, none, header, none, header + 96, message.length, none].forEach((value, at) => view.setUint16(2 + 2 * at, value, true));
        data.set(key, header);
        data.set(bytes, header + 32);
        data.set(message, header + 96);
        return { programAddress: "Ed25519SigVerify111111111111111111111111111" as any, data };
    };
    await send([instruction(signature)]);
    signature[5]! ^= 1;
    const transaction = await sign([instruction(signature)]);
    const { value } = await rpc.simulateTransaction(getBase64EncodedWireTransaction(transaction), { encoding: "base64" }).send();
    assert.deepEqual(value.err, { InstructionError: [0n, { Custom: 2n }] });
});

test("a subscriber hears of an account when it changes", async () => {
    const friend = await generateKeyPairSigner();
    const abort = new AbortController();
    const notices = await rpcSubscriptions.accountNotifications(friend.address, { commitment: "confirmed" }).subscribe({ abortSignal: abort.signal });
    const first = (async () => {
        for await (const notice of notices) return notice.value.lamports;
    })();
    await send([getTransferSolInstruction({ source: payer, destination: friend.address, amount: 7_000_000n })]);
    assert.equal(await first, 7_000_000n);
    abort.abort();
});
