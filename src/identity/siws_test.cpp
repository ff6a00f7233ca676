#include "identity/siws.h"

#include <gtest/gtest.h>

#include "crypto/sign.h"
#include "support/vectors.h"

namespace chatmcp::identity {
namespace {

std::string text_or_nothing(const testing::Vector& vector, std::string_view member) {
    return vector.has(member) ? vector.text(member) : std::string();
}

SiwsFields fields_of(const testing::Vector& input) {
    SiwsFields fields;
    fields.domain = input.text("domain");
    fields.address = input.text("address");
    fields.statement = text_or_nothing(input, "statement");
    fields.uri = text_or_nothing(input, "uri");
    fields.version = text_or_nothing(input, "version");
    fields.chain_id = text_or_nothing(input, "chainId");
    fields.nonce = text_or_nothing(input, "nonce");
    fields.issued_at = text_or_nothing(input, "issuedAt");
    fields.expiration_time = text_or_nothing(input, "expirationTime");
    fields.not_before = text_or_nothing(input, "notBefore");
    fields.request_id = text_or_nothing(input, "requestId");
    if (input.has("resources")) {
        fields.resources = input.texts("resources");
    }
    return fields;
}

TEST(Siws, EveryTextOfTheReferenceLibraryIsBuiltByteForByteAndItsSignatureHolds) {
    int built = 0;
    for (const auto& vector : testing::load_document("solana/siws.json").list("valid")) {
        SCOPED_TRACE(vector.name());
        if (vector.name() == "resources empty list") {
            continue;  // A bare "Resources:" line, which no field of ours can ask for.
        }
        const std::string text = siws_text(fields_of(vector.object("input")));
        EXPECT_EQ(text, vector.text("text"));
        EXPECT_TRUE(equal(as_bytes(text), vector.hex("message_hex")));
        EXPECT_TRUE(crypto::verify_raw(crypto::SignatureScheme::ed25519,
                                       vector.hex("public_key"),
                                       as_bytes(text),
                                       vector.hex("signature"))
                        .has_value());
        ++built;
    }
    EXPECT_GE(built, 14);
}

TEST(Siws, ATextThatAWalletMadeIsBuiltAndItsSignatureHolds) {
    const auto vector = testing::load_document("solana/siws.json").list("foreign").at(0);
    SiwsFields fields;
    fields.domain = "localhost";
    fields.address = "HVWqRCoCZqn9DojSyGaJBrpnzbJkrLjdZRd4SP8Djw8";
    fields.statement = "Give me all your money!";
    const std::string text = siws_text(fields);
    EXPECT_EQ(text, vector.text("text"));
    EXPECT_TRUE(crypto::verify_raw(crypto::SignatureScheme::ed25519,
                                   vector.hex("public_key"),
                                   as_bytes(text),
                                   vector.hex("signature"))
                    .has_value());
}

TEST(Siws, DomainsAreLowerCaseHostsWithAPortOrWithout) {
    for (const char* domain : {"chat.example",
                               "a",
                               "localhost",
                               "localhost:8080",
                               "127.0.0.1:1",
                               "xn--bcher-kva.example:65535",
                               "terminal.chatmcp"}) {
        EXPECT_TRUE(check_domain(domain).has_value()) << domain;
    }
}

TEST(Siws, DomainsThatCouldEndTheirLineOrPassForAnotherAreRefused) {
    for (const std::string& domain : {std::string(),
                                      std::string("Chat.example"),
                                      std::string("chat.example wants"),
                                      std::string("chat.example\n"),
                                      std::string("chat.example\nURI"),
                                      std::string("chat..example"),
                                      std::string(".example"),
                                      std::string("-a.example"),
                                      std::string("example."),
                                      std::string("https://chat.example"),
                                      std::string("chat.example/"),
                                      std::string("user@chat.example"),
                                      std::string("ch\xc3\xa4t.example"),
                                      std::string("a\0b", 3),
                                      std::string("a:"),
                                      std::string(":80"),
                                      std::string("a:0"),
                                      std::string("a:080"),
                                      std::string("a:65536"),
                                      std::string("a:80:80"),
                                      std::string(kDomainMaxBytes + 1, 'a')}) {
        SCOPED_TRACE(domain);
        const auto result = check_domain(domain);
        ASSERT_FALSE(result.has_value());
        EXPECT_EQ(result.error(), (Error{Errc::malformed, "ID-05"}));
    }
    EXPECT_TRUE(check_domain(std::string(kDomainMaxBytes, 'a')).has_value());
}

TEST(Siws, TheUriIsSecureButForTheOwnMachine) {
    EXPECT_EQ(uri_of_domain("chat.example"), "https://chat.example");
    EXPECT_EQ(uri_of_domain("localhost:8080"), "http://localhost:8080");
    EXPECT_EQ(uri_of_domain("127.0.0.1"), "http://127.0.0.1");
    EXPECT_EQ(uri_of_domain("localhost.example"), "https://localhost.example");
}

TEST(Siws, DifferentClustersHaveDifferentChainIds) {
    const auto id = [](std::string_view reference) {
        return chain_id_of(
            Caip10::parse("solana:" + std::string(reference) + ":" + std::string(32, '1')).value());
    };
    EXPECT_EQ(id(kSolanaMainnet), "mainnet");
    EXPECT_EQ(id(kSolanaDevnet), "devnet");
    EXPECT_EQ(id(kSolanaTestnet), "testnet");
    EXPECT_EQ(id("11111111111111111111111111111112"), "solana:11111111111111111111111111111112");
}

}  // namespace
}  // namespace chatmcp::identity
