#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "store/memory_store.h"
#include "store/rocks_store.h"
#include "store/store_testing.h"

// What the suites that run over every store share.

namespace chatmcp::store {

inline constexpr UnixMs kNow{1'780'000'000'000};
inline constexpr UnixMs kLater{kNow.value + kHourMs};
inline constexpr std::size_t kAll = 100'000;
inline constexpr std::size_t kAnyBytes = std::size_t{1} << 30;

struct Subject {
    virtual ~Subject() = default;
    virtual Store& store() = 0;
    virtual void reopen() {}  // Where the store outlives its process.
};

struct MemorySubject final : Subject {
    MemoryStore memory;
    Store& store() override { return memory; }
};

struct RocksSubject final : Subject {
    TemporaryFolder folder;
    std::unique_ptr<RocksStore> rocks;
    RocksSubject() { RocksSubject::reopen(); }
    Store& store() override { return *rocks; }
    void reopen() override {
        rocks.reset();
        auto opened = RocksStore::open(folder.file("store"));
        CHATMCP_CHECK(opened.has_value());
        rocks = *std::move(opened);
    }
};

using Maker = std::unique_ptr<Subject> (*)();

inline Partition partition(Space space, std::uint8_t id) {
    Partition out{.space = space, .id = {}};
    out.id.fill(id);
    return out;
}

inline const Partition kTopic = partition(Space::topic, 1);
inline const Partition kInbox = partition(Space::inbox, 1);
inline const Partition kPool = partition(Space::key_packages, 1);

inline ByteArray<32> name(std::uint64_t number) {
    ByteArray<32> out{};
    for (std::size_t i = 0; i < 8; ++i) {
        out[i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    return out;
}

inline Bytes text(std::string_view of) {
    return to_bytes(as_bytes(of));
}

// An append that keeps the head's state.
inline Decide append(std::string_view value, UnixMs expires_at = kNever) {
    return [=](const std::optional<Head>& head) -> Result<Change> {
        Change change;
        change.state = head.has_value() ? head->state : Bytes{};
        change.entry = NewEntry{.expires_at = expires_at, .value = text(value)};
        return change;
    };
}

inline std::unique_ptr<Subject> make_memory_subject() {
    return std::make_unique<MemorySubject>();
}
inline std::unique_ptr<Subject> make_rocks_subject() {
    return std::make_unique<RocksSubject>();
}

}  // namespace chatmcp::store
