// One suite for every store. What it asks for is what src/relay builds on.

#include "store/store_conformance.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace chatmcp::store {
namespace {

class StoreConformance : public ::testing::TestWithParam<Maker> {
  protected:
    StoreConformance() : subject(GetParam()()) {}

    Store& store() { return subject->store(); }

    std::string read(const Partition& from, std::uint64_t after = 0, UnixMs now = kNow) {
        const auto entries = store().read_after(from, after, kAll, kAnyBytes, now);
        CHATMCP_CHECK(entries.has_value());
        std::string out;
        for (const Entry& entry : *entries) {
            out += std::to_string(entry.sequence) + "=" + to_text(entry.value) + " ";
        }
        return out;
    }
    std::string blobs(const Partition& from, std::string_view after = "", UnixMs now = kNow) {
        const auto found = store().list_blobs(from, as_bytes(after), kAll, now);
        CHATMCP_CHECK(found.has_value());
        std::string out;
        for (const Blob& blob : *found) {
            out += to_text(blob.name) + "=" + to_text(blob.value) + " ";
        }
        return out;
    }
    std::string claim(UnixMs now = kNow) {
        const auto claimed = store().claim({kPool}, now);
        CHATMCP_CHECK(claimed.has_value());
        return claimed->at(0).has_value() ? to_text(*claimed->at(0)) : "(none)";
    }
    PoolState offer(std::initializer_list<std::string_view> items,
                    std::optional<std::string_view> last_resort = {},
                    UnixMs expires_at = kLater) {
        std::vector<Bytes> list;
        for (const std::string_view item : items) {
            list.push_back(text(item));
        }
        std::optional<Bytes> last;
        if (last_resort.has_value()) {
            last = text(*last_resort);
        }
        const auto state = store().offer(kPool, list, last, expires_at, kNow);
        CHATMCP_CHECK(state.has_value());
        return *state;
    }

    std::unique_ptr<Subject> subject;
};

INSTANTIATE_TEST_SUITE_P(Stores,
                         StoreConformance,
                         ::testing::Values(make_memory_subject, make_rocks_subject),
                         [](const auto& info) { return info.index == 0 ? "Memory" : "Rocks"; });

TEST_P(StoreConformance, AnUpdateSeesTheHeadAndItsEntryGetsTheNextSequence) {
    EXPECT_EQ(store().head(kTopic).value(), std::nullopt);
    for (std::uint64_t i = 1; i <= 300; ++i) {
        const auto updated = store().update(
            kTopic, {}, kNow, [i](const std::optional<Head>& head) -> Result<Change> {
                EXPECT_EQ(head.has_value(), i > 1);
                EXPECT_EQ(head.has_value() ? head->sequence : 0, i - 1);
                EXPECT_EQ(head.has_value() ? to_text(head->state) : "",
                          i > 1 ? std::to_string(i - 1) : "");
                Change change;
                change.state = text(std::to_string(i));
                change.entry = NewEntry{.expires_at = kLater, .value = text(std::to_string(i))};
                return change;
            });
        ASSERT_TRUE(updated.has_value());
        EXPECT_EQ(updated->entry.sequence, i);
        EXPECT_EQ(updated->entry.expires_at, kLater);
        EXPECT_EQ(to_text(updated->entry.value), std::to_string(i));
        EXPECT_FALSE(updated->repeated);
    }
    subject->reopen();
    EXPECT_EQ(store().head(kTopic).value()->sequence, 300u);
    const auto entries = store().read_after(kTopic, 250, 10, kAnyBytes, kNow);
    ASSERT_EQ(entries->size(), 10u);
    EXPECT_EQ(entries->front().sequence, 251u);
    EXPECT_EQ(entries->back().sequence, 260u);
    EXPECT_EQ(to_text(entries->back().value), "260");
}

TEST_P(StoreConformance, AnUpdateWithoutAnEntryChangesTheHeadAlone) {
    ASSERT_TRUE(store().update(kTopic, {}, kNow, append("a")).has_value());
    const auto updated =
        store().update(kTopic, {}, kNow, [](const std::optional<Head>&) -> Result<Change> {
            Change change;
            change.state = text("state");
            return change;
        });
    ASSERT_TRUE(updated.has_value());
    EXPECT_EQ(updated->entry.sequence, 0u);
    const auto head = store().head(kTopic);
    EXPECT_EQ((*head)->sequence, 1u);
    EXPECT_EQ((*head)->state, text("state"));
}

TEST_P(StoreConformance, ARefusedUpdateChangesNothing) {
    ASSERT_TRUE(store().update(kTopic, {}, kNow, append("a")).has_value());
    const auto refused =
        store().update(kTopic, name(1), kNow, [](const std::optional<Head>&) -> Result<Change> {
            return fail(Errc::stale_epoch, "RLY-00");
        });
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Errc::stale_epoch);
    const Partition never = partition(Space::topic, 9);
    EXPECT_FALSE(store()
                     .update(never,
                             {},
                             kNow,
                             [](const std::optional<Head>&) -> Result<Change> {
                                 return fail(Errc::not_found, "RLY-00");
                             })
                     .has_value());
    EXPECT_EQ(read(kTopic), "1=a ");
    EXPECT_EQ(store().head(never).value(), std::nullopt);
    EXPECT_FALSE(store().update(kTopic, name(1), kNow, append("b"))->repeated);
}

