// A node over a relay in memory, for tests in other languages: writes its URL, serves until its
// standard input ends.

#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>

#include "base/clock.h"
#include "crypto/random.h"
#include "net/node_service.h"
#include "relay/relay.h"
#include "stamps/stamp_book.h"
#include "store/memory_store.h"

int main() {
    chatmcp::store::MemoryStore store;
    chatmcp::crypto::SystemRandom random;
    const chatmcp::SystemClock clock;
    // A chain on which nothing has happened yet.
    chatmcp::stamps::StampBook book;
    const auto seen = book.update(
        {.scope = {}, .slot = 1, .params = chatmcp::program::kParamsAtFirst, .stamps = {}},
        clock.now());
    if (!seen.has_value()) {
        return EXIT_FAILURE;
    }
    chatmcp::relay::RelayOptions options;
    options.stamp_book = &book;
    chatmcp::relay::Relay relay(
        store, chatmcp::crypto::SigningKey::generate(random), clock, random, options);
    auto server = chatmcp::net::NodeServer::start(relay, {});
    if (!server.has_value()) {
        std::cerr << "connect_test_node: " << server.error().check << "\n";
        return EXIT_FAILURE;
    }
    std::cout << (*server)->url() << std::endl;
    const std::string ignored{std::istreambuf_iterator<char>(std::cin),
                              std::istreambuf_iterator<char>()};
    (*server)->stop();
    return EXIT_SUCCESS;
}
