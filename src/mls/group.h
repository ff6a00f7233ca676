#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/key_value.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/sign.h"
#include "mls/app_ack.h"
#include "mls/cipher_suite.h"
#include "mls/component.h"
#include "mls/content_media_types.h"
#include "mls/environment.h"
#include "mls/types.h"

namespace chatmcp::mls {

/// A leaf of our own before it is signed: for a new group, a key package or a rotation.
struct LeafSetup {
    Credential credential;
    SignatureKey signature_key;
    std::vector<Component> components;
    /// What the leaf says it can process beside its own type. A member whose type is not listed by
    /// all others cannot be added, so this names every type that a group of ours may hold: device
    /// and agent (identity/credential.h).
    std::vector<std::uint16_t> credential_types = {0xF0C1, 0xF0C2};
    std::vector<std::uint16_t> extension_types = {};  // Further ones.
    std::vector<std::uint16_t> proposal_types = {};   // Beyond RFC 9420's own.
    Extensions extensions = {};                       // Leaf extensions beside the dictionary.
};

struct GroupSpec {
    CipherSuite suite = CipherSuite::x25519_chacha20poly1305_sha256_ed25519;
    Bytes group_id;
    std::vector<Component> components;  // The group's app_data_dictionary.
    /// The whole group context extensions, in place of the dictionary and its required capability:
    /// for groups with other implementations, and for what a ReInit continues.
    std::optional<Extensions> extensions = {};
};

/// The group's public state of one epoch, read only.
class GroupView {
  public:
    virtual ~GroupView() = default;
    [[nodiscard]] virtual CipherSuite suite() const = 0;
    [[nodiscard]] virtual ByteView group_id() const = 0;
    [[nodiscard]] virtual Epoch epoch() const = 0;
    [[nodiscard]] virtual LeafIndex own_index() const = 0;
    [[nodiscard]] virtual std::size_t member_count() const = 0;
    /// In the order of leaf indices. Cost: O(members) views; for one member: member().
    [[nodiscard]] virtual std::vector<LeafView> members() const = 0;
    [[nodiscard]] virtual std::optional<LeafView> member(LeafIndex index) const = 0;
    /// The whole LeafNode of a member as it stands in the tree, for showing it to others. Errors:
    /// not_found a blank leaf.
    [[nodiscard]] virtual Result<Bytes> encoded_leaf(LeafIndex index) const = 0;
    [[nodiscard]] virtual const std::vector<Component>& components() const = 0;
    [[nodiscard]] virtual std::optional<ByteView> component(std::uint16_t id) const = 0;
    [[nodiscard]] virtual ByteView epoch_authenticator() const = 0;
    [[nodiscard]] virtual ByteView tree_hash() const = 0;
    [[nodiscard]] virtual ByteView confirmed_transcript_hash() const = 0;

