// Conversations whose relay follows them: what it refuses, and what only members can see.
#include <thread>

#include <gtest/gtest.h>

#include "client/hand.h"
#include "client/world.h"
#include "mls/public_group.h"
#include "relay/records.h"
#include "support/identity.h"
#include "support/mls_hostile.h"

namespace chatmcp::testing {
namespace {

using client::ChatState;
using client::IntentState;

template <class T>
std::string check_of(const Result<T>& result) {
    return result.has_value() ? "ok" : result.error().check;
}

class PublicHandshakes : public ::testing::Test {
  protected:
    void SetUp() override {
        for (Person* person : {&ana, &ben, &cleo, &dan}) {
            person->sign_in();
        }
        chat = make_chat({&ana, &ben, &cleo}, "Lunch", true);
    }
    void sync_all() {
        for (Person* person : {&ana, &ben, &cleo, &dan}) {
            person->sync();
        }
    }
    std::uint64_t epoch_of(Person& person) { return person.chat(chat).summary.epoch; }
    store::Partition partition() const { return relay::topic_partition(wire::topic_of(chat)); }
    relay::FollowedGroup followed() {
        const auto blob =
            world.store.get_blob(partition(), relay::followed_group_name(), world.clock.now());
        return relay::decode_record<relay::FollowedGroup>((*blob)->value).value();
    }
    // The relay's group is the members'.
    void expect_in_step() {
        const relay::FollowedGroup record = followed();
        const auto head = world.store.head(partition());
        EXPECT_EQ(wire::decode<relay::TopicState>((*head)->state)->followed, record.followed);
        const mls::Environment environment{rules, trust, world.random, mls::Limits()};
        const auto there = mls::PublicGroup::decode(environment, record.group).value();
        Hand hand(world, ana);
        mls::Group here = hand.group(chat);
        EXPECT_EQ(there.view().epoch(), here.view().epoch());
        EXPECT_TRUE(equal(there.view().tree_hash(), here.view().tree_hash()));
        EXPECT_TRUE(equal(there.view().confirmed_transcript_hash(),
                          here.view().confirmed_transcript_hash()));
    }
    static mls::Plan publicly(mls::Plan plan) {
        plan.public_message = true;
        return plan;
    }
    // A renewal of his leaf, made on a group that was tampered with.
    void commit_by_ben(const std::function<void(mls::Group&)>& tamper) {
        Hand hand(world, ben);
        hand.commit(chat, publicly({.rotate = hand.leaf(chat)}), {}, tamper);
    }
    // What the relay says to these bytes in a bundle.
    std::string offer_bundle(Hand& hand, Bytes commit) {
        const mls::Group group = hand.group(chat);
        const mls::Bundle bundle{.epoch = group.view().epoch(),
                                 .commit = std::move(commit),
                                 .welcomes = {},
                                 .ratchet_tree = {},
                                 .change = {}};
        const auto request =
            client::publish_bundle(client::topic_address(world.relay.public_key(), chat),
                                   *client::admission_key(group),
                                   bundle,
                                   key_named("next").public_key(),
                                   {});
        return check_of(world.relay.handle(request, Hand::kPeer));
    }
    void expect_all_speak() {
        sync_all();
        ASSERT_TRUE(ben.run(client::SendText{chat, "still here"}).has_value());
        sync_all();
        EXPECT_EQ(ana.texts(chat).back(), "still here");
        EXPECT_EQ(cleo.texts(chat).back(), "still here");
    }

