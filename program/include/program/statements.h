#pragma once

#include "program/accounts.h"

namespace chatmcp::program {

/// What is signed outside the chain and brought by anybody. A signature by Ed25519 is over the
/// SHA-256 of one of these, so that every signed message of the program has 32 bytes. The tag comes
/// first and differs; genesis hash and program keep a statement for one cluster and program from
/// meaning anything on another.
struct Tag {
    uint8_t bytes[16];
};

constexpr Tag make_tag(const char (&text)[17]) {
    Tag tag{};
    for (uint64_t i = 0; i < sizeof tag.bytes; ++i) {
        tag.bytes[i] = static_cast<uint8_t>(text[i]);
    }
    return tag;
}

inline constexpr Tag kAcceptTag = make_tag("chatmcp accept 1");
inline constexpr Tag kRejectTag = make_tag("chatmcp reject 1");
inline constexpr Tag kVerdictTag = make_tag("chatmcp verdict1");
inline constexpr Tag kRevokeTag = make_tag("chatmcp revoke 1");
inline constexpr Tag kReceiptsTag = make_tag("chatmcp receipt1");

/// By a stamp's one-time key: the sender gets it back, or it is burned.
struct StampAnswer {
    Tag tag;  // kAcceptTag or kRejectTag.
    Digest genesis_hash;
    Key program;
    Key stamp;
    uint64_t locked_slot;  // Of this lock: an answer to a stamp that was closed says nothing about
                           // a later one.
};
static_assert(sizeof(StampAnswer) == 120);

/// By each of a quorum of verifiers: this enclave runs this measurement, and its evidence was good
/// at this slot.
struct Verdict {
    Tag tag;
    Digest genesis_hash;
    Key program;
    Key registry;  // The enclave's account.
    uint64_t verifier_set_version;
    Key enclave_key;
    Key measurement;  // Account of it.
    Digest evidence_digest;
    Digest host_id_commitment;
    uint64_t collateral_evaluation_number;
    uint64_t slot;
    uint64_t expires_slot;  // Not after the next update of its collateral is due.
};
static_assert(sizeof(Verdict) == 16 + 7 * 32 + 4 * 8);

/// By each of a quorum of verifiers: this enclave is to be trusted no longer.
struct Revocation {
    Tag tag;
    Digest genesis_hash;
    Key program;
    Key registry;
    uint64_t verifier_set_version;
    RevocationReason reason;
    uint8_t reserved[7];
};
static_assert(sizeof(Revocation) == 128);

/// By an enclave: the root of its next batch of receipts.
struct ReceiptsStatement {
    Tag tag;
    Digest genesis_hash;
    Key program;
    Key enclave_key;
    Digest root;
    uint64_t batch;
    uint64_t first;
    uint64_t count;
};
static_assert(sizeof(ReceiptsStatement) == 168);

}  // namespace chatmcp::program
