#include "mls/welcome.h"

#include <gtest/gtest.h>

#include "mls/framing.h"
#include "support/mls_vectors.h"

namespace chatmcp::mls {
namespace {

using nlohmann::json;
using testing::hex_of;

template <class T>
T read_message(const Bytes& encoded) {
    wire::Reader reader(encoded);
    EXPECT_TRUE(read_message_header(reader).has_value());
    auto message = T::read(reader);
    EXPECT_TRUE(message.has_value());
    return *std::move(message);
}

TEST(Welcome, EveryVectorOpensAndConfirms) {
    const json vectors = testing::load_json("mls/welcome.json");
    ASSERT_EQ(vectors.size(), 5u);
    for (const json& vector : vectors) {
        const auto package = read_message<KeyPackage>(hex_of(vector["key_package"]));
        const auto welcome = read_message<Welcome>(hex_of(vector["welcome"]));
        const auto init_key = testing::hpke_key_of(package.suite, vector["init_priv"]);
        ASSERT_TRUE(init_key.has_value());
        ASSERT_TRUE(package.verify().has_value());
        ASSERT_EQ(welcome.secrets.size(), 1u);
        EXPECT_EQ(welcome.secrets[0].new_member, package.reference().to_bytes());
        auto secrets = open_group_secrets(
            welcome.suite, *init_key, welcome.secrets[0], welcome.encrypted_group_info);
        ASSERT_TRUE(secrets.has_value());
        ASSERT_TRUE(secrets->psks.empty());
        const SecretBytes welcome_secret =
            derive_welcome_secret(welcome.suite, secrets->joiner_secret.view(), {});
        auto info =
            open_group_info(welcome.suite, welcome_secret.view(), welcome.encrypted_group_info);
        ASSERT_TRUE(info.has_value());
        EXPECT_TRUE(info->verify(hex_of(vector["signer_pub"])).has_value());
        const NewEpoch epoch = join_epoch(
            welcome.suite, std::move(secrets->joiner_secret), {}, wire::encode(info->context));
        EXPECT_EQ(confirmation_tag(welcome.suite,
                                   epoch.secrets.confirmation_key.view(),
                                   info->context.confirmed_transcript_hash)
                      .to_bytes(),
                  info->confirmation_tag);

        // Anything else opens nothing, and a GroupInfo of another signer is named so.
        EncryptedGroupSecrets changed = welcome.secrets[0];
        changed.encrypted_group_secrets.ciphertext.back() ^= 1;
        const auto closed =
            open_group_secrets(welcome.suite, *init_key, changed, welcome.encrypted_group_info);
        ASSERT_FALSE(closed.has_value());
        EXPECT_STREQ(closed.error().check, "MLS-47");
        Bytes other_info = welcome.encrypted_group_info;
        other_info.back() ^= 1;
        const auto no_info = open_group_info(welcome.suite, welcome_secret.view(), other_info);
        ASSERT_FALSE(no_info.has_value());
        EXPECT_STREQ(no_info.error().check, "MLS-46");
        info->signer.value ^= 1;
        const auto forged = info->verify(hex_of(vector["signer_pub"]));
        ASSERT_FALSE(forged.has_value());
        EXPECT_STREQ(forged.error().check, "MLS-45");
    }
}

}  // namespace
}  // namespace chatmcp::mls
