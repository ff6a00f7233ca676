#include <deque>

#include <gtest/gtest.h>

#include "client/agent.h"
#include "client/world.h"

namespace chatmcp::testing {
namespace {

constexpr std::size_t kPeople = 84;
constexpr std::size_t kAgreeing =
    24;  // Each costs a commit that every member of the companion follows.

// All of them from one address and in one hour, within what the relay allows to a source.
class Crowd : public ::testing::Test {
  protected:
    void SetUp() override {
        std::vector<Person*> pointers;
        for (std::size_t i = 0; i < kPeople; ++i) {
            people.emplace_back(world, "person " + std::to_string(i)).sign_in();
            pointers.push_back(&people.back());
        }
        chat = make_chat(pointers, "Committee");
    }
    void say(Person& person, const std::string& text) {
        const auto sent = person.run(client::SendText{chat, text});
        ASSERT_TRUE(sent.has_value());
        ASSERT_EQ(person.intent(**sent).state, client::IntentState::delivered);
        said.push_back(text);
    }
    void everybody_reads() {
        for (Person& person : people) {
            person.sync();
            ASSERT_EQ(person.texts(chat), said) << person.name;
            EXPECT_TRUE(person.complaints().empty()) << person.name;
        }
    }

    World world;
    std::deque<Person> people;
    client::ChatId chat{};
    std::vector<std::string> said;
};

TEST_F(Crowd, OfEightyFourPeopleReadsWhatEachOfThemSays) {
    ASSERT_EQ(people[0].members(chat).size(), kPeople);
    for (Person& person : people) {
        say(person, "I am " + person.name);
    }
    everybody_reads();
    for (Person& person : people) {
        EXPECT_EQ(person.chat(chat).epoch_authenticator, people[0].chat(chat).epoch_authenticator);
    }
}

TEST_F(Crowd, ShowsAnAssistantTheWordsOfAllWhoAgreedAndOfNobodyElse) {
    Agent agent(world);
    agent.publish();
    const auto trust = [&](Person& person) {
        ASSERT_TRUE(person.run(client::AllowSimulated{agent.root_fingerprint(), {}}).has_value());
    };
    trust(people[0]);
    const auto invited =
        people[0].run(client::InviteAssistant{.chat = chat,
                                              .enclave_key = agent.enclave_key(),
                                              .scopes = {wire::Scope::answer},
                                              .expires_at = world.clock.now().plus_ms(kDayMs),
                                              .from = wire::AgreeFrom::past});
    ASSERT_TRUE(invited.has_value()) << invited.error().check;
    agent.serve();
    people[0].sync();
    ASSERT_EQ(people[0].intent(**invited).state, client::IntentState::delivered);
    const client::ChatId companion = *people[0].intent(**invited).companion;
    for (std::size_t i = 1; i < kAgreeing; ++i) {
        people[i].sync();
        trust(people[i]);
        const auto agreed = people[i].run(client::AgreeAssistant{chat, wire::AgreeFrom::now});
        ASSERT_TRUE(agreed.has_value()) << agreed.error().check;
    }
    people[0].sync();  // Admits all who agreed.
    EXPECT_EQ(people[0].chat(companion).summary.members, kAgreeing + 1);
    for (std::size_t i = 0; i <= kAgreeing; ++i) {
        people[i].sync();
        say(people[i], "I am " + people[i].name);
        people[i].sync();
    }
    everybody_reads();
    agent.serve();
    std::vector<std::string> copied;
    for (const Agent::Copied& copy : agent.copied(companion)) {
        copied.push_back(copy.text);
    }
    EXPECT_EQ(copied, std::vector<std::string>(said.begin(), said.end() - 1));
}

}  // namespace
}  // namespace chatmcp::testing