  protected:
    GroupView() = default;
    GroupView(const GroupView&) = default;
    GroupView& operator=(const GroupView&) = default;
};

struct MemberUpdate {
    LeafView before;
    LeafView after;
};
/// The member that proposed something; nobody: an external sender or a new member.
using Proposer = std::optional<LeafIndex>;

struct ComponentsChange {
    std::vector<Component> before;
    std::vector<Component> after;
    std::vector<Proposer> proposers;  // Everybody who proposed a part of it.
};
/// Data that came with a commit (AppEphemeral).
struct Attached {
    Component component;
    Proposer proposer;
};
struct MemberRemoval {
    LeafView leaf;
    Proposer proposer;  // The leaf's own index: it asked to leave.
};
struct Distrust {
    LeafIndex leaf;
    Error reason;
};

/// What a commit does.
struct Change {
    LeafIndex committer;
    Epoch from;
    bool has_path = false;
    /// An external commit (RFC 9420 section 12.4.3.2): the committer is added by it, and may remove
    /// a leaf that was its own (resync).
    bool external = false;
    std::vector<LeafView> added;
    std::vector<Proposer> added_by;     // Of each, same order.
    std::vector<MemberUpdate> updated;  // The committer's own path leaf included.
    std::vector<MemberRemoval> removed;
    /// A GroupContextExtensions or AppDataUpdate proposal is in it.
    std::optional<ComponentsChange> components;
    std::vector<Attached> attached;
    /// An extension of the group context other than the dictionary comes, goes or changes (required
    /// capabilities, external senders, unknown ones); in a group that is joined: one is there that
    /// is neither the dictionary nor required capabilities.
    bool other_extensions_changed = false;
    bool has_pre_shared_keys = false;
    std::optional<ReInit> reinit;  // Nothing is sent in this group any more.
    bool removes_self = false;
    bool public_message = false;  // Came as PublicMessage.
    std::vector<Distrust> distrusted;
};

/// What to commit. Order does not matter; open proposals that are valid are included unless said
/// otherwise.
struct Plan {
    std::vector<Bytes> add = {};  // Key packages (MLSMessage or bare KeyPackage bytes).
    std::vector<LeafIndex> remove = {};
    std::optional<std::vector<Component>> components =
        {};  // The whole new dictionary, by AppDataUpdate where the group requires that.
    std::optional<Extensions> extensions = {};  // Instead: all group context extensions.
    std::optional<LeafSetup> rotate = {};   // New leaf key, credential and components, with a path.
    std::vector<Component> attach = {};     // AppEphemeral
    bool self_remove = false;               // SelfRemove: to be proposed alone, as PublicMessage.
    std::vector<Bytes> external_psks = {};  // Their ids; store_external_psk.
    std::vector<ComponentPsk> component_psks = {};  // store_component_psk.
    std::vector<ResumptionPsk> resumption_psks = {};
    std::optional<ReInit> reinit = {};  // Alone in its commit.
    bool force_path = false;
    bool include_pending = true;
    bool public_message = false;  // PublicMessage instead of PrivateMessage (DESIGN 8, boot rule).
    bool tree_in_welcome = true;  // Otherwise it travels beside it: Bundle::ratchet_tree.
    /// One Welcome to all who are added (RFC 9420 section 12.4.3.1) instead of one for each, which
    /// tells nobody who else was added but carries the group's description as often.
    bool one_welcome = false;
};

struct WelcomeFor {
    Bytes key_package;  // As it was given to Plan::add; empty: for all who are added.
    Bytes welcome;      // MLSMessage with this member's secrets alone, the tree inside.
};

/// A staged commit, ready for the sequencer. The group is in its old epoch until confirm().
struct Bundle {
    Epoch epoch;   // The epoch that the commit ends.
    Bytes commit;  // MLSMessage
    std::vector<WelcomeFor> welcomes;
    Bytes ratchet_tree;  // Unless Plan::tree_in_welcome: what Group::join takes beside a Welcome.
    Change change;
};

struct ApplicationMessage {
    LeafIndex sender;
    LeafView sender_leaf;  // As it was in the message's epoch, which may be a past one.
    Epoch epoch;
    std::uint32_t generation = 0;
    Bytes data;
    Bytes authenticated_data;  // Begins with a SafeAAD where the group asks for it (component.h).
    /// Where the group frames its content: what `data`, whose frame is off, is.
    std::optional<MediaType> media_type = {};
};
struct ProposalReceived {
    Proposer sender;
    Bytes reference;           // ProposalRef
    bool self_remove = false;  // SelfRemove, or a Remove of the sender's own leaf.
};
/// The commit that this group staged itself came back: call confirm().
struct OwnCommit {};
/// A message that this leaf sent came back; nobody decrypts its own messages. For a commit: one
/// that is not staged (any more); `confirmed` says that it made the current epoch. An enclave that
/// sees a commit of its own that is neither staged nor confirmed stops (DESIGN 8).
struct OwnMessage {
    Epoch epoch;
    ContentType content_type = ContentType::application;
    bool confirmed = false;
};

class Group;
struct GroupState;     // group_state.h
struct IncomingState;  // incoming_state.h

/// Somebody else's commit, verified and not applied. Dropping it leaves the group as it was. The
/// Group outlives it (moving the Group is fine), and it can be applied only while the group is in
/// the state in which it was received.
class Incoming {
  public:
    Incoming(const Incoming&) = delete;
    Incoming& operator=(const Incoming&) = delete;
    Incoming(Incoming&&) noexcept;
    Incoming& operator=(Incoming&&) noexcept;
    ~Incoming();
    [[nodiscard]] const Change& change() const;
    /// MLS-Exporter of the epoch that the commit makes, before it is applied: the bundle's next
    /// admission key is compared with it.
    [[nodiscard]] Result<SecretBytes> export_next(std::string_view label,
                                                  ByteView context,
                                                  std::size_t size_bytes) const;
    /// One atomic step; the group is in the next epoch afterwards. Removes own message keys if it
    /// removes ourselves.
    [[nodiscard]] Result<void> apply(Transaction& transaction);

