// Every instruction by the client that comes from the IDL, for src/chain/program_cases_test.cpp: tests/vectors/solana/program_instructions.json
// is what this file makes, or the test fails. `CHATMCP_UPDATE=1` writes it.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import * as kit from "@solana/kit";
import * as client from "./client/index.mjs";
import { INSTRUCTIONS, LOADER, PARAMS, keyBytes } from "./chatmcp.mjs";

const file = new URL("../vectors/solana/program_instructions.json", import.meta.url);

// 32 times the same byte.
const raw = (value) => Buffer.alloc(32, value);
const key = (value) => kit.getAddressDecoder().decode(raw(value));
const signer = (value) => ({ address: key(value), signTransactions: () => assert.fail("nothing is signed here") });

const [program, wallet, other, oneTimeKey, enclaveKey, measurement, destination, buffer, spill] = [9, 1, 2, 3, 4, 5, 6, 7, 8].map(key);
const at = { programAddress: program };
const pda = (name, seeds) => (seeds === undefined ? client[`find${name}Pda`](at) : client[`find${name}Pda`](seeds, at));
const tokens = async (owner, mint) => {
    const token = kit.address("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
    const programAddress = kit.address("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
    return (await kit.getProgramDerivedAddress({ programAddress, seeds: [keyBytes(owner), keyBytes(token), keyBytes(mint)] }))[0];
};

async function cases() {
    const made = [];
    const shared = { instructionsSysvar: INSTRUCTIONS };
    const bumps = {};
    for (const name of ["config", "verifiers", "mint", "escrowVault", "stakeVault", "treasuryVault"]) {
        [shared[name], bumps[name]] = await pda(name[0].toUpperCase() + name.slice(1));
    }
    const add = (name, input) => {
        const { accounts, data } = client[`get${name}Instruction`]({ ...shared, ...input }, at);
        const roles = accounts.map(({ address, role }) => [address, kit.isSignerRole(role), kit.isWritableRole(role)]);
        made.push({ name, accounts: roles, data: Buffer.from(data).toString("hex") });
    };
    const [programData, programDataBump] = await kit.getProgramDerivedAddress({ programAddress: LOADER, seeds: [raw(9)] });
    const [stake, stakeBump] = await pda("Stake", { owner: wallet });
    const [stamp, stampBump] = await pda("Stamp", { oneTimeKey });
    const [enclave, enclaveBump] = await pda("Enclave", { enclaveKey });
    const [logHead, logBump] = await pda("LogHead", { kind: client.LogKind.RelayLog, owner: wallet });
    const [receipts, receiptsBump] = await pda("Receipts", { enclaveKey, batch: 6n });
    const [grant, grantBump] = await pda("Grant", { digest: raw(11) });
    const [proposal, proposalBump] = await pda("Proposal", { number: 17n });
    const [vote, voteBump] = await pda("Vote", { proposal, voter: wallet });
    const mine = await tokens(wallet, shared.mint);
    const theirs = await tokens(other, shared.mint);
    const [newMeasurement, measurementBump] = await pda("Measurement", { kind: client.EvidenceKind.Tdx, digestFrom0: raw(12), digestFrom32: raw(13) });
    const signature = { instruction: 2, signature: 3 };

    add("Initialize", { payer: signer(1), upgradeAuthority: signer(1), programData, bump: bumps.config, guardian: other, genesisHash: raw(14),
        params: PARAMS, verifiersBump: bumps.verifiers, programDataBump });
    add("CreateMint", { payer: signer(1), mintBump: bumps.mint, escrowBump: bumps.escrowVault, stakeBump: bumps.stakeVault, treasuryBump: bumps.treasuryVault });
    add("Pause", { guardian: signer(2) });
    add("Buy", { buyer: signer(1), buyerTokens: mine, amount: 5n, lamportsMax: 7n });
    add("Stake", { owner: signer(1), stake, ownerTokens: mine, bump: stakeBump, amount: 1n << 40n });
    add("RequestUnstake", { owner: signer(1), stake, amount: 8n });
    add("Withdraw", { owner: signer(1), stake, ownerTokens: mine });
    add("StampLock", { sender: signer(1), stamp, senderTokens: mine, bump: stampBump, oneTimeKey, amount: 9n });
    add("StampAccept", { submitter: signer(1), stamp, sender: other, senderTokens: theirs, signature });
    add("StampReject", { submitter: signer(1), stamp, signature });
    add("StampReclaim", { sender: signer(1), stamp, senderTokens: mine });
    add("EnclaveRegister", { payer: signer(1), measurement, enclave, bump: enclaveBump, enclaveKey, evidenceDigest: raw(15), hostIdCommitment: raw(16),
        verifierSetVersion: 3n, collateralEvaluationNumber: 17n, slot: 18n, expiresSlot: 19n, route: client.VerdictRoute.Verifiers, signatureInstruction: 4 });
    add("EnclaveRevoke", { enclave, reason: client.RevocationReason.KeyCompromise, signatureInstruction: 4 });
    add("AnchorLog", { owner: signer(1), logHead, bump: logBump, head: raw(20), size: 21n, kind: client.LogKind.RelayLog });
    add("AnchorReceipts", { payer: signer(1), enclave, receipts, bump: receiptsBump, root: raw(22), count: 23n, signature });
    add("VerifyReceipt", { receipts, index: 24n, leaf: raw(25), tail: [raw(26), raw(27)] });
    add("AnchorGrant", { owner: signer(1), grant, bump: grantBump, digest: raw(11) });
    add("CloseGrant", { owner: signer(1), grant });
    const pay = Buffer.concat([raw(6), Buffer.from("1e00000000000000", "hex")]);
    add("Propose", { proposer: signer(1), stake, proposal, bump: proposalBump, description: raw(28), action: client.Action.PayChat, tail: pay });
    add("Vote", { voter: signer(1), stake, proposal, vote, bump: voteBump, choice: client.Choice.No });
    add("CancelProposal", { proposer: signer(1), proposal });
    add("ReleaseVote", { voter: wallet, stake, proposal, vote });
    add("CloseProposal", { proposer: signer(1), stake, proposal });
    add("ExecuteConfig", { proposal });
    add("ExecuteVerifiers", { proposal });
    add("ExecuteAddMeasurement", { payer: signer(1), proposal, measurement: newMeasurement, bump: measurementBump });
    add("ExecuteRevoke", { proposal, entry: measurement });
    add("ExecutePayChat", { proposal, destination });
    add("ExecutePayLamports", { proposal, destination });
    add("ExecuteUpgrade", { proposal, programData, program, buffer, spill, bump: programDataBump });
    add("ExecuteUpgradeAuthority", { proposal, programData, newAuthority: other, bump: programDataBump });
    return made;
}

test("the cases of the client in C++ are those of the client that comes from the IDL", async () => {
    const made = await cases();
    assert.equal(made.length, 31);
    assert.equal(new Set(made.map(({ data }) => data.slice(0, 2))).size, 31, "each instruction once");
    const text = `${JSON.stringify(made, null, 1)}\n`;
    if (process.env.CHATMCP_UPDATE) writeFileSync(file, text);
    assert.equal(readFileSync(file, "utf8"), text);
});