TEST_P(StoreConformance, ANamedChangeHappensOnceAndGivesItsEntryAgain) {
    const auto first = store().update(kTopic, name(7), kNow, append("a", kLater));
    ASSERT_TRUE(first.has_value());
    ASSERT_TRUE(store().update(kTopic, name(8), kNow, append("b", kLater)).has_value());
    for (int round = 0; round < 2; ++round) {
        const auto again = store().update(kTopic, name(7), kNow, append("another", kLater));
        ASSERT_TRUE(again.has_value());
        EXPECT_TRUE(again->repeated);
        EXPECT_EQ(again->entry.sequence, 1u);
        EXPECT_EQ(to_text(again->entry.value), "a");
        EXPECT_EQ(again->entry.expires_at, kLater);
        subject->reopen();
    }
    EXPECT_EQ(read(kTopic), "1=a 2=b ");
    // The same name in another partition, and after the entry's time, is new.
    EXPECT_FALSE(store().update(kInbox, name(7), kNow, append("c"))->repeated);
    const auto later = store().update(kTopic, name(7), kLater, append("d"));
    EXPECT_FALSE(later->repeated);
    EXPECT_EQ(later->entry.sequence, 3u);
}

TEST_P(StoreConformance, DeliveriesAppearWithTheirChangeOrNotAtAll) {
    const Partition other = partition(Space::inbox, 2);
    const auto deliver = [&](bool refuse) {
        return [&, refuse](const std::optional<Head>& head) -> Result<Change> {
            if (refuse) {
                return fail(Errc::stale_epoch, "RLY-00");
            }
            Change change;
            change.state = head.has_value() ? head->state : Bytes{};
            change.entry = NewEntry{.expires_at = kLater, .value = text("commit")};
            change.blobs.push_back({.name = text("key"), .expires_at = kLater, .value = text("v")});
            change.deliveries.push_back({.to = kInbox, .expires_at = kLater, .value = text("w1")});
            change.deliveries.push_back({.to = other, .expires_at = kLater, .value = text("w2")});
            change.deliveries.push_back({.to = kInbox, .expires_at = kLater, .value = text("w3")});
            return change;
        };
    };
    ASSERT_TRUE(store().update(kInbox, {}, kNow, append("before")).has_value());
    EXPECT_FALSE(store().update(kTopic, name(1), kNow, deliver(true)).has_value());
    EXPECT_EQ(read(kInbox), "1=before ");
    ASSERT_TRUE(store().update(kTopic, name(1), kNow, deliver(false)).has_value());
    ASSERT_TRUE(store().update(kTopic, name(1), kNow, deliver(false)).has_value());  // Repeated.
    subject->reopen();
    EXPECT_EQ(read(kTopic), "1=commit ");
    EXPECT_EQ(read(kInbox), "1=before 2=w1 3=w3 ");
    EXPECT_EQ(read(other), "1=w2 ");
    EXPECT_EQ(blobs(kTopic), "key=v ");
    EXPECT_EQ(store().head(kInbox).value()->sequence, 3u);
}

