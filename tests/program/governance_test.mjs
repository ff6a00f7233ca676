// Votes, the registry of enclaves, anchors and receipts of the program. The numbers of refusals are those of program/include/program/errors.h.
import { test } from "node:test";
import assert from "node:assert/strict";
import { CHAT, PARAMS, SLOTS_PER_DAY, bytes, client, keyBytes, sha256, signingKey, u64 } from "./chatmcp.mjs";
import { Registry, merklePath, verifierSet } from "./registry.mjs";
import { otherAddresses, patched, ready, refused } from "./support.mjs";

const { Action, Choice, EntryStatus, EvidenceKind, LogKind, RevocationReason, VerdictRoute } = client;
const executeConfig = (chat, proposal) => chat.instruction("executeConfig", { proposal: proposal.address });

test("governance: stake from before the proposal, held until it ends; a time lock of seven days", async () => {
    const chat = await ready();
    const [one, two] = [await chat.staker(1000n * CHAT), await chat.staker(400n * CHAT)];
    chat.pass(1n);
    const params = { ...PARAMS, chatPriceLamports: 2_000_000n };
    const proposal = await chat.propose(one, Action.SetParams, client.getParamsEncoder().encode(params));
    await chat.must(proposal.instruction);
    const late = await chat.staker(5000n * CHAT);
    await refused(chat, 59, await chat.vote(late, proposal, Choice.No));
    await refused(chat, 43, patched(await chat.vote(one, proposal, Choice.Yes), 8, 3));
    await chat.must(await chat.vote(one, proposal, Choice.Yes), await chat.vote(two, proposal, Choice.No));
    await refused(chat, 14, await chat.vote(one, proposal, Choice.Yes));
    await refused(chat, 27, chat.requestUnstake(two, CHAT));
    await refused(chat, 29, executeConfig(chat, proposal));
    await refused(chat, 62, await chat.releaseVote(two, proposal));
    chat.pass(PARAMS.votingSlots + PARAMS.timeLockSlots - 1n);
    await refused(chat, 58, await chat.vote(late, proposal, Choice.Yes));
    await refused(chat, 29, executeConfig(chat, proposal));
    chat.pass(1n);
    await chat.must(executeConfig(chat, proposal));
    assert.equal(chat.read("config", chat.config).params.chatPriceLamports, 2_000_000n);
    await refused(chat, 61, executeConfig(chat, proposal));
    await refused(chat, 63, chat.closeProposal(one, proposal));
    await chat.must(await chat.releaseVote(one, proposal), await chat.releaseVote(two, proposal), chat.closeProposal(one, proposal));
    assert.equal(chat.data(proposal.address), null);
    await chat.must(chat.requestUnstake(two, CHAT), chat.requestUnstake(one, CHAT));
});

test("governance: a stake votes once, whichever of the addresses of its seeds is named", async () => {
    const chat = await ready();
    const one = await chat.staker(1000n * CHAT);
    chat.pass(1n);
    const proposal = await chat.propose(one, Action.SetGuardian, keyBytes(one.address));
    await chat.must(proposal.instruction);
    await chat.must(await chat.vote(one, proposal, Choice.Yes));
    for (const [bump, vote] of otherAddresses(chat, Buffer.from("vote"), keyBytes(proposal.address), keyBytes(one.address))) {
        await refused(chat, 12, chat.instruction("vote", { voter: one.wallet, stake: one.stake, proposal: proposal.address, vote, bump, choice: Choice.Yes }));
    }
    assert.equal(chat.read("proposal", proposal.address).yes, 1000n * CHAT);
});

test("governance: voted down, without quorum, cancelled, lapsed, too little stake, unknown actions", async () => {
    const chat = await ready();
    const [one, two, poor] = [await chat.staker(100n * CHAT), await chat.staker(1000n * CHAT), await chat.staker(99n * CHAT)];
    chat.pass(1n);
    const payload = keyBytes(one.address);
    await refused(chat, 26, (await chat.propose(poor, Action.SetGuardian, payload)).instruction);
    await refused(chat, 56, patched((await chat.propose(one, Action.SetGuardian, payload)).instruction, 40, 77));
    await refused(chat, 56, (await chat.propose(one, Action.SetGuardian, payload.subarray(1))).instruction);
    const make = async () => {
        const proposal = await chat.propose(one, Action.SetGuardian, payload);
        await chat.must(proposal.instruction);
        return proposal;
    };
    const [down, unheard, cancelled, lapsed] = [await make(), await make(), await make(), await make()];
    await chat.must(await chat.vote(one, down, Choice.Yes), await chat.vote(two, down, Choice.No));
    await chat.must(await chat.vote(one, unheard, Choice.Yes));
    await chat.must(await chat.vote(two, lapsed, Choice.Yes));
    const cancel = (who) => chat.instruction("cancelProposal", { proposer: who.wallet, proposal: cancelled.address });
    await refused(chat, 18, cancel(two));
    await chat.must(cancel(one));
    await refused(chat, 61, await chat.vote(two, cancelled, Choice.Yes));
    chat.pass(PARAMS.votingSlots + PARAMS.timeLockSlots);
    await refused(chat, 50 + 10, executeConfig(chat, down));
    await refused(chat, 60, executeConfig(chat, unheard));
    await refused(chat, 61, executeConfig(chat, cancelled));
    chat.pass(PARAMS.executionSlots);
    await refused(chat, 61, executeConfig(chat, lapsed));
});

