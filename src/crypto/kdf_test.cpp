#include "crypto/kdf.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "support/vectors.h"

namespace chatmcp::crypto {
namespace {

std::string hex_of(const Result<SecretBytes>& secret) {
    return secret.has_value() ? to_hex(secret->view()) : secret.error().check;
}

constexpr std::pair<HashId, std::string_view> kHashes[] = {
    {HashId::sha256, "sha256"}, {HashId::sha384, "sha384"}, {HashId::sha512, "sha512"}};

// All test groups of a file that Wycheproof has for each hash, with the hash.
std::vector<std::pair<HashId, testing::Vector>> groups_of(const std::string& primitive) {
    std::vector<std::pair<HashId, testing::Vector>> out;
    for (const auto& [id, name] : kHashes) {
        const std::string file = "wycheproof/" + primitive + "_" + std::string(name) + "_test.json";
        for (auto& group : testing::load_document(file).list("testGroups")) {
            out.emplace_back(id, std::move(group));
        }
    }
    return out;
}

TEST(Hmac, EveryCaseOfWycheproofHasItsResult) {
    int count = 0;
    for (const auto& [id, group] : groups_of("hmac")) {
        const std::size_t tag_bytes = group.u64("tagSize") / 8;
        for (const auto& vector : group.list("tests")) {
            SCOPED_TRACE(vector.name());
            const auto mac = hmac(id, vector.hex("key"), vector.hex("msg"));
            const bool same = equal_constant_time(mac.view().first(tag_bytes), vector.hex("tag"));
            EXPECT_EQ(same, vector.text("result") == "valid");
            ++count;
        }
    }
    EXPECT_GE(count, 510);
}

TEST(Hmac, AnEmptyKeyIsAKey) {
    EXPECT_EQ(to_hex(hmac_sha256({}, {})),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Hkdf, EveryCaseOfWycheproofHasItsResult) {
    int count = 0;
    int above_limit = 0;
    for (const auto& [id, group] : groups_of("hkdf")) {
        for (const auto& vector : group.list("tests")) {
            SCOPED_TRACE(vector.name());
            const SecretBytes prk = hkdf_extract(id, vector.hex("salt"), vector.hex("ikm"));
            ++count;
            if (vector.text("result") == "valid") {
                const auto okm =
                    hkdf_expand(id, prk.view(), vector.hex("info"), vector.u64("size"));
                EXPECT_TRUE(equal(okm.view(), vector.hex("okm")));
            } else {
                // All invalid cases ask for more than 255 blocks, which no caller of ours can: the
                // size is a constant at every call.
                ++above_limit;
                EXPECT_GT(vector.u64("size"), 255 * hash_bytes(id));
            }
        }
    }
    EXPECT_GE(count, 240);
    EXPECT_GE(above_limit, 9);
}

TEST(HkdfDeath, MoreThan255BlocksEndTheProcess) {
    EXPECT_DEATH_IF_SUPPORTED(
        static_cast<void>(hkdf_expand(HashId::sha256, Bytes(32), {}, 255 * 32 + 1)),
        "broken assumption");
}

TEST(Hkdf, NoBytesAskedForAreNoBytes) {
    EXPECT_TRUE(hkdf_expand(HashId::sha256, Bytes(32), {}, 0).empty());
}

// RFC 7914 section 12; its last case needs 1 GiB and is above our limit, see below.
TEST(Scrypt, GivesTheValuesOfTheRfc) {
    EXPECT_EQ(hex_of(scrypt({}, {}, {16, 1, 1}, 64)),
              "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
              "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
    EXPECT_EQ(hex_of(scrypt(as_bytes("password"), as_bytes("NaCl"), {1024, 8, 16}, 64)),
              "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
              "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
}

TEST(Scrypt, ParametersOutOfRangeAreRefused) {
    const std::uint64_t n_max = kScryptMemoryMaxBytes / 128;
    for (const ScryptParameters& parameters : {
             ScryptParameters{0, 8, 1},
             ScryptParameters{1, 8, 1},
             ScryptParameters{1000, 8, 1},  // No power of two.
             ScryptParameters{1024, 0, 1},
             ScryptParameters{1024, 8, 0},
             ScryptParameters{1024, 8, kScryptParallelMax + 1},
             ScryptParameters{n_max * 2, 1, 1},
             ScryptParameters{n_max, 2, 1},                   // n alone is within its limit.
             ScryptParameters{std::uint64_t{1} << 63, 8, 1},  // 128 * n * r wraps to 0.
             ScryptParameters{1024, UINT32_MAX, 1},
             ScryptParameters{1048576, 8, 1},  // The RFC's 1 GiB case.
         }) {
        EXPECT_EQ(hex_of(scrypt(as_bytes("a"), as_bytes("b"), parameters, 32)), "CRY-02");
    }
}

TEST(Scrypt, TheDefaultParametersAreWithinTheLimit) {
    const ScryptParameters defaults;
    EXPECT_LE(128 * defaults.n * defaults.r, kScryptMemoryMaxBytes);
    EXPECT_EQ(scrypt(as_bytes("a"), as_bytes("b"), defaults, 32).value().size(), 32u);
}

}  // namespace
}  // namespace chatmcp::crypto