TEST_P(StoreConformance, ReadingKeepsItsLimitsAndLeavesOutWhatIsOverItsTime) {
    ASSERT_TRUE(store().update(kTopic, {}, kNow, append("aaaa", kNow)).has_value());
    ASSERT_TRUE(store().update(kTopic, {}, kNow, append("bbbb", kLater)).has_value());
    ASSERT_TRUE(store().update(kTopic, {}, kNow, append("cccc")).has_value());
    ASSERT_TRUE(store().update(kTopic, {}, kNow, append("dddd")).has_value());
    EXPECT_EQ(read(kTopic), "2=bbbb 3=cccc 4=dddd ");
    EXPECT_EQ(read(kTopic, 0, UnixMs{kNow.value - 1}), "1=aaaa 2=bbbb 3=cccc 4=dddd ");
    EXPECT_EQ(read(kTopic, 0, kLater), "3=cccc 4=dddd ");
    EXPECT_EQ(read(kTopic, 3), "4=dddd ");
    EXPECT_EQ(read(kTopic, 4), "");
    EXPECT_EQ(read(kTopic, ~std::uint64_t{0}), "");
    EXPECT_EQ(store().read_after(kTopic, 0, 2, kAnyBytes, kNow)->size(), 2u);
    EXPECT_EQ(store().read_after(kTopic, 0, 0, kAnyBytes, kNow)->size(), 0u);
    EXPECT_EQ(store().read_after(kTopic, 0, kAll, 1, kNow)->size(), 1u);
    EXPECT_EQ(store().read_after(kTopic, 0, kAll, 4, kNow)->size(), 1u);
    EXPECT_EQ(store().read_after(kTopic, 0, kAll, 5, kNow)->size(), 2u);
    EXPECT_EQ(store().usage(kTopic, kAll, kAnyBytes, kNow)->entries, 3u);
    EXPECT_EQ(store().usage(kTopic, kAll, kAnyBytes, kNow)->bytes, 12u);
    EXPECT_EQ(store().usage(kTopic, 2, kAnyBytes, kNow)->entries, 2u);
    EXPECT_EQ(store().usage(kTopic, kAll, 5, kNow)->bytes, 8u);
    EXPECT_EQ(store().usage(kTopic, 0, kAnyBytes, kNow)->entries, 0u);
    EXPECT_EQ(store().usage(kInbox, kAll, kAnyBytes, kNow)->entries, 0u);
}

TEST_P(StoreConformance, ErasingThroughASequenceKeepsTheRestAndTheHead) {
    for (const std::string_view value : {"a", "b", "c"}) {
        ASSERT_TRUE(store().update(kInbox, {}, kNow, append(value, kLater)).has_value());
    }
    ASSERT_TRUE(store().erase_through(kInbox, 2).has_value());
    ASSERT_TRUE(store().erase_through(partition(Space::inbox, 7), 2).has_value());
    subject->reopen();
    EXPECT_EQ(read(kInbox), "3=c ");
    ASSERT_TRUE(store().erase_through(kInbox, ~std::uint64_t{0}).has_value());
    EXPECT_EQ(read(kInbox), "");
    EXPECT_EQ(store().update(kInbox, {}, kNow, append("d"))->entry.sequence, 4u);
}

TEST_P(StoreConformance, BlobsAreReplacedListedAndExpire) {
    const auto put = [&](std::string_view blob, std::string_view value, UnixMs expires_at) {
        ASSERT_TRUE(
            store()
                .put_blob(kTopic,
                          {.name = text(blob), .expires_at = expires_at, .value = text(value)})
                .has_value());
    };
    put("b", "1", kNever);
    put("a", "2", kLater);
    put("c", "3", kNow);
    put("b", "4", kLater);
    subject->reopen();
    EXPECT_EQ(blobs(kTopic), "a=2 b=4 ");
    EXPECT_EQ(blobs(kTopic, "a"), "b=4 ");
    EXPECT_EQ(blobs(kTopic, "", kLater), "");
    EXPECT_EQ(blobs(kInbox), "");
    EXPECT_EQ(to_text(store().get_blob(kTopic, as_bytes("b"), kNow).value()->value), "4");
    EXPECT_EQ(store().get_blob(kTopic, as_bytes("b"), kNow).value()->expires_at, kLater);
    EXPECT_EQ(store().get_blob(kTopic, as_bytes("c"), kNow).value().has_value(), false);
    EXPECT_EQ(store().get_blob(kTopic, as_bytes("none"), kNow).value().has_value(), false);
    EXPECT_EQ(store().list_blobs(kTopic, {}, 1, kNow)->size(), 1u);
}

