#include "client/merkle.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace chatmcp::client {
namespace {

// The leaves and roots of RFC 6962's reference tests (same hashing as RFC 9162) are over leaf data
// of other sizes than a digest, so the tree is held against its definition, MTH(D[n]) = H(1 ||
// MTH(D[0:k]) || MTH(D[k:n])), written recursively.
wire::Digest by_definition(const std::vector<wire::Digest>& leaves) {
    if (leaves.size() == 1) {
        return crypto::sha256({ByteArray<1>{0}, leaves[0]});
    }
    std::size_t k = 1;
    while (k * 2 < leaves.size()) {
        k *= 2;
    }
    const auto middle = leaves.begin() + static_cast<std::ptrdiff_t>(k);
    return crypto::sha256({ByteArray<1>{1},
                           by_definition({leaves.begin(), middle}),
                           by_definition({middle, leaves.end()})});
}

TEST(Merkle, RootOfEveryTreeUpTo40LeavesIsTheDefinitions) {
    std::vector<wire::Digest> leaves;
    for (std::uint8_t i = 0; i < 40; ++i) {
        leaves.push_back(crypto::sha256(ByteArray<1>{i}));
        EXPECT_EQ(merkle_root(leaves), by_definition(leaves)) << leaves.size();
    }
}

TEST(Merkle, TreeWithoutLeavesHasTheHashOfNothing) {
    EXPECT_EQ(to_hex(merkle_root({})),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Merkle, CallCommitmentTellsPromptFromOutput) {
    wire::CommitmentKeys keys;
    EXPECT_NE(call_commitment(keys, as_bytes("ab"), as_bytes("c")),
              call_commitment(keys, as_bytes("a"), as_bytes("bc")));
    wire::CommitmentKeys other;
    other.prompts[0] = 1;
    EXPECT_NE(call_commitment(keys, as_bytes("a"), as_bytes("b")),
              call_commitment(other, as_bytes("a"), as_bytes("b")));
}

}  // namespace
}  // namespace chatmcp::client
