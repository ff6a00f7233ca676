// Methods about accounts of the Token program and of Token-2022.
import type { Address } from "@solana/kit";
import { encodeAccount, readAccountFormat, type AccountReader } from "../account_encoding.ts";
import { readAddress, type Config } from "../params.ts";
import { invalidParams } from "../rpc_error.ts";
import { isTokenProgram, parseMint, parseTokenAccount, uiTokenAmount, type Mint } from "../token.ts";
import { slotOf, withContext, type Methods } from "./method.ts";

const mintAt = (read: AccountReader, address: Address): Mint | undefined => {
    const account = read(address);
    return account && isTokenProgram(account.owner) ? parseMint(account.data) : undefined;
};

// The program to look through, and the mint, if it is asked for.
const readSelection = (selection: Config, read: AccountReader): { program: Address; mint: Address | undefined } => {
    if (selection.get("mint") !== undefined) {
        const mint = readAddress(selection.get("mint"), "mint");
        const program = read(mint)?.owner;
        if (program === undefined) throw invalidParams("Invalid param: could not find mint");
        if (!isTokenProgram(program)) throw invalidParams("Invalid param: not a Token mint");
        return { program, mint };
    }
    const program = readAddress(selection.get("programId"), "programId");
    if (!isTokenProgram(program)) throw invalidParams("Invalid param: unrecognized Token program id");
    return { program, mint: undefined };
};

export const tokenMethods: Methods = {
    getTokenAccountsByOwner: ({ chain }, params) => {
        const config = params.config(2);
        const slot = slotOf(chain, config);
        const read: AccountReader = (address) => chain.account(address, slot);
        const owner = params.address(0);
        const { program, mint } = readSelection(params.object(1), read);
        const format = readAccountFormat(config);
        const found = chain.programAccounts(program, slot).filter(({ data }) => {
            const account = parseTokenAccount(data);
            return account !== undefined && account.owner === owner && (mint === undefined || account.mint === mint);
        });
        const accounts = found.map((account) => ({ pubkey: account.address, account: encodeAccount(account, format, read) }));
        return withContext(slot, accounts);
    },

    getTokenAccountBalance: ({ chain }, params) => {
        const slot = slotOf(chain, params.config(1));
        const read: AccountReader = (address) => chain.account(address, slot);
        const account = read(params.address(0));
        if (account === undefined) throw invalidParams("Invalid param: could not find account");
        const token = isTokenProgram(account.owner) ? parseTokenAccount(account.data) : undefined;
        if (token === undefined) throw invalidParams("Invalid param: not a Token account");
        const mint = mintAt(read, token.mint);
        if (mint === undefined) throw invalidParams("Invalid param: could not find mint");
        return withContext(slot, uiTokenAmount(token.amount, mint.decimals));
    },

    getTokenSupply: ({ chain }, params) => {
        const slot = slotOf(chain, params.config(1));
        const read: AccountReader = (address) => chain.account(address, slot);
        const address = params.address(0);
        if (read(address) === undefined) throw invalidParams("Invalid param: could not find account");
        const mint = mintAt(read, address);
        if (mint === undefined) throw invalidParams("Invalid param: not a Token mint");
        return withContext(slot, uiTokenAmount(mint.supply, mint.decimals));
    },
};
