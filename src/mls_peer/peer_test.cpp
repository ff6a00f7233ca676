// The peer program's protocol (docs/mls-peer.md): clients of one process against each other.

#include "mls_peer/peer.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/encoding.h"

namespace chatmcp::mls_peer {
namespace {

using nlohmann::json;

class PeerTest : public ::testing::TestWithParam<std::string> {
  protected:
    json ask(json request) {
        request["id"] = ++last_id_;
        const json reply = json::parse(peer_.handle(request.dump()));
        EXPECT_EQ(reply.at("id"), last_id_);
        return reply;
    }
    json done(json request) {
        const json reply = ask(request);
        EXPECT_EQ(reply.at("ok"), true) << request.dump() << " -> " << reply.dump();
        return reply;
    }
    void expect_refused(json request, const std::string& error) {
        const json reply = ask(request);
        EXPECT_EQ(reply.at("ok"), false) << request.dump();
        EXPECT_EQ(reply.at("error"), error) << request.dump();
    }
    void init(const std::string& name, int suite = 3) {
        done({{"cmd", "init"}, {"client", name}, {"suite", suite}, {"wire", GetParam()}});
    }
    std::string key_package(const std::string& name) {
        return done({{"cmd", "new_key_package"}, {"client", name}}).at("key_package");
    }
    /// Ana's group with Ben in it.
    void found(int suite = 3) {
        init("ana", suite);
        init("ben", suite);
        done({{"cmd", "create_group"}, {"client", "ana"}});
        const json added =
            done({{"cmd", "add"}, {"client", "ana"}, {"key_packages", {key_package("ben")}}});
        done({{"cmd", "join"}, {"client", "ben"}, {"welcome", added.at("welcome")}});
        expect_agreement({"ana", "ben"});
    }
    json receive(const std::string& name, const json& message) {
        return done({{"cmd", "recv"}, {"client", name}, {"message", message}});
    }
    void expect_agreement(const std::vector<std::string>& names) {
        const json first = done({{"cmd", "state"}, {"client", names[0]}});
        for (const std::string& name : names) {
            json state = done({{"cmd", "state"}, {"client", name}});
            for (const char* field : {"epoch",
                                      "group_id",
                                      "members",
                                      "tree_hash",
                                      "confirmed_transcript_hash",
                                      "epoch_authenticator"}) {
                EXPECT_EQ(state.at(field), first.at(field)) << name;
            }
            EXPECT_EQ(state.at("active"), true);
        }
    }

