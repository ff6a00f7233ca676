#include "wasm/core.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "attest/test_quote.h"
#include "base/encoding.h"
#include "support/identity.h"

namespace chatmcp::wasm {
namespace {

using nlohmann::json;

class WasmCore : public ::testing::Test {
  protected:
    json ask(const json& request) { return json::parse(core_.handle(request.dump())); }
    void expect_refused(const json& request, const std::string& error) {
        const json reply = ask(request);
        EXPECT_EQ(reply.at("ok"), false) << request.dump();
        EXPECT_EQ(reply.value("error", ""), error) << request.dump();
    }
    static json changed(json request, const char* name, const json& value) {
        request[name] = value;
        return request;
    }

    Core core_;
};

TEST_F(WasmCore, AClientIsMadeOnlyForACallerWhoSaysWhomItTrusts) {
    const json init{{"cmd", "init"}, {"client", "ana"}, {"suite", 3}};
    expect_refused(init, "WASM-01");
    expect_refused(changed(init, "trust", "everything"), "WASM-01");
    expect_refused({{"cmd", "create_group"}, {"client", "ana"}}, "PEER-03");
    EXPECT_EQ(ask(changed(init, "trust", "anybody")).at("ok"), true);
    EXPECT_EQ(ask({{"cmd", "create_group"}, {"client", "ana"}}).at("members"), 1);
    EXPECT_EQ(json::parse(core_.handle("x")).at("error"), "PEER-01");
}

TEST_F(WasmCore, ADeviceCredentialIsVerifiedForItsLeafItsGroupAndTheTime) {
    const auto wallet = testing::key_named("wallet");
    const auto root = testing::key_named("root");
    const auto leaf = testing::key_named("leaf").public_key();
    const Bytes group(32, 7);
    const auto credential = testing::make_device_credential(wallet, root, leaf, group);
    const json request{{"cmd", "verify_device_credential"},
                       {"credential", to_hex(wire::encode(credential))},
                       {"leaf_key", to_hex(leaf)},
                       {"group", to_hex(group)},
                       {"accepted_domains", {testing::kTestDomain}},
                       {"at_s", testing::kTestNow.seconds()}};
    const json reply = ask(request);
    ASSERT_EQ(reply.at("ok"), true) << reply;
    EXPECT_EQ(reply.at("account"), credential.wallet.account.text());
    EXPECT_EQ(reply.at("root_key"), to_hex(root.public_key()));
    EXPECT_EQ(reply.at("domain"), testing::kTestDomain);

    expect_refused(changed(request, "leaf_key", to_hex(root.public_key())), "ID-15");
    expect_refused(changed(request, "group", to_hex(Bytes(32, 8))), "ID-16");
    expect_refused(changed(request, "group", ""), "ID-16");
    expect_refused(changed(request, "accepted_domains", json::array()), "ID-09");
    expect_refused(changed(request, "accepted_domains", {1}), "PEER-02");
    expect_refused(changed(request, "at_s", testing::kTestNow.plus_ms(400 * kDayMs).seconds()),
                   "ID-10");
    std::string forged = request["credential"];
    forged.back() = forged.back() == '0' ? '1' : '0';
    expect_refused(changed(request, "credential", forged), "ID-14");
}

TEST_F(WasmCore, AnAgentCredentialIsVerifiedForItsOperatorAndTheTime) {
    const auto credential = testing::make_agent_credential(
        testing::key_named("operator"), testing::key_named("enclave").public_key());
    const json request{{"cmd", "verify_agent_credential"},
                       {"credential", to_hex(wire::encode(credential))},
                       {"accepted_domains", {testing::kTestDomain}},
                       {"at_s", testing::kTestNow.seconds()}};
    const json reply = ask(request);
    ASSERT_EQ(reply.at("ok"), true) << reply;
    EXPECT_EQ(reply.at("operator"), credential.operator_account.text());
    EXPECT_EQ(reply.at("measurement"), to_hex(credential.measurement));
    EXPECT_EQ(reply.at("digest"), to_hex(credential.digest()));

    expect_refused(changed(request, "accepted_domains", {"other.example"}), "ID-09");
    std::string forged = request["credential"];
    forged.back() = forged.back() == '0' ? '1' : '0';
    expect_refused(changed(request, "credential", forged), "ID-19");
}

TEST_F(WasmCore, EvidenceIsExaminedAgainstWhatTheCallerExpects) {
    const attest::testing::TestPlatform platform;
    const attest::Expectation expected = platform.expectation();
    const json request{{"cmd", "examine_evidence"},
                       {"evidence", to_hex(platform.evidence())},
                       {"policy", attest::policy_to_json(platform.policy())},
                       {"enclave_key", to_hex(expected.binding.enclave_key)},
                       {"leaf_key", to_hex(expected.binding.leaf_signature_key)},
                       {"configuration_digest", to_hex(expected.binding.configuration_digest)},
                       {"group", to_hex(expected.binding.group_id)},
                       {"nonce", to_hex(expected.binding.nonce)},
                       {"measurement", to_hex(expected.measurement)},
                       {"development", to_hex(platform.root().public_key())},
                       {"at_s", expected.judged_at.seconds()}};
    const json reply = ask(request);
    ASSERT_EQ(reply.at("ok"), true) << reply;
    EXPECT_EQ(reply.at("accepted"), true) << reply;

    // What somebody else asked, or a policy that was not set, is a report and no permission.
    for (const char* field : {"nonce", "group", "leaf_key", "enclave_key", "measurement"}) {
        const json other = ask(changed(request, field, to_hex(Bytes(32, 0x77))));
        EXPECT_EQ(other.at("accepted"), false) << field;
        EXPECT_NE(other.at("report").dump().find("fail"), std::string::npos) << field;
    }
    json undeclared = request;
    undeclared.erase("development");
    EXPECT_EQ(ask(undeclared).at("accepted"), false);
    EXPECT_EQ(ask(changed(request, "policy", attest::policy_to_json({}))).at("accepted"), false);
    expect_refused(changed(request, "policy", "x"), "ATT-31");
    expect_refused(changed(request, "nonce", "00"), "WASM-02");
}

}  // namespace
}  // namespace chatmcp::wasm
