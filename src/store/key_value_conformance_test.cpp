// One suite for every implementation of base/key_value.h, and beside it what only SQLite promises:
// files, processes, damage, full disks.

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/memory_key_value.h"
#include "store/sqlite_key_value.h"
#include "store/store_testing.h"
#include "support/random.h"

namespace chatmcp::store {
namespace {

Bytes bytes(std::string_view text) {
    return to_bytes(as_bytes(text));
}

// What a suite needs of an implementation.
struct Subject {
    virtual ~Subject() = default;
    virtual Result<std::unique_ptr<OwnedTransaction>> begin() = 0;
    // Close and open again, where that means something.
    virtual void reopen() {}
};

struct MemorySubject final : Subject {
    MemoryKeyValue store;
    Result<std::unique_ptr<OwnedTransaction>> begin() override { return store.begin(); }
};

struct SqliteSubject final : Subject {
    TemporaryFolder folder;
    std::unique_ptr<SqliteKeyValue> store;
    SqliteSubject() { reopen(); }
    Result<std::unique_ptr<OwnedTransaction>> begin() override { return store->begin(); }
    void reopen() override {
        store.reset();
        auto opened = SqliteKeyValue::open(folder.file("home.sqlite"));
        CHATMCP_CHECK(opened.has_value());
        store = *std::move(opened);
    }
};

using Maker = std::unique_ptr<Subject> (*)();

class KeyValueConformance : public ::testing::TestWithParam<Maker> {
  protected:
    KeyValueConformance() : subject(GetParam()()) {}

    std::unique_ptr<OwnedTransaction> begin() {
        auto transaction = subject->begin();
        CHATMCP_CHECK(transaction.has_value());
        return *std::move(transaction);
    }
    void put(std::string_view key, std::string_view value) {
        const auto transaction = begin();
        ASSERT_TRUE(transaction->put(as_bytes(key), as_bytes(value)).has_value());
        ASSERT_TRUE(transaction->commit().has_value());
    }
    std::string get(std::string_view key) {
        const auto transaction = begin();
        const auto value = transaction->get(as_bytes(key));
        CHATMCP_CHECK(value.has_value());
        return value->has_value() ? to_text(**value) : "(none)";
    }
    std::string scan(std::string_view prefix, std::string_view after, std::size_t limit) {
        const auto transaction = begin();
        const auto pairs = transaction->scan(as_bytes(prefix), as_bytes(after), limit);
        CHATMCP_CHECK(pairs.has_value());
        std::string out;
        for (const auto& pair : *pairs) {
            out += to_text(pair.key) + "=" + to_text(pair.value) + " ";
        }
        return out;
    }

