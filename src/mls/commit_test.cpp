// Commits that break a rule of RFC 9420, made by a member with true keys: each is refused by name,
// and the group stays as it was.

#include "mls/commit.h"

#include <gtest/gtest.h>

#include "support/mls_hostile.h"

namespace chatmcp::mls {
namespace {

using testing::close_welcome;
using testing::hostile_commit;
using testing::hostile_proposals;
using testing::MemoryTransaction;
using testing::MlsMember;
using testing::public_message;
using testing::public_proposal;
using testing::signed_content;
using testing::state_of;
using testing::update_of;

const Bytes kGroupId(32, 0x47);

/// Alice, Bob and Carol in one group; Bob breaks rules, Alice looks.
class HostileCommit : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(alice.create(kGroupId).has_value());
        Plan plan;
        plan.add = {bob.key_package().key_package, carol.key_package().key_package};
        const auto bundle = alice.stage(plan);
        ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
        ASSERT_TRUE(alice.confirm().has_value());
        ASSERT_TRUE(bob.join(bundle->welcomes[0].welcome).has_value());
        ASSERT_TRUE(carol.join(bundle->welcomes[1].welcome).has_value());
        records = alice.store.records;
        authenticator = to_bytes(alice.group->view().epoch_authenticator());
    }

    /// Alice refuses, writes nothing, and afterwards follows a true commit of Bob.
    void expect_refused(const Bytes& message, const char* check) {
        MemoryTransaction transaction(alice.store);
        const auto received = alice.group->receive(transaction, message, alice.arrival);
        ASSERT_FALSE(received.has_value()) << "not refused: " << check;
        EXPECT_STREQ(received.error().check, check);
        EXPECT_FALSE(transaction.changed_anything());
        EXPECT_EQ(to_bytes(alice.group->view().epoch_authenticator()), authenticator);
        EXPECT_EQ(alice.group->view().epoch(), bob.group->view().epoch());
    }
    void expect_true_commit_follows() {
        const auto bundle = bob.stage(Plan{.force_path = true});
        ASSERT_TRUE(bundle.has_value());
        ASSERT_TRUE(bob.confirm().has_value());
        const auto followed = alice.follow(bundle->commit);
        ASSERT_TRUE(followed.has_value()) << followed.error().check;
    }
    /// A key package of somebody new, changed and signed again.
    Proposal add_of(const std::function<void(KeyPackage&)>& edit,
                    CipherSuite suite = testing::kTestSuite) {
        const auto made = dave.key_package(suite);
        KeyPackage package = decode_key_package(made.key_package).value();
        MemoryTransaction transaction(dave.store);
        const auto keys = load_key_package(transaction, made.reference).value();
        edit(package);
        sign_leaf(package.suite, keys->signature_key, LeafPlace{}, package.leaf);
        sign_key_package(keys->signature_key, package);
        return Proposal{Add{std::move(package)}};
    }
    static GroupContextExtensions extensions_of(Extensions extensions) {
        return GroupContextExtensions{std::move(extensions)};
    }

    MlsMember alice{"alice", 1};
    MlsMember bob{"bob", 2};
    MlsMember carol{"carol", 3};
    MlsMember dave{"dave", 4};
    std::map<Bytes, Bytes> records;
    Bytes authenticator;
};

TEST_F(HostileCommit, ATrueCommitOfTheSameMakingIsAccepted) {
    const Bytes same = hostile_commit(bob, Plan{.force_path = true}, [](Commit&) {});
    MemoryTransaction transaction(alice.store);
    const auto received = alice.group->receive(transaction, same, alice.arrival);
    ASSERT_TRUE(received.has_value()) << received.error().check;
    EXPECT_TRUE(std::holds_alternative<Incoming>(*received));
}

