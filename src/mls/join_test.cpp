// Welcomes and key packages: what is refused while joining, by name, with nothing written.

#include <thread>

#include <gtest/gtest.h>

#include "support/mls_hostile.h"

namespace chatmcp::mls {
namespace {

using testing::close_welcome;
using testing::kTestSuite;
using testing::MemoryTransaction;
using testing::MlsMember;
using testing::open_welcome_of;
using testing::OpenedWelcome;
using testing::state_of;

const Bytes kGroupId(32, 0x47);

class HostileWelcome : public ::testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(alice.create(kGroupId, {{0x8001, {1}}}).has_value());
        const auto bundle = alice.stage(
            Plan{.add = {bob.key_package().key_package, carol.key_package().key_package}});
        ASSERT_TRUE(bundle.has_value());
        ASSERT_TRUE(alice.confirm().has_value());
        honest = bundle->welcomes[0].welcome;
    }

    void expect_refused(const Bytes& welcome, const char* check, ByteView tree = {}) {
        MemoryTransaction transaction(bob.store);
        const auto joined = Group::join(bob.environment, transaction, welcome, bob.arrival, tree);
        ASSERT_FALSE(joined.has_value()) << "not refused: " << check;
        EXPECT_STREQ(joined.error().check, check);
        EXPECT_FALSE(transaction.changed_anything());
    }
    /// The honest Welcome, said differently by Alice, who signs what she says.
    void expect_edit_refused(const std::function<void(OpenedWelcome&)>& edit, const char* check) {
        OpenedWelcome opened = open_welcome_of(bob, honest);
        edit(opened);
        expect_refused(close_welcome(opened, &state_of(alice).epoch.signature_key, bob.random),
                       check);
    }
    /// The same with another tree, whose hash the context names.
    void expect_tree_refused(const std::function<void(TreeDraft&)>& edit, const char* check) {
        expect_edit_refused(
            [&](OpenedWelcome& opened) {
                auto tree = RatchetTree::decode(
                    testing::kTestSuite,
                    find_extension(opened.info.extensions, ExtensionType::ratchet_tree)->data,
                    1000);
                TreeDraft draft(*tree);
                edit(draft);
                opened.info.context.tree_hash = draft.root_hash().to_bytes();
                set_extension(opened.info.extensions, ExtensionType::ratchet_tree, draft.encode());
            },
            check);
    }

    MlsMember alice{"alice", 1};
    MlsMember bob{"bob", 2};
    MlsMember carol{"carol", 3};
    Bytes honest;
};

TEST_F(HostileWelcome, TheHonestOneIsAcceptedOnceAndLeavesNoKeyPackageBehind) {
    OpenedWelcome opened = open_welcome_of(bob, honest);
    const Bytes again = close_welcome(opened, nullptr, bob.random);
    ASSERT_TRUE(bob.join(honest).has_value());
    expect_refused(honest, "MLS-73");
    expect_refused(again, "MLS-73");
    MlsMember stranger("stranger", 9);
    const auto not_ours = stranger.join(honest);
    ASSERT_FALSE(not_ours.has_value());
    EXPECT_EQ(not_ours.error().code, Errc::not_found);
    EXPECT_STREQ(not_ours.error().check, "MLS-72");
}

TEST_F(HostileWelcome, WhatDoesNotFitTogetherIsRefused) {
    expect_edit_refused([](OpenedWelcome& w) { w.info.context.tree_hash[0] ^= 1; }, "MLS-78");
    expect_edit_refused([](OpenedWelcome& w) { w.info.signer = LeafIndex{77}; }, "MLS-77");
    expect_edit_refused([](OpenedWelcome& w) { w.info.signer = LeafIndex{2}; }, "MLS-45");
    expect_edit_refused([](OpenedWelcome& w) { w.info.confirmation_tag[0] ^= 1; }, "MLS-68");
    expect_edit_refused([](OpenedWelcome& w) { w.info.confirmation_tag.clear(); }, "MLS-68");
    expect_edit_refused([](OpenedWelcome& w) { ++w.info.context.epoch.value; }, "MLS-68");
    expect_edit_refused([](OpenedWelcome& w) { w.info.extensions.clear(); }, "MLS-87");
    expect_edit_refused([](OpenedWelcome& w) { w.secrets.path_secret = SecretBytes(32); },
                        "MLS-30");
    expect_edit_refused(
        [](OpenedWelcome& w) {
            w.info.context.suite = CipherSuite::x25519_aes128gcm_sha256_ed25519;
        },
        "MLS-74");
    expect_edit_refused(
        [](OpenedWelcome& w) { w.info.context.extensions.push_back(Extension{0x7777, {}}); },
        "MLS-09");
    ASSERT_TRUE(bob.join(honest).has_value());
}

