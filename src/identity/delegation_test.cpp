#include "identity/delegation.h"

#include <functional>

#include <gtest/gtest.h>

#include "support/identity.h"

namespace chatmcp::identity {
namespace {

using testing::key_named;
using testing::kTestNow;
using Purpose = Delegation::Purpose;

const Bytes kGroup(kGroupIdBytes, 0x11);
const Bytes kOtherGroup(kGroupIdBytes, 0x22);

template <class T>
std::string check_of(const Result<T>& result) {
    return result.has_value() ? "accepted" : result.error().check;
}

const crypto::SigningKey& root() {
    static const crypto::SigningKey key = key_named("root");
    return key;
}

PublicKey leaf() {
    return key_named("leaf").public_key();
}

Delegation for_group() {
    return delegate(root(), leaf(), Purpose::group, kGroup, kTestNow);
}

Delegation for_key_package() {
    return delegate(root(), leaf(), Purpose::key_package, {}, kTestNow);
}

void sign_again(Delegation& delegation) {
    delegation.signature = to_array<crypto::kEd25519SignatureBytes>(wire::sign(root(), delegation));
}

std::string verified(const Delegation& delegation, ByteView group_id) {
    return check_of(verify_delegation(delegation, root().public_key(), leaf(), group_id));
}

TEST(Delegation, WhatIsMadeIsReadAndHolds) {
    for (const auto& [delegation, group_id] :
         {std::pair(for_group(), kGroup), std::pair(for_key_package(), Bytes())}) {
        const Bytes encoded = wire::encode(delegation);
        const auto read = wire::decode<Delegation>(encoded);
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(wire::encode(*read), encoded);
        EXPECT_EQ(verified(*read, group_id), "accepted");
        EXPECT_EQ(check_of(check_delegation(*read, kTestNow)), "accepted");
    }
}

TEST(Delegation, AChangeOfAnyFieldIsAForgery) {
    const std::function<void(Delegation&)> changes[] = {
        [](Delegation& d) { d.leaf_key[0] ^= 1; },
        [](Delegation& d) { d.group_id = kOtherGroup; },
        [](Delegation& d) {
            d.purpose = Purpose::key_package;
            d.group_id.clear();
        },
        [](Delegation& d) { d.not_before = d.not_before.plus_ms(1); },
        [](Delegation& d) { d.not_after = d.not_after.plus_ms(-1); },
        [](Delegation& d) { d.signature[63] ^= 1; },
    };
    for (const auto& change : changes) {
        Delegation delegation = for_group();
        change(delegation);
        const auto result =
            verify_delegation(delegation, root().public_key(), delegation.leaf_key, kGroup);
        EXPECT_EQ(check_of(result), "ID-14");
        EXPECT_EQ(result.error().code, Errc::bad_signature);
    }
}

TEST(Delegation, AnotherRootsDelegationIsRefused) {
    const PublicKey other_root = key_named("other root").public_key();
    EXPECT_EQ(check_of(verify_delegation(for_group(), other_root, leaf(), kGroup)), "ID-14");
}

TEST(Delegation, AnotherLeafKeyIsRefused) {
    const PublicKey other_leaf = key_named("other leaf").public_key();
    for (const ByteView key : {ByteView(other_leaf), ByteView(other_leaf).first(31), ByteView()}) {
        const auto result = verify_delegation(for_group(), root().public_key(), key, kGroup);
        EXPECT_EQ(check_of(result), "ID-15");
        EXPECT_EQ(result.error().code, Errc::wrong_key);
    }
}

TEST(Delegation, AnotherGroupOrPurposeIsRefused) {
    EXPECT_EQ(verified(for_group(), kOtherGroup), "ID-16");
    EXPECT_EQ(verified(for_group(), {}), "ID-16");
    EXPECT_EQ(verified(for_key_package(), kGroup), "ID-16");
    const auto result = verify_delegation(for_group(), root().public_key(), leaf(), kOtherGroup);
    EXPECT_EQ(result.error().code, Errc::wrong_purpose);
}

TEST(Delegation, TimesAreJudgedAtTheGivenTimeToTheMillisecond) {
    const Delegation delegation = for_group();
    EXPECT_EQ(delegation.not_before, kTestNow.plus_ms(-48 * kHourMs));
    EXPECT_EQ(delegation.not_after, kTestNow.plus_ms(90 * kDayMs));
    EXPECT_EQ(check_of(check_delegation(delegation, delegation.not_before)), "accepted");
    EXPECT_EQ(check_of(check_delegation(delegation, delegation.not_after)), "accepted");
    const auto late = check_delegation(delegation, delegation.not_after.plus_ms(1));
    EXPECT_EQ(check_of(late), "ID-17");
    EXPECT_EQ(late.error().code, Errc::expired);
    const auto early = check_delegation(delegation, delegation.not_before.plus_ms(-1));
    EXPECT_EQ(check_of(early), "ID-18");
    EXPECT_EQ(early.error().code, Errc::not_yet_valid);
}

TEST(Delegation, AMakerWhoseClockIsNearTheEpochMakesAValidOne) {
    const Delegation delegation = delegate(root(), leaf(), Purpose::group, kGroup, UnixMs{1000});
    EXPECT_EQ(delegation.not_before, UnixMs{0});
    EXPECT_EQ(verified(delegation, kGroup), "accepted");
}

TEST(Delegation, TimesThatNoMakerWritesAreRefusedThoughSigned) {
    const std::function<void(Delegation&)> changes[] = {
        [](Delegation& d) { d.not_after = d.not_before; },
        [](Delegation& d) { d.not_after = d.not_before.plus_ms(-1); },
        [](Delegation& d) { d.not_after = d.not_before.plus_ms(kDelegationLifetimeMaxMs + 1); },
        [](Delegation& d) { d.not_before = UnixMs{-1}; },
        [](Delegation& d) { d.not_before = UnixMs{INT64_MIN}; },
        [](Delegation& d) {
            d.not_before = UnixMs{INT64_MAX - 1};
            d.not_after = UnixMs{INT64_MAX};
        },
        [](Delegation& d) {
            d.not_before = UnixMs{INT64_MIN};
            d.not_after = UnixMs{INT64_MAX};
        },
    };
    for (const auto& change : changes) {
        Delegation delegation = for_group();
        change(delegation);
        sign_again(delegation);
        EXPECT_EQ(verified(delegation, kGroup), "ID-13");
        EXPECT_EQ(check_of(wire::decode<Delegation>(wire::encode(delegation))), "ID-13");
    }
}

TEST(Delegation, APurposeThatDoesNotExistOrDoesNotFitItsGroupIdIsRefusedThoughSigned) {
    const std::function<void(Delegation&)> changes[] = {
        [](Delegation& d) { d.purpose = Purpose{0}; },
        [](Delegation& d) { d.purpose = Purpose{3}; },
        [](Delegation& d) { d.purpose = Purpose::key_package; },
        [](Delegation& d) { d.group_id.clear(); },
        [](Delegation& d) { d.group_id.pop_back(); },
    };
    for (const auto& change : changes) {
        Delegation delegation = for_group();
        change(delegation);
        sign_again(delegation);
        EXPECT_EQ(verified(delegation, delegation.group_id), "ID-12");
        EXPECT_EQ(check_of(wire::decode<Delegation>(wire::encode(delegation))), "ID-12");
    }
}

TEST(Delegation, AnotherSchemeIsUnsupportedAndATruncatedEncodingIsRefused) {
    Bytes encoded = wire::encode(for_group());
    for (std::size_t size = 0; size < encoded.size(); ++size) {
        EXPECT_FALSE(wire::decode<Delegation>(ByteView(encoded).first(size)).has_value());
    }
    encoded[1] = 0x08;
    EXPECT_EQ(check_of(wire::decode<Delegation>(encoded)), "ID-06");
}

}  // namespace
}  // namespace chatmcp::identity