TEST_P(StoreConformance, EachItemOfAPoolIsHandedOutOnceAndThenTheLastResort) {
    EXPECT_EQ(claim(), "(none)");
    EXPECT_EQ(offer({"one", "two", "two"}, "last").available, 2u);
    subject->reopen();
    EXPECT_EQ(claim(), "one");
    // Offered again, claimed or not, it is not put in again.
    EXPECT_EQ(offer({"one", "two", "three"}).available, 2u);
    EXPECT_EQ(claim(), "two");
    subject->reopen();
    EXPECT_EQ(claim(), "three");
    PoolState state = offer({});
    EXPECT_EQ(state.available, 0u);
    EXPECT_TRUE(state.has_last_resort);
    EXPECT_FALSE(state.last_resort_used);
    EXPECT_EQ(claim(), "last");
    EXPECT_EQ(claim(), "last");
    subject->reopen();
    EXPECT_TRUE(offer({}).last_resort_used);
    state = offer({}, "next last");
    EXPECT_FALSE(state.last_resort_used);
    EXPECT_EQ(claim(), "next last");
}

TEST_P(StoreConformance, TheLastResortAloneIsHandedOutBesideWhatElseIsThere) {
    EXPECT_EQ(store().claim_last_resort(kPool).value(), std::nullopt);
    offer({"one"}, "last");
    EXPECT_FALSE(offer({}).last_resort_used);
    EXPECT_EQ(store().claim_last_resort(kPool).value(), text("last"));
    subject->reopen();
    EXPECT_TRUE(offer({}).last_resort_used);
    EXPECT_EQ(store().claim_last_resort(kPool).value(), text("last"));
    EXPECT_EQ(claim(), "one");
}

TEST_P(StoreConformance, AClaimOfManyPoolsAnswersInTheirOrder) {
    const Partition second = partition(Space::key_packages, 2);
    const Partition empty = partition(Space::key_packages, 3);
    offer({"a"});
    ASSERT_TRUE(store().offer(second, {text("b"), text("c")}, {}, kLater, kNow).has_value());
    const auto claimed = store().claim({second, empty, kPool, second}, kNow);
    ASSERT_TRUE(claimed.has_value());
    ASSERT_EQ(claimed->size(), 4u);
    EXPECT_EQ(claimed->at(0), text("b"));
    EXPECT_EQ(claimed->at(1), std::nullopt);
    EXPECT_EQ(claimed->at(2), text("a"));
    EXPECT_EQ(claimed->at(3), text("c"));
}

TEST_P(StoreConformance, ItemsOfAPoolExpire) {
    offer({"old"}, {}, UnixMs{kNow.value + 10});
    offer({"new"});
    EXPECT_EQ(claim(UnixMs{kNow.value + 10}), "new");
    EXPECT_EQ(claim(UnixMs{kNow.value + 10}), "(none)");
}

TEST_P(StoreConformance, APoolHasALimit) {
    std::vector<Bytes> items;
    for (std::size_t i = 0; i < Store::kPoolItemsMax; ++i) {
        items.push_back(text(std::to_string(i)));
    }
    EXPECT_EQ(store().offer(kPool, items, {}, kLater, kNow)->available, Store::kPoolItemsMax);
    const auto full = store().offer(kPool, {text("one more")}, text("last"), kLater, kNow);
    ASSERT_FALSE(full.has_value());
    EXPECT_STREQ(full.error().check, "STO-13");
    EXPECT_EQ(claim(), "0");
    EXPECT_EQ(offer({"one more"}).has_last_resort, false);  // Nothing of the refused offer stayed.
}

