#include "crypto/random.h"

#include <openssl/rand.h>

#include "base/check.h"

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

}  // namespace chatmcp::crypto
