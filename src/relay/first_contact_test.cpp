#include <gtest/gtest.h>

#include "relay/records.h"
#include "relay/relay_testing.h"
#include "stamps/one_time_key.h"
#include "stamps/stamp_book.h"

namespace chatmcp::relay {
namespace {

constexpr std::uint64_t kSlot = 50'000'000;
constexpr std::uint64_t kPriceMin = program::kParamsAtFirst.stamp_price_min;

wire::DeliveryToken token_named(std::string_view name) {
    return {crypto::sha256(as_bytes(name))};
}

class FirstContactTest : public ::testing::Test {
  protected:
    FirstContactTest()
        : server(store_, RelayOptions{.limits = {}, .stamp_book = &book_}),
          login_(server.token(root_)),
          inbox_(identity::inbox_id(root_.public_key())) {
        see_chain();
    }

    template <class Request>
    auto send(const Request& request) {
        return server.relay.handle(request, server.peer);
    }
    void set_policy(std::uint64_t own_price = 0) {
        const wire::InboxPolicy policy{
            .stamp_key = stamp_key_.public_key(),
            .own_price = own_price,
            .token_digests = {crypto::sha256(token_named("friend").token)}};
        ASSERT_EQ(check_of(send(wire::SetInboxPolicy{.token = login_, .policy = policy})), "ok");
    }

    /// The book as it is when these stamps are on the chain.
    void see_chain(std::vector<program::Stamp> stamps = {}) {
        ASSERT_TRUE(book_
                        .update({.scope = {.genesis_hash = crypto::sha256(as_bytes("cluster")),
                                           .program = {crypto::sha256(as_bytes("program"))}},
                                 .slot = kSlot,
                                 .params = program::kParamsAtFirst,
                                 .stamps = std::move(stamps)},
                                server.clock.now())
                        .has_value());
    }
    static program::Stamp open_stamp(const wire::StampPass& pass, std::uint64_t amount) {
        program::Stamp stamp{};
        stamp.one_time_key = std::bit_cast<program::Key>(pass.one_time_key);
        stamp.amount = amount;
        stamp.locked_slot = kSlot;
        stamp.expires_slot = kSlot + program::kParamsAtFirst.stamp_open_slots;
        stamp.status = program::StampStatus::open;
        return stamp;
    }
    [[nodiscard]] wire::StampPass pass_for(std::string_view welcome,
                                           std::string_view salt = "salt") const {
        wire::StampPass pass{.salt = crypto::sha256(as_bytes(salt)), .one_time_key = {}};
        pass.one_time_key =
            stamps::one_time_key(stamp_key_.public_key(),
                                 {.salt = pass.salt,
                                  .inbox = inbox_,
                                  .welcome_digest = crypto::sha256(as_bytes(welcome))})
                .value();
        return pass;
    }

    /// A new group whose first commit welcomes the inbox with this pass.
    std::string welcome(std::string_view name,
                        const std::optional<wire::Pass>& pass,
                        std::string_view text_of_it = "welcome") {
        TestGroup group{std::string(name), server.relay};
        EXPECT_EQ(check_of(send(group.create())), "ok");
        return check_of(send(group.bundle(
            0, "commit", {{.inbox = inbox_, .welcome = text(text_of_it), .pass = pass}})));
    }
    [[nodiscard]] std::vector<wire::InboxItem> items() {
        return send(wire::ReadInbox{.token = login_, .after = 0, .limit = 100})->items;
    }

