#include "wire/cmw.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "wire/cbor.h"

namespace chatmcp::wire {
namespace {

constexpr std::size_t kRecordItems = 3;
constexpr std::uint8_t kIndicatorBits =
    ConceptualMessage::kReferenceValues | ConceptualMessage::kEndorsements |
    ConceptualMessage::kEvidence | ConceptualMessage::kAttestationResults |
    ConceptualMessage::kAppraisalPolicy;

Result<ConceptualMessage> read_record(CborReader& reader) {
    CHATMCP_TRY(const CborMajor outer, reader.peek());
    if (outer == CborMajor::map || outer == CborMajor::tag) {
        return fail(Errc::unsupported, "ATT-04");
    }
    CHATMCP_TRY(const std::size_t items, reader.array(kRecordItems));
    if (items != kRecordItems) {
        return fail(Errc::malformed, "ATT-02");
    }
    CHATMCP_TRY(const CborMajor type, reader.peek());
    if (type == CborMajor::unsigned_integer) {
        return fail(Errc::unsupported, "ATT-04");
    }
    CHATMCP_TRY(const std::string_view media_type,
                reader.text_string(ConceptualMessage::kMediaTypeMaxBytes));
    CHATMCP_TRY(const ByteView value, reader.byte_string(ConceptualMessage::kValueMaxBytes));
    CHATMCP_TRY(const std::uint64_t indicator, reader.unsigned_integer());
    if (indicator == 0 || (indicator & ~std::uint64_t{kIndicatorBits}) != 0) {
        return fail(Errc::invalid_argument, "ATT-03");
    }
    return ConceptualMessage{.media_type = std::string(media_type),
                             .value = to_bytes(value),
                             .indicator = static_cast<std::uint8_t>(indicator)};
}

void write_record(CborWriter& writer, const ConceptualMessage& message) {
    CHATMCP_CHECK(message.media_type.size() <= ConceptualMessage::kMediaTypeMaxBytes);
    CHATMCP_CHECK(message.value.size() <= ConceptualMessage::kValueMaxBytes);
    CHATMCP_CHECK(message.indicator != 0 && (message.indicator & ~kIndicatorBits) == 0);
    writer.array(kRecordItems);
    writer.text_string(message.media_type);
    writer.byte_string(message.value);
    writer.unsigned_integer(message.indicator);
}

/// The order of RFC 8949 section 4.2.1 for text: by length, then byte for byte.
bool stands_before(std::string_view left, std::string_view right) {
    return left.size() != right.size() ? left.size() < right.size() : left < right;
}

}  // namespace

Result<ConceptualMessage> decode_cmw(ByteView input) {
    if (input.size() > ConceptualMessage::kMaxBytes) {
        return fail(Errc::too_large, "ATT-01");
    }
    CborReader reader(input);
    CHATMCP_TRY(ConceptualMessage message, read_record(reader));
    CHATMCP_TRY_VOID(reader.finish());
    return message;
}

Bytes encode_cmw(const ConceptualMessage& message) {
    CborWriter writer;
    write_record(writer, message);
    return writer.take();
}

bool is_cmw_collection(ByteView input) {
    const auto major = CborReader(input).peek();
    return major.has_value() && *major == CborMajor::map;
}

Result<ConceptualCollection> decode_cmw_collection(ByteView input) {
    if (input.size() > ConceptualMessage::kMaxBytes) {
        return fail(Errc::too_large, "ATT-01");
    }
    CborReader reader(input);
    CHATMCP_TRY(const std::size_t pairs, reader.map(ConceptualCollection::kMembersMax));
    ConceptualCollection out;
    std::string_view before;
    for (std::size_t i = 0; i < pairs; ++i) {
        CHATMCP_TRY(const std::string_view label,
                    reader.text_string(ConceptualCollection::kLabelMaxBytes));
        if (!stands_before(before, label)) {
            return fail(Errc::invalid_argument, "ATT-08");
        }
        before = label;
        CHATMCP_TRY(out.members[std::string(label)], read_record(reader));
    }
    CHATMCP_TRY_VOID(reader.finish());
    return out;
}

Bytes encode_cmw_collection(const ConceptualCollection& collection) {
    CHATMCP_CHECK(collection.members.size() <= ConceptualCollection::kMembersMax);
    std::vector<std::string_view> labels;
    for (const auto& [label, message] : collection.members) {
        CHATMCP_CHECK(!label.empty() && label.size() <= ConceptualCollection::kLabelMaxBytes);
        labels.push_back(label);
    }
    std::ranges::sort(labels, stands_before);
    CborWriter writer;
    writer.map(labels.size());
    for (const std::string_view label : labels) {
        writer.text_string(label);
        write_record(writer, collection.members.find(label)->second);
    }
    return writer.take();
}

}  // namespace chatmcp::wire
