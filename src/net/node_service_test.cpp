#include "net/node_service.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/encoding.h"
#include "net/carrier.h"
#include "net/net_testing.h"
#include "net/peer_source.h"
#include "net/relay_methods.h"
#include "relay/relay_testing.h"
#include "support/files.h"

namespace chatmcp::net {
namespace {

using namespace std::chrono_literals;
using client::EffectId;
using relay::key_named;
using relay::text;

constexpr auto kPatience = 10'000ms;

// A node over a relay in memory, and clients that reach it through sockets only.
class NodeTest : public ::testing::Test {
  protected:
    void start(bool tls) {
        NodeOptions options;
        options.storage_threads = 4;
        CarrierOptions carrier_options;
        if (tls) {
            const testing::Certificate certificate = testing::make_certificate();
            options.certificate_pem = certificate.certificate_pem;
            options.key_pem = certificate.key_pem;
            ca_file_ = std::filesystem::temp_directory_path() /
                       ("chatmcp-ca-" + std::to_string(getpid()) + ".pem");
            std::ofstream(ca_file_) << certificate.certificate_pem;
            carrier_options.ca_file = ca_file_;
        }
        auto started = NodeServer::start(server_.relay, options);
        ASSERT_TRUE(started.has_value());
        node_ = *std::move(started);
        carrier_options.url = node_->url();
        carrier_options.take_signals = false;
        auto opened = Carrier::open(carrier_options);
        ASSERT_TRUE(opened.has_value()) << opened.error().check;
        carrier_.emplace(*std::move(opened));
    }

    void TearDown() override {
        carrier_.reset();
        node_.reset();
        if (!ca_file_.empty()) {
            std::filesystem::remove(ca_file_);
        }
    }

    template <class T>
    T next() {
        Carrier::Next next = carrier_->next(kPatience);
        auto* arrived = std::get_if<Carrier::Arrived>(&next);
        if (arrived == nullptr || !std::holds_alternative<T>(*arrived)) {
            ADD_FAILURE() << "nothing, or something else, arrived";
            return T{};
        }
        return std::get<T>(std::move(*arrived));
    }

    template <class Request>
    client::Replied ask(Request request) {
        carrier_->carry(client::Request{.id = EffectId{++last_id_}, .body = std::move(request)});
        return next<client::Replied>();
    }

    // The reply of a request that must succeed.
    template <class Request>
    typename Request::Reply get(Request request) {
        client::Replied replied = ask(std::move(request));
        if (const auto* reason = std::get_if<client::Reason>(&replied.outcome)) {
            ADD_FAILURE() << errc_name(reason->code) << " " << reason->check;
            return {};
        }
        channel_ = replied.channel;
        return std::get<typename Request::Reply>(
            std::get<client::ReplyBody>(std::move(replied.outcome)));
    }

    template <class Request>
    client::Reason refusal(Request request) {
        const client::Replied replied = ask(std::move(request));
        const auto* reason = std::get_if<client::Reason>(&replied.outcome);
        return reason == nullptr ? client::Reason{.code = Errc{}, .check = "none"} : *reason;
    }

    Bytes challenge() { return get(wire::GetChallenge{}).challenge; }

    Bytes log_in(const crypto::SigningKey& root) {
        wire::Login login{.relay_key = server_.relay.public_key(),
                          .root_key = root.public_key(),
                          .challenge = challenge(),
                          .channel = channel_,
                          .signature = {}};
        relay::TestRelay::sign(root, login);
        return get(login).token;
    }

