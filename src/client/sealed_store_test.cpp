#include "client/sealed_store.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "client/companion_duties.h"
#include "client/home.h"
#include "client/record.h"
#include "client/view.h"
#include "crypto/random.h"
#include "store/memory_key_value.h"
#include "support/formats.h"

namespace chatmcp::client {
namespace {

constexpr crypto::ScryptParameters kCheap{.n = 16, .r = 1, .p = 1};
const Bytes kPassphrase = to_bytes(as_bytes("correct horse"));

// A home in memory whose rows a test can damage.
class SealedStore : public ::testing::Test {
  protected:
    void SetUp() override { make(); }

    void make() {
        auto transaction = begin();
        ASSERT_TRUE(HomeKey::create(*transaction, kPassphrase, kCheap, random_).has_value());
        ASSERT_TRUE(transaction->commit().has_value());
    }
    std::unique_ptr<OwnedTransaction> begin() { return *store_.begin(); }
    Result<HomeKey> open(ByteView passphrase = kPassphrase) {
        return HomeKey::open(*begin(), passphrase);
    }
    void put(ByteView key, ByteView value) {
        const auto home_key = open();
        auto transaction = begin();
        SealedTransaction sealed(*transaction, *home_key, random_);
        ASSERT_TRUE(sealed.put(key, value).has_value());
        ASSERT_TRUE(transaction->commit().has_value());
    }
    Result<std::optional<Bytes>> get(ByteView key) {
        const auto home_key = open();
        auto transaction = begin();
        SealedTransaction sealed(*transaction, *home_key, random_);
        return sealed.get(key);
    }
    // The one row whose name begins with this byte.
    KeyValuePair row(std::uint8_t first) {
        const auto pairs = store_.pairs();
        const auto found = std::ranges::find_if(
            pairs, [&](const KeyValuePair& pair) { return pair.key[0] == first; });
        EXPECT_NE(found, pairs.end());
        return *found;
    }
    void overwrite(const KeyValuePair& pair) {
        auto transaction = begin();
        ASSERT_TRUE(transaction->put(pair.key, pair.value).has_value());
        ASSERT_TRUE(transaction->commit().has_value());
    }

