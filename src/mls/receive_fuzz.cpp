// A live group receives whatever comes. The first byte says how: as it is (0), or as a proposal (1)
// or commit (2) that a member signed, so that the bytes behind get past signature and tag.
// A refusal writes nothing; whatever is accepted, the group still works.

#include "base/check.h"
#include "support/mls_fuzz_group.h"

namespace chatmcp::mls {
namespace {

testing::FuzzGroup& group() {
    static testing::FuzzGroup shared;
    return shared;
}

Bytes message_of(ByteView input) {
    const ByteView body = input.subspan(1);
    if (input[0] == 0) {
        return to_bytes(body);
    }
    const ContentType type = input[0] == 1 ? ContentType::proposal : ContentType::commit;
    AuthenticatedContent content = testing::signed_content(group().bob, type, to_bytes(body));
    content.auth.confirmation_tag = Bytes(32, 0);
    return testing::public_message(group().bob, std::move(content));
}

void run(ByteView input) {
    if (input.empty()) {
        return;
    }
    testing::MlsMember& alice = group().alice;
    const Bytes message = message_of(input);
    // A group of its own from the store each time, and a transaction that is dropped: every input
    // meets the same state.
    testing::MemoryTransaction transaction(alice.store);
    auto live = Group::load(alice.environment, transaction, Bytes(32, 0x47));
    CHATMCP_CHECK(live.has_value());
    const Bytes before = to_bytes(live->view().epoch_authenticator());
    auto received = live->receive(transaction, message, alice.arrival);
    if (!received.has_value()) {
        CHATMCP_CHECK(!transaction.changed_anything());
    } else if (auto* incoming = std::get_if<Incoming>(&*received); incoming != nullptr) {
        CHATMCP_CHECK(!transaction.changed_anything());
        // Who is removed learns no next epoch; everybody else is in it.
        const bool removed = incoming->change().removes_self;
        CHATMCP_CHECK(incoming->apply(transaction).has_value());
        CHATMCP_CHECK(removed == equal(live->view().epoch_authenticator(), before));
    }
    const auto sent = live->encrypt(transaction, Bytes{1, 2, 3}, {}, 16);
    CHATMCP_CHECK(sent.has_value() || sent.error().code == Errc::not_member);
}

}  // namespace
}  // namespace chatmcp::mls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chatmcp::mls::run({data, size});
    return 0;
}
