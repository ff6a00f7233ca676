#pragma once

#include <cstdint>
#include <string_view>

namespace chatmcp {

/// The kind of a failure: what a program does about it. The exact rule that refused is
/// `Error::check`, a row of docs/CHECKS.md. Numbers are part of stored and printed formats and are
/// never reused.
enum class Errc : std::uint16_t {
    // The input itself.
    malformed = 1,       // Does not parse.
    too_large = 2,       // Above a named limit; refused before allocation.
    trailing_bytes = 3,  // Parses, and something follows.
    not_canonical = 4,   // A second encoding of a value that has exactly one.
    unsupported_version = 5,
    unsupported = 6,  // A known thing that this build does not do (cipher suite, algorithm, kind).
    invalid_argument = 7,  // Parses, and its value is out of range for this operation.

    // Authenticity and state of a group.
    bad_signature = 20,
    bad_mac = 21,
    cannot_open = 22,    // AEAD or HPKE did not open.
    replayed = 23,       // Seen before; nothing was changed.
    too_far_ahead = 24,  // Outside a bounded window.
    wrong_group = 25,
    stale_epoch = 26,
    future_epoch = 27,
    invalid_tree = 28,
    invalid_proposals = 29,
    unknown_proposal = 30,
    not_member = 31,
    pending_commit = 32,  // A staged commit must be confirmed or discarded first.

    // Trust and policy.
    untrusted_identity = 40,
    refused_by_policy = 41,
    expired = 42,
    not_yet_valid = 43,
    wrong_key = 44,  // A key other than the one that the check names.
    wrong_domain = 45,
    wrong_purpose = 46,
    simulated_refused = 47,  // Evidence of class `simulated` where it is not admitted.

    // Delivery.
    unauthenticated = 60,
    permission_denied = 61,
    not_found = 62,
    already_exists = 63,
    conflict = 64,  // A compare-and-set lost.
    rate_limited = 65,
    resource_exhausted = 66,  // Full disk, full queue.
    history_expired = 67,
    deadline_exceeded = 68,
    unavailable = 69,
    cancelled = 70,
    equivocation = 71,   // A relay or member contradicts itself; the check names how.
    pass_required = 72,  // A welcome that needs a delivery token or a stamp, or another one.

    // This machine.
    storage = 80,
    storage_corrupt = 81,
    wrong_passphrase = 82,
    io = 83,
    internal = 84,
};

/// The enumerator's own name, for logs and JSON.
[[nodiscard]] std::string_view errc_name(Errc code);

}  // namespace chatmcp
