#include "identity/delegation.h"

#include <algorithm>

#include "base/check.h"
#include "base/encoding.h"

namespace chatmcp::identity {
namespace {

std::size_t group_id_bytes(Delegation::Purpose purpose) {
    return purpose == Delegation::Purpose::group ? kGroupIdBytes : 0;
}

// What holds for every delegation that was ever made, whoever made it.
Result<void> check_form(const Delegation& delegation) {
    if (delegation.purpose != Delegation::Purpose::group &&
        delegation.purpose != Delegation::Purpose::key_package) {
        return fail(Errc::malformed, "ID-12");
    }
    if (delegation.group_id.size() != group_id_bytes(delegation.purpose)) {
        return fail(Errc::malformed, "ID-12");
    }
    const auto [from, to] = std::pair(delegation.not_before.value, delegation.not_after.value);
    if (from < 0 || to <= from || to / kSecondMs > kTimeTextMaxSeconds ||
        to - from > kDelegationLifetimeMaxMs) {
        return fail(Errc::invalid_argument, "ID-13");
    }
    return {};
}

// A time above 2^63 - 1 becomes negative, which check_form refuses.
Result<UnixMs> read_time(wire::Reader& reader) {
    CHATMCP_TRY(const std::uint64_t ms, reader.u64());
    return UnixMs{static_cast<std::int64_t>(ms)};
}

}  // namespace

Result<Delegation> Delegation::read(wire::Reader& reader) {
    CHATMCP_TRY_VOID(read_scheme(reader));
    Delegation out;
    CHATMCP_TRY(out.leaf_key, reader.array<crypto::kEd25519PublicBytes>());
    CHATMCP_TRY(const std::uint8_t purpose, reader.u8());
    out.purpose = static_cast<Purpose>(purpose);
    CHATMCP_TRY(const ByteView group_id, reader.vector(kGroupIdBytes));
    out.group_id = to_bytes(group_id);
    CHATMCP_TRY(out.not_before, read_time(reader));
    CHATMCP_TRY(out.not_after, read_time(reader));
    CHATMCP_TRY(out.signature, reader.array<crypto::kEd25519SignatureBytes>());
    CHATMCP_TRY_VOID(check_form(out));
    return out;
}

void Delegation::write_signed(wire::Writer& writer) const {
    write_scheme(writer);
    writer.fixed(leaf_key);
    writer.u8(static_cast<std::uint8_t>(purpose));
    writer.vector(group_id);
    writer.u64(static_cast<std::uint64_t>(not_before.value));
    writer.u64(static_cast<std::uint64_t>(not_after.value));
}

void Delegation::write(wire::Writer& writer) const {
    write_signed(writer);
    writer.fixed(signature);
}

Delegation delegate(const crypto::SigningKey& root,
                    const PublicKey& leaf_key,
                    Delegation::Purpose purpose,
                    ByteView group_id,
                    UnixMs now) {
    Delegation out;
    out.leaf_key = leaf_key;
    out.purpose = purpose;
    out.group_id = to_bytes(group_id);
    out.not_before = UnixMs{std::max<std::int64_t>(0, now.value - kNotBeforeSlackMs)};
    out.not_after = now.plus_ms(kDelegationLifetimeMs);
    CHATMCP_CHECK(check_form(out).has_value());
    out.signature = to_array<crypto::kEd25519SignatureBytes>(wire::sign(root, out));
    return out;
}

Result<void> verify_delegation(const Delegation& delegation,
                               const PublicKey& root,
                               ByteView leaf_key,
                               ByteView group_id) {
    CHATMCP_TRY_VOID(check_form(delegation));
    if (!wire::verify(root, delegation, delegation.signature).has_value()) {
        return fail(Errc::bad_signature, "ID-14");
    }
    // Without this, a member could present somebody else's delegation over a leaf key of its own.
    if (!equal(delegation.leaf_key, leaf_key)) {
        return fail(Errc::wrong_key, "ID-15");
    }
    // And without this, a leaf key taken from one group would be good in all others.
    if (!equal(delegation.group_id, group_id)) {
        return fail(Errc::wrong_purpose, "ID-16");
    }
    return {};
}

Result<void> check_delegation(const Delegation& delegation, UnixMs at) {
    if (at > delegation.not_after) {
        return fail(Errc::expired, "ID-17");
    }
    if (at < delegation.not_before) {
        return fail(Errc::not_yet_valid, "ID-18");
    }
    return {};
}

}  // namespace chatmcp::identity
