// Airdrops: transfers that the faucet's test key signs, landed like any other transaction.
import {
    address, appendTransactionMessageInstructions, compileTransaction, createTransactionMessage, getBase64EncodedWireTransaction, pipe,
    setTransactionMessageFeePayer, setTransactionMessageLifetimeUsingBlockhash, type Address, type Blockhash, type Instruction,
} from "@solana/kit";
import { testKeys } from "./keys.ts";
import { decodeTransaction, systemProgram, type DecodedTransaction } from "./transaction.ts";

const memoProgram = address("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
const transferTag = 2;
const writable = 1;
const writableSigner = 3;

// `number` makes two airdrops in one slot two transactions.
export const faucetTransaction = (recipient: Address, amount: bigint, blockhash: string, number: number): DecodedTransaction => {
    const data = Buffer.alloc(12);
    data.writeUInt32LE(transferTag);
    data.writeBigUInt64LE(amount, 4);
    const { faucet } = testKeys;
    const accounts = [{ address: faucet.address, role: writableSigner }, { address: recipient, role: writable }];
    const instructions: Instruction[] = [
        { programAddress: systemProgram, accounts, data },
        { programAddress: memoProgram, data: Buffer.from(`airdrop ${number}`) },
    ];
    const message = pipe(
        createTransactionMessage({ version: "legacy" }),
        (m) => setTransactionMessageFeePayer(faucet.address, m),
        (m) => setTransactionMessageLifetimeUsingBlockhash({ blockhash: blockhash as Blockhash, lastValidBlockHeight: 0n }, m),
        (m) => appendTransactionMessageInstructions(instructions, m),
    );
    const transaction = compileTransaction(message);
    const signature = faucet.sign(new Uint8Array(transaction.messageBytes));
    const signed = { ...transaction, signatures: { [faucet.address]: signature } };
    return decodeTransaction(getBase64EncodedWireTransaction(signed as typeof transaction), "base64");
};