TEST_F(HostileWelcome, AWelcomeOfAnotherSuiteThanTheKeyPackageIsRefused) {
    OpenedWelcome opened = open_welcome_of(bob, honest);
    opened.welcome.suite = CipherSuite::x25519_aes128gcm_sha256_ed25519;
    expect_refused(encode_message(WireFormat::welcome, opened.welcome), "MLS-74");
    opened = open_welcome_of(bob, honest);
    expect_refused(encode_message(WireFormat::group_info, opened.info), "MLS-80");
    Limits small;
    small.message_bytes_max = 100;
    const Environment strict{bob.rules, bob.trust, bob.random, small};
    MemoryTransaction transaction(bob.store);
    const auto large = Group::join(strict, transaction, honest, bob.arrival);
    ASSERT_FALSE(large.has_value());
    EXPECT_STREQ(large.error().check, "MLS-79");
}

TEST_F(HostileWelcome, TreesThatNoGroupHasAreRefused) {
    const auto leaf_at = [](TreeDraft& draft, std::uint32_t index) {
        return *draft.leaf(LeafIndex{index});
    };
    expect_tree_refused([](TreeDraft& draft) { draft.remove(LeafIndex{1}); }, "MLS-76");
    expect_tree_refused(
        [&](TreeDraft& draft) {
            LeafNode leaf = leaf_at(draft, 2);
            leaf.signature.back() ^= 1;
            draft.set_leaf(LeafIndex{2}, std::move(leaf));
        },
        "MLS-06");
    expect_tree_refused([&](TreeDraft& draft) { draft.set_leaf(LeafIndex{3}, leaf_at(draft, 2)); },
                        "MLS-19");
    expect_tree_refused(
        [&](TreeDraft& draft) {
            LeafNode leaf = leaf_at(draft, 2);
            leaf.encryption_key[3] ^= 1;
            draft.set_leaf(LeafIndex{3}, std::move(leaf));
        },
        "MLS-20");
    expect_tree_refused(
        [&](TreeDraft& draft) {
            LeafNode leaf = leaf_at(draft, 2);
            leaf.credential.type = 9;
            draft.set_leaf(LeafIndex{2}, std::move(leaf));
        },
        "MLS-21");
    expect_tree_refused(
        [&](TreeDraft& draft) {
            ParentNode parent;
            parent.parent_hash = Bytes(32, 1);
            parent.encryption_key = Bytes(32, 7);
            draft.set_parent(NodeIndex{1}, std::move(parent));
        },
        "MLS-23");
}