    Peer peer_;
    int last_id_ = 0;
};

TEST_P(PeerTest, EverySuiteMakesGroupsAndSendsBothWays) {
    for (const int suite : {1, 2, 3, 5, 7}) {
        found(suite);
        const json sent = done({{"cmd", "send"}, {"client", "ana"}, {"text", "hi"}, {"aad", "0a"}});
        const json read = receive("ben", sent.at("message"));
        EXPECT_EQ(read.at("kind"), "application");
        EXPECT_EQ(read.at("text"), "hi");
        EXPECT_EQ(read.at("data"), "6869");
        EXPECT_EQ(read.at("aad"), "0a");
        EXPECT_EQ(read.at("sender"), 0);
        const json back = done({{"cmd", "send"}, {"client", "ben"}, {"data", "00ff"}});
        EXPECT_EQ(receive("ana", back.at("message")).at("data"), "00ff");
        EXPECT_EQ(receive("ana", sent.at("message")).at("kind"), "own_private");
    }
    expect_refused({{"cmd", "init"}, {"client", "x"}, {"suite", 4}}, "MLS-02");
}

TEST_P(PeerTest, OneWelcomeServesAllThatACommitAdds) {
    init("ana");
    done({{"cmd", "create_group"}, {"client", "ana"}, {"tree_in_welcome", false}});
    json packages = json::array();
    for (const char* name : {"ben", "cleo", "dan"}) {
        init(name);
        packages.push_back(key_package(name));
    }
    const json added = done({{"cmd", "add"}, {"client", "ana"}, {"key_packages", packages}});
    expect_refused({{"cmd", "join"}, {"client", "ben"}, {"welcome", added.at("welcome")}},
                   "MLS-87");
    for (const char* name : {"ben", "cleo", "dan"}) {
        done({{"cmd", "join"},
              {"client", name},
              {"welcome", added.at("welcome")},
              {"ratchet_tree", added.at("ratchet_tree")}});
    }
    expect_agreement({"ana", "ben", "cleo", "dan"});
    const json members = done({{"cmd", "members"}, {"client", "dan"}}).at("members");
    ASSERT_EQ(members.size(), 4u);
    EXPECT_EQ(members[2].at("identity"), "636c656f");
    EXPECT_EQ(members[2].at("credential_type"), 1);
}

TEST_P(PeerTest, ACommitIsStagedThenAppliedOrDiscarded) {
    found();
    const json lost = done({{"cmd", "update"}, {"client", "ana"}, {"apply", false}});
    EXPECT_EQ(receive("ana", lost.at("commit")).at("kind"), "own_commit");
    done({{"cmd", "discard_pending"}, {"client", "ana"}});
    expect_refused({{"cmd", "apply_pending"}, {"client", "ana"}}, "MLS-90");
    const json staged = done({{"cmd", "commit"}, {"client", "ana"}, {"apply", false}});
    const json state = done({{"cmd", "apply_pending"}, {"client", "ana"}});
    EXPECT_EQ(state.at("epoch"), staged.at("epoch").get<int>() + 1);
    const json followed = receive("ben", staged.at("commit"));
    EXPECT_EQ(followed.at("kind"), "commit");
    EXPECT_EQ(followed.at("epoch_authenticator"), state.at("epoch_authenticator"));
    expect_agreement({"ana", "ben"});
}

TEST_P(PeerTest, EveryKindOfProposalIsTakenUp) {
    found();
    init("cleo");
    const auto propose = [&](json request, const std::vector<std::string>& to = {"ana"}) {
        request["client"] = "ben";
        const json proposed = done(request);
        for (const std::string& name : to) {
            EXPECT_EQ(receive(name, proposed.at("message")).at("kind"), "proposal");
        }
    };
    for (const char* name : {"ana", "ben", "cleo"}) {
        done({{"cmd", "store_psk"}, {"client", name}, {"psk_id", "01"}, {"psk", "aabb"}});
    }
    propose({{"cmd", "propose_add"}, {"key_package", key_package("cleo")}});
    propose({{"cmd", "propose_psk"}, {"psk_id", "01"}});
    propose({{"cmd", "propose_update"}});
    const json committed = done({{"cmd", "commit"}, {"client", "ana"}});
    receive("ben", committed.at("commit"));
    done({{"cmd", "join"}, {"client", "cleo"}, {"welcome", committed.at("welcome")}});
    expect_agreement({"ana", "ben", "cleo"});
    propose({{"cmd", "propose_leave"}});
    const json without = done({{"cmd", "commit"}, {"client", "ana"}, {"stored", false}});
    EXPECT_EQ(without.at("members"), 3);
    receive("ben", without.at("commit"));
    receive("cleo", without.at("commit"));
    propose({{"cmd", "propose_remove"}, {"index", 2}}, {"ana", "cleo"});
    const json removed = done({{"cmd", "commit"}, {"client", "ana"}});
    EXPECT_EQ(removed.at("members"), 2);
    EXPECT_EQ(receive("cleo", removed.at("commit")).at("active"), false);
    receive("ben", removed.at("commit"));
    expect_agreement({"ana", "ben"});
}

TEST_P(PeerTest, ExtensionsComponentsAndPsksChangeByCommit) {
    found();
    for (const char* name : {"ana", "ben"}) {
        done({{"cmd", "store_psk"}, {"client", name}, {"psk_id", "01"}, {"psk", "aabb"}});
    }
    const json extended = done({{"cmd", "commit"},
                                {"client", "ana"},
                                {"psk_ids", {"01"}},
                                {"group_extensions", json::array()},
                                {"app_data", {{{"component", 0x8001}, {"data", "01"}}}}});
    receive("ben", extended.at("commit"));
    expect_agreement({"ana", "ben"});
    const json first = done({{"cmd", "export"}, {"client", "ana"}, {"label", "x"}, {"length", 5}});
    const json second = done({{"cmd", "export"}, {"client", "ben"}, {"label", "x"}, {"length", 5}});
    EXPECT_EQ(first.at("secret"), second.at("secret"));
    EXPECT_EQ(first.at("secret").get<std::string>().size(), 10u);
    expect_refused({{"cmd", "commit"},
                    {"client", "ana"},
                    {"group_extensions", {{{"type", 0x7777}, {"data", ""}}}}},
                   "MLS-09");
    expect_agreement({"ana", "ben"});
}

TEST_P(PeerTest, JoinsByAnExternalCommitAndComesBackByOne) {
    found();
    init("cleo");
    const auto join = [&](json request) {
        const bool with_tree = !request.contains("ratchet_tree");
        request["cmd"] = "external_join";
        request["group_info"] =
            done({{"cmd", "group_info"}, {"client", "ana"}, {"with_tree", with_tree}})
                .at("group_info");
        return done(request);
    };
    const json tree = done({{"cmd", "ratchet_tree"}, {"client", "ana"}}).at("ratchet_tree");
    const json joined = join({{"client", "cleo"}, {"ratchet_tree", tree}});
    receive("ana", joined.at("commit"));
    receive("ben", joined.at("commit"));
    expect_agreement({"ana", "ben", "cleo"});
    const json back = join({{"client", "cleo"}, {"remove", joined.at("index")}});
    receive("ana", back.at("commit"));
    receive("ben", back.at("commit"));
    EXPECT_EQ(back.at("members"), 3);
    expect_agreement({"ana", "ben", "cleo"});
    EXPECT_EQ(done({{"cmd", "epoch_authenticator"}, {"client", "cleo"}}).at("epoch_authenticator"),
              back.at("epoch_authenticator"));
}

TEST_P(PeerTest, ARefusalLeavesTheGroupAsItWas) {
    found();
    const json before = done({{"cmd", "state"}, {"client", "ben"}});
    const json sent = done({{"cmd", "send"}, {"client", "ana"}, {"text", "hi"}});
    std::string flipped = sent.at("message");
    flipped.back() = flipped.back() == '0' ? '1' : '0';
    EXPECT_EQ(ask({{"cmd", "recv"}, {"client", "ben"}, {"message", flipped}}).at("ok"), false);
    expect_refused({{"cmd", "remove"}, {"client", "ben"}, {"indices", {1}}}, "MLS-52");
    expect_refused({{"cmd", "commit"}, {"client", "ben"}, {"psk_ids", {"99"}}}, "MLS-64");
    json after = done({{"cmd", "state"}, {"client", "ben"}});
    after["id"] = before.at("id");
    EXPECT_EQ(after, before);
    EXPECT_EQ(receive("ben", sent.at("message")).at("text"), "hi");
}

TEST_P(PeerTest, RequestsThatAreNoneAreAnsweredByName) {
    EXPECT_EQ(json::parse(peer_.handle("{")).at("error"), "PEER-01");
    EXPECT_EQ(json::parse(peer_.handle("[1]")).at("error"), "PEER-01");
    // Who writes it back level by level needs stack for each.
    const std::string deep = std::string(1 << 20, '[') + std::string(1 << 20, ']');
    EXPECT_EQ(json::parse(peer_.handle(R"({"cmd":"quit","id":)" + deep + "}")).at("error"),
              "PEER-01");
    EXPECT_FALSE(peer_.quit());
    EXPECT_EQ(json::parse(peer_.handle(R"({"cmd":"state","id":[[{"a":[1]}]]})")).at("id").dump(),
              R"([[{"a":[1]}]])");
    expect_refused({{"client", "ana"}}, "PEER-02");
    expect_refused({{"cmd", "state"}, {"client", "ana"}}, "PEER-03");
    init("ana");
    expect_refused({{"cmd", "dance"}, {"client", "ana"}}, "PEER-04");
    expect_refused({{"cmd", "state"}, {"client", "ana"}}, "PEER-05");
    expect_refused({{"cmd", "state"}, {"client", "ana"}, {"group", "0G"}}, "BASE-01");
    done({{"cmd", "create_group"}, {"client", "ana"}, {"group_id", "0102"}});
    for (const json& wrong : {json{{"cmd", "remove"}, {"indices", {-1}}},
                              json{{"cmd", "remove"}, {"indices", 1}},
                              json{{"cmd", "recv"}},
                              json{{"cmd", "recv"}, {"message", 5}},
                              json{{"cmd", "commit"}, {"path", 1}},
                              json{{"cmd", "commit"}, {"app_data", {1}}},
                              json{{"cmd", "export"}, {"label", "x"}, {"length", 1 << 20}}}) {
        json request = wrong;
        request["client"] = "ana";
        expect_refused(request, "PEER-02");
    }
    for (const json& wrong : {json{{"suite", 3}, {"wire", "pigeon"}},
                              json{{"suite", 3}, {"padding", 1 << 21}},
                              json{{"suite", 3}, {"credential_type", 1 << 16}}}) {
        json request = wrong;
        request["cmd"] = "init";
        request["client"] = "x";
        expect_refused(request, "PEER-02");
    }
    EXPECT_EQ(done({{"cmd", "state"}, {"client", "ana"}}).at("group_id"), "0102");
    done({{"cmd", "quit"}});
    EXPECT_TRUE(peer_.quit());
}

INSTANTIATE_TEST_SUITE_P(Framing, PeerTest, ::testing::Values("private", "public"));

}  // namespace
}  // namespace chatmcp::mls_peer
