// The program of program/ in a machine: its instructions by the client that Codama makes of its IDL, and what they need.
import { generateKeyPairSync, createHash, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import * as kit from "@solana/kit";
import * as client from "./client/index.mjs";
import { Machine, CLOCK, LOADER, RENT, SYSTEM, keyBytes, u64 } from "./machine.mjs";

export const TOKEN = kit.address("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
const ASSOCIATED_TOKEN = kit.address("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
const ED25519 = kit.address("Ed25519SigVerify111111111111111111111111111");
const INSTRUCTIONS = kit.address("Sysvar1nstructions1111111111111111111111111");

export const CHAT = 1_000_000n;
export const SUPPLY = 1_000_000_000n * CHAT;
export const SLOTS_PER_DAY = 216_000n;

export const PARAMS = {
    chatPriceLamports: 1_000_000n,
    stampPriceMin: CHAT,
    stampPriceMax: 100n * CHAT,
    stampPriceRejections: 10n,
    stampOpenSlots: 14n * SLOTS_PER_DAY,
    stampAdmissionSlots: SLOTS_PER_DAY,
    stampSubmitFeeLamports: 15_000n,
    stakePerContact: 10n * CHAT,
    stakeContactsPerDayMax: 20n,
    unstakeDelaySlots: SLOTS_PER_DAY,
    proposalStakeMin: 100n * CHAT,
    votingSlots: 3n * SLOTS_PER_DAY,
    timeLockSlots: 7n * SLOTS_PER_DAY,
    executionSlots: 7n * SLOTS_PER_DAY,
    quorumBasisPoints: 1000n,
    pauseSlots: SLOTS_PER_DAY,
    verdictSlotsMax: 30n * SLOTS_PER_DAY,
};

export const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
export const bytes = (...values) => Buffer.from(values);
const pascal = (name) => name[0].toUpperCase() + name.slice(1);
// The first signature of the transaction's first instruction.
const FIRST = { instruction: 0, signature: 0 };

// What the program refused in this process, for refusals_seen.mjs.
const refusals = new Set();
process.on("exit", () => writeFileSync(`${process.env.CHATMCP_PROGRAMS}/refusals-${process.pid}.json`, JSON.stringify([...refusals])));

// A key of nobody's wallet: one-time keys, verifiers, enclaves.
export function signingKey() {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const key = Buffer.from(publicKey.export({ format: "jwk" }).x, "base64url");
    return {
        key,
        address: kit.getAddressDecoder().decode(key),
        sign: (digest) => sign(null, digest, privateKey),
    };
}

// An instruction of the Ed25519 program, laid out as src/chain/ed25519_instruction.h says. `change` may spoil it.
export function signatures(list, change = () => {}) {
    const start = 2 + 14 * list.length;
    const data = Buffer.alloc(start + 128 * list.length);
    data[0] = list.length;
    list.forEach(({ signer, digest }, index) => {
        const at = start + 128 * index;
        [at + 32, 0xffff, at, 0xffff, at + 96, 32, 0xffff].forEach((value, field) => data.writeUInt16LE(value, 2 + 14 * index + 2 * field));
        Buffer.concat([signer.key, signer.sign(digest), digest]).copy(data, at);
    });
    change(data);
    return { programAddress: ED25519, accounts: [], data };
}

export class Chat {
    static async start(features, file) {
        const chat = new Chat();
        chat.machine = await Machine.start(features);
        const { address, deployed } = await chat.machine.deploy(file);
        if (deployed.failed) throw new Error(`${deployed.failed}\n${deployed.logs.join("\n")}`);
        chat.program = address;
        chat.authority = chat.machine.payer;
        chat.genesis = sha256(Buffer.from("genesis"));
        chat.guardian = await kit.generateKeyPairSigner();
        chat.derived = new Map();
        chat.bumps = {};
        for (const name of ["config", "verifiers", "mint", "escrowVault", "stakeVault", "treasuryVault"]) {
            [chat[name], chat.bumps[name]] = await chat.pda(name);
        }
        [chat.programData, chat.bumps.programData] = await kit.getProgramDerivedAddress({ programAddress: LOADER, seeds: [keyBytes(address)] });
        return chat;
    }

    // [address, bump] of an account that the IDL says the seeds of.
    async pda(name, seeds) {
        const find = client[`find${pascal(name)}Pda`];
        const at = { programAddress: this.program };
        const [address, bump] = await (seeds === undefined ? find(at) : find(seeds, at));
        this.derived.set(address, { name, seeds });
        return [address, bump];
    }

    // `input`: accounts and data by their names in the IDL; what there is one of need not be named.
    instruction(name, input) {
        const { config, verifiers, mint, escrowVault, stakeVault, treasuryVault } = this;
        const made = client[`get${pascal(name)}Instruction`](
            { config, verifiers, mint, escrowVault, stakeVault, treasuryVault, instructionsSysvar: INSTRUCTIONS, ...input },
            { programAddress: this.program },
        );
        return { ...made, accounts: [...made.accounts], data: Buffer.from(made.data) };
    }

    // An account's fields, by the IDL.
    read(kind, address) {
        return client[`get${pascal(kind)}Decoder`]().decode(this.data(address));
    }

    // What is signed outside: SHA-256 of a statement with the cluster and the program in it.
    statement(kind, tag, fields) {
        const statement = { tag: Buffer.from(tag), genesisHash: this.genesis, program: this.program, ...fields };
        return sha256(client[`get${pascal(kind)}Encoder`]().encode(statement));
    }

    async send(...instructions) {
        const result = await this.machine.send(...instructions);
        if (result.failed !== null) this.note(result.logs);
        return result;
    }

    // The number that this program refused with; programs that it calls have their own.
    note(logs) {
        const [, program, number] = logs.map((line) => /^Program (\w+) failed: custom program error: 0x(\w+)$/.exec(line)).find(Boolean) ?? [];
        if (program === this.program) refusals.add(parseInt(number, 16));
    }

    async must(...instructions) {
        const result = await this.send(...instructions);
        if (result.failed) throw new Error(`${result.failed}\n${result.logs.join("\n")}`);
        return result;
    }

    get slot() {
        return this.machine.svm.getClock().slot;
    }

    pass(slots) {
        this.machine.svm.warpToSlot(this.slot + slots);
    }

    initialize(change = {}) {
        return this.instruction("initialize", {
            payer: change.payer ?? this.authority,
            upgradeAuthority: change.authority ?? this.authority,
            programData: this.programData,
            bump: this.bumps.config,
            guardian: this.guardian.address,
            genesisHash: this.genesis,
            params: change.params ?? PARAMS,
            verifiersBump: this.bumps.verifiers,
            programDataBump: this.bumps.programData,
        });
    }

    createMint(payer = this.machine.payer) {
        const { mint, escrowVault, stakeVault, treasuryVault } = this.bumps;
        return this.instruction("createMint", {
            payer, mintBump: mint, escrowBump: escrowVault, stakeBump: stakeVault, treasuryBump: treasuryVault,
        });
    }

    async setUp() {
        await this.must(this.initialize());
        await this.must(this.createMint());
    }

    // The instruction that makes a wallet's token account, and its address.
    async tokenAccount(wallet) {
        const [tokens] = await kit.getProgramDerivedAddress({
            programAddress: ASSOCIATED_TOKEN,
            seeds: [keyBytes(wallet), keyBytes(TOKEN), keyBytes(this.mint)],
        });
        const { payer } = this.machine;
        const create = {
            programAddress: ASSOCIATED_TOKEN,
            accounts: [
                { address: payer.address, role: kit.AccountRole.WRITABLE_SIGNER, signer: payer },
                { address: tokens, role: kit.AccountRole.WRITABLE },
                ...[wallet, this.mint, SYSTEM, TOKEN].map((address) => ({ address, role: kit.AccountRole.READONLY })),
            ],
            data: bytes(1),
        };
        return { tokens, create };
    }

    async wallet() {
        const wallet = await kit.generateKeyPairSigner();
        this.machine.svm.airdrop(wallet.address, kit.lamports(100_000_000_000n));
        return wallet;
    }

    // A wallet with lamports, an empty token account and its stake's address.
    async person() {
        const wallet = await this.wallet();
        const { tokens, create } = await this.tokenAccount(wallet.address);
        await this.must(create);
        const [stake, stakeBump] = await this.pda("stake", { owner: wallet.address });
        return { wallet, address: wallet.address, tokens, stake, stakeBump };
    }

    // One that has staked an amount and has as much again.
    async staker(amount) {
        const who = await this.person();
        await this.must(this.buy(who, 2n * amount));
        await this.must(this.stake(who, amount));
        return who;
    }

    buy(who, amount, lamportsMax = 1n << 62n) {
        return this.instruction("buy", { buyer: who.wallet, buyerTokens: who.tokens, amount, lamportsMax });
    }

    stake(who, amount) {
        return this.instruction("stake", { owner: who.wallet, stake: who.stake, ownerTokens: who.tokens, bump: who.stakeBump, amount });
    }

    requestUnstake(who, amount) {
        return this.instruction("requestUnstake", { owner: who.wallet, stake: who.stake, amount });
    }

    withdraw(who) {
        return this.instruction("withdraw", { owner: who.wallet, stake: who.stake, ownerTokens: who.tokens });
    }

    async stamp(sender, amount, recipient = signingKey()) {
        const oneTimeKey = recipient.address;
        const [address, bump] = await this.pda("stamp", { oneTimeKey });
        const lock = this.instruction("stampLock", { sender: sender.wallet, stamp: address, senderTokens: sender.tokens, bump, oneTimeKey, amount });
        return { recipient, address, sender, lock };
    }

    async locked(sender, amount = CHAT) {
        const stamp = await this.stamp(sender, amount);
        await this.must(stamp.lock);
        stamp.lockedSlot = this.slot;
        return stamp;
    }

    // What the recipient signs. `verb` is accept or reject.
    answerDigest(stamp, verb) {
        return this.statement("stampAnswer", `chatmcp ${verb} 1`, { stamp: stamp.address, lockedSlot: stamp.lockedSlot });
    }

    answer(stamp, verb, signer = stamp.recipient, change = undefined) {
        return signatures([{ signer, digest: this.answerDigest(stamp, verb) }], change);
    }

    accept(stamp, submitter, signature = FIRST) {
        return this.instruction("stampAccept", {
            submitter: submitter.wallet, stamp: stamp.address, sender: stamp.sender.address, senderTokens: stamp.sender.tokens, signature,
        });
    }

    reject(stamp, submitter, signature = FIRST) {
        return this.instruction("stampReject", { submitter: submitter.wallet, stamp: stamp.address, signature });
    }

    reclaim(stamp) {
        return this.instruction("stampReclaim", { sender: stamp.sender.wallet, stamp: stamp.address, senderTokens: stamp.sender.tokens });
    }

    // The proposal's account, as many as there are with this one.
    async propose(who, action, payload) {
        const [address, bump] = await this.pda("proposal", { number: this.read("config", this.config).proposalsCount });
        const instruction = this.instruction("propose", {
            proposer: who.wallet, stake: who.stake, proposal: address, bump, description: sha256(Buffer.from("why")), action, tail: payload,
        });
        return { address, instruction };
    }

    async vote(who, proposal, choice) {
        const [vote, bump] = await this.pda("vote", { proposal: proposal.address, voter: who.address });
        return this.instruction("vote", { voter: who.wallet, stake: who.stake, proposal: proposal.address, vote, bump, choice });
    }

    async releaseVote(who, proposal) {
        const [vote] = await this.pda("vote", { proposal: proposal.address, voter: who.address });
        return this.instruction("releaseVote", { voter: who.address, stake: who.stake, proposal: proposal.address, vote });
    }

    closeProposal(who, proposal) {
        return this.instruction("closeProposal", { proposer: who.wallet, stake: who.stake, proposal: proposal.address });
    }

    // A proposal that somebody with nearly all stake has voted for, and that can be executed now.
    async passed(who, action, payload) {
        const proposal = await this.propose(who, action, payload);
        await this.must(proposal.instruction);
        await this.must(await this.vote(who, proposal, client.Choice.Yes));
        this.pass(PARAMS.votingSlots + PARAMS.timeLockSlots);
        return proposal;
    }

    // null for an account that is not there.
    data(address) {
        const found = this.machine.svm.getAccount(address);
        return found?.exists === false || !found || found.data.length === 0 ? null : Buffer.from(found.data);
    }

    lamports(address) {
        return this.machine.svm.getBalance(address) ?? 0n;
    }

    tokens(address) {
        return this.data(address)?.readBigUInt64LE(64);
    }

    supply() {
        return this.data(this.mint).readBigUInt64LE(36);
    }
}

export { SYSTEM, CLOCK, INSTRUCTIONS, LOADER, RENT, client, keyBytes, u64 };
