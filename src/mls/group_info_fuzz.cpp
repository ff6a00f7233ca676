// Carol joins by an external commit, and a relay follows, from whatever comes as a GroupInfo. The
// first byte says how: as it is (0), or as the extensions (1) or the tree (2) of one that Alice
// signs. A refusal writes nothing, and who follows accepts whatever a newcomer accepts.

#include "base/check.h"
#include "mls/public_group.h"
#include "support/mls_fuzz_group.h"

namespace chatmcp::mls {
namespace {

struct Open {
    testing::FuzzGroup group;
    testing::MlsMember carol{"newcomer", 77};
};

Open& open_group() {
    static Open shared;
    return shared;
}

Bytes group_info_of(ByteView input) {
    const ByteView body = input.subspan(1);
    if (input[0] == 0) {
        return to_bytes(body);
    }
    testing::MlsMember& alice = open_group().group.alice;
    const Bytes honest = alice.group->group_info(true, true).value();
    wire::Reader reader(honest);
    static_cast<void>(read_message_header(reader));
    GroupInfo info = GroupInfo::read(reader).value();
    if (input[0] == 1) {
        wire::Reader list(body);
        if (auto extensions = read_extensions(list); extensions.has_value()) {
            info.extensions = *std::move(extensions);
        }
    } else {
        set_extension(info.extensions, ExtensionType::ratchet_tree, to_bytes(body));
        const auto tree = RatchetTree::decode(testing::kTestSuite, body, 1000);
        if (tree.has_value()) {
            info.context.tree_hash = tree->root_hash().to_bytes();
        }
    }
    info.sign(testing::state_of(alice).epoch.signature_key);
    return encode_message(WireFormat::group_info, info);
}

void run(ByteView input) {
    if (input.empty()) {
        return;
    }
    testing::MlsMember& carol = open_group().carol;
    const Bytes info = group_info_of(input);
    testing::MemoryTransaction transaction(carol.store);
    auto joined =
        Group::join_external(carol.environment,
                             transaction,
                             ExternalJoin{.own = carol.setup(), .group_info = info, .resync = {}},
                             carol.arrival);
    const auto followed = PublicGroup::open(carol.environment, info, carol.arrival);
    if (!joined.has_value()) {
        CHATMCP_CHECK(!transaction.changed_anything());
        return;
    }
    CHATMCP_CHECK(followed.has_value());
    CHATMCP_CHECK(joined->first.encrypt(transaction, Bytes{1}, {}, 0).has_value());
}

}  // namespace
}  // namespace chatmcp::mls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chatmcp::mls::run({data, size});
    return 0;
}
