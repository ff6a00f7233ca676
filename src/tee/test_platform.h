#pragma once

#include "crypto/kdf.h"
#include "tee/platform.h"

namespace chatmcp::tee::testing {

/// A platform inside a test: sealing keys come from a secret of the machine and the measurement, as
/// they do on a real one.
class FakePlatform final : public Platform {
  public:
    FakePlatform(std::uint8_t machine, std::uint8_t program) {
        machine_secret_.fill(machine);
        facts_.name = "fake";
        facts_.measurement.fill(program);
        facts_.has_sealing_key = true;
    }

    Result<Bytes> evidence(const wire::ReportData&) override {
        return fail(Errc::unsupported, "TEE-10");
    }
    Result<SecretBytes> sealing_key(ByteView context) override {
        if (!facts_.has_sealing_key) {
            return fail(Errc::unsupported, "TEE-10");
        }
        if (!fixed_key_.empty()) {
            return SecretBytes(fixed_key_);
        }
        const SecretBytes prk =
            crypto::hkdf_extract(crypto::HashId::sha256, facts_.measurement, machine_secret_);
        return crypto::hkdf_expand(crypto::HashId::sha256, prk.view(), context, 32);
    }
    crypto::Random& random() override { return random_; }
    const PlatformFacts& facts() const override { return facts_; }
    PlatformFacts& mutable_facts() { return facts_; }
    /// For vectors: this key, whatever the context.
    void fix_sealing_key(ByteView key) { fixed_key_ = to_bytes(key); }

  private:
    ByteArray<32> machine_secret_{};
    Bytes fixed_key_;
    crypto::SystemRandom random_;
    PlatformFacts facts_;
};

}  // namespace chatmcp::tee::testing
