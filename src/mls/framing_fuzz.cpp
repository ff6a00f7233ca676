// Whatever comes as a message: what decodes encodes to the same bytes again, so that a signature
// or hash over it means one thing.

#include "base/check.h"
#include "mls/framing.h"
#include "mls/ratchet_tree.h"
#include "mls/welcome.h"

namespace chatmcp::mls {
namespace {

template <class T>
void round_trip(ByteView input) {
    if (const auto decoded = wire::decode<T>(input); decoded.has_value()) {
        CHATMCP_CHECK(equal(wire::encode(*decoded), input));
    }
}

void run(ByteView input) {
    wire::Reader reader(input);
    if (const auto format = read_message_header(reader); format.has_value()) {
        const ByteView body = input.subspan(reader.position());
        round_trip<PublicMessage>(body);
        round_trip<PrivateMessage>(body);
        round_trip<Welcome>(body);
        round_trip<GroupInfo>(body);
        round_trip<KeyPackage>(body);
        return;
    }
    round_trip<AuthenticatedContent>(input);
    round_trip<Commit>(input);
    round_trip<Proposal>(input);
    round_trip<GroupContext>(input);
    const auto tree = RatchetTree::decode(
        CipherSuite::x25519_chacha20poly1305_sha256_ed25519, input, Limits{}.members_max);
    if (tree.has_value()) {
        CHATMCP_CHECK(equal(tree->encode(), input));
        CHATMCP_CHECK(!tree->root_hash().empty());
    }
}

}  // namespace
}  // namespace chatmcp::mls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chatmcp::mls::run({data, size});
    return 0;
}
