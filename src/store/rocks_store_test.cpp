// What only RocksDB in a folder promises: locks, damage, kill -9, full disks, one wait for many
// writers.

#include "store/rocks_store.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "store/store_testing.h"
#include "support/random.h"

namespace chatmcp::store {
namespace {

namespace fs = std::filesystem;

constexpr UnixMs kNow{1'780'000'000'000};
constexpr std::size_t kAnyBytes = std::size_t{1} << 30;

Partition partition(Space space, std::uint8_t id) {
    Partition out{.space = space, .id = {}};
    out.id.fill(id);
    return out;
}
const Partition kTopic = partition(Space::topic, 1);
const Partition kInbox = partition(Space::inbox, 1);

std::unique_ptr<RocksStore> open(const std::string& folder, const RocksOptions& options = {}) {
    auto store = RocksStore::open(folder, options);
    CHATMCP_CHECK(store.has_value());
    return *std::move(store);
}

// A bundle as the relay makes it: head, entry, blob and a welcome in one change.
Result<Updated> bundle(Store& store, std::uint64_t number, std::size_t size_bytes = 100) {
    return store.update(kTopic, {}, kNow, [=](const std::optional<Head>&) -> Result<Change> {
        const Bytes value =
            to_bytes(as_bytes(std::to_string(number) + " " + std::string(size_bytes, 'x')));
        Change change;
        change.state = to_bytes(as_bytes(std::to_string(number)));
        change.entry = NewEntry{.expires_at = kNever, .value = value};
        change.blobs.push_back(
            {.name = to_bytes(as_bytes("epoch")), .expires_at = kNever, .value = change.state});
        change.deliveries.push_back({.to = kInbox, .expires_at = kNever, .value = value});
        return change;
    });
}

std::uint64_t sequence_of(Store& store, const Partition& where) {
    const auto head = store.head(where);
    CHATMCP_CHECK(head.has_value());
    return head->has_value() ? (*head)->sequence : 0;
}

TEST(RocksStore, AFolderBelongsToOneProcessAtATime) {
    const TemporaryFolder folder;
    auto first = open(folder.file("store"));
    const auto second = RocksStore::open(folder.file("store"));
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, Errc::unavailable);
    EXPECT_STREQ(second.error().check, "STO-14");
    first.reset();
    EXPECT_TRUE(RocksStore::open(folder.file("store")).has_value());
}

TEST(RocksStore, ItsFolderIsForItsOwnerOnlyAndItsParentMustBeThere) {
    const TemporaryFolder folder;
    const auto store = open(folder.file("store"));
    struct ::stat status{};
    ASSERT_EQ(::stat(folder.file("store").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
    const auto nowhere = RocksStore::open(folder.file("no/such/parent"));
    ASSERT_FALSE(nowhere.has_value());
    EXPECT_STREQ(nowhere.error().check, "STO-11");
}

TEST(RocksStore, AFolderOfANewerProgramOrOfAnotherIsRefused) {
    const TemporaryFolder folder;
    open(folder.file("store")).reset();
    std::ofstream(folder.file("store/format"), std::ios::trunc) << "chatmcp store 2\n";
    const auto newer = RocksStore::open(folder.file("store"));
    ASSERT_FALSE(newer.has_value());
    EXPECT_STREQ(newer.error().check, "STO-15");
    std::ofstream(folder.file("store/format"), std::ios::trunc) << "something else";
    const auto foreign = RocksStore::open(folder.file("store"));
    ASSERT_FALSE(foreign.has_value());
    EXPECT_STREQ(foreign.error().check, "STO-10");
}

TEST(RocksStore, ALostDatabaseIsDamageAndNotANewBeginning) {
    const TemporaryFolder folder;
    const std::string path = folder.file("store");
    {
        const auto store = open(path);
        ASSERT_TRUE(bundle(*store, 1).has_value());
    }
    fs::remove(path + "/rocks/CURRENT");
    const auto store = RocksStore::open(path);
    ASSERT_FALSE(store.has_value());
    EXPECT_STREQ(store.error().check, "STO-10");
}

TEST(RocksStore, ManyWritersShareOneWaitForTheDisk) {
    const TemporaryFolder folder;
    const auto store = open(folder.file("store"));
    constexpr int kThreads = 32;
    constexpr int kEach = 30;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&store] {
            for (std::uint64_t n = 0; n < kEach; ++n) {
                CHATMCP_CHECK(bundle(*store, n).has_value());
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    const StoreStatistics done = store->statistics();
    EXPECT_EQ(done.operations, std::uint64_t{kThreads * kEach});
    EXPECT_GT(done.syncs, 0u);
    // Never more than one wait each; with this many writers a small part of that.
    EXPECT_LT(done.syncs, done.operations / 4);
    EXPECT_EQ(sequence_of(*store, kTopic), std::uint64_t{kThreads * kEach});
    RecordProperty("syncs_per_1000", static_cast<int>(1000 * done.syncs / done.operations));
}

TEST(RocksStore, ARefusedOrRepeatedChangeWritesNothing) {
    const TemporaryFolder folder;
    const auto store = open(folder.file("store"));
    ByteArray<32> once{};
    const auto append = [](const std::optional<Head>&) -> Result<Change> {
        Change change;
        change.entry = NewEntry{};
        return change;
    };
    ASSERT_TRUE(store->update(kTopic, once, kNow, append).has_value());
    const auto before = store->statistics();
    EXPECT_TRUE(store->update(kTopic, once, kNow, append)->repeated);
    EXPECT_FALSE(store
                     ->update(kTopic,
                              {},
                              kNow,
                              [](const std::optional<Head>&) -> Result<Change> {
                                  return fail(Errc::stale_epoch, "RLY-00");
                              })
                     .has_value());
    EXPECT_EQ(store->statistics().syncs, before.syncs);
}

// Several threads write bundles and tell each acknowledged one to the parent, until they are
// killed.
[[noreturn]] void write_until_killed(const std::string& path, int channel) {
    const auto store = open(path);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&store, channel] {
            for (std::uint64_t n = 0;; ++n) {
                const auto done = bundle(*store, n, 2000);
                CHATMCP_CHECK(done.has_value());
                const std::uint64_t sequence = done->entry.sequence;
                CHATMCP_CHECK(::write(channel, &sequence, sizeof(sequence)) == sizeof(sequence));
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    ::_exit(1);
}

// Everything acknowledged is there, and entry, head, blob and delivery of each change are.
void expect_whole_changes(const std::string& path, std::uint64_t highest) {
    const auto store = open(path);
    const std::uint64_t found = sequence_of(*store, kTopic);
    EXPECT_GE(found, highest);
    EXPECT_LE(found, highest + 4);  // Durable, and not yet told: one for each thread at most.
    EXPECT_EQ(sequence_of(*store, kInbox), found);
    const auto topic = store->read_after(kTopic, 0, 1'000'000, kAnyBytes, kNow);
    const auto inbox = store->read_after(kInbox, 0, 1'000'000, kAnyBytes, kNow);
    ASSERT_EQ(topic->size(), found);
    ASSERT_EQ(inbox->size(), found);
    for (std::size_t i = 0; i < found; ++i) {
        EXPECT_EQ(topic->at(i).sequence, i + 1);
        EXPECT_EQ(topic->at(i).value, inbox->at(i).value);
    }
    const auto blob = store->get_blob(kTopic, as_bytes("epoch"), kNow);
    const auto head = store->head(kTopic);
    ASSERT_TRUE(blob->has_value());
    EXPECT_EQ((*blob)->value, (*head)->state);
}

TEST(RocksStore, WhatWasAcknowledgedSurvivesKill9AndNoChangeIsThereByHalf) {
    const TemporaryFolder folder;
    const std::string path = folder.file("store");
    testing::SeededRandom random(17);
    for (int round = 0; round < 12; ++round) {
        int channel[2];
        ASSERT_EQ(::pipe(channel), 0);
        const ::pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            write_until_killed(path, channel[1]);
        }
        ::close(channel[1]);
        std::uint64_t acknowledged = 0;
        std::uint64_t highest = 0;
        const std::uint64_t enough = 1 + random.below(400);
        for (std::uint64_t i = 0; i < enough; ++i) {
            ASSERT_EQ(::read(channel[0], &acknowledged, sizeof(acknowledged)),
                      static_cast<::ssize_t>(sizeof(acknowledged)));
            highest = std::max(highest, acknowledged);
        }
        ::kill(child, SIGKILL);
        ASSERT_EQ(::waitpid(child, nullptr, 0), child);
        while (::read(channel[0], &acknowledged, sizeof(acknowledged)) ==
               static_cast<::ssize_t>(sizeof(acknowledged))) {
            highest = std::max(highest, acknowledged);
        }
        ::close(channel[0]);

        EXPECT_EQ(in_child_process([&] { expect_whole_changes(path, highest); }),
                  ChildOutcome::passed);
    }
}

void expect_full_disk_is_survived(const std::string& folder, std::uint64_t reserve_bytes) {
    const auto store = open(folder + "/store", {.reserve_bytes = reserve_bytes});
    std::uint64_t number = 0;
    for (; number < 20; ++number) {
        ASSERT_TRUE(bundle(*store, number, 10'000).has_value());
    }
    for (int round = 0; round < 3; ++round) {
        fill_disk(folder, "ballast");
        // The log's last page may still have room, so the first write that needs more is refused.
        Result<Updated> refused;
        int more = 0;
        for (; more < 2000 && refused.has_value(); ++more) {
            refused = bundle(*store, number, 10'000);
            number += refused.has_value() ? 1 : 0;
        }
        ASSERT_FALSE(refused.has_value()) << "the disk never got full";
        EXPECT_EQ(refused.error().code, Errc::resource_exhausted);
        EXPECT_STREQ(refused.error().check, "STO-03");
        const auto again = bundle(*store, number, 10'000);
        ASSERT_FALSE(again.has_value());
        EXPECT_EQ(again.error().code, Errc::resource_exhausted);
        // Reading goes on, and gives what was acknowledged.
        EXPECT_EQ(sequence_of(*store, kTopic), number);
        EXPECT_EQ(store->read_after(kTopic, 0, 10'000, kAnyBytes, kNow)->size(), number);

        // What makes room may use the reserve.
        if (reserve_bytes > 0) {
            ASSERT_TRUE(fs::remove(folder + "/ballast"));
            fill_disk_but(folder, "ballast", std::uint64_t{4} * 1024 * 1024);
            EXPECT_FALSE(bundle(*store, number, 10'000).has_value());
            EXPECT_TRUE(store->erase_through(kInbox, number).has_value());
            EXPECT_TRUE(store->expire(kNow, 100).has_value());
        }
        ASSERT_TRUE(fs::remove(folder + "/ballast"));
        for (int i = 0; i < 5; ++i) {
            const auto works = bundle(*store, number, 10'000);
            ASSERT_TRUE(works.has_value()) << works.error().check;
            ++number;
            EXPECT_EQ(works->entry.sequence, number);
        }
    }
}

void survive_full_disk(std::uint64_t reserve_bytes) {
    const TemporaryFolder folder;
    const auto outcome = in_small_filesystem(folder.path(), std::size_t{64} * 1024 * 1024, [&] {
        expect_full_disk_is_survived(folder.path(), reserve_bytes);
        // And all of it is there when it is opened anew.
        const auto store = open(folder.file("store"));
        EXPECT_EQ(store->read_after(kTopic, 0, 10'000, kAnyBytes, kNow)->size(),
                  sequence_of(*store, kTopic));
    });
    if (outcome == ChildOutcome::not_possible_here) {
        GTEST_SKIP() << "user namespaces are forbidden here";
    }
    EXPECT_EQ(outcome, ChildOutcome::passed);
}

TEST(RocksStore, BelowItsReserveNothingIsWrittenUntilThereIsRoom) {
    survive_full_disk(std::uint64_t{32} * 1024 * 1024);
}

TEST(RocksStore, AWriteThatFindsTheDiskFullIsRefusedAndItWorksAgainWithRoom) {
    survive_full_disk(0);
}

void flip(const fs::path& file, std::uint64_t offset, std::uint8_t with) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(offset));
    const int byte = stream.get();
    stream.seekp(static_cast<std::streamoff>(offset));
    stream.put(static_cast<char>(byte ^ with));
}

TEST(RocksStore, ADamagedFileIsAnErrorOrTheOldContentAndNeverACrash) {
    const TemporaryFolder folder;
    const std::string original = folder.file("original");
    for (std::uint64_t i = 0; i < 3; ++i) {  // Opened again each time: tables and a log.
        const auto store = open(original);
        for (std::uint64_t n = 0; n < 20; ++n) {
            ASSERT_TRUE(bundle(*store, n, 3000).has_value());
        }
    }
    testing::SeededRandom random(23);
    int refused = 0;
    for (int round = 0; round < 40; ++round) {
        const std::string copy = folder.file("copy");
        fs::remove_all(copy);
        fs::copy(original, copy, fs::copy_options::recursive);
        std::vector<fs::path> files;
        for (const auto& file : fs::directory_iterator(copy + "/rocks")) {
            const std::string name = file.path().filename().string();
            if (file.file_size() > 0 && !name.starts_with("LOG") && !name.starts_with("OPTIONS")) {
                files.push_back(file.path());
            }
        }
        std::sort(files.begin(), files.end());
        const fs::path victim = files.at(random.below(files.size()));
        if (round % 4 == 0) {
            fs::resize_file(victim, random.below(fs::file_size(victim)));
        } else {
            flip(victim,
                 random.below(fs::file_size(victim)),
                 static_cast<std::uint8_t>(1 + random.below(255)));
        }
        const auto store = RocksStore::open(copy);
        const auto entries = store.has_value()
                                 ? (*store)->read_after(kTopic, 0, 1000, kAnyBytes, kNow)
                                 : Result<std::vector<Entry>>(fail(store.error()));
        if (!entries.has_value()) {
            ++refused;
            EXPECT_EQ(entries.error().code, Errc::storage_corrupt)
                << victim << entries.error().check;
            continue;
        }
        for (const Entry& entry : *entries) {
            EXPECT_GT(entry.value.size(), 3000u);
        }
    }
    EXPECT_GT(refused, 10);
}

}  // namespace
}  // namespace chatmcp::store
