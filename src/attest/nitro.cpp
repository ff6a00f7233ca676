#include "attest/nitro.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "wire/cbor.h"

namespace chatmcp::attest {
namespace {

using crypto::SignatureAlgorithm;
using crypto::VerificationKey;
using wire::CborReader;

constexpr std::uint8_t kPcrIndexMax = 31;

std::unexpected<Error> out_of_range() {
    return fail(Errc::invalid_argument, "ATT-136");
}

// ---- Payload ----

Result<ByteView> read_bytes(CborReader& reader, std::size_t min_bytes, std::size_t max_bytes) {
    CHATMCP_TRY(const ByteView value, reader.byte_string(kNitroPayloadMaxBytes));
    if (value.size() < min_bytes || value.size() > max_bytes) {
        return out_of_range();
    }
    return value;
}

Result<void> read_module_id(CborReader& reader, NitroDocument& out) {
    CHATMCP_TRY(out.module_id, reader.text_string(kNitroPayloadMaxBytes));
    if (out.module_id.empty() || out.module_id.size() > kNitroModuleIdMaxBytes) {
        return out_of_range();
    }
    return {};
}

Result<void> read_digest(CborReader& reader, NitroDocument& /*out*/) {
    CHATMCP_TRY(const std::string_view digest, reader.text_string(kNitroPayloadMaxBytes));
    return digest == "SHA384" ? Result<void>() : fail(Errc::unsupported, "ATT-137");
}

Result<void> read_timestamp(CborReader& reader, NitroDocument& out) {
    CHATMCP_TRY(const std::uint64_t value, reader.unsigned_integer());
    if (value == 0 ||
        value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return out_of_range();
    }
    out.timestamp = UnixMs{static_cast<std::int64_t>(value)};
    return {};
}

Result<void> read_pcrs(CborReader& reader, NitroDocument& out) {
    CHATMCP_TRY(const std::size_t count, reader.map(kNitroPayloadMaxBytes));
    if (count == 0 || count > kNitroPcrsMax) {
        return out_of_range();
    }
    for (std::size_t i = 0; i < count; ++i) {
        CHATMCP_TRY(const std::uint64_t index, reader.unsigned_integer());
        CHATMCP_TRY(const ByteView value, reader.byte_string(kNitroPayloadMaxBytes));
        if (index > kPcrIndexMax ||
            (value.size() != 32 && value.size() != 48 && value.size() != 64)) {
            return out_of_range();
        }
        if (!out.pcrs.emplace(static_cast<std::uint8_t>(index), value).second) {
            return fail(Errc::invalid_argument, "ATT-134");
        }
    }
    return {};
}

Result<void> read_certificate(CborReader& reader, NitroDocument& out) {
    CHATMCP_TRY(out.certificate, read_bytes(reader, 1, kNitroCertificateMaxBytes));
    return {};
}

Result<void> read_bundle(CborReader& reader, NitroDocument& out) {
    CHATMCP_TRY(const std::size_t count, reader.array(kNitroPayloadMaxBytes));
    if (count == 0 || count > kNitroBundleMax) {
        return out_of_range();
    }
    for (std::size_t i = 0; i < count; ++i) {
        CHATMCP_TRY(const ByteView certificate, read_bytes(reader, 1, kNitroCertificateMaxBytes));
        out.bundle.push_back(certificate);
    }
    return {};
}

/// AWS's text says that a field is never null; its documents have null for what is absent.
Result<std::optional<ByteView>> read_optional(CborReader& reader, std::size_t min_bytes) {
    if (reader.take_null()) {
        return std::optional<ByteView>();
    }
    CHATMCP_TRY(const ByteView value, read_bytes(reader, min_bytes, kNitroUserDataMaxBytes));
    return std::optional<ByteView>(value);
}

Result<void> read_public_key(CborReader& reader, NitroDocument& out) {
    CHATMCP_TRY(out.public_key, read_optional(reader, 1));
    return {};
}

Result<void> read_user_data(CborReader& reader, NitroDocument& out) {
    CHATMCP_TRY(out.user_data, read_optional(reader, 0));
    return {};
}

Result<void> read_nonce(CborReader& reader, NitroDocument& out) {
    CHATMCP_TRY(out.nonce, read_optional(reader, 0));
    return {};
}

struct Field {
    std::string_view name;
    bool mandatory;
    Result<void> (*read)(CborReader&, NitroDocument&);
};
constexpr std::array<Field, 9> kFields = {{
    {"module_id", true, read_module_id},
    {"digest", true, read_digest},
    {"timestamp", true, read_timestamp},
    {"pcrs", true, read_pcrs},
    {"certificate", true, read_certificate},
    {"cabundle", true, read_bundle},
    {"public_key", false, read_public_key},
    {"user_data", false, read_user_data},
    {"nonce", false, read_nonce},
}};

using FieldsSeen = std::array<bool, kFields.size()>;

/// A name and its value.
Result<void> read_field(CborReader& reader, FieldsSeen& seen, NitroDocument& out) {
    CHATMCP_TRY(const std::string_view name, reader.text_string(kNitroPayloadMaxBytes));
    const auto field = std::ranges::find(kFields, name, &Field::name);
    if (field == kFields.end()) {
        return fail(Errc::invalid_argument, "ATT-133");
    }
    bool& seen_before = seen[static_cast<std::size_t>(field - kFields.begin())];
    if (seen_before) {
        return fail(Errc::invalid_argument, "ATT-134");
    }
    seen_before = true;
    return field->read(reader, out);
}

/// The hypervisor writes a map of indefinite length, or, in earlier years, of nine fields.
Result<void> read_payload(NitroDocument& out) {
    CborReader reader(out.message.payload);
    CHATMCP_TRY(const auto pairs, reader.map_of_any_length(kNitroPayloadMaxBytes));
    FieldsSeen seen{};
    // No field stands twice, so there are never more turns than fields.
    for (std::size_t i = 0; pairs.has_value() ? i < *pairs : !reader.take_break(); ++i) {
        CHATMCP_TRY_VOID(read_field(reader, seen, out));
    }
    CHATMCP_TRY_VOID(reader.finish());
    for (std::size_t i = 0; i < kFields.size(); ++i) {
        if (kFields[i].mandatory && !seen[i]) {
            return fail(Errc::invalid_argument, "ATT-135");
        }
    }
    return {};
}

// ---- Verification ----

/// The chain is the bundle from its end to its start, of P-384 throughout.
Result<void> check_order(const std::vector<const Certificate*>& chain,
                         const std::vector<ByteView>& bundle) {
    if (chain.size() != bundle.size() + 1) {
        return fail(Errc::wrong_key, "ATT-138");
    }
    for (std::size_t i = 1; i < chain.size(); ++i) {
        // The last is the caller's root; the bundle's may be another edition of it.
        const bool is_root = i + 1 == chain.size();
        if (!is_root && !equal(chain[i]->der, bundle[bundle.size() - i])) {
            return fail(Errc::wrong_key, "ATT-138");
        }
    }
    const auto is_p384 = [](const Certificate* each) {
        return each->algorithm == SignatureAlgorithm::ecdsa_sha384;
    };
    return std::ranges::all_of(chain, is_p384) ? Result<void>()
                                               : fail(Errc::unsupported, "ATT-141");
}

bool says_nothing(const std::map<std::uint8_t, ByteView>& pcrs, std::uint8_t index) {
    const auto found = pcrs.find(index);
    return found == pcrs.end() ||
           std::ranges::all_of(found->second, [](std::uint8_t byte) { return byte == 0; });
}

std::optional<Bytes> copied(const std::optional<ByteView>& view) {
    return view.has_value() ? std::optional(to_bytes(*view)) : std::nullopt;
}

NitroClaims claims_of(const NitroDocument& document, const Certificate& leaf) {
    NitroClaims out{.module_id = std::string(document.module_id),
                    .timestamp = document.timestamp,
                    .pcrs = {},
                    .public_key = copied(document.public_key),
                    .user_data = copied(document.user_data),
                    .nonce = copied(document.nonce),
                    .debug = says_nothing(document.pcrs, 0) && says_nothing(document.pcrs, 1) &&
                             says_nothing(document.pcrs, 2),
                    .key_ends = leaf.not_after};
    for (const auto& [index, value] : document.pcrs) {
        out.pcrs.emplace(index, to_bytes(value));
    }
    return out;
}

}  // namespace

Result<NitroDocument> NitroDocument::read(ByteView bytes) {
    if (bytes.size() > kNitroDocumentMaxBytes) {
        return fail(Errc::too_large, "ATT-130");
    }
    NitroDocument out;
    CHATMCP_TRY(out.message, CoseMessage::read(bytes, kNitroPayloadMaxBytes));
    if (out.message.algorithm != CoseAlgorithm::es384) {
        return fail(Errc::unsupported, "ATT-132");
    }
    CHATMCP_TRY_VOID(read_payload(out));
    return out;
}

Result<NitroClaims> verify_nitro(const NitroDocument& document,
                                 const Certificate& root,
                                 UnixMs at) {
    CHATMCP_TRY(const Certificate leaf, Certificate::read(document.certificate));
    std::vector<Certificate> bundle;
    for (const ByteView der : document.bundle) {
        CHATMCP_TRY(Certificate certificate, Certificate::read(der));
        bundle.push_back(std::move(certificate));
    }
    // The root that comes along is never trusted by itself: verify_chain refuses one that is not
    // the caller's.
    CHATMCP_TRY(const auto chain,
                verify_chain(leaf, bundle, std::span(&root, 1), ChainRules{.at = at}));
    CHATMCP_TRY_VOID(check_order(chain, document.bundle));
    if (leaf.is_authority || !leaf.signs_data.value_or(false)) {
        return fail(Errc::wrong_purpose, "ATT-139");
    }
    CHATMCP_TRY(const auto key, VerificationKey::from_spki(leaf.public_key));
    CHATMCP_TRY_VOID(document.message.verify_signature(key));
    return claims_of(document, leaf);
}

}  // namespace chatmcp::attest
