#include "mls/key_schedule.h"

#include <gtest/gtest.h>

#include "support/json_vectors.h"

namespace chatmcp::mls {
namespace {

using nlohmann::json;
using testing::hex_of;

#define EXPECT_SECRET(secret, member) \
    EXPECT_EQ(to_bytes((secret).view()), hex_of(epoch[member])) << (member)

TEST(KeySchedule, EveryChainOfEpochsGivesItsSecrets) {
    const json vectors = testing::load_json("mls/key-schedule.json");
    ASSERT_EQ(vectors.size(), 5u);
    for (const json& vector : vectors) {
        const auto suite = *cipher_suite(vector["cipher_suite"].get<std::uint16_t>());
        GroupContext context{suite, hex_of(vector["group_id"]), Epoch{0}, {}, {}, {}};
        Bytes init_secret = hex_of(vector["initial_init_secret"]);
        ASSERT_GE(vector["epochs"].size(), 5u);
        for (const json& epoch : vector["epochs"]) {
            context.tree_hash = hex_of(epoch["tree_hash"]);
            context.confirmed_transcript_hash = hex_of(epoch["confirmed_transcript_hash"]);
            const Bytes encoded = wire::encode(context);
            EXPECT_EQ(encoded, hex_of(epoch["group_context"]));
            const NewEpoch derived = next_epoch(suite,
                                                init_secret,
                                                hex_of(epoch["commit_secret"]),
                                                hex_of(epoch["psk_secret"]),
                                                encoded);
            EXPECT_SECRET(derived.joiner_secret, "joiner_secret");
            EXPECT_SECRET(derived.welcome_secret, "welcome_secret");
            EXPECT_SECRET(derived.encryption_secret, "encryption_secret");
            EXPECT_SECRET(derived.secrets.init_secret, "init_secret");
            EXPECT_SECRET(derived.secrets.sender_data_secret, "sender_data_secret");
            EXPECT_SECRET(derived.secrets.exporter_secret, "exporter_secret");
            EXPECT_SECRET(derived.secrets.external_secret, "external_secret");
            EXPECT_SECRET(derived.secrets.confirmation_key, "confirmation_key");
            EXPECT_SECRET(derived.secrets.membership_key, "membership_key");
            EXPECT_SECRET(derived.secrets.resumption_psk, "resumption_psk");
            EXPECT_SECRET(derived.secrets.epoch_authenticator, "epoch_authenticator");
            EXPECT_EQ(
                to_bytes(external_key(suite, derived.secrets.external_secret.view()).public_key()),
                hex_of(epoch["external_pub"]));
            const json& exporter = epoch["exporter"];
            EXPECT_EQ(to_bytes(mls_exporter(suite,
                                            derived.secrets.exporter_secret.view(),
                                            exporter["label"].get<std::string>(),
                                            hex_of(exporter["context"]),
                                            exporter["length"].get<std::size_t>())
                                   .view()),
                      hex_of(exporter["secret"]));
            const NewEpoch joined = join_epoch(
                suite, derived.joiner_secret.clone(), hex_of(epoch["psk_secret"]), encoded);
            EXPECT_SECRET(joined.secrets.epoch_authenticator, "epoch_authenticator");
            init_secret = to_bytes(derived.secrets.init_secret.view());
            ++context.epoch.value;
        }
    }
}

TEST(KeySchedule, EveryListOfPsksGivesItsSecret) {
    const json vectors = testing::load_json("mls/psk_secret.json");
    ASSERT_EQ(vectors.size(), 55u);
    for (const json& vector : vectors) {
        const auto suite = *cipher_suite(vector["cipher_suite"].get<std::uint16_t>());
        std::vector<Psk> psks;
        for (const json& psk : vector["psks"]) {
            PreSharedKeyId id;
            id.psk_id = hex_of(psk["psk_id"]);
            id.psk_nonce = hex_of(psk["psk_nonce"]);
            psks.push_back(Psk{std::move(id), SecretBytes(ByteView(hex_of(psk["psk"])))});
        }
        EXPECT_EQ(to_bytes(derive_psk_secret(suite, psks).view()), hex_of(vector["psk_secret"]));
    }
}

TEST(KeySchedule, AContextOfAnotherVersionOrSuiteIsRefused) {
    GroupContext context;
    Bytes encoded = wire::encode(context);
    encoded[1] = 2;
    const auto version = wire::decode<GroupContext>(encoded);
    ASSERT_FALSE(version.has_value());
    EXPECT_STREQ(version.error().check, "MLS-10");
    encoded[1] = 1;
    encoded[3] = 9;
    const auto suite = wire::decode<GroupContext>(encoded);
    ASSERT_FALSE(suite.has_value());
    EXPECT_STREQ(suite.error().check, "MLS-02");
}

}  // namespace
}  // namespace chatmcp::mls
