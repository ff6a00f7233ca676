#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "crypto/hpke.h"
#include "mls/tree_draft.h"

namespace chatmcp::mls {

/// HPKE private keys of one member: its leaf's, and those of its direct path that it knows.
using PrivateKeys = std::map<NodeIndex, crypto::HpkePrivateKey>;

/// Spec: RFC 9420 section 7.6.
struct HpkeCiphertext {
    Bytes kem_output;
    Bytes ciphertext;
    static Result<HpkeCiphertext> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};
struct UpdatePathNode {
    Bytes encryption_key;
    std::vector<HpkeCiphertext> encrypted_path_secret;
    static Result<UpdatePathNode> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};
struct UpdatePath {
    LeafNode leaf;
    std::vector<UpdatePathNode> nodes;
    static Result<UpdatePath> read(wire::Reader& reader);
    void write(wire::Writer& writer) const;
};

/// Fresh secrets of a path that was put into a draft, not yet encrypted for anybody.
struct NewPath {
    struct Step {
        NodeIndex node;
        NodeIndex copath;
        SecretBytes path_secret;
    };
    LeafNode leaf;  // Signed, as it stands in the draft.
    std::vector<Step> steps;
    PrivateKeys private_keys;  // Leaf and steps.
    SecretBytes commit_secret;
};

/// Draw a path for the own leaf and merge its public half into the draft (section 7.4 and 7.5).
/// `leaf` has everything but encryption key, source, parent hash and signature.
[[nodiscard]] NewPath create_path(TreeDraft& draft,
                                  LeafIndex own,
                                  LeafNode leaf,
                                  const SignatureKey& signature_key,
                                  ByteView group_id,
                                  crypto::Random& random);

/// Encrypt each path secret to the resolution of its copath child, without leaves that the same
/// commit adds (they get it in their Welcome). `context`: the provisional GroupContext, with the
/// tree hash of the draft (section 12.4.1).
/// Errors: malformed (CRY-07, CRY-08) a member's key that cannot be encrypted to.
[[nodiscard]] Result<UpdatePath> encrypt_path(const TreeDraft& draft,
                                              const NewPath& path,
                                              const std::set<LeafIndex>& added,
                                              ByteView context,
                                              crypto::Random& random);

/// Merge the public half of somebody's path into the draft, after the proposals.
///
/// Errors: invalid_argument (MLS-24) the leaf's source is not commit, (MLS-25) its encryption key
///         is the old one; invalid_tree (MLS-26) another number of nodes than the filtered direct
///         path, (MLS-27) another number of ciphertexts than the resolution, (MLS-28) the leaf's
///         parent hash.
[[nodiscard]] Result<void> merge_path(TreeDraft& draft,
                                      LeafIndex sender,
                                      const UpdatePath& path,
                                      const std::set<LeafIndex>& added);

/// What the path gives to one member.
struct PathSecrets {
    PrivateKeys private_keys;  // From the common ancestor up.
    SecretBytes commit_secret;
};
/// Decrypt the path secret that is meant for `own` and derive everything above. Precondition:
/// merge_path passed.
///
/// Errors: cannot_open (MLS-29); invalid_tree (MLS-30) a derived public key is not the path's.
[[nodiscard]] Result<PathSecrets> decrypt_path(const TreeDraft& draft,
                                               LeafIndex sender,
                                               const UpdatePath& path,
                                               const std::set<LeafIndex>& added,
                                               LeafIndex own,
                                               const PrivateKeys& keys,
                                               ByteView context);

/// The same from a path secret that came in a Welcome, for the lowest common ancestor with the
/// sender. Errors: invalid_tree (MLS-30), (MLS-31) no such node.
[[nodiscard]] Result<PathSecrets> implant_path_secret(const TreeDraft& tree,
                                                      LeafIndex sender,
                                                      LeafIndex own,
                                                      SecretBytes path_secret);

}  // namespace chatmcp::mls
