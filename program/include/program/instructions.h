#pragma once

#include "program/governance_instructions.h"
#include "program/instruction_header.h"

namespace chatmcp::program {

/// Where a signature stands in the transaction: the instruction of the Ed25519 program, and which
/// of its signatures.
struct SignatureAt {
    uint8_t instruction;
    uint8_t signature;
};

/// Sets the program up, once. By its upgrade authority.
struct Initialize {
    static constexpr InstructionKind kKind = InstructionKind::initialize;
    template <class A>
    struct Accounts {
        WritableSigner<A> payer;
        SignerMayRepeat<A> upgrade_authority;
        Readonly<A> program_data;  // Of the loader: names the upgrade authority.
        Writable<A> config;
        Writable<A> verifiers;
        Readonly<A> system_program;
    };
    struct Data {
        InstructionHeader header;
        Key guardian;
        Digest genesis_hash;
        Params params;
        uint8_t verifiers_bump;
        uint8_t program_data_bump;
        uint8_t reserved[6];
    };
};

/// Makes CHAT and the vaults: all of it goes to the treasury, and nobody can make more.
struct CreateMint {
    static constexpr InstructionKind kKind = InstructionKind::create_mint;
    template <class A>
    struct Accounts {
        WritableSigner<A> payer;
        Writable<A> config;
        Writable<A> mint;
        Writable<A> escrow_vault;
        Writable<A> stake_vault;
        Writable<A> treasury_vault;
        Readonly<A> token_program;
        Readonly<A> system_program;
    };
    struct Data {
        InstructionHeader header;
        uint8_t mint_bump;
        uint8_t escrow_bump;
        uint8_t stake_bump;
        uint8_t treasury_bump;
        uint8_t reserved[4];
    };
};

/// CHAT from the treasury for lamports, at the governed price.
struct Buy {
    static constexpr InstructionKind kKind = InstructionKind::buy;
    template <class A>
    struct Accounts {
        WritableSigner<A> buyer;
        Writable<A> config;  // Takes the lamports.
        Writable<A> buyer_tokens;
        Writable<A> treasury_vault;
        Readonly<A> mint;
        Readonly<A> token_program;
        Readonly<A> system_program;
    };
    struct Data {
        InstructionHeader header;
        uint64_t amount;
        uint64_t lamports_max;  // More than this is refused.
    };
};

/// Puts CHAT into the owner's stake, which is made if there is none.
struct AddStake {
    static constexpr InstructionKind kKind = InstructionKind::stake;
    template <class A>
    struct Accounts {
        WritableSigner<A> owner;
        Writable<A> config;
        Writable<A> stake;
        Writable<A> owner_tokens;
        Writable<A> stake_vault;
        Readonly<A> mint;
        Readonly<A> token_program;
        Readonly<A> system_program;
    };
    struct Data {
        InstructionHeader header;
        uint64_t amount;
    };
};

/// Takes an amount out of what counts; it can be withdrawn after the delay. Asking again starts the
/// delay anew for all of it.
struct RequestUnstake {
    static constexpr InstructionKind kKind = InstructionKind::request_unstake;
    template <class A>
    struct Accounts {
        Signer<A> owner;
        Writable<A> config;
        Writable<A> stake;
    };
    struct Data {
        InstructionHeader header;
        uint64_t amount;
    };
};

/// Pays out what was asked for, once the delay is over. A stake with nothing left is closed.
struct Withdraw {
    static constexpr InstructionKind kKind = InstructionKind::withdraw;
    template <class A>
    struct Accounts {
        WritableSigner<A> owner;
        Readonly<A> config;
        Writable<A> stake;
        Writable<A> owner_tokens;
        Writable<A> stake_vault;
        Readonly<A> mint;
        Readonly<A> token_program;
    };
    struct Data {
        InstructionHeader header;
    };
};

/// Locks CHAT under a one-time key that only its recipient can sign with.
struct StampLock {
    static constexpr InstructionKind kKind = InstructionKind::stamp_lock;
    template <class A>
    struct Accounts {
        WritableSigner<A> sender;
        Readonly<A> config;
        Writable<A> stamp;
        Writable<A> sender_tokens;
        Writable<A> escrow_vault;
        Readonly<A> mint;
        Readonly<A> token_program;
        Readonly<A> system_program;
    };
    struct Data {
        InstructionHeader header;
        Key one_time_key;
        uint64_t amount;
    };
};

/// Brings the recipient's signature that lets the sender have the stamp back. Anybody may bring it,
/// for a small fee from the rent of the stamp, which is closed.
struct StampAccept {
    static constexpr InstructionKind kKind = InstructionKind::stamp_accept;
    template <class A>
    struct Accounts {
        WritableSigner<A> submitter;
        Readonly<A> config;
        Writable<A> stamp;
        WritableMayRepeat<A> sender;
        Writable<A> sender_tokens;
        Writable<A> escrow_vault;
        Readonly<A> mint;
        Readonly<A> instructions_sysvar;
        Readonly<A> token_program;
    };
    struct Data {
        InstructionHeader header;
        SignatureAt signature;
        uint8_t reserved[6];
    };
};

/// Brings the recipient's signature that burns the stamp. The account stays until the stamp expires
/// and counts as rejected.
struct StampReject {
    static constexpr InstructionKind kKind = InstructionKind::stamp_reject;
    template <class A>
    struct Accounts {
        WritableSigner<A> submitter;
        Readonly<A> config;
        Writable<A> stamp;
        Writable<A> escrow_vault;
        Writable<A> mint;
        Readonly<A> instructions_sysvar;
        Readonly<A> token_program;
    };
    struct Data {
        InstructionHeader header;
        SignatureAt signature;
        uint8_t reserved[6];
    };
};

/// Gives the sender what an expired stamp still holds, and its rent.
struct StampReclaim {
    static constexpr InstructionKind kKind = InstructionKind::stamp_reclaim;
    template <class A>
    struct Accounts {
        WritableSigner<A> sender;
        Readonly<A> config;
        Writable<A> stamp;
        Writable<A> sender_tokens;
        Writable<A> escrow_vault;
        Readonly<A> mint;
        Readonly<A> token_program;
    };
    struct Data {
        InstructionHeader header;
    };
};

/// Registers an enclave, or renews its entry, by a verdict that a quorum of verifiers signed in one
/// instruction of the Ed25519 program.
struct EnclaveRegister {
    static constexpr InstructionKind kKind = InstructionKind::enclave_register;
    template <class A>
    struct Accounts {
        WritableSigner<A> payer;
        Readonly<A> config;
        Readonly<A> verifiers;
        Readonly<A> measurement;
        Writable<A> enclave;
        Readonly<A> instructions_sysvar;
        Readonly<A> system_program;
    };
    struct Data {
        InstructionHeader header;
        Key enclave_key;
        Digest evidence_digest;
        Digest host_id_commitment;
        uint64_t verifier_set_version;
        uint64_t collateral_evaluation_number;
        uint64_t slot;
        uint64_t expires_slot;
        VerdictRoute route;
        uint8_t signature_instruction;
        uint8_t reserved[6];
    };
};

/// Revokes an enclave for ever, by a statement that a quorum of verifiers signed.
struct EnclaveRevoke {
    static constexpr InstructionKind kKind = InstructionKind::enclave_revoke;
    template <class A>
    struct Accounts {
        Readonly<A> config;
        Readonly<A> verifiers;
        Writable<A> enclave;
        Readonly<A> instructions_sysvar;
    };
    struct Data {
        InstructionHeader header;
        RevocationReason reason;
        uint8_t signature_instruction;
        uint8_t reserved[6];
    };
};

/// Anchors the newest head of the owner's log. It can only grow.
struct AnchorLog {
    static constexpr InstructionKind kKind = InstructionKind::anchor_log;
    template <class A>
    struct Accounts {
        WritableSigner<A> owner;
        Writable<A> log_head;
        Readonly<A> system_program;
    };
    struct Data {
        InstructionHeader header;
        Digest head;
        uint64_t size;
        LogKind kind;
        uint8_t reserved[7];
    };
};

/// Anchors an enclave's next batch of receipts. Anybody may bring it; nobody but the enclave can
/// have signed it.
struct AnchorReceipts {
    static constexpr InstructionKind kKind = InstructionKind::anchor_receipts;
    template <class A>
    struct Accounts {
        WritableSigner<A> payer;
        Readonly<A> config;
        Writable<A> enclave;
        Writable<A> receipts;
        Readonly<A> instructions_sysvar;
        Readonly<A> system_program;
    };
    struct Data {
        InstructionHeader header;
        Digest root;
        uint64_t count;
        SignatureAt signature;
        uint8_t reserved[6];
    };
};

/// A digest on the way from a leaf to the root, and most of them in one instruction.
inline constexpr uint64_t kProofMax = 24;

/// Succeeds if the receipt is in the batch. The digests of the proof follow, from the leaf's
/// neighbour up (RFC 9162 section 2.1.3).
struct VerifyReceipt {
    static constexpr InstructionKind kKind = InstructionKind::verify_receipt;
    template <class A>
    struct Accounts {
        Readonly<A> receipts;
    };
    struct Data {
        InstructionHeader header;
        uint64_t index;  // In the batch, from zero.
        Digest leaf;     // Its leaf hash.
        /// Then up to kProofMax digests.
        using Tail = Digest;
    };
};

/// Anchors the digest of a grant.
struct AnchorGrant {
    static constexpr InstructionKind kKind = InstructionKind::anchor_grant;
    template <class A>
    struct Accounts {
        WritableSigner<A> owner;
        Writable<A> grant;
        Readonly<A> system_program;
    };
    struct Data {
        InstructionHeader header;
        Digest digest;
    };
};

/// Closes the account of a grant; its rent goes to its owner.
struct CloseGrant {
    static constexpr InstructionKind kKind = InstructionKind::close_grant;
    template <class A>
    struct Accounts {
        WritableSigner<A> owner;
        Writable<A> grant;
    };
    struct Data {
        InstructionHeader header;
    };
};

/// Stops, for a while, what takes money or gives trust.
struct Pause {
    static constexpr InstructionKind kKind = InstructionKind::pause;
    template <class A>
    struct Accounts {
        Signer<A> guardian;
        Writable<A> config;
    };
    struct Data {
        InstructionHeader header;
    };
};

static_assert(sizeof(Initialize::Data) == 8 + 32 + 32 + 136 + 8);
static_assert(sizeof(EnclaveRegister::Data) == 8 + 3 * 32 + 4 * 8 + 8);
static_assert(sizeof(StampLock::Data) == 48 && sizeof(StampAccept::Data) == 16);

}  // namespace chatmcp::program
