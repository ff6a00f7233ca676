#include "mls/multi_credential.h"

#include <algorithm>
#include <set>

#include "mls/credential.h"
#include "mls/extension.h"
#include "mls/ratchet_tree.h"
#include "mls/tree_draft.h"

namespace chatmcp::mls {
namespace {

constexpr std::string_view kBindingLabel = "CredentialBindingTBS";

bool is_multi(std::uint16_t type) {
    return type == static_cast<std::uint16_t>(CredentialType::multi) ||
           type == static_cast<std::uint16_t>(CredentialType::weak_multi);
}

void write_unsigned(wire::Writer& writer, const CredentialBinding& binding) {
    writer.u16(static_cast<std::uint16_t>(binding.suite));
    binding.credential.write(writer);
    writer.vector(binding.credential_key);
}

Bytes to_be_signed(const CredentialBinding& binding, ByteView leaf_signature_key) {
    wire::Writer writer;
    write_unsigned(writer, binding);
    writer.vector(leaf_signature_key);
    return writer.take();
}

/// What the bindings of some leaves ask of every member.
struct Needed {
    std::set<std::uint16_t> suites;
    std::set<std::uint16_t> credentials;
};

Result<void> add_needed(const LeafNode& leaf, Needed& needed) {
    if (leaf.credential.type != static_cast<std::uint16_t>(CredentialType::multi)) {
        return {};
    }
    CHATMCP_TRY(const auto bindings, decode_multi_credential(leaf.credential));
    for (const CredentialBinding& binding : bindings) {
        needed.suites.insert(static_cast<std::uint16_t>(binding.suite));
        needed.credentials.insert(binding.credential.type);
    }
    return {};
}

Result<void> check_supports(const LeafNode& leaf, const Needed& needed) {
    const auto lists = [](const std::vector<std::uint16_t>& list) {
        return [&list](std::uint16_t value) { return contains(list, value); };
    };
    if (!std::ranges::all_of(needed.suites, lists(leaf.capabilities.cipher_suites)) ||
        !std::ranges::all_of(needed.credentials, lists(leaf.capabilities.credentials))) {
        return fail(Errc::invalid_argument, "EXT-20");
    }
    return {};
}

/// `visit(leaf)` for every member of a tree or draft.
template <class Tree, class Visit>
Result<void> for_each_member(const Tree& tree, Visit visit) {
    for (LeafIndex index{0}; in_tree(index, tree.width()); ++index.value) {
        if (const LeafNode* leaf = tree.leaf(index); leaf != nullptr) {
            CHATMCP_TRY_VOID(visit(*leaf));
        }
    }
    return {};
}

/// A leaf that lists at least what the one before it did needs no second look.
bool can_as_much(const LeafNode& leaf, const LeafNode* before) {
    return before != nullptr &&
           leaf.capabilities.cipher_suites == before->capabilities.cipher_suites &&
           leaf.capabilities.credentials == before->capabilities.credentials;
}

}  // namespace

Result<CredentialBinding> CredentialBinding::read(wire::Reader& reader) {
    CredentialBinding binding;
    CHATMCP_TRY(const std::uint16_t number, reader.u16());
    CHATMCP_TRY(binding.suite, cipher_suite(number));
    CHATMCP_TRY(binding.credential, Credential::read(reader));
    if (is_multi(binding.credential.type)) {
        return fail(Errc::malformed, "EXT-17");
    }
    CHATMCP_TRY(const ByteView key, reader.vector(kPublicKeyMaxBytes));
    binding.credential_key = to_bytes(key);
    CHATMCP_TRY(const ByteView signature, reader.vector(kSignatureMaxBytes));
    binding.signature = to_bytes(signature);
    return binding;
}

void CredentialBinding::write(wire::Writer& writer) const {
    write_unsigned(writer, *this);
    writer.vector(signature);
}

CredentialBinding bind_credential(CipherSuite suite,
                                  Credential credential,
                                  const SignatureKey& key,
                                  ByteView leaf_signature_key) {
    CredentialBinding binding{suite, std::move(credential), to_bytes(key.public_key()), {}};
    binding.signature =
        sign_with_label(suite, key, kBindingLabel, to_be_signed(binding, leaf_signature_key));
    return binding;
}

Result<std::vector<CredentialBinding>> decode_multi_credential(const Credential& credential) {
    wire::Reader reader(credential.data);
    std::vector<CredentialBinding> bindings;
    while (!reader.empty()) {
        if (bindings.size() == kBindingsMax) {
            return fail(Errc::malformed, "EXT-18");
        }
        CHATMCP_TRY(CredentialBinding binding, CredentialBinding::read(reader));
        bindings.push_back(std::move(binding));
    }
    if (bindings.empty()) {
        return fail(Errc::malformed, "EXT-18");
    }
    return bindings;
}

Credential encode_multi_credential(const std::vector<CredentialBinding>& bindings) {
    wire::Writer writer;
    for (const CredentialBinding& binding : bindings) {
        binding.write(writer);
    }
    return {static_cast<std::uint16_t>(CredentialType::multi), writer.take()};
}

Result<void> check_multi_credential(const Credential& credential, ByteView leaf_signature_key) {
    CHATMCP_TRY(const auto bindings, decode_multi_credential(credential));
    for (const CredentialBinding& binding : bindings) {
        CHATMCP_TRY_VOID(
            check_credential(binding.suite, binding.credential, binding.credential_key));
        CHATMCP_TRY_VOID(verify_with_label(binding.suite,
                                           binding.credential_key,
                                           kBindingLabel,
                                           to_be_signed(binding, leaf_signature_key),
                                           binding.signature,
                                           "EXT-19"));
    }
    return {};
}

Result<void> check_bindings_supported(const RatchetTree& tree) {
    Needed needed;
    CHATMCP_TRY_VOID(
        for_each_member(tree, [&](const LeafNode& leaf) { return add_needed(leaf, needed); }));
    return for_each_member(tree,
                           [&](const LeafNode& leaf) { return check_supports(leaf, needed); });
}

Result<void> check_bindings_supported(const TreeDraft& draft) {
    Needed fresh;
    std::vector<const LeafNode*> newcomers;
    for (const auto& [index, slot] : draft.slots()) {
        if (!slot.replaced || slot.node.leaf == nullptr) {
            continue;
        }
        const LeafNode& leaf = *slot.node.leaf;
        CHATMCP_TRY_VOID(add_needed(leaf, fresh));
        const LeafIndex at = leaf_of(index);
        const bool was_there = in_tree(at, draft.base().width());
        if (!can_as_much(leaf, was_there ? draft.base().leaf(at) : nullptr)) {
            newcomers.push_back(&leaf);
        }
    }
    if (!fresh.suites.empty()) {
        CHATMCP_TRY_VOID(for_each_member(
            draft, [&](const LeafNode& leaf) { return check_supports(leaf, fresh); }));
    }
    if (newcomers.empty()) {
        return {};
    }
    Needed all;
    CHATMCP_TRY_VOID(
        for_each_member(draft, [&](const LeafNode& leaf) { return add_needed(leaf, all); }));
    for (const LeafNode* leaf : newcomers) {
        CHATMCP_TRY_VOID(check_supports(*leaf, all));
    }
    return {};
}

}  // namespace chatmcp::mls
