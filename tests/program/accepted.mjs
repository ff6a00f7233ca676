// Cases of hostile_test.mjs that are not refused, or not by a number of the program's or the token program's, each with its reason. A row
// that no case meets fails the test.

// Whoever pays, or brings a signature of others, may be anybody.
const anybody = [
    "initialize: payer is another wallet",
    "createMint: payer is another wallet",
    "stampAccept: submitter is another wallet",
    "stampReject: submitter is another wallet",
    "enclaveRegister: payer is another wallet",
    "anchorReceipts: payer is another wallet",
    "executeAddMeasurement: payer is another wallet",
];
export const accepted = {
    ...Object.fromEntries(anybody.map((row) => [row, "anybody may"])),
    "stampLock: stamp is at another bump": "several stamps under one key are several payments, and an answer is to one of them",
    "anchorGrant: owner is another wallet": "a grant belongs to whoever anchors its digest first",
};

// The machine's own: a wallet with less than its rent cannot be left behind.
export const otherRefusals = {
    "stampAccept: submitter is a wallet without lamports": /^InsufficientFundsForRent/,
    "stampReject: submitter is a wallet without lamports": /^InsufficientFundsForRent/,
};
