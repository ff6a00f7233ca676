#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "client/account.h"
#include "client/admission.h"
#include "client/chat_intents.h"
#include "client/home.h"
#include "client/sealed_store.h"
#include "client/world.h"
#include "identity/device_log.h"
#include "support/mls_member.h"
#include "wire/labelled_sign.h"

namespace chatmcp::testing {

/// A person's home, opened beside its client: acts with the true keys and without the rules.
class Hand {
  public:
    inline static const relay::Peer kPeer{.source = {9}, .channel = {}};
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
    /// What the relay says to a commit of this plan, which also adds the devices of `roots`,
    /// whatever the rules say of it. `tamper` sees the group before the commit is made.
    Result<wire::PublishBundle::Reply> offer_commit(
        const client::ChatId& chat,
        mls::Plan plan,
        const std::vector<wire::Ed25519Key>& roots = {},
        const std::function<void(mls::Group&)>& tamper = {}) {
        if (!roots.empty()) {
            const auto claimed = world_.relay.handle(wire::ClaimKeyPackages{roots}, kPeer);
            for (const auto& package : claimed->key_packages) {
                plan.add.push_back(*package);
            }
        }
        mls::Group own = group(chat);
        if (tamper) {
            tamper(own);
        }
        const auto bundle = own.stage(sealed_, plan, mls::Arrival{world_.clock.now()}).value();
        std::vector<wire::WelcomeDelivery> welcomes;
        for (std::size_t i = 0; i < roots.size(); ++i) {
            welcomes.push_back({identity::inbox_id(roots[i]), bundle.welcomes[i].welcome});
        }
        const auto request =
            client::publish_bundle(client::topic_address(world_.relay.public_key(), chat),
                                   *client::admission_key(own),
                                   bundle,
                                   client::staged_admission_key(own)->public_key(),
                                   std::move(welcomes));
        EXPECT_TRUE(own.discard(sealed_).has_value());
        return world_.relay.handle(request, kPeer);
    }
    /// The same; it takes the slot.
    void commit(const client::ChatId& chat,
                mls::Plan plan,
                const std::vector<wire::Ed25519Key>& roots = {},
                const std::function<void(mls::Group&)>& tamper = {}) {
        const auto taken = offer_commit(chat, std::move(plan), roots, tamper);
        ASSERT_TRUE(taken.has_value()) << taken.error().check;
    }
    void add(const client::ChatId& chat, const wire::Ed25519Key& root) { commit(chat, {}, {root}); }
    /// A new leaf of this device for a group.
    mls::LeafSetup leaf(const client::ChatId& chat) {
        client::Step step = make_step();
        return *client::make_leaf(step, *client::device(step), chat);
    }
    client::AccountRow account() { return **client::Home(sealed_).account(); }

    // A plaintext, encrypted and not published.
    Bytes encrypt(const client::ChatId& chat, ByteView plaintext) {
        return group(chat).encrypt(sealed_, plaintext, {}, 1024).value();
    }
    /// A proposal, not published.
    Bytes propose(const client::ChatId& chat, mls::Plan plan) {
        return group(chat).propose(sealed_, std::move(plan)).value();
    }
    /// A commit, not published.
    Bytes commit_bytes(const client::ChatId& chat, const mls::Plan& plan) {
        mls::Group own = group(chat);
        const auto bundle = own.stage(sealed_, plan, mls::Arrival{world_.clock.now()}).value();
        EXPECT_TRUE(own.discard(sealed_).has_value());
        return bundle.commit;
    }
    wire::PublishMessage message(const client::ChatId& chat, Bytes payload) {
        mls::Group own = group(chat);
        return client::publish_message(client::topic_address(world_.relay.public_key(), chat),
                                       *client::admission_key(own),
                                       own.view().epoch().value,
                                       std::move(payload));
    }
    /// What the relay says to it.
    Result<wire::PublishMessage::Reply> offer(const client::ChatId& chat, Bytes payload) {
        return world_.relay.handle(message(chat, std::move(payload)), kPeer);
    }
    void publish(const client::ChatId& chat, Bytes payload) {
        const auto published = offer(chat, std::move(payload));
        ASSERT_TRUE(published.has_value()) << published.error().check;
    }
    Bytes content(wire::ContentType type, Bytes body) {
        return wire::encode(wire::Content{.salt = world_.random.array<32>(),
                                          .type = type,
                                          .sent_at = world_.clock.now(),
                                          .body = std::move(body)});
    }
    void say(const client::ChatId& chat, wire::ContentType type, Bytes body) {
        publish(chat, encrypt(chat, content(type, std::move(body))));
    }

    /// A request to be taken out and in again, of this device; `edit` comes before the signature.
    wire::ReaddRequest readd_request(const client::ChatId& chat,
                                     const std::function<void(wire::ReaddRequest&)>& edit = {}) {
        client::Step step = make_step();
        const client::Device own = *client::device(step);
        wire::ReaddRequest request{.topic = wire::topic_of(chat),
                                   .epoch = 0,
                                   .authenticator_hash = {},
                                   .made_at = world_.clock.now(),
                                   .key_package = *client::make_key_package_for(step, own, chat),
                                   .signature = {}};
        const auto in = mls::Group::load(environment_, sealed_, chat);
        if (in.has_value()) {
            request.epoch = in->view().epoch().value;
            request.authenticator_hash =
                wire::ReaddRequest::hash_of_authenticator(in->view().epoch_authenticator());
        }
        if (edit) {
            edit(request);
        }
        request.signature = to_array<64>(wire::sign(own.root, request));
        return request;
    }
    /// A group of our own making, alone in it, with no topic yet.
    client::ChatId found(const std::vector<mls::Component>& more) {
        client::Step step = make_step();
        const client::Device own = *client::device(step);
        const client::ChatId id = world_.random.array<32>();
        client::NewGroup wanted{
            .id = id,
            .components = {client::make_component(wire::ComponentId::roles,
                                                  wire::Roles{{own.row.account}}),
                           client::make_component(wire::ComponentId::sequencer,
                                                  wire::Sequencer{world_.relay.public_key()})},
            .companion_of = std::nullopt};
        wanted.components.insert(wanted.components.end(), more.begin(), more.end());
        EXPECT_TRUE(client::create_group(step, wanted).has_value());
        return id;
    }
    /// One that says it continues `of`, with everybody of these roots.
    client::ChatId successor(const client::ChatId& of, const std::vector<wire::Ed25519Key>& roots) {
        const client::ChatId id =
            found({client::make_component(wire::ComponentId::successor_of, wire::CompanionOf{of})});
        const auto topic =
            client::create_topic(client::topic_address(world_.relay.public_key(), id),
                                 *client::admission_key(group(id)),
                                 {});
        EXPECT_TRUE(world_.relay.handle(topic, kPeer).has_value());
        commit(id, {}, roots);
        return id;
    }

  private:
    client::Step make_step() {
        return {home_, runtime_, environment_, settings_, world_.clock.now(), effects_};
    }

    World& world_;
    Person& person_;
    NoRules rules_;
    TrustAll trust_;
    mls::Environment environment_;
    std::unique_ptr<OwnedTransaction> transaction_;
    client::HomeKey key_;
    client::SealedTransaction sealed_;
    client::Home home_{sealed_};
    client::Runtime runtime_;
    client::TrustSettings settings_{.accepted_domains = {}, .policy = {}, .roots = {}};
    client::Effects effects_;
};

}  // namespace chatmcp::testing