  private:
    friend class Group;
    explicit Incoming(std::unique_ptr<IncomingState> state);
    std::unique_ptr<IncomingState> state_;
};

using Received =
    std::variant<ApplicationMessage, ProposalReceived, Incoming, OwnCommit, OwnMessage>;

/// How a group is joined by an external commit.
struct ExternalJoin {
    LeafSetup own;
    ByteView group_info;              // MLSMessage
    ByteView ratchet_tree = {};       // For a GroupInfo without one.
    std::optional<LeafIndex> resync;  // The leaf that was our own and goes.
    std::vector<Bytes> external_psks = {};
    /// SelfRemove proposals of this epoch (PublicMessages), which come beside the GroupInfo.
    std::vector<Bytes> self_removes = {};
};

/// One MLS group as one member sees it. Move-only: a copied ratchet would repeat keys.
///
/// Every method that changes state takes the transaction of the caller's step and writes only what
/// changed (never O(members) data per message or commit). If that transaction is not committed
/// afterwards the object must be dropped and loaded again. Storage keys: storage.h.
class Group {
  public:
    [[nodiscard]] static Result<Group> create(const Environment& environment,
                                              Transaction& transaction,
                                              const GroupSpec& spec,
                                              LeafSetup own,
                                              const Arrival& arrival);
    /// `external_tree`: the content of a ratchet_tree extension, for a Welcome without one.
    /// Errors: not_found: no key package of ours is addressed; replayed: the package was used
    /// before; already_exists: a group of this id is stored.
    [[nodiscard]] static Result<Group> join(const Environment& environment,
                                            Transaction& transaction,
                                            ByteView welcome,
                                            const Arrival& arrival,
                                            ByteView external_tree = {});
    /// Join without being invited. The group is in the epoch that the commit makes; if the
    /// sequencer refuses the commit, erase() it.
    /// Errors: not_found (MLS-93) no external_pub in the GroupInfo, (MLS-64) a PSK that is not
    ///         stored; those of join.
    [[nodiscard]] static Result<std::pair<Group, Bundle>> join_external(
        const Environment& environment,
        Transaction& transaction,
        ExternalJoin how,
        const Arrival& arrival);
    /// Errors: not_found.
    [[nodiscard]] static Result<Group> load(const Environment& environment,
                                            Transaction& transaction,
                                            ByteView group_id);
    /// Erase all state of a group.
    [[nodiscard]] static Result<void> erase(Transaction& transaction, ByteView group_id);

    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;
    Group(Group&&) noexcept;
    Group& operator=(Group&&) noexcept;
    ~Group();

    [[nodiscard]] const GroupView& view() const;
    /// We are a member, and no ReInit has ended the group.
    [[nodiscard]] bool active() const;
    /// Leaves of the tree that trust refused when this group was joined (Welcome), with the reason.
    /// Known to the object that join() returned; a group that was loaded has none.
    [[nodiscard]] const std::vector<Distrust>& distrusted_at_join() const;
    /// The member that signed the GroupInfo of the Welcome: the inviter. Known from join() until
    /// the object is dropped; absent after create() and load().
    [[nodiscard]] std::optional<LeafIndex> welcomed_by() const;

