// For each instruction of the IDL, what has to be there so that it succeeds. Who pays the transaction's fee is in none of them.
import { CHAT, PARAMS, client, keyBytes, sha256, u64 } from "./chatmcp.mjs";
import { verifierSet } from "./registry.mjs";
import { file } from "./support.mjs";

const { Action, Choice, LogKind, RevocationReason } = client;

// A proposal that can be executed, and its execution.
const decided = (name, action, payload, accounts = () => ({})) => async (world) => {
    const { chat, one } = world;
    const proposal = await chat.passed(one, action, payload(world));
    return { target: chat.instruction(name, { proposal: proposal.address, ...(await accounts(world)) }) };
};

const payTo = (who) => (world) => client.getPayEncoder().encode({ destination: who(world), amount: CHAT });

// The program's upgrade authority is its config account from now on.
const giveAway = ({ chat }) => chat.machine.setAuthority(chat.programData, chat.authority, chat.config);

async function answered(world, verb) {
    const { chat, one } = world;
    const stamp = await chat.locked(one, 5n * CHAT);
    const submitter = { wallet: await chat.wallet() };
    return { before: [chat.answer(stamp, verb)], target: chat[verb](stamp, submitter) };
}

async function voted(world, status) {
    const { chat, one } = world;
    const proposal = await chat.propose(one, Action.SetGuardian, keyBytes(one.address));
    await chat.must(proposal.instruction);
    if (status.voted) await chat.must(await chat.vote(one, proposal, Choice.Yes));
    if (status.cancelled) await chat.must(chat.instruction("cancelProposal", { proposer: one.wallet, proposal: proposal.address }));
    return proposal;
}

