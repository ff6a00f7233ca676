#include "attest/attestation_result.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "wire/cbor.h"

namespace chatmcp::attest {
namespace {

struct Aspect {
    TrustClaim claim;
    std::array<FactorId, 6> factors;  // The first again where there are fewer.
};
constexpr std::array<Aspect, 6> kAspects = {{
    {TrustClaim::instance_identity,
     {FactorId::signature,
      FactorId::root,
      FactorId::published_key,
      FactorId::key_protection,
      FactorId::algorithms,
      FactorId::signature}},
    {TrustClaim::configuration,
     {FactorId::debug,
      FactorId::migration,
      FactorId::lifecycle,
      FactorId::boot_state,
      FactorId::privilege,
      FactorId::secure_boot}},
    {TrustClaim::executables,
     {FactorId::measurement,
      FactorId::signer,
      FactorId::security_version,
      FactorId::registers,
      FactorId::event_log,
      FactorId::gpu_measurements}},
    {TrustClaim::hardware,
     {FactorId::tcb,
      FactorId::revocation,
      FactorId::collateral,
      FactorId::advisories,
      FactorId::quoting_enclave,
      FactorId::module}},
    {TrustClaim::runtime_opaque,
     {FactorId::memory,
      FactorId::memory_integrity,
      FactorId::memory,
      FactorId::memory,
      FactorId::memory,
      FactorId::memory}},
    {TrustClaim::sourced_data,
     {FactorId::binding,
      FactorId::nonce,
      FactorId::freshness,
      FactorId::binding,
      FactorId::binding,
      FactorId::binding}},
}};

TrustTier tier_of(const FactorReport& report, std::span<const FactorId> factors) {
    bool passed = false;
    bool open = false;
    for (const FactorId id : factors) {
        const Factor* const factor = report.find(id);
        if (factor == nullptr) {
            continue;
        }
        if (factor->verdict == Verdict::fail) {
            return TrustTier::contraindicated;
        }
        passed = passed || factor->verdict == Verdict::pass;
        open = open || factor->verdict == Verdict::not_proven;
    }
    if (!passed) {
        return TrustTier::none;
    }
    return open ? TrustTier::warning : TrustTier::affirming;
}

void write_vector(wire::CborWriter& writer, const TrustVector& vector) {
    const auto said = [](TrustTier tier) { return tier != TrustTier::none; };
    writer.map(static_cast<std::size_t>(std::ranges::count_if(vector, said)));
    for (std::size_t i = 0; i < vector.size(); ++i) {
        if (said(vector[i])) {
            writer.unsigned_integer(i);
            writer.unsigned_integer(static_cast<std::uint8_t>(vector[i]));
        }
    }
}

void write_appraisal(wire::CborWriter& writer, const FactorReport& report) {
    constexpr std::uint64_t kStatus = 1000;
    constexpr std::uint64_t kVector = 1001;
    writer.map(2);
    writer.unsigned_integer(kStatus);
    writer.unsigned_integer(static_cast<std::uint8_t>(trust_status(report)));
    writer.unsigned_integer(kVector);
    write_vector(writer, trust_vector(report));
}

/// The claims, by their keys: iat 6, eat_nonce 10, eat_profile 265, submods 266, verifier id 1004.
Bytes write_claims(const FactorReport& report) {
    constexpr std::uint64_t kIssuedAt = 6;
    constexpr std::uint64_t kNonce = 10;
    constexpr std::uint64_t kProfile = 265;
    constexpr std::uint64_t kSubmodules = 266;
    constexpr std::uint64_t kVerifier = 1004;
    wire::CborWriter writer;
    writer.map(report.claims.has_value() ? 5 : 4);
    writer.unsigned_integer(kIssuedAt);
    writer.integer(report.judged_at.seconds());
    if (report.claims.has_value()) {
        writer.unsigned_integer(kNonce);
        writer.byte_string(report.claims->evidence_digest);
    }
    writer.unsigned_integer(kProfile);
    writer.text_string("tag:github.com,2023:veraison/ear");
    writer.unsigned_integer(kSubmodules);
    writer.map(1);
    writer.text_string(report.kind.has_value() ? kind_name(*report.kind) : "unknown");
    write_appraisal(writer, report);
    writer.unsigned_integer(kVerifier);
    writer.map(2);
    writer.unsigned_integer(0);  // Developer.
    writer.text_string("ChatMCP");
    writer.unsigned_integer(1);  // Build.
    writer.text_string("chatmcp attest 1");
    return writer.take();
}

}  // namespace

TrustVector trust_vector(const FactorReport& report) {
    TrustVector out{};
    for (const Aspect& aspect : kAspects) {
        out[static_cast<std::size_t>(aspect.claim)] = tier_of(report, aspect.factors);
    }
    return out;
}

TrustTier trust_status(const FactorReport& report) {
    const TrustVector vector = trust_vector(report);
    if (!report.accepted) {
        return TrustTier::contraindicated;
    }
    return std::max(TrustTier::affirming, *std::ranges::max_element(vector));
}

Bytes attestation_result(const FactorReport& report, const crypto::SigningKey& verifier) {
    constexpr std::uint64_t kSign1Tag = 18;
    constexpr std::size_t kParts = 4;
    constexpr std::uint8_t kEdDsaHeader[] = {0xa1, 0x01, 0x27};  // {1: -8}
    const Bytes claims = write_claims(report);
    wire::CborWriter to_sign;
    to_sign.array(kParts);
    to_sign.text_string("Signature1");
    to_sign.byte_string(kEdDsaHeader);
    to_sign.byte_string({});
    to_sign.byte_string(claims);
    wire::CborWriter out;
    out.tag(kSign1Tag);
    out.array(kParts);
    out.byte_string(kEdDsaHeader);
    out.map(0);
    out.byte_string(claims);
    out.byte_string(verifier.sign_raw(to_sign.view()));
    return out.take();
}

}  // namespace chatmcp::attest
