// Messages between members: order, loss, late ones, repeated ones, our own, and every flipped bit.

#include <algorithm>

#include <gtest/gtest.h>

#include "support/mls_hostile.h"

namespace chatmcp::mls {
namespace {

using testing::MemoryTransaction;
using testing::MlsMember;
using testing::state_of;

const Bytes kGroupId(32, 0x47);

std::string text_of(const Result<Received>& received) {
    if (!received.has_value()) {
        return std::string("error ") + received.error().check;
    }
    const auto* message = std::get_if<ApplicationMessage>(&*received);
    return message == nullptr ? "no message" : to_text(message->data);
}

class Messages : public ::testing::TestWithParam<CipherSuite> {
  protected:
    void SetUp() override {
        for (MlsMember* member : {&alice, &bob, &carol}) {
            member->suite = GetParam();
        }
        ASSERT_TRUE(alice.create(kGroupId).has_value());
        const auto bundle = alice.stage(
            Plan{.add = {bob.key_package().key_package, carol.key_package().key_package}});
        ASSERT_TRUE(bundle.has_value());
        ASSERT_TRUE(alice.confirm().has_value());
        ASSERT_TRUE(bob.join(bundle->welcomes[0].welcome).has_value());
        ASSERT_TRUE(carol.join(bundle->welcomes[1].welcome).has_value());
    }
    /// An empty commit of Alice that Bob and Carol follow.
    void next_epoch() {
        const auto bundle = alice.stage(Plan{.force_path = true});
        ASSERT_TRUE(bundle.has_value());
        ASSERT_TRUE(alice.confirm().has_value());
        ASSERT_TRUE(bob.follow(bundle->commit).has_value());
        ASSERT_TRUE(carol.follow(bundle->commit).has_value());
    }

