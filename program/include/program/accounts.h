#pragma once

#include "program/params.h"
#include "program/types.h"

namespace chatmcp::program {

/// The first byte of every account of the program. Zero is an account that was never made.
enum class AccountKind : uint8_t {
    none = 0,
    config = 1,
    verifiers = 2,
    stake = 3,
    stamp = 4,
    measurement = 5,
    enclave = 6,
    log_head = 7,
    receipts = 8,
    grant = 9,
    proposal = 10,
    vote = 11,
};

inline constexpr uint8_t kAccountVersion = 1;

struct AccountHeader {
    AccountKind discriminator;
    uint8_t version;
    uint8_t bump;  // Last seed of its address.
    uint8_t reserved[5];
};
static_assert(sizeof(AccountHeader) == 8);

/// The program's one account of settings. It owns the vaults and signs for the program.
/// Seeds: "config".
struct Config {
    static constexpr AccountKind kKind = AccountKind::config;
    static constexpr char kSeed[] = "config";

    AccountHeader header;
    Key mint;            // CHAT, of Token-2022. Seeds: "mint".
    Key escrow_vault;    // What stamps hold. Seeds: "escrow".
    Key stake_vault;     // What is staked and what waits to be withdrawn. Seeds: "stakes".
    Key treasury_vault;  // What is for sale or to be paid by governance. Seeds: "treasury".
    Key guardian;        // May pause, and nothing else.
    Digest
        genesis_hash;  // Of the cluster: statements signed for one cluster say nothing on another.
    uint64_t staked_total;
    uint64_t proposals_count;
    uint64_t paused_until_slot;
    uint64_t pause_allowed_slot;  // The guardian cannot pause again before.
    Params params;
};
static_assert(sizeof(Config) == 368);
static_assert(__builtin_offsetof(Config, mint) == 8);
static_assert(__builtin_offsetof(Config, escrow_vault) == 40);
static_assert(__builtin_offsetof(Config, stake_vault) == 72);
static_assert(__builtin_offsetof(Config, treasury_vault) == 104);
static_assert(__builtin_offsetof(Config, guardian) == 136);
static_assert(__builtin_offsetof(Config, genesis_hash) == 168);
static_assert(__builtin_offsetof(Config, staked_total) == 200);
static_assert(__builtin_offsetof(Config, params) == 232);

inline constexpr uint8_t kVerifiersMax = 16;

/// Whose signatures make a verdict on an enclave. Seeds: "verifiers".
struct Verifiers {
    static constexpr AccountKind kKind = AccountKind::verifiers;
    static constexpr char kSeed[] = "verifiers";

    AccountHeader header;
    uint64_t set_version;  // Grows with every change; verdicts name it.
    uint8_t threshold;     // So many distinct ones have to sign. Zero: nobody can register.
    uint8_t count;
    uint8_t reserved[6];
    Key keys[kVerifiersMax];
};
static_assert(sizeof(Verifiers) == 536);
static_assert(__builtin_offsetof(Verifiers, set_version) == 8);
static_assert(__builtin_offsetof(Verifiers, threshold) == 16);
static_assert(__builtin_offsetof(Verifiers, keys) == 24);

/// What somebody has staked. Seeds: "stake", owner.
struct Stake {
    static constexpr AccountKind kKind = AccountKind::stake;
    static constexpr char kSeed[] = "stake";

    AccountHeader header;
    Key owner;
    uint64_t amount;          // Counts for votes and first contacts.
    uint64_t pending;         // Asked to be unstaked; counts for nothing.
    uint64_t available_slot;  // From when on `pending` can be withdrawn.
    uint64_t increased_slot;  // When `amount` last grew.
    uint64_t open_votes;      // Votes and proposals that hold it.
};
static_assert(sizeof(Stake) == 80);
static_assert(__builtin_offsetof(Stake, owner) == 8);
static_assert(__builtin_offsetof(Stake, amount) == 40);
static_assert(__builtin_offsetof(Stake, available_slot) == 56);
static_assert(__builtin_offsetof(Stake, open_votes) == 72);

enum class StampStatus : uint8_t { open = 1, rejected = 2 };

/// CHAT that somebody locked to write to somebody who is not named. Accepted ones are closed at
/// once, rejected ones stay until they expire, so that anybody can count them. Seeds: "stamp",
/// one_time_key.
struct Stamp {
    static constexpr AccountKind kKind = AccountKind::stamp;
    static constexpr char kSeed[] = "stamp";