TEST_F(HostileWelcome, TreesThatAreNoTreesAreRefused) {
    const auto refuse_bytes = [&](const Bytes& tree, const char* check) {
        expect_edit_refused(
            [&](OpenedWelcome& w) {
                set_extension(w.info.extensions, ExtensionType::ratchet_tree, tree);
            },
            check);
    };
    const OpenedWelcome opened = open_welcome_of(bob, honest);
    const Bytes tree = find_extension(opened.info.extensions, ExtensionType::ratchet_tree)->data;
    wire::Reader reader(tree);
    const Bytes nodes = to_bytes(reader.vector(tree.size()).value());
    const auto wrap = [](const Bytes& content) {
        wire::Writer writer;
        writer.vector(content);
        return writer.take();
    };
    Bytes trailing_blank = nodes;
    trailing_blank.push_back(0);
    refuse_bytes(wrap(trailing_blank), "MLS-17");
    refuse_bytes(wrap({}), "MLS-17");
    Bytes other_type = nodes;
    other_type[1] = 2;
    refuse_bytes(wrap(other_type), "MLS-16");
    refuse_bytes(wrap(Bytes(50'000, 0)), "MLS-18");
    Bytes after = tree;
    after.push_back(0);
    refuse_bytes(after, "WIRE-05");
    wire::Writer unsorted;
    unsorted.vector(Bytes(32, 1));
    unsorted.vector({});
    unsorted.vector(Bytes{0, 0, 0, 5, 0, 0, 0, 5});
    const auto parent = wire::decode<ParentNode>(unsorted.view());
    ASSERT_FALSE(parent.has_value());
    EXPECT_STREQ(parent.error().check, "MLS-15");
}

TEST_F(HostileWelcome, AGroupThatWeAreInIsNotReplaced) {
    ASSERT_TRUE(bob.join(honest).has_value());
    // Mallory makes a group of the same id and invites Bob to it.
    MlsMember mallory("mallory", 66);
    ASSERT_TRUE(mallory.create(kGroupId).has_value());
    const auto bundle = mallory.stage(Plan{.add = {bob.key_package().key_package}});
    ASSERT_TRUE(bundle.has_value());
    expect_refused(bundle->welcomes[0].welcome, "MLS-75");
    const auto again = bob.create(kGroupId);
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().code, Errc::already_exists);
}

TEST_F(HostileWelcome, TheTreeMayComeBesideIt) {
    OpenedWelcome opened = open_welcome_of(bob, honest);
    const Bytes tree = find_extension(opened.info.extensions, ExtensionType::ratchet_tree)->data;
    opened.info.extensions.clear();
    const Bytes without = close_welcome(opened, &state_of(alice).epoch.signature_key, bob.random);
    expect_refused(without, "MLS-87");
    MemoryTransaction transaction(bob.store);
    const auto joined = Group::join(bob.environment, transaction, without, bob.arrival, tree);
    ASSERT_TRUE(joined.has_value()) << joined.error().check;
    EXPECT_EQ(joined->view().member_count(), 3u);
}

TEST_F(HostileWelcome, APackageOfLastResortServesMoreThanOnceButNoWelcomeDoes) {
    MlsMember dave("dave", 4);
    const auto package = dave.key_package(testing::kTestSuite, true);
    for (int i = 0; i < 2; ++i) {
        MlsMember inviter("inviter", 50 + static_cast<std::uint64_t>(i));
        ASSERT_TRUE(inviter.create(Bytes(32, static_cast<std::uint8_t>(i))).has_value());
        const auto bundle = inviter.stage(Plan{.add = {package.key_package}});
        ASSERT_TRUE(bundle.has_value());
        ASSERT_TRUE(dave.join(bundle->welcomes[0].welcome).has_value());
        const auto again = [&] {
            MemoryTransaction transaction(dave.store);
            EXPECT_TRUE(Group::erase(transaction, dave.group->view().group_id()).has_value());
            return Group::join(
                dave.environment, transaction, bundle->welcomes[0].welcome, dave.arrival);
        }();
        ASSERT_FALSE(again.has_value());
        EXPECT_STREQ(again.error().check, "MLS-73");
    }
}

TEST_F(HostileWelcome, RulesSeeEveryLeafOfTheGroupThatIsJoined) {
    class Counting final : public Rules {
      public:
        Result<void> check_leaf(const LeafView& /*next*/,
                                const LeafView* current,
                                const GroupView& group) const override {
            EXPECT_EQ(current, nullptr);
            EXPECT_EQ(group.member_count(), 0u);
            EXPECT_TRUE(group.component(0x8001).has_value());
            ++leaves;
            return {};
        }
        Result<void> check_commit(const Change& change, const GroupView& before) const override {
            EXPECT_EQ(change.added.size(), 3u);
            EXPECT_EQ(before.members().size(), 0u);
            EXPECT_EQ(before.member(LeafIndex{0}), std::nullopt);
            EXPECT_FALSE(before.encoded_leaf(LeafIndex{0}).has_value());
            EXPECT_EQ(change.components->after.size(), 1u);
            return answer;
        }
        mutable int leaves = 0;
        Result<void> answer = fail(Errc::refused_by_policy, "shape");
    };
    const Counting rules;
    const Environment strict{rules, bob.trust, bob.random, Limits{}};
    MemoryTransaction transaction(bob.store);
    const auto joined = Group::join(strict, transaction, honest, bob.arrival);
    ASSERT_FALSE(joined.has_value());
    EXPECT_STREQ(joined.error().check, "shape");
    EXPECT_EQ(rules.leaves, 3);
    EXPECT_FALSE(transaction.changed_anything());
}

TEST(OwnLeaf, AKeyPackageIsWhatInspectionShows) {
    MlsMember bob("bob", 2);
    const auto made = bob.key_package();
    const auto view = inspect_key_package(made.key_package);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->credential.data, to_bytes(as_bytes("bob")));
    EXPECT_EQ(view->source, LeafSource::key_package);
    ASSERT_TRUE(view->lifetime.has_value());
    EXPECT_TRUE(inspect_key_package(ByteView(made.key_package).subspan(4)).has_value());
    Bytes old = made.key_package;
    old[5] = 2;
    const auto version = inspect_key_package(old);
    ASSERT_FALSE(version.has_value());
    EXPECT_STREQ(version.error().check, "MLS-10");
}

TEST(OwnLeaf, APackageWhoseLifetimeEndsBeforeItBeginsIsNotMade) {
    MlsMember bob("bob", 2);
    MemoryTransaction transaction(bob.store);
    const auto made = make_key_package(
        bob.environment, transaction, testing::kTestSuite, bob.setup(), Lifetime{9, 8}, false);
    ASSERT_FALSE(made.has_value());
    EXPECT_STREQ(made.error().check, "MLS-14");
}

TEST(OwnLeaf, ARecordThatIsNotWhatWasWrittenIsNamedSo) {
    MlsMember bob("bob", 2);
    const auto made = bob.key_package();
    MemoryTransaction transaction(bob.store);
    for (const Bytes& record : {Bytes{}, Bytes{3}, Bytes{1, 2, 3}}) {
        ASSERT_TRUE(transaction.put(key_package_key(made.reference), record).has_value());
        const auto loaded = load_key_package(transaction, made.reference);
        ASSERT_FALSE(loaded.has_value());
        EXPECT_STREQ(loaded.error().check, "MLS-48");
    }
}

TEST(LeafNode, LeavesOfNoSourceAndListsThatAreNoneAreRefused) {
    LeafNode leaf;
    leaf.lifetime = Lifetime{};
    Bytes encoded = wire::encode(leaf);
    // Two empty keys, credential type, empty credential, five empty lists, then the source.
    encoded[2 + 2 + 1 + 5] = 9;
    const auto refused = wire::decode<LeafNode>(encoded);
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().check, "MLS-05");
}

