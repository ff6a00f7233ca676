#include "enclave/sealed_memory.h"

#include <algorithm>
#include <utility>

#include "crypto/kdf.h"
#include "wire/tls.h"

namespace chatmcp::enclave {
namespace {

constexpr std::string_view kSealingContext = "enclave state";
constexpr std::string_view kNameContext = "enclave state names";
constexpr std::string_view kManifestName = "manifest";

void add_to(crypto::Sha256Digest& sum, const crypto::Sha256Digest& tag) {
    for (std::size_t i = 0; i < sum.size(); ++i) {
        sum[i] = static_cast<std::uint8_t>(sum[i] ^ tag[i]);
    }
}

struct Opened {
    Bytes key;
    Bytes value;
};

Result<Opened> open_record(const tee::Sealer& sealer, const wire::StoredState::Pair& pair) {
    CHATMCP_TRY(const SecretBytes plain, sealer.unseal(pair.key, pair.value));
    wire::Reader reader(plain.view());
    CHATMCP_TRY(const ByteView key, reader.vector(Transaction::kKeyMaxBytes));
    CHATMCP_TRY(const ByteView value, reader.vector(Transaction::kValueMaxBytes));
    CHATMCP_TRY_VOID(reader.finish());
    return Opened{to_bytes(key), to_bytes(value)};
}

bool starts_with(ByteView key, ByteView prefix) {
    return key.size() >= prefix.size() && equal(key.first(prefix.size()), prefix);
}

}  // namespace

Result<SealedMemory> SealedMemory::open(tee::Platform& platform) {
    CHATMCP_TRY(tee::Sealer sealer, tee::Sealer::open(platform, kSealingContext));
    CHATMCP_TRY(SecretBytes name_key, platform.sealing_key(as_bytes(kNameContext)));
    return SealedMemory(std::move(sealer), std::move(name_key));
}

Bytes SealedMemory::stored_name(ByteView key) const {
    return to_bytes(crypto::hmac_sha256(name_key_.view(), key));
}

crypto::Sha256Digest SealedMemory::tag_of(ByteView name, ByteView sealed) const {
    return crypto::hmac_sha256(name_key_.view(), concat({as_bytes("record"), name, sealed}));
}

Bytes SealedMemory::manifest() const {
    wire::Writer writer;
    writer.u64(records_.size());
    writer.fixed(sum_);
    return writer.take();
}

Result<void> SealedMemory::restore(const std::vector<wire::StoredState::Pair>& pairs) {
    records_.clear();
    sum_ = {};
    size_bytes_ = 0;
    std::optional<Bytes> whole;
    for (const wire::StoredState::Pair& pair : pairs) {
        const bool is_manifest = equal(pair.key, as_bytes(kManifestName));
        auto opened = open_record(sealer_, pair);
        if (!opened.has_value() || (is_manifest && whole.has_value()) ||
            (!is_manifest && !equal(stored_name(opened->key), pair.key))) {
            return fail(Errc::storage_corrupt, "ENC-02");
        }
        if (is_manifest) {
            whole = std::move(opened->value);
            continue;
        }
        const auto tag = tag_of(pair.key, pair.value);
        add_to(sum_, tag);
        size_bytes_ += opened->key.size() + opened->value.size();
        if (!records_.emplace(std::move(opened->key), Record{std::move(opened->value), tag})
                 .second) {
            return fail(Errc::storage_corrupt, "ENC-02");
        }
    }
    // A state without anything has no manifest yet.
    const bool stands =
        pairs.empty() || (whole.has_value() && equal_constant_time(*whole, manifest()));
    if (!stands) {
        records_.clear();
        return fail(Errc::storage_corrupt, "ENC-02");
    }
    return {};
}

std::vector<wire::StoreBatch::Write> SealedMemory::apply(Step& step, crypto::Random& random) {
    std::vector<wire::StoreBatch::Write> writes;
    for (auto& [key, value] : step.changed_) {
        const auto known = records_.find(key);
        if (known == records_.end() && !value.has_value()) {
            continue;
        }
        Bytes name = stored_name(key);
        if (known != records_.end()) {
            add_to(sum_, known->second.tag);
            size_bytes_ -= key.size() + known->second.value.size();
            wipe(known->second.value);
            records_.erase(known);
        }
        if (!value.has_value()) {
            writes.push_back({std::move(name), std::nullopt});
            continue;
        }
        wire::Writer writer;
        writer.reserve(key.size() + value->size() + 8);
        writer.vector(key);
        writer.vector(*value);
        Bytes plain = writer.take();
        Bytes sealed = sealer_.seal(name, plain, random);
        wipe(plain);
        const auto tag = tag_of(name, sealed);
        add_to(sum_, tag);
        size_bytes_ += key.size() + value->size();
        records_.emplace(key, Record{*std::move(value), tag});
        writes.push_back({std::move(name), std::move(sealed)});
    }
    step.changed_.clear();
    if (!writes.empty()) {
        wire::Writer writer;
        writer.vector({});
        writer.vector(manifest());
        writes.push_back({to_bytes(as_bytes(kManifestName)),
                          sealer_.seal(as_bytes(kManifestName), writer.view(), random)});
    }
    return writes;
}

void SealedMemory::Step::wipe_all(Changes& changes) {
    for (auto& [key, value] : changes) {
        if (value.has_value()) {
            wipe(*value);
        }
    }
}

SealedMemory::Step::~Step() {
    wipe_all(changed_);
}

void SealedMemory::Savepoint::roll_back() {
    Step::wipe_all(step_.changed_);
    step_.changed_ = saved_;
}

Result<std::optional<Bytes>> SealedMemory::Step::get(ByteView key) {
    if (const auto changed = changed_.find(key); changed != changed_.end()) {
        return changed->second;
    }
    const auto stored = memory_.records_.find(key);
    return stored == memory_.records_.end() ? std::optional<Bytes>()
                                            : std::optional<Bytes>(stored->second.value);
}

Result<std::vector<KeyValuePair>> SealedMemory::Step::scan(ByteView prefix,
                                                           ByteView after,
                                                           std::size_t limit) {
    // Two ordered maps, walked together; of one name the changed value counts.
    const Bytes from = to_bytes(after.empty() ? prefix : after);
    auto stored = memory_.records_.lower_bound(from);
    auto changed = changed_.lower_bound(from);
    const BytesLess less;
    const auto in_range = [&](const auto& map, const auto& at) {
        return at != map.end() && starts_with(at->first, prefix);
    };
    std::vector<KeyValuePair> found;
    while (found.size() < limit) {
        const bool has_stored = in_range(memory_.records_, stored);
        const bool has_changed = in_range(changed_, changed);
        if (!has_stored && !has_changed) {
            break;
        }
        const bool use_changed =
            has_changed && (!has_stored || !less(stored->first, changed->first));
        if (use_changed && has_stored && equal(stored->first, changed->first)) {
            ++stored;
        }
        const Bytes& key = use_changed ? changed->first : stored->first;
        const bool wanted = after.empty() || less(after, key);
        if (use_changed) {
            const auto& value = changed->second;
            if (wanted && value.has_value()) {
                found.push_back({key, *value});
            }
            ++changed;
        } else {
            if (wanted) {
                found.push_back({key, stored->second.value});
            }
            ++stored;
        }
    }
    return found;
}

Result<void> SealedMemory::Step::put(ByteView key, ByteView value) {
    if (key.empty() || key.size() > kKeyMaxBytes ||
        value.size() > tee::Sealer::kPlaintextMaxBytes - kKeyMaxBytes - 16) {
        return fail(Errc::too_large, "ENC-03");
    }
    changed_.insert_or_assign(to_bytes(key), to_bytes(value));
    return {};
}

Result<void> SealedMemory::Step::erase(ByteView key) {
    if (key.empty() || key.size() > kKeyMaxBytes) {
        return fail(Errc::too_large, "ENC-03");
    }
    changed_.insert_or_assign(to_bytes(key), std::nullopt);
    return {};
}

}  // namespace chatmcp::enclave