const registry = async () => Registry.start(await ready());

test("registry: a quorum of distinct verifiers, a current verdict, revoked for ever", async () => {
    const world = await registry();
    const { chat, entry } = world;
    await refused(chat, 46, ...world.verdict({ signers: [0] }));
    await refused(chat, 46, ...world.verdict({ signers: [0, 0] }));
    await refused(chat, 41, ...world.verdict({ signers: [0, 1, signingKey()] }));
    await refused(chat, 45, ...world.verdict({ verifierSetVersion: 2n }));
    await refused(chat, 51, ...world.verdict({ route: VerdictRoute.Program }));
    await refused(chat, 47, ...world.verdict({ slot: chat.slot + 1n }));
    await refused(chat, 47, ...world.verdict({ expiresSlot: chat.slot }));
    await refused(chat, 47, ...world.verdict({ expiresSlot: chat.slot + PARAMS.verdictSlotsMax + 1n }));
    await chat.must(...world.verdict());
    assert.equal(chat.read("enclave", entry).status, EntryStatus.Active);
    await refused(chat, 48, ...world.verdict());
    chat.pass(5n);
    await chat.must(...world.verdict({ signers: [2, 1] }));
    await refused(chat, 46, ...world.revocation([1]));
    const [signed, revoke] = world.revocation([1, 2]);
    await refused(chat, 43, signed, patched(revoke, 8, 9));
    await chat.must(signed, revoke);
    const { status, reason } = chat.read("enclave", entry);
    assert.deepEqual([status, reason], [EntryStatus.Revoked, RevocationReason.KeyCompromise]);
    await refused(chat, 49, ...world.revocation([1, 2]));
    chat.pass(5n);
    await refused(chat, 49, ...world.verdict());
});

async function revocationBy(world, action, account) {
    const payload = client.getRevokeEncoder().encode({ account, reason: RevocationReason.VulnerableCode });
    const proposal = await world.chat.propose(world.who, action, payload);
    await world.chat.must(proposal.instruction);
    return { proposal, execute: (entry) => world.chat.instruction("executeRevoke", { proposal: proposal.address, entry }) };
}

test("registry: governance revokes a measurement as soon as most of the stake says so", async () => {
    const world = await registry();
    const { chat, who, measurement } = world;
    const { proposal, execute } = await revocationBy(world, Action.RevokeMeasurement, measurement);
    await refused(chat, 29, execute(measurement));
    await chat.must(await chat.vote(who, proposal, Choice.Yes));
    await refused(chat, 13, execute(chat.verifiers));
    await chat.must(execute(measurement));
    assert.equal(chat.read("measurement", measurement).reason, RevocationReason.VulnerableCode);
    await refused(chat, 44, ...world.verdict());
});

test("registry: governance revokes an enclave, and no verdict brings it back", async () => {
    const world = await registry();
    const { chat, who, entry } = world;
    await chat.must(...world.verdict());
    const { proposal, execute } = await revocationBy(world, Action.RevokeEnclave, entry);
    await refused(chat, 29, execute(entry));
    await chat.must(await chat.vote(who, proposal, Choice.Yes));
    await refused(chat, 13, execute(world.measurement));
    await chat.must(execute(entry));
    const { status, reason } = chat.read("enclave", entry);
    assert.deepEqual([status, reason], [EntryStatus.Revoked, RevocationReason.VulnerableCode]);
    await refused(chat, 61, execute(entry));
    chat.pass(1n);
    await refused(chat, 49, ...world.verdict());
    const wrong = await revocationBy(world, Action.RevokeEnclave, world.measurement);
    await chat.must(await chat.vote(who, wrong.proposal, Choice.Yes));
    await refused(chat, 9, wrong.execute(world.measurement));
});

test("registry: a set of verifiers that counts one twice, or more than there are, is not executed", async () => {
    const world = await registry();
    const { chat, who, verifiers } = world;
    for (const payload of [verifierSet([verifiers[0], verifiers[0]], 2), verifierSet(verifiers, 4), verifierSet(verifiers, 0)]) {
        const proposal = await chat.passed(who, Action.SetVerifiers, payload);
        await refused(chat, 65, world.setVerifiers(proposal));
        await refused(chat, 57, executeConfig(chat, proposal));
    }
});

test("registry: measurements of a form that is none, or that are there already", async () => {
    const world = await registry();
    const long = Buffer.alloc(64, 1);
    for (const change of [{ digestBytes: 33 }, { digest: long }, { kind: EvidenceKind.Unused0 }, { label: "" }, { notBeforeUnixS: 1n << 40n }]) {
        await refused(world.chat, 43, (await world.proposeMeasurement("agent 2", change)).execute());
    }
    await refused(world.chat, 14, (await world.proposeMeasurement("agent 1")).execute());
    await world.chat.must((await world.proposeMeasurement("agent 2", { digestBytes: 64, digest: long })).execute());
});

