#include "relay/directory.h"

#include <memory>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "relay/relay_testing.h"

namespace chatmcp::relay {
namespace {

struct Looking : ::testing::Test {
    TestRelay server;
    crypto::SigningKey bob = key_named("bob");
    Bytes token = server.token(bob);

    template <class Request>
    auto send(const Request& request) {
        return server.relay.handle(request, server.peer);
    }
    auto upload(const std::vector<Bytes>& packages, std::optional<Bytes> last_resort = {}) {
        return send(wire::UploadKeyPackages{
            .token = token, .key_packages = packages, .last_resort = std::move(last_resort)});
    }
    std::string claim(Relay& relay, const Peer& peer, const crypto::SigningKey& root) {
        const auto reply =
            relay.handle(wire::ClaimKeyPackages{.root_keys = {root.public_key()}}, peer);
        if (!reply.has_value()) {
            return reply.error().check;
        }
        return reply->key_packages.at(0).has_value() ? to_text(*reply->key_packages.at(0))
                                                     : "(none)";
    }
    std::string claim() { return claim(server.relay, server.peer, bob); }
};

TEST_F(Looking, EachKeyPackageIsHandedOutOnceAndThenTheLastResort) {
    const auto reply = upload({text("one"), text("two")}, text("last"));
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->available, 2u);
    EXPECT_FALSE(reply->last_resort_used);
    EXPECT_EQ(claim(), "one");
    EXPECT_EQ(upload({text("one")})->available,
              1u);  // An upload that is repeated gives nothing twice.
    EXPECT_EQ(claim(), "two");
    EXPECT_EQ(claim(), "last");
    EXPECT_EQ(claim(), "last");
    EXPECT_TRUE(upload({})->last_resort_used);
    EXPECT_FALSE(upload({}, text("new last"))->last_resort_used);
    EXPECT_EQ(claim(), "new last");
}

TEST_F(Looking, AClaimOfManyAnswersInOrderAndUnknownDevicesHaveNone) {
    ASSERT_TRUE(upload({text("bob's")}).has_value());
    token = server.token(key_named("carol"));
    ASSERT_TRUE(upload({text("carol's")}).has_value());
    const auto reply = send(wire::ClaimKeyPackages{.root_keys = {key_named("carol").public_key(),
                                                                 key_named("nobody").public_key(),
                                                                 bob.public_key()}});
    ASSERT_EQ(reply->key_packages.size(), 3u);
    EXPECT_EQ(reply->key_packages[0], text("carol's"));
    EXPECT_EQ(reply->key_packages[1], std::nullopt);
    EXPECT_EQ(reply->key_packages[2], text("bob's"));
}

TEST_F(Looking, UploadsAndClaimsHaveTheirLimits) {
    EXPECT_EQ(check_of(upload(std::vector<Bytes>(wire::kKeyPackagesPerUploadMax + 1, text("x")))),
              "RLY-22");
    EXPECT_EQ(check_of(upload({Bytes{}})), "RLY-12");
    EXPECT_EQ(check_of(upload({}, Bytes{})), "RLY-12");
    EXPECT_EQ(check_of(upload({Bytes(wire::kKeyPackageMaxBytes + 1)})), "RLY-11");
    EXPECT_EQ(check_of(upload({}, Bytes(wire::kKeyPackageMaxBytes + 1))), "RLY-11");
    EXPECT_EQ(check_of(send(wire::ClaimKeyPackages{})), "RLY-24");
    EXPECT_EQ(check_of(send(wire::ClaimKeyPackages{.root_keys = std::vector<wire::Ed25519Key>(
                                                       wire::ClaimKeyPackages::kRootKeysMax + 1)})),
              "RLY-24");
    int next = 0;
    const auto hundred = [&next] {
        std::vector<Bytes> out;
        for (int i = 0; i < 100; ++i) {
            out.push_back(text(std::to_string(next++)));
        }
        return out;
    };
    EXPECT_EQ(upload(hundred())->available, 100u);
    EXPECT_EQ(upload(hundred())->available, 200u);
    EXPECT_EQ(check_of(upload({text("one more")})), "RLY-23");
}

TEST_F(Looking, KeyPackagesAreForgottenAfterTheirLifetime) {
    ASSERT_TRUE(upload({text("old")}).has_value());
    server.clock.pass_ms(kKeyPackageLifetimeMs);
    EXPECT_EQ(claim(), "(none)");
}

TEST_F(Looking, DrainingADirectoryIsLimitedByTargetAndSource) {
    TestRelay strict(
        RelayOptions{.limits = {.claims_per_target = {.burst = 5, .per_hour = 60},
                                .claims_per_target_and_source = {.burst = 3, .per_hour = 60}}});
    token = strict.token(bob);
    std::vector<Bytes> packages;
    for (int i = 0; i < 50; ++i) {
        packages.push_back(text(std::to_string(i)));
    }
    ASSERT_EQ(check_of(strict.relay.handle(
                  wire::UploadKeyPackages{
                      .token = token, .key_packages = packages, .last_resort = text("last")},
                  strict.peer)),
              "ok");
    const auto drain = [&](std::string_view source) {
        int got = 0;
        for (int i = 0; i < 20; ++i) {
            const auto answer = claim(strict.relay, {.source = text(source), .channel = {}}, bob);
            got += answer != "RLY-25" && answer != "last" ? 1 : 0;
        }
        return got;
    };
    EXPECT_EQ(drain("first"), 3);
    EXPECT_EQ(drain("second"), 2);
    EXPECT_EQ(drain("third"), 0);
    // And the device stays within reach of everybody else.
    EXPECT_EQ(claim(strict.relay, {.source = text("fourth"), .channel = {}}, bob), "last");
    // Asked for together with others, the others are answered.
    const auto reply = strict.relay.handle(
        wire::ClaimKeyPackages{.root_keys = {bob.public_key(), key_named("carol").public_key()}},
        strict.peer);
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->key_packages[0], text("last"));
}

