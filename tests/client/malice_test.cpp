// Members that do what no client of ours does: they use their keys by hand.
#include <algorithm>

#include <gtest/gtest.h>

#include "client/admission.h"
#include "client/agent.h"
#include "client/agent_protocol.h"
#include "client/home.h"
#include "client/sealed_store.h"
#include "client/world.h"
#include "identity/device_log.h"
#include "identity/wallet_file.h"
#include "wire/labelled_sign.h"

namespace chatmcp::testing {
namespace {

using client::IntentState;

bool contains(const std::vector<std::string>& list, const std::string& what) {
    return std::ranges::find(list, what) != list.end();
}

class AnyTrust final : public mls::Trust {
  public:
    Result<void> check(const mls::LeafView&,
                       const mls::LeafView*,
                       const mls::GroupView&,
                       const mls::Arrival&) const override {
        return {};
    }
};

// A person's home, opened beside its client.
class Hand {
  public:
    Hand(World& world, Person& person)
        : world_(world),
          person_(person),
          environment_{rules_, trust_, world.random, mls::Limits()},
          transaction_(*person.home().begin()),
          key_(*client::HomeKey::open(*transaction_, as_bytes("a passphrase of the tests"))),
          sealed_(*transaction_, key_, world.random) {}
    ~Hand() {
        EXPECT_TRUE(transaction_->commit().has_value());
        person_.kill();
    }

    mls::Group group(const client::ChatId& chat) {
        return *mls::Group::load(environment_, sealed_, chat);
    }
    client::AccountRow account() { return **client::Home(sealed_).account(); }

    void say(const client::ChatId& chat, wire::ContentType type, Bytes body) {
        mls::Group own = group(chat);
        const wire::Content content{.salt = world_.random.array<32>(),
                                    .type = type,
                                    .sent_at = world_.clock.now(),
                                    .body = std::move(body)};
        const auto payload = own.encrypt(sealed_, wire::encode(content), {}, 1024);
        ASSERT_TRUE(payload.has_value());
        const auto request =
            client::publish_message(client::topic_address(world_.relay.public_key(), chat),
                                    *client::admission_key(own),
                                    own.view().epoch().value,
                                    *payload);
        ASSERT_TRUE(world_.relay.handle(request, {.source = {9}, .channel = {}}).has_value());
    }

    void add(const client::ChatId& chat, const wire::Ed25519Key& root) {
        mls::Group own = group(chat);
        const relay::Peer peer{.source = {9}, .channel = {}};
        const auto claimed = world_.relay.handle(wire::ClaimKeyPackages{{root}}, peer);
        mls::Plan plan;
        plan.add = {*claimed->key_packages[0]};
        const auto bundle = own.stage(sealed_, plan, mls::Arrival{world_.clock.now()});
        ASSERT_TRUE(bundle.has_value()) << bundle.error().check;
        const auto request =
            client::publish_bundle(client::topic_address(world_.relay.public_key(), chat),
                                   *client::admission_key(own),
                                   *bundle,
                                   client::staged_admission_key(own)->public_key(),
                                   {{identity::inbox_id(root), bundle->welcomes[0].welcome}});
        ASSERT_TRUE(world_.relay.handle(request, peer).has_value());
        ASSERT_TRUE(own.discard(sealed_).has_value());
    }

  private:
    World& world_;
    Person& person_;
    client::ConversationRules rules_;
    AnyTrust trust_;
    mls::Environment environment_;
    std::unique_ptr<OwnedTransaction> transaction_;
    client::HomeKey key_;
    client::SealedTransaction sealed_;
};

class Malice : public ::testing::Test {
  protected:
    void SetUp() override {
        for (Person* person : {&ana, &ben, &cleo}) {
            person->sign_in();
        }
        chat = make_chat({&ana, &ben, &cleo}, "");
        agent.publish();
        for (Person* person : {&ana, &ben}) {
            ASSERT_TRUE(
                person->run(client::AllowSimulated{agent.root_fingerprint(), {}}).has_value());
        }
        const auto started =
            ana.run(client::InviteAssistant{.chat = chat,
                                            .enclave_key = agent.enclave_key(),
                                            .scopes = {wire::Scope::answer},
                                            .expires_at = world.clock.now().plus_ms(kDayMs),
                                            .from = wire::AgreeFrom::now});
        agent.serve();
        ana.sync();
        ASSERT_EQ(ana.intent(**started).state, IntentState::delivered);
        companion = *ana.chat(chat).companion;
        for (Person* person : {&ben, &cleo}) {
            person->sync();
        }
    }
    wire::Ed25519Key root_of(Person& person) {
        const auto view = person.look<std::optional<client::AccountView>>(
            [](client::Client& c, Transaction& t) { return c.account(t); });
        return (*view)->root_key;
    }

