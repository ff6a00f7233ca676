#include "attest/nvidia_gpu_files.h"

#include <algorithm>
#include <utility>

#include "attest/json_value.h"
#include "base/encoding.h"

namespace chatmcp::attest {
namespace {

std::unexpected<Error> no_evidence() {
    return fail(Errc::malformed, "ATT-256");
}

std::unexpected<Error> no_references() {
    return fail(Errc::malformed, "ATT-258");
}

/// A member that is text; null when it is absent or something else.
const std::string* text_of(const JsonValue& object, std::string_view name) {
    const JsonValue* const value = object.find(name);
    return value != nullptr && value->type == JsonValue::Type::text ? &value->text : nullptr;
}

Result<NvidiaEvidence> read_device(const JsonValue& object) {
    constexpr std::size_t kMembers = 4;
    const std::string* const arch = text_of(object, "arch");
    const std::string* const certificate = text_of(object, "certificate");
    const std::string* const evidence = text_of(object, "evidence");
    const std::string* const nonce = text_of(object, "nonce");
    if (arch == nullptr || certificate == nullptr || evidence == nullptr || nonce == nullptr ||
        object.names.size() != kMembers) {
        return no_evidence();
    }
    NvidiaEvidence out;
    out.arch = *arch;
    CHATMCP_TRY(out.certificate_chain, from_base64(*certificate));
    CHATMCP_TRY(out.report, from_base64(*evidence));
    CHATMCP_TRY(const Bytes asked, from_hex(*nonce));
    if (asked.size() != kSpdmNonceBytes) {
        return no_evidence();
    }
    out.nonce = to_array<kSpdmNonceBytes>(asked);
    return out;
}

/// The digests of one index.
Result<std::vector<ByteArray<kNvidiaDigestBytes>>> read_digests(const JsonValue& list) {
    if (list.type != JsonValue::Type::array || list.items.empty() ||
        list.items.size() > kNvidiaDigestsPerIndexMax) {
        return no_references();
    }
    std::vector<ByteArray<kNvidiaDigestBytes>> out;
    for (const JsonValue& item : list.items) {
        if (item.type != JsonValue::Type::text) {
            return no_references();
        }
        CHATMCP_TRY(const Bytes digest, from_hex(item.text));
        if (digest.size() != kNvidiaDigestBytes) {
            return no_references();
        }
        out.push_back(to_array<kNvidiaDigestBytes>(digest));
    }
    return out;
}

}  // namespace

Result<std::vector<NvidiaEvidence>> read_nvidia_evidence(ByteView json) {
    if (json.size() > kNvidiaEvidenceFileMaxBytes) {
        return fail(Errc::too_large, "ATT-240");
    }
    CHATMCP_TRY(const JsonValue root, parse_json(as_text(json)));
    if (root.type != JsonValue::Type::array || root.items.empty()) {
        return no_evidence();
    }
    if (root.items.size() > kNvidiaDevicesMax) {
        return fail(Errc::too_large, "ATT-240");
    }
    std::vector<NvidiaEvidence> out;
    for (const JsonValue& item : root.items) {
        CHATMCP_TRY(NvidiaEvidence device, read_device(item));
        out.push_back(std::move(device));
    }
    return out;
}

Result<NvidiaReferences> NvidiaReferences::read(ByteView json) {
    constexpr std::uint64_t kVersion = 1;
    constexpr std::uint64_t kIndexMax = 0xfe;
    if (json.size() > kNvidiaReferencesFileMaxBytes) {
        return fail(Errc::too_large, "ATT-240");
    }
    CHATMCP_TRY(const JsonValue root, parse_json(as_text(json)));
    const JsonValue* const version = root.find("version");
    const JsonValue* const measurements = root.find("measurements");
    if (root.names.size() != 2 || version == nullptr || version->type != JsonValue::Type::number ||
        version->number != kVersion || measurements == nullptr ||
        measurements->type != JsonValue::Type::object || measurements->items.empty()) {
        return no_references();
    }
    NvidiaReferences out;
    for (std::size_t i = 0; i < measurements->items.size(); ++i) {
        CHATMCP_TRY(const std::uint64_t index, from_decimal(measurements->names[i]));
        if (index == 0 || index > kIndexMax) {
            return no_references();
        }
        CHATMCP_TRY(out.digests[static_cast<std::uint8_t>(index)],
                    read_digests(measurements->items[i]));
    }
    return out;
}

}  // namespace chatmcp::attest