TEST_F(Looking, ConcurrentClaimsNeverGetTheSamePackage) {
    TestRelay open(
        RelayOptions{.limits = {.claims_per_target = {.burst = 1000, .per_hour = 1},
                                .claims_per_target_and_source = {.burst = 1000, .per_hour = 1}}});
    token = open.token(bob);
    std::vector<Bytes> packages;
    for (int i = 0; i < 100; ++i) {
        packages.push_back(text(std::to_string(i)));
    }
    ASSERT_EQ(
        check_of(open.relay.handle(
            wire::UploadKeyPackages{.token = token, .key_packages = packages, .last_resort = {}},
            open.peer)),
        "ok");
    std::mutex mutex;
    std::multiset<std::string> got;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 30; ++i) {
                const auto answer = claim(open.relay, open.peer, bob);
                const std::lock_guard lock(mutex);
                got.insert(answer);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(got.count("(none)"), 20u);
    EXPECT_EQ(std::set<std::string>(got.begin(), got.end()).size(), 101u);
}

// ---- Device logs ----

struct Logging : Looking {
    crypto::SigningKey wallet = key_named("wallet");

    identity::DeviceLogEntry entry(const crypto::SigningKey& root) {
        return identity::link_device(testing::make_wallet_proof(wallet, root), root);
    }
    auto append(const Bytes& bytes) { return send(wire::AppendDeviceLog{.entry = bytes}); }
    auto append(const identity::DeviceLogEntry& value) { return append(wire::encode(value)); }
    std::vector<Bytes> log() {
        const auto account = identity::Caip10::from_solana_key(wallet.public_key()).text();
        return send(wire::GetDeviceLog{.account = account})->entries;
    }
};

TEST_F(Logging, ALogIsKeptAsItWasAppended) {
    EXPECT_TRUE(log().empty());
    const Bytes first = wire::encode(entry(bob));
    EXPECT_EQ(append(first)->sequence, 0u);
    EXPECT_EQ(append(first)->sequence, 0u);  // Repeated.
    EXPECT_EQ(log(), std::vector<Bytes>{first});
    server.clock.pass_ms(400 * kDayMs);
    while (server.relay.expire().value() > 0) {
    }
    EXPECT_EQ(log().size(), 1u);
}

TEST_F(Logging, ASecondEntryForOnePlaceIsRefused) {
    ASSERT_EQ(check_of(append(entry(bob))), "ok");
    EXPECT_EQ(check_of(append(entry(key_named("another device")))), "RLY-33");
    EXPECT_EQ(code_of(append(entry(key_named("another device")))), Errc::conflict);
    EXPECT_EQ(log().size(), 1u);
}

