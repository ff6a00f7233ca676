#include "attest/evidence.h"

#include <gtest/gtest.h>

#include "attest/test_quote.h"
#include "wire/cbor.h"

namespace chatmcp::attest {
namespace {

using testing::TestPlatform;

Result<SignedEvidence> verify(ByteView evidence, const Roots& roots) {
    CHATMCP_TRY(const ParsedEvidence parsed, parse_unverified(evidence));
    return SignedEvidence::verify(parsed, roots, TestPlatform::kIssued);
}

template <class T>
void expect_refused(const Result<T>& result, Errc code, std::string_view check) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, code);
    EXPECT_EQ(result.error().check, check);
}

TEST(Evidence, AGoodQuoteVerifiesAndItsClaimsAreThoseOfTheQuote) {
    const TestPlatform platform;
    const Bytes evidence = platform.evidence();
    const auto verified = verify(evidence, builtin_roots());
    ASSERT_TRUE(verified.has_value());
    const Claims& claims = verified->claims();
    EXPECT_EQ(claims.kind, Kind::simulated);
    EXPECT_EQ(claims.measurement, platform.quote().measurement);
    EXPECT_EQ(claims.configuration_digest, platform.quote().digests.configuration);
    EXPECT_EQ(claims.report_data, to_bytes(platform.quote().report_data));
    EXPECT_EQ(claims.issued, TestPlatform::kIssued);
    EXPECT_EQ(claims.evidence_digest, evidence_digest(evidence));
    const auto& details = std::get<SimulatedClaims>(claims.details);
    EXPECT_EQ(details.root, platform.fingerprint());
    EXPECT_EQ(details.root_key, platform.root().public_key());
}

TEST(Evidence, AKindThatThisBuildDoesNotKnowIsRefused) {
    const Bytes other = wire::encode_cmw({.media_type = "application/vnd.example", .value = {1}});
    expect_refused(parse_unverified(other), Errc::unsupported, "ATT-10");
}

TEST(Evidence, AConceptualMessageThatIsNotEvidenceIsRefused) {
    for (const std::uint8_t indicator : {wire::ConceptualMessage::kReferenceValues,
                                         wire::ConceptualMessage::kAttestationResults,
                                         std::uint8_t{wire::ConceptualMessage::kEvidence |
                                                      wire::ConceptualMessage::kEndorsements}}) {
        const Bytes other =
            wire::encode_cmw({.media_type = std::string(wire::SimulatedQuote::kMediaType),
                              .value = wire::encode(TestPlatform().quote()),
                              .indicator = indicator});
        expect_refused(parse_unverified(other), Errc::wrong_purpose, "ATT-11");
    }
}

TEST(Evidence, ASignatureOfAnotherKeyIsRefused) {
    const TestPlatform platform;
    wire::SimulatedQuote quote = platform.quote();
    const auto other = crypto::SigningKey::from_seed(Bytes(32, 0x62));
    quote.signature = to_array<crypto::kEd25519SignatureBytes>(wire::sign(other, quote));
    expect_refused(verify(TestPlatform::wrap(wire::encode(quote)), builtin_roots()),
                   Errc::bad_signature,
                   "ATT-12");
}

TEST(Evidence, ASignatureForAnotherPurposeIsRefused) {
    const TestPlatform platform;
    wire::SimulatedQuote quote = platform.quote();
    wire::Writer writer;
    quote.write_signed(writer);
    quote.signature = to_array<crypto::kEd25519SignatureBytes>(
        wire::sign_with_label(platform.root(), wire::SignatureLabel::receipt, writer.view()));
    expect_refused(verify(TestPlatform::wrap(wire::encode(quote)), builtin_roots()),
                   Errc::bad_signature,
                   "ATT-12");
}

TEST(Evidence, ARootWhoseSeedIsPublishedIsRefusedEvenWithAGoodSignature) {
    const auto published = crypto::SigningKey::from_seed(Bytes(32, 0x00));
    wire::SimulatedQuote quote = TestPlatform().quote();
    quote.root_key = published.public_key();
    quote.signature = to_array<crypto::kEd25519SignatureBytes>(wire::sign(published, quote));
    const Bytes evidence = TestPlatform::wrap(wire::encode(quote));
    EXPECT_TRUE(verify(evidence, Roots{}).has_value());
    expect_refused(verify(evidence, builtin_roots()), Errc::untrusted_identity, "ATT-13");
}

TEST(Evidence, AMeasurementThatIsNotThatOfTheDigestsIsRefused) {
    const TestPlatform platform;
    wire::SimulatedQuote quote = platform.quote();
    quote.digests.model[0] ^= 1;
    expect_refused(verify(platform.evidence(quote), builtin_roots()), Errc::malformed, "ATT-14");
}

// Every single bit: wrapper, fields and signature. Whatever the parser still accepts, the signature
// does not.
TEST(Evidence, NoQuoteWithOneFlippedBitVerifies) {
    const Bytes good = TestPlatform().evidence();
    ASSERT_TRUE(verify(good, Roots{}).has_value());
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
        Bytes changed = good;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        ASSERT_FALSE(verify(changed, Roots{}).has_value()) << "bit " << bit;
    }
}

TEST(Evidence, NoShorterAndNoLongerQuoteVerifies) {
    const Bytes good = TestPlatform().evidence();
    for (std::size_t size = 0; size < good.size(); ++size) {
        ASSERT_FALSE(parse_unverified(ByteView(good).first(size)).has_value()) << size;
    }
    Bytes longer = good;
    longer.push_back(0);
    expect_refused(parse_unverified(longer), Errc::trailing_bytes, "CBOR-07");
    // The same inside the wrapper.
    Bytes value = wire::encode(TestPlatform().quote());
    value.push_back(0);
    expect_refused(parse_unverified(TestPlatform::wrap(value)), Errc::trailing_bytes, "WIRE-05");
}

}  // namespace
}  // namespace chatmcp::attest
