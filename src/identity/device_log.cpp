#include "identity/device_log.h"

#include <utility>

#include "base/check.h"

namespace chatmcp::identity {

Result<DeviceLogEntry> DeviceLogEntry::read(wire::Reader& reader) {
    CHATMCP_TRY(const std::uint8_t action, reader.u8());
    if (action != static_cast<std::uint8_t>(Action::link)) {
        return fail(Errc::unsupported, "ID-20");
    }
    DeviceLogEntry out;
    CHATMCP_TRY(out.proof, WalletProof::read(reader));
    CHATMCP_TRY(out.signature, reader.array<crypto::kEd25519SignatureBytes>());
    return out;
}

void DeviceLogEntry::write_signed(wire::Writer& writer) const {
    writer.u8(static_cast<std::uint8_t>(action));
    proof.write(writer);
}

void DeviceLogEntry::write(wire::Writer& writer) const {
    write_signed(writer);
    writer.fixed(signature);
}

crypto::Sha256Digest DeviceLogEntry::hash() const {
    return crypto::sha256({as_bytes("chatmcp device log"), wire::encode(*this)});
}

DeviceLogEntry link_device(WalletProof proof, const crypto::SigningKey& root) {
    CHATMCP_CHECK(proof.root_key == root.public_key());
    DeviceLogEntry out;
    out.proof = std::move(proof);
    out.signature = to_array<crypto::kEd25519SignatureBytes>(wire::sign(root, out));
    return out;
}

Result<void> verify_device_log(const std::vector<DeviceLogEntry>& log, const Caip10& account) {
    if (log.empty()) {
        return fail(Errc::not_found, "ID-21");
    }
    if (log.size() > kDeviceLogEntriesMax) {
        return fail(Errc::too_large, "ID-22");
    }
    std::uint64_t sequence = 0;
    crypto::Sha256Digest previous{};
    for (const DeviceLogEntry& entry : log) {
        if (entry.proof.account != account) {
            return fail(Errc::wrong_key, "ID-23");
        }
        // The wallet signed sequence and hash, so who keeps the log can neither leave an entry out
        // nor put the entries in another order.
        if (entry.proof.log_sequence != sequence || entry.proof.previous_log_hash != previous) {
            return fail(Errc::invalid_argument, "ID-24");
        }
        CHATMCP_TRY_VOID(verify_wallet_proof(entry.proof));
        // Without the device's own agreement somebody could put another's key into their log and
        // receive, in their name, what is sent to it.
        if (!wire::verify(entry.proof.root_key, entry, entry.signature).has_value()) {
            return fail(Errc::bad_signature, "ID-25");
        }
        previous = entry.hash();
        ++sequence;
    }
    return {};
}

crypto::Sha256Digest inbox_id(const PublicKey& root_key) {
    return crypto::sha256({as_bytes("chatmcp inbox"), root_key});
}

}  // namespace chatmcp::identity
