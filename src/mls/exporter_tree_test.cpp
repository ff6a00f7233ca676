#include "mls/exporter_tree.h"

#include <algorithm>

#include "base/encoding.h"
#include "mls/key_schedule.h"
#include "support/mls_trio.h"

namespace chatmcp::mls {
namespace {

constexpr auto kSha256Suite = CipherSuite::x25519_chacha20poly1305_sha256_ed25519;
constexpr auto kSha384Suite = CipherSuite::p384_aes256gcm_sha384_p384;

// Epoch secret: KDF.Nh bytes of 0x42. Values of another implementation of HMAC and HKDF (Python's
// hmac), written from the draft's text.
struct Known {
    CipherSuite suite;
    const char* application_export_secret;
    std::vector<std::pair<std::uint16_t, const char*>> secrets;
};
const std::vector<Known>& known_answers() {
    static const std::vector<Known> known = {
        {kSha256Suite,
         "567b02d6c2eb1e53e002d2fc588bce567496f9c3f7b88d860d6c1a7f0d84f80e",
         {{0x0000, "952aaa25486b997a6a2ac443542c84dc5e0b50741403a6dd0b891041f2660e3d"},
          {0x8001, "659c416817b5383217915d44c373d30444590e14783e3658582d588bbccfd8e6"},
          {0xF001, "b129304af5b654ee32479eef4a82ee76dbd60df580a5f1cf0e4a9a7dfb6b4244"},
          {0xFFFF, "9141d06873b57f03ca548fea7b5a41e819dc69b9f9c3172e32ccfe60d9208cdf"}}},
        {kSha384Suite,
         "24514dbc50d15d5cb1ece9a0612f2a229ae595dd6d3a4cf972277300c89c5319dad98a69f28f3ff81b4d71d65"
         "3cf4a8f",
         {{0x0000,
           "a349dbdd7afbb196eb64e4d2cf68b16adc9a718f1d27a9986b47fe493cd1a4bd1ce63d46d7ab76927c7d9e4"
           "0dd1c9718"},
          {0xFFFF,
           "8e3174772b0f19ae6dbe61bd6529cfa12d1d49db8992b389ef81a3958eefbee04cb63786f6615f8f7b41909"
           "7b8dc47ca"}}},
    };
    return known;
}

SecretBytes root_of(CipherSuite suite) {
    const Bytes epoch_secret(hash_bytes(suite), 0x42);
    return derive_secret(suite, epoch_secret, "application_export");
}

TEST(ExporterTree, GivesTheValuesOfAnotherImplementationInAnyOrder) {
    for (const Known& known : known_answers()) {
        const SecretBytes root = root_of(known.suite);
        EXPECT_EQ(to_hex(root.view()), known.application_export_secret);
        auto order = known.secrets;
        do {
            ExporterTree tree(root.clone());
            for (const auto& [component, secret] : order) {
                const auto taken = tree.take(known.suite, component);
                ASSERT_TRUE(taken.has_value());
                EXPECT_EQ(to_hex(taken->view()), secret);
            }
        } while (std::ranges::next_permutation(order).found);
    }
}

TEST(ExporterTree, GivesEveryLeafOnceAlsoFromItsRecord) {
    ExporterTree tree(root_of(kSha256Suite));
    constexpr std::uint16_t kComponents[] = {0x8001, 0x8000, 0x0000, 0xFFFF, 0x8002};
    for (const std::uint16_t component : kComponents) {
        ASSERT_TRUE(tree.take(kSha256Suite, component).has_value());
        const Bytes record = wire::encode(tree);
        auto again = wire::decode<ExporterTree>(record);
        ASSERT_TRUE(again.has_value());
        EXPECT_EQ(wire::encode(*again), record);
        const auto repeated = again->take(kSha256Suite, component);
        ASSERT_FALSE(repeated.has_value());
        EXPECT_EQ(repeated.error(), (Error{Errc::replayed, "EXT-01"}));
        tree = *std::move(again);
    }
}

TEST(ExporterTree, ARecordThatIsNoTreeIsRefused) {
    const auto refused = [](const Bytes& content) {
        wire::Writer writer;
        writer.vector(content);
        const auto read = wire::decode<ExporterTree>(writer.view());
        return !read.has_value() && read.error() == Error{Errc::malformed, "MLS-48"};
    };
    EXPECT_TRUE(refused({17, 0, 0, 1, 9}));                   // Higher than the tree.
    EXPECT_TRUE(refused({1, 0, 1, 1, 9}));                    // Beside its place.
    EXPECT_TRUE(refused({1, 0, 0, 1, 9, 0, 0, 1, 1, 9}));     // Twice the same leaf.
    EXPECT_TRUE(refused({15, 128, 0, 1, 9, 0, 0, 5, 1, 9}));  // Not in order.
    EXPECT_FALSE(refused({15, 0, 0, 1, 9, 0, 128, 5, 1, 9}));
}

class SafeExporter : public testing::MlsTrio {
  protected:
    void SetUp() override { found({}); }

