#include "crypto/mlkem.h"

#include <gtest/gtest.h>

#include "support/random.h"
#include "support/vectors.h"

namespace chatmcp::crypto {
namespace {

std::vector<testing::Vector> cases_of(const char* file) {
    std::vector<testing::Vector> cases;
    for (const auto& group : testing::load_document(file).list("testGroups")) {
        for (auto& vector : group.list("tests")) {
            cases.push_back(vector);
        }
    }
    return cases;
}

TEST(MlKem, KeysOfWycheproofComeFromTheirSeeds) {
    int keys = 0;
    for (const auto& vector : cases_of("wycheproof/mlkem_768_keygen_seed_test.json")) {
        SCOPED_TRACE(vector.name());
        EXPECT_EQ(mlkem768_public_key(vector.hex("seed")), vector.hex("ek"));
        ++keys;
    }
    EXPECT_EQ(keys, 17);
}

TEST(MlKem, EveryEncapsulationOfWycheproofHasItsResult) {
    int accepted = 0;
    int of_another_size = 0;
    int above_the_modulus = 0;
    for (const auto& vector : cases_of("wycheproof/mlkem_768_encaps_test.json")) {
        SCOPED_TRACE(vector.name());
        const Bytes key = vector.hex("ek");
        const auto made = mlkem768_encapsulate(key, vector.hex("m"));
        if (vector.text("result") == "valid") {
            ASSERT_TRUE(made.has_value());
            EXPECT_EQ(made->ciphertext, vector.hex("c"));
            EXPECT_TRUE(equal(made->shared_secret.view(), vector.hex("K")));
            ++accepted;
            continue;
        }
        ASSERT_FALSE(made.has_value());
        const bool sized = key.size() == kMlKem768PublicBytes;
        EXPECT_EQ(made.error(), (Error{Errc::malformed, sized ? "CRY-20" : "CRY-07"}));
        ++(sized ? above_the_modulus : of_another_size);
    }
    EXPECT_EQ(accepted, 23);
    EXPECT_EQ(of_another_size, 3);
    EXPECT_EQ(above_the_modulus, 29);
}

TEST(MlKem, EveryDecapsulationOfWycheproofHasItsResult) {
    int accepted = 0;
    int refused = 0;
    int no_keys = 0;
    for (const auto& vector : cases_of("wycheproof/mlkem_768_test.json")) {
        SCOPED_TRACE(vector.name());
        const Bytes seed = vector.hex("seed");
        if (seed.size() != kMlKem768SeedBytes) {
            EXPECT_EQ(vector.text("result"), "invalid");  // No private key: checked by type.
            ++no_keys;
            continue;
        }
        EXPECT_EQ(mlkem768_public_key(seed), vector.hex("ek"));
        const auto secret = mlkem768_decapsulate(seed, vector.hex("c"));
        if (vector.text("result") == "valid") {
            ASSERT_TRUE(secret.has_value());
            EXPECT_TRUE(equal(secret->view(), vector.hex("K")));
            ++accepted;
        } else {
            ASSERT_FALSE(secret.has_value());
            EXPECT_EQ(secret.error(), (Error{Errc::malformed, "CRY-07"}));
            ++refused;
        }
    }
    EXPECT_GE(accepted, 26);
    EXPECT_GE(refused + no_keys, 7);
    EXPECT_GT(refused, 0);
}

TEST(MlKem, AChangedCiphertextGivesAnotherSecret) {
    testing::SeededRandom random(1);
    const SecretBytes seed = random.secret(kMlKem768SeedBytes);
    const auto made = mlkem768_encapsulate(mlkem768_public_key(seed.view()),
                                           random.secret(kMlKem768EncapsulationBytes).view());
    ASSERT_TRUE(made.has_value());
    EXPECT_TRUE(equal(mlkem768_decapsulate(seed.view(), made->ciphertext)->view(),
                      made->shared_secret.view()));
    for (std::size_t bit = 0; bit < made->ciphertext.size() * 8; bit += 97) {
        Bytes flipped = made->ciphertext;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        const auto other = mlkem768_decapsulate(seed.view(), flipped);
        ASSERT_TRUE(other.has_value());
        EXPECT_FALSE(equal(other->view(), made->shared_secret.view())) << bit;
    }
}

TEST(MlKemDeath, SeedsOfTheWrongSizeEndTheProcess) {
    EXPECT_DEATH_IF_SUPPORTED(static_cast<void>(mlkem768_public_key(Bytes(63))),
                              "broken assumption");
    EXPECT_DEATH_IF_SUPPORTED(static_cast<void>(mlkem768_decapsulate(Bytes(65), Bytes(1088))),
                              "broken assumption");
    EXPECT_DEATH_IF_SUPPORTED(static_cast<void>(mlkem768_encapsulate(Bytes(1184), Bytes(31))),
                              "broken assumption");
}

}  // namespace
}  // namespace chatmcp::crypto