    World world;
    Person ana{world, "ana"};
    Person ben{world, "ben"};
    Person cleo{world, "cleo"};
    Agent agent{world};
    client::ChatId chat{};
    client::ChatId companion{};
};

TEST_F(Malice, WhoDidNotAgreeDoesNotJoin) {
    Hand(world, ana).add(companion, root_of(cleo));
    cleo.sync();
    EXPECT_TRUE(contains(cleo.complaints(), "CLT-32"));
    EXPECT_EQ(cleo.chats().size(), 1u);
    // And the home goes on.
    EXPECT_TRUE(cleo.run(client::SendText{chat, "still here"}).has_value());
}

TEST_F(Malice, AnAgreementToAnotherGrantIsNotTakenUp) {
    wire::Agreement agreement;
    agreement.companion_id = companion;
    const relay::Peer peer{.source = {9}, .channel = {}};
    const auto claimed = world.relay.handle(wire::ClaimKeyPackages{{root_of(cleo)}}, peer);
    agreement.key_package = *claimed->key_packages[0];
    Hand(world, cleo).say(chat, wire::ContentType::agreement, wire::encode(agreement));
    ana.sync();
    EXPECT_TRUE(contains(ana.complaints(), "CLT-90"));
    EXPECT_EQ(ana.chat(companion).summary.members, 2u);
}

TEST_F(Malice, AShownLeafIsOfTheCredentialThatTheGrantNames) {
    for (const client::MessageView& message : ben.messages(chat)) {
        if (!message.announcement.has_value()) {
            continue;
        }
        const auto& announcement = *message.announcement;
        const auto& digest = announcement.grant.agent_credential_digest;
        EXPECT_TRUE(
            client::verify_shown_leaf(announcement.agent_leaf, companion, digest).has_value());
        const auto other = client::verify_shown_leaf(announcement.agent_leaf, companion, {});
        ASSERT_FALSE(other.has_value());
        EXPECT_STREQ(other.error().check, "CLT-84");
        EXPECT_FALSE(client::verify_shown_leaf(announcement.agent_leaf, chat, digest).has_value());
        return;
    }
    FAIL() << "no announcement";
}

TEST_F(Malice, AnUpdateThatDoesNotOpenBreaksTheCompanionByName) {
    agent.serve();
    agent.renew(companion);
    ana.wire.reply = [&](client::ReplyBody& body) {
        if (auto* read = std::get_if<wire::ReadTopic::Reply>(&body)) {
            for (wire::Envelope& envelope : read->envelopes) {
                if (envelope.acceptance.has_value()) {
                    envelope.payload.back() ^= 1;
                    envelope.acceptance->commit_hash = crypto::sha256(envelope.payload);
                    envelope.acceptance->signature =
                        to_array<64>(wire::sign(world.relay_key, *envelope.acceptance));
                }
            }
        }
        return true;
    };
    ana.sync();
    EXPECT_TRUE(contains(ana.complaints(), "CLT-71"));
}

TEST_F(Malice, AGapInTheReceiptsIsShown) {
    ASSERT_TRUE(ben.run(client::AgreeAssistant{chat, wire::AgreeFrom::now}).has_value());
    for (int i = 0; i < 3; ++i) {
        world.clock.set(world.clock.now().plus_ms(7 * kSecondMs));
        ana.sync();
        ben.sync();
        agent.serve();
    }
    const auto ask = [&](Person& person, bool posts) {
        ASSERT_TRUE(person.run(client::Ask{chat, wire::Scope::answer, "anything"}).has_value());
        agent.serve();
        if (posts) {
            person.sync();
        }
    };
    ask(ana, true);
    ben.sync();
    EXPECT_FALSE(contains(ben.complaints(), "CLT-94"));
    ask(ben, false);
    ask(ana, true);
    ben.sync();
    EXPECT_TRUE(contains(ben.complaints(), "CLT-94"));
}

TEST_F(Malice, AKeyPackageOfAnotherLogIsRefused) {
    Person dan(world, "dan");
    dan.sign_in();
    identity::WalletProof proof;
    crypto::SigningKey root = crypto::SigningKey::generate(world.random);
    {
        Hand hand(world, dan);
        const auto row = hand.account();
        proof = *wire::decode<identity::WalletProof>(row.wallet_proof);
        root = crypto::SigningKey::from_seed(row.root_seed);
    }
    proof.issued_at_s += 1;
    proof.signature = *identity::sign_wallet_text(dan.wallet(), proof.text());
    const Bytes entry = wire::encode(identity::link_device(proof, root));
    ana.wire.reply = [&](client::ReplyBody& body) {
        if (auto* log = std::get_if<wire::GetDeviceLog::Reply>(&body)) {
            log->entries = {entry};
        }
        return true;
    };
    const auto adding = ana.run(client::AddMembers{chat, {dan.account()}});
    ASSERT_EQ(ana.intent(**adding).missing.size(), 1u);
    EXPECT_EQ(ana.intent(**adding).missing[0].reason.check, "CLT-43");
}

}  // namespace
}  // namespace chatmcp::testing
