#include "attest/evidence.h"

#include "attest/simulated.h"
#include "wire/cmw.h"
#include "wire/tls.h"

namespace chatmcp::attest {

Kind ParsedEvidence::kind() const {
    return std::visit([](const wire::SimulatedQuote&) { return Kind::simulated; }, content_);
}

Result<ParsedEvidence> parse_unverified(ByteView conceptual_message) {
    CHATMCP_TRY(const wire::ConceptualMessage message, wire::decode_cmw(conceptual_message));
    // Reference values and results of others are no statement of this enclave about itself.
    if (message.indicator != wire::ConceptualMessage::kEvidence) {
        return fail(Errc::wrong_purpose, "ATT-11");
    }
    CHATMCP_TRY_VOID(kind_of_media_type(message.media_type));  // Simulated: the only one yet.
    ParsedEvidence parsed;
    parsed.evidence_digest_ = evidence_digest(conceptual_message);
    CHATMCP_TRY(parsed.content_, wire::decode<wire::SimulatedQuote>(message.value));
    return parsed;
}

Result<SignedEvidence> SignedEvidence::verify(const ParsedEvidence& evidence, const Roots& roots) {
    const auto verify_kind = [&](const wire::SimulatedQuote& quote) {
        return verify_simulated(quote, roots);
    };
    CHATMCP_TRY(Claims claims, std::visit(verify_kind, evidence.content_));
    claims.evidence_digest = evidence.evidence_digest_;
    return SignedEvidence(std::move(claims));
}

crypto::Sha256Digest evidence_digest(ByteView conceptual_message) {
    return crypto::sha256(conceptual_message);
}

}  // namespace chatmcp::attest