TEST_F(Logging, TheNextEntryMustFollowTheOneBefore) {
    const auto first = entry(bob);
    ASSERT_EQ(check_of(append(first)), "ok");
    const auto carol = key_named("carol");
    identity::WalletProof proof = testing::make_wallet_proof(wallet, carol);
    proof.log_sequence = 1;
    proof.signature = identity::sign_wallet_text(wallet, proof.text()).value();
    EXPECT_EQ(check_of(append(identity::link_device(proof, carol))), "ID-24");  // Another hash.
    proof.previous_log_hash = first.hash();
    proof.signature = identity::sign_wallet_text(wallet, proof.text()).value();
    EXPECT_EQ(append(identity::link_device(proof, carol))->sequence, 1u);
    EXPECT_EQ(log().size(), 2u);
}

TEST_F(Logging, AnEntryThatTheWalletOrTheDeviceDidNotSignIsRefused) {
    auto forged = entry(bob);
    forged.signature[0] ^= 1;
    EXPECT_EQ(code_of(append(forged)), Errc::bad_signature);
    forged = entry(bob);
    forged.proof.signature[0] ^= 1;
    EXPECT_EQ(code_of(append(forged)), Errc::bad_signature);
    EXPECT_FALSE(append(Bytes{}).has_value());
    EXPECT_FALSE(append(Bytes(100, 7)).has_value());
    EXPECT_EQ(check_of(append(Bytes(3000, 1))), "RLY-11");
    EXPECT_TRUE(log().empty());
    EXPECT_FALSE(send(wire::GetDeviceLog{.account = "nonsense"}).has_value());
}

TEST_F(Logging, AFloodOfLogsIsLimitedBySource) {
    TestRelay strict(
        RelayOptions{.limits = {.device_logs_per_source = {.burst = 2, .per_hour = 60}}});
    const wire::AppendDeviceLog request{.entry = wire::encode(entry(bob))};
    EXPECT_EQ(check_of(strict.relay.handle(request, strict.peer)), "ok");
    EXPECT_EQ(check_of(strict.relay.handle(request, strict.peer)), "ok");
    EXPECT_EQ(check_of(strict.relay.handle(request, strict.peer)), "RLY-26");
}

// ---- Assistants ----

wire::AgentEntry entry_of(const crypto::SigningKey& enclave, const crypto::SigningKey& wallet) {
    wire::AgentEntry out{
        .credential = wire::encode(testing::make_agent_credential(wallet, enclave.public_key())),
        .hpke_key = {},
        .name = "assistant",
        .model = "model",
        .scopes = {1},
        .issued_at = kTestNow,
        .signature = {}};
    out.signature = to_array<64>(wire::sign(enclave, out));
    return out;
}

struct Assistants : Looking {
    crypto::SigningKey enclave = key_named("enclave");
    Bytes enclave_token = server.token(enclave);

    static wire::AgentEntry entry(const crypto::SigningKey& key) {
        return entry_of(key, key_named("operator"));
    }
    auto put(const Bytes& bytes) {
        return send(wire::PutAgentEntry{.token = enclave_token, .entry = bytes});
    }
};

TEST_F(Assistants, AnEnclavePutsItsOwnEntryAndReplacesIt) {
    wire::AgentEntry mine = entry(enclave);
    ASSERT_EQ(check_of(put(wire::encode(mine))), "ok");
    mine.name = "renamed";
    mine.signature = to_array<64>(wire::sign(enclave, mine));
    ASSERT_EQ(check_of(put(wire::encode(mine))), "ok");
    const auto list = send(wire::ListAgents{});
    ASSERT_EQ(list->entries.size(), 1u);
    EXPECT_EQ(list->entries[0], wire::encode(mine));
    server.clock.pass_ms(kAgentEntryLifetimeMs);
    EXPECT_TRUE(send(wire::ListAgents{})->entries.empty());
}

TEST_F(Assistants, AnEntryOfAnotherKeyOrWithAForgedSignatureIsRefused) {
    EXPECT_EQ(check_of(put(wire::encode(entry(key_named("other enclave"))))), "RLY-31");
    wire::AgentEntry forged = entry(enclave);
    forged.name = "somebody else";
    EXPECT_EQ(check_of(put(wire::encode(forged))), "RLY-32");
    auto credential = testing::make_agent_credential(key_named("operator"), enclave.public_key());
    credential.signature[0] ^= 1;
    forged = entry(enclave);
    forged.credential = wire::encode(credential);
    forged.signature = to_array<64>(wire::sign(enclave, forged));
    EXPECT_EQ(code_of(put(wire::encode(forged))), Errc::bad_signature);
    EXPECT_EQ(check_of(put(Bytes(kAgentEntryMaxBytes + 1))), "RLY-11");
    EXPECT_FALSE(put(Bytes(10)).has_value());
    EXPECT_TRUE(send(wire::ListAgents{})->entries.empty());
}