    std::unique_ptr<Subject> subject;
};

INSTANTIATE_TEST_SUITE_P(Stores,
                         KeyValueConformance,
                         ::testing::Values(Maker([]() -> std::unique_ptr<Subject> {
                                               return std::make_unique<MemorySubject>();
                                           }),
                                           Maker([]() -> std::unique_ptr<Subject> {
                                               return std::make_unique<SqliteSubject>();
                                           })),
                         [](const auto& info) { return info.index == 0 ? "Memory" : "Sqlite"; });

TEST_P(KeyValueConformance, ATransactionSeesItsOwnWritesAndOthersSeeThemAfterCommit) {
    {
        const auto transaction = begin();
        ASSERT_TRUE(transaction->put(as_bytes("a"), as_bytes("1")).has_value());
        EXPECT_EQ(transaction->get(as_bytes("a")).value(), bytes("1"));
        ASSERT_TRUE(transaction->put(as_bytes("a"), as_bytes("2")).has_value());
        ASSERT_TRUE(transaction->put(as_bytes("b"), {}).has_value());
        EXPECT_EQ(transaction->get(as_bytes("a")).value(), bytes("2"));
        EXPECT_EQ(transaction->scan({}, {}, 10)->size(), 2u);
        ASSERT_TRUE(transaction->commit().has_value());
    }
    subject->reopen();
    EXPECT_EQ(get("a"), "2");
    EXPECT_EQ(get("b"), "");
    EXPECT_EQ(get("c"), "(none)");
}

TEST_P(KeyValueConformance, ADroppedTransactionLeavesEverythingAsItWas) {
    put("kept", "1");
    put("erased", "2");
    {
        const auto transaction = begin();
        ASSERT_TRUE(transaction->put(as_bytes("kept"), as_bytes("changed")).has_value());
        ASSERT_TRUE(transaction->put(as_bytes("kept"), as_bytes("changed again")).has_value());
        ASSERT_TRUE(transaction->put(as_bytes("new"), as_bytes("3")).has_value());
        ASSERT_TRUE(transaction->erase(as_bytes("erased")).has_value());
        ASSERT_TRUE(transaction->erase(as_bytes("new")).has_value());
        ASSERT_TRUE(transaction->put(as_bytes("new"), as_bytes("4")).has_value());
    }
    EXPECT_EQ(scan("", "", 10), "erased=2 kept=1 ");
}

TEST_P(KeyValueConformance, AScanGivesAPrefixInByteOrderAfterACursorUpToALimit) {
    for (const std::string_view key : {"b", "a1", "a", "a2", "a\xff", "a\xff\xff", "c", "ab"}) {
        put(key, key.substr(key.size() - 1));
    }
    EXPECT_EQ(scan("a", "", 10), "a=a a1=1 a2=2 ab=b a\xff=\xff a\xff\xff=\xff ");
    EXPECT_EQ(scan("a", "", 1), "a=a ");
    EXPECT_EQ(scan("a", "a", 2), "a1=1 a2=2 ");
    EXPECT_EQ(scan("a", "a1x", 1), "a2=2 ");
    EXPECT_EQ(scan("a", "0", 1), "a=a ");  // A cursor before the prefix.
    EXPECT_EQ(scan("a", "b", 10), "");     // And one behind it.
    EXPECT_EQ(scan("a\xff", "", 10), "a\xff=\xff a\xff\xff=\xff ");
    EXPECT_EQ(scan("", "ab", 10), "a\xff=\xff a\xff\xff=\xff b=b c=c ");
    EXPECT_EQ(scan("", "", 0), "");
    EXPECT_EQ(scan("\xff", "", 10), "");
    EXPECT_EQ(scan("d", "", 10), "");
}

TEST_P(KeyValueConformance, AnErasedKeyIsGoneAndErasingNothingIsNoError) {
    put("a", "1");
    {
        const auto transaction = begin();
        ASSERT_TRUE(transaction->erase(as_bytes("a")).has_value());
        ASSERT_TRUE(transaction->erase(as_bytes("never there")).has_value());
        EXPECT_EQ(transaction->get(as_bytes("a")).value(), std::nullopt);
        ASSERT_TRUE(transaction->commit().has_value());
    }
    subject->reopen();
    EXPECT_EQ(get("a"), "(none)");
}

TEST_P(KeyValueConformance, KeysAndValuesHoldEveryByteAndTheirLimitsHold) {
    Bytes key(Transaction::kKeyMaxBytes);
    Bytes value(Transaction::kValueMaxBytes);
    testing::SeededRandom random(7);
    random.fill(key);
    random.fill(value);
    {
        const auto transaction = begin();
        ASSERT_TRUE(transaction->put(key, value).has_value());
        ASSERT_TRUE(transaction->put(Bytes{0}, Bytes{0, 0}).has_value());
        ASSERT_TRUE(transaction->commit().has_value());
    }
    subject->reopen();
    EXPECT_EQ(begin()->get(key).value(), value);
    EXPECT_EQ(begin()->get(Bytes{0}).value(), (Bytes{0, 0}));

    key.push_back(0);
    value.push_back(0);
    for (const auto& [bad_key, bad_value] : std::vector<std::pair<Bytes, Bytes>>{
             {key, Bytes{1}}, {Bytes{1}, value}, {Bytes{}, Bytes{1}}}) {
        const auto refused = begin()->put(bad_key, bad_value);
        ASSERT_FALSE(refused.has_value());
        EXPECT_STREQ(refused.error().check, "STO-05");
    }
}

TEST_P(KeyValueConformance, ManySeededTransactionsAgreeWithAMap) {
    testing::SeededRandom random(11);
    std::map<Bytes, Bytes> model;
    for (int round = 0; round < 60; ++round) {
        auto changed = model;
        const auto transaction = begin();
        for (int step = 0; step < 10; ++step) {
            const Bytes key = {static_cast<std::uint8_t>(random.below(4)),
                               static_cast<std::uint8_t>(random.below(8))};
            if (random.below(3) == 0) {
                ASSERT_TRUE(transaction->erase(key).has_value());
                changed.erase(key);
            } else {
                const Bytes value(random.below(300), static_cast<std::uint8_t>(round));
                ASSERT_TRUE(transaction->put(key, value).has_value());
                changed.insert_or_assign(key, value);
            }
            const auto seen = transaction->scan(ByteView(key).first(1), {}, 100);
            ASSERT_TRUE(seen.has_value());
            auto at = changed.lower_bound(Bytes{key[0]});
            for (const auto& pair : *seen) {
                ASSERT_NE(at, changed.end());
                EXPECT_EQ(pair.key, at->first);
                EXPECT_EQ(pair.value, at->second);
                ++at;
            }
            EXPECT_TRUE(at == changed.end() || at->first[0] != key[0]);
        }
        if (random.below(4) != 0) {
            ASSERT_TRUE(transaction->commit().has_value());
            model = changed;
        }
    }
    subject->reopen();
    const auto all = begin()->scan({}, {}, 1000);
    ASSERT_TRUE(all.has_value());
    ASSERT_EQ(all->size(), model.size());
    for (const auto& pair : *all) {
        EXPECT_EQ(pair.value, model.at(pair.key));
    }
}

TEST(MemoryKeyValue, ASecondTransactionAtTheSameTimeIsRefused) {
    MemoryKeyValue store;
    auto first = store.begin();
    ASSERT_TRUE(first.has_value());
    const auto second = store.begin();
    ASSERT_FALSE(second.has_value());
    EXPECT_STREQ(second.error().check, "STO-04");
    first->reset();
    EXPECT_TRUE(store.begin().has_value());
}

TEST(MemoryKeyValue, PairsAreWhatWasCommitted) {
    MemoryKeyValue store;
    {
        const auto transaction = *store.begin();
        ASSERT_TRUE(transaction->put(as_bytes("b"), as_bytes("2")).has_value());
        ASSERT_TRUE(transaction->put(as_bytes("a"), as_bytes("1")).has_value());
        ASSERT_TRUE(transaction->commit().has_value());
    }
    const auto pairs = store.pairs();
    ASSERT_EQ(pairs.size(), 2u);
    EXPECT_EQ(pairs[0].key, bytes("a"));
    EXPECT_EQ(pairs[1].value, bytes("2"));
}

// ---- What only a file promises. ----

void put_number(SqliteKeyValue& store, std::string_view key, int number) {
    const auto transaction = store.begin();
    CHATMCP_CHECK(transaction.has_value());
    CHATMCP_CHECK((*transaction)->put(as_bytes(key), as_bytes(std::to_string(number))).has_value());
    CHATMCP_CHECK((*transaction)->commit().has_value());
}

int get_number(SqliteKeyValue& store, std::string_view key) {
    const auto transaction = store.begin();
    CHATMCP_CHECK(transaction.has_value());
    const auto value = (*transaction)->get(as_bytes(key));
    CHATMCP_CHECK(value.has_value());
    return value->has_value() ? std::stoi(to_text(**value)) : 0;
}

// Read, add one, write: loses an update unless transactions are exclusive.
void count_up(SqliteKeyValue& store, int times) {
    for (int i = 0; i < times; ++i) {
        const auto transaction = store.begin();
        CHATMCP_CHECK(transaction.has_value());
        const auto value = (*transaction)->get(as_bytes("count"));
        CHATMCP_CHECK(value.has_value());
        const int next = (value->has_value() ? std::stoi(to_text(**value)) : 0) + 1;
        CHATMCP_CHECK(
            (*transaction)->put(as_bytes("count"), as_bytes(std::to_string(next))).has_value());
        CHATMCP_CHECK((*transaction)->commit().has_value());
    }
}

TEST(SqliteKeyValue, TheFileAndItsJournalAreForTheirOwnerOnly) {
    const TemporaryFolder folder;
    const ::mode_t before = ::umask(0);
    const auto store = SqliteKeyValue::open(folder.file("home.sqlite"));
    ::umask(before);
    ASSERT_TRUE(store.has_value());
    put_number(**store, "a", 1);
    for (const char* name : {"home.sqlite", "home.sqlite-wal", "home.sqlite-shm"}) {
        struct ::stat status{};
        ASSERT_EQ(::stat(folder.file(name).c_str(), &status), 0) << name;
        EXPECT_EQ(status.st_mode & 0777, 0600u) << name;
    }
}

TEST(SqliteKeyValue, ProcessesOnOneFileTakeTurns) {
    const TemporaryFolder folder;
    const std::string path = folder.file("home.sqlite");
    constexpr int kProcesses = 8;
    constexpr int kTimes = 25;
    std::vector<::pid_t> children;
    for (int i = 0; i < kProcesses; ++i) {
        const ::pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            // All of them create the file at the same moment.
            auto store = SqliteKeyValue::open(path);
            if (!store.has_value()) {
                ::_exit(1);
            }
            count_up(**store, kTimes);
            store->reset();
            ::_exit(0);
        }
        children.push_back(child);
    }
    for (const ::pid_t child : children) {
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    }
    const auto store = SqliteKeyValue::open(path);
    ASSERT_TRUE(store.has_value());
    EXPECT_EQ(get_number(**store, "count"), kProcesses * kTimes);
}

TEST(SqliteKeyValue, ThreadsOnOneObjectTakeTurns) {
    const TemporaryFolder folder;
    const auto store = SqliteKeyValue::open(folder.file("home.sqlite"));
    ASSERT_TRUE(store.has_value());
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&store] { count_up(**store, 25); });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(get_number(**store, "count"), 100);
}

