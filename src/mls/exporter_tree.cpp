#include "mls/exporter_tree.h"

#include <algorithm>

#include "base/secret.h"
#include "mls/extension.h"

namespace chatmcp::mls {
namespace {

constexpr std::uint8_t kHeight = 16;  // 2^16 leaves: one for each ComponentID.

std::uint32_t leaves_below(std::uint8_t height) {
    return std::uint32_t{1} << height;
}

}  // namespace

ExporterTree::ExporterTree(SecretBytes application_export_secret) {
    subtrees_.push_back({kHeight, 0, std::move(application_export_secret)});
}

bool ExporterTree::covers(const Subtree& subtree, std::uint16_t component) {
    return component >= subtree.first &&
           std::uint32_t{component} - subtree.first < leaves_below(subtree.height);
}

Result<SecretBytes> ExporterTree::take(CipherSuite suite, std::uint16_t component) {
    const auto cover = std::ranges::find_if(
        subtrees_, [&](const Subtree& subtree) { return covers(subtree, component); });
    if (cover == subtrees_.end()) {
        return fail(Errc::replayed, "EXT-01");
    }
    Subtree at = std::move(*cover);
    subtrees_.erase(cover);
    while (at.height > 0) {
        const auto child = [&](std::string_view side) {
            return expand_with_label(
                suite, at.secret.view(), "tree", as_bytes(side), hash_bytes(suite));
        };
        const auto height = static_cast<std::uint8_t>(at.height - 1);
        Subtree left{height, at.first, child("left")};
        Subtree right{
            height, static_cast<std::uint16_t>(at.first + leaves_below(height)), child("right")};
        const bool goes_left = covers(left, component);
        at = std::move(goes_left ? left : right);
        subtrees_.push_back(std::move(goes_left ? right : left));
    }
    std::ranges::sort(subtrees_, {}, &Subtree::first);
    return std::move(at.secret);
}

Result<ExporterTree> ExporterTree::read(wire::Reader& reader) {
    CHATMCP_TRY(wire::Reader inner, reader.sub(wire::kVectorMaxBytes));
    ExporterTree tree;
    std::uint32_t next = 0;
    while (!inner.empty()) {
        Subtree subtree;
        CHATMCP_TRY(subtree.height, inner.u8());
        CHATMCP_TRY(subtree.first, inner.u16());
        CHATMCP_TRY(const ByteView secret, inner.vector(kHashMaxBytes));
        if (subtree.height > kHeight || subtree.first < next ||
            subtree.first % leaves_below(subtree.height) != 0) {
            return fail(Errc::malformed, "MLS-48");
        }
        next = subtree.first + leaves_below(subtree.height);
        subtree.secret = SecretBytes(secret);
        tree.subtrees_.push_back(std::move(subtree));
    }
    return tree;
}

void ExporterTree::write(wire::Writer& writer) const {
    writer.vector_of([&](wire::Writer& inner) {
        inner.reserve(subtrees_.size() * (kHashMaxBytes + 4));
        for (const Subtree& subtree : subtrees_) {
            inner.u8(subtree.height);
            inner.u16(subtree.first);
            inner.vector(subtree.secret.view());
        }
    });
}

namespace {

Result<void> put_tree(Transaction& transaction, ByteView key, const ExporterTree& tree) {
    wire::Writer writer;
    tree.write(writer);
    return put_secret(transaction, key, std::move(writer));
}

}  // namespace

Result<void> start_exporter_tree(Transaction& transaction,
                                 ByteView group_id,
                                 SecretBytes application_export_secret) {
    return put_tree(transaction,
                    record_key(group_id, RecordKind::exporter_tree),
                    ExporterTree(std::move(application_export_secret)));
}

Result<SecretBytes> export_component_secret(Transaction& transaction,
                                            CipherSuite suite,
                                            ByteView group_id,
                                            std::uint16_t component) {
    const Bytes key = record_key(group_id, RecordKind::exporter_tree);
    CHATMCP_TRY(auto record, transaction.get(key));
    if (!record.has_value()) {
        return fail(Errc::not_found, "EXT-06");
    }
    auto tree = stored(wire::decode<ExporterTree>(*record));
    wipe(*record);
    if (!tree.has_value()) {
        return fail(tree.error());
    }
    CHATMCP_TRY(SecretBytes secret, tree->take(suite, component));
    CHATMCP_TRY_VOID(put_tree(transaction, key, *tree));
    return secret;
}

}  // namespace chatmcp::mls