TEST_P(StoreConformance, ExpiringDeletesWhatIsDueInBoundedStepsAndNothingElse) {
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(store()
                        .update(kTopic,
                                name(static_cast<std::uint64_t>(i)),
                                kNow,
                                append("a", UnixMs{kNow.value + i}))
                        .has_value());
    }
    ASSERT_TRUE(store().update(kTopic, {}, kNow, append("kept")).has_value());
    ASSERT_TRUE(
        store().put_blob(kTopic, {.name = text("x"), .expires_at = kNow, .value = {}}).has_value());
    // Put again for longer: its first expiry no longer counts.
    ASSERT_TRUE(store()
                    .put_blob(kTopic, {.name = text("x"), .expires_at = kLater, .value = {}})
                    .has_value());
    EXPECT_EQ(store().expire(UnixMs{kNow.value - 1}, 100).value(), 0u);
    std::size_t deleted = 0;
    std::size_t last = 3;
    while (last == 3) {
        last = store().expire(UnixMs{kNow.value + 8}, 3).value();
        ASSERT_LE(last, 3u);
        deleted += last;
    }
    EXPECT_GE(deleted, 9u);
    EXPECT_EQ(store().expire(UnixMs{kNow.value + 8}, 100).value(), 0u);
    subject->reopen();
    EXPECT_EQ(read(kTopic), "10=a 11=kept ");
    EXPECT_EQ(blobs(kTopic), "x= ");
    EXPECT_EQ(store().head(kTopic).value()->sequence, 11u);
    EXPECT_EQ(store().update(kTopic, name(5), kNow, append("b"))->repeated, false);
    EXPECT_EQ(store().update(kTopic, name(9), kNow, append("b"))->repeated, true);
}

TEST_P(StoreConformance, PartitionsDoNotMixWhateverTheirIds) {
    std::vector<Partition> all;
    for (const Space space : {Space::topic, Space::inbox, Space::device_log, Space::agents}) {
        for (const std::uint8_t id :
             {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{0xfe}, std::uint8_t{0xff}}) {
            all.push_back(partition(space, id));
        }
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::string value = std::to_string(i);
        ASSERT_TRUE(store().update(all[i], {}, kNow, append(value, kLater)).has_value());
        ASSERT_TRUE(
            store()
                .put_blob(all[i], {.name = text("b"), .expires_at = kNever, .value = text(value)})
                .has_value());
    }
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(read(all[i]), "1=" + std::to_string(i) + " ");
        EXPECT_EQ(blobs(all[i]), "b=" + std::to_string(i) + " ");
    }
}

TEST_P(StoreConformance, WhatIsAboveTheLimitsIsRefusedWhole) {
    const auto refused_by = [&](const Decide& decide) {
        const auto result = store().update(kTopic, {}, kNow, decide);
        return result.has_value() ? std::string() : std::string(result.error().check);
    };
    const auto change_of = [](auto fill) {
        return [fill](const std::optional<Head>&) -> Result<Change> {
            Change change;
            fill(change);
            return change;
        };
    };
    const Bytes large(Store::kValueMaxBytes + 1);
    EXPECT_EQ(refused_by(change_of(
                  [&](Change& c) { c.entry = NewEntry{.expires_at = kNever, .value = large}; })),
              "STO-12");
    EXPECT_EQ(refused_by(change_of([&](Change& c) {
                  c.blobs.push_back({.name = text("b"), .expires_at = kNever, .value = large});
              })),
              "STO-12");
    EXPECT_EQ(refused_by(change_of([&](Change& c) {
                  c.blobs.push_back({.name = {}, .expires_at = kNever, .value = {}});
              })),
              "STO-12");
    EXPECT_EQ(refused_by(change_of([&](Change& c) {
                  c.deliveries.push_back({.to = kInbox, .expires_at = kNever, .value = large});
              })),
              "STO-12");
    EXPECT_EQ(refused_by(change_of([&](Change& c) {
                  c.deliveries.resize(Store::kDeliveriesMax + 1,
                                      {.to = kInbox, .expires_at = kNever, .value = {}});
              })),
              "STO-12");
    EXPECT_EQ(refused_by(change_of([&](Change& c) {
                  c.deliveries.resize(
                      5,
                      {.to = kInbox, .expires_at = kNever, .value = Bytes(Store::kValueMaxBytes)});
              })),
              "STO-12");
    const Blob long_name{
        .name = Bytes(Store::kBlobNameMaxBytes + 1), .expires_at = kNever, .value = {}};
    EXPECT_STREQ(store().put_blob(kTopic, long_name).error().check, "STO-12");
    EXPECT_STREQ(
        store().claim(std::vector<Partition>(Store::kClaimsMax + 1, kPool), kNow).error().check,
        "STO-12");
    EXPECT_STREQ(store()
                     .offer(kPool, std::vector<Bytes>(Store::kPoolItemsMax + 1), {}, kLater, kNow)
                     .error()
                     .check,
                 "STO-12");
    EXPECT_EQ(store().head(kTopic).value(), std::nullopt);
    EXPECT_EQ(read(kInbox), "");
}

