// Dave receives whatever comes as a Welcome. The first byte says how: as it is (0), or as the
// content of a Welcome that Alice encrypts for him and signs: the tree (1), the group context's
// extensions (2). A refusal writes nothing.

#include "base/check.h"
#include "support/mls_fuzz_group.h"

namespace chatmcp::mls {
namespace {

struct Invited {
    Invited() {
        const auto bundle = group.alice.stage(Plan{.add = {group.dave_package}});
        honest = bundle->welcomes[0].welcome;
    }
    testing::FuzzGroup group;
    Bytes honest;
};

Invited& invited() {
    static Invited shared;
    return shared;
}

Bytes welcome_of(ByteView input) {
    const ByteView body = input.subspan(1);
    if (input[0] == 0) {
        return to_bytes(body);
    }
    auto& group = invited().group;
    auto opened = testing::open_welcome_of(group.dave, invited().honest);
    if (input[0] == 1) {
        set_extension(opened.info.extensions, ExtensionType::ratchet_tree, to_bytes(body));
        const auto tree = RatchetTree::decode(testing::kTestSuite, body, 1000);
        if (tree.has_value()) {
            opened.info.context.tree_hash = tree->root_hash().to_bytes();
        }
    } else {
        wire::Reader reader(body);
        if (auto extensions = read_extensions(reader); extensions.has_value()) {
            opened.info.context.extensions = *std::move(extensions);
        }
    }
    return testing::close_welcome(
        opened, &testing::state_of(group.alice).epoch.signature_key, group.dave.random);
}

void run(ByteView input) {
    if (input.empty()) {
        return;
    }
    testing::MlsMember& dave = invited().group.dave;
    const Bytes welcome = welcome_of(input);
    testing::MemoryTransaction transaction(dave.store);
    auto joined = Group::join(dave.environment, transaction, welcome, dave.arrival);
    if (!joined.has_value()) {
        CHATMCP_CHECK(!transaction.changed_anything());
        return;
    }
    CHATMCP_CHECK(joined->encrypt(transaction, Bytes{1}, {}, 0).has_value());
}

}  // namespace
}  // namespace chatmcp::mls

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chatmcp::mls::run({data, size});
    return 0;
}
