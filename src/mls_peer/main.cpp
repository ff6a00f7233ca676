// chatmcp-mls-peer: clients of our MLS for tests with other implementations (docs/mls-peer.md).

#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>

#include "mls_peer/peer.h"

namespace {

constexpr int kUsage = 2;
constexpr std::string_view kHelp =
    "usage: chatmcp-mls-peer\n"
    "\n"
    "Reads one JSON object a line from standard input and answers each with one line: clients of\n"
    "ChatMCP's MLS, for tests against other implementations. It accepts every credential, so it "
    "is\n"
    "no messenger. The commands are in docs/mls-peer.md.\n";

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        const bool help = std::string_view(argv[1]) == "--help";
        static_cast<void>(std::fwrite(kHelp.data(), 1, kHelp.size(), help ? stdout : stderr));
        return help ? 0 : kUsage;
    }
    chatmcp::mls_peer::Peer peer;
    std::string line;
    while (!peer.quit() && std::getline(std::cin, line)) {
        std::cout << peer.handle(line) << '\n' << std::flush;
    }
    return 0;
}