    relay::TestRelay server_;
    relay::TestGroup group_{"group", server_.relay};
    std::unique_ptr<NodeServer> node_;
    std::optional<Carrier> carrier_;
    std::filesystem::path ca_file_;
    std::uint64_t last_id_ = 0;
    Bytes channel_;
};

TEST_F(NodeTest, AGroupTopicWorksThroughTheSocket) {
    start(false);
    EXPECT_EQ(get(wire::GetRelayInfo{}).relay_key, server_.relay.public_key());
    get(group_.create());
    EXPECT_EQ(get(group_.message(0, "a")).sequence, 1u);
    const wire::Acceptance acceptance = get(group_.bundle(0, "commit")).acceptance;
    EXPECT_TRUE(
        wire::verify(server_.relay.public_key(), acceptance, acceptance.signature).has_value());
    const auto page = get(group_.read(0, 0, challenge()));
    EXPECT_EQ(relay::show(page), "1:a 2:*commit (ended)");
    EXPECT_GT(carrier_->bytes_sent(), 100u);
    EXPECT_GT(carrier_->bytes_received(), 100u);
}

TEST_F(NodeTest, WhatTheClientActsUponArrivesAndWhatAnAttackerWantsDoesNot) {
    start(false);
    get(group_.create());
    get(group_.bundle(0, "commit"));
    const client::Reason stale = refusal(group_.message(0, "late"));
    EXPECT_EQ(stale.code, Errc::stale_epoch);
    EXPECT_TRUE(stale.check.starts_with("RLY-")) << stale.check;
    wire::PublishMessage forged = group_.message(1, "x");
    forged.signature[0] ^= 1;
    EXPECT_EQ(refusal(forged), (client::Reason{.code = Errc::permission_denied, .check = ""}));
    EXPECT_EQ(refusal(wire::ReadInbox{.token = {1}, .after = 0}).code, Errc::unauthenticated);
}

TEST_F(NodeTest, ALoginIsBoundToItsConnectionAndOpensTheInbox) {
    for (const bool tls : {false, true}) {
        TearDown();
        start(tls);
        const auto root = key_named(tls ? "tls root" : "root");
        const Bytes token = log_in(root);
        EXPECT_EQ(get(wire::UploadKeyPackages{
                          .token = token, .key_packages = {text("kp")}, .last_resort = {}})
                      .available,
                  1u);
        EXPECT_TRUE(get(wire::ReadInbox{.token = token, .after = 0}).items.empty());
        EXPECT_EQ(get(wire::ClaimKeyPackages{.root_keys = {root.public_key()}}).key_packages.at(0),
                  text("kp"));
        // A login that somebody carried over from another connection.
        wire::Login stolen{.relay_key = server_.relay.public_key(),
                           .root_key = root.public_key(),
                           .challenge = challenge(),
                           .channel = Bytes(kChannelBytes, 7),
                           .signature = {}};
        relay::TestRelay::sign(root, stolen);
        const client::Reason refused = refusal(stolen);
        EXPECT_TRUE(tls ? refused.check == "NET-69" : refused.code == Errc::unauthenticated)
            << errc_name(refused.code) << refused.check;
    }
}

TEST_F(NodeTest, ASubscriberSeesWhatIsThereThenWhatComesUntilTheEpochEnds) {
    start(false);
    get(group_.create());
    get(group_.message(0, "before"));
    const EffectId id{1000};
    carrier_->carry({.id = id, .body = group_.subscribe(0, 0, challenge())});
    EXPECT_EQ(to_text(next<client::PushedEnvelope>().envelope.payload), "before");

    // Somebody else publishes; the relay says so to the waiting stream.
    relay::Peer other{.source = text("192.0.2.2"), .channel = {}};
    ASSERT_TRUE(server_.relay.handle(group_.message(0, "after"), other).has_value());
    const auto pushed = next<client::PushedEnvelope>();
    EXPECT_EQ(pushed.id, id);
    EXPECT_EQ(to_text(pushed.envelope.payload), "after");
    ASSERT_TRUE(server_.relay.handle(group_.bundle(0, "commit"), other).has_value());
    EXPECT_EQ(next<client::PushedEnvelope>().envelope.kind, wire::EnvelopeKind::bundle);
    const auto ended = next<client::StreamEnded>();
    EXPECT_EQ(ended.id, id);
    EXPECT_FALSE(ended.reason.has_value());
}

TEST_F(NodeTest, AnInboxIsPushedToItsOwner) {
    start(true);
    const auto root = key_named("inbox root");
    const Bytes token = log_in(root);
    const EffectId id{1000};
    carrier_->carry({.id = id, .body = wire::SubscribeInbox{.token = token, .after = 0}});
    wire::SendInbox send{.kind = wire::InboxKind::kp_request, .payload = text("hello")};
    send.inbox = crypto::sha256({as_bytes("chatmcp inbox"), root.public_key()});
    carrier_->carry({.id = EffectId{1001}, .body = send});
    bool pushed = false;
    bool replied = false;
    while (!pushed || !replied) {
        const Carrier::Next next = carrier_->next(kPatience);
        const auto* arrived = std::get_if<Carrier::Arrived>(&next);
        ASSERT_NE(arrived, nullptr);
        if (const auto* item = std::get_if<client::PushedInboxItem>(arrived)) {
            EXPECT_EQ(to_text(item->item.payload), "hello");
            pushed = true;
        } else {
            replied = std::holds_alternative<client::Replied>(*arrived);
        }
    }
}

TEST_F(NodeTest, AStreamThatIsNotAdmittedEndsWithTheReason) {
    start(false);
    get(group_.create());
    wire::SubscribeTopic forged = group_.subscribe(0, 0, challenge());
    forged.signature[5] ^= 1;
    carrier_->carry({.id = EffectId{1000}, .body = forged});
    const auto ended = next<client::StreamEnded>();
    ASSERT_TRUE(ended.reason.has_value());
    EXPECT_EQ(ended.reason->code, Errc::permission_denied);
}

TEST_F(NodeTest, AStreamThatIsGivenUpIsSilent) {
    start(false);
    get(group_.create());
    carrier_->carry({.id = EffectId{1000}, .body = group_.subscribe(0, 0, challenge())});
    EXPECT_TRUE(std::holds_alternative<Carrier::TimedOut>(carrier_->next(100ms)));
    carrier_->close(EffectId{1000});
    get(group_.message(0, "unseen"));
    EXPECT_TRUE(std::holds_alternative<Carrier::TimedOut>(carrier_->next(100ms)));
}

TEST_F(NodeTest, ANodeThatStopsEndsItsStreamsAndLaterRequestsAreUnavailable) {
    start(false);
    get(group_.create());
    carrier_->carry({.id = EffectId{1000}, .body = group_.subscribe(0, 0, challenge())});
    get(wire::GetRelayInfo{});
    node_->stop();
    const auto ended = next<client::StreamEnded>();
    ASSERT_TRUE(ended.reason.has_value());
    EXPECT_EQ(ended.reason->code, Errc::unavailable);
    EXPECT_EQ(refusal(wire::GetRelayInfo{}).code, Errc::unavailable);
}

TEST_F(NodeTest, ManyCarriersPublishAtOnceAndNothingIsLost) {
    start(false);
    get(group_.create());
    constexpr int kCarriers = 8;
    constexpr int kMessages = 20;
    std::vector<std::thread> threads;
    std::atomic<int> accepted = 0;
    for (int i = 0; i < kCarriers; ++i) {
        threads.emplace_back([&, i]() {
            CarrierOptions options;
            options.url = node_->url();
            options.take_signals = false;
            Carrier mine = *Carrier::open(options);
            for (int k = 0; k < kMessages; ++k) {
                mine.carry(
                    {.id = EffectId{static_cast<std::uint64_t>(k)},
                     .body = group_.message(0, std::to_string(i) + "/" + std::to_string(k))});
            }
            for (int k = 0; k < kMessages; ++k) {
                const Carrier::Next next = mine.next(kPatience);
                const auto* arrived = std::get_if<Carrier::Arrived>(&next);
                if (arrived != nullptr && std::holds_alternative<client::ReplyBody>(
                                              std::get<client::Replied>(*arrived).outcome)) {
                    ++accepted;
                }
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(accepted.load(), kCarriers * kMessages);
    EXPECT_EQ(get(group_.read(0, 0, challenge())).envelopes.size(),
              static_cast<std::size_t>(kCarriers * kMessages));
}

TEST_F(NodeTest, HealthAndMetricsAreOnTheSamePort) {
    start(false);
    get(wire::GetRelayInfo{});
    get(group_.create());
    testing::RawClient client(node_->port());
    client.send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET /metrics HTTP/1.1\r\nhost: x\r\n\r\n");
    client.finish();
    const std::string answer = client.read_all();
    EXPECT_TRUE(answer.contains("\r\n\r\nok\n")) << answer;
    EXPECT_TRUE(answer.contains(
        "chatmcp_calls_total{method=\"/chatmcp.v1.DeliveryService/GetRelayInfo\",code=\"ok\"} 1"));
    EXPECT_TRUE(answer.contains("chatmcp_relay_requests_total")) << answer;
    EXPECT_TRUE(answer.contains("chatmcp_subscriptions 0\n"));
    EXPECT_TRUE(answer.contains("chatmcp_store_operations_total 1\n"));
    EXPECT_TRUE(answer.contains("# TYPE chatmcp_store_syncs_total counter\n"));
}

TEST_F(NodeTest, EveryMethodOfTheSchemaIsRegistered) {
    start(false);
    testing::RawClient client(node_->port());
    constexpr std::array kMethods = {"CreateTopic",
                                     "PublishBundle",
                                     "PublishMessage",
                                     "ReadTopic",
                                     "GetRelayInfo",
                                     "GetChallenge",
                                     "Login",
                                     "UploadKeyPackages",
                                     "ClaimKeyPackages",
                                     "GetDeviceLog",
                                     "SendInbox",
                                     "ReadInbox",
                                     "AppendDeviceLog",
                                     "AckInbox",
                                     "SetInboxPolicy",
                                     "GetStampTerms",
                                     "PutAgentEntry",
                                     "ListAgents"};
    for (const char* method : kMethods) {
        client.send(testing::post(
            "/chatmcp.v1.DeliveryService/" + std::string(method), "application/json", "{}"));
    }
    client.finish();
    const std::string answers = client.read_all();
    EXPECT_FALSE(answers.contains("HTTP/1.1 404")) << answers;
    EXPECT_FALSE(answers.contains("HTTP/1.1 500")) << answers;
}

// A quote of TDX with its collateral, a good one, as JSON would bring it to any node.
class AttestationServiceTest : public NodeTest {
  protected:
    /// The answer to a request of these JSON members.
    std::string verify(const std::string& members) {
        testing::RawClient client(node_->port());
        client.send(testing::post(
            "/chatmcp.v1.AttestationService/Verify", "application/json", "{" + members + "}"));
        client.finish();
        return client.read_all();
    }
    static std::string file(const std::string& name, ByteView content) {
        return R"({"name": ")" + name + R"(", "content": ")" + to_base64(content) + "\"}";
    }
    static std::string files() {
        constexpr const char* kFolder =
            "tests/vectors/evidence/tdx/"
            "dstack-v4-uptodate-2026-02/";
        std::string list;
        for (const char* name : {"quote.bin",
                                 "tcb_info.json",
                                 "tcb_info_issuer_chain.pem",
                                 "qe_identity.json",
                                 "qe_identity_issuer_chain.pem",
                                 "root_ca_crl.der",
                                 "pck_crl.der",
                                 "pck_crl_issuer_chain.pem"}) {
            const std::string content =
                chatmcp::testing::read_project_file(std::string(kFolder) + name);
            list += (list.empty() ? "" : ", ") + file(name, as_bytes(content));
        }
        return R"("files": [)" + list + "]";
    }
    static constexpr const char* kWhen = R"(, "atMs": "1772707803000")";
};

TEST_F(AttestationServiceTest, ANodeVerifiesEvidenceAndKeepsNothing) {
    start(false);
    const std::string good = verify(files() + kWhen + R"(, "policy": "strict")");
    EXPECT_TRUE(good.contains("HTTP/1.1 200")) << good;
    EXPECT_TRUE(good.contains(R"("verifies":true)")) << good;
    EXPECT_TRUE(good.contains(R"("accepted":true)"));
    EXPECT_TRUE(good.contains("UpToDate"));
    // Without a policy, for another report data, and at another time.
    const std::string unset = verify(files() + kWhen);
    EXPECT_TRUE(unset.contains(R"("verifies":true)"));
    EXPECT_FALSE(unset.contains(R"("accepted":true)"));
    EXPECT_FALSE(verify(files() + kWhen + R"(, "policy": "strict", "reportData": "AAAA")")
                     .contains(R"("accepted":true)"));
    EXPECT_FALSE(verify(files()).contains(R"("verifies":true)"));
}

TEST_F(AttestationServiceTest, WhatIsNoEvidenceIsRefused) {
    start(false);
    for (const std::string& members :
         {std::string(),
          std::string(R"("files": [{"content": "AAAA"}])"),
          std::string(R"("files": [{"name": "x"}])"),
          std::string(R"("kind": "abacus")"),
          files() + R"(, "policy": "lax")",
          R"("files": [)" + file("a", {}) + ", " + file("a", {}) + "]"}) {
        const std::string answer = verify(members);
        EXPECT_FALSE(answer.contains("HTTP/1.1 200")) << answer;
        EXPECT_FALSE(answer.contains("HTTP/1.1 500")) << answer;
    }
}

TEST(CarrierOpen, AFileOfRootsThatIsNoneIsRefused) {
    const auto open = [](const std::string& ca_file) {
        return Carrier::open({.url = "https://127.0.0.1:1", .ca_file = ca_file});
    };
    EXPECT_STREQ(open("/nonexistent/ca.pem").error().check, "NET-72");
    const std::filesystem::path path = std::filesystem::temp_directory_path() /
                                       ("chatmcp-no-ca-" + std::to_string(getpid()) + ".pem");
    std::ofstream(path) << "no certificate\n";
    EXPECT_STREQ(open(path).error().check, "NET-21");
    std::filesystem::remove(path);
}

TEST(CarrierOpen, ASignalEndsTheWait) {
    CarrierOptions options;
    options.url = "http://127.0.0.1:1";
    auto carrier = Carrier::open(options);
    ASSERT_TRUE(carrier.has_value());
    std::raise(SIGINT);
    EXPECT_TRUE(std::holds_alternative<Carrier::Interrupted>(carrier->next(kPatience)));
}

TEST(PeerSource, IsAnAddressOrTheNetworkOfOneHousehold) {
    const auto key = [](const std::string& address) { return peer_source(address).key; };
    EXPECT_EQ(key("192.0.2.1"), (Bytes{192, 0, 2, 1}));
    EXPECT_EQ(key("::ffff:192.0.2.1"), (Bytes{192, 0, 2, 1}));
    EXPECT_EQ(key("2001:db8:1:2::1"), key("2001:db8:1:2:3:4:5:6"));
    EXPECT_NE(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    EXPECT_EQ(key("no address"), key("neither"));
    for (const char* address : {"127.0.0.1", "::1", "::ffff:127.0.0.2"}) {
        EXPECT_TRUE(peer_source(address).is_loopback) << address;
    }
    for (const char* address : {"192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "no address"}) {
        EXPECT_FALSE(peer_source(address).is_loopback) << address;
    }
}

}  // namespace
}  // namespace chatmcp::net