    AccountHeader header;
    Key one_time_key;  // Only the recipient can sign with it.
    Key sender;
    uint64_t amount;  // Zero once it is rejected.
    uint64_t locked_slot;
    uint64_t expires_slot;   // From then on the sender has it back.
    uint64_t rejected_slot;  // Zero while it is open.
    StampStatus status;
    uint8_t reserved[7];
};
static_assert(sizeof(Stamp) == 112);
static_assert(__builtin_offsetof(Stamp, one_time_key) == 8);
static_assert(__builtin_offsetof(Stamp, sender) == 40);
static_assert(__builtin_offsetof(Stamp, amount) == 72);
static_assert(__builtin_offsetof(Stamp, locked_slot) == 80);
static_assert(__builtin_offsetof(Stamp, expires_slot) == 88);
static_assert(__builtin_offsetof(Stamp, rejected_slot) == 96);
static_assert(__builtin_offsetof(Stamp, status) == 104);

/// Kinds of evidence. Numbers are those of no other registry.
enum class EvidenceKind : uint8_t {
    simulated = 1,
    sgx = 2,
    tdx = 3,
    sev_snp = 4,
    nitro = 5,
    cca = 6,
};

enum class EntryStatus : uint8_t { active = 1, revoked = 2 };

enum class RevocationReason : uint8_t {
    none = 0,
    unspecified = 1,
    key_compromise = 2,
    vulnerable_code = 3,
    vulnerable_platform = 4,
    superseded = 5,
};

/// A measurement that governance let in. Seeds: "measurement", kind, digest[0..32],
/// digest[32..64].
struct Measurement {
    static constexpr AccountKind kKind = AccountKind::measurement;
    static constexpr char kSeed[] = "measurement";

    AccountHeader header;
    EvidenceKind kind;
    uint8_t digest_bytes;
    EntryStatus status;
    RevocationReason reason;
    uint8_t reserved[4];
    MeasurementDigest digest;
    Label label;
    uint64_t not_before_unix_s;
    uint64_t not_after_unix_s;
};
static_assert(sizeof(Measurement) == 128);
static_assert(__builtin_offsetof(Measurement, kind) == 8);
static_assert(__builtin_offsetof(Measurement, status) == 10);
static_assert(__builtin_offsetof(Measurement, digest) == 16);
static_assert(__builtin_offsetof(Measurement, label) == 80);
static_assert(__builtin_offsetof(Measurement, not_before_unix_s) == 112);

/// How a verdict came to be: by verifiers outside, or by the program itself (of a later version).
enum class VerdictRoute : uint8_t { verifiers = 1, program = 2 };

/// An enclave that a quorum of verifiers examined. It takes trust away alone: a client accepts an
/// enclave by its own verification and an entry that is active, never by an entry alone. Seeds:
/// "enclave", enclave_key.
struct Enclave {
    static constexpr AccountKind kKind = AccountKind::enclave;
    static constexpr char kSeed[] = "enclave";

    AccountHeader header;
    EntryStatus status;
    RevocationReason reason;
    VerdictRoute route;
    uint8_t reserved[5];
    Key enclave_key;
    Key measurement;  // Account of this program.
    Digest evidence_digest;
    Digest host_id_commitment;  // Salted: it names no machine.
    uint64_t verifier_set_version;
    uint64_t collateral_evaluation_number;
    uint64_t verdict_slot;
    uint64_t expires_slot;
    uint64_t receipts_batches;  // Batches of receipts anchored so far.
    uint64_t receipts_count;    // Receipts in them.
};
static_assert(sizeof(Enclave) == 192);
static_assert(__builtin_offsetof(Enclave, status) == 8);
static_assert(__builtin_offsetof(Enclave, enclave_key) == 16);
static_assert(__builtin_offsetof(Enclave, measurement) == 48);
static_assert(__builtin_offsetof(Enclave, evidence_digest) == 80);
static_assert(__builtin_offsetof(Enclave, verifier_set_version) == 144);
static_assert(__builtin_offsetof(Enclave, expires_slot) == 168);

enum class LogKind : uint8_t { device_log = 1, relay_log = 2 };

/// The newest head of a log that only grows. Seeds: "log", kind, owner.
struct LogHead {
    static constexpr AccountKind kKind = AccountKind::log_head;
    static constexpr char kSeed[] = "log";

    AccountHeader header;
    LogKind kind;
    uint8_t reserved[7];
    Key owner;
    Digest head;
    uint64_t size;  // Entries in it.
    uint64_t slot;
};
static_assert(sizeof(LogHead) == 96);
static_assert(__builtin_offsetof(LogHead, owner) == 16);
static_assert(__builtin_offsetof(LogHead, head) == 48);

/// Root of a batch of receipts, signed by the enclave. Seeds: "receipts", enclave_key, batch.
struct Receipts {
    static constexpr AccountKind kKind = AccountKind::receipts;
    static constexpr char kSeed[] = "receipts";

