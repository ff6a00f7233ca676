#include "identity/caip10.h"

#include <gtest/gtest.h>

#include "support/vectors.h"

namespace chatmcp::identity {
namespace {

const std::string kAlice = "AzisUkZZzDQ4tyETsYvaQAZVdXfy8qhhLrrJKLXpXng8";
const std::string kMainnet(kSolanaMainnet);

std::string check_of(const Result<Caip10>& result) {
    return result.has_value() ? "accepted" : result.error().check;
}

TEST(Caip10, EveryWalletOfTheVectorsHasItsAddress) {
    const auto vectors = testing::load_vectors("solana/keys.json");
    ASSERT_GE(vectors.size(), 5u);
    for (const auto& vector : vectors) {
        SCOPED_TRACE(vector.name());
        const auto key = to_array<32>(vector.hex("public_key"));
        const Caip10 account = Caip10::from_solana_key(key);
        EXPECT_EQ(account.address(), vector.text("address"));
        EXPECT_EQ(account.reference(), kSolanaMainnet);
        EXPECT_EQ(account.text(), "solana:" + kMainnet + ":" + vector.text("address"));
        EXPECT_EQ(Caip10::parse(account.text()).value(), account);
        EXPECT_EQ(Caip10::from_solana_address(vector.text("address")).value().public_key(), key);
    }
}

TEST(Caip10, AnotherClusterIsAnotherAccount) {
    const auto mainnet = Caip10::from_solana_address(kAlice).value();
    const auto devnet =
        Caip10::parse("solana:" + std::string(kSolanaDevnet) + ":" + kAlice).value();
    EXPECT_NE(mainnet, devnet);
    EXPECT_EQ(mainnet.public_key(), devnet.public_key());
}

TEST(Caip10, TextsThatAreNotThreePartsOfTheRightSizeAreRefused) {
    for (const std::string& text : {std::string(),
                                    std::string("solana"),
                                    "solana:" + kMainnet,
                                    "solana::" + kAlice,
                                    "solana:short:" + kAlice,
                                    "solana:" + kMainnet + "x:" + kAlice,
                                    "solana:0eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:" + kAlice,
                                    std::string(Caip10::kTextMaxBytes + 1, ':')}) {
        SCOPED_TRACE(text);
        EXPECT_EQ(check_of(Caip10::parse(text)), "ID-01");
    }
}

TEST(Caip10, AnotherNamespaceIsUnsupported) {
    for (const char* text : {"::",
                             "eip155:1:0xab16a96D359eC26a11e2C2b3d8f8B8942d5Bfcdb",
                             "Solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:1",
                             " solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:1"}) {
        const auto result = Caip10::parse(text);
        EXPECT_EQ(check_of(result), "ID-02");
        EXPECT_EQ(result.error().code, Errc::unsupported);
    }
}

TEST(Caip10, AnAddressThatIsNotBase58Of32BytesIsRefused) {
    for (const std::string& address :
         {std::string(),
          std::string("1"),
          kAlice + "1",
          "1" + kAlice,
          kAlice.substr(4),
          kAlice + ":",
          " " + kAlice,
          kAlice + "\n",
          std::string(31, '1'),
          std::string(44, 'z'),
          std::string("0zisUkZZzDQ4tyETsYvaQAZVdXfy8qhhLrrJKLXpXng8")}) {
        SCOPED_TRACE(address);
        EXPECT_EQ(check_of(Caip10::from_solana_address(address)), "ID-03");
    }
    EXPECT_EQ(check_of(Caip10::from_solana_address(std::string(32, '1'))), "accepted");
}

TEST(Caip10, NoAccountHasNoTextAndDoesNotParse) {
    const Caip10 none;
    EXPECT_TRUE(none.text().empty());
    EXPECT_TRUE(none.address().empty());
    EXPECT_TRUE(none.reference().empty());
    EXPECT_FALSE(Caip10::parse(none.text()).has_value());
}

}  // namespace
}  // namespace chatmcp::identity
