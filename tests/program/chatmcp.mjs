// The program of program/ in a machine: its instructions, written from the tables of program/include, and what they need.
import { generateKeyPairSync, createHash, sign } from "node:crypto";
import * as kit from "@solana/kit";
import { Machine, SYSTEM, CLOCK, keyBytes, u64 } from "./machine.mjs";

export const TOKEN = kit.address("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
const ASSOCIATED_TOKEN = kit.address("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
const ED25519 = kit.address("Ed25519SigVerify111111111111111111111111111");
const INSTRUCTIONS = kit.address("Sysvar1nstructions1111111111111111111111111");
const LOADER = kit.address("BPFLoaderUpgradeab1e11111111111111111111111");

export const CHAT = 1_000_000n;
export const SUPPLY = 1_000_000_000n * CHAT;
export const SLOTS_PER_DAY = 216_000n;

export const PARAMS = {
    chat_price_lamports: 1_000_000n,
    stamp_price_min: CHAT,
    stamp_price_max: 100n * CHAT,
    stamp_price_rejections: 10n,
    stamp_open_slots: 14n * SLOTS_PER_DAY,
    stamp_admission_slots: SLOTS_PER_DAY,
    stamp_submit_fee_lamports: 15_000n,
    stake_per_contact: 10n * CHAT,
    stake_contacts_per_day_max: 20n,
    unstake_delay_slots: SLOTS_PER_DAY,
    proposal_stake_min: 100n * CHAT,
    voting_slots: 3n * SLOTS_PER_DAY,
    time_lock_slots: 7n * SLOTS_PER_DAY,
    execution_slots: 7n * SLOTS_PER_DAY,
    quorum_basis_points: 1000n,
    pause_slots: SLOTS_PER_DAY,
    verdict_slots_max: 30n * SLOTS_PER_DAY,
};
export const paramsBytes = (params) => Buffer.concat(Object.values(params).map(u64));

const NUMBERS = Object.fromEntries(
    ("initialize create_mint buy stake request_unstake withdraw stamp_lock stamp_accept stamp_reject stamp_reclaim enclave_register " +
        "enclave_revoke anchor_log anchor_receipts verify_receipt anchor_grant close_grant propose vote cancel_proposal release_vote " +
        "close_proposal execute_config execute_verifiers execute_add_measurement execute_revoke execute_pay_chat " +
        "execute_pay_lamports execute_upgrade execute_upgrade_authority pause")
        .split(" ")
        .map((name, index) => [name, index + 1]),
);

export const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
export const bytes = (...values) => Buffer.from(values);

// A key of nobody's wallet: one-time keys, verifiers, enclaves.
export function signingKey() {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    return {
        key: Buffer.from(publicKey.export({ format: "jwk" }).x, "base64url"),
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
        chat.genesis = sha256(Buffer.from("genesis"));
        chat.guardian = await kit.generateKeyPairSigner();
        const pda = (...seeds) => chat.pda(...seeds);
        [[chat.config, chat.configBump], [chat.verifiers, chat.verifiersBump], [chat.mint, chat.mintBump], [chat.escrow, chat.escrowBump],
            [chat.stakes, chat.stakesBump], [chat.treasury, chat.treasuryBump]] = await Promise.all(
            ["config", "verifiers", "mint", "escrow", "stakes", "treasury"].map((name) => pda(name)));
        [chat.programData, chat.programDataBump] = await kit.getProgramDerivedAddress({ programAddress: LOADER, seeds: [keyBytes(address)] });
        return chat;
    }

    pda(...seeds) {
        return kit.getProgramDerivedAddress({ programAddress: this.program, seeds });
    }

    // `accounts`: [address or signer, "r", "w", "s" or "sw"].
    instruction(name, bump, accounts, ...data) {
        const roles = { r: kit.AccountRole.READONLY, w: kit.AccountRole.WRITABLE, s: kit.AccountRole.READONLY_SIGNER, sw: kit.AccountRole.WRITABLE_SIGNER };
        return {
            programAddress: this.program,
            accounts: accounts.map(([who, role]) =>
                typeof who === "string" ? { address: who, role: roles[role] } : { address: who.address, role: roles[role], signer: who }),
            data: Buffer.concat([bytes(NUMBERS[name], bump, 0, 0, 0, 0, 0, 0), ...data]),
        };
    }

    send(...instructions) {
        return this.machine.send(...instructions);
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
        const { payer } = this.machine;
        return this.instruction("initialize", this.configBump,
            [[payer, "sw"], [change.authority ?? payer, "s"], [this.programData, "r"], [this.config, "w"], [this.verifiers, "w"], [SYSTEM, "r"]],
            keyBytes(this.guardian.address), this.genesis, paramsBytes(change.params ?? PARAMS),
            bytes(this.verifiersBump, this.programDataBump, 0, 0, 0, 0, 0, 0));
    }

    createMint() {
        return this.instruction("create_mint", 0,
            [[this.machine.payer, "sw"], [this.config, "w"], [this.mint, "w"], [this.escrow, "w"], [this.stakes, "w"], [this.treasury, "w"],
                [TOKEN, "r"], [SYSTEM, "r"]],
            bytes(this.mintBump, this.escrowBump, this.stakesBump, this.treasuryBump, 0, 0, 0, 0));
    }

    async setUp() {
        await this.must(this.initialize());
        await this.must(this.createMint());
    }

    // A wallet with lamports, an empty token account and its stake's address.
    async person() {
        const wallet = await kit.generateKeyPairSigner();
        this.machine.svm.airdrop(wallet.address, kit.lamports(100_000_000_000n));
        const [tokens] = await kit.getProgramDerivedAddress({
            programAddress: ASSOCIATED_TOKEN,
            seeds: [keyBytes(wallet.address), keyBytes(TOKEN), keyBytes(this.mint)],
        });
        const { payer } = this.machine;
        await this.must({
            programAddress: ASSOCIATED_TOKEN,
            accounts: [
                { address: payer.address, role: kit.AccountRole.WRITABLE_SIGNER, signer: payer },
                { address: tokens, role: kit.AccountRole.WRITABLE },
                ...[wallet.address, this.mint, SYSTEM, TOKEN].map((address) => ({ address, role: kit.AccountRole.READONLY })),
            ],
            data: bytes(1),
        });
        const [stake, stakeBump] = await this.pda("stake", keyBytes(wallet.address));
        return { wallet, address: wallet.address, tokens, stake, stakeBump };
    }

    buy(who, amount, lamportsMax = 1n << 62n) {
        return this.instruction("buy", 0,
            [[who.wallet, "sw"], [this.config, "w"], [who.tokens, "w"], [this.treasury, "w"], [this.mint, "r"], [TOKEN, "r"], [SYSTEM, "r"]],
            u64(amount), u64(lamportsMax));
    }

    stake(who, amount) {
        return this.instruction("stake", who.stakeBump,
            [[who.wallet, "sw"], [this.config, "w"], [who.stake, "w"], [who.tokens, "w"], [this.stakes, "w"], [this.mint, "r"], [TOKEN, "r"], [SYSTEM, "r"]],
            u64(amount));
    }

    requestUnstake(who, amount) {
        return this.instruction("request_unstake", 0, [[who.wallet, "s"], [this.config, "w"], [who.stake, "w"]], u64(amount));
    }

    withdraw(who) {
        return this.instruction("withdraw", 0,
            [[who.wallet, "sw"], [this.config, "r"], [who.stake, "w"], [who.tokens, "w"], [this.stakes, "w"], [this.mint, "r"], [TOKEN, "r"]]);
    }

    async stamp(sender, amount) {
        const recipient = signingKey();
        const [address, bump] = await this.pda("stamp", recipient.key);
        const lock = this.instruction("stamp_lock", bump,
            [[sender.wallet, "sw"], [this.config, "r"], [address, "w"], [sender.tokens, "w"], [this.escrow, "w"], [this.mint, "r"], [TOKEN, "r"], [SYSTEM, "r"]],
            recipient.key, u64(amount));
        return { recipient, address, sender, lock };
    }

    // What the recipient signs. `verb` is accept or reject.
    answerDigest(stamp, verb) {
        return sha256(Buffer.from(`chatmcp ${verb} 1`), this.genesis, keyBytes(this.program), keyBytes(stamp.address), u64(stamp.lockedSlot));
    }

    accept(stamp, submitter, at = bytes(0, 0)) {
        return this.instruction("stamp_accept", 0,
            [[submitter.wallet, "sw"], [this.config, "r"], [stamp.address, "w"], [stamp.sender.address, "w"], [stamp.sender.tokens, "w"],
                [this.escrow, "w"], [this.mint, "r"], [INSTRUCTIONS, "r"], [TOKEN, "r"]],
            at, Buffer.alloc(6));
    }

    reject(stamp, submitter, at = bytes(0, 0)) {
        return this.instruction("stamp_reject", 0,
            [[submitter.wallet, "sw"], [this.config, "r"], [stamp.address, "w"], [this.escrow, "w"], [this.mint, "w"], [INSTRUCTIONS, "r"], [TOKEN, "r"]],
            at, Buffer.alloc(6));
    }

    reclaim(stamp) {
        return this.instruction("stamp_reclaim", 0,
            [[stamp.sender.wallet, "sw"], [this.config, "r"], [stamp.address, "w"], [stamp.sender.tokens, "w"], [this.escrow, "w"], [this.mint, "r"], [TOKEN, "r"]]);
    }

    // The proposal's account, as many as there are with this one.
    async propose(who, action, payload) {
        const number = Buffer.from(this.data(this.config)).readBigUInt64LE(208);
        const [address, bump] = await this.pda("proposal", u64(number));
        const instruction = this.instruction("propose", bump,
            [[who.wallet, "sw"], [this.config, "w"], [who.stake, "w"], [address, "w"], [SYSTEM, "r"]],
            sha256(Buffer.from("why")), bytes(action, 0, 0, 0, 0, 0, 0, 0), payload);
        return { address, instruction };
    }

    async vote(who, proposal, choice) {
        const [address, bump] = await this.pda("vote", keyBytes(proposal.address), keyBytes(who.address));
        return this.instruction("vote", bump,
            [[who.wallet, "sw"], [who.stake, "w"], [proposal.address, "w"], [address, "w"], [SYSTEM, "r"]], bytes(choice, 0, 0, 0, 0, 0, 0, 0));
    }

    async releaseVote(who, proposal) {
        const [address] = await this.pda("vote", keyBytes(proposal.address), keyBytes(who.address));
        return this.instruction("release_vote", 0, [[who.address, "w"], [who.stake, "w"], [proposal.address, "w"], [address, "w"]]);
    }

    closeProposal(who, proposal) {
        return this.instruction("close_proposal", 0, [[who.wallet, "sw"], [who.stake, "w"], [proposal.address, "w"]]);
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
        return this.data(address).readBigUInt64LE(64);
    }

    supply() {
        return this.data(this.mint).readBigUInt64LE(36);
    }
}

export { SYSTEM, CLOCK, INSTRUCTIONS, keyBytes, u64 };
