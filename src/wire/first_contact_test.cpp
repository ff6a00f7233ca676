#include "wire/first_contact.h"

#include <gtest/gtest.h>

#include "support/formats.h"
#include "wire/delivery.h"

namespace chatmcp::wire {
namespace {

ByteArray<32> filled(std::uint8_t value) {
    ByteArray<32> out;
    out.fill(value);
    return out;
}

template <class T>
void expect_survives(const T& value, std::size_t bytes) {
    const Bytes encoded = encode(value);
    EXPECT_EQ(encoded.size(), bytes);
    EXPECT_EQ(decode<T>(encoded).value(), value);
    for (std::size_t cut = 0; cut < encoded.size(); ++cut) {
        EXPECT_FALSE(decode<T>(ByteView(encoded).first(cut)).has_value());
    }
}

TEST(FirstContact, EachValueIsReadAsItWasWritten) {
    expect_survives(Pass{DeliveryToken{filled(1)}}, 33);
    expect_survives(Pass{StampPass{filled(1), filled(2)}}, kPassMaxBytes);
    expect_survives(InboxPolicy{filled(1), 5, {filled(2), filled(3)}}, 32 + 8 + 2 + 64);
    expect_survives(InboxPolicy{}, 41);
    expect_survives(StampTerms{filled(1), filled(2), filled(3), 4}, 104);
}

ByteArray<32> run(std::uint8_t first) {
    ByteArray<32> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = static_cast<std::uint8_t>(first + i);
    }
    return out;
}

TEST(FirstContact, HasTheDocumentedBytes) {
    EXPECT_EQ(encode(Pass{StampPass{run(0x20), run(0xa0)}}), testing::format_vector("wire::Pass"));
    EXPECT_EQ(encode(InboxPolicy{run(0), 2'500'000, {run(0x40), run(0x60)}}),
              testing::format_vector("wire::InboxPolicy"));
    EXPECT_EQ(encode(StampTerms{run(0x10), run(0x30), run(0), 7'000'000}),
              testing::format_vector("wire::StampTerms"));
}

TEST(FirstContact, AnUnknownPassIsRefused) {
    for (const std::uint8_t kind : {std::uint8_t{0}, std::uint8_t{3}, std::uint8_t{255}}) {
        Bytes bytes = encode(Pass{StampPass{}});
        bytes[0] = kind;
        const auto refused = decode<Pass>(bytes);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().check, std::string_view("DEL-07"));
    }
}

TEST(FirstContact, AnInboxHasAtMostSoManyTokens) {
    InboxPolicy policy;
    policy.token_digests.resize(kDeliveryTokensMax);
    EXPECT_LE(encode(policy).size(), kInboxPolicyMaxBytes);
    EXPECT_TRUE(decode<InboxPolicy>(encode(policy)).has_value());
    policy.token_digests.emplace_back();
    const auto refused = decode<InboxPolicy>(encode(policy));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().check, std::string_view("WIRE-03"));
}

// What a welcome comes with is signed with it: nobody on the way can take it out or move it.
TEST(FirstContact, APassIsPartOfTheBundleThatIsSigned) {
    PublishBundle bundle;
    bundle.welcomes = {{.inbox = filled(1), .welcome = {1}}, {.inbox = filled(2), .welcome = {2}}};
    const auto without = bundle.admission().binding;
    bundle.welcomes[0].pass = Pass{DeliveryToken{filled(3)}};
    const auto first = bundle.admission().binding;
    std::swap(bundle.welcomes[0].pass, bundle.welcomes[1].pass);
    const auto second = bundle.admission().binding;
    EXPECT_NE(without, first);
    EXPECT_NE(without, second);
    EXPECT_NE(first, second);
}

}  // namespace
}  // namespace chatmcp::wire