TEST(SqliteKeyValue, WaitingForAnotherHasAnEnd) {
    const TemporaryFolder folder;
    const std::string path = folder.file("home.sqlite");
    const auto first = SqliteKeyValue::open(path, 50);
    const auto second = SqliteKeyValue::open(path, 50);
    ASSERT_TRUE(first.has_value() && second.has_value());
    const auto held = (*first)->begin();
    ASSERT_TRUE(held.has_value());
    for (SqliteKeyValue* store : {first->get(), second->get()}) {
        const auto refused = store->begin();
        ASSERT_FALSE(refused.has_value());
        EXPECT_STREQ(refused.error().check, "STO-04");
    }
}

TEST(SqliteKeyValue, WhatWasCommittedSurvivesKill9AndNothingElseDoes) {
    const TemporaryFolder folder;
    const std::string path = folder.file("home.sqlite");
    testing::SeededRandom random(3);
    for (int round = 0; round < 10; ++round) {
        int channel[2];
        ASSERT_EQ(::pipe(channel), 0);
        const ::pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            const auto store = SqliteKeyValue::open(path);
            for (int i = get_number(**store, "a") + 1;; ++i) {
                const auto transaction = (*store)->begin();
                static_cast<void>((*transaction)->put(as_bytes("a"), as_bytes(std::to_string(i))));
                static_cast<void>((*transaction)->put(as_bytes("b"), as_bytes(std::to_string(i))));
                if (!(*transaction)->commit().has_value() ||
                    ::write(channel[1], &i, sizeof(i)) != sizeof(i)) {
                    ::_exit(1);
                }
            }
        }
        ::close(channel[1]);
        int acknowledged = 0;
        const auto enough = 1 + random.below(30);
        for (std::uint64_t i = 0; i < enough; ++i) {
            ASSERT_EQ(::read(channel[0], &acknowledged, sizeof(acknowledged)),
                      static_cast<::ssize_t>(sizeof(acknowledged)));
        }
        ::kill(child, SIGKILL);
        ASSERT_EQ(::waitpid(child, nullptr, 0), child);
        while (::read(channel[0], &acknowledged, sizeof(acknowledged)) ==
               static_cast<::ssize_t>(sizeof(acknowledged))) {
        }
        ::close(channel[0]);
        const auto store = SqliteKeyValue::open(path);
        ASSERT_TRUE(store.has_value());
        EXPECT_GE(get_number(**store, "a"), acknowledged);
        EXPECT_LE(get_number(**store, "a"), acknowledged + 1);  // Durable, and not yet told.
        EXPECT_EQ(get_number(**store, "a"), get_number(**store, "b"));
    }
}

