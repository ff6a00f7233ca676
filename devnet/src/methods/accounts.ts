// Methods that read accounts.
import type { Address } from "@solana/kit";
import { encodeAccount, readAccountFormat, readFilters, type AccountReader } from "../account_encoding.ts";
import { multipleAccountsMax } from "../limits.ts";
import { readAddress } from "../params.ts";
import { slotOf, withContext, type Methods } from "./method.ts";

export const accountMethods: Methods = {
    getBalance: ({ chain }, params) => {
        const slot = slotOf(chain, params.config(1));
        return withContext(slot, chain.account(params.address(0), slot)?.lamports ?? 0);
    },

    getAccountInfo: ({ chain }, params) => {
        const config = params.config(1);
        const slot = slotOf(chain, config);
        const read: AccountReader = (address) => chain.account(address, slot);
        const account = read(params.address(0));
        const format = readAccountFormat(config);
        return withContext(slot, account === undefined ? null : encodeAccount(account, format, read));
    },

    getMultipleAccounts: ({ chain }, params) => {
        const config = params.config(1);
        const slot = slotOf(chain, config);
        const read: AccountReader = (address) => chain.account(address, slot);
        const addresses = params.list(0, multipleAccountsMax).map((address): Address => readAddress(address, "account"));
        const format = readAccountFormat(config, "base64");
        const accounts = addresses.map((address) => read(address)).map((account) => (account === undefined ? null : encodeAccount(account, format, read)));
        return withContext(slot, accounts);
    },

    getProgramAccounts: ({ chain }, params) => {
        const config = params.config(1);
        const slot = slotOf(chain, config);
        const read: AccountReader = (address) => chain.account(address, slot);
        const format = readAccountFormat(config);
        const filters = readFilters(config);
        const found = chain.programAccounts(params.address(0), slot).filter(({ data }) => filters.every((filter) => filter(data)));
        const accounts = found.map((account) => ({ pubkey: account.address, account: encodeAccount(account, format, read) }));
        return config.boolean("withContext") ? withContext(slot, accounts) : accounts;
    },
};