    AccountHeader header;
    Key enclave_key;
    Digest root;  // Of a Merkle tree over salted leaves, RFC 9162 section 2.1.
    uint64_t batch;
    uint64_t first;  // Number of its first receipt.
    uint64_t count;
    uint64_t slot;
};
static_assert(sizeof(Receipts) == 104);
static_assert(__builtin_offsetof(Receipts, enclave_key) == 8);
static_assert(__builtin_offsetof(Receipts, root) == 40);
static_assert(__builtin_offsetof(Receipts, batch) == 72);

/// That a grant existed at a slot. The digest is salted. Seeds: "grant", digest.
struct Grant {
    static constexpr AccountKind kKind = AccountKind::grant;
    static constexpr char kSeed[] = "grant";

    AccountHeader header;
    Key owner;
    Digest digest;
    uint64_t slot;
};
static_assert(sizeof(Grant) == 80);

/// What a proposal does once it is executed.
enum class Action : uint8_t {
    set_params = 1,
    add_measurement = 2,
    revoke_measurement = 3,
    revoke_enclave = 4,
    set_verifiers = 5,
    pay_chat = 6,
    pay_lamports = 7,
    set_guardian = 8,
    upgrade = 9,
    set_upgrade_authority = 10,
};

enum class ProposalStatus : uint8_t { open = 1, executed = 2, cancelled = 3 };

/// A change that those who have staked vote on. Seeds: "proposal", number.
struct Proposal {
    static constexpr AccountKind kKind = AccountKind::proposal;
    static constexpr char kSeed[] = "proposal";

    AccountHeader header;
    Action action;
    ProposalStatus status;
    uint8_t reserved[2];
    uint32_t payload_bytes;
    uint64_t number;
    Key proposer;
    Digest description;  // SHA-256 of the text that argues for it.
    uint64_t created_slot;
    uint64_t voting_ends_slot;
    uint64_t executable_slot;
    uint64_t lapses_slot;
    uint64_t staked_total;  // When it was made.
    uint64_t quorum;        // Units that have to vote.
    uint64_t yes;
    uint64_t no;
    uint64_t votes;  // Accounts of votes that are not released.
    /// Then the action's payload.
    using Tail = uint8_t;
};
static_assert(sizeof(Proposal) == 160);
static_assert(__builtin_offsetof(Proposal, action) == 8);
static_assert(__builtin_offsetof(Proposal, number) == 16);
static_assert(__builtin_offsetof(Proposal, proposer) == 24);
static_assert(__builtin_offsetof(Proposal, description) == 56);
static_assert(__builtin_offsetof(Proposal, created_slot) == 88);
static_assert(__builtin_offsetof(Proposal, yes) == 136);

/// Payloads are at most so long, so that a proposal fits a transaction of 1,232 bytes.
inline constexpr uint32_t kPayloadMaxBytes = 640;

enum class Choice : uint8_t { yes = 1, no = 2 };

/// Whose stake was for or against a proposal. Seeds: "vote", proposal, voter.
struct Vote {
    static constexpr AccountKind kKind = AccountKind::vote;
    static constexpr char kSeed[] = "vote";

    AccountHeader header;
    Key proposal;
    Key voter;
    uint64_t weight;
    Choice choice;
    uint8_t reserved[7];
};
static_assert(sizeof(Vote) == 88);
static_assert(__builtin_offsetof(Vote, voter) == 40);
static_assert(__builtin_offsetof(Vote, weight) == 72);

/// Payload of Action::set_params is a Params, of set_guardian and set_upgrade_authority a Key; the
/// others follow.

struct AddMeasurement {
    EvidenceKind kind;
    uint8_t digest_bytes;
    uint8_t reserved[6];
    MeasurementDigest digest;
    Label label;
    uint64_t not_before_unix_s;
    uint64_t not_after_unix_s;
};
static_assert(sizeof(AddMeasurement) == 120);

/// Of a measurement or an enclave.
struct Revoke {
    Key account;
    RevocationReason reason;
    uint8_t reserved[7];
};
static_assert(sizeof(Revoke) == 40);

struct SetVerifiers {
    uint8_t threshold;
    uint8_t count;
    uint8_t reserved[6];
    Key keys[kVerifiersMax];
};
static_assert(sizeof(SetVerifiers) == 520 && sizeof(SetVerifiers) <= kPayloadMaxBytes);

/// CHAT to a token account, or lamports to any account.
struct Pay {
    Key destination;
    uint64_t amount;
};
static_assert(sizeof(Pay) == 40);

struct Upgrade {
    Key buffer;  // Account of the loader with the new program.
    Key spill;   // Gets what is left of its lamports.
};
static_assert(sizeof(Upgrade) == 64);

}  // namespace chatmcp::program
