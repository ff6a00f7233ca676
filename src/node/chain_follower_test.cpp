#include "node/chain_follower.h"

#include <mutex>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "chain/program_encoding.h"
#include "net/net_testing.h"

namespace chatmcp::node {
namespace {

using nlohmann::json;

ByteArray<32> filled(std::uint8_t value) {
    ByteArray<32> out;
    out.fill(value);
    return out;
}

template <class State>
std::string account_data(State state) {
    state.header = {State::kKind, program::kAccountVersion, 255, {}};
    return to_base64(chain::bytes_of(state));
}

json account(const chain::Address& owner, const std::string& data) {
    return {{"lamports", 1},
            {"owner", owner.text()},
            {"executable", false},
            {"data", {data, "base64"}}};
}

json in_context(std::uint64_t slot, json value) {
    return {{"context", {{"slot", slot}}}, {"value", std::move(value)}};
}

/// A cluster with the program and one stamp, as one node of it says.
class Cluster {
  public:
    Cluster() : server_([this](const std::string& text) { return answer(json::parse(text)); }) {
        stamp.one_time_key = std::bit_cast<program::Key>(filled(7));
        stamp.amount = 5;
        stamp.status = program::StampStatus::open;
        stamp.expires_slot = 10'000'000;
    }

    // Set before it is asked.
    ByteArray<32> genesis_hash = filled(1);
    ByteArray<32> genesis_in_config = filled(1);
    bool is_set_up = true;
    program::Stamp stamp{};
    chain::Address stamp_address =
        chain::ProgramAddresses::of(program()).stamp({filled(7)}).address;
    std::vector<std::string> commitments;

    [[nodiscard]] net::SolanaRpc rpc() const {
        return net::SolanaRpc::open({.endpoints = {server_.url()}, .ca_file = {}}).value();
    }
    [[nodiscard]] std::string url() const { return server_.url(); }
    static chain::Address program() { return {filled(9)}; }

  private:
    std::string answer(const json& request) {
        json out = {{"jsonrpc", "2.0"}, {"id", request.at("id")}};
        const std::string method = request.at("method");
        if (method == "getGenesisHash") {
            out["result"] = to_base58(genesis_hash);
            return out.dump();
        }
        commitments.push_back(request.at("params").at(1).at("commitment"));
        if (method == "getMultipleAccounts") {
            program::Config config{};
            config.params = program::kParamsAtFirst;
            config.genesis_hash = std::bit_cast<program::Digest>(genesis_in_config);
            out["result"] = in_context(
                50, json::array({is_set_up ? account(program(), account_data(config)) : json()}));
        } else {
            out["result"] =
                in_context(51,
                           json::array({{{"pubkey", stamp_address.text()},
                                         {"account", account(program(), account_data(stamp))}}}));
        }
        return out.dump();
    }

    net::testing::JsonServer server_;
};

class FixedClock final : public Clock {
  public:
    [[nodiscard]] UnixMs now() const override { return UnixMs{1'000}; }
};

class NamesLog final : public Log {
  public:
    void write(const LogEvent& event) override {
        const std::lock_guard lock(mutex_);
        names_.emplace_back(event.name.text());
    }
    [[nodiscard]] std::vector<std::string> names() {
        const std::lock_guard lock(mutex_);
        return names_;
    }

  private:
    std::mutex mutex_;
    std::vector<std::string> names_;
};

std::string read_once(const Cluster& cluster, stamps::StampBook& book) {
    net::SolanaRpc rpc = cluster.rpc();
    const auto outcome = ChainFollower::read_once(
        rpc, chain::ProgramAddresses::of(Cluster::program()), book, FixedClock{});
    return outcome.has_value() ? "ok" : outcome.error().check;
}

TEST(ChainFollower, WhatIsFinalComesIntoTheBook) {
    Cluster cluster;
    stamps::StampBook book;
    ASSERT_EQ(read_once(cluster, book), "ok");
    EXPECT_TRUE(book.check(filled(7), 5, FixedClock{}.now()).has_value());
    EXPECT_EQ(book.terms(FixedClock{}.now())->scope.program, Cluster::program());
    EXPECT_EQ(cluster.commitments, (std::vector<std::string>{"finalized", "finalized"}));
}

TEST(ChainFollower, AProgramOfAnotherClusterIsNotBelieved) {
    Cluster cluster;
    cluster.genesis_in_config = filled(2);
    stamps::StampBook book;
    EXPECT_EQ(read_once(cluster, book), "NODE-05");
    EXPECT_FALSE(book.terms(FixedClock{}.now()).has_value());
}

TEST(ChainFollower, AChainWithoutTheProgramIsAway) {
    Cluster cluster;
    cluster.is_set_up = false;
    stamps::StampBook book;
    EXPECT_EQ(read_once(cluster, book), "NODE-06");
}

TEST(ChainFollower, ADamagedStampLeavesTheBookAsItIs) {
    Cluster cluster;
    stamps::StampBook book;
    ASSERT_EQ(read_once(cluster, book), "ok");
    cluster.stamp.status = static_cast<program::StampStatus>(9);
    EXPECT_EQ(read_once(cluster, book), "CHN-85");
    EXPECT_TRUE(book.check(filled(7), 5, FixedClock{}.now()).has_value());
}

// Who locks a second, dearer stamp under the same key at another address has it back in the end:
// the recipient answers the first.
TEST(ChainFollower, OnlyTheStampAtItsFirstAddressCounts) {
    Cluster cluster;
    cluster.stamp_address = chain::Address{filled(8)};
    stamps::StampBook book;
    ASSERT_EQ(read_once(cluster, book), "ok");
    EXPECT_EQ(book.check(filled(7), 5, FixedClock{}.now()).error().check,
              std::string_view("STM-11"));
}

TEST(ChainFollower, FollowsUntilItIsStopped) {
    const Cluster cluster;
    stamps::StampBook book;
    const FixedClock clock;
    NamesLog log;
    {
        const auto follower = ChainFollower::start(
            {.endpoints = {cluster.url()}, .program = Cluster::program().text(), .ca_file = {}},
            book,
            clock,
            log);
        ASSERT_TRUE(follower.has_value());
        while (log.names().empty()) {
            std::this_thread::yield();
        }
    }
    EXPECT_EQ(log.names(), std::vector<std::string>{"chain.seen"});
    EXPECT_TRUE(book.terms(clock.now()).has_value());
    const auto no_program = ChainFollower::start(
        {.endpoints = {cluster.url()}, .program = "x", .ca_file = {}}, book, clock, log);
    EXPECT_EQ(no_program.error().check, std::string_view("CHN-05"));
}

}  // namespace
}  // namespace chatmcp::node
