#include "mls/app_ack.h"

#include <set>

#include "base/encoding.h"
#include "mls/component.h"
#include "support/mls_trio.h"

namespace chatmcp::mls {
namespace {

const auto kAppAck = static_cast<std::uint16_t>(DraftComponent::app_ack);

MessageRange range(std::uint32_t sender, std::uint32_t first, std::uint32_t last) {
    return {LeafIndex{sender}, first, last};
}

TEST(AppAckFormat, IsWhatTheDraftSays) {
    const AppAck ack{{range(1, 0, 4), range(2, 7, 7)}};
    EXPECT_EQ(to_hex(wire::encode(ack)),
              "18"
              "000000010000000000000004"
              "000000020000000700000007");
    EXPECT_EQ(wire::decode<AppAck>(wire::encode(ack))->received_ranges, ack.received_ranges);
    const auto refused = wire::decode<AppAck>(wire::encode(AppAck{{range(1, 4, 3)}}));
    ASSERT_FALSE(refused.has_value());
    EXPECT_STREQ(refused.error().check, "EXT-12");
    AppAck many{std::vector<MessageRange>(kAckRangesMax, range(0, 0, 0))};
    EXPECT_TRUE(wire::decode<AppAck>(wire::encode(many)).has_value());
    many.received_ranges.push_back(range(0, 0, 0));
    const auto too_many = wire::decode<AppAck>(wire::encode(many));
    ASSERT_FALSE(too_many.has_value());
    EXPECT_STREQ(too_many.error().check, "EXT-13");
}

using Set = std::set<std::pair<std::uint32_t, std::uint32_t>>;
Set set_of(const std::vector<MessageRange>& ranges) {
    Set set;
    for (const MessageRange& each : ranges) {
        for (std::uint32_t g = each.first_generation; g <= each.last_generation; ++g) {
            set.emplace(each.sender.value, g);
        }
    }
    return set;
}

// Against sets of single generations.
TEST(MessageRanges, AreSetsWhateverTheirOrder) {
    testing::SeededRandom random(7);
    for (int round = 0; round < 500; ++round) {
        std::vector<MessageRange> lists[2];
        for (auto& list : lists) {
            for (std::size_t n = random.below(6); n > 0; --n) {
                const auto first = static_cast<std::uint32_t>(random.below(20));
                list.push_back(range(static_cast<std::uint32_t>(random.below(3)),
                                     first,
                                     first + static_cast<std::uint32_t>(random.below(6))));
            }
        }
        const auto a = normalised(lists[0]);
        const auto b = normalised(lists[1]);
        EXPECT_EQ(set_of(a), set_of(lists[0]));
        EXPECT_EQ(normalised(a), a);
        Set expected = set_of(a);
        for (const auto& each : set_of(b)) {
            expected.erase(each);
        }
        EXPECT_EQ(set_of(difference(a, b)), expected);
        EXPECT_EQ(normalised(difference(a, b)), difference(a, b));
    }
    constexpr std::uint32_t kMax = 0xffff'ffff;
    EXPECT_EQ(normalised({range(0, 5, kMax), range(0, 0, 4)}), (std::vector{range(0, 0, kMax)}));
    EXPECT_EQ(difference({range(0, 0, kMax)}, {range(0, kMax, kMax)}),
              (std::vector{range(0, 0, kMax - 1)}));
}

class AppAcks : public testing::MlsTrio {
  protected:
    void SetUp() override {
        const Component list{static_cast<std::uint16_t>(DraftComponent::app_components),
                             encode_components_list({kAppAck})};
        found({list}, {list});
    }
    static Component ack_of(testing::MlsMember& member) {
        testing::MemoryTransaction transaction(member.store);
        return member.group->app_ack(transaction).value();
    }
    static std::vector<MessageRange> acknowledged(const Component& ack) {
        return wire::decode<AppAck>(ack.data)->received_ranges;
    }
    static Result<std::vector<MissingMessages>> gaps_of(testing::MlsMember& member,
                                                        const Change& change) {
        testing::MemoryTransaction transaction(member.store);
        return member.group->missing_messages(transaction, change);
    }
    // What the member says of a commit before it applies it.
    static std::vector<MissingMessages> gaps_before(testing::MlsMember& member, ByteView commit) {
        testing::MemoryTransaction transaction(member.store);
        auto received = member.group->receive(transaction, commit, member.arrival);
        EXPECT_TRUE(received.has_value()) << received.error().check;
        const Change change = std::get<Incoming>(*received).change();
        return gaps_of(member, change).value();
    }
};

TEST_F(AppAcks, SayWhatWasReceivedAlsoOutOfOrderAndAfterReloads) {
    std::vector<Bytes> sent;
    for (int i = 0; i < 6; ++i) {
        sent.push_back(alice.encrypt("text").value());
    }
    for (const int i : {0, 1, 4, 3}) {
        ASSERT_TRUE(bob.receive(sent[static_cast<std::size_t>(i)]).has_value());
        ASSERT_TRUE(bob.reload().has_value());
    }
    ASSERT_TRUE(bob.receive(*carol.encrypt("text")).has_value());
    EXPECT_EQ(acknowledged(ack_of(bob)),
              (std::vector{range(0, 0, 1), range(0, 3, 4), range(2, 0, 0)}));
    ASSERT_TRUE(bob.receive(sent[2]).has_value());
    EXPECT_EQ(acknowledged(ack_of(bob)), (std::vector{range(0, 0, 4), range(2, 0, 0)}));
    // A second copy changes nothing, own messages are not acknowledged.
    EXPECT_FALSE(bob.receive(sent[2]).has_value());
    EXPECT_EQ(acknowledged(ack_of(alice)), (std::vector<MessageRange>{}));
}

TEST_F(AppAcks, NameWhoLacksWhichMessages) {
    // The relay gives carol nothing of alice after the first, and drops bob's one for alice.
    for (int i = 0; i < 4; ++i) {
        const Bytes message = alice.encrypt("text").value();
        ASSERT_TRUE(bob.receive(message).has_value());
        if (i == 0) {
            ASSERT_TRUE(carol.receive(message).has_value());
        }
    }
    ASSERT_TRUE(carol.receive(*bob.encrypt("text")).has_value());
    const auto bundle = bob.stage(Plan{.attach = {ack_of(bob)}});
    ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
    EXPECT_EQ(gaps_before(carol, bundle->commit),
              (std::vector<MissingMessages>{{AckGap::missing_here, LeafIndex{1}, range(0, 1, 3)}}));
    // Alice sent them all and bob has them: nothing to say.
    EXPECT_EQ(gaps_before(alice, bundle->commit), (std::vector<MissingMessages>{}));
    EXPECT_TRUE(gaps_of(bob, bundle->change)->empty());

    const auto of_carol = carol.stage(Plan{.attach = {ack_of(carol)}});
    ASSERT_TRUE(of_carol.has_value());
    EXPECT_EQ(
        gaps_before(alice, of_carol->commit),
        (std::vector<MissingMessages>{{AckGap::missing_here, LeafIndex{2}, range(1, 0, 0)},
                                      {AckGap::not_acknowledged, LeafIndex{2}, range(0, 1, 3)}}));
    // Proposed by one and committed by another: the acknowledgement is its proposer's.
    ASSERT_TRUE(carol.discard().has_value());
    const auto proposed = carol.propose(Plan{.attach = {ack_of(carol)}});
    ASSERT_TRUE(bob.discard().has_value());
    ASSERT_TRUE(bob.receive(*proposed).has_value());
    ASSERT_TRUE(alice.receive(*proposed).has_value());
    const auto taken_up = bob.stage(Plan{});
    ASSERT_TRUE(taken_up.has_value());
    EXPECT_EQ(
        gaps_of(bob, taken_up->change),
        (std::vector<MissingMessages>{{AckGap::not_acknowledged, LeafIndex{2}, range(0, 1, 3)}}));
    const auto change = alice.follow(taken_up->commit);
    ASSERT_TRUE(change.has_value());
    EXPECT_EQ(refusal(gaps_of(alice, *change)), "EXT-16");
}

TEST_F(AppAcks, OfMessagesThatNobodySentAreALieThatIsNamed) {
    ASSERT_TRUE(bob.receive(*alice.encrypt("text")).has_value());
    const Component lie{kAppAck, wire::encode(AppAck{{range(0, 0, 2), range(2, 0, 0)}})};
    const auto bundle = bob.stage(Plan{.attach = {lie}});
    EXPECT_EQ(gaps_before(alice, bundle->commit),
              (std::vector<MissingMessages>{{AckGap::missing_here, LeafIndex{1}, range(2, 0, 0)},
                                            {AckGap::never_sent, LeafIndex{1}, range(0, 1, 2)}}));
}

TEST_F(AppAcks, ThatAreNoneMakeACommitInvalid) {
    const auto refused = [&](const Bytes& data) {
        return refusal(alice.receive(
            testing::hostile_proposals(bob, {Proposal{AppEphemeral{{kAppAck, data}}}})));
    };
    EXPECT_EQ(refused({1, 2}), "WIRE-01");
    EXPECT_EQ(refused(wire::encode(AppAck{{range(1, 4, 3)}})), "EXT-12");
    EXPECT_EQ(refused(wire::encode(AppAck{{range(9, 0, 0)}})), "EXT-14");
    EXPECT_EQ(refusal(bob.stage(Plan{.attach = {{kAppAck, {1, 2}}}})), "WIRE-01");
    // From outside nobody acknowledges anything.
    TreeDraft draft(testing::state_of(alice).tree);
    EXPECT_EQ(refusal(check_app_acks({{{kAppAck, wire::encode(AppAck{})}, std::nullopt}},
                                     testing::state_of(alice).epoch.context,
                                     draft)),
              "EXT-14");
}

TEST_F(AppAcks, BeginAnewWithEveryEpochAndEndWithTheirComponent) {
    ASSERT_TRUE(bob.receive(*alice.encrypt("text")).has_value());
    const Bytes late = alice.encrypt("late").value();
    next_epoch(Plan{.force_path = true});
    EXPECT_TRUE(acknowledged(ack_of(bob)).empty());
    ASSERT_TRUE(bob.receive(late).has_value());  // Of the epoch before: nothing to acknowledge.
    EXPECT_TRUE(acknowledged(ack_of(bob)).empty());
    ASSERT_TRUE(bob.receive(*alice.encrypt("text")).has_value());
    EXPECT_EQ(acknowledged(ack_of(bob)), (std::vector{range(0, 0, 0)}));
    next_epoch(Plan{.components = std::vector<Component>{}});
    testing::MemoryTransaction transaction(bob.store);
    EXPECT_EQ(refusal(bob.group->app_ack(transaction)), "EXT-15");
    const Bytes prefix = record_key(bob.group->view().group_id(), RecordKind::received_ranges);
    for (const auto& [key, value] : bob.store.records) {
        EXPECT_FALSE(key.size() > prefix.size() &&
                     equal(ByteView(key).first(prefix.size()), prefix));
    }
    // Where it is not in use an AppAck is data like any other.
    EXPECT_TRUE(bob.stage(Plan{.attach = {{kAppAck, {1, 2}}}}).has_value());
}

TEST_F(AppAcks, ASenderWithTooManyGapsIsAcknowledgedForItsNewestMessages) {
    const GroupState& state = testing::state_of(bob);
    ASSERT_TRUE(bob.step([&](Transaction& t) -> Result<void> {
        for (std::uint32_t i = 0; i <= kRangesPerSenderMax; ++i) {
            CHATMCP_TRY_VOID(
                note_received(state, t, state.epoch.context.epoch, LeafIndex{0}, 2 * i));
        }
        return {};
    }));
    const auto ranges = acknowledged(ack_of(bob));
    EXPECT_EQ(ranges.size(), kRangesPerSenderMax);
    EXPECT_EQ(ranges.front(), range(0, 2, 2));
}

}  // namespace
}  // namespace chatmcp::mls
