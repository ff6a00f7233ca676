// A host that replays, withholds, reorders, alters, gives old seals back and turns the clock.
#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include <gtest/gtest.h>

#include "client/agent_protocol.h"
#include "enclave/raw_member.h"
#include "enclave/rig.h"

namespace chatmcp::testing {
namespace {

using Words = std::vector<std::string>;

bool is_message(const client::DoorRequest& request) {
    return std::holds_alternative<wire::PublishMessage>(request);
}

// Ana made a companion with an enclave and told it one word.
class Scene {
  public:
    Scene() {
        EXPECT_TRUE(rig.start().has_value());
        rig.sign_in();
        CompanionPlan plan;
        plan.grant.scopes = {wire::Scope::answer};
        plan.grant.expires_at = world.clock.now().plus_ms(10 * kDayMs);
        ana.found(rig, plan);
        ana.copy(1, "tulip");
        rig.serve();
    }
    Words ask(const std::string& text) {
        ana.ask(text);
        rig.serve();
        return ana.read_last_words();
    }

    World world;
    EnclaveRig rig{world};
    RawMember ana{world, "ana"};
};

class HostileHost : public ::testing::Test, protected Scene {
  protected:
    void expect_answer() { EXPECT_EQ(ask("what is it"), Words{"tulip "}); }
    void restart() { ASSERT_TRUE(rig.start().has_value()); }
};

TEST_F(HostileHost, FramesThatAreReplayedChangeNothing) {
    expect_answer();
    const std::size_t published = rig.published.size();
    rig.hear_all_again();
    rig.serve();
    rig.hear_all_again();
    rig.serve();
    EXPECT_EQ(rig.published.size(), published);
    EXPECT_EQ(rig.jobs.size(), 1u);
    EXPECT_TRUE(ana.read_last_words().empty());
    expect_answer();
}

// Old envelopes on the stream that is open now: as they were, and as if they were new.
TEST_F(HostileHost, EnvelopesThatAreReplayedAreNoNewOnes) {
    std::vector<wire::Envelope> seen;
    bool replaying = false;
    bool renumbered = false;
    rig.push = [&](Pushed& pushed) {
        if (pushed.inbox) {
            return true;
        }
        const auto now = *wire::decode<wire::Envelope>(pushed.body);
        if (!replaying) {
            seen.push_back(now);
            return true;
        }
        const auto old = std::exchange(seen, {});
        for (wire::Envelope earlier : old) {
            earlier.sequence = renumbered ? now.sequence : earlier.sequence;
            earlier.epoch = renumbered ? now.epoch : earlier.epoch;
            rig.hear(enclave::RelayPushed{pushed.request, wire::encode(earlier)});
        }
        return true;
    };
    for (const bool numbered_anew : {false, true}) {
        replaying = false;
        renumbered = numbered_anew;
        expect_answer();
        ASSERT_GE(seen.size(), 2u);
        replaying = true;
        expect_answer();
        EXPECT_TRUE(seen.empty());
        EXPECT_EQ(rig.noted("ENC-16") > 0, numbered_anew);
    }
    EXPECT_EQ(rig.jobs.size(), 4u);
}

TEST_F(HostileHost, AGapIsNoticedAndNothingIsLostByIt) {
    int withheld = 0;
    rig.push = [&](Pushed& pushed) { return pushed.inbox || ++withheld != 1; };
    ana.ask("the first");
    rig.serve();
    ana.ask("the second");
    rig.serve();
    EXPECT_GE(rig.noted("ENC-13"), 1u);
    EXPECT_EQ(ana.read_last_words(), (Words{"tulip ", "tulip "}));
}

TEST_F(HostileHost, EnvelopesOutOfOrderArePutIntoOrder) {
    std::optional<Bytes> held;
    rig.push = [&](Pushed& pushed) {
        if (pushed.inbox || held.has_value()) {
            return true;
        }
        held = pushed.body;
        return false;
    };
    ana.ask("the first");
    ana.copy(2, "rose");
    rig.serve();
    EXPECT_GE(rig.noted("ENC-13"), 1u);
    EXPECT_EQ(ana.read_last_words().size(), 1u);
    rig.push = nullptr;
    EXPECT_EQ(ask("and now"), Words{"tulip rose "});
}

TEST_F(HostileHost, AQuestionThatIsWithheldUntilARestartIsAnsweredAfterIt) {
    rig.push = [](Pushed& pushed) { return pushed.inbox; };
    EXPECT_TRUE(ask("what is it").empty());
    rig.push = nullptr;
    restart();
    rig.serve();
    EXPECT_EQ(ana.read_last_words(), Words{"tulip "});
}

// The host says that the answer was accepted, and never gave it to the relay.
TEST_F(HostileHost, AnAnswerThatNeverStoodInTheTopicIsGivenAfterARestart) {
    rig.carry = [&](const client::DoorRequest& request) {
        if (!is_message(request)) {
            return true;
        }
        rig.hear(enclave::RelayAnswered{
            rig.carrying,
            0,
            client::encode_door_answer({{}, client::DoorReply(wire::PublishMessage::Reply{})})});
        return false;
    };
    EXPECT_TRUE(ask("what is it").empty());
    EXPECT_EQ(rig.jobs.size(), 1u);
    rig.carry = nullptr;
    restart();
    rig.serve();
    EXPECT_EQ(ana.read_last_words(), Words{"tulip "});
}

TEST_F(HostileHost, AnAnswerThatNeverStoodInTheTopicIsOfferedAgainInTheSameRun) {
    rig.carry = [&](const client::DoorRequest& request) {
        if (!is_message(request)) {
            return true;
        }
        rig.hear(enclave::RelayAnswered{
            rig.carrying,
            0,
            client::encode_door_answer({{}, client::DoorReply(wire::PublishMessage::Reply{})})});
        return false;
    };
    EXPECT_TRUE(ask("what is it").empty());
    rig.carry = nullptr;
    world.clock.set(world.clock.now().plus_ms(kMinuteMs));
    rig.serve();
    EXPECT_EQ(ana.read_last_words(), Words{"tulip "});
    EXPECT_EQ(rig.jobs.size(), 1u);
}

// The relay got it, and neither its answer nor what the topic says reaches the enclave before it
// dies.
TEST_F(HostileHost, AnAnswerWhoseAcceptanceWasLostIsNotGivenTwice) {
    std::size_t messages = 0;
    rig.carry = [&](const client::DoorRequest& request) {
        const auto* message = std::get_if<wire::PublishMessage>(&request);
        if (message == nullptr || ++messages == 1) {
            return true;  // The first is the news that the question came.
        }
        EXPECT_TRUE(world.relay.handle(*message, {.source = {8}, .channel = {}}).has_value());
        return false;
    };
    rig.push = [&](Pushed& pushed) { return pushed.inbox || messages < 2; };
    EXPECT_EQ(ask("what is it"), Words{"tulip "});
    EXPECT_EQ(messages, 2u);
    rig.carry = nullptr;
    rig.push = nullptr;
    restart();
    rig.serve();
    EXPECT_TRUE(ana.read_last_words().empty());
    EXPECT_EQ(rig.jobs.size(), 1u);
    expect_answer();
}

// News of progress is on its way when a commit ends the epoch and more news takes its place; the
// host's answer to the first must not be taken for one to what stands in front now.
TEST_F(HostileHost, AnAnswerIsNotMistakenForTheNewsInFrontOfIt) {
    std::optional<std::uint64_t> held;
    rig.carry = [&](const client::DoorRequest& request) {
        if (!is_message(request) || held.has_value()) {
            return true;
        }
        held = rig.carrying;
        return false;
    };
    rig.hold_jobs = true;
    ana.ask("the first");
    ana.ask("the second");
    rig.serve();
    ASSERT_TRUE(held.has_value());
    ana.commit();
    rig.serve();
    rig.hold_jobs = false;
    rig.serve();
    rig.carry = nullptr;
    rig.hear(enclave::RelayAnswered{
        *held,
        0,
        client::encode_door_answer({{}, client::DoorReply(wire::PublishMessage::Reply{})})});
    rig.serve();
    EXPECT_EQ(ana.read_last_words(), (Words{"tulip ", "tulip "}));
}

// Every bit of the head of what streams and answers bring, and some of what follows it.
TEST_F(HostileHost, AFrameWithAnyBitChangedCostsNothingButTime) {
    constexpr std::size_t kHeadBytes = 48;
    std::size_t changed = 0;
    for (std::size_t i = 0; i < 2 * kHeadBytes; ++i) {
        bool once = false;
        rig.push = [&](Pushed& pushed) {
            const std::size_t at = i < kHeadBytes ? i : i * 37 % pushed.body.size();
            if (!once && at < pushed.body.size()) {
                once = true;
                ++changed;
                pushed.body[at] ^= static_cast<std::uint8_t>(1 << (i % 8));
            }
            return true;
        };
        ASSERT_EQ(ask("what is it"), Words{"tulip "}) << "byte " << i;
        ASSERT_EQ(rig.noted("ENC-14") + rig.noted("ENC-15"), 0u) << "byte " << i;
    }
    EXPECT_GE(changed, kHeadBytes);
}

TEST_F(HostileHost, AnswersOfTheRelayThatWereAlteredCostNothingButTime) {
    constexpr std::size_t kRequests = 10;  // Login, entry, streams, two Updates, messages.
    constexpr std::uint16_t kStatuses[] = {0, 1, 7, 60'000};
    for (std::size_t nth = 0; nth < kRequests; ++nth) {
        for (const Bytes& body : {Bytes{}, Bytes(7, 0xff), Bytes(300, 0x01)}) {
            std::size_t carried = 0;
            rig.carry = [&](const client::DoorRequest&) {
                if (carried++ != nth) {
                    return true;
                }
                rig.hear(enclave::RelayAnswered{
                    rig.carrying, kStatuses[(nth + body.size()) % std::size(kStatuses)], body});
                return false;
            };
            restart();
            const Words words = ask("what is it");
            ASSERT_GT(carried, nth);
            rig.carry = nullptr;
            rig.serve();
            EXPECT_EQ(words.size() + ana.read_last_words().size(), 1u) << "request " << nth;
        }
    }
}

TEST_F(HostileHost, NothingIsSaidAfterARestartBeforeTheLeafWasRenewed) {
    expect_answer();
    restart();
    bool bundles = false;
    std::vector<std::pair<bool, std::uint64_t>> sent;  // Whether a bundle, and its epoch.
    rig.carry = [&](const client::DoorRequest& request) {
        if (const auto* message = std::get_if<wire::PublishMessage>(&request)) {
            sent.emplace_back(false, message->epoch);
        } else if (const auto* bundle = std::get_if<wire::PublishBundle>(&request)) {
            if (!bundles) {
                return false;
            }
            sent.emplace_back(true, bundle->epoch);
        }
        return true;
    };
    // While the Update is withheld there is no word, not even that a question came (MLS-91).
    EXPECT_TRUE(ask("what is it").empty());
    EXPECT_TRUE(sent.empty());
    EXPECT_EQ(rig.jobs.size(), 1u);
    bundles = true;
    restart();
    rig.serve();
    ASSERT_GE(sent.size(), 3u);
    // The one that the earlier run had staged, a further one, and only then words.
    EXPECT_TRUE(sent[0].first);
    EXPECT_TRUE(sent[1].first);
    EXPECT_GT(sent[1].second, sent[0].second);
    for (const auto& [bundle, epoch] : std::span(sent).subspan(2)) {
        EXPECT_FALSE(bundle);
        EXPECT_EQ(epoch, sent[1].second + 1);
    }
    EXPECT_EQ(ana.read_last_words(), Words{"tulip "});
}

// For each seal that a whole run made: the host starts the enclave from it.
TEST(HostileSeals, NoSealOfARunBringsAMessageKeyBackAndEachGoesOnAsFarAsItMay) {
    std::size_t answered = 0;
    std::size_t silent = 0;
    std::size_t seals = 1;
    for (std::size_t i = 0; i < seals; ++i) {
        Scene scene;
        EXPECT_EQ(scene.ask("the first"), Words{"tulip "});
        ASSERT_TRUE(scene.rig.start().has_value());
        EXPECT_EQ(scene.ask("the second"), Words{"tulip "});
        seals = scene.rig.seals.size();
        std::set<std::uint64_t> epochs;
        for (const wire::PublishMessage& message : scene.rig.published) {
            epochs.insert(message.epoch);
        }
        scene.rig.published.clear();
        scene.rig.stored = scene.rig.seals[i];
        ASSERT_TRUE(scene.rig.start().has_value()) << "seal " << i;
        const Words words = scene.ask("the third");
        for (const wire::PublishMessage& message : scene.rig.published) {
            EXPECT_FALSE(epochs.contains(message.epoch)) << "seal " << i;
        }
        // Older than the Update of the second run: another enclave went on, and this one must not.
        // Older than the companion: it is not in it.
        const bool is_silent = words.empty();
        EXPECT_LE(scene.rig.noted("ENC-15"), 1u);
        (is_silent ? silent : answered) += 1;
        if (!is_silent) {
            EXPECT_EQ(scene.rig.noted("ENC-15"), 0u);
            EXPECT_EQ(words.back(), "tulip ") << "seal " << i;
        }
        // With other people it goes on in any case.
        RawMember ben(scene.world, "ben");
        CompanionPlan plan;
        plan.grant.scopes = {wire::Scope::answer};
        plan.grant.expires_at = scene.world.clock.now().plus_ms(kDayMs);
        scene.rig.sign_in();
        ben.found(scene.rig, plan);
        ben.copy(1, "rose");
        ben.ask("what");
        scene.rig.serve();
        EXPECT_EQ(ben.read_last_words(), Words{"rose "}) << "seal " << i;
    }
    EXPECT_GE(answered, 5u);
    EXPECT_GE(silent, 5u);
}

TEST_F(HostileHost, AClockThatJumpsADayAndComesBackStopsNothing) {
    rig.skew_ms = kDayMs;
    expect_answer();
    rig.skew_ms = 0;
    // Everything that waits for a moment later: an epoch that ends, a refusal, a stream that broke.
    ana.commit();
    expect_answer();
    int refused = 0;
    rig.carry = [&](const client::DoorRequest& request) {
        if (!is_message(request) || ++refused > 3) {
            return true;
        }
        rig.hear(enclave::RelayAnswered{rig.carrying,
                                        static_cast<std::uint16_t>(Errc::unavailable),
                                        to_bytes(as_bytes("NET-01"))});
        return false;
    };
    expect_answer();
    rig.carry = nullptr;
    rig.push = [](Pushed& pushed) {
        pushed.body.clear();
        return true;
    };
    ana.copy(2, "rose");
    rig.tick();
    rig.push = nullptr;
    EXPECT_EQ(ask("and now"), Words{"tulip rose "});
    rig.skew_ms = -30 * kDayMs;
    EXPECT_EQ(ask("and then"), Words{"tulip rose "});
    restart();
    EXPECT_EQ(ask("and after that"), Words{"tulip rose "});
}

TEST_F(HostileHost, AClockThatIsAheadMakesNoFloodOfLogins) {
    std::size_t logins = 0;
    rig.skew_ms = kDayMs;
    rig.carry = [&](const client::DoorRequest& request) {
        logins += std::holds_alternative<wire::Login>(request) ? 1 : 0;
        return true;
    };
    for (int i = 0; i < 20; ++i) {
        rig.serve();
        world.clock.set(world.clock.now().plus_ms(10 * kSecondMs));
    }
    EXPECT_LE(logins, 2u);
    expect_answer();
}

// What an answer was dated with stays the least that this companion's time can be, also when the
// clock was turned back while the enclave was not running.
TEST_F(HostileHost, TheTimeOfACompanionDoesNotGoBackOverARestart) {
    rig.skew_ms = 11 * kDayMs;
    EXPECT_EQ(ask("what is it"), Words{"ENC-22"});
    rig.skew_ms = 0;
    restart();
    EXPECT_EQ(ask("what is it"), Words{"ENC-22"});
}

TEST_F(HostileHost, NoTimeThatAHostCanClaimEndsTheEnclave) {
    for (const std::int64_t claimed : {std::int64_t{0}, INT64_MAX, std::int64_t{1}, INT64_MAX}) {
        const auto stepped = rig.agent->step({UnixMs{claimed}, enclave::TimeWentOn{}});
        EXPECT_TRUE(stepped.has_value());
    }
    EXPECT_EQ(ask("what is it"), Words{"ENC-22"});
}

}  // namespace
}  // namespace chatmcp::testing
