#include "net/solana_rpc.h"

#include <atomic>
#include <functional>
#include <map>
#include <mutex>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "chain/system_instruction.h"
#include "chain/well_known.h"
#include "crypto/random.h"
#include "net/net_testing.h"
#include "net/solana_sender.h"

namespace chatmcp::net {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

const std::string kKey = chain::kClockSysvar.text();

/// A node that answers each method as it is told; a reply is a result unless it has "error".
class FakeNode {
  public:
    using Reply = std::function<json(const json& params)>;

    FakeNode() : server_([this](const std::string& text) { return answer(json::parse(text)); }) {}

    void on(const std::string& method, Reply reply) {
        const std::scoped_lock lock(mutex_);
        replies_[method] = std::move(reply);
    }
    void on(const std::string& method, json result) {
        on(method, [result = std::move(result)](const json&) { return result; });
    }
    [[nodiscard]] int calls(const std::string& method) {
        const std::scoped_lock lock(mutex_);
        return calls_[method];
    }
    [[nodiscard]] std::string url() const { return server_.url(); }

  private:
    std::string answer(const json& request) {
        Reply reply;
        {
            const std::scoped_lock lock(mutex_);
            const std::string method = request.at("method");
            ++calls_[method];
            reply = replies_.contains(method) ? replies_[method] : Reply([](const json&) {
                return json{{"error", {{"code", -32601}, {"message", "unknown"}}}};
            });
        }
        json out = {{"jsonrpc", "2.0"}, {"id", request.at("id")}};
        json result = reply(request.at("params"));
        if (result.is_object() && result.contains("error")) {
            out["error"] = result["error"];
        } else {
            out["result"] = std::move(result);
        }
        return out.dump();
    }

    std::mutex mutex_;
    std::map<std::string, Reply> replies_;
    std::map<std::string, int> calls_;
    testing::JsonServer server_;  // Last: it runs as soon as it is made.
};

SolanaRpc rpc_of(const std::vector<const FakeNode*>& nodes) {
    SolanaRpcOptions options{.endpoints = {}, .ca_file = {}, .timeout = 5s};
    for (const FakeNode* const node : nodes) {
        options.endpoints.push_back(node->url());
    }
    return SolanaRpc::open(options).value();
}

std::string check_of(const auto& result) {
    return result.has_value() ? "ok" : result.error().check;
}

json account_reply(const std::string& data, int lamports = 1) {
    return {{"context", {{"slot", 9}}},
            {"value",
             json::array({{{"lamports", lamports},
                           {"owner", kKey},
                           {"executable", false},
                           {"data", {data, "base64"}}}})}};
}

TEST(SolanaRpc, AnEndpointIsAUrlWithAPath) {
    EXPECT_EQ(parse_solana_endpoint("https://rpc.example/v1/key?a=b")->path, "/v1/key?a=b");
    EXPECT_EQ(parse_solana_endpoint("http://127.0.0.1:8899")->path, "/");
    EXPECT_EQ(check_of(parse_solana_endpoint("http://127.0.0.1:8899/a b")), "NET-60");
    EXPECT_EQ(check_of(parse_solana_endpoint("http://127.0.0.1:8899/a\r\nx: y")), "NET-60");
    EXPECT_EQ(check_of(parse_solana_endpoint("http://rpc.example:80/")), "NET-61");
    EXPECT_EQ(check_of(parse_solana_endpoint("rpc.example")), "NET-60");
    EXPECT_EQ(check_of(SolanaRpc::open({})), "NET-78");
}

TEST(SolanaRpc, ANodesRefusalComesWithItsWords) {
    const FakeNode node;
    SolanaRpc rpc = rpc_of({&node});
    EXPECT_EQ(check_of(rpc.slot(chain::Commitment::confirmed)), "NET-76");
    ASSERT_TRUE(rpc.refusal().has_value());
    EXPECT_EQ(rpc.refusal()->message, "unknown");
    EXPECT_EQ(rpc.refusal()->code, -32601);
}

TEST(SolanaRpc, EndpointsThatContradictEachOtherAreNotBelieved) {
    FakeNode honest;
    FakeNode liar;
    honest.on("getMultipleAccounts", account_reply("AQ=="));
    liar.on("getMultipleAccounts", account_reply("Ag=="));
    SolanaRpc rpc = rpc_of({&honest, &liar});
    EXPECT_EQ(check_of(rpc.accounts({chain::kClockSysvar}, {})), "NET-77");
    // One that is a slot behind comes to say the same.
    std::atomic<int> asked = 0;
    liar.on("getMultipleAccounts",
            [&asked](const json&) { return account_reply(++asked < 2 ? "Ag==" : "AQ=="); });
    const auto read = rpc.accounts({chain::kClockSysvar}, {});
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->accounts.at(0)->data, Bytes{1});
}

