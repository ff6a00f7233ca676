#include "crypto/random.h"

#include <algorithm>
#include <utility>

#include <openssl/rand.h>

#include "base/check.h"
#include "crypto/kdf.h"

namespace chatmcp::crypto {

SecretBytes Random::secret(std::size_t size_bytes) {
    SecretBytes out(size_bytes);
    fill(out.mutable_view());
    return out;
}

void SystemRandom::fill(std::span<std::uint8_t> out) {
    if (out.empty()) {
        return;
    }
    CHATMCP_CHECK(RAND_bytes(out.data(), out.size()) == 1);
}

DerivedRandom::DerivedRandom(SecretBytes seed) : seed_(std::move(seed)) {
    CHATMCP_CHECK(seed_.size() == kSeedBytes);
}

void DerivedRandom::fill(std::span<std::uint8_t> out) {
    const std::uint32_t call = calls_++;
    CHATMCP_CHECK(calls_ != 0);
    const ByteArray<4> number = {static_cast<std::uint8_t>(call >> 24),
                                 static_cast<std::uint8_t>(call >> 16),
                                 static_cast<std::uint8_t>(call >> 8),
                                 static_cast<std::uint8_t>(call)};
    const SecretBytes derived = hkdf_expand(HashId::sha256, seed_.view(), number, out.size());
    std::ranges::copy(derived.view(), out.begin());
}

}  // namespace chatmcp::crypto