void write_file(const std::string& path, std::string_view content) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

TEST(SqliteKeyValue, WhatIsNotOneOfOurFilesIsRefused) {
    const TemporaryFolder folder;
    write_file(folder.file("text"), std::string(5000, 'x'));
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(folder.file("foreign").c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, "CREATE TABLE t (a)", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(database);
    for (const char* name : {"text", "foreign"}) {
        const auto store = SqliteKeyValue::open(folder.file(name));
        ASSERT_FALSE(store.has_value()) << name;
        EXPECT_STREQ(store.error().check, "STO-01") << name;
        EXPECT_EQ(store.error().code, Errc::storage_corrupt);
    }
}

TEST(SqliteKeyValue, AFileOfANewerProgramIsRefusedAndLeftAlone) {
    const TemporaryFolder folder;
    const std::string path = folder.file("home.sqlite");
    put_number(**SqliteKeyValue::open(path), "a", 1);
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(database, "PRAGMA user_version = 2", nullptr, nullptr, nullptr),
              SQLITE_OK);
    const auto newer = SqliteKeyValue::open(path);
    ASSERT_FALSE(newer.has_value());
    EXPECT_STREQ(newer.error().check, "STO-02");
    ASSERT_EQ(sqlite3_exec(database, "PRAGMA user_version = 1", nullptr, nullptr, nullptr),
              SQLITE_OK);
    sqlite3_close(database);
    EXPECT_EQ(get_number(**SqliteKeyValue::open(path), "a"), 1);
}