    /// Make a commit. Errors: pending_commit; what Rules and Trust say; invalid_proposals.
    [[nodiscard]] Result<Bundle> stage(Transaction& transaction,
                                       const Plan& plan,
                                       const Arrival& arrival);
    [[nodiscard]] bool has_staged() const;
    /// MLS-Exporter of the staged epoch. Precondition (checked): has_staged().
    [[nodiscard]] Result<SecretBytes> export_staged(std::string_view label,
                                                    ByteView context,
                                                    std::size_t size_bytes) const;
    /// The sequencer accepted the staged commit.
    [[nodiscard]] Result<Change> confirm(Transaction& transaction);
    /// The sequencer refused it.
    [[nodiscard]] Result<void> discard(Transaction& transaction);

    /// One proposal for somebody's next commit. The plan says exactly one thing: one key package,
    /// one leaf to remove (the own one: to leave), one PSK, new components or extensions, a ReInit,
    /// or a rotation (Update).
    /// Errors: invalid_argument (MLS-94) a plan that says nothing or more than one thing.
    [[nodiscard]] Result<Bytes> propose(Transaction& transaction, Plan plan);

    /// Errors also: where the context has safe_aad, malformed (EXT-05) authenticated data that is
    /// neither empty nor begins with a SafeAAD; where content is framed, malformed (EXT-10) data
    /// that is no frame: encrypt_content. `padded_bytes`: the plaintext is padded to this size (0:
    /// none). Errors: pending nothing; refused after own removal (not_member).
    [[nodiscard]] Result<Bytes> encrypt(Transaction& transaction,
                                        ByteView data,
                                        ByteView authenticated_data,
                                        std::size_t padded_bytes);
    /// In a group that frames its content. An empty media type: the first that the group lists.
    /// Errors: invalid_argument (EXT-11) content is not framed in this group; those of encrypt.
    [[nodiscard]] Result<Bytes> encrypt_content(Transaction& transaction,
                                                const ApplicationFraming& content,
                                                ByteView authenticated_data,
                                                std::size_t padded_bytes);
    /// Verify everything, then spend keys. An error leaves the group exactly as it was, and the
    /// true message still opens afterwards.
    [[nodiscard]] Result<Received> receive(Transaction& transaction,
                                           ByteView message,
                                           const Arrival& arrival);

    /// Who truly signed a message, valid or not in what it says: to name the author of a commit
    /// that nobody can follow. Changes nothing. Errors: not_member (MLS-84) nobody who is a member;
    /// those of receive() up to the signature.
    [[nodiscard]] Result<LeafIndex> sender_of(Transaction& transaction, ByteView message);
    /// MLSMessage with a GroupInfo of the current epoch, signed by us. Its external_pub lets its
    /// reader join by himself, so whoever may not must not have it.
    [[nodiscard]] Result<Bytes> group_info(bool with_tree, bool with_external_pub) const;
    /// Content of the ratchet_tree extension. Cost: O(members).
    [[nodiscard]] Bytes ratchet_tree() const;

    /// RFC 9420 section 8.5, of the current epoch.
    [[nodiscard]] Result<SecretBytes> export_secret(std::string_view label,
                                                    ByteView context,
                                                    std::size_t size_bytes) const;

    // What components of the application do with the keys of MLS: component.h.

