#include "store/store.h"

namespace chatmcp::store {

Result<void> check_limits(const Blob& blob) {
    if (blob.name.empty() || blob.name.size() > Store::kBlobNameMaxBytes ||
        blob.value.size() > Store::kValueMaxBytes) {
        return fail(Errc::too_large, "STO-12");
    }
    return {};
}

Result<void> check_limits(const Change& change) {
    std::size_t total_bytes = change.state.size();
    if (change.entry.has_value()) {
        if (change.entry->value.size() > Store::kValueMaxBytes) {
            return fail(Errc::too_large, "STO-12");
        }
        total_bytes += change.entry->value.size();
    }
    for (const Blob& blob : change.blobs) {
        CHATMCP_TRY_VOID(check_limits(blob));
        total_bytes += blob.value.size();
    }
    for (const Delivery& delivery : change.deliveries) {
        if (delivery.value.size() > Store::kValueMaxBytes) {
            return fail(Errc::too_large, "STO-12");
        }
        total_bytes += delivery.value.size();
    }
    if (change.deliveries.size() > Store::kDeliveriesMax || total_bytes > Store::kChangeMaxBytes) {
        return fail(Errc::too_large, "STO-12");
    }
    return {};
}

Result<void> check_offer(const std::vector<Bytes>& items, const std::optional<Bytes>& last_resort) {
    std::size_t total_bytes = last_resort.has_value() ? last_resort->size() : 0;
    for (const Bytes& item : items) {
        total_bytes += item.size();
    }
    if (items.size() > Store::kPoolItemsMax || total_bytes > Store::kChangeMaxBytes) {
        return fail(Errc::too_large, "STO-12");
    }
    return {};
}

}  // namespace chatmcp::store
