#include "attest/evidence.h"

#include <utility>

#include "attest/kind_steps.h"
#include "base/check.h"
#include "wire/tls.h"

namespace chatmcp::attest {

Result<ParsedEvidence> ParsedEvidence::read(EvidenceBundle bundle) {
    auto kept = std::make_unique<const EvidenceBundle>(std::move(bundle));
    const ByteView bytes = kept->evidence;
    const auto with = [&](auto content) -> Result<ParsedEvidence> {
        if (!content.has_value()) {
            return fail(content.error());
        }
        ParsedEvidence out(std::move(kept), *std::move(content));
        out.digest_ = crypto::sha256(bytes);
        return out;
    };
    switch (kept->kind) {
        case Kind::simulated:
            return with(wire::decode<wire::SimulatedQuote>(bytes));
        case Kind::sgx:
        case Kind::tdx:
            return with(DcapQuote::read(bytes));
        case Kind::sev_snp:
            return with(SignedSnpReport::read(bytes));
        case Kind::nitro:
            return with(NitroDocument::read(bytes));
        case Kind::psa:
            return with(PsaToken::read(bytes));
        case Kind::cca:
            return with(CcaToken::read(bytes));
        case Kind::tpm:
            return with(TpmFiles::read(*kept));
        case Kind::azure_vtpm:
            return with(AzureEvidence::read(as_text(bytes)));
        case Kind::nvidia_gpu:
            return with(NvidiaReport::read(bytes));
        case Kind::android_key:
            return with(AndroidKeyChain::read(bytes));
    }
    CHATMCP_CHECK(false && "a Kind that has no enumerator");
    return fail(Errc::internal, "ATT-10");
}

Result<ParsedEvidence> parse_unverified(ByteView conceptual_message) {
    CHATMCP_TRY(EvidenceBundle bundle, bundle_of_message(conceptual_message));
    CHATMCP_TRY(ParsedEvidence parsed, ParsedEvidence::read(std::move(bundle)));
    parsed.digest_ = evidence_digest(conceptual_message);
    return parsed;
}

Result<SignedEvidence> SignedEvidence::verify(const ParsedEvidence& evidence,
                                              const Roots& roots,
                                              UnixMs at) {
    const VerificationInput input{*evidence.bundle_, roots, at};
    const auto verify_kind = [&](const auto& content) { return verify_content(content, input); };
    CHATMCP_TRY(Claims claims, std::visit(verify_kind, evidence.content_));
    claims.evidence_digest = evidence.digest_;
    claims.event_log = explain_log(*evidence.bundle_, claims);
    return SignedEvidence(std::move(claims));
}

crypto::Sha256Digest evidence_digest(ByteView conceptual_message) {
    return crypto::sha256(conceptual_message);
}

}  // namespace chatmcp::attest
