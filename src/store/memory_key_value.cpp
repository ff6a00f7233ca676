#include "store/memory_key_value.h"

#include <algorithm>
#include <ranges>

#include "base/check.h"

namespace chatmcp::store {

/// Writes go straight into the map; what stood there before is kept, to be put back.
class MemoryTransaction final : public OwnedTransaction {
  public:
    explicit MemoryTransaction(MemoryKeyValue& store) : store_(store) {}
    MemoryTransaction(const MemoryTransaction&) = delete;
    MemoryTransaction& operator=(const MemoryTransaction&) = delete;
    ~MemoryTransaction() override {
        if (!ended_) {
            roll_back();
        }
    }

    Result<std::optional<Bytes>> get(ByteView key) override {
        CHATMCP_CHECK(!ended_);
        const auto found = store_.pairs_.find(key);
        if (found == store_.pairs_.end()) {
            return std::nullopt;
        }
        return found->second;
    }

    Result<std::vector<KeyValuePair>> scan(ByteView prefix,
                                           ByteView after,
                                           std::size_t limit) override {
        CHATMCP_CHECK(!ended_);
        auto at = BytesLess{}(after, prefix) || after.empty() ? store_.pairs_.lower_bound(prefix)
                                                              : store_.pairs_.upper_bound(after);
        std::vector<KeyValuePair> out;
        for (; at != store_.pairs_.end() && out.size() < limit; ++at) {
            if (at->first.size() < prefix.size() ||
                !equal(ByteView(at->first).first(prefix.size()), prefix)) {
                break;
            }
            out.push_back({.key = at->first, .value = at->second});
        }
        return out;
    }

    Result<void> put(ByteView key, ByteView value) override {
        CHATMCP_CHECK(!ended_);
        if (key.empty() || key.size() > kKeyMaxBytes || value.size() > kValueMaxBytes) {
            return fail(Errc::too_large, "STO-05");
        }
        const auto found = store_.pairs_.find(key);
        if (found == store_.pairs_.end()) {
            before_.emplace_back(to_bytes(key), std::nullopt);
            store_.pairs_.emplace(to_bytes(key), to_bytes(value));
        } else {
            before_.emplace_back(to_bytes(key), std::exchange(found->second, to_bytes(value)));
        }
        return {};
    }

    Result<void> erase(ByteView key) override {
        CHATMCP_CHECK(!ended_);
        const auto found = store_.pairs_.find(key);
        if (found != store_.pairs_.end()) {
            before_.emplace_back(to_bytes(key), std::move(found->second));
            store_.pairs_.erase(found);
        }
        return {};
    }

    Result<void> commit() override {
        CHATMCP_CHECK(!ended_);
        end();
        return {};
    }

  private:
    void roll_back() {
        for (auto& [key, value] : std::views::reverse(before_)) {
            if (value.has_value()) {
                store_.pairs_.insert_or_assign(key, *std::move(value));
            } else {
                store_.pairs_.erase(key);
            }
        }
        end();
    }

    void end() {
        ended_ = true;
        store_.open_ = false;
    }

    MemoryKeyValue& store_;
    std::vector<std::pair<Bytes, std::optional<Bytes>>> before_;
    bool ended_ = false;
};

Result<std::unique_ptr<OwnedTransaction>> MemoryKeyValue::begin() {
    if (std::exchange(open_, true)) {
        return fail(Errc::unavailable, "STO-04");
    }
    return std::make_unique<MemoryTransaction>(*this);
}

std::vector<KeyValuePair> MemoryKeyValue::pairs() const {
    CHATMCP_CHECK(!open_);
    std::vector<KeyValuePair> out;
    out.reserve(pairs_.size());
    for (const auto& [key, value] : pairs_) {
        out.push_back({.key = key, .value = value});
    }
    return out;
}

}  // namespace chatmcp::store
