// What clients say to each other of payments; what the chain says of them is chain::check_payment.
#include <gtest/gtest.h>

#include "client/hand.h"
#include "client/world.h"
#include "crypto/hash.h"

namespace chatmcp::testing {
namespace {

using client::IntentState;

class Payments : public ::testing::Test {
  protected:
    void SetUp() override {
        for (Person* person : {&ana, &ben, &cleo}) {
            person->sign_in();
        }
        chat = make_chat({&ana, &ben}, "");
        terms = {.genesis_hash = crypto::sha256(as_bytes("cluster")),
                 .program = crypto::sha256(as_bytes("program")),
                 .payer = ana.account().public_key(),
                 .recipient = ben.account().public_key(),
                 .amount = 1'500'000,
                 .nonce = crypto::sha256(as_bytes("nonce"))};
    }

    static std::string check_of(const Result<std::optional<client::IntentId>>& done) {
        return done.has_value() ? "ok" : done.error().check;
    }
    std::string draft() { return check_of(ana.run(client::DraftPayment{chat, terms, "lunch"})); }
    static std::vector<client::PaymentDraft> drafts(Person& person) {
        return *person.look<std::vector<client::PaymentDraft>>(
            [](client::Client& c, Transaction& t) { return c.payment_drafts(t); });
    }
    [[nodiscard]] Bytes payment_body() const {
        return wire::encode(wire::Payment{.terms = terms, .transaction = {7}, .text = "lunch"});
    }
    std::string newest_check(Person& reader) {
        reader.sync();
        const auto messages = reader.messages(chat);
        const auto& reason = messages.back().reason;
        return reason.has_value() ? reason->check : "ok";
    }

    World world;
    Person ana{world, "ana"};
    Person ben{world, "ben"};
    Person cleo{world, "cleo"};
    client::ChatId chat{};
    wire::PaymentTerms terms;
};

TEST_F(Payments, WhatWasPaidIsSaid) {
    ASSERT_EQ(draft(), "ok");
    ASSERT_EQ(check_of(ana.run(client::PaymentSigned{terms.nonce, {6}})), "ok");
    ASSERT_EQ(check_of(ana.run(client::PaymentSigned{terms.nonce, {7}})), "ok");  // Anew.
    ASSERT_EQ(drafts(ana).size(), 1u);
    EXPECT_EQ(drafts(ana)[0].chat, chat);
    EXPECT_EQ(drafts(ana)[0].transaction->front(), 7);
    const auto sent = ana.run(client::SendPayment{terms.nonce});
    ASSERT_TRUE(sent.has_value());
    EXPECT_EQ(ana.intent(**sent).state, IntentState::delivered);
    EXPECT_TRUE(drafts(ana).empty());
    EXPECT_EQ(newest_check(ben), "ok");
    for (Person* person : {&ana, &ben}) {
        person->sync();
        const auto messages = person->messages(chat);
        ASSERT_EQ(messages.size(), 1u);
        ASSERT_TRUE(messages[0].payment.has_value());
        EXPECT_EQ(messages[0].payment->terms, terms);
        EXPECT_EQ(messages[0].payment->transaction.front(), 7);
        EXPECT_EQ(messages[0].text, "lunch");
    }
}

TEST_F(Payments, ADyingProcessForgetsNoPayment) {
    ASSERT_EQ(draft(), "ok");
    ASSERT_EQ(check_of(ana.run(client::PaymentSigned{terms.nonce, {7}})), "ok");
    ana.kill();
    ana.tick();
    ASSERT_EQ(drafts(ana).size(), 1u);
    EXPECT_EQ(ana.run_with_kills(client::SendPayment{terms.nonce}).state, IntentState::delivered);
    EXPECT_EQ(newest_check(ben), "ok");
    EXPECT_EQ(ben.messages(chat).size(), 1u);
}

TEST_F(Payments, WhatNobodySignedIsNotSaid) {
    EXPECT_EQ(check_of(ana.run(client::PaymentSigned{terms.nonce, {7}})), "CLT-111");
    EXPECT_EQ(check_of(ana.run(client::SendPayment{terms.nonce})), "CLT-111");
    ASSERT_EQ(draft(), "ok");
    EXPECT_EQ(check_of(ana.run(client::SendPayment{terms.nonce})), "CLT-111");
    EXPECT_EQ(check_of(ana.run(client::DropPayment{terms.nonce})), "ok");
    EXPECT_TRUE(drafts(ana).empty());
}

TEST_F(Payments, OnlyFromTheOwnWalletToAnotherMembers) {
    const wire::PaymentTerms good = terms;
    terms.payer = ben.account().public_key();
    EXPECT_EQ(draft(), "CLT-110");
    terms = good;
    terms.recipient = cleo.account().public_key();
    EXPECT_EQ(draft(), "CLT-110");
    terms.recipient = good.payer;
    EXPECT_EQ(draft(), "CLT-110");
    EXPECT_EQ(check_of(ana.run(client::DraftPayment{
                  chat, good, std::string(wire::Payment::kTextMaxBytes + 1, 'a')})),
              "CLT-08");
}

TEST_F(Payments, OfAnotherWalletIsNotTheAuthors) {
    terms.payer = cleo.account().public_key();
    Hand(world, ana).say(chat, wire::ContentType::payment, payment_body());
    EXPECT_EQ(newest_check(ben), "CLT-112");
}

TEST_F(Payments, ASecondMessageAboutTheSamePaymentIsNamed) {
    {
        Hand hand(world, ana);
        hand.say(chat, wire::ContentType::payment, payment_body());
        hand.say(chat, wire::ContentType::payment, payment_body());
    }
    EXPECT_EQ(newest_check(ben), "CLT-113");
    EXPECT_FALSE(ben.messages(chat).front().reason.has_value());
}

TEST_F(Payments, OneThatIsNoneIsNamed) {
    Bytes cut = payment_body();
    cut.pop_back();
    Hand(world, ana).say(chat, wire::ContentType::payment, cut);
    EXPECT_NE(newest_check(ben), "ok");
    EXPECT_FALSE(ben.messages(chat).back().payment.has_value());
}

TEST_F(Payments, SomebodyAsksToBePaid) {
    const wire::PaymentRequest request{.genesis_hash = terms.genesis_hash,
                                       .program = terms.program,
                                       .amount = 2'000'000,
                                       .text = "lunch"};
    const auto asked = ben.run(client::RequestPayment{chat, request});
    ASSERT_TRUE(asked.has_value());
    EXPECT_EQ(ben.intent(**asked).state, IntentState::delivered);
    EXPECT_EQ(newest_check(ana), "ok");
    const auto shown = ana.messages(chat).back();
    ASSERT_TRUE(shown.payment_request.has_value());
    EXPECT_EQ(shown.payment_request->amount, 2'000'000u);
    EXPECT_EQ(shown.text, "lunch");
}

}  // namespace
}  // namespace chatmcp::testing
