#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace chatmcp::wire {

/// A RATS conceptual message wrapper: what kind of attestation message these bytes are.
///
/// Trust:  nothing about `value` has been checked; the media type is only a claim that selects a
///         parser.
/// Wire:   CBOR array [type, value, indicator] in deterministic encoding; here `type` is always a
///         media type and the indicator is always present.
/// Spec:   draft-ietf-rats-msg-wrap, CMW record ("cmw-cbor-record").
struct ConceptualMessage {
    static constexpr std::size_t kMediaTypeMaxBytes = 128;
    static constexpr std::size_t kMaxBytes = std::size_t{32} * 1024;  // What a leaf may carry.
    static constexpr std::size_t kValueMaxBytes = kMaxBytes - 256;

    /// The bits of the indicator.
    static constexpr std::uint8_t kReferenceValues = 1 << 0;
    static constexpr std::uint8_t kEndorsements = 1 << 1;
    static constexpr std::uint8_t kEvidence = 1 << 2;
    static constexpr std::uint8_t kAttestationResults = 1 << 3;
    static constexpr std::uint8_t kAppraisalPolicy = 1 << 4;

    std::string media_type;
    Bytes value;
    std::uint8_t indicator = kEvidence;
};

/// Decode exactly one record from untrusted input.
///
/// Errors: CBOR-01..07; too_large (ATT-01) above kMaxBytes; malformed (ATT-02) not an array of
///         three items; invalid_argument (ATT-03) no indicator bit, or an unknown one; unsupported
///         (ATT-04) a collection or a tag, or a type that is not a media type.
[[nodiscard]] Result<ConceptualMessage> decode_cmw(ByteView input);

/// Precondition (checked): within the bounds above.
[[nodiscard]] Bytes encode_cmw(const ConceptualMessage& message);

/// Records that belong together, by their labels.
///
/// Wire:   CBOR map of text labels and records, in the order of the labels' encoding: shorter ones
///         first.
/// Spec:   draft-ietf-rats-msg-wrap, CMW collection ("cmw-cbor-collection"), without nested ones
///         and without a collection type.
struct ConceptualCollection {
    static constexpr std::size_t kMembersMax = 16;
    static constexpr std::size_t kLabelMaxBytes = 64;

    std::map<std::string, ConceptualMessage, std::less<>> members;
};

/// Whether these bytes begin as a collection does.
[[nodiscard]] bool is_cmw_collection(ByteView input);

/// Decode exactly one collection from untrusted input.
///
/// Errors: as decode_cmw; invalid_argument (ATT-08) an empty or repeated label, or labels out of
///         order.
[[nodiscard]] Result<ConceptualCollection> decode_cmw_collection(ByteView input);

/// Precondition (checked): within the bounds above.
[[nodiscard]] Bytes encode_cmw_collection(const ConceptualCollection& collection);

}  // namespace chatmcp::wire