TEST_F(Assistants, OneSourcePutsEntriesAtABoundedRate) {
    TestRelay strict(
        RelayOptions{.limits = {.agent_entries_per_source = {.burst = 4, .per_hour = 60},
                                .new_agents_per_source = {.burst = 1, .per_hour = 30}}});
    const auto put_at = [&](const crypto::SigningKey& key) {
        return strict.relay.handle(
            wire::PutAgentEntry{.token = strict.token(key), .entry = wire::encode(entry(key))},
            strict.peer);
    };
    const auto other = key_named("other enclave");
    EXPECT_EQ(check_of(put_at(enclave)), "ok");
    EXPECT_EQ(check_of(put_at(other)), "RLY-36");
    EXPECT_EQ(code_of(put_at(other)), Errc::rate_limited);
    // What is there is renewed, as often as all entries may be put.
    EXPECT_EQ(check_of(put_at(enclave)), "ok");
    EXPECT_EQ(check_of(put_at(enclave)), "RLY-36");
    strict.clock.pass_ms(2 * kMinuteMs);
    EXPECT_EQ(check_of(put_at(other)), "ok");
}

/// A relay whose list of assistants holds what a test says, put in the order of `operators`.
struct AgentList : ::testing::Test {
    store::MemoryStore store;
    store::Partition list{.space = store::Space::agents, .id = {}};
    std::vector<crypto::SigningKey> enclaves;
    std::unique_ptr<TestRelay> server;

    void fill(std::size_t count, std::string_view wallet) {
        for (std::size_t i = 0; i < count; ++i) {
            const crypto::SigningKey enclave = key_named("listed " + std::to_string(listed_));
            ASSERT_TRUE(
                store
                    .put_blob(list,
                              {.name = to_bytes(enclave.public_key()),
                               .expires_at = kTestNow.plus_ms(
                                   kHourMs + static_cast<std::int64_t>(listed_) * kMinuteMs),
                               .value = wire::encode(entry_of(enclave, key_named(wallet)))})
                    .has_value());
            ++listed_;
        }
    }
    bool is_listed(std::string_view enclave) {
        return store.get_blob(list, key_named(enclave).public_key(), kTestNow).value().has_value();
    }
    std::size_t size() { return store.list_blobs(list, {}, 2 * kAgentsMax, kTestNow)->size(); }
    std::string put(std::string_view enclave, std::string_view wallet) {
        if (server == nullptr) {
            server = std::make_unique<TestRelay>(store, RelayOptions{});
        }
        const auto key = key_named(enclave);
        return check_of(server->relay.handle(
            wire::PutAgentEntry{.token = server->token(key),
                                .entry = wire::encode(entry_of(key, key_named(wallet)))},
            server->peer));
    }

  private:
    std::size_t listed_ = 0;
};

TEST_F(AgentList, IsFullAtItsLimitForOperatorsWhoHaveNoneInIt) {
    fill(1, "honest");
    fill(kAgentsMax - 1, "crowd");
    EXPECT_EQ(put("newcomer", "stranger"), "RLY-34");
    // Who is there can renew an entry, or replace it by another.
    EXPECT_EQ(put("listed 0", "honest"), "ok");
    EXPECT_EQ(put("successor", "honest"), "ok");
    EXPECT_TRUE(is_listed("successor"));
    EXPECT_FALSE(is_listed("listed 0"));
    EXPECT_EQ(size(), kAgentsMax);
}

TEST_F(AgentList, AnOperatorsOldestEntryGivesWay) {
    fill(1, "honest");
    fill(kAgentsPerOperatorMax, "crowd");
    EXPECT_EQ(put("one more", "crowd"), "ok");
    EXPECT_TRUE(is_listed("listed 0"));   // Older, but of another operator.
    EXPECT_FALSE(is_listed("listed 1"));  // The crowd's oldest.
    EXPECT_TRUE(is_listed("listed 2"));
    EXPECT_TRUE(is_listed("one more"));
    EXPECT_EQ(size(), kAgentsPerOperatorMax + 1);
    EXPECT_EQ(put("newcomer", "stranger"), "ok");
    EXPECT_EQ(size(), kAgentsPerOperatorMax + 2);
}

}  // namespace
}  // namespace chatmcp::relay