    NoRules rules;
    TrustAll trust;
    World world;
    Person ana{world, "ana"};
    Person ben{world, "ben"};
    Person cleo{world, "cleo"};
    Person dan{world, "dan"};
    client::ChatId chat{};
};

TEST_F(PublicHandshakes, EverythingThatPeopleDoWorksAndTheRelayStaysInStep) {
    EXPECT_TRUE(ana.chat(chat).public_handshakes);
    EXPECT_TRUE(cleo.chat(chat).public_handshakes);
    expect_in_step();
    ASSERT_TRUE(cleo.run(client::SendText{chat, "hello"}).has_value());
    ana.sync();
    EXPECT_EQ(ana.texts(chat), std::vector<std::string>{"hello"});
    ASSERT_TRUE(ana.run(client::AddMembers{chat, {dan.account()}}).has_value());
    sync_all();
    EXPECT_EQ(ben.members(chat).size(), 4u);
    expect_in_step();
    // A proposal to leave, and the commit that takes it up by reference.
    ASSERT_TRUE(cleo.run(client::LeaveChat{chat}).has_value());
    for (int i = 0; i < 2; ++i) {
        world.clock.set(world.clock.now().plus_ms(kMinuteMs));
        ana.tick();
        sync_all();
    }
    EXPECT_EQ(cleo.chat(chat).summary.state, ChatState::left);
    EXPECT_EQ(ana.members(chat).size(), 3u);
    expect_in_step();
    ASSERT_TRUE(ana.run(client::RemoveMember{chat, dan.account()}).has_value());
    sync_all();
    EXPECT_EQ(ana.members(chat).size(), 2u);
    expect_in_step();
}

TEST_F(PublicHandshakes, ACommitThatBreaksARuleTakesNoSlot) {
    const std::uint64_t before = epoch_of(ana);
    {
        // Ben is no admin. In a conversation whose handshakes are private this ends it for all.
        Hand hand(world, ben);
        const auto refused = hand.offer_commit(
            chat, publicly({.remove = {mls::LeafIndex{2}}, .rotate = hand.leaf(chat)}));
        EXPECT_EQ(check_of(refused), "CLT-65");
    }
    {
        Hand hand(world, cleo);
        Bytes commit = hand.commit_bytes(chat, publicly({.rotate = hand.leaf(chat)}));
        commit[commit.size() / 2] ^= 1;
        EXPECT_EQ(offer_bundle(hand, commit), "MLS-38");
    }
    EXPECT_EQ(epoch_of(ana), before);
    EXPECT_TRUE(ana.complaints().empty());
    expect_all_speak();
}

TEST_F(PublicHandshakes, WhatTakesSecretsToSeeIsMendedByMembers) {
    // Ben seals a path secret to a key that is not Cleo's, which nobody without her key can see.
    commit_by_ben([](mls::Group& group) {
        const mls::RatchetTree& tree = mls::GroupAccess::state(group).tree;
        static_cast<void>(tree.root_hash());
        auto& leaf = const_cast<mls::LeafNode&>(*tree.leaf(mls::LeafIndex{2}));
        leaf.encryption_key = tree.leaf(mls::LeafIndex{0})->encryption_key;
    });
    ana.sync();
    EXPECT_EQ(ana.chat(chat).summary.state, ChatState::active);
    cleo.sync();
    ASSERT_EQ(cleo.chat(chat).summary.state, ChatState::broken);
    ana.sync();
    cleo.sync();
    EXPECT_EQ(cleo.chat(chat).summary.state, ChatState::active);
    expect_in_step();
    ASSERT_TRUE(ana.run(client::SendText{chat, "all of us"}).has_value());
    cleo.sync();
    EXPECT_EQ(cleo.texts(chat), std::vector<std::string>{"all of us"});
}

TEST_F(PublicHandshakes, AHandshakeThatTheRelayCannotReadIsRefused) {
    Hand hand(world, ana);
    EXPECT_EQ(check_of(hand.offer_commit(chat, {.force_path = true})), "RLY-39");
    EXPECT_EQ(check_of(hand.offer(chat, hand.propose(chat, {.remove = {mls::LeafIndex{1}}}))),
              "RLY-39");
}

TEST_F(PublicHandshakes, ABundleHoldsACommitAndNothingElseDoes) {
    Hand hand(world, ana);
    EXPECT_EQ(
        check_of(hand.offer(chat, hand.commit_bytes(chat, publicly({.rotate = hand.leaf(chat)})))),
        "RLY-40");
    EXPECT_EQ(offer_bundle(hand, hand.propose(chat, publicly({.remove = {mls::LeafIndex{1}}}))),
              "RLY-40");
    EXPECT_EQ(offer_bundle(hand, to_bytes(as_bytes("junk"))), "MLS-10");
}

TEST_F(PublicHandshakes, ATopicIsFollowedByTheGroupInfoOfItsOwnFirstEpoch) {
    Hand hand(world, ana);
    const auto created = [&](const client::ChatId& id, Bytes group_info) {
        return check_of(world.relay.handle(
            client::create_topic(client::topic_address(world.relay.public_key(), id),
                                 key_named("first"),
                                 std::move(group_info)),
            Hand::kPeer));
    };
    const client::ChatId fresh = world.random.array<32>();
    // Of another group, and of a later epoch.
    EXPECT_EQ(created(fresh, hand.group(chat).group_info(true, false).value()), "RLY-37");
    EXPECT_EQ(created(fresh, hand.group(chat).group_info(false, false).value()), "MLS-87");
    EXPECT_EQ(created(fresh, to_bytes(as_bytes("junk"))), "MLS-10");
    const client::ChatId silent = hand.found({});
    EXPECT_EQ(created(silent, hand.group(silent).group_info(true, false).value()), "RLY-37");
    const client::ChatId open =
        hand.found({client::make_component(wire::ComponentId::handshakes, wire::Handshakes{})});
    EXPECT_EQ(created(open, hand.group(open).group_info(true, false).value()), "ok");
    // Refused, it took nothing: the topic is still free.
    EXPECT_EQ(created(silent, {}), "ok");
}

TEST_F(PublicHandshakes, AGroupIsFollowedUpToALimit) {
    relay::RelayOptions options;
    options.followed_group_max_bytes = followed().group.size() + 100;
    relay::Relay small(world.store, world.relay_key.clone(), world.clock, world.random, options);
    std::string said;
    ana.wire.request = [&](const client::RequestBody& body) {
        const auto* bundle = std::get_if<wire::PublishBundle>(&body);
        if (bundle != nullptr) {
            said = check_of(small.handle(*bundle, Hand::kPeer));
        }
        return bundle == nullptr;
    };
    static_cast<void>(ana.run(client::AddMembers{chat, {dan.account()}}));
    EXPECT_EQ(said, "RLY-38");
}

TEST_F(PublicHandshakes, ProposalsThatComeTogetherAreAllFollowed) {
    std::vector<wire::PublishMessage> proposals;
    for (Person* person : {&ana, &ben, &cleo}) {
        Hand hand(world, *person);
        for (int i = 0; i < 4; ++i) {
            proposals.push_back(
                hand.message(chat, hand.propose(chat, publicly({.rotate = hand.leaf(chat)}))));
        }
    }
    const std::uint64_t before = followed().followed;
    std::vector<std::thread> threads;
    std::vector<std::string> said(proposals.size() * 2);
    for (std::size_t i = 0; i < said.size(); ++i) {
        threads.emplace_back(
            [&, i] { said[i] = check_of(world.relay.handle(proposals[i / 2], Hand::kPeer)); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(said, std::vector<std::string>(said.size(), "ok"));
    EXPECT_EQ(followed().followed, before + proposals.size());
}

TEST_F(PublicHandshakes, MembersTakeUpNoProposalThatTheRelayCannotRead) {
    Bytes hidden;
    {
        Hand hand(world, ben);
        hidden = hand.propose(chat, {.remove = {mls::LeafIndex{1}}});
        hand.say(chat, wire::ContentType::text, to_bytes(as_bytes("x")));
    }
    ana.wire.reply = [&](client::ReplyBody& body) {
        if (auto* read = std::get_if<wire::ReadTopic::Reply>(&body)) {
            for (wire::Envelope& envelope : read->envelopes) {
                envelope.payload = hidden;
            }
        }
        return true;
    };
    ana.sync();
    ana.wire.reply = nullptr;
    Hand hand(world, ana);
    mls::Group group = hand.group(chat);
    EXPECT_TRUE(mls::GroupAccess::state(group).proposals.empty());
}

TEST_F(PublicHandshakes, WhatFollowsABrokenConversationIsPublicToo) {
    // A commit whose confirmation tag is wrong: no relay can see it.
    commit_by_ben([](mls::Group& group) {
        auto& state = mls::GroupAccess::state(group);
        state.epoch.secrets.init_secret = SecretBytes(Bytes(32, 7));
    });
    ana.sync();
    cleo.sync();
    ASSERT_EQ(ana.chat(chat).summary.state, ChatState::broken);
    const auto repair = ana.run(client::RepairChat{chat, {}});
    ASSERT_TRUE(repair.has_value()) << repair.error().check;
    const auto made = ana.intent(**repair);
    ASSERT_EQ(made.state, IntentState::delivered)
        << (made.reason.has_value() ? made.reason->check : "pending");
    const client::ChatId next = *made.chat;
    EXPECT_TRUE(ana.chat(next).public_handshakes);
}

TEST_F(PublicHandshakes, DamageToTheFollowedGroupIsNamed) {
    ASSERT_TRUE(world.store
                    .put_blob(partition(),
                              {.name = relay::followed_group_name(),
                               .expires_at = store::kNever,
                               .value = Bytes{1, 2}})
                    .has_value());
    Hand hand(world, ana);
    EXPECT_EQ(check_of(hand.offer_commit(chat, publicly({.rotate = hand.leaf(chat)}))), "RLY-30");
    // Messages need no group.
    hand.say(chat, wire::ContentType::text, to_bytes(as_bytes("on")));
}

}  // namespace
}  // namespace chatmcp::testing
