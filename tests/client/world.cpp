#include "client/world.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

#include "base/check.h"
#include "identity/wallet_file.h"
#include "wire/labelled_sign.h"

namespace chatmcp::testing {
namespace {

constexpr std::string_view kPassphrase = "a passphrase of the tests";
const Bytes kChannel = to_bytes(as_bytes("http://127.0.0.1:1"));

client::Options options(const std::vector<std::string>& accepted_domains) {
    client::Options out;
    out.accepted_domains = accepted_domains;
    out.scrypt = {.n = 16, .r = 1, .p = 1};
    return out;
}

template <class T>
concept Unary = requires { typename T::Reply; };

}  // namespace

World::World()
    : relay_key(crypto::SigningKey::generate(random)),
      relay(store,
            relay_key.clone(),
            clock,
            random,
            relay::RelayOptions{.limits = {}, .stamp_book = &stamp_book}) {}

Person::Person(World& world,
               std::string name_in,
               std::int64_t skew_ms,
               std::vector<std::string> accepted_domains)
    : name(std::move(name_in)),
      world_(world),
      wallet_(crypto::SigningKey::generate(world.random)),
      skew_ms_(skew_ms),
      accepted_domains_(std::move(accepted_domains)),
      home_(std::make_shared<store::MemoryKeyValue>()) {
    auto transaction = home_->begin();
    CHATMCP_CHECK(transaction.has_value());
    const auto created = client::Client::create_home(
        **transaction, as_bytes(kPassphrase), options(accepted_domains_), world_.random);
    CHATMCP_CHECK(created.has_value());
    CHATMCP_CHECK((*transaction)->commit().has_value());
}

Person::Person(const Person& other, std::shared_ptr<store::MemoryKeyValue> home)
    : name(other.name),
      world_(other.world_),
      wallet_(other.wallet_.clone()),
      skew_ms_(other.skew_ms_),
      accepted_domains_(other.accepted_domains_),
      home_(std::move(home)) {}

std::unique_ptr<Person> Person::second_process() const {
    return std::unique_ptr<Person>(new Person(*this, home_));
}

client::Client& Person::client() {
    if (client_ == nullptr) {
        auto transaction = home_->begin();
        CHATMCP_CHECK(transaction.has_value());
        client::Options opening = options(accepted_domains_);
        opening.welcomes_bytes_max = welcomes_bytes_max;
        auto opened =
            client::Client::open(**transaction, as_bytes(kPassphrase), opening, world_.random);
        CHATMCP_CHECK(opened.has_value());
        client_ = std::make_unique<client::Client>(*std::move(opened));
    }
    return *client_;
}

std::unique_ptr<Person> Person::other_device() const {
    auto other = std::make_unique<Person>(world_, name + "'s other device", skew_ms_);
    other->wallet_ = wallet_.clone();
    return other;
}

void Person::kill() {
    client_.reset();
    queue_.clear();
    topic_streams_.clear();
    inbox_streams_.clear();
}

client::IntentView Person::run_with_kills(client::Command command) {
    constexpr int kStepsMax = 400;
    const auto started = begin(std::move(command));
    EXPECT_TRUE(started.has_value() && started->has_value());
    for (int i = 0; i < kStepsMax; ++i) {
        const client::IntentView view = intent(**started);
        if (view.state != client::IntentState::pending) {
            carry();
            return view;
        }
        if (i % 2 == 1) {
            wire.reply = [](client::ReplyBody&) { return false; };
            carry(1);
            wire.reply = nullptr;
        } else {
            carry(1);
        }
        kill();
        // Longer than another process leaves an intent to its owner.
        world_.clock.set(world_.clock.now().plus_ms(6 * kSecondMs));
        const auto ticked = step(client::Tick{});
        EXPECT_TRUE(ticked.has_value());
        carry(static_cast<std::size_t>(i % 3));
    }
    ADD_FAILURE() << name << ": the intent never ended";
    return intent(**started);
}

identity::Caip10 Person::account() const {
    return identity::Caip10::from_solana_key(wallet_.public_key());
}

Result<client::Effects> Person::step(decltype(client::Event::what) what) {
    client::Client& machine = client();
    CHATMCP_TRY(auto transaction, home_->begin());
    const UnixMs now = world_.clock.now().plus_ms(skew_ms_);
    CHATMCP_TRY(client::Effects effects, machine.step(*transaction, {now, std::move(what)}));
    CHATMCP_TRY_VOID(transaction->commit());
    for (client::Request& request : effects.requests) {
        queue_.push_back({request.id, std::move(request.body)});
    }
    effects.requests.clear();
    std::ranges::copy(effects.notices, std::back_inserter(notices));
    return effects;
}

void Person::answer(const Queued& queued) {
    if (wire.request && !wire.request(queued.body)) {
        return;
    }
    const relay::Peer peer{.source = to_bytes(as_bytes(name)), .channel = kChannel};
    client::Replied event{.id = queued.id, .outcome = {}, .channel = kChannel};
    if (const auto reason = wire.refuse ? wire.refuse(queued.body) : std::nullopt;
        reason.has_value()) {
        event.outcome = *reason;
        feed(std::move(event));
        return;
    }
    const bool answered = std::visit(
        [&]<class T>(const T& request) {
            if constexpr (Unary<T>) {
                const auto reply = world_.relay.handle(request, peer);
                if (reply.has_value()) {
                    event.outcome = client::ReplyBody(*reply);
                } else {
                    event.outcome = client::Reason::from(reply.error());
                }
                return true;
            } else {
                auto stream = world_.relay.subscribe(request, peer);
                if (!stream.has_value()) {
                    feed(client::StreamEnded{queued.id, client::Reason::from(stream.error())});
                } else if constexpr (std::is_same_v<T, wire::SubscribeTopic>) {
                    topic_streams_.emplace(queued.id, *std::move(stream));
                } else {
                    inbox_streams_.emplace(queued.id, *std::move(stream));
                }
                return false;
            }
        },
        queued.body);
    if (!answered) {
        return;
    }
    if (auto* body = std::get_if<client::ReplyBody>(&event.outcome);
        body != nullptr && wire.reply && !wire.reply(*body)) {
        return;
    }
    feed(std::move(event));
}

void Person::feed(decltype(client::Event::what) what) {
    const auto stepped = step(std::move(what));
    if (!stepped.has_value()) {
        ADD_FAILURE() << name << ": a step failed with " << stepped.error().check;
    }
}

bool Person::pump_topics() {
    bool moved = false;
    const auto streams = topic_streams_;
    for (auto [id, stream] : streams) {
        const auto next = world_.relay.read_next(stream);
        topic_streams_.insert_or_assign(id, stream);
        if (!next.has_value()) {
            topic_streams_.erase(id);
            feed(client::StreamEnded{id, client::Reason::from(next.error())});
            continue;
        }
        for (const wire::Envelope& envelope : next->envelopes) {
            moved = true;
            feed(client::PushedEnvelope{id, envelope});
        }
        if (next->epoch_ended) {
            topic_streams_.erase(id);
            feed(client::StreamEnded{id, std::nullopt});
        }
    }
    return moved;
}

bool Person::pump_inbox() {
    bool moved = false;
    const auto streams = inbox_streams_;
    for (auto [id, stream] : streams) {
        const auto next = world_.relay.read_next(stream);
        inbox_streams_.insert_or_assign(id, stream);
        if (!next.has_value()) {
            inbox_streams_.erase(id);
            feed(client::StreamEnded{id, client::Reason::from(next.error())});
            continue;
        }
        for (const wire::InboxItem& item : next->items) {
            moved = true;
            feed(client::PushedInboxItem{id, item});
        }
    }
    return moved;
}

void Person::pump() {
    carry();
    while (pump_inbox() || pump_topics()) {
        carry();
    }
}

void Person::break_streams() {
    std::vector<client::EffectId> ids;
    for (const auto& [id, stream] : topic_streams_) {
        ids.push_back(id);
    }
    for (const auto& [id, stream] : inbox_streams_) {
        ids.push_back(id);
    }
    topic_streams_.clear();
    inbox_streams_.clear();
    for (const client::EffectId id : ids) {
        feed(client::StreamEnded{id, client::Reason{Errc::unavailable, "broken"}});
    }
}

bool Person::carry_one() {
    if (queue_.empty()) {
        return false;
    }
    const Queued queued = std::move(queue_.front());
    queue_.pop_front();
    answer(queued);
    return true;
}

std::size_t Person::carry(std::size_t count) {
    std::size_t carried = 0;
    while (carried < count && carry_one()) {
        ++carried;
    }
    return carried;
}

Result<std::optional<client::IntentId>> Person::begin(client::Command command) {
    CHATMCP_TRY(const auto effects, step(std::move(command)));
    return effects.intent;
}

Result<std::optional<client::IntentId>> Person::run(client::Command command) {
    CHATMCP_TRY(const auto intent, begin(std::move(command)));
    carry();
    return intent;
}

void Person::tick() {
    feed(client::Tick{});
    carry();
}

void Person::sign_in() {
    const auto started = run(client::StartLogin{account(), "terminal.chatmcp"});
    ASSERT_TRUE(started.has_value()) << started.error().check;
    ASSERT_TRUE(started->has_value());
    std::string text;
    for (const client::Notice& notice : notices) {
        if (const auto* wanted = std::get_if<client::WalletSignatureWanted>(&notice)) {
            text = wanted->text;
        }
    }
    ASSERT_FALSE(text.empty());
    const auto signed_in = run(client::WalletSigned{*identity::sign_wallet_text(wallet_, text)});
    ASSERT_TRUE(signed_in.has_value()) << signed_in.error().check;
    const auto view = intent(**started);
    ASSERT_EQ(view.state, client::IntentState::delivered)
        << (view.reason.has_value() ? view.reason->check : "pending");
}

client::IntentView Person::intent(client::IntentId id) {
    const auto view = look<client::IntentView>(
        [&](client::Client& c, Transaction& t) { return c.intent(t, id); });
    CHATMCP_CHECK(view.has_value());
    return *view;
}

std::vector<client::ChatSummary> Person::chats() {
    const auto view = look<std::vector<client::ChatSummary>>(
        [](client::Client& c, Transaction& t) { return c.chats(t); });
    CHATMCP_CHECK(view.has_value());
    return *view;
}

client::ChatView Person::chat(const client::ChatId& id) {
    const auto view =
        look<client::ChatView>([&](client::Client& c, Transaction& t) { return c.chat(t, id); });
    CHATMCP_CHECK(view.has_value());
    return *view;
}

std::vector<client::MessageView> Person::messages(const client::ChatId& id, std::uint64_t since) {
    const auto view = look<std::vector<client::MessageView>>(
        [&](client::Client& c, Transaction& t) { return c.messages(t, id, since, 10'000); });
    CHATMCP_CHECK(view.has_value());
    return *view;
}

std::vector<std::string> Person::texts(const client::ChatId& id) {
    std::vector<std::string> out;
    for (const client::MessageView& message : messages(id)) {
        if (message.type == wire::ContentType::text && message.position != 0) {
            out.push_back(message.text);
        }
    }
    return out;
}

std::vector<client::MemberView> Person::members(const client::ChatId& id) {
    const auto view = look<std::vector<client::MemberView>>(
        [&](client::Client& c, Transaction& t) { return c.members(t, id); });
    CHATMCP_CHECK(view.has_value());
    return *view;
}

std::vector<std::string> Person::complaints() const {
    std::vector<std::string> out;
    for (const client::Notice& notice : notices) {
        if (const auto* wrong = std::get_if<client::Misbehaviour>(&notice)) {
            out.push_back(wrong->reason.check);
        }
    }
    return out;
}

std::function<bool(client::ReplyBody&)> showing_other_commits(
    const World& world, std::function<void(wire::Envelope&)> edit) {
    return [&world, edit = std::move(edit)](client::ReplyBody& body) {
        if (auto* read = std::get_if<wire::ReadTopic::Reply>(&body)) {
            for (wire::Envelope& envelope : read->envelopes) {
                if (envelope.acceptance.has_value()) {
                    edit(envelope);
                    envelope.acceptance->commit_hash = crypto::sha256(envelope.payload);
                    envelope.acceptance->signature =
                        to_array<64>(wire::sign(world.relay_key, *envelope.acceptance));
                }
            }
        }
        return true;
    };
}

client::ChatId make_chat(std::vector<Person*> people,
                         const std::string& title,
                         bool public_handshakes) {
    client::CreateChat command;
    command.title = title;
    command.public_handshakes = public_handshakes;
    for (std::size_t i = 1; i < people.size(); ++i) {
        command.accounts.push_back(people[i]->account());
    }
    const auto started = people[0]->run(command);
    EXPECT_TRUE(started.has_value()) << started.error().check;
    const auto made = people[0]->intent(**started);
    EXPECT_EQ(made.state, client::IntentState::delivered)
        << (made.reason.has_value() ? made.reason->check : "pending");
    EXPECT_TRUE(made.missing.empty());
    for (std::size_t i = 1; i < people.size(); ++i) {
        people[i]->sync();
        const auto accepted = people[i]->run(client::AcceptRequest{*made.chat});
        EXPECT_TRUE(accepted.has_value()) << accepted.error().check;
    }
    return *made.chat;
}

}  // namespace chatmcp::testing
