#pragma once

#include <map>
#include <optional>

#include "base/key_value.h"

namespace chatmcp::testing {

/// An ordered key-value store in memory, with counters for tests that bound what is written.
struct MemoryStore {
    std::map<Bytes, Bytes> records;
    std::size_t puts = 0;
    std::size_t bytes_written = 0;  // Keys and values of all puts and erases since reset_counters.

    void reset_counters() {
        puts = 0;
        bytes_written = 0;
    }
};

/// A transaction over a MemoryStore: its writes are seen by its own reads at once, and by the store
/// after commit(). Dropped, it leaves the store as it was.
class MemoryTransaction final : public OwnedTransaction {
  public:
    explicit MemoryTransaction(MemoryStore& store) : store_(store) {}

    [[nodiscard]] Result<std::optional<Bytes>> get(ByteView key) override {
        const Bytes wanted = to_bytes(key);
        if (const auto changed = changes_.find(wanted); changed != changes_.end()) {
            return changed->second;
        }
        const auto found = store_.records.find(wanted);
        if (found == store_.records.end()) {
            return std::optional<Bytes>();
        }
        return std::optional<Bytes>(found->second);
    }

    [[nodiscard]] Result<std::vector<KeyValuePair>> scan(ByteView prefix,
                                                         ByteView after,
                                                         std::size_t limit) override {
        std::vector<KeyValuePair> pairs;
        Bytes from = after.empty() ? to_bytes(prefix) : to_bytes(after);
        auto base =
            after.empty() ? store_.records.lower_bound(from) : store_.records.upper_bound(from);
        auto change = after.empty() ? changes_.lower_bound(from) : changes_.upper_bound(from);
        const auto starts = [&](const Bytes& key) {
            return key.size() >= prefix.size() && equal(ByteView(key).first(prefix.size()), prefix);
        };
        while (pairs.size() < limit) {
            const bool has_base = base != store_.records.end() && starts(base->first);
            const bool has_change = change != changes_.end() && starts(change->first);
            if (!has_base && !has_change) {
                break;
            }
            if (has_change && (!has_base || change->first <= base->first)) {
                if (has_base && base->first == change->first) {
                    ++base;
                }
                if (change->second.has_value()) {
                    pairs.push_back({change->first, *change->second});
                }
                ++change;
            } else {
                pairs.push_back({base->first, base->second});
                ++base;
            }
        }
        return pairs;
    }

    [[nodiscard]] Result<void> put(ByteView key, ByteView value) override {
        if (key.size() > kKeyMaxBytes || value.size() > kValueMaxBytes) {
            return fail(Errc::storage, "test");
        }
        store_.bytes_written += key.size() + value.size();
        ++store_.puts;
        changes_.insert_or_assign(to_bytes(key), to_bytes(value));
        return {};
    }

    [[nodiscard]] Result<void> erase(ByteView key) override {
        store_.bytes_written += key.size();
        changes_.insert_or_assign(to_bytes(key), std::nullopt);
        return {};
    }

    [[nodiscard]] Result<void> commit() override {
        for (auto& [key, value] : changes_) {
            if (value.has_value()) {
                store_.records.insert_or_assign(key, *std::move(value));
            } else {
                store_.records.erase(key);
            }
        }
        changes_.clear();
        return {};
    }

    [[nodiscard]] bool changed_anything() const { return !changes_.empty(); }

  private:
    MemoryStore& store_;
    std::map<Bytes, std::optional<Bytes>> changes_;
};

}  // namespace chatmcp::testing