TEST(SqliteKeyValue, AMissingFolderIsAnErrorOfTheSystem) {
    const TemporaryFolder folder;
    const auto store = SqliteKeyValue::open(folder.file("no/such/folder"));
    ASSERT_FALSE(store.has_value());
    EXPECT_STREQ(store.error().check, "STO-06");
}

TEST(SqliteKeyValue, ADamagedFileIsAnErrorOrTheOldValuesAndNeverACrash) {
    const TemporaryFolder folder;
    const std::string path = folder.file("home.sqlite");
    {
        const auto store = SqliteKeyValue::open(path);
        for (int i = 0; i < 300; ++i) {
            put_number(**store, "key" + std::to_string(i), i);
        }
    }
    std::string whole;
    {
        std::ifstream file(path, std::ios::binary);
        whole.assign(std::istreambuf_iterator<char>(file), {});
    }
    ASSERT_GT(whole.size(), 8192u);
    testing::SeededRandom random(5);
    int refused = 0;
    for (int round = 0; round < 150; ++round) {
        std::string damaged = whole;
        if (round % 3 == 0) {
            damaged.resize(1 + random.below(whole.size() - 1));
        } else {
            for (int i = 0; i < 16; ++i) {
                damaged[random.below(damaged.size())] ^= static_cast<char>(1 + random.below(255));
            }
        }
        const std::string copy = folder.file("copy" + std::to_string(round));
        write_file(copy, damaged);
        const auto store = SqliteKeyValue::open(copy);
        if (!store.has_value()) {
            ++refused;
            continue;
        }
        const auto transaction = (*store)->begin();
        if (!transaction.has_value() || !(*transaction)->scan({}, {}, 1000).has_value()) {
            ++refused;
        }
    }
    EXPECT_GT(refused, 20);
}