    store::MemoryKeyValue store_;
    crypto::SystemRandom random_;
};

TEST(HomeHeader, TheDocumentedOneOpensUnderItsPassphrase) {
    store::MemoryKeyValue store;
    auto transaction = *store.begin();
    const Bytes name = concat({Bytes{0x00}, as_bytes("home")});
    ASSERT_TRUE(transaction->put(name, testing::format_vector("client::HomeKey")).has_value());
    EXPECT_TRUE(HomeKey::open(*transaction, kPassphrase).has_value());
    const auto other = HomeKey::open(*transaction, as_bytes("another"));
    ASSERT_FALSE(other.has_value());
    EXPECT_STREQ(other.error().check, "CLT-03");
}

TEST(HomeRecords, TheDocumentedRowReadsAndIsWrittenBack) {
    const Bytes row = testing::format_vector("client::QueuedRow");
    const auto queued = decode_record<QueuedRow>(row);
    ASSERT_TRUE(queued.has_value());
    EXPECT_EQ(queued->position, 42u);
    EXPECT_EQ(encode_record(*queued), row);
}

TEST(ReceiptFiles, TheDocumentedOneReadsAndIsWrittenBack) {
    const Bytes bytes = testing::format_vector("client::ReceiptFile");
    const auto file = wire::decode<ReceiptFile>(bytes);
    ASSERT_TRUE(file.has_value());
    EXPECT_EQ(wire::encode(file->announcement), testing::format_vector("wire::Announcement"));
    EXPECT_EQ(wire::encode(file->answer_post), testing::format_vector("wire::AnswerPost"));
    EXPECT_EQ(file->announced_at, UnixMs{1'780'000'000'123});
    EXPECT_EQ(file->answered_at, UnixMs{1'780'000'001'123});
    EXPECT_EQ(file->prompts, std::vector<Bytes>(1, testing::format_vector("assistant::Prompt")));
    EXPECT_EQ(wire::encode(*file), bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(wire::decode<ReceiptFile>(ByteView(bytes).first(size)).has_value()) << size;
    }
}

Bytes key_of(std::string_view table, std::uint8_t id, std::string_view rest) {
    return concat({as_bytes(table), Bytes(SealedTransaction::kIdBytes, id), as_bytes(rest)});
}

TEST_F(SealedStore, WhatIsPutComesBackAndNothingOfItIsOnTheDisk) {
    const Bytes value = to_bytes(as_bytes("canary in a value"));
    put(key_of("table/", 0xab, "rest"), value);
    EXPECT_EQ(get(key_of("table/", 0xab, "rest")), std::optional<Bytes>(value));
    for (const KeyValuePair& pair : store_.pairs()) {
        const Bytes both = concat({pair.key, pair.value});
        EXPECT_EQ(as_text(both).find("canary"), std::string_view::npos);
        EXPECT_EQ(as_text(both).find("table"), std::string_view::npos);
        EXPECT_TRUE(std::ranges::search(both, Bytes(8, 0xab)).empty());
    }
}

TEST_F(SealedStore, AScanKeepsTheOrderWithinOneTableAndId) {
    const auto home_key = open();
    auto transaction = begin();
    SealedTransaction sealed(*transaction, *home_key, random_);
    for (const char* rest : {"c", "a", "b"}) {
        ASSERT_TRUE(sealed.put(key_of("t/", 1, rest), as_bytes(rest)).has_value());
        ASSERT_TRUE(sealed.put(key_of("t/", 2, rest), as_bytes("other")).has_value());
    }
    const auto all = sealed.scan(key_of("t/", 1, ""), {}, 10);
    ASSERT_EQ(all->size(), 3u);
    EXPECT_EQ((*all)[0].key, key_of("t/", 1, "a"));
    EXPECT_EQ((*all)[2].value, to_bytes(as_bytes("c")));
    const auto rest = sealed.scan(key_of("t/", 1, ""), key_of("t/", 1, "a"), 1);
    ASSERT_EQ(rest->size(), 1u);
    EXPECT_EQ((*rest)[0].key, key_of("t/", 1, "b"));
}

TEST_F(SealedStore, ASecondHomeInTheSamePlaceIsRefused) {
    auto transaction = begin();
    const auto again = HomeKey::create(*transaction, kPassphrase, kCheap, random_);
    ASSERT_FALSE(again.has_value());
    EXPECT_STREQ(again.error().check, "CLT-01");
}

TEST_F(SealedStore, AnEmptyPlaceIsNoHome) {
    store::MemoryKeyValue empty;
    const auto opened = HomeKey::open(**empty.begin(), kPassphrase);
    ASSERT_FALSE(opened.has_value());
    EXPECT_STREQ(opened.error().check, "CLT-02");
}

TEST_F(SealedStore, AWrongPassphraseIsNamed) {
    const auto opened = open(as_bytes("incorrect horse"));
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, Errc::wrong_passphrase);
    EXPECT_STREQ(opened.error().check, "CLT-03");
}

TEST_F(SealedStore, EveryFlippedBitAndEveryCutOfTheHeaderIsDamage) {
    const KeyValuePair header = row(0x00);
    for (std::size_t bit = 0; bit < header.value.size() * 8; ++bit) {
        KeyValuePair damaged = header;
        damaged.value[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
        overwrite(damaged);
        const auto opened = open();
        ASSERT_FALSE(opened.has_value());
        EXPECT_STREQ(opened.error().check, "CLT-04");
    }
    for (std::size_t size = 0; size < header.value.size(); ++size) {
        KeyValuePair cut = header;
        cut.value.resize(size);
        overwrite(cut);
        const auto opened = open();
        ASSERT_FALSE(opened.has_value());
        EXPECT_STREQ(opened.error().check, "CLT-04");
    }
}

// Writes the header anew with one field changed and its check made right again, as somebody with
// the disk could.
Bytes with_field(const Bytes& header, std::size_t at, std::initializer_list<std::uint8_t> bytes) {
    Bytes body(header.begin(), header.end() - 8);
    std::ranges::copy(bytes, body.begin() + static_cast<std::ptrdiff_t>(at));
    const auto digest = crypto::sha256(body);
    append(body, ByteView(digest).first(8));
    return body;
}

TEST_F(SealedStore, AnotherVersionIsUnsupported) {
    KeyValuePair header = row(0x00);
    header.value = with_field(header.value, 0, {0, 2});
    overwrite(header);
    const auto opened = open();
    ASSERT_FALSE(opened.has_value());
    EXPECT_STREQ(opened.error().check, "CLT-05");
}

TEST_F(SealedStore, KeyDerivationThatAsksForTooMuchIsRefused) {
    KeyValuePair header = row(0x00);
    header.value = with_field(header.value, 2, {0, 0, 0, 1, 0, 0, 0, 0});
    overwrite(header);
    const auto opened = open();
    ASSERT_FALSE(opened.has_value());
    EXPECT_STREQ(opened.error().check, "CLT-06");
}

TEST(HomeRecords, AFieldThatItsKindAlwaysHasAndThatIsMissingIsDamage) {
    const auto missing = recorded(std::optional<std::uint64_t>());
    ASSERT_FALSE(missing.has_value());
    EXPECT_EQ(missing.error().code, Errc::storage_corrupt);
    EXPECT_STREQ(missing.error().check, "CLT-07");

    const auto present = recorded(std::optional<std::uint64_t>(0));
    ASSERT_TRUE(present.has_value());
    EXPECT_EQ(*present, 0u);
}

TEST(HomeRecords, AFieldThatCameLaterHasItsDefaultInAnOlderRow) {
    ChatRow row;
    row.title = "Lunch";
    row.public_handshakes = true;
    Bytes older = encode_record(row);
    older.pop_back();
    const auto read = decode_record<ChatRow>(older);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->title, "Lunch");
    EXPECT_FALSE(read->public_handshakes);
    // What the row always had is never missing.
    older.pop_back();
    EXPECT_STREQ(decode_record<ChatRow>(older).error().check, "CLT-07");
}

TEST_F(SealedStore, AValueThatWasChangedCutOrMovedDoesNotOpen) {
    put(key_of("t/", 1, "a"), as_bytes("first"));
    const KeyValuePair original = row(0x01);
    const auto expect_damage = [&] {
        const auto value = get(key_of("t/", 1, "a"));
        ASSERT_FALSE(value.has_value());
        EXPECT_EQ(value.error().code, Errc::storage_corrupt);
        EXPECT_STREQ(value.error().check, "CLT-07");
    };
    for (std::size_t bit = 0; bit < original.value.size() * 8; ++bit) {
        KeyValuePair damaged = original;
        damaged.value[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
        overwrite(damaged);
        expect_damage();
    }
    for (std::size_t size = 0; size < original.value.size(); ++size) {
        KeyValuePair cut = original;
        cut.value.resize(size);
        overwrite(cut);
        expect_damage();
    }
    overwrite(original);
    put(key_of("t/", 2, "a"), as_bytes("second"));
    for (const KeyValuePair& pair : store_.pairs()) {
        if (pair.key[0] == 0x01 && pair.key != original.key) {
            overwrite({original.key, pair.value});
        }
    }
    expect_damage();
}

TEST_F(SealedStore, TheSameValueIsSealedDifferentlyEachTime) {
    put(key_of("t/", 1, "a"), as_bytes("value"));
    const Bytes first = row(0x01).value;
    put(key_of("t/", 1, "a"), as_bytes("value"));
    EXPECT_NE(row(0x01).value, first);
}

}  // namespace
}  // namespace chatmcp::client
