#pragma once

#include <cstdint>
#include <vector>

#include "base/key_value.h"
#include "mls/cipher_suite.h"
#include "mls/storage.h"

namespace chatmcp::mls {

/// One epoch's secrets for application components: a tree of 2^16 leaves, one for each ComponentID,
/// whose root is the epoch's application_export_secret. A leaf is given out once; what it could be
/// derived from is gone afterwards, so that not even a later look into the store gives it again.
///
/// Spec: draft-ietf-mls-extensions, section "Exported Secrets"; RFC 9420 section 9.
class ExporterTree {
  public:
    explicit ExporterTree(SecretBytes application_export_secret);

    /// SafeExportSecret(component), KDF.Nh bytes.
    /// Errors: replayed (EXT-01) it was taken before in this epoch. Cost: 16 levels, once.
    [[nodiscard]] Result<SecretBytes> take(CipherSuite suite, std::uint16_t component);

    /// Own records: struct { uint8 height; uint16 first; opaque secret<V>; } subtrees<V>,
    /// ascending. Errors: malformed (MLS-48) heights or positions that no tree has.
    static Result<ExporterTree> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;

  private:
    ExporterTree() = default;

    /// A part of the tree of which nothing was taken: 2^height leaves from `first` on.
    struct Subtree {
        std::uint8_t height = 0;
        std::uint16_t first = 0;
        SecretBytes secret;
    };
    [[nodiscard]] static bool covers(const Subtree& subtree, std::uint16_t component);

    std::vector<Subtree> subtrees_;  // Ascending, disjoint.
};

/// The tree of a new epoch replaces what is left of the last one's.
[[nodiscard]] Result<void> start_exporter_tree(Transaction& transaction,
                                               ByteView group_id,
                                               SecretBytes application_export_secret);
/// Take one leaf of the stored tree, and store what is left.
/// Errors: those of ExporterTree::take; not_found (EXT-06) an epoch that began before this build
///         kept such trees; storage_corrupt (MLS-48).
[[nodiscard]] Result<SecretBytes> export_component_secret(Transaction& transaction,
                                                          CipherSuite suite,
                                                          ByteView group_id,
                                                          std::uint16_t component);

}  // namespace chatmcp::mls