const pay = (destination, amount) => client.getPayEncoder().encode({ destination, amount });

test("treasury: lamports are paid by vote, never those that keep the config account", async () => {
    const chat = await ready();
    const [who, paid] = [await chat.staker(1000n * CHAT), await chat.person()];
    chat.pass(1n);
    const execute = (proposal) => chat.instruction("executePayLamports", { proposal: proposal.address, destination: paid.address });
    const before = chat.lamports(paid.address);
    await chat.must(execute(await chat.passed(who, Action.PayLamports, pay(paid.address, 1000))));
    assert.equal(chat.lamports(paid.address), before + 1000n);
    await refused(chat, 19, execute(await chat.passed(who, Action.PayLamports, pay(paid.address, chat.lamports(chat.config)))));
    await refused(chat, 20, execute(await chat.passed(who, Action.PayLamports, pay(paid.address, 0))));
});

test("treasury: CHAT is paid by vote, to the account that was voted for, and no more than there is", async () => {
    const chat = await ready();
    const [who, paid] = [await chat.staker(1000n * CHAT), await chat.person()];
    chat.pass(1n);
    const execute = (proposal, destination = paid.tokens) => chat.instruction("executePayChat", { proposal: proposal.address, destination });
    const proposal = await chat.passed(who, Action.PayChat, pay(paid.tokens, 7n * CHAT));
    await refused(chat, 13, execute(proposal, who.tokens));
    const before = chat.tokens(chat.treasuryVault);
    await chat.must(execute(proposal));
    assert.equal(chat.tokens(paid.tokens), 7n * CHAT);
    assert.equal(chat.tokens(chat.treasuryVault), before - 7n * CHAT);
    await refused(chat, 61, execute(proposal));
    await refused(chat, 20, execute(await chat.passed(who, Action.PayChat, pay(paid.tokens, 0))));
    // Token-2022's own number for too little.
    await refused(chat, 1, execute(await chat.passed(who, Action.PayChat, pay(paid.tokens, before))));
});

test("anchors: logs grow, grants are closed by their owner", async () => {
    const chat = await ready();
    const [who, other] = [await chat.person(), await chat.person()];
    const [logHead, bump] = await chat.pda("logHead", { kind: LogKind.DeviceLog, owner: who.address });
    const anchor = (owner, size, kind = LogKind.DeviceLog) =>
        chat.instruction("anchorLog", { owner: owner.wallet, logHead, bump, head: sha256(u64(size)), size, kind });
    await refused(chat, 43, anchor(who, 5n, LogKind.Unused0));
    await refused(chat, 20, anchor(who, 0n));
    await refused(chat, 12, anchor(other, 5n));
    await chat.must(anchor(who, 5n));
    await refused(chat, 52, anchor(who, 5n));
    await refused(chat, 52, anchor(who, 4n));
    await refused(chat, 18, anchor(other, 6n));
    await refused(chat, 13, anchor(who, 6n, LogKind.RelayLog));
    await chat.must(anchor(who, 6n));
    const digest = sha256(Buffer.from("grant"));
    const [grant, grantBump] = await chat.pda("grant", { digest });
    await chat.must(chat.instruction("anchorGrant", { owner: who.wallet, grant, bump: grantBump, digest }));
    const close = (owner) => chat.instruction("closeGrant", { owner: owner.wallet, grant });
    await refused(chat, 18, close(other));
    await chat.must(close(who));
    assert.equal(chat.data(grant), null);
});

test("receipts: the enclave signs the root of the next batch, and each of its receipts is proven", async () => {
    const world = await registry();
    const { chat } = world;
    await chat.must(...world.verdict());
    for (const count of [1, 2, 3, 5, 8, 13]) {
        const leaves = Array.from({ length: count }, (_, index) => sha256(bytes(0), u64(index)));
        const next = await world.receipts(leaves);
        await refused(chat, 42, next.signed, (await world.receipts(leaves, { root: sha256(Buffer.from("the host's")) })).anchor);
        await refused(chat, 41, (await world.receipts(leaves, { signer: signingKey() })).signed, next.anchor);
        const batch = await world.anchored(leaves);
        await refused(chat, 42, batch.signed, batch.anchor);
        for (let index = 0; index < count; ++index) {
            const proof = merklePath(index, leaves);
            await chat.must(world.verify(batch, index));
            await refused(chat, 53, world.verify(batch, index, { leaf: sha256(bytes(9)) }));
            await refused(chat, 55, world.verify(batch, index, { proof: [...proof, sha256()] }));
            await refused(chat, 54, world.verify(batch, count, { leaf: leaves[index], proof }));
            await refused(chat, 55, world.verify(batch, index, { proof: Array.from({ length: 25 }, () => sha256()) }));
            if (proof.length > 0) await refused(chat, 55, world.verify(batch, index, { proof: proof.slice(1) }));
        }
    }
    await refused(chat, 20, (await world.receipts([sha256()], { count: 0 })).anchor);
    chat.pass(SLOTS_PER_DAY);
    await refused(chat, 50, (await world.receipts([sha256()])).anchor);
});
