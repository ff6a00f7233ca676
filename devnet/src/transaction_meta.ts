// What is kept of a transaction's execution, in the RPC's form.
import { getBase58Decoder, type Address } from "@solana/kit";
import type { TransactionMetadata } from "litesvm";
import type { Account } from "./account_history.ts";
import type { InnerInstructions, ReturnData, TokenBalance } from "./ledger.ts";
import { isTokenProgram, parseMint, parseTokenAccount, uiTokenAmount } from "./token.ts";
import type { Message } from "./transaction.ts";

const memoPrograms: ReadonlySet<string> = new Set(["Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo", "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"]);

const base58 = getBase58Decoder();

export const logsOf = (meta: TransactionMetadata): string[] => meta.logs();

export const innerInstructionsOf = (meta: TransactionMetadata): InnerInstructions[] =>
    meta.innerInstructions()
        .map((list, index) => ({
            index,
            instructions: list.map((inner) => {
                const instruction = inner.instruction();
                return {
                    programIdIndex: instruction.programIdIndex(),
                    accounts: [...instruction.accounts()],
                    data: base58.decode(instruction.data()),
                    stackHeight: inner.stackHeight(),
                };
            }),
        }))
        .filter(({ instructions }) => instructions.length > 0);

export const returnDataOf = (meta: TransactionMetadata): ReturnData | null => {
    const returned = meta.returnData();
    const data = returned.data();
    if (data.length === 0) return null;
    return { programId: base58.decode(returned.programId()) as Address, data: [Buffer.from(data).toString("base64"), "base64"] };
};

export const tokenBalancesOf = (accounts: readonly (Account | undefined)[], accountOf: (mint: Address) => Account | undefined): TokenBalance[] => {
    const balances: TokenBalance[] = [];
    accounts.forEach((account, accountIndex) => {
        const token = account && isTokenProgram(account.owner) ? parseTokenAccount(account.data) : undefined;
        const mintAccount = token && accountOf(token.mint);
        const mint = mintAccount && parseMint(mintAccount.data);
        if (account === undefined || token === undefined || mint === undefined) return;
        const amount = uiTokenAmount(token.amount, mint.decimals);
        balances.push({ accountIndex, mint: token.mint, owner: token.owner, programId: account.owner, uiTokenAmount: amount });
    });
    return balances;
};

// "[2] hi", as getSignaturesForAddress shows it.
export const memoOf = (message: Message): string | null => {
    const memos = message.instructions
        .filter(({ programIndex }) => memoPrograms.has(message.staticAccounts[programIndex] ?? ""))
        .map(({ data }) => `[${data.length}] ${Buffer.from(data).toString("utf8")}`);
    return memos.length === 0 ? null : memos.join("; ");
};
