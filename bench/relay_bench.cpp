// The relay over its store, without sockets; the disk under it; key derivation.

#include <atomic>
#include <memory>
#include <thread>

#include "base/clock.h"
#include "bench/benches.h"
#include "crypto/kdf.h"
#include "crypto/random.h"
#include "relay/relay_testing.h"
#include "store/rocks_store.h"

namespace chatmcp::bench {
namespace {

constexpr std::size_t kPayloadBytes = 1024;
constexpr std::size_t kProbesPerRun = 200;
constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;

/// The messages of one thread, signed beforehand: that is the clients' work.
std::vector<wire::PublishMessage> signed_messages(const relay::TestGroup& group,
                                                  std::size_t count) {
    std::vector<wire::PublishMessage> out;
    for (std::size_t i = 0; i < count; ++i) {
        std::string payload = std::to_string(i);
        payload.resize(kPayloadBytes, 'x');
        out.push_back(group.message(0, payload));
    }
    return out;
}

}  // namespace

Json measure_disk(const Arguments& arguments) {
    DiskProbe disk(arguments.text("--folder"));
    for (std::size_t i = 0; i < arguments.number("--count"); ++i) {
        disk.sample();
    }
    return disk.samples().to_json();
}

Json measure_relay(const Arguments& arguments) {
    const std::string folder = arguments.text("--folder");
    const std::size_t threads = arguments.number("--threads");
    const std::size_t each = arguments.number("--messages") / threads;
    const auto store = must(store::RocksStore::open(folder + "/store"), "open the store");
    const SystemClock clock;
    crypto::SystemRandom random;
    relay::Relay relay(*store, crypto::SigningKey::generate(random), clock, random);
    std::vector<std::vector<wire::PublishMessage>> work;
    const relay::Peer peer{.source = relay::text("bench"), .channel = relay::text("bench")};
    for (std::size_t i = 0; i < threads; ++i) {
        const relay::TestGroup group("bench " + std::to_string(i), relay);
        must(relay.handle(group.create(), peer), "create a topic");
        work.push_back(signed_messages(group, each));
    }
    DiskProbe disk(folder);
    for (std::size_t i = 0; i < kProbesPerRun; ++i) {
        disk.sample();
    }
    const auto before = store->statistics();
    const auto start = SteadyClock::now();
    {
        std::vector<std::jthread> running;
        for (auto& own : work) {
            running.emplace_back([&relay, &peer, &own] {
                for (const wire::PublishMessage& message : own) {
                    must(relay.handle(message, peer), "publish");
                }
            });
        }
    }
    const double ms = milliseconds_since(start);
    const auto after = store->statistics();
    for (std::size_t i = 0; i < kProbesPerRun; ++i) {
        disk.sample();
    }
    return {{"messages", threads * each},
            {"ms", ms},
            {"syncs", after.syncs - before.syncs},
            {"fdatasync", disk.samples().to_json()}};
}

Json measure_key_derivation(const Arguments& /*arguments*/) {
    const crypto::ScryptParameters parameters;
    const auto start = SteadyClock::now();
    must(crypto::scrypt(as_bytes("a passphrase"), Bytes(32, 7), parameters, 32), "derive a key");
    const double ms = milliseconds_since(start);
    return {{"ms", ms}, {"memory_mib", 128 * parameters.n * parameters.r / kMebibyte}};
}

}  // namespace chatmcp::bench