void expect_full_disk_is_survived(const std::string& folder) {
    const auto store = SqliteKeyValue::open(folder + "/home.sqlite");
    ASSERT_TRUE(store.has_value());
    put_number(**store, "a", 1);
    fill_disk(folder, "ballast");
    const Bytes large(std::size_t{256} * 1024, 1);
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto transaction = *(*store)->begin();
        ASSERT_TRUE(transaction->put(as_bytes("a"), as_bytes("2")).has_value());
        // The first write that does not fit may be this one or the commit.
        const auto put = transaction->put(as_bytes("large"), large);
        if (!put.has_value()) {
            // Nothing after the failure may slip in alone.
            EXPECT_FALSE(transaction->put(as_bytes("a"), as_bytes("3")).has_value());
            EXPECT_FALSE(transaction->get(as_bytes("a")).has_value());
        }
        const auto committed = transaction->commit();
        ASSERT_FALSE(committed.has_value());
        EXPECT_EQ(committed.error().code, Errc::resource_exhausted);
        EXPECT_STREQ(committed.error().check, "STO-03");
    }
    EXPECT_EQ(get_number(**store, "a"), 1);
    const auto elsewhere = SqliteKeyValue::open(folder + "/second.sqlite");
    ASSERT_FALSE(elsewhere.has_value());
    EXPECT_EQ(elsewhere.error().code, Errc::resource_exhausted);

    ASSERT_TRUE(std::filesystem::remove(folder + "/ballast"));
    const auto transaction = *(*store)->begin();
    ASSERT_TRUE(transaction->put(as_bytes("large"), large).has_value());
    ASSERT_TRUE(transaction->commit().has_value());
}

TEST(SqliteKeyValue, AChangedKeyIsFoundByTheCheck) {
    const TemporaryFolder folder;
    const std::string path = folder.file("home.sqlite");
    {
        const auto store = SqliteKeyValue::open(path);
        for (int i = 0; i < 300; ++i) {
            put_number(**store, "key" + std::to_string(i), i);
        }
        EXPECT_TRUE((*store)->check().has_value());
    }
    std::string whole;
    {
        std::ifstream file(path, std::ios::binary);
        whole.assign(std::istreambuf_iterator<char>(file), {});
    }
    // Each key stands in the table and in its index.
    const std::size_t first = whole.find("key217");
    ASSERT_NE(first, std::string::npos);
    ASSERT_NE(whole.find("key217", first + 1), std::string::npos);
    for (const std::size_t at : {first, whole.find("key217", first + 1)}) {
        std::string damaged = whole;
        damaged[at + 5] ^= 0x40;
        std::ofstream(path, std::ios::binary) << damaged;
        const auto store = SqliteKeyValue::open(path);
        ASSERT_TRUE(store.has_value());
        const auto checked = (*store)->check();
        ASSERT_FALSE(checked.has_value());
        EXPECT_EQ(checked.error().code, Errc::storage_corrupt);
        EXPECT_STREQ(checked.error().check, "STO-01");
    }
}

TEST(SqliteKeyValue, AFullDiskRefusesTheWholeTransactionAndItWorksAgainWithRoom) {
    const TemporaryFolder folder;
    const auto outcome =
        in_small_filesystem(folder.path(), std::size_t{4} * 1024 * 1024, [&folder] {
            expect_full_disk_is_survived(folder.path());
        });
    if (outcome == ChildOutcome::not_possible_here) {
        GTEST_SKIP() << "user namespaces are forbidden here";
    }
    EXPECT_EQ(outcome, ChildOutcome::passed);
}

}  // namespace
}  // namespace chatmcp::store
