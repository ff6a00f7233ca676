#include "client/merkle.h"

#include "crypto/kdf.h"
#include "wire/tls.h"

namespace chatmcp::client {

namespace {

constexpr std::uint8_t kLeafPrefix[] = {0x00};
constexpr std::uint8_t kNodePrefix[] = {0x01};

}  // namespace

wire::Digest merkle_root(const std::vector<wire::Digest>& leaves) {
    if (leaves.empty()) {
        return crypto::sha256(ByteView());
    }
    std::vector<wire::Digest> level;
    level.reserve(leaves.size());
    for (const wire::Digest& leaf : leaves) {
        level.push_back(crypto::sha256({kLeafPrefix, leaf}));
    }
    // Level by level: the largest power of two below the number of leaves stands left, so a last
    // node without a neighbour goes up as it is.
    while (level.size() > 1) {
        std::vector<wire::Digest> above;
        above.reserve((level.size() + 1) / 2);
        for (std::size_t i = 0; i + 1 < level.size(); i += 2) {
            above.push_back(crypto::sha256({kNodePrefix, level[i], level[i + 1]}));
        }
        if (level.size() % 2 == 1) {
            above.push_back(level.back());
        }
        level = std::move(above);
    }
    return level.front();
}

wire::Digest call_commitment(const wire::CommitmentKeys& keys, ByteView prompt, ByteView output) {
    wire::Writer writer;
    writer.vector(prompt);
    writer.vector(output);
    return crypto::hmac_sha256(keys.prompts, writer.view());
}

}  // namespace chatmcp::client