export const fixtures = {
    initialize: async ({ chat, one }) => ({ target: chat.initialize({ payer: one.wallet }) }),
    createMint: async ({ chat, one }) => ({ target: chat.createMint(one.wallet) }),
    buy: async ({ chat, one }) => ({ target: chat.buy(one, CHAT) }),
    stake: async ({ chat }) => {
        const who = await chat.person();
        await chat.must(chat.buy(who, 2n * CHAT));
        return { target: chat.stake(who, CHAT) };
    },
    requestUnstake: async ({ chat, one }) => ({ target: chat.requestUnstake(await chat.staker(CHAT), CHAT) }),
    withdraw: async ({ chat }) => {
        const who = await chat.staker(CHAT);
        await chat.must(chat.requestUnstake(who, CHAT));
        chat.pass(PARAMS.unstakeDelaySlots);
        return { target: chat.withdraw(who) };
    },
    stampLock: async ({ chat, one }) => ({ target: (await chat.stamp(one, CHAT)).lock }),
    stampAccept: (world) => answered(world, "accept"),
    stampReject: (world) => answered(world, "reject"),
    stampReclaim: async ({ chat, one }) => {
        const stamp = await chat.locked(one);
        chat.pass(PARAMS.stampOpenSlots);
        return { target: chat.reclaim(stamp) };
    },
    enclaveRegister: async ({ registry }) => {
        const [signed, target] = registry.verdict();
        return { before: [signed], target };
    },
    enclaveRevoke: async ({ chat, registry }) => {
        await chat.must(...registry.verdict());
        const [signed, target] = registry.revocation([0, 1]);
        return { before: [signed], target };
    },
    anchorLog: async ({ chat, one }) => {
        const [logHead, bump] = await chat.pda("logHead", { kind: LogKind.DeviceLog, owner: one.address });
        return { target: chat.instruction("anchorLog", { owner: one.wallet, logHead, bump, head: sha256(), size: 1n, kind: LogKind.DeviceLog }) };
    },
    anchorReceipts: async ({ chat, registry }) => {
        await chat.must(...registry.verdict());
        const batch = await registry.receipts([sha256()]);
        return { before: [batch.signed], target: batch.anchor };
    },
    verifyReceipt: async ({ chat, registry }) => {
        await chat.must(...registry.verdict());
        // 20 digests lead from the first receipt of so many to the root: each is one whole half.
        const half = Array.from({ length: 20 }, (_, level) => sha256(u64(level)));
        const leaf = sha256(Buffer.from("leaf"));
        const root = half.reduce((hash, other) => sha256(Buffer.from([1]), hash, other), leaf);
        const batch = await registry.batch(root, 1 << 20);
        await chat.must(batch.signed, batch.anchor);
        return { target: chat.instruction("verifyReceipt", { receipts: batch.address, index: 0, leaf, tail: half }) };
    },
    anchorGrant: async ({ chat, one }) => {
        const digest = sha256(Buffer.from("grant"));
        const [grant, bump] = await chat.pda("grant", { digest });
        return { target: chat.instruction("anchorGrant", { owner: one.wallet, grant, bump, digest }) };
    },
    closeGrant: async (world) => {
        const grant = await world.grant(world.one, sha256(Buffer.from("grant")));
        return { target: world.chat.instruction("closeGrant", { owner: world.one.wallet, grant }) };
    },
    propose: async ({ chat, one }) => ({ target: (await chat.propose(one, Action.SetParams, client.getParamsEncoder().encode(PARAMS))).instruction }),
    vote: async (world) => ({ target: await world.chat.vote(world.one, await voted(world, {}), Choice.Yes) }),
    cancelProposal: async (world) => {
        const proposal = await voted(world, {});
        return { target: world.chat.instruction("cancelProposal", { proposer: world.one.wallet, proposal: proposal.address }) };
    },
    releaseVote: async (world) => ({ target: await world.chat.releaseVote(world.one, await voted(world, { voted: true, cancelled: true })) }),
    closeProposal: async (world) => ({ target: world.chat.closeProposal(world.one, await voted(world, { cancelled: true })) }),
    executeConfig: decided("executeConfig", Action.SetParams, () => client.getParamsEncoder().encode(PARAMS)),
    executeVerifiers: decided("executeVerifiers", Action.SetVerifiers, ({ registry }) => verifierSet(registry.verifiers, 3)),
    executeAddMeasurement: async ({ registry }) => ({ target: (await registry.proposeMeasurement("third agent")).execute() }),
    executeRevoke: async ({ chat, one, registry }) => {
        const { measurement } = registry;
        const payload = client.getRevokeEncoder().encode({ account: measurement, reason: RevocationReason.Superseded });
        const proposal = await chat.propose(one, Action.RevokeMeasurement, payload);
        await chat.must(proposal.instruction);
        await chat.must(await chat.vote(one, proposal, Choice.Yes));
        return { target: chat.instruction("executeRevoke", { proposal: proposal.address, entry: measurement }) };
    },
    executePayChat: decided("executePayChat", Action.PayChat, payTo(({ one }) => one.tokens), ({ one }) => ({ destination: one.tokens })),
    executePayLamports: decided("executePayLamports", Action.PayLamports, payTo(({ one }) => one.address), ({ one }) => ({ destination: one.address })),
    executeUpgrade: async (world) => {
        const { chat, one } = world;
        const buffer = await chat.machine.makeBuffer(file("chatmcp-v3"));
        await chat.machine.setAuthority(buffer, chat.machine.payer, chat.config);
        await giveAway(world);
        const payload = client.getUpgradeEncoder().encode({ buffer, spill: one.address });
        const proposal = await chat.passed(one, Action.Upgrade, payload);
        const accounts = { programData: chat.programData, bump: chat.bumps.programData, program: chat.program, buffer, spill: one.address };
        return { target: chat.instruction("executeUpgrade", { proposal: proposal.address, ...accounts }) };
    },
    executeUpgradeAuthority: async (world) => {
        await giveAway(world);
        const make = decided("executeUpgradeAuthority", Action.SetUpgradeAuthority, ({ one }) => keyBytes(one.address), ({ chat, one }) => ({
            programData: chat.programData, bump: chat.bumps.programData, newAuthority: one.address,
        }));
        return make(world);
    },
    pause: async ({ chat }) => ({ target: chat.instruction("pause", { guardian: chat.guardian }) }),
};

const stages = { initialize: "deployed", createMint: "initialized" };
export const stageOf = (name) => stages[name] ?? "whole";