    static Result<SecretBytes> take(testing::MlsMember& member, std::uint16_t component) {
        return member.step([&](Transaction& t) { return member.group->export_once(t, component); });
    }
    static bool is_stored(const testing::MlsMember& member, ByteView secret) {
        return std::ranges::any_of(member.store.records, [&](const auto& record) {
            return !std::ranges::search(record.second, secret).empty();
        });
    }
};

TEST_F(SafeExporter, AllMembersTakeTheSameSecretOfAComponentOnce) {
    const auto of_alice = take(alice, 0x8001);
    const auto of_bob = take(bob, 0x8001);
    ASSERT_TRUE(of_alice.has_value() && of_bob.has_value());
    EXPECT_EQ(of_alice->size(), 32u);
    EXPECT_TRUE(equal(of_alice->view(), of_bob->view()));
    EXPECT_EQ(refusal(take(alice, 0x8001)), "EXT-01");
    ASSERT_TRUE(alice.reload().has_value());
    EXPECT_EQ(refusal(take(alice, 0x8001)), "EXT-01");
    const auto other = take(alice, 0x8002);
    ASSERT_TRUE(other.has_value());
    EXPECT_FALSE(equal(other->view(), of_alice->view()));
    EXPECT_TRUE(equal(other->view(), take(carol, 0x8002)->view()));
}

TEST_F(SafeExporter, NothingInTheStoreGivesItAgain) {
    const Bytes key = record_key(alice.group->view().group_id(), RecordKind::exporter_tree);
    const auto before = wire::decode<ExporterTree>(alice.store.records.at(key));
    ASSERT_TRUE(before.has_value());
    const auto taken = take(alice, 0x8001);
    ASSERT_TRUE(taken.has_value());
    EXPECT_FALSE(is_stored(alice, taken->view()));
    // The root, which was the whole record, is gone too.
    EXPECT_FALSE(is_stored(alice, ByteView(wire::encode(*before)).last(32)));
    EXPECT_TRUE(is_stored(bob, ByteView(wire::encode(*before)).last(32)));
}

TEST_F(SafeExporter, AFailedWriteLeavesItToBeTaken) {
    {
        testing::MemoryTransaction dropped(alice.store);
        ASSERT_TRUE(alice.group->export_once(dropped, 0x8001).has_value());
    }
    const auto taken = take(alice, 0x8001);
    ASSERT_TRUE(taken.has_value());
    EXPECT_TRUE(equal(taken->view(), take(bob, 0x8001)->view()));
}

TEST_F(SafeExporter, EveryEpochHasATreeOfItsOwn) {
    const auto first = take(alice, 0x8001);
    // Staged, stored and loaded before it is confirmed.
    const auto bundle = alice.stage(Plan{.force_path = true});
    ASSERT_TRUE(bundle.has_value());
    ASSERT_TRUE(alice.reload().has_value());
    EXPECT_EQ(refusal(take(alice, 0x8001)), "EXT-01");
    ASSERT_TRUE(alice.confirm().has_value());
    ASSERT_TRUE(bob.follow(bundle->commit).has_value());
    const auto second = take(alice, 0x8001);
    ASSERT_TRUE(second.has_value());
    EXPECT_FALSE(equal(first->view(), second->view()));
    EXPECT_TRUE(equal(second->view(), take(bob, 0x8001)->view()));
    // Who comes in by an external commit has the same.
    const auto info = alice.group->group_info(true, true);
    testing::MlsMember dave("dave", 4);
    const auto joined = dave.join_external(*info);
    ASSERT_TRUE(joined.has_value()) << joined.error().check;
    ASSERT_TRUE(alice.follow(joined->commit).has_value());
    EXPECT_TRUE(equal(take(dave, 0x8001)->view(), take(alice, 0x8001)->view()));
}

TEST_F(SafeExporter, WhoWasRemovedHasNoneLeft) {
    const auto bundle = alice.stage(Plan{.remove = {LeafIndex{1}}});
    ASSERT_TRUE(bob.follow(bundle->commit).has_value());
    EXPECT_EQ(refusal(take(bob, 0x8001)), "MLS-70");
    const Bytes key = record_key(bob.group->view().group_id(), RecordKind::exporter_tree);
    EXPECT_FALSE(bob.store.records.contains(key));
}

TEST_F(SafeExporter, AnEpochOfAnOlderBuildHasNone) {
    alice.store.records.erase(
        record_key(alice.group->view().group_id(), RecordKind::exporter_tree));
    EXPECT_EQ(refusal(take(alice, 0x8001)), "EXT-06");
}

}  // namespace
}  // namespace chatmcp::mls
