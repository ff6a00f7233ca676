#include "identity/wallet_file.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "support/identity.h"
#include "support/vectors.h"

namespace chatmcp::identity {
namespace {

std::string check_of(std::string_view content) {
    const auto key = read_wallet_file(as_bytes(content));
    return key.has_value() ? "accepted" : key.error().check;
}

// The file as solana-keygen writes it.
std::string file_of(ByteView secret_key) {
    std::string out = "[";
    for (const std::uint8_t number : secret_key) {
        out += (out.size() > 1 ? "," : "") + std::to_string(number);
    }
    return out + "]";
}

std::string numbers(std::size_t count) {
    return file_of(Bytes(count, 7));
}

TEST(WalletFile, EveryWalletOfTheVectorsIsReadAndWrittenAsItWas) {
    const auto vectors = testing::load_vectors("solana/keys.json");
    ASSERT_GE(vectors.size(), 5u);
    for (const auto& vector : vectors) {
        SCOPED_TRACE(vector.name());
        const std::string file = file_of(vector.hex("secret_key_64"));
        const auto key = read_wallet_file(as_bytes(file));
        ASSERT_TRUE(key.has_value());
        EXPECT_TRUE(equal(key->public_key(), vector.hex("public_key")));
        EXPECT_EQ(to_text(write_wallet_file(*key).view()), file);
    }
}

TEST(WalletFile, EveryKeyRoundTrips) {
    for (int i = 0; i < 50; ++i) {
        const auto key = testing::key_named(std::to_string(i));
        const SecretBytes file = write_wallet_file(key);
        EXPECT_TRUE(equal(read_wallet_file(file.view()).value().seed(), key.seed()));
    }
}

TEST(WalletFile, WhiteSpaceOfJsonIsAllowed) {
    std::string file = to_text(write_wallet_file(testing::key_named("alice")).view());
    std::string spaced = " \n";
    for (const char character : file) {
        spaced += character;
        if (character == ',' || character == '[') {
            spaced += "\t\r\n ";
        }
    }
    EXPECT_EQ(check_of(spaced + "\n"), "accepted");
}

TEST(WalletFile, AnythingButOneArrayOf64BytesIsRefused) {
    const std::string good = numbers(63);
    const std::string open = good.substr(0, good.size() - 1);
    for (const std::string& file : {std::string(),
                                    std::string("[]"),
                                    std::string("{}"),
                                    std::string("null"),
                                    good,
                                    numbers(65),
                                    numbers(64) + "x",
                                    numbers(64) + "[",
                                    "[" + numbers(64) + "]",
                                    open + ",256]",
                                    open + ",99999999999999999999]",
                                    open + ",-1]",
                                    open + ",1.0]",
                                    open + ",1e1]",
                                    open + ",01]",
                                    open + ",0x1]",
                                    open + ",]",
                                    open + ",,1]",
                                    open + " 1]",
                                    open + ",1",
                                    open + ",\"1\"]",
                                    open + ",1\v]"}) {
        SCOPED_TRACE(file);
        EXPECT_EQ(check_of(file), "ID-27");
    }
}

TEST(WalletFile, AFileAboveTheLimitIsRefused) {
    EXPECT_EQ(check_of(std::string(kWalletFileMaxBytes + 1, ' ')), "ID-26");
    EXPECT_EQ(check_of(std::string(kWalletFileMaxBytes, ' ')), "ID-27");
}

TEST(WalletFile, APublicHalfThatIsNotTheSeedsIsRefused) {
    const auto alice = testing::key_named("alice");
    const auto bob = testing::key_named("bob");
    const std::string mixed = file_of(concat({alice.seed(), bob.public_key()}));
    const auto key = read_wallet_file(as_bytes(mixed));
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error(), (Error{Errc::wrong_key, "ID-28"}));
}

TEST(WalletFile, TheWalletSignsOurTextsForItsOwnAddress) {
    const auto wallet = testing::key_named("alice");
    const auto proof = testing::make_wallet_proof(wallet, testing::key_named("laptop"));
    EXPECT_TRUE(verify_wallet_proof(proof).has_value());
    const auto agent = testing::make_agent_credential(wallet, wallet.public_key());
    EXPECT_TRUE(verify_agent_credential(agent).has_value());
}

TEST(WalletFile, TheWalletSignsNothingElse) {
    const auto wallet = testing::key_named("alice");
    const std::string text =
        testing::make_wallet_proof(wallet, testing::key_named("laptop")).text();
    const auto replaced = [&](std::string_view what, std::string_view by) {
        return std::string(text).replace(text.find(what), what.size(), by);
    };
    for (const std::string& other :
         {std::string(),
          std::string("any bytes"),
          testing::make_wallet_proof(testing::key_named("bob"), testing::key_named("laptop"))
              .text(),
          "\x01" + text,
          text + "\n",
          text + "\nNonce: 1",
          replaced("chat.example", "Chat.example"),
          replaced("wants you to sign in", "wants you to pay"),
          replaced("urn:chatmcp:device:1:", "urn:chatmcp:device:2:"),
          replaced("- urn:chatmcp:", "- urn:other:"),
          replaced("This adds", std::string(kWalletTextMaxBytes, 'x'))}) {
        SCOPED_TRACE(other);
        const auto signature = sign_wallet_text(wallet, other);
        ASSERT_FALSE(signature.has_value());
        EXPECT_EQ(signature.error(), (Error{Errc::wrong_purpose, "ID-29"}));
    }
    EXPECT_TRUE(sign_wallet_text(wallet, text).has_value());
}

}  // namespace
}  // namespace chatmcp::identity