void in_threads(int count, const std::function<void(int)>& run) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([&run, i] { run(i); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

TEST_P(StoreConformance, ManyWritersOfOnePartitionLoseNothingAndLeaveNoGap) {
    constexpr int kThreads = 8;
    constexpr int kEach = 40;
    in_threads(kThreads, [&](int thread) {
        for (int i = 0; i < kEach; ++i) {
            const auto value = std::to_string(thread) + "/" + std::to_string(i);
            const auto updated = store().update(
                kTopic, name(static_cast<std::uint64_t>(thread * 1000 + i)), kNow, append(value));
            ASSERT_TRUE(updated.has_value());
            // What was acknowledged can be read at once.
            const auto seen =
                store().read_after(kTopic, updated->entry.sequence - 1, 1, kAnyBytes, kNow);
            ASSERT_EQ(seen->size(), 1u);
            EXPECT_EQ(to_text(seen->front().value), value);
        }
    });
    subject->reopen();
    const auto entries = store().read_after(kTopic, 0, kAll, kAnyBytes, kNow);
    ASSERT_EQ(entries->size(), static_cast<std::size_t>(kThreads * kEach));
    std::set<std::string> values;
    for (std::size_t i = 0; i < entries->size(); ++i) {
        EXPECT_EQ(entries->at(i).sequence, i + 1);
        values.insert(to_text(entries->at(i).value));
    }
    EXPECT_EQ(values.size(), entries->size());
}

TEST_P(StoreConformance, OfManyWhoWantOneStepOfTheHeadExactlyOneGetsIt) {
    constexpr int kThreads = 8;
    constexpr int kSteps = 50;
    std::array<std::atomic<int>, kSteps> winners{};
    in_threads(kThreads, [&](int thread) {
        for (int step = 0; step < kSteps; ++step) {
            const auto updated = store().update(
                kTopic,
                name(static_cast<std::uint64_t>(thread * 1000 + step)),
                kNow,
                [step](const std::optional<Head>& head) -> Result<Change> {
                    const int at = head.has_value() ? std::stoi(to_text(head->state)) : 0;
                    if (at != step) {
                        return fail(Errc::stale_epoch, "RLY-00");
                    }
                    Change change;
                    change.state = text(std::to_string(step + 1));
                    change.entry =
                        NewEntry{.expires_at = kNever, .value = text(std::to_string(step))};
                    return change;
                });
            if (updated.has_value()) {
                ++winners.at(static_cast<std::size_t>(step));
            } else {
                EXPECT_EQ(updated.error().code, Errc::stale_epoch);
            }
        }
    });
    for (const auto& count : winners) {
        EXPECT_EQ(count.load(), 1);
    }
    EXPECT_EQ(store().head(kTopic).value()->sequence, static_cast<std::uint64_t>(kSteps));
}

TEST_P(StoreConformance, TheSameNamedChangeFromManyThreadsHappensOnce) {
    constexpr int kThreads = 8;
    for (std::uint64_t round = 1; round <= 20; ++round) {
        std::atomic<int> first = 0;
        in_threads(kThreads, [&](int) {
            const auto updated = store().update(kTopic, name(round), kNow, append("value"));
            ASSERT_TRUE(updated.has_value());
            EXPECT_EQ(updated->entry.sequence, round);
            first += updated->repeated ? 0 : 1;
        });
        EXPECT_EQ(first.load(), 1);
    }
}

TEST_P(StoreConformance, ConcurrentClaimsNeverGetTheSameItem) {
    std::vector<Bytes> items;
    for (int i = 0; i < 150; ++i) {
        items.push_back(text(std::to_string(i)));
    }
    ASSERT_TRUE(store().offer(kPool, items, {}, kLater, kNow).has_value());
    std::mutex mutex;
    std::multiset<Bytes> got;
    in_threads(8, [&](int) {
        for (int i = 0; i < 25; ++i) {
            const auto claimed = store().claim({kPool}, kNow);
            ASSERT_TRUE(claimed.has_value());
            if (claimed->at(0).has_value()) {
                const std::lock_guard lock(mutex);
                got.insert(*claimed->at(0));
            }
        }
    });
    EXPECT_EQ(got.size(), 150u);
    EXPECT_EQ(std::set<Bytes>(got.begin(), got.end()).size(), 150u);
}

}  // namespace
}  // namespace chatmcp::store
