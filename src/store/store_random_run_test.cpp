// A long seeded run of every operation, on a store and on the model beside it.

#include <algorithm>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "store/store_conformance.h"
#include "support/random.h"

namespace chatmcp::store {
namespace {

// One random operation; its outcome as text, to be compared. Time moves on, so that things expire.
class RandomStep {
  public:
    RandomStep(Store& store, std::uint64_t seed)
        : store_(store),
          random_(seed),
          seed_(seed),
          now_{kNow.value + static_cast<std::int64_t>(seed)} {}

    std::string run() {
        const Partition where = any_partition();
        switch (random_.below(9)) {
            case 0:
            case 1:
            case 2:
                return updated(where);
            case 3:
                return entries(where);
            case 4:
                return blobs(where);
            case 5:
                return erased(where);
            case 6:
                return offered(where);
            case 7:
                return claimed(where);
            default:
                // How many rows that takes is each store's own affair; that it ends is not.
                return store_.expire(now_, 1'000'000).has_value() ? "expired" : "error";
        }
    }

  private:
    Partition any_partition() {
        return partition(static_cast<Space>(1 + random_.below(3)),
                         static_cast<std::uint8_t>(random_.below(3)));
    }
    UnixMs any_expiry() {
        return random_.below(3) == 0
                   ? kNever
                   : UnixMs{now_.value + static_cast<std::int64_t>(random_.below(300))};
    }
    Bytes any_value() { return text(std::to_string(seed_) + std::string(random_.below(50), 'x')); }

    std::string updated(const Partition& where) {
        const ByteArray<32> once = name(random_.below(40));
        const UnixMs expires_at = any_expiry();
        const Bytes value = any_value();
        const Partition other = any_partition();
        const std::uint64_t kind = random_.below(4);
        const auto result = store_.update(
            where, once, now_, [&](const std::optional<Head>& head) -> Result<Change> {
                if (kind == 0 && head.has_value()) {
                    return fail(Errc::conflict, "RLY-00");
                }
                Change change;
                change.state = head.has_value() ? head->state : Bytes{};
                change.state.push_back(static_cast<std::uint8_t>(seed_));
                if (kind != 1) {
                    change.entry = NewEntry{.expires_at = expires_at, .value = value};
                }
                if (other != where) {
                    change.deliveries.push_back(
                        {.to = other, .expires_at = expires_at, .value = value});
                }
                change.blobs.push_back(
                    {.name = text("u"), .expires_at = expires_at, .value = value});
                return change;
            });
        if (!result.has_value()) {
            return result.error().check;
        }
        const auto head = store_.head(where);
        return std::to_string(result->entry.sequence) + to_text(result->entry.value) +
               (result->repeated ? " again " : " new ") + to_text((*head)->state);
    }

    std::string entries(const Partition& where) {
        const auto after = random_.below(30);
        const auto limit = 1 + random_.below(20);
        const auto found = store_.read_after(where, after, limit, 1 + random_.below(400), now_);
        std::string all = std::to_string(store_.usage(where, limit, 500, now_)->bytes) + ": ";
        for (const Entry& entry : *found) {
            all += std::to_string(entry.sequence) + to_text(entry.value) + ",";
        }
        return all;
    }

    std::string blobs(const Partition& where) {
        const Bytes blob = text(std::to_string(random_.below(5)));
        const auto put = store_.put_blob(
            where, {.name = blob, .expires_at = any_expiry(), .value = any_value()});
        std::string all = put.has_value() ? "put " : "error ";
        for (const Blob& found : store_.list_blobs(where, {}, 100, now_).value()) {
            all += to_text(found.name) + to_text(found.value) + ",";
        }
        return all;
    }

    std::string erased(const Partition& where) {
        const bool done = store_.erase_through(where, random_.below(20)).has_value();
        return done ? "erased" : "error";
    }

    std::string offered(const Partition& where) {
        std::vector<Bytes> items;
        for (std::uint64_t i = 0; i < random_.below(4); ++i) {
            items.push_back(text(std::to_string(random_.below(60))));
        }
        std::optional<Bytes> last;
        if (random_.below(5) == 0) {
            last = any_value();
        }
        const UnixMs expires_at{now_.value + 1 + static_cast<std::int64_t>(random_.below(300))};
        const auto state = store_.offer(where, items, last, expires_at, now_);
        return std::to_string(state->available) + (state->has_last_resort ? " last" : "") +
               (state->last_resort_used ? " used" : "");
    }

    std::string claimed(const Partition& where) {
        std::string all;
        for (const auto& item : store_.claim({where, any_partition()}, now_).value()) {
            all += (item.has_value() ? to_text(*item) : "(none)") + ",";
        }
        return all;
    }

    Store& store_;
    testing::SeededRandom random_;
    std::uint64_t seed_;
    UnixMs now_;
};

using StoreRandomRun = ::testing::TestWithParam<Maker>;
INSTANTIATE_TEST_SUITE_P(Stores,
                         StoreRandomRun,
                         ::testing::Values(make_memory_subject, make_rocks_subject),
                         [](const auto& info) { return info.index == 0 ? "Memory" : "Rocks"; });

/// More for long runs: CHATMCP_MODEL_SEEDS=100000 takes that many steps (dev/bench soak).
std::uint64_t last_seed() {
    constexpr std::uint64_t kUsual = 1500;
    const char* const wanted = std::getenv("CHATMCP_MODEL_SEEDS");  // NOLINT(concurrency-mt-unsafe)
    return wanted == nullptr ? kUsual
                             : std::max(std::uint64_t{std::strtoull(wanted, nullptr, 10)}, kUsual);
}

TEST_P(StoreRandomRun, AgreesWithTheModelStepByStep) {
    const std::unique_ptr<Subject> subject = GetParam()();
    MemoryStore model;
    const std::uint64_t last = last_seed();
    for (std::uint64_t seed = 1; seed <= last; ++seed) {
        const std::string expected = RandomStep(model, seed).run();
        const std::string found = RandomStep(subject->store(), seed).run();
        ASSERT_EQ(found, expected) << "seed " << seed;
        if (seed % 400 == 0) {
            subject->reopen();
        }
    }
}

}  // namespace
}  // namespace chatmcp::store