TEST(Proposal, TypesThatDoNotExistAreRefused) {
    const auto psk_type = wire::decode<PreSharedKeyId>(Bytes{4, 0, 0});
    ASSERT_FALSE(psk_type.has_value());
    EXPECT_STREQ(psk_type.error().check, "MLS-34");
    const auto usage = wire::decode<PreSharedKeyId>(Bytes{2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    ASSERT_FALSE(usage.has_value());
    EXPECT_STREQ(usage.error().check, "MLS-34");
    const auto neither = wire::decode<ProposalOrRef>(Bytes{3, 0});
    ASSERT_FALSE(neither.has_value());
    EXPECT_STREQ(neither.error().check, "MLS-35");
    const auto unknown = wire::decode<Proposal>(Bytes{0x77, 0x77});
    ASSERT_FALSE(unknown.has_value());
    EXPECT_STREQ(unknown.error().check, "MLS-33");
}

// ---- On lent threads ----

// Takes the last piece first, on two threads.
class LastFirst final : public Parallel {
  public:
    void run(std::size_t count, const std::function<void(std::size_t)>& work) const override {
        const std::size_t half = count / 2;
        std::thread other([&] {
            for (std::size_t i = count; i-- > half;) {
                work(i);
            }
        });
        for (std::size_t i = half; i-- > 0;) {
            work(i);
        }
        other.join();
        pieces += count;
    }
    mutable std::size_t pieces = 0;
};

class OnLentThreads : public ::testing::Test {
  protected:
    static constexpr std::size_t kNewcomers = 40;
    OnLentThreads() {
        alice.environment.parallel = &threads;
        for (std::size_t i = 0; i < kNewcomers; ++i) {
            newcomers.push_back(
                std::make_unique<MlsMember>("newcomer " + std::to_string(i), i + 2));
            newcomers.back()->environment.parallel = &threads;
            packages.push_back(newcomers.back()->key_package().key_package);
        }
        EXPECT_TRUE(alice.create(kGroupId).has_value());
    }

    LastFirst threads;
    MlsMember alice{"alice", 1};
    std::vector<std::unique_ptr<MlsMember>> newcomers;
    std::vector<Bytes> packages;
};

TEST_F(OnLentThreads, AGroupIsMadeJoinedAndFollowedAsWithoutThem) {
    const auto bundle = alice.stage(Plan{.add = packages});
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    EXPECT_EQ(threads.pieces, 2 * kNewcomers);  // Leaves to check, secrets to seal.
    ASSERT_TRUE(alice.confirm().has_value());
    for (std::size_t i = 0; i < kNewcomers; ++i) {
        EXPECT_EQ(bundle->welcomes[i].key_package, packages[i]);
        ASSERT_TRUE(newcomers[i]->join(bundle->welcomes[i].welcome).has_value());
        EXPECT_TRUE(equal(newcomers[i]->group->view().epoch_authenticator(),
                          alice.group->view().epoch_authenticator()));
    }
    EXPECT_GE(threads.pieces, kNewcomers * kNewcomers);
    MlsMember late{"late", 100};
    const auto next = alice.stage(Plan{.add = {late.key_package().key_package}});
    ASSERT_TRUE(next.has_value());
    ASSERT_TRUE(alice.confirm().has_value());
    ASSERT_TRUE(newcomers[7]->follow(next->commit).has_value());
    EXPECT_TRUE(equal(newcomers[7]->group->view().epoch_authenticator(),
                      alice.group->view().epoch_authenticator()));
}

TEST_F(OnLentThreads, TheFirstFaultByNumberIsNamedWhicheverIsFoundFirst) {
    // A package of another suite before one whose signature is another's.
    MlsMember other{"other", 100};
    packages[5] = other.key_package(CipherSuite::x25519_aes128gcm_sha256_ed25519).key_package;
    packages[30].back() ^= 1;
    const auto by_suite = alice.stage(Plan{.add = packages});
    ASSERT_FALSE(by_suite.has_value());
    EXPECT_STREQ(by_suite.error().check, "MLS-57");
    packages[5] = other.key_package(kTestSuite).key_package;
    const auto by_signature = alice.stage(Plan{.add = packages});
    ASSERT_FALSE(by_signature.has_value());
    EXPECT_STREQ(by_signature.error().check, "MLS-11");
}

TEST(OneWelcome, LetsEverybodyInWhoIsAdded) {
    MlsMember alice{"alice", 1};
    MlsMember bob{"bob", 2};
    MlsMember carol{"carol", 3};
    ASSERT_TRUE(alice.create(kGroupId).has_value());
    const auto bundle =
        alice.stage(Plan{.add = {bob.key_package().key_package, carol.key_package().key_package},
                         .one_welcome = true});
    ASSERT_TRUE(bundle.has_value());
    ASSERT_TRUE(alice.confirm().has_value());
    ASSERT_EQ(bundle->welcomes.size(), 1u);
    EXPECT_TRUE(bundle->welcomes[0].key_package.empty());
    for (MlsMember* newcomer : {&bob, &carol}) {
        ASSERT_TRUE(newcomer->join(bundle->welcomes[0].welcome).has_value()) << newcomer->name;
        EXPECT_TRUE(equal(newcomer->group->view().epoch_authenticator(),
                          alice.group->view().epoch_authenticator()));
    }
}

}  // namespace
}  // namespace chatmcp::mls
