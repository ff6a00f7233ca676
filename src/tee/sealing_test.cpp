#include "tee/sealing.h"

#include <algorithm>
#include <set>
#include <span>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "support/formats.h"
#include "tee/test_platform.h"

namespace chatmcp::tee {
namespace {

using testing::FakePlatform;

const Bytes kName = {1, 2, 3};
const Bytes kPlaintext = {9, 8, 7, 6, 5};

void expect_refused(const Result<SecretBytes>& result, Errc code, std::string_view check) {
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, code);
    EXPECT_EQ(result.error().check, check);
}

class Sealing : public ::testing::Test {
  protected:
    Sealing() : platform_(1, 1), sealer_(Sealer::open(platform_, "state").value()) {}

    Bytes seal() { return sealer_.seal(kName, kPlaintext, platform_.random()); }

    FakePlatform platform_;
    Sealer sealer_;
};

TEST_F(Sealing, TheSameProgramOpensItAfterARestart) {
    const Bytes sealed = seal();
    EXPECT_EQ(sealed.size(), kPlaintext.size() + Sealer::kOverheadBytes);
    FakePlatform restarted(1, 1);
    const Sealer again = Sealer::open(restarted, "state").value();
    const auto opened = again.unseal(kName, sealed);
    ASSERT_TRUE(opened.has_value());
    EXPECT_TRUE(equal(opened->view(), kPlaintext));
    const auto empty = again.unseal(kName, sealer_.seal(kName, {}, platform_.random()));
    ASSERT_TRUE(empty.has_value());
    EXPECT_TRUE(empty->empty());
}

/// Gives one byte again and again.
class RepeatedByte final : public crypto::Random {
  public:
    explicit RepeatedByte(std::uint8_t byte) : byte_(byte) {}
    void fill(std::span<std::uint8_t> out) override { std::ranges::fill(out, byte_); }

  private:
    std::uint8_t byte_;
};

TEST_F(Sealing, IsWhatTheDocumentSays) {
    platform_.fix_sealing_key(Bytes(32, 0x6b));
    const Sealer sealer = Sealer::open(platform_, "client state").value();
    RepeatedByte salt(0x73);
    const Bytes sealed = sealer.seal(as_bytes("name"), as_bytes("plaintext"), salt);
    EXPECT_EQ(to_hex(sealed), to_hex(chatmcp::testing::format_vector("tee::Sealer")));
    EXPECT_EQ(as_text(sealer.unseal(as_bytes("name"), sealed).value().view()), "plaintext");
}

TEST_F(Sealing, AnotherProgramMachineContextOrNameDoesNotOpenIt) {
    const Bytes sealed = seal();
    FakePlatform other_program(1, 2);
    FakePlatform other_machine(2, 1);
    const auto opened = [&](Platform& platform, std::string_view context, ByteView name) {
        return Sealer::open(platform, context).value().unseal(name, sealed);
    };
    expect_refused(opened(other_program, "state", kName), Errc::cannot_open, "TEE-16");
    expect_refused(opened(other_machine, "state", kName), Errc::cannot_open, "TEE-16");
    expect_refused(opened(platform_, "other", kName), Errc::cannot_open, "TEE-16");
    expect_refused(opened(platform_, "state", Bytes{1, 2}), Errc::cannot_open, "TEE-16");
}

TEST_F(Sealing, NoFlippedBitOpens) {
    const Bytes sealed = seal();
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
        Bytes changed = sealed;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        ASSERT_FALSE(sealer_.unseal(kName, changed).has_value()) << bit;
    }
}

TEST_F(Sealing, WhatIsTooShortToBeASealIsRefused) {
    const Bytes sealed = sealer_.seal(kName, {}, platform_.random());
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        expect_refused(
            sealer_.unseal(kName, ByteView(sealed).first(size)), Errc::malformed, "TEE-13");
    }
}

TEST_F(Sealing, WhatIsTooLargeIsRefusedUnread) {
    const Bytes large(Sealer::kOverheadBytes + Sealer::kPlaintextMaxBytes + 1, 1);
    expect_refused(sealer_.unseal(kName, large), Errc::too_large, "TEE-14");
}

TEST_F(Sealing, AnotherVersionIsRefused) {
    Bytes sealed = seal();
    sealed[0] = 2;
    expect_refused(sealer_.unseal(kName, sealed), Errc::unsupported_version, "TEE-15");
}

TEST_F(Sealing, TheSameStateNeverSealsToTheSameBytes) {
    std::set<Bytes> seen;
    for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(seen.insert(seal()).second);
    }
}

TEST_F(Sealing, APlatformWithoutAKeyHasNoSealer) {
    platform_.mutable_facts().has_sealing_key = false;
    const auto sealer = Sealer::open(platform_, "state");
    ASSERT_FALSE(sealer.has_value());
    EXPECT_EQ(sealer.error().code, Errc::unsupported);
}

}  // namespace
}  // namespace chatmcp::tee
