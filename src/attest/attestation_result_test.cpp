#include "attest/attestation_result.h"

#include <gtest/gtest.h>

#include "attest/appraise.h"
#include "support/evidence_case.h"
#include "wire/cbor.h"

namespace chatmcp::attest {
namespace {

using testing::EvidenceCase;

FactorReport report_of(const std::string& name, std::string_view profile) {
    const EvidenceCase each(name);
    return inspect(each.bundle(),
                   builtin_roots(),
                   policy_profile(profile).value_or(Policy{}),
                   Clues{},
                   each.verify_at());
}

TrustTier tier(const FactorReport& report, TrustClaim claim) {
    return trust_vector(report)[static_cast<std::size_t>(claim)];
}

TEST(AttestationResult, GoodHardwareIsAffirmedAndWhatIsOpenIsAWarning) {
    const FactorReport report = report_of("tdx/dstack-v4-uptodate-2026-02", "strict");
    EXPECT_EQ(tier(report, TrustClaim::instance_identity), TrustTier::affirming);
    EXPECT_EQ(tier(report, TrustClaim::hardware), TrustTier::affirming);
    EXPECT_EQ(tier(report, TrustClaim::executables), TrustTier::none);  // No program was named.
    EXPECT_EQ(tier(report, TrustClaim::file_system), TrustTier::none);
    EXPECT_NE(trust_status(report), TrustTier::contraindicated);
}

TEST(AttestationResult, WhatFailedIsContraindicated) {
    const FactorReport debug = report_of("sgx/automata-debug-enclave", "strict");
    EXPECT_EQ(tier(debug, TrustClaim::configuration), TrustTier::contraindicated);
    EXPECT_EQ(tier(debug, TrustClaim::instance_identity), TrustTier::affirming);
    EXPECT_EQ(trust_status(debug), TrustTier::contraindicated);
    const FactorReport old = report_of("sgx/oasis-outofdate-2025-08", "strict");
    EXPECT_EQ(tier(old, TrustClaim::hardware), TrustTier::contraindicated);
    const FactorReport broken = report_of("sgx/tampered-report-data", "strict");
    EXPECT_EQ(tier(broken, TrustClaim::instance_identity), TrustTier::contraindicated);
    EXPECT_EQ(tier(broken, TrustClaim::hardware), TrustTier::none);
    EXPECT_EQ(trust_status(broken), TrustTier::contraindicated);
    // Without a policy nothing is accepted, whatever else holds.
    EXPECT_EQ(trust_status(report_of("tdx/dstack-v4-uptodate-2026-02", "")),
              TrustTier::contraindicated);
}

TEST(AttestationResult, ItIsASignedToken) {
    const auto key = crypto::SigningKey::from_seed(Bytes(32, 7));
    const FactorReport report = report_of("tdx/dstack-v4-uptodate-2026-02", "strict");
    const Bytes token = attestation_result(report, key);
    wire::CborReader reader(token);
    EXPECT_EQ(reader.tag().value(), 18U);
    EXPECT_EQ(reader.array(4).value(), 4U);
    const ByteView header = reader.byte_string(8).value();
    EXPECT_EQ(to_hex(header), "a10127");
    EXPECT_EQ(reader.map(0).value(), 0U);
    const ByteView claims = reader.byte_string(token.size()).value();
    const ByteView signature = reader.byte_string(64).value();
    EXPECT_TRUE(reader.finish().has_value());
    wire::CborWriter to_verify;
    to_verify.array(4);
    to_verify.text_string("Signature1");
    to_verify.byte_string(header);
    to_verify.byte_string({});
    to_verify.byte_string(claims);
    EXPECT_TRUE(crypto::verify_raw(
                    crypto::SignatureScheme::ed25519, key.public_key(), to_verify.view(), signature)
                    .has_value());

    wire::CborReader inside(claims);
    EXPECT_EQ(inside.map(8).value(), 5U);
    EXPECT_EQ(inside.unsigned_integer().value(), 6U);
    EXPECT_EQ(inside.integer().value(), report.judged_at.seconds());
    EXPECT_EQ(inside.unsigned_integer().value(), 10U);
    EXPECT_EQ(to_hex(inside.byte_string(32).value()), to_hex(report.claims->evidence_digest));
    EXPECT_EQ(inside.unsigned_integer().value(), 265U);
    EXPECT_EQ(inside.text_string(64).value(), "tag:github.com,2023:veraison/ear");
    EXPECT_EQ(inside.unsigned_integer().value(), 266U);
    EXPECT_EQ(inside.map(1).value(), 1U);
    EXPECT_EQ(inside.text_string(32).value(), "tdx");
    EXPECT_EQ(inside.map(2).value(), 2U);
    EXPECT_EQ(inside.unsigned_integer().value(), 1000U);
    EXPECT_EQ(inside.unsigned_integer().value(), static_cast<std::uint64_t>(trust_status(report)));
    EXPECT_EQ(inside.unsigned_integer().value(), 1001U);
}

}  // namespace
}  // namespace chatmcp::attest
