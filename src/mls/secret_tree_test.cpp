#include "mls/secret_tree.h"

#include <gtest/gtest.h>

#include "mls/storage.h"
#include "support/json_vectors.h"
#include "support/memory_transaction.h"

namespace chatmcp::mls {
namespace {

using nlohmann::json;
using testing::hex_of;
using testing::MemoryStore;
using testing::MemoryTransaction;

constexpr auto kSuite = CipherSuite::x25519_chacha20poly1305_sha256_ed25519;
const Bytes kGroup = {1, 2, 3};

struct Fixture {
    explicit Fixture(std::uint32_t leaves) : tree(kSuite, kGroup, Epoch{5}, LeafCount{leaves}) {
        EXPECT_TRUE(tree.start(transaction, SecretBytes(ByteView(Bytes(32, 9)))).has_value());
    }
    /// The keys of an epoch, forgotten in memory and read from storage again.
    void reload() { tree = SecretTree(kSuite, kGroup, Epoch{5}, tree.width()); }

    MemoryStore store;
    MemoryTransaction transaction{store};
    SecretTree tree;
    Limits limits;
};

Bytes key_of(const Result<MessageKey>& key) {
    return key.has_value() ? to_bytes(key->key.view()) : Bytes();
}

TEST(SecretTree, EveryVectorGivesItsKeysAndNonces) {
    const json vectors = testing::load_json("mls/secret-tree.json");
    ASSERT_EQ(vectors.size(), 15u);
    std::size_t keys = 0;
    for (const json& vector : vectors) {
        const auto suite = *cipher_suite(vector["cipher_suite"].get<std::uint16_t>());
        const auto width = leaf_count(static_cast<std::uint32_t>(vector["leaves"].size()));
        ASSERT_TRUE(width.has_value());
        MemoryStore store;
        MemoryTransaction transaction(store);
        SecretTree tree(suite, kGroup, Epoch{0}, *width);
        ASSERT_TRUE(
            tree.start(transaction, SecretBytes(ByteView(hex_of(vector["encryption_secret"]))))
                .has_value());
        for (std::uint32_t leaf = 0; leaf < width->value; ++leaf) {
            for (const json& entry : vector["leaves"][leaf]) {
                const auto generation = entry["generation"].get<std::uint32_t>();
                for (const auto& [type, name] : {std::pair(ContentType::application, "application"),
                                                 std::pair(ContentType::commit, "handshake")}) {
                    const auto key =
                        tree.find(transaction, LeafIndex{leaf}, type, generation, Limits{});
                    ASSERT_TRUE(key.has_value());
                    EXPECT_EQ(to_bytes(key->key.view()), hex_of(entry[std::string(name) + "_key"]));
                    EXPECT_EQ(to_bytes(key->nonce.view()),
                              hex_of(entry[std::string(name) + "_nonce"]));
                    ASSERT_TRUE(tree.spend(transaction, LeafIndex{leaf}, type, generation, Limits{})
                                    .has_value());
                    ++keys;
                }
            }
        }
    }
    EXPECT_GE(keys, 300u);
}

TEST(SecretTree, AKeyIsGivenUntilItIsSpentAndNeverAgain) {
    Fixture f(8);
    const LeafIndex sender{5};
    const auto first = f.tree.find(f.transaction, sender, ContentType::application, 0, f.limits);
    f.reload();
    const auto again = f.tree.find(f.transaction, sender, ContentType::application, 0, f.limits);
    EXPECT_EQ(key_of(first), key_of(again));
    ASSERT_TRUE(
        f.tree.spend(f.transaction, sender, ContentType::application, 0, f.limits).has_value());
    for (int round = 0; round < 2; ++round) {
        const auto spent =
            f.tree.find(f.transaction, sender, ContentType::application, 0, f.limits);
        ASSERT_FALSE(spent.has_value());
        EXPECT_STREQ(spent.error().check, "MLS-50");
        f.reload();
    }
}

TEST(SecretTree, SkippedKeysAreKeptUpToTheirLimitAndTheOldestGoFirst) {
    Fixture f(4);
    f.limits.skipped_keys_max = 3;
    const LeafIndex sender{2};
    std::vector<Bytes> keys;
    for (std::uint32_t g = 0; g < 6; ++g) {
        keys.push_back(
            key_of(f.tree.find(f.transaction, sender, ContentType::application, g, f.limits)));
    }
    ASSERT_TRUE(
        f.tree.spend(f.transaction, sender, ContentType::application, 5, f.limits).has_value());
    for (const std::uint32_t gone : {0u, 1u, 5u}) {
        EXPECT_FALSE(f.tree.find(f.transaction, sender, ContentType::application, gone, f.limits)
                         .has_value());
    }
    for (const std::uint32_t kept : {4u, 2u, 3u}) {
        f.reload();
        EXPECT_EQ(
            key_of(f.tree.find(f.transaction, sender, ContentType::application, kept, f.limits)),
            keys[kept]);
        ASSERT_TRUE(f.tree.spend(f.transaction, sender, ContentType::application, kept, f.limits)
                        .has_value());
        EXPECT_FALSE(f.tree.find(f.transaction, sender, ContentType::application, kept, f.limits)
                         .has_value());
    }
}

TEST(SecretTree, GenerationsTooFarAheadAreRefusedBeforeAnyWork) {
    Fixture f(4);
    f.limits.generations_ahead_max = 10;
    const LeafIndex sender{1};
    EXPECT_TRUE(
        f.tree.find(f.transaction, sender, ContentType::application, 10, f.limits).has_value());
    for (const std::uint32_t far : {11u, 0x8000'0000u, 0xffff'ffffu}) {
        const auto refused =
            f.tree.find(f.transaction, sender, ContentType::application, far, f.limits);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().code, Errc::too_far_ahead);
        EXPECT_STREQ(refused.error().check, "MLS-49");
    }
}

TEST(SecretTree, SendingNeverRepeatsAKeyEvenAfterAReload) {
    Fixture f(8);
    std::vector<Bytes> seen;
    for (int i = 0; i < 20; ++i) {
        const auto key = f.tree.next(f.transaction,
                                     LeafIndex{3},
                                     i % 3 == 0 ? ContentType::commit : ContentType::application);
        ASSERT_TRUE(key.has_value());
        seen.push_back(to_bytes(key->key.view()));
        if (i % 2 == 0) {
            f.reload();
        }
    }
    std::ranges::sort(seen);
    EXPECT_EQ(std::ranges::adjacent_find(seen), seen.end());
}

TEST(SecretTree, AUsedUpRatchetSendsNothingMore) {
    Fixture f(2);
    ASSERT_TRUE(f.tree.next(f.transaction, LeafIndex{0}, ContentType::application).has_value());
    const Bytes key = epoch_key(kGroup, RecordKind::ratchets, Epoch{5}, 0);
    Bytes record = *f.transaction.get(key).value();
    // Two ratchets of 40 bytes: next generation, skipped, secret. The second is the application's.
    std::fill_n(record.begin() + 40, 4, std::uint8_t{0xff});
    ASSERT_TRUE(f.transaction.put(key, record).has_value());
    f.reload();
    const auto refused = f.tree.next(f.transaction, LeafIndex{0}, ContentType::application);
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().check, "MLS-49");
}