TEST_F(HostileCommit, ListsOfProposalsThatContradictThemselvesAreRefused) {
    const LeafIndex own = bob.group->view().own_index();
    const LeafIndex of_carol = carol.group->view().own_index();
    expect_refused(hostile_proposals(bob, {update_of(bob)}), "MLS-51");
    expect_refused(hostile_proposals(bob, {Proposal{Remove{own}}}), "MLS-52");
    expect_refused(hostile_proposals(bob, {Proposal{Remove{of_carol}}, Proposal{Remove{of_carol}}}),
                   "MLS-53");
    expect_refused(hostile_proposals(bob, {Proposal{Remove{LeafIndex{3}}}}), "MLS-54");
    expect_refused(hostile_proposals(bob, {Proposal{Remove{LeafIndex{0xffff'ffff}}}}), "MLS-54");
    const Extensions same = state_of(bob).epoch.context.extensions;
    expect_refused(
        hostile_proposals(bob, {Proposal{extensions_of(same)}, Proposal{extensions_of(same)}}),
        "MLS-58");
    expect_true_commit_follows();
}

TEST_F(HostileCommit, UpdatesThatAreNoneAreRefused) {
    const auto commit_update_of_carol = [&](const Proposal& update) {
        const Bytes message = public_proposal(carol, update);
        EXPECT_TRUE(alice.receive(message).has_value());
        records = alice.store.records;
        Commit commit;
        auto content = signed_content(carol, ContentType::proposal, wire::encode(update));
        commit.proposals.push_back(
            ProposalOrRef{proposal_ref(testing::kTestSuite, wire::encode(content)).to_bytes()});
        auto framed = signed_content(bob, ContentType::commit, wire::encode(commit));
        framed.auth.confirmation_tag = Bytes(32, 0);
        return public_message(bob, std::move(framed));
    };
    const LeafNode before = *state_of(carol).tree.leaf(carol.group->view().own_index());
    const auto other_source = [](LeafNode& leaf) { leaf.source = LeafSource::commit; };
    const auto old_key = [&](LeafNode& leaf) { leaf.encryption_key = before.encryption_key; };
    expect_refused(commit_update_of_carol(update_of(carol, other_source)), "MLS-55");
    expect_refused(commit_update_of_carol(update_of(carol, old_key)), "MLS-56");
    // An Update and a Remove of one leaf.
    Proposal update = update_of(carol);
    const Bytes proposed = public_proposal(carol, update);
    ASSERT_TRUE(alice.receive(proposed).has_value());
    ASSERT_TRUE(bob.receive(proposed).has_value());
    const auto content = signed_content(carol, ContentType::proposal, wire::encode(update));
    const Bytes reference = proposal_ref(testing::kTestSuite, wire::encode(content)).to_bytes();
    const auto name = [](Bytes named) {
        return [named](Commit& commit) { commit.proposals.push_back(ProposalOrRef{named}); };
    };
    const LeafIndex of_carol = carol.group->view().own_index();
    const Bytes both = hostile_commit(bob, Plan{.remove = {of_carol}}, name(reference));
    expect_refused(both, "MLS-53");
    // A reference that nobody knows.
    const Bytes unknown = hostile_commit(bob, Plan{.force_path = true}, name(Bytes(32, 0x55)));
    expect_refused(unknown, "MLS-66");
    expect_true_commit_follows();
}

TEST_F(HostileCommit, KeyPackagesThatMustNotEnterAreRefused) {
    expect_refused(
        hostile_proposals(
            bob, {add_of([](KeyPackage&) {}, CipherSuite::x25519_aes128gcm_sha256_ed25519)}),
        "MLS-57");
    expect_refused(
        hostile_proposals(
            bob, {add_of([](KeyPackage& package) { package.leaf.source = LeafSource::update; })}),
        "MLS-12");
    expect_refused(hostile_proposals(bob, {add_of([](KeyPackage& package) {
                                         package.init_key = package.leaf.encryption_key;
                                     })}),
                   "MLS-13");
    expect_refused(
        hostile_proposals(
            bob, {add_of([](KeyPackage& package) { package.leaf.lifetime = Lifetime{5, 4}; })}),
        "MLS-14");
    expect_refused(
        hostile_proposals(
            bob, {add_of([](KeyPackage& package) { package.leaf.capabilities.versions = {2}; })}),
        "MLS-07");
    // No app_data_dictionary, which this group requires, in the list or in the leaf.
    expect_refused(hostile_proposals(bob, {add_of([](KeyPackage& package) {
                                         package.leaf.capabilities.extensions.clear();
                                         package.leaf.extensions.clear();
                                     })}),
                   "MLS-09");
    expect_refused(hostile_proposals(bob, {add_of([](KeyPackage& package) {
                                         package.leaf.capabilities.credentials = {7};
                                         package.leaf.credential.type = 7;
                                     })}),
                   "MLS-21");
    const LeafNode of_carol = *state_of(bob).tree.leaf(carol.group->view().own_index());
    expect_refused(hostile_proposals(bob, {add_of([&](KeyPackage& package) {
                                         package.leaf.encryption_key = of_carol.encryption_key;
                                     })}),
                   "MLS-19");
    // The same member twice.
    const Proposal add = add_of([](KeyPackage&) {});
    expect_refused(hostile_proposals(bob, {add, add}), "MLS-19");
    Proposal forged = add_of([](KeyPackage&) {});
    std::get<Add>(forged.content).key_package.signature.back() ^= 1;
    expect_refused(hostile_proposals(bob, {forged}), "MLS-11");
    Proposal forged_leaf = add_of([](KeyPackage&) {});
    std::get<Add>(forged_leaf.content).key_package.leaf.signature.back() ^= 1;
    expect_refused(hostile_proposals(bob, {forged_leaf}), "MLS-06");
    expect_true_commit_follows();
}

TEST_F(HostileCommit, ContextExtensionsThatSomebodyCannotReadAreRefused) {
    const auto refuse = [&](const std::function<void(Extensions&)>& edit, const char* check) {
        Extensions extensions = state_of(bob).epoch.context.extensions;
        edit(extensions);
        expect_refused(hostile_proposals(bob, {Proposal{extensions_of(std::move(extensions))}}),
                       check);
    };
    refuse([](Extensions& e) { e.push_back(Extension{0x7777, {}}); }, "MLS-09");
    refuse(
        [](Extensions& e) {
            RequiredCapabilities required;
            required.proposal_types = {0x7777};
            set_extension(e, ExtensionType::required_capabilities, wire::encode(required));
        },
        "MLS-08");
    refuse(
        [](Extensions& e) {
            // Component ids must ascend.
            set_extension(e,
                          ExtensionType::app_data_dictionary,
                          encode_dictionary({Component{5, {}}, Component{5, {}}}));
        },
        "MLS-04");
    refuse(
        [](Extensions& e) {
            // Failure 8 of others: bytes after the content of a known extension.
            Bytes trailing = encode_dictionary({Component{5, {}}});
            trailing.push_back(0);
            set_extension(e, ExtensionType::app_data_dictionary, trailing);
        },
        "WIRE-05");
    refuse([](Extensions& e) { e.push_back(e.front()); }, "MLS-03");
    expect_true_commit_follows();
}

TEST_F(HostileCommit, PreSharedKeysAndGroupsThatEndAreRefusedWhereTheyDoNotBelong) {
    const Proposal reinit{ReInit{.group_id = {1}, .cipher_suite = 3}};
    expect_refused(hostile_proposals(bob, {reinit, reinit}), "MLS-60");
    expect_refused(hostile_proposals(bob, {Proposal{ReInit{.version = 2}}}), "MLS-97");
    expect_refused(hostile_proposals(bob, {Proposal{ExternalInit{Bytes(32, 1)}}}), "MLS-61");
    PreSharedKeyId psk;
    psk.psk_id = {1};
    psk.psk_nonce = Bytes(32, 2);
    expect_refused(
        hostile_proposals(bob, {Proposal{PreSharedKey{psk}}, Proposal{PreSharedKey{psk}}}),
        "MLS-59");
    expect_refused(hostile_proposals(bob, {Proposal{PreSharedKey{psk}}}), "MLS-64");
    psk.psk_nonce = Bytes(31, 2);
    expect_refused(hostile_proposals(bob, {Proposal{PreSharedKey{psk}}}), "MLS-63");
    psk.type = PreSharedKeyId::Type::resumption;
    psk.resumption = {ResumptionUsage::reinit, kGroupId, Epoch{1}};
    psk.psk_nonce = Bytes(32, 2);
    expect_refused(hostile_proposals(bob, {Proposal{PreSharedKey{psk}}}), "MLS-62");
    psk.resumption = {ResumptionUsage::application, kGroupId, Epoch{77}};
    expect_refused(hostile_proposals(bob, {Proposal{PreSharedKey{psk}}}), "MLS-64");
    expect_true_commit_follows();
}

TEST_F(HostileCommit, PathsThatAreNotWhatTheyShouldBeAreRefused) {
    const auto resign = [&](LeafNode& leaf) {
        sign_leaf(testing::kTestSuite,
                  state_of(bob).epoch.signature_key,
                  LeafPlace{kGroupId, bob.group->view().own_index()},
                  leaf);
    };
    const LeafNode before = *state_of(bob).tree.leaf(bob.group->view().own_index());
    const auto refuse = [&](const std::function<void(UpdatePath&)>& edit, const char* check) {
        expect_refused(
            hostile_commit(
                bob, Plan{.force_path = true}, [&](Commit& commit) { edit(*commit.path); }),
            check);
    };
    refuse(
        [&](UpdatePath& path) {
            path.leaf.source = LeafSource::update;
            resign(path.leaf);
        },
        "MLS-24");
    refuse(
        [&](UpdatePath& path) {
            path.leaf.encryption_key = before.encryption_key;
            resign(path.leaf);
        },
        "MLS-25");
    refuse([](UpdatePath& path) { path.nodes.pop_back(); }, "MLS-26");
    refuse([](UpdatePath& path) { path.nodes.push_back(path.nodes.back()); }, "MLS-26");
    refuse([](UpdatePath& path) { path.nodes[0].encrypted_path_secret.pop_back(); }, "MLS-27");
    refuse([](UpdatePath& path) { path.nodes[0].encryption_key[5] ^= 1; }, "MLS-28");
    refuse(
        [&](UpdatePath& path) {
            path.leaf.parent_hash[0] ^= 1;
            resign(path.leaf);
        },
        "MLS-28");
    refuse([](UpdatePath& path) { path.leaf.signature.back() ^= 1; }, "MLS-06");
    refuse(
        [](UpdatePath& path) {
            for (UpdatePathNode& node : path.nodes) {
                for (HpkeCiphertext& sealed : node.encrypted_path_secret) {
                    sealed.ciphertext.back() ^= 1;
                }
            }
        },
        "MLS-29");
    refuse(
        [](UpdatePath& path) {
            path.nodes[0].encrypted_path_secret[0].ciphertext = Bytes(5000, 1);
        },
        "MLS-32");
    expect_true_commit_follows();
}

TEST_F(HostileCommit, APathWhoseSecretsAreOfOtherKeysIsRefused) {
    GroupState& state = state_of(bob);
    TreeDraft draft(state.tree);
    NewPath path = create_path(draft,
                               state.epoch.own,
                               *state.tree.leaf(state.epoch.own),
                               state.epoch.signature_key,
                               kGroupId,
                               bob.random);
    for (NewPath::Step& step : path.steps) {
        step.path_secret = bob.random.secret(32);
    }
    const GroupContext context =
        provisional_context(state.epoch.context, state.epoch.context.extensions, draft);
    Commit commit;
    commit.path = encrypt_path(draft, path, {}, wire::encode(context), bob.random).value();
    auto content = signed_content(bob, ContentType::commit, wire::encode(commit));
    content.auth.confirmation_tag = Bytes(32, 0);
    expect_refused(public_message(bob, std::move(content)), "MLS-30");
    // And one for a node that no path of that sender has.
    const auto none = implant_path_secret(
        TreeDraft(state.tree), state.epoch.own, state.epoch.own, bob.random.secret(32));
    ASSERT_FALSE(none.has_value());
    EXPECT_STREQ(none.error().check, "MLS-31");
}

TEST_F(HostileCommit, ACommitWithoutTheNeededPathOrWithAnotherTagIsRefused) {
    const LeafIndex of_carol = carol.group->view().own_index();
    expect_refused(hostile_proposals(bob, {}), "MLS-67");
    expect_refused(hostile_proposals(bob, {Proposal{Remove{of_carol}}}), "MLS-67");
    // Failure 14 of others: a new signature key comes only with a path, which a leaf of a commit
    // is part of; an Add alone needs none, and then only the tag is wrong.
    expect_refused(hostile_proposals(bob, {add_of([](KeyPackage&) {})}), "MLS-68");
    const auto bundle = bob.stage(Plan{.force_path = true, .public_message = true});
    ASSERT_TRUE(bundle.has_value());
    wire::Reader reader(bundle->commit);
    ASSERT_TRUE(read_message_header(reader).has_value());
    const auto message = PublicMessage::read(reader);
    for (const std::size_t size : {std::size_t{0}, std::size_t{31}, std::size_t{32}}) {
        AuthenticatedContent content{WireFormat::public_message, message->content, message->auth};
        content.auth.confirmation_tag.resize(size);
        if (size == 32) {
            content.auth.confirmation_tag[31] ^= 1;
        }
        expect_refused(public_message(bob, std::move(content)), "MLS-68");
    }
    ASSERT_TRUE(bob.confirm().has_value());
    EXPECT_TRUE(alice.follow(bundle->commit).has_value());
}

TEST_F(HostileCommit, FramesOfOtherGroupsEpochsAndSendersAreRefused) {
    auto content = signed_content(bob, ContentType::proposal, wire::encode(update_of(bob)));
    const auto refuse = [&](const std::function<void(AuthenticatedContent&)>& edit,
                            const char* check) {
        AuthenticatedContent changed = content;
        edit(changed);
        expect_refused(public_message(bob, std::move(changed)), check);
    };
    refuse([](AuthenticatedContent& c) { c.content.group_id[0] ^= 1; }, "MLS-81");
    refuse([](AuthenticatedContent& c) { ++c.content.epoch.value; }, "MLS-82");
    refuse([](AuthenticatedContent& c) { --c.content.epoch.value; }, "MLS-83");
    refuse([](AuthenticatedContent& c) { c.content.sender.index = 3; }, "MLS-84");
    refuse([](AuthenticatedContent& c) { c.content.sender.index = 0xffff'fff0; }, "MLS-84");
    refuse([](AuthenticatedContent& c) { c.content.sender = {SenderType::external, 0}; }, "MLS-85");
    refuse([](AuthenticatedContent& c) { c.content.sender = {SenderType::new_member_commit, 0}; },
           "MLS-95");
    refuse([](AuthenticatedContent& c) { c.content.sender = {SenderType::new_member_proposal, 0}; },
           "MLS-95");
    // In Carol's name, with the membership tag that Bob can make, but Bob's signature.
    refuse(
        [&](AuthenticatedContent& c) {
            c.content.sender.index = carol.group->view().own_index().value;
        },
        "MLS-38");
    refuse([](AuthenticatedContent& c) { c.auth.signature.back() ^= 1; }, "MLS-38");
    expect_true_commit_follows();
}

TEST_F(HostileCommit, RulesOfTheApplicationMakeACommitInvalid) {
    class Refusing final : public Rules {
      public:
        Result<void> check_leaf(const LeafView& /*next*/,
                                const LeafView* /*current*/,
                                const GroupView& /*group*/) const override {
            return leaf_refused ? Result<void>(fail(Errc::refused_by_policy, "leaf"))
                                : Result<void>();
        }
        Result<void> check_commit(const Change& change, const GroupView& before) const override {
            EXPECT_EQ(before.member_count(), 3u);
            return change.has_path ? Result<void>(fail(Errc::refused_by_policy, "commit"))
                                   : Result<void>();
        }
        bool leaf_refused = false;
    };
    Refusing rules;
    const Environment strict{rules, alice.trust, alice.random, Limits{}};
    const auto bundle = bob.stage(Plan{.force_path = true});
    ASSERT_TRUE(bundle.has_value());
    const auto receive = [&] {
        MemoryTransaction transaction(alice.store);
        auto group = Group::load(strict, transaction, kGroupId).value();
        const auto received = group.receive(transaction, bundle->commit, alice.arrival);
        EXPECT_FALSE(transaction.changed_anything());
        return received.has_value() ? std::string() : std::string(received.error().check);
    };
    EXPECT_EQ(receive(), "commit");
    rules.leaf_refused = true;
    EXPECT_EQ(receive(), "leaf");
    // And our own commit is refused by the same rules before it is made.
    MemoryTransaction transaction(alice.store);
    auto group = Group::load(strict, transaction, kGroupId).value();
    const auto staged = group.stage(transaction, Plan{.force_path = true}, alice.arrival);
    ASSERT_FALSE(staged.has_value());
    EXPECT_STREQ(staged.error().check, "leaf");
    EXPECT_FALSE(transaction.changed_anything());
}

TEST_F(HostileCommit, TrustRefusesWhomWeAddAndIsOnlyNotedForOthers) {
    class Distrusting final : public Trust {
      public:
        Result<void> check(const LeafView& next,
                           const LeafView* /*current*/,
                           const GroupView& /*group*/,
                           const Arrival& /*arrival*/) const override {
            return equal(next.credential.data, as_bytes("dave"))
                       ? Result<void>(fail(Errc::untrusted_identity, "dave"))
                       : Result<void>();
        }
    };
    const Distrusting trust;
    const Environment careful{alice.rules, trust, alice.random, Limits{}};
    const Bytes package = dave.key_package().key_package;
    {
        MemoryTransaction transaction(alice.store);
        auto group = Group::load(careful, transaction, kGroupId).value();
        const auto staged = group.stage(transaction, Plan{.add = {package}}, alice.arrival);
        ASSERT_FALSE(staged.has_value());
        EXPECT_STREQ(staged.error().check, "dave");
    }
    const auto bundle = bob.stage(Plan{.add = {package}});
    ASSERT_TRUE(bundle.has_value());
    MemoryTransaction transaction(alice.store);
    auto group = Group::load(careful, transaction, kGroupId).value();
    const auto received = group.receive(transaction, bundle->commit, alice.arrival);
    ASSERT_TRUE(received.has_value()) << received.error().check;
    const Change& change = std::get<Incoming>(*received).change();
    ASSERT_EQ(change.distrusted.size(), 1u);
    EXPECT_EQ(change.distrusted[0].leaf, LeafIndex{3});
    EXPECT_STREQ(change.distrusted[0].reason.check, "dave");

    // Whoever joins such a group learns the same.
    ASSERT_TRUE(bob.confirm().has_value());
    MlsMember erin("erin", 9);
    const auto next = bob.stage(Plan{.add = {erin.key_package().key_package}});
    ASSERT_TRUE(next.has_value());
    MemoryTransaction joining(erin.store);
    const Environment careful_erin{erin.rules, trust, erin.random, Limits{}};
    const auto joined = Group::join(careful_erin, joining, next->welcomes[0].welcome, erin.arrival);
    ASSERT_TRUE(joined.has_value());
    ASSERT_EQ(joined->distrusted_at_join().size(), 1u);
    EXPECT_EQ(joined->distrusted_at_join()[0].leaf, LeafIndex{3});
}

TEST_F(HostileCommit, AnOpenProposalThatIsNotValidIsLeftOutOfOurCommit) {
    // Bob proposes nonsense, Carol asks to leave: Alice's commit has Carol's proposal alone.
    const Bytes nonsense = public_proposal(bob, Proposal{Remove{LeafIndex{3}}});
    ASSERT_TRUE(alice.receive(nonsense).has_value());
    const auto leave = carol.propose_leave();
    ASSERT_TRUE(leave.has_value());
    const auto received = alice.receive(*leave);
    ASSERT_TRUE(received.has_value());
    EXPECT_TRUE(std::get<ProposalReceived>(*received).self_remove);
    ASSERT_TRUE(bob.receive(*leave).has_value());
    const auto bundle = alice.stage(Plan{});
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    ASSERT_EQ(bundle->change.removed.size(), 1u);
    EXPECT_EQ(bundle->change.removed[0].proposer, carol.group->view().own_index());
    ASSERT_TRUE(alice.confirm().has_value());
    ASSERT_TRUE(bob.follow(bundle->commit).has_value());
    const auto change = carol.follow(bundle->commit);
    ASSERT_TRUE(change.has_value()) << change.error().check;
    EXPECT_TRUE(change->removes_self);
}

TEST_F(HostileCommit, MoreOpenProposalsThanTheLimitAreRefused) {
    Limits few;
    few.open_proposals_max = 2;
    const Environment small{alice.rules, alice.trust, alice.random, few};
    MemoryTransaction transaction(alice.store);
    auto group = Group::load(small, transaction, kGroupId).value();
    for (int i = 0; i < 3; ++i) {
        const auto received =
            group.receive(transaction, public_proposal(bob, update_of(bob)), alice.arrival);
        ASSERT_EQ(received.has_value(), i < 2);
        if (i == 2) {
            EXPECT_STREQ(received.error().check, "MLS-71");
        }
    }
}

}  // namespace
}  // namespace chatmcp::mls
