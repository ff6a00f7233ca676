#include "attest/roots.h"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

#include "attest/certificate.h"
#include "base/encoding.h"
#include "crypto/hash.h"
#include "support/files.h"
#include "support/vectors.h"

namespace chatmcp::attest {
namespace {

TEST(Roots, ThePublishedKeysBelongToThePublishedSeeds) {
    const char* seeds[] = {
        // RFC 8032 section 7.1
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "f5e5767cf153319517630f226876b86c8160cc583bc013744c6bf255f5cc0ee5",
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "0000000000000000000000000000000000000000000000000000000000000000",
        // docs/formats.md
        "495b1862f8d80108708539dbe28c8ce4937bdd2bf96882dc4a8ca469a9feac4e",
    };
    const Roots roots = builtin_roots();
    ASSERT_EQ(roots.published_keys.size(), std::size(seeds));
    for (const char* seed : seeds) {
        SCOPED_TRACE(seed);
        const auto key = crypto::SigningKey::from_seed(from_hex(seed).value());
        EXPECT_NE(std::ranges::find(roots.published_keys, key.public_key()),
                  roots.published_keys.end());
    }
}

TEST(Roots, TheRootsOfMakersAreThoseOfTheCorpus) {
    const auto pem = [](const std::string& name) {
        return certificates_of_pem(as_bytes(testing::load_text("evidence/roots/" + name))).value();
    };
    const Roots roots = builtin_roots();
    EXPECT_EQ(roots.nvidia, pem("nvidia-device-identity-ca.pem").front());
    EXPECT_EQ(roots.nvidia, pem("nvidia-switch-device-identity-ca.pem").front());
    EXPECT_EQ(as_text(roots.intel_sgx), testing::load_text("evidence/roots/intel-sgx-root-ca.der"));
}

// What verification starts from is what makers/PROVENANCE.md says, file by file.
TEST(Roots, EveryRootIsTheOneOfItsProvenance) {
    std::vector<std::string> recorded;
    std::istringstream lines(testing::read_project_file("src/attest/makers/PROVENANCE.md"));
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("| `")) {
            const std::string name = line.substr(3, line.find('`', 3) - 3);
            const std::string file = testing::read_project_file("src/attest/makers/" + name);
            const std::string digest = to_hex(crypto::sha256(as_bytes(file)));
            EXPECT_NE(line.find("| " + digest + " |"), std::string::npos) << name;
            recorded.push_back(digest);
        }
    }
    const Roots roots = builtin_roots();
    std::vector<Bytes> all = {roots.intel_sgx, roots.aws_nitro, roots.nvidia};
    for (const auto* more : {&roots.amd, &roots.amd_below, &roots.google_android, &roots.tpm}) {
        all.insert(all.end(), more->begin(), more->end());
    }
    EXPECT_EQ(all.size(), 17u);
    for (const Bytes& root : all) {
        EXPECT_EQ(std::ranges::count(recorded, to_hex(crypto::sha256(root))), 1);
    }
    const auto read = read_roots(all);
    ASSERT_TRUE(read.has_value()) << read.error().check;
    for (const Certificate& root : *read) {
        EXPECT_TRUE(root.is_authority) << common_name_of(root.subject);
    }
    EXPECT_EQ(recorded.size(), all.size());
}

// An authority of AMD's is of use below its root alone.
TEST(Roots, AmdsAuthoritiesAreSignedByItsRoots) {
    const Roots roots = builtin_roots();
    const auto arks = read_roots(roots.amd).value();
    const auto authorities = read_roots(roots.amd_below).value();
    for (const Certificate& each : authorities) {
        const auto chain = verify_chain(each, {}, arks, ChainRules{.at = each.not_before});
        EXPECT_TRUE(chain.has_value()) << common_name_of(each.subject);
    }
    EXPECT_FALSE(read_roots(std::vector<Bytes>{Bytes(10, 0x30)}).has_value());
}

}  // namespace
}  // namespace chatmcp::attest
