// The record of a group that is followed. What reads back is written the same way again, and goes
// on refusing what it refused.

#include "base/check.h"
#include "mls/public_group.h"
#include "support/mls_fuzz_group.h"

namespace chatmcp::mls {
namespace {

struct Followed {
    testing::FuzzGroup group;
    Bytes proposal;
    Bytes record;
};

const Followed& followed_group() {
    static Followed shared;
    if (shared.record.empty()) {
        testing::MlsMember& alice = shared.group.alice;
        auto group = PublicGroup::open(
            alice.environment, alice.group->group_info(true, false).value(), alice.arrival);
        CHATMCP_CHECK(group.has_value());
        shared.proposal =
            shared.group.bob
                .propose(Plan{.rotate = shared.group.bob.setup(), .public_message = true})
                .value();
        auto checked = group->check(shared.proposal, alice.arrival);
        CHATMCP_CHECK(checked.has_value());
        CHATMCP_CHECK(group->apply(*std::move(checked)).has_value());
        shared.record = group->encode();
    }
    return shared;
}

// The first two bytes say where the input replaces a part of a true record; all ones: it is one.
Bytes record_of(ByteView input) {
    constexpr std::size_t kWhole = 0xffff;
    const std::size_t at = std::size_t{input[0]} << 8U | input[1];
    const ByteView body = input.subspan(2);
    if (at == kWhole) {
        return to_bytes(body);
    }
    Bytes record = followed_group().record;
    for (std::size_t i = 0; i < body.size() && at + i < record.size(); ++i) {
        record[at + i] = body[i];
    }
    return record;
}

void run(ByteView input) {
    if (input.size() < 2) {
        return;
    }
    const testing::MlsMember& alice = followed_group().group.alice;
    const Bytes record = record_of(input);
    const auto read = PublicGroup::decode(alice.environment, record);
    if (!read.has_value()) {
        return;
    }
    CHATMCP_CHECK(read->encode() == record);
    static_cast<void>(read->check(followed_group().proposal, alice.arrival));
}

}  // namespace
}  // namespace chatmcp::mls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chatmcp::mls::run({data, size});
    return 0;
}