    store::MemoryStore store_;
    stamps::StampBook book_;
    TestRelay server;
    crypto::SigningKey root_ = key_named("recipient");
    crypto::SigningKey stamp_key_ = key_named("stamps");
    Bytes login_;
    wire::InboxId inbox_;
};

TEST_F(FirstContactTest, WithoutAPolicyOrAChainEverybodysWelcomeIsTaken) {
    EXPECT_EQ(welcome("a", std::nullopt), "ok");
    EXPECT_FALSE(send(wire::GetStampTerms{inbox_})->terms.has_value());
    set_policy();
    EXPECT_EQ(welcome("b", std::nullopt), "RLY-41");
    TestRelay chainless(store_, {});
    TestGroup group{"c", chainless.relay};
    ASSERT_TRUE(chainless.relay.handle(group.create(), chainless.peer).has_value());
    EXPECT_EQ(
        check_of(chainless.relay.handle(
            group.bundle(0, "commit", {{.inbox = inbox_, .welcome = text("w")}}), chainless.peer)),
        "ok");
}

TEST_F(FirstContactTest, ATokenOfHersLetsAContactInAlsoWhenTheChainIsAway) {
    set_policy();
    EXPECT_EQ(welcome("a", wire::Pass{token_named("friend")}), "ok");
    EXPECT_EQ(welcome("b", wire::Pass{token_named("stranger")}), "RLY-42");
    server.clock.pass_ms(stamps::StampBook::kFreshMs + 1);
    EXPECT_EQ(welcome("c", wire::Pass{token_named("friend")}), "ok");
    EXPECT_EQ(welcome("d", wire::Pass{pass_for("welcome")}), "STM-10");
    EXPECT_EQ(check_of(send(wire::GetStampTerms{inbox_})), "STM-10");
}

TEST_F(FirstContactTest, ALockedStampOfThePriceLetsAStrangerInAndComesWithTheWelcome) {
    set_policy(3 * kPriceMin);
    const auto terms = send(wire::GetStampTerms{inbox_})->terms;
    ASSERT_TRUE(terms.has_value());
    EXPECT_EQ(terms->price, 3 * kPriceMin);
    EXPECT_EQ(terms->stamp_key, stamp_key_.public_key());
    EXPECT_EQ(terms->program, crypto::sha256(as_bytes("program")));
    const wire::StampPass pass = pass_for("welcome");
    EXPECT_EQ(welcome("a", wire::Pass{pass}), "STM-11");
    see_chain({open_stamp(pass, 3 * kPriceMin - 1)});
    EXPECT_EQ(welcome("b", wire::Pass{pass}), "STM-13");
    EXPECT_TRUE(items().empty());
    see_chain({open_stamp(pass, 3 * kPriceMin)});
    EXPECT_EQ(welcome("c", wire::Pass{pass}), "ok");
    ASSERT_EQ(items().size(), 1U);
    EXPECT_EQ(items()[0].pass, wire::Pass{pass});
}

TEST_F(FirstContactTest, AStampIsForOneInboxAndOneWelcome) {
    set_policy();
    const wire::StampPass other_welcome = pass_for("another");
    // A key that the sender made for himself: he could give himself the stamp back at once.
    const wire::StampPass own{.salt = {}, .one_time_key = key_named("sender").public_key()};
    see_chain({open_stamp(other_welcome, kPriceMin), open_stamp(own, kPriceMin)});
    EXPECT_EQ(welcome("a", wire::Pass{other_welcome}), "RLY-43");
    EXPECT_EQ(welcome("b", wire::Pass{own}), "RLY-43");
}

TEST_F(FirstContactTest, AStampLetsOneBundleInOnceAndAgainAfterARestart) {
    set_policy();
    const wire::StampPass pass = pass_for("welcome");
    see_chain({open_stamp(pass, kPriceMin)});
    EXPECT_EQ(welcome("a", wire::Pass{pass}), "ok");
    EXPECT_EQ(welcome("b", wire::Pass{pass}), "RLY-44");
    // The same bundle again: it has its place already.
    EXPECT_EQ(welcome("a", wire::Pass{pass}), "ok");
    EXPECT_EQ(items().size(), 1U);
    TestRelay again(store_, RelayOptions{.limits = {}, .stamp_book = &book_});
    TestGroup group{"c", again.relay};
    ASSERT_TRUE(again.relay.handle(group.create(), again.peer).has_value());
    EXPECT_EQ(
        check_of(again.relay.handle(
            group.bundle(0,
                         "commit",
                         {{.inbox = inbox_, .welcome = text("welcome"), .pass = wire::Pass{pass}}}),
            again.peer)),
        "RLY-44");
}

TEST_F(FirstContactTest, ThePriceGrowsWithTheStampsThatSheRejected) {
    set_policy(kPriceMin);
    std::vector<program::Stamp> stamps;
    for (std::uint64_t i = 0; i < program::kParamsAtFirst.stamp_price_rejections; ++i) {
        const std::string name = std::to_string(i);
        const wire::StampPass pass = pass_for(name, name);
        stamps.push_back(open_stamp(pass, kPriceMin));
        see_chain(stamps);
        ASSERT_EQ(welcome(name, wire::Pass{pass}, name), "ok");
    }
    EXPECT_EQ(send(wire::GetStampTerms{inbox_})->terms->price, kPriceMin);
    for (program::Stamp& stamp : stamps) {
        stamp.status = program::StampStatus::rejected;
        stamp.rejected_slot = kSlot;
    }
    // One that she rejected and that never came through this relay does not count.
    program::Stamp elsewhere = open_stamp({}, kPriceMin);
    elsewhere.status = program::StampStatus::rejected;
    elsewhere.rejected_slot = kSlot;
    stamps.push_back(elsewhere);
    see_chain(stamps);
    EXPECT_EQ(send(wire::GetStampTerms{inbox_})->terms->price, 2 * kPriceMin);
}

TEST_F(FirstContactTest, WithoutAPolicyAnyMoreEverybodyIsTaken) {
    set_policy();
    EXPECT_EQ(welcome("before", std::nullopt), "RLY-41");
    EXPECT_EQ(check_of(send(wire::SetInboxPolicy{.token = login_, .policy = std::nullopt})), "ok");
    EXPECT_EQ(welcome("after", std::nullopt), "ok");
    EXPECT_FALSE(send(wire::GetStampTerms{inbox_})->terms.has_value());
}

TEST_F(FirstContactTest, APolicyIsItsOwnersAndHasAKey) {
    const wire::InboxPolicy no_key{.stamp_key = {}, .own_price = 0, .token_digests = {}};
    EXPECT_EQ(check_of(send(wire::SetInboxPolicy{.token = login_, .policy = no_key})), "STM-01");
    EXPECT_EQ(check_of(send(wire::SetInboxPolicy{.token = Bytes(64), .policy = no_key})), "RLY-20");
}

TEST(FirstContactRecord, RemembersABoundedNumberOfStamps) {
    store::MemoryStore store;
    stamps::StampBook book;
    TestRelay server(store, RelayOptions{.limits = {}, .stamp_book = &book});
    const crypto::SigningKey root = key_named("recipient");
    const crypto::SigningKey stamp_key = key_named("stamps");
    const wire::InboxId inbox = identity::inbox_id(root.public_key());
    const Bytes login = server.token(root);
    const wire::InboxPolicy policy{
        .stamp_key = stamp_key.public_key(), .own_price = 0, .token_digests = {}};
    ASSERT_TRUE(
        server.relay.handle(wire::SetInboxPolicy{.token = login, .policy = policy}, server.peer)
            .has_value());
    // As many as there may be, all of them new.
    const auto fill = [&](const std::optional<store::Head>& head) -> Result<store::Change> {
        auto state = decode_record<FirstContactState>(head->state).value();
        for (std::uint64_t i = 0; i < FirstContactState::kUsedMax; ++i) {
            UsedStamp stamp{.one_time_key = {}, .bundle = {}, .used_at = kTestNow};
            stamp.one_time_key[0] = static_cast<std::uint8_t>(i);
            stamp.one_time_key[1] = static_cast<std::uint8_t>(i >> 8U);
            state.used.push_back(stamp);
        }
        store::Change change;
        change.state = wire::encode(state);
        return change;
    };
    ASSERT_TRUE(store.update(first_contact_partition(inbox), std::nullopt, kTestNow, fill));
    wire::StampPass pass;
    pass.one_time_key =
        stamps::one_time_key(
            stamp_key.public_key(),
            {.salt = {}, .inbox = inbox, .welcome_digest = crypto::sha256(as_bytes("w"))})
            .value();
    program::Stamp stamp{};
    stamp.one_time_key = std::bit_cast<program::Key>(pass.one_time_key);
    stamp.amount = kPriceMin;
    stamp.locked_slot = kSlot;
    stamp.expires_slot = kSlot + 1000;
    stamp.status = program::StampStatus::open;
    const auto try_it = [&](std::string_view name) {
        EXPECT_TRUE(book.update({.scope = {},
                                 .slot = kSlot,
                                 .params = program::kParamsAtFirst,
                                 .stamps = {stamp}},
                                server.clock.now())
                        .has_value());
        TestGroup group{std::string(name), server.relay};
        EXPECT_TRUE(server.relay.handle(group.create(), server.peer).has_value());
        return check_of(server.relay.handle(
            group.bundle(
                0, "commit", {{.inbox = inbox, .welcome = text("w"), .pass = wire::Pass{pass}}}),
            server.peer));
    };
    EXPECT_EQ(try_it("a"), "RLY-45");
    // All of them are forgotten when none of their stamps can be there any more.
    server.clock.pass_ms(121 * kDayMs);
    EXPECT_EQ(try_it("b"), "ok");
}

}  // namespace
}  // namespace chatmcp::relay
