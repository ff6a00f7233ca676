#include "wire/cmw.h"

#include "base/check.h"
#include "wire/cbor.h"

namespace chatmcp::wire {
namespace {

constexpr std::size_t kRecordItems = 3;
constexpr std::uint8_t kIndicatorBits =
    ConceptualMessage::kReferenceValues | ConceptualMessage::kEndorsements |
    ConceptualMessage::kEvidence | ConceptualMessage::kAttestationResults |
    ConceptualMessage::kAppraisalPolicy;

}  // namespace

Result<ConceptualMessage> decode_cmw(ByteView input) {
    if (input.size() > ConceptualMessage::kMaxBytes) {
        return fail(Errc::too_large, "ATT-01");
    }
    CborReader reader(input);
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
    CHATMCP_TRY_VOID(reader.finish());
    return ConceptualMessage{.media_type = std::string(media_type),
                             .value = to_bytes(value),
                             .indicator = static_cast<std::uint8_t>(indicator)};
}

Bytes encode_cmw(const ConceptualMessage& message) {
    CHATMCP_CHECK(message.media_type.size() <= ConceptualMessage::kMediaTypeMaxBytes);
    CHATMCP_CHECK(message.value.size() <= ConceptualMessage::kValueMaxBytes);
    CHATMCP_CHECK(message.indicator != 0 && (message.indicator & ~kIndicatorBits) == 0);
    CborWriter writer;
    writer.array(kRecordItems);
    writer.text_string(message.media_type);
    writer.byte_string(message.value);
    writer.unsigned_integer(message.indicator);
    return writer.take();
}

}  // namespace chatmcp::wire