// Accounts come and go between two endpoints' slots: what one alone has is left out, and that is no
// contradiction.
TEST(SolanaRpc, OnlyAccountsThatAllEndpointsHaveAreCommon) {
    const auto listed = [](std::uint64_t slot,
                           const std::vector<std::pair<json, std::string>>& all) {
        json value = json::array();
        for (const auto& [address, data] : all) {
            json account = account_reply(data).at("value").at(0);
            value.push_back({{"pubkey", address}, {"account", account}});
        }
        return json{{"context", {{"slot", slot}}}, {"value", value}};
    };
    const std::string other = chain::kMemoProgram.text();
    const std::string third = chain::kTokenProgram.text();
    FakeNode one;
    FakeNode two;
    one.on("getProgramAccounts", listed(12, {{kKey, "AQ=="}, {other, "AQ=="}, {third, "AQ=="}}));
    two.on("getProgramAccounts", listed(10, {{third, "Ag=="}, {kKey, "AQ=="}}));
    SolanaRpc rpc = rpc_of({&one, &two});
    const auto common = rpc.common_program_accounts(chain::kClockSysvar, {}, {});
    ASSERT_TRUE(common.has_value());
    EXPECT_EQ(common->slot, 10U);
    ASSERT_EQ(common->accounts.size(), 1U);
    EXPECT_EQ(common->accounts[0].first, chain::kClockSysvar);
}

TEST(SolanaRpc, OneOfThreeEndpointsMayBeAway) {
    FakeNode one;
    FakeNode two;
    const FakeNode away;
    one.on("getSlot", 12);
    two.on("getSlot", 10);
    SolanaRpc three = rpc_of({&one, &two, &away});
    EXPECT_EQ(three.slot(chain::Commitment::confirmed).value(), 10U);
    SolanaRpc two_of_them = rpc_of({&one, &away});
    EXPECT_EQ(check_of(two_of_them.slot(chain::Commitment::confirmed)), "NET-76");
}

TEST(SolanaRpc, ManyAccountsAreAskedForInSeveralCalls) {
    FakeNode node;
    node.on("getMultipleAccounts", [](const json& params) {
        json value = json::array();
        value.get_ref<json::array_t&>().resize(params.at(0).size());
        return json{{"context", {{"slot", 5}}}, {"value", value}};
    });
    SolanaRpc rpc = rpc_of({&node});
    const auto read = rpc.accounts(std::vector<chain::Address>(chain::kRpcAccountsMax + 1), {});
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->accounts.size(), chain::kRpcAccountsMax + 1);
    EXPECT_EQ(node.calls("getMultipleAccounts"), 2);
}

/// A node that takes transactions: what is asked of it most, and its answers so far.
class SolanaSenderTest : public ::testing::Test {
  protected:
    SolanaSenderTest() : key_(crypto::SigningKey::generate(random_)) {
        node_.on("getRecentPrioritizationFees",
                 json::array({{{"slot", 1}, {"prioritizationFee", 8}}}));
        node_.on(
            "simulateTransaction",
            {{"context", {{"slot", 1}}}, {"value", {{"err", nullptr}, {"unitsConsumed", 800}}}});
        node_.on("getLatestBlockhash", [this](const json&) {
            const auto made = static_cast<std::uint8_t>(++blockhashes_);
            return json{{"context", {{"slot", 1}}},
                        {"value",
                         {{"blockhash", to_base58(ByteArray<32>{made})},
                          {"lastValidBlockHeight", 100 * blockhashes_}}}};
        });
        node_.on("sendTransaction", [this](const json& params) {
            sent_.push_back(params.at(0));
            return json("sent");
        });
        node_.on("getBlockHeight", 50);
        node_.on("getSignatureStatuses", [this](const json&) {
            return json{{"context", {{"slot", 1}}}, {"value", json::array({status_})}};
        });
    }