TEST(SecretTree, EveryLeafOfATallTreeIsReachedFromSmallRecords) {
    Fixture f(1024);
    std::vector<Bytes> keys;
    for (std::uint32_t leaf = 0; leaf < 1024; leaf += 31) {
        f.store.reset_counters();
        keys.push_back(key_of(
            f.tree.find(f.transaction, LeafIndex{leaf}, ContentType::application, 0, f.limits)));
        EXPECT_EQ(f.store.puts, 0u);
        ASSERT_TRUE(
            f.tree.spend(f.transaction, LeafIndex{leaf}, ContentType::application, 0, f.limits)
                .has_value());
        EXPECT_LE(f.store.bytes_written, 1000u) << leaf;
        f.reload();
    }
    std::ranges::sort(keys);
    EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end());
    ASSERT_TRUE(SecretTree::erase(f.transaction, kGroup, Epoch{5}).has_value());
    const auto left = f.transaction.scan(group_prefix(kGroup), {}, 1);
    ASSERT_TRUE(left.has_value());
    EXPECT_TRUE(left->empty());
}

TEST(SecretTree, ARecordThatIsNotWhatWasWrittenIsNamedSo) {
    Fixture f(2);
    ASSERT_TRUE(f.tree.next(f.transaction, LeafIndex{0}, ContentType::application).has_value());
    ASSERT_TRUE(
        f.transaction.put(epoch_key(kGroup, RecordKind::ratchets, Epoch{5}, 0), Bytes{1, 2, 3})
            .has_value());
    f.reload();
    const auto refused = f.tree.next(f.transaction, LeafIndex{0}, ContentType::application);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::storage_corrupt);
    EXPECT_STREQ(refused.error().check, "MLS-48");
}

}  // namespace
}  // namespace chatmcp::mls
