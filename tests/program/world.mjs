// A world in which every instruction of the program can succeed, with accounts of every kind that belong to somebody else.
import * as kit from "@solana/kit";
import { CHAT, CLOCK, Chat, INSTRUCTIONS, LOADER, RENT, SYSTEM, TOKEN, bytes, client, keyBytes, sha256, u64 } from "./chatmcp.mjs";
import { u32 } from "./machine.mjs";
import { Registry } from "./registry.mjs";
import { file } from "./support.mjs";

const { Action, Choice, LogKind } = client;
const TOKEN_ACCOUNT_BYTES = 165;
const MINT_BYTES = 82;
// Kinds of the loader's accounts.
const BUFFER = 1;
const PROGRAM_DATA = 3;

export class World {
    // `stage`: how far the program is set up: deployed, initialized or whole.
    static async start(stage) {
        const world = new World();
        const chat = await Chat.start("default", file("chatmcp-v3"));
        world.chat = chat;
        // Who pays the fees is in no instruction: a signature that is missing there is missing.
        chat.machine.payer = await chat.wallet();
        chat.machine.svm.setClock(Object.assign(chat.machine.svm.getClock(), { unixTimestamp: 1_700_000_000n }));
        if (stage === "whole") {
            await chat.must(chat.initialize());
            await chat.must(chat.createMint());
            world.one = await chat.staker(1000n * CHAT);
            world.other = await chat.staker(100n * CHAT);
            world.registry = await Registry.start(chat, world.one);
            world.zoo = { ...world.strangers(), ...(await world.mine()), ...(await world.ofSomebodyElse()) };
        } else {
            if (stage === "initialized") await chat.must(chat.initialize());
            world.one = { wallet: await chat.wallet() };
            world.other = { wallet: await chat.wallet() };
            world.zoo = world.strangers();
        }
        world.zoo["another wallet"] = world.other.wallet.address;
        world.wallets = { "another wallet": world.other.wallet, "a wallet without lamports": await kit.generateKeyPairSigner() };
        return world;
    }

    // Programs, system variables, and accounts that other programs own, two of them with the bytes of the genuine one.
    strangers() {
        const { chat } = this;
        const [mint, tokens] = [this.plant(TOKEN, this.mintBytes()), this.plant(TOKEN, Buffer.alloc(TOKEN_ACCOUNT_BYTES))];
        const found = {
            "system program": SYSTEM,
            "token program": TOKEN,
            loader: LOADER,
            "this program": chat.program,
            "data of this program": chat.programData,
            clock: CLOCK,
            rent: RENT,
            instructions: INSTRUCTIONS,
            "another mint": mint,
            "tokens of another mint": tokens,
            "nothing there": this.fresh(),
            // Anybody can make these: the loader asks no authority whether it wants to be one.
            "a buffer of the config's": this.plant(LOADER, Buffer.concat([u32(BUFFER), bytes(1), keyBytes(chat.config), Buffer.alloc(64)])),
            "data of another program of the config's": this.plant(
                LOADER, Buffer.concat([u32(PROGRAM_DATA), u64(0), bytes(1), keyBytes(chat.config), Buffer.alloc(64)])),
        };
        for (const kind of ["config", "verifiers"]) {
            const data = chat.data(chat[kind]);
            if (data === null) continue;
            found[`${kind} of another program`] = this.plant(LOADER, data);
            found[`${kind} of no program`] = this.plant(SYSTEM, data);
            found[kind] = chat[kind];
        }
        return found;
    }

    // What there is one of.
    async mine() {
        const { mint, escrowVault, stakeVault, treasuryVault } = this.chat;
        return { mint, "escrow vault": escrowVault, "stake vault": stakeVault, "treasury vault": treasuryVault };
    }

    // Each kind of account, made by the program for `other`.
    async ofSomebodyElse() {
        const { chat, other, registry } = this;
        const [open, rejected] = [await chat.locked(other, CHAT), await chat.locked(other, CHAT)];
        await chat.must(chat.answer(rejected, "reject"), chat.reject(rejected, other));
        const [logHead, logBump] = await chat.pda("logHead", { kind: LogKind.RelayLog, owner: other.address });
        await chat.must(chat.instruction("anchorLog", {
            owner: other.wallet, logHead, bump: logBump, head: sha256(), size: 9n, kind: LogKind.RelayLog,
        }));
        const grant = await this.grant(other, sha256(Buffer.from("another grant")));
        const proposal = await chat.propose(other, Action.SetGuardian, keyBytes(other.address));
        await chat.must(proposal.instruction);
        await chat.must(await chat.vote(other, proposal, Choice.No));
        const [vote] = await chat.pda("vote", { proposal: proposal.address, voter: other.address });
        const adding = await registry.proposeMeasurement("another agent");
        await chat.must(adding.execute());
        await chat.must(...registry.verdict());
        const receipts = await registry.anchored([sha256()]);
        const enclave = registry.entry;
        await registry.renew();
        return {
            "another stake": other.stake,
            "another's tokens": other.tokens,
            "another open stamp": open.address,
            "another rejected stamp": rejected.address,
            "another log head": logHead,
            "another grant": grant,
            "another proposal": proposal.address,
            "another vote": vote,
            "another measurement": adding.measurement,
            "another enclave": enclave,
            "other receipts": receipts.address,
        };
    }

    async grant(who, digest) {
        const [grant, bump] = await this.chat.pda("grant", { digest });
        await this.chat.must(this.chat.instruction("anchorGrant", { owner: who.wallet, grant, bump, digest }));
        return grant;
    }

    fresh() {
        return kit.getAddressDecoder().decode(sha256(Buffer.from(`nothing ${(this.planted = (this.planted ?? 0) + 1)}`)));
    }

    // An account that is there because this test put it there.
    plant(owner, data) {
        const address = this.fresh();
        const lamports = kit.lamports(this.chat.machine.svm.minimumBalanceForRentExemption(BigInt(data.length)));
        this.chat.machine.svm.setAccount({ address, lamports, programAddress: owner, executable: false, space: BigInt(data.length), data });
        return address;
    }

    mintBytes() {
        const mint = Buffer.alloc(MINT_BYTES);
        mint[44] = 6;
        mint[45] = 1;
        return mint;
    }

    // Every account that a transaction could have changed, but for the lamports of whoever pays its fee.
    picture() {
        const { chat } = this;
        const found = new Map();
        for (const owner of [chat.program, TOKEN, SYSTEM, LOADER]) {
            for (const { address, lamports, data } of chat.machine.svm.getProgramAccounts(owner)) {
                const paid = address === chat.machine.payer.address ? 0n : lamports;
                found.set(address, `${owner} ${paid} ${Buffer.from(data).toString("base64")}`);
            }
        }
        return found;
    }
}