    static json done(const std::string& commitment, const json& error = nullptr) {
        return {{"slot", 3}, {"err", error}, {"confirmationStatus", commitment}};
    }

    PreparedTransaction prepared(SolanaSender& sender) {
        chain::Draft draft;
        draft.fee_payer = payer();
        draft.instructions = {chain::system_transfer(payer(), chain::kClockSysvar, 5)};
        auto out = sender.prepare(draft);
        EXPECT_TRUE(out.has_value()) << out.error().check;
        return *out;
    }

    [[nodiscard]] chain::Address payer() const { return {key_.public_key()}; }

    crypto::SystemRandom random_;
    crypto::SigningKey key_;
    int blockhashes_ = 0;
    json status_;
    std::vector<std::string> sent_;
    FakeNode node_;
};

TEST_F(SolanaSenderTest, ATransactionIsSimulatedPricedSignedAndSeenDone) {
    SolanaRpc rpc = rpc_of({&node_});
    SolanaSender sender(rpc);
    const PreparedTransaction ready = prepared(sender);
    EXPECT_EQ(ready.compute_units, 800U + 100U + 1'000U);
    EXPECT_EQ(ready.fee_lamports, 5'000U + 1U);  // 1,900 units at 8 millionths, rounded up.
    // What the draft had keeps its place: others count instructions from there.
    EXPECT_EQ(ready.draft.instructions.front().program, chain::kSystemProgram);
    status_ = done("confirmed");
    const auto sent = sender.send(ready, {&key_});
    ASSERT_TRUE(sent.has_value()) << sent.error().check;
    EXPECT_EQ(sent->signature, sender.last_signature());
    const auto transaction = chain::Transaction::decode(from_base64(sent_.at(0)).value());
    ASSERT_TRUE(transaction.has_value());
    EXPECT_TRUE(transaction->verify().has_value());
    EXPECT_EQ(transaction->message().lifetime, ByteArray<32>{1});
}

TEST_F(SolanaSenderTest, WhatItTakesBesideTheFeeIsToldWhereTheNodeTells) {
    const auto payer_with = [](std::uint64_t lamports) {
        return json{{"lamports", lamports},
                    {"owner", chain::kSystemProgram.text()},
                    {"executable", false},
                    {"data", {"", "base64"}}};
    };
    SolanaRpc rpc = rpc_of({&node_});
    SolanaSender sender(rpc);
    EXPECT_FALSE(prepared(sender).other_lamports.has_value());
    node_.on("getMultipleAccounts",
             {{"context", {{"slot", 1}}}, {"value", json::array({payer_with(1'000'000)})}});
    // All units that there are, at 8 millionths, are 12 lamports: the trial asks for them.
    node_.on("simulateTransaction", [&](const json& params) {
        EXPECT_EQ(params.at(1).at("accounts").at("addresses"), json::array({payer().text()}));
        return json{{"context", {{"slot", 1}}},
                    {"value",
                     {{"err", nullptr},
                      {"unitsConsumed", 800},
                      {"accounts", json::array({payer_with(1'000'000 - 5'012 - 70)})}}}};
    });
    EXPECT_EQ(prepared(sender).other_lamports, 70);
    node_.on("simulateTransaction",
             {{"context", {{"slot", 1}}},
              {"value",
               {{"err", nullptr},
                {"unitsConsumed", 800},
                {"accounts", json::array({payer_with(1'000'000)})}}}});
    EXPECT_EQ(prepared(sender).other_lamports, -5'012);
}

TEST_F(SolanaSenderTest, WhatWouldFailIsNotSigned) {
    node_.on("simulateTransaction",
             {{"context", {{"slot", 1}}},
              {"value", {{"err", {{"InstructionError", {0, {{"Custom", 1}}}}}}, {"logs", {"x"}}}}});
    SolanaRpc rpc = rpc_of({&node_});
    SolanaSender sender(rpc);
    chain::Draft draft;
    draft.fee_payer = payer();
    draft.instructions = {chain::system_transfer(payer(), chain::kClockSysvar, 5)};
    EXPECT_EQ(check_of(sender.prepare(draft)), "NET-79");
    EXPECT_EQ(sender.failure()->custom, 1U);
    EXPECT_EQ(sender.failure()->logs.size(), 1U);
    EXPECT_EQ(node_.calls("sendTransaction"), 0);
}

TEST_F(SolanaSenderTest, AFailureOnTheChainIsNamed) {
    SolanaRpc rpc = rpc_of({&node_});
    SolanaSender sender(rpc);
    const PreparedTransaction ready = prepared(sender);
    status_ = done("finalized", {{"InstructionError", {0, "InvalidArgument"}}});
    EXPECT_EQ(check_of(sender.send(ready, {&key_})), "NET-80");
    EXPECT_EQ(sender.failure()->name, "InvalidArgument");
}

TEST_F(SolanaSenderTest, NobodyKnowingIsNoSuccess) {
    SolanaRpc rpc = rpc_of({&node_});
    SolanaSender sender(rpc);
    const PreparedTransaction ready = prepared(sender);
    EXPECT_EQ(check_of(sender.send(ready, {&key_}, {.timeout = 1s})), "NET-81");
    // Seen, and not as sure as wanted.
    status_ = done("processed");
    EXPECT_EQ(check_of(sender.send(ready, {&key_}, {.timeout = 1s})), "NET-81");
}

TEST_F(SolanaSenderTest, AnExpiredTransactionIsSignedAnew) {
    SolanaRpc rpc = rpc_of({&node_});
    SolanaSender sender(rpc);
    const PreparedTransaction ready = prepared(sender);
    node_.on("getBlockHeight", 101);
    node_.on("sendTransaction", [this](const json& params) {
        sent_.push_back(params.at(0));
        if (sent_.size() == 2) {
            status_ = done("confirmed");
        }
        return json("sent");
    });
    const auto sent = sender.send(ready, {&key_});
    ASSERT_TRUE(sent.has_value()) << sent.error().check;
    ASSERT_EQ(sent_.size(), 2U);
    EXPECT_EQ(chain::Transaction::decode(from_base64(sent_[1]).value())->message().lifetime,
              ByteArray<32>{2});
}

// So that whoever dies while it is on its way finds it again.
TEST_F(SolanaSenderTest, ItsNameIsToldBeforeAnybodyHasIt) {
    SolanaRpc rpc = rpc_of({&node_});
    SolanaSender sender(rpc);
    const PreparedTransaction ready = prepared(sender);
    node_.on("sendTransaction", [this](const json& params) {
        sent_.push_back(params.at(0));
        status_ = done("confirmed");
        return json("sent");
    });
    std::string told;
    SendOptions options;
    options.before_sending = [&](const std::string& name) -> Result<void> {
        told = name;
        return fail(Errc::io, "TEST");
    };
    EXPECT_EQ(check_of(sender.send(ready, {&key_}, options)), "TEST");
    EXPECT_TRUE(sent_.empty());
    options.before_sending = [&](const std::string& name) -> Result<void> {
        EXPECT_TRUE(sent_.empty());
        told = name;
        return {};
    };
    const auto sent = sender.send(ready, {&key_}, options);
    ASSERT_TRUE(sent.has_value()) << sent.error().check;
    EXPECT_EQ(sent->signature, told);
}

// It expired by its number, and one node knows that it was done: signed anew, it would be paid
// twice.
TEST_F(SolanaSenderTest, WhatOneNodeKnowsIsNotSignedAnew) {
    FakeNode other;
    other.on("getBlockHeight", 1'000);
    other.on("getSignatureStatuses",
             {{"context", {{"slot", 1}}}, {"value", json::array({done("finalized")})}});
    node_.on("getBlockHeight", 1'000);
    SolanaRpc rpc = rpc_of({&node_, &other});
    SolanaSender sender(rpc);
    const PreparedTransaction ready = prepared(sender);
    EXPECT_EQ(check_of(sender.send(ready, {&key_}, {.timeout = 2s})), "NET-81");
    EXPECT_EQ(blockhashes_, 1);
}

}  // namespace
}  // namespace chatmcp::net
