#pragma once

#include "attest/appraise.h"
#include "wire/cmw.h"
#include "wire/evidence.h"

namespace chatmcp::attest::testing {

/// A simulated platform inside a test: it makes a quote that is right in every point, and signs any
/// change anew, so that a check is reached and not the signature in front of it.
class TestPlatform {
  public:
    TestPlatform() : root_(crypto::SigningKey::from_seed(Bytes(32, 0x61))) {
        binding_.enclave_key.fill(0x10);
        binding_.leaf_signature_key.fill(0x11);
        binding_.configuration_digest.fill(0x12);
        binding_.group_id.fill(0x13);
        binding_.nonce.fill(0x14);
    }

    static constexpr UnixMs kIssued{1'700'000'000'000};

    /// A good quote, not yet signed.
    [[nodiscard]] wire::SimulatedQuote quote() const {
        wire::SimulatedQuote quote;
        quote.digests.program.fill(0x21);
        quote.digests.model.fill(0x22);
        quote.digests.configuration = binding_.configuration_digest;
        quote.digests.command_line = wire::command_line_digest({});
        quote.measurement = wire::measurement_of(quote.digests);
        quote.report_data = report_data(binding_);
        quote.issued = kIssued;
        quote.sandbox_layers = (std::uint32_t{1} << wire::kSandboxLayers) - 1;
        quote.root_key = root_.public_key();
        return quote;
    }

    /// The quote as evidence, signed by this platform's root.
    [[nodiscard]] Bytes evidence(wire::SimulatedQuote quote) const {
        quote.signature = to_array<crypto::kEd25519SignatureBytes>(wire::sign(root_, quote));
        return wrap(wire::encode(quote));
    }
    [[nodiscard]] Bytes evidence() const { return evidence(quote()); }

    [[nodiscard]] static Bytes wrap(Bytes value) {
        return wire::encode_cmw({.media_type = std::string(wire::SimulatedQuote::kMediaType),
                                 .value = std::move(value),
                                 .indicator = wire::ConceptualMessage::kEvidence});
    }

    /// What a verifier expects who asked for exactly this quote, one minute later.
    [[nodiscard]] Expectation expectation() const {
        Expectation expectation;
        expectation.binding = binding_;
        expectation.measurement = quote().measurement;
        expectation.judged_at = kIssued.plus_ms(kMinuteMs);
        expectation.development = wire::Development{root_.public_key()};
        return expectation;
    }

    /// A policy that allows this root and this program.
    [[nodiscard]] Policy policy() const {
        Policy policy;
        policy.evidence_age_seconds_max = 3600;
        policy.simulated.emplace();
        policy.simulated->roots.push_back(
            {.fingerprint = fingerprint(), .measurements = {quote().measurement}});
        return policy;
    }

    [[nodiscard]] wire::RootFingerprint fingerprint() const {
        return wire::root_fingerprint(root_.public_key());
    }
    [[nodiscard]] const crypto::SigningKey& root() const { return root_; }

  private:
    crypto::SigningKey root_;
    ReportDataInput binding_;
};

}  // namespace chatmcp::attest::testing