    MlsMember alice{"alice", 1};
    MlsMember bob{"bob", 2};
    MlsMember carol{"carol", 3};
};

TEST_P(Messages, ArriveInAnyOrderOnceEachAlsoAfterReloads) {
    std::vector<Bytes> sent;
    for (int i = 0; i < 30; ++i) {
        sent.push_back(alice.encrypt("message " + std::to_string(i)).value());
        if (i % 7 == 0) {
            ASSERT_TRUE(alice.reload().has_value());
        }
    }
    std::vector<std::size_t> order(sent.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = (i * 11 + 5) % order.size();
    }
    for (const std::size_t i : order) {
        EXPECT_EQ(text_of(bob.receive(sent[i])), "message " + std::to_string(i));
        ASSERT_TRUE(bob.reload().has_value());
        EXPECT_EQ(text_of(bob.receive(sent[i])), "error MLS-50");
    }
}

TEST_P(Messages, CarryAuthenticatedDataEpochSenderAndGeneration) {
    const auto sent = bob.step([&](Transaction& t) {
        return bob.group->encrypt(t, as_bytes("text"), as_bytes("seen by the relay"), 0);
    });
    ASSERT_TRUE(sent.has_value());
    const auto received = alice.receive(*sent);
    ASSERT_TRUE(received.has_value());
    const auto& message = std::get<ApplicationMessage>(*received);
    EXPECT_EQ(message.sender, LeafIndex{1});
    EXPECT_EQ(message.sender_leaf.credential.data, to_bytes(as_bytes("bob")));
    EXPECT_EQ(message.epoch, bob.group->view().epoch());
    EXPECT_EQ(message.generation, 0u);
    EXPECT_EQ(to_text(message.authenticated_data), "seen by the relay");
}

TEST_P(Messages, OfPastEpochsOpenInsideTheWindowAndKnowTheLeafOfThen) {
    const Bytes late = carol.encrypt("late").value();
    const Bytes too_late = carol.encrypt("too late").value();
    // Carol is removed, and somebody else gets her leaf.
    MlsMember dave("dave", 4);
    dave.suite = GetParam();
    auto bundle =
        alice.stage(Plan{.add = {dave.key_package().key_package}, .remove = {LeafIndex{2}}});
    ASSERT_TRUE(bundle.has_value());
    ASSERT_TRUE(alice.confirm().has_value());
    ASSERT_TRUE(bob.follow(bundle->commit).has_value());
    ASSERT_EQ(bob.group->view().member(LeafIndex{2})->credential.data, to_bytes(as_bytes("dave")));
    ASSERT_TRUE(bob.reload().has_value());
    const auto received = bob.receive(late);
    ASSERT_TRUE(received.has_value()) << received.error().check;
    EXPECT_EQ(std::get<ApplicationMessage>(*received).sender_leaf.credential.data,
              to_bytes(as_bytes("carol")));
    EXPECT_EQ(text_of(bob.receive(late)), "error MLS-50");
    for (int i = 0; i < 3; ++i) {
        bundle = alice.stage(Plan{.force_path = true});
        ASSERT_TRUE(alice.confirm().has_value());
        ASSERT_TRUE(bob.follow(bundle->commit).has_value());
    }
    EXPECT_EQ(text_of(bob.receive(too_late)), "error MLS-83");
    // Nothing of the epochs that fell out of the window is left.
    const Epoch now = bob.group->view().epoch();
    for (const RecordKind kind : {RecordKind::past_epoch,
                                  RecordKind::secret_tree,
                                  RecordKind::ratchets,
                                  RecordKind::skipped_key}) {
        for (const auto& [key, value] : bob.store.records) {
            const Bytes prefix = record_key(kGroupId, kind);
            if (key.size() >= prefix.size() + 8 &&
                equal(ByteView(key).first(prefix.size()), prefix)) {
                wire::Reader reader(ByteView(key).subspan(prefix.size()));
                EXPECT_GE(reader.u64().value() + 3, now.value);
            }
        }
    }
}

TEST_P(Messages, OfOtherGroupsAndOfTheFutureAreRefused) {
    const Bytes now = bob.encrypt("now").value();
    const auto bundle = bob.stage(Plan{.force_path = true});
    ASSERT_TRUE(bob.confirm().has_value());
    const Bytes future = bob.encrypt("future").value();
    EXPECT_EQ(text_of(alice.receive(future)), "error MLS-82");
    ASSERT_TRUE(alice.follow(bundle->commit).has_value());
    EXPECT_EQ(text_of(alice.receive(future)), "future");
    EXPECT_EQ(text_of(alice.receive(now)), "now");
    EXPECT_EQ(text_of(alice.receive(bundle->commit)), "error MLS-83");
    MlsMember other("other", 8);
    other.suite = GetParam();
    ASSERT_TRUE(other.create(Bytes(32, 9)).has_value());
    EXPECT_EQ(text_of(other.receive(now)), "error MLS-81");
    EXPECT_EQ(text_of(alice.receive(alice.key_package().key_package)), "error MLS-80");
}

TEST_P(Messages, FromALeafThatNobodyHasAreRefused) {
    // Bob encrypts in the name of the blank leaf 3, whose keys every member can derive.
    GroupState& state = state_of(bob);
    AuthenticatedContent content;
    content.content.group_id = kGroupId;
    content.content.epoch = state.epoch.context.epoch;
    content.content.sender = {SenderType::member, 3};
    content.content.body = {1, 2, 3};
    sign_content(state.suite(), state.epoch.signature_key, state.epoch.encoded_context, content);
    MemoryTransaction transaction(bob.store);
    const auto key =
        state.message_keys.find(transaction, LeafIndex{3}, ContentType::application, 0, Limits{});
    ASSERT_TRUE(key.has_value());
    const auto seal = [&](std::uint32_t leaf) {
        content.content.sender.index = leaf;
        return encode_message(WireFormat::private_message,
                              protect_private(state.suite(),
                                              content,
                                              state.epoch.secrets.sender_data_secret.view(),
                                              *key,
                                              {},
                                              0));
    };
    EXPECT_EQ(text_of(alice.receive(seal(3))), "error MLS-84");
    EXPECT_EQ(text_of(alice.receive(seal(0xffff'ffff))), "error MLS-84");
    // And in Carol's name: encrypted under Carol's keys, which Bob has, but signed by Bob.
    const auto of_carol =
        state.message_keys.find(transaction, LeafIndex{2}, ContentType::application, 0, Limits{});
    content.content.sender.index = 2;
    const Bytes forged =
        encode_message(WireFormat::private_message,
                       protect_private(state.suite(),
                                       content,
                                       state.epoch.secrets.sender_data_secret.view(),
                                       *of_carol,
                                       {},
                                       0));
    EXPECT_EQ(text_of(alice.receive(forged)), "error MLS-38");
    // Failure 13 of others: Carol's true message of that generation still opens.
    EXPECT_EQ(text_of(alice.receive(carol.encrypt("truly carol").value())), "truly carol");
}

TEST_P(Messages, OfOurOwnAreRecognised) {
    const Bytes message = alice.encrypt("mine").value();
    const Epoch sent_in = alice.group->view().epoch();
    auto received = alice.receive(message);
    ASSERT_TRUE(received.has_value());
    EXPECT_EQ(std::get<OwnMessage>(*received).content_type, ContentType::application);
    const auto leave = alice.propose_leave();
    received = alice.receive(*leave);
    ASSERT_TRUE(received.has_value());
    EXPECT_EQ(std::get<OwnMessage>(*received).content_type, ContentType::proposal);

    // A commit: staged it is OwnCommit, confirmed it is named so, discarded it is a stranger's of
    // our own leaf. Each also after a reload.
    const auto bundle = alice.stage(Plan{.force_path = true});
    ASSERT_TRUE(bundle.has_value());
    ASSERT_TRUE(alice.reload().has_value());
    EXPECT_TRUE(std::holds_alternative<OwnCommit>(*alice.receive(bundle->commit)));
    ASSERT_TRUE(alice.discard().has_value());
    ASSERT_TRUE(alice.reload().has_value());
    EXPECT_FALSE(alice.group->has_staged());
    received = alice.receive(bundle->commit);
    ASSERT_TRUE(received.has_value());
    EXPECT_EQ(std::get<OwnMessage>(*received).content_type, ContentType::commit);
    EXPECT_FALSE(std::get<OwnMessage>(*received).confirmed);
    const auto second = alice.stage(Plan{.force_path = true, .public_message = true});
    ASSERT_TRUE(second.has_value());
    EXPECT_TRUE(std::holds_alternative<OwnCommit>(*alice.receive(second->commit)));
    ASSERT_TRUE(alice.confirm().has_value());
    ASSERT_TRUE(alice.reload().has_value());
    received = alice.receive(second->commit);
    ASSERT_TRUE(received.has_value());
    EXPECT_TRUE(std::get<OwnMessage>(*received).confirmed);
    EXPECT_EQ(std::get<OwnMessage>(*received).epoch, sent_in);
    received = alice.receive(message);
    ASSERT_TRUE(received.has_value());
    EXPECT_EQ(std::get<OwnMessage>(*received).epoch, sent_in);
}

TEST_P(Messages, AreSentInTheOldEpochWhileACommitIsStagedWithoutRepeatingAKey) {
    EXPECT_EQ(text_of(bob.receive(alice.encrypt("before").value())), "before");
    const auto bundle = alice.stage(Plan{.force_path = true});
    ASSERT_TRUE(bundle.has_value());
    const auto pending = alice.stage(Plan{.force_path = true});
    ASSERT_FALSE(pending.has_value());
    EXPECT_STREQ(pending.error().check, "MLS-69");
    EXPECT_EQ(text_of(bob.receive(alice.encrypt("staged").value())), "staged");
    ASSERT_TRUE(alice.reload().has_value());
    EXPECT_EQ(text_of(bob.receive(alice.encrypt("reloaded").value())), "reloaded");
    ASSERT_TRUE(alice.discard().has_value());
    EXPECT_EQ(text_of(bob.receive(alice.encrypt("discarded").value())), "discarded");
    for (const auto& nothing : {alice.discard(), Result<void>(fail(Errc::not_found, "MLS-90"))}) {
        ASSERT_FALSE(nothing.has_value());
        EXPECT_STREQ(nothing.error().check, "MLS-90");
    }
    const auto unstaged = alice.confirm();
    ASSERT_FALSE(unstaged.has_value());
    EXPECT_STREQ(unstaged.error().check, "MLS-90");
    // Two commits of one epoch have two handshake keys: the second is not refused as a repetition.
    const auto other = alice.stage(Plan{.force_path = true});
    ASSERT_TRUE(other.has_value());
    ASSERT_TRUE(alice.confirm().has_value());
    ASSERT_TRUE(bob.follow(other->commit).has_value());
}

TEST_P(Messages, ALostRaceIsDiscardedByFollowingTheWinner) {
    const auto ours = alice.stage(Plan{.force_path = true});
    const auto theirs = bob.stage(Plan{.force_path = true});
    ASSERT_TRUE(ours.has_value() && theirs.has_value());
    ASSERT_TRUE(bob.confirm().has_value());
    EXPECT_TRUE(alice.group->has_staged());
    ASSERT_TRUE(alice.follow(theirs->commit).has_value());
    EXPECT_FALSE(alice.group->has_staged());
    ASSERT_TRUE(alice.reload().has_value());
    EXPECT_FALSE(alice.group->has_staged());
    EXPECT_EQ(text_of(bob.receive(alice.encrypt("in step").value())), "in step");
}

TEST_P(Messages, ADroppedOrLateIncomingChangesNothing) {
    const auto bundle = bob.stage(Plan{.force_path = true});
    ASSERT_TRUE(bundle.has_value());
    const auto records = alice.store.records;
    MemoryTransaction transaction(alice.store);
    std::optional<Incoming> late;
    for (int i = 0; i < 3; ++i) {
        auto received = alice.group->receive(transaction, bundle->commit, alice.arrival);
        ASSERT_TRUE(received.has_value());
        late = std::move(std::get<Incoming>(*received));
        const auto exported = late->export_next("chatmcp admission", {}, 32);
        ASSERT_TRUE(exported.has_value());
        EXPECT_TRUE(
            equal(exported->view(), bob.group->export_staged("chatmcp admission", {}, 32)->view()));
    }
    EXPECT_FALSE(transaction.changed_anything());
    EXPECT_EQ(alice.store.records, records);
    ASSERT_TRUE(alice.follow(bundle->commit).has_value());
    const auto applied = late->apply(transaction);
    ASSERT_FALSE(applied.has_value());
    EXPECT_STREQ(applied.error().check, "MLS-89");
    EXPECT_FALSE(transaction.changed_anything());
}

TEST_P(Messages, ARemovedMemberHasNoSecretsLeftAndCanComeBack) {
    MlsMember& removed = carol;
    const Bytes before = alice.encrypt("before").value();
    const auto bundle = alice.stage(Plan{.remove = {LeafIndex{2}}});
    ASSERT_TRUE(bundle.has_value());
    ASSERT_TRUE(alice.confirm().has_value());
    ASSERT_TRUE(bob.follow(bundle->commit).has_value());
    {
        MemoryTransaction transaction(removed.store);
        auto received = removed.group->receive(transaction, bundle->commit, removed.arrival);
        ASSERT_TRUE(received.has_value());
        auto& incoming = std::get<Incoming>(*received);
        EXPECT_TRUE(incoming.change().removes_self);
        const auto exported = incoming.export_next("label", {}, 32);
        ASSERT_FALSE(exported.has_value());
        EXPECT_STREQ(exported.error().check, "MLS-70");
    }
    ASSERT_TRUE(removed.follow(bundle->commit).has_value());
    for (int i = 0; i < 2; ++i) {
        EXPECT_STREQ(removed.encrypt("more").error().check, "MLS-70");
        EXPECT_STREQ(removed.stage(Plan{}).error().check, "MLS-70");
        EXPECT_STREQ(removed.receive(before).error().check, "MLS-70");
        EXPECT_FALSE(removed.group->export_secret("label", {}, 32).has_value());
        EXPECT_FALSE(removed.propose_leave().has_value());
        EXPECT_EQ(removed.group->view().member_count(), 3u);  // As it last was.
        ASSERT_TRUE(removed.reload().has_value());
    }
    for (const auto& [key, value] : removed.store.records) {
        const Bytes prefix = group_prefix(kGroupId);
        if (key.size() > prefix.size() && equal(ByteView(key).first(prefix.size()), prefix)) {
            const auto kind = static_cast<RecordKind>(key[prefix.size()]);
            EXPECT_TRUE(kind == RecordKind::header || kind == RecordKind::node);
        }
    }
    const auto again = alice.stage(Plan{.add = {removed.key_package().key_package}});
    ASSERT_TRUE(again.has_value());
    ASSERT_TRUE(alice.confirm().has_value());
    ASSERT_TRUE(removed.join(again->welcomes[0].welcome).has_value());
    EXPECT_EQ(text_of(removed.receive(alice.encrypt("welcome back").value())), "welcome back");
}

TEST_P(Messages, AboveTheirLimitsAreRefusedBeforeAnythingIsDone) {
    Limits small;
    small.message_bytes_max = 64;
    const Environment strict{alice.rules, alice.trust, alice.random, small};
    MemoryTransaction transaction(alice.store);
    auto group = Group::load(strict, transaction, kGroupId).value();
    EXPECT_STREQ(group.encrypt(transaction, Bytes(65), {}, 0).error().check, "MLS-79");
    EXPECT_STREQ(group.encrypt(transaction, {}, Bytes(65), 0).error().check, "MLS-79");
    EXPECT_STREQ(group.encrypt(transaction, {}, {}, 65).error().check, "MLS-79");
    EXPECT_STREQ(group.receive(transaction, Bytes(65), alice.arrival).error().check, "MLS-79");
    EXPECT_FALSE(transaction.changed_anything());
    EXPECT_STREQ(Group::load(strict, transaction, Bytes(32, 1)).error().check, "MLS-86");
    EXPECT_STREQ(Group::load(strict, transaction, Bytes(300, 1)).error().check, "MLS-86");
    EXPECT_STREQ(Group::create(strict,
                               transaction,
                               GroupSpec{.group_id = Bytes(256), .components = {}},
                               alice.setup(),
                               alice.arrival)
                     .error()
                     .check,
                 "MLS-88");
}

TEST_P(Messages, ARotatedLeafSignsWithItsNewKeyFromTheNextEpochOn) {
    LeafSetup fresh = bob.setup();
    const Bytes new_key = to_bytes(fresh.signature_key.public_key());
    fresh.components = {{0x8010, {9}}};
    Plan plan;
    plan.rotate = std::move(fresh);
    const auto bundle = bob.stage(plan);
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    ASSERT_TRUE(bob.reload().has_value());
    ASSERT_TRUE(bob.confirm().has_value());
    const auto change = alice.follow(bundle->commit);
    ASSERT_TRUE(change.has_value()) << change.error().check;
    ASSERT_EQ(change->updated.size(), 1u);
    EXPECT_NE(change->updated[0].before.signature_key, new_key);
    EXPECT_EQ(change->updated[0].after.signature_key, new_key);
    EXPECT_EQ(change->updated[0].after.components, (std::vector<Component>{{0x8010, {9}}}));
    ASSERT_TRUE(bob.reload().has_value());
    EXPECT_EQ(text_of(alice.receive(bob.encrypt("new key").value())), "new key");
}

TEST_P(Messages, WhoIsAddedInACommitThatChangesTheSignatureKeyJoins) {
    MlsMember newcomer("newcomer", 77);
    newcomer.suite = GetParam();
    Plan plan;
    plan.add = {newcomer.key_package().key_package};
    plan.rotate = bob.setup();
    const auto bundle = bob.stage(plan);
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    ASSERT_TRUE(bob.confirm().has_value());
    // The commit is signed with the old key, the GroupInfo in the Welcome with the new one.
    ASSERT_TRUE(alice.follow(bundle->commit).has_value());
    const auto joined = newcomer.join(bundle->welcomes[0].welcome);
    ASSERT_TRUE(joined.has_value()) << joined.error().check;
    EXPECT_EQ(text_of(newcomer.receive(alice.encrypt("welcome").value())), "welcome");
}

TEST_P(Messages, ComponentsAreSetWholeAndSeenByAll) {
    Plan plan;
    plan.components = std::vector<Component>{{0x8001, {1}}, {0x8006, to_bytes(as_bytes("title"))}};
    const auto bundle = alice.stage(plan);
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    ASSERT_TRUE(alice.confirm().has_value());
    const auto change = bob.follow(bundle->commit);
    ASSERT_TRUE(change.has_value()) << change.error().check;
    ASSERT_TRUE(change->components.has_value());
    EXPECT_TRUE(change->components->before.empty());
    EXPECT_EQ(change->components->after, *plan.components);
    EXPECT_FALSE(change->other_extensions_changed);
    EXPECT_FALSE(change->has_path);  // AppDataUpdate needs none.
    EXPECT_EQ(bob.group->view().components(), *plan.components);
    ASSERT_TRUE(bob.reload().has_value());
    EXPECT_EQ(to_text(*bob.group->view().component(0x8006)), "title");
    EXPECT_FALSE(bob.group->view().component(0x8007).has_value());
}

TEST_P(Messages, OfOneStateThatStartsTwiceAreNeverUnderOneKey) {
    // Bob's keys live in the object alone. Two objects start from one store, as two enclaves do
    // from one seal, with a commit staged.
    bob.environment.own_keys_in_memory_only = true;
    ASSERT_TRUE(bob.reload().has_value());
    EXPECT_STREQ(bob.encrypt("loaded").error().check, "MLS-91");
    const auto first = bob.stage(Plan{.force_path = true, .public_message = true});
    ASSERT_TRUE(first.has_value());
    testing::MemoryStore seal = bob.store;
    ASSERT_TRUE(bob.confirm().has_value());
    ASSERT_TRUE(alice.follow(first->commit).has_value());
    EXPECT_EQ(text_of(alice.receive(bob.encrypt("fresh").value())), "fresh");

    MemoryTransaction transaction(seal);
    auto second = Group::load(bob.environment, transaction, kGroupId).value();
    const auto refused = [&](const auto& result) {
        return !result.has_value() && std::string_view(result.error().check) == "MLS-91";
    };
    EXPECT_TRUE(refused(second.encrypt(transaction, {}, {}, 0)));
    ASSERT_TRUE(second.confirm(transaction).has_value());
    EXPECT_TRUE(
        equal(second.view().epoch_authenticator(), alice.group->view().epoch_authenticator()));
    EXPECT_TRUE(refused(second.encrypt(transaction, {}, {}, 0)));
    EXPECT_TRUE(refused(second.propose(transaction, {.remove = {second.view().own_index()}})));
    EXPECT_TRUE(refused(second.stage(transaction, Plan{.force_path = true}, bob.arrival)));
    // Somebody else's commit makes no fresh keys either; an own one does.
    const auto others = alice.stage(Plan{.force_path = true});
    ASSERT_TRUE(others.has_value());
    auto received = second.receive(transaction, others->commit, bob.arrival);
    ASSERT_TRUE(received.has_value());
    ASSERT_TRUE(std::get<Incoming>(*received).apply(transaction).has_value());
    ASSERT_TRUE(alice.confirm().has_value());
    EXPECT_TRUE(refused(second.encrypt(transaction, {}, {}, 0)));
    const auto renewed =
        second.stage(transaction, Plan{.force_path = true, .public_message = true}, bob.arrival);
    ASSERT_TRUE(renewed.has_value()) << renewed.error().check;
    ASSERT_TRUE(second.confirm(transaction).has_value());
    ASSERT_TRUE(alice.follow(renewed->commit).has_value());
    const auto sent = second.encrypt(transaction, as_bytes("renewed"), {}, 0);
    ASSERT_TRUE(sent.has_value());
    EXPECT_EQ(text_of(alice.receive(*sent)), "renewed");
}

/// Flip each bit once: refused, nothing written; afterwards the true message works.
template <class Receive>
void expect_every_bit_counts(const Bytes& message, std::size_t step, Receive receive) {
    for (std::size_t bit = 0; bit < message.size() * 8; bit += step) {
        Bytes flipped = message;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        ASSERT_FALSE(receive(flipped)) << "bit " << bit;
    }
}

TEST_P(Messages, EveryFlippedBitIsRefusedAndTheTrueMessageStillWorks) {
    const auto refused_by_bob = [&](const Bytes& message) {
        MemoryTransaction transaction(bob.store);
        const auto received = bob.group->receive(transaction, message, bob.arrival);
        return received.has_value() || transaction.changed_anything();
    };
    const Bytes text = alice.encrypt("a message", 32).value();
    expect_every_bit_counts(text, 1, refused_by_bob);
    EXPECT_EQ(text_of(bob.receive(text)), "a message");

    const Bytes leave = carol.propose_leave().value();
    expect_every_bit_counts(leave, 1, refused_by_bob);
    const Bytes update = testing::public_proposal(carol, testing::update_of(carol));
    expect_every_bit_counts(update, 1, refused_by_bob);
    EXPECT_TRUE(bob.receive(update).has_value());

    MlsMember dave("dave", 4);
    dave.suite = GetParam();
    const Bytes package = dave.key_package().key_package;
    expect_every_bit_counts(
        package, 1, [&](const Bytes& flipped) { return inspect_key_package(flipped).has_value(); });
    for (const bool in_public : {false, true}) {
        const auto bundle =
            alice.stage(Plan{.add = {package}, .force_path = true, .public_message = in_public});
        ASSERT_TRUE(bundle.has_value());
        expect_every_bit_counts(bundle->commit, 1, refused_by_bob);
        expect_every_bit_counts(bundle->welcomes[0].welcome, 3, [&](const Bytes& flipped) {
            MemoryTransaction transaction(dave.store);
            return Group::join(dave.environment, transaction, flipped, dave.arrival).has_value() ||
                   transaction.changed_anything();
        });
        if (in_public) {
            ASSERT_TRUE(alice.confirm().has_value());
            ASSERT_TRUE(bob.follow(bundle->commit).has_value());
            ASSERT_TRUE(dave.join(bundle->welcomes[0].welcome).has_value());
        } else {
            ASSERT_TRUE(alice.discard().has_value());
        }
    }
    EXPECT_EQ(text_of(dave.receive(bob.encrypt("all well").value())), "all well");
}

// Of classical and of hybrid keys, and of the smaller and the larger hash.
INSTANTIATE_TEST_SUITE_P(Suites,
                         Messages,
                         ::testing::Values(testing::kTestSuite,
                                           CipherSuite::mlkem768x25519_aes256gcm_sha384_ed25519));

}  // namespace
}  // namespace chatmcp::mls