    /// SafeExportSecret: KDF.Nh bytes of the current epoch, for each component once, the same for
    /// every member. What it came from is erased in this step; nobody can take it back.
    /// Errors: replayed (EXT-01) taken before in this epoch; those of export_component_secret.
    [[nodiscard]] Result<SecretBytes> export_once(Transaction& transaction,
                                                  std::uint16_t component);
    /// With the own leaf's signature key.
    [[nodiscard]] Result<Bytes> sign_as_component(const ComponentOperation& operation,
                                                  ByteView content) const;
    /// With a member's key as it stands in the current epoch.
    /// Errors: not_member (MLS-84); bad_signature (EXT-02).
    [[nodiscard]] Result<void> verify_of_component(LeafIndex signer,
                                                   const ComponentOperation& operation,
                                                   ByteView content,
                                                   ByteView signature) const;
    /// To the leaf key of one member; without one, to the external key, whose owners are all
    /// members of this epoch. Errors: not_member (MLS-84).
    [[nodiscard]] Result<crypto::HpkeCiphertext> seal_to_component(
        std::optional<LeafIndex> to,
        const ComponentOperation& operation,
        ByteView context,
        ByteView plaintext) const;
    /// `to_group`: it was sealed to the external key, and not to our leaf.
    /// Errors: cannot_open (EXT-03).
    [[nodiscard]] Result<SecretBytes> open_as_component(const ComponentOperation& operation,
                                                        ByteView context,
                                                        const crypto::HpkeCiphertext& sealed,
                                                        bool to_group = false) const;

    /// What this member received in the current epoch, to be attached to a commit (Plan::attach).
    /// Errors: invalid_argument (EXT-15) app_ack is not in use in this group; too_large (EXT-13).
    [[nodiscard]] Result<Component> app_ack(Transaction& transaction) const;
    /// What the acknowledgements of a commit say that somebody lacks; to be asked before the commit
    /// is applied or confirmed. Nothing where app_ack is not in use.
    /// Errors: stale_epoch (EXT-16) the commit's epoch has ended.
    [[nodiscard]] Result<std::vector<MissingMessages>> missing_messages(Transaction& transaction,
                                                                        const Change& change) const;

  private:
    friend struct GroupAccess;  // Of the tests: they sign wrong things with a member's true keys.
    explicit Group(std::unique_ptr<GroupState> state);
    std::unique_ptr<GroupState> state_;
};

/// A key package of ours: the private keys are stored under its reference, the bytes are for the
/// directory.
struct KeyPackageMade {
    Bytes key_package;  // MLSMessage
    Bytes reference;    // KeyPackageRef
};
[[nodiscard]] Result<KeyPackageMade> make_key_package(const Environment& environment,
                                                      Transaction& transaction,
                                                      CipherSuite suite,
                                                      LeafSetup leaf,
                                                      Lifetime lifetime,
                                                      bool last_resort);
/// Secrets that were agreed on elsewhere, for Plan::external_psks and commits that name them.
[[nodiscard]] Result<void> store_external_psk(Transaction& transaction,
                                              ByteView psk_id,
                                              ByteView secret);
/// The same for a component of the application, apart from all others' and from external ones.
[[nodiscard]] Result<void> store_component_psk(Transaction& transaction,
                                               const ComponentPsk& psk,
                                               ByteView secret);

/// Proposals of somebody who is no member, as PublicMessage (section 12.1.8): of an external sender
/// that the group's external_senders names at `sender`, or of a new member who asks to be added.
struct OutsideProposal {
    CipherSuite suite = CipherSuite::x25519_chacha20poly1305_sha256_ed25519;
    ByteView group_id;
    Epoch epoch;
    /// Begins with a SafeAAD where the group's context asks for one (component.h).
    ByteView authenticated_data = {};
};
/// `plan` as for Group::propose, without a rotation and without components (extensions whole).
[[nodiscard]] Result<Bytes> propose_as_external_sender(const OutsideProposal& to,
                                                       const SignatureKey& key,
                                                       std::uint32_t sender,
                                                       crypto::Random& random,
                                                       const Plan& plan);
/// `key_package`: one of ours, by its reference.
[[nodiscard]] Result<Bytes> propose_as_new_member(Transaction& transaction,
                                                  const OutsideProposal& to,
                                                  ByteView key_package);

/// What an inviter looks at before adding: parsed, self-signature and lifetime fields checked for
/// form, no trust.
[[nodiscard]] Result<LeafView> inspect_key_package(ByteView key_package);

}  // namespace chatmcp::mls
