// A member that only listens, in the working group's recorded groups: joins by Welcome and follows
// every commit. Cases with parts that this build refuses by name (README of the vectors) are
// counted, and the counts are held.

#include <map>

#include <gtest/gtest.h>

#include "mls/framing.h"
#include "mls/own_leaf.h"
#include "mls/storage.h"
#include "support/mls_member.h"
#include "support/mls_vectors.h"

namespace chatmcp::mls {
namespace {

using nlohmann::json;
using testing::hex_of;
using testing::MemoryTransaction;
using testing::MlsMember;

void store_what_the_member_has(MlsMember& member, const json& vector) {
    MemoryTransaction transaction(member.store);
    const Bytes message = hex_of(vector["key_package"]);
    const auto package = decode_key_package(message);
    ASSERT_TRUE(package.has_value());
    const CipherSuite suite = package->suite;
    const KeyPackageSecrets secrets{
        suite,
        wire::encode(*package),
        testing::hpke_key_of(suite, vector["init_priv"]).value(),
        testing::hpke_key_of(suite, vector["encryption_priv"]).value(),
        testing::signature_key_of(suite, vector["signature_priv"]).value()};
    ASSERT_TRUE(store_key_package(transaction, package->reference().view(), secrets).has_value());
    for (const json& psk : vector["external_psks"]) {
        ASSERT_TRUE(
            store_external_psk(transaction, hex_of(psk["psk_id"]), hex_of(psk["psk"])).has_value());
    }
    ASSERT_TRUE(transaction.commit().has_value());
}

Result<void> join(MlsMember& member, const json& vector) {
    const Bytes tree = vector["ratchet_tree"].is_null() ? Bytes() : hex_of(vector["ratchet_tree"]);
    return member.step([&](Transaction& transaction) -> Result<void> {
        CHATMCP_TRY(
            Group group,
            Group::join(
                member.environment, transaction, hex_of(vector["welcome"]), member.arrival, tree));
        member.group = std::move(group);
        return {};
    });
}

Result<void> follow_epoch(MlsMember& member, const json& epoch) {
    for (const json& proposal : epoch["proposals"]) {
        CHATMCP_TRY_VOID(member.receive(hex_of(proposal)));
    }
    CHATMCP_TRY_VOID(member.follow(hex_of(epoch["commit"])));
    return {};
}

/// Play one case. The name of the refusal if it needs a part that this build does not have.
std::optional<std::string> play(const json& vector, bool reload_between) {
    MlsMember member("passive", 1);
    store_what_the_member_has(member, vector);
    const auto refused = [](const Error& error) -> std::optional<std::string> {
        EXPECT_EQ(error.code, Errc::unsupported) << error.check;
        return error.check;
    };
    if (const auto joined = join(member, vector); !joined.has_value()) {
        return refused(joined.error());
    }
    EXPECT_EQ(to_bytes(member.group->view().epoch_authenticator()),
              hex_of(vector["initial_epoch_authenticator"]));
    for (const json& epoch : vector["epochs"]) {
        if (reload_between) {
            EXPECT_TRUE(member.reload().has_value());
        }
        if (const auto followed = follow_epoch(member, epoch); !followed.has_value()) {
            return refused(followed.error());
        }
        EXPECT_EQ(to_bytes(member.group->view().epoch_authenticator()),
                  hex_of(epoch["epoch_authenticator"]));
    }
    return std::nullopt;
}

struct Outcome {
    std::size_t passed = 0;
    std::map<std::string, std::size_t> left_out;
};

Outcome play_file(const std::string& path, bool reload_between = true) {
    Outcome outcome;
    for (const json& vector : testing::load_json(path)) {
        const auto left_out = play(vector, reload_between);
        if (left_out.has_value()) {
            ++outcome.left_out[*left_out];
        } else {
            ++outcome.passed;
        }
    }
    return outcome;
}

using LeftOut = std::map<std::string, std::size_t>;

TEST(PassiveClient, JoinsEveryGroupOfTheWelcomeVectors) {
    const Outcome outcome = play_file("mls/passive-client-welcome.json");
    EXPECT_EQ(outcome.passed, 40u);
    EXPECT_EQ(outcome.left_out, LeftOut{});
}

TEST(PassiveClient, FollowsEveryCommitOfTheHandlingCommitVectors) {
    const Outcome outcome = play_file("mls/passive-client-handling-commit.json");
    EXPECT_EQ(outcome.passed, 65u);
    EXPECT_EQ(outcome.left_out, LeftOut{});
}

TEST(PassiveClient, FollowsTheLongRandomRunToItsEnd) {
    const Outcome outcome = play_file("mls/passive-client-random.json", false);
    EXPECT_EQ(outcome.passed, 1u);
    EXPECT_EQ(outcome.left_out, LeftOut{});
}

TEST(PassiveClient, FollowsTheInteropScenariosOfOtherImplementations) {
    struct Scenario {
        std::string name;
        std::size_t cases;
    };
    const Scenario scenarios[] = {{"application", 25},
                                  {"branch", 120},
                                  {"commit", 165},
                                  {"external_join", 25},
                                  {"external_proposals", 105},
                                  {"reinit", 180},
                                  {"welcome_join", 30}};
    for (const Scenario& scenario : scenarios) {
        SCOPED_TRACE(scenario.name);
        const Outcome outcome = play_file("mls/interop/" + scenario.name + ".json");
        EXPECT_EQ(outcome.passed, scenario.cases);
        EXPECT_EQ(outcome.left_out, LeftOut{});
    }
}

}  // namespace
}  // namespace chatmcp::mls
