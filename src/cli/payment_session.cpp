#include "cli/payment_session.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/encoding.h"
#include "chain/payment.h"
#include "cli/lookup.h"
#include "cli/views.h"
#include "crypto/random.h"

namespace chatmcp::cli {
namespace {

Result<chain::Address> recipient_of(const Context& context,
                                    Home& home,
                                    const client::ChatId& chat,
                                    const PaymentOrder& order) {
    if (!order.to.empty()) {
        return parse_address(context.output, order.to);
    }
    CHATMCP_TRY(const auto members,
                (look<std::vector<client::MemberView>>(
                    home, [&](client::Client& client, Transaction& transaction) {
                        return client.members(transaction, chat);
                    })));
    std::vector<std::string> others;
    for (const client::MemberView& member : members) {
        if (!member.self && !member.agent) {
            others.push_back(address_of(member.account));
        }
    }
    if (others.size() != 1) {
        context.output.explain("say whom to pay: --to ADDRESS");
        return fail(Errc::invalid_argument, "CLI-50");
    }
    return parse_address(context.output, others.front());
}

Result<wire::PaymentTerms> terms_of(const Context& context,
                                    Home& home,
                                    ChainSession& chain,
                                    const client::ChatId& chat,
                                    const PaymentOrder& order,
                                    const crypto::SigningKey& wallet) {
    wire::PaymentTerms terms;
    CHATMCP_TRY(terms.amount, parse_amount(context.output, order.amount, program::kChatDecimals));
    if (terms.amount == 0) {
        context.output.explain("nothing is to be paid");
        return fail(Errc::invalid_argument, "CLI-51");
    }
    CHATMCP_TRY(const chain::Address recipient, recipient_of(context, home, chat, order));
    CHATMCP_TRY(terms.genesis_hash, chain.rpc().genesis_hash());
    crypto::SystemRandom random;
    terms.program = chain.at().program.bytes;
    terms.payer = wallet.public_key();
    terms.recipient = recipient.bytes;
    terms.nonce = random.array<32>();
    return terms;
}

// What was begun and not signed, or failed on the chain, is not said; what may have been done, is
// looked for by `pay resume`.
Error give_up(const Context& context,
              Session& session,
              const wire::PaymentTerms& terms,
              bool was_signed,
              const Error& error) {
    const bool is_sure = !was_signed || error.check == std::string_view("NET-80");
    if (is_sure) {
        static_cast<void>(session.run(client::DropPayment{terms.nonce}));
    } else {
        context.output.note("see `chatmcp pay resume` before you pay again");
    }
    return error;
}

ByteArray<64> signature_of(const std::string& base58) {
    const auto bytes = from_base58(base58);
    CHATMCP_CHECK(bytes.has_value() && bytes->size() == 64);  // The sender made it.
    return to_array<64>(*bytes);
}

Json payment_json(const wire::Payment& payment, const std::string& state) {
    return {{"state", state},
            {"amount", chain::amount_text(payment.terms.amount, program::kChatDecimals)},
            {"payer", to_base58(payment.terms.payer)},
            {"recipient", to_base58(payment.terms.recipient)},
            {"transaction", to_base58(payment.transaction)}};
}

}  // namespace

void MessagePrinter::print(const client::ChatId& chat, const client::MessageView& message) {
    Json object = message_json(message);
    std::string text = message_text(message);
    object["chat"] = hex(chat);
    if (message.payment.has_value()) {
        const Verdict verdict = judge(chat, message);
        object["payment"] = payment_json(*message.payment, verdict.state);
        object["payment"]["check"] = verdict.check.empty() ? Json(nullptr) : Json(verdict.check);
        text += "\n    " + chat_text(message.payment->terms.amount) + " to " +
                to_base58(message.payment->terms.recipient) + ": " + verdict.state +
                (verdict.check.empty() ? "" : " (" + verdict.check + ")");
    }
    if (message.payment_request.has_value()) {
        object["payment_request"] = {
            {"amount", chain::amount_text(message.payment_request->amount, program::kChatDecimals)},
            {"genesis_hash", to_base58(message.payment_request->genesis_hash)},
            {"program", to_base58(message.payment_request->program)}};
        text += "\n    asks for " + chat_text(message.payment_request->amount);
    }
    context_.output.line(object, text);
}

Result<ChainSession*> MessagePrinter::chain() {
    if (!chain_.has_value()) {
        chain_.emplace(ChainSession::open(context_));
    }
    if (!chain_->has_value()) {
        return fail(chain_->error());
    }
    return &**chain_;
}

MessagePrinter::Verdict MessagePrinter::judge(const client::ChatId& chat,
                                              const client::MessageView& message) {
    CHATMCP_CHECK(message.payment.has_value());
    if (message.reason.has_value()) {
        return {"does not match", message.reason->check};
    }
    const auto found =
        away_.has_value() ? Result<Verdict>(fail(*away_)) : look_up(chat, *message.payment);
    if (found.has_value()) {
        return *found;
    }
    if (found.error().code == Errc::unavailable || found.error().code == Errc::deadline_exceeded) {
        away_ = found.error();
    }
    context_.output.explain("");  // Of a payment, not of this command.
    if (found.error().check == std::string_view("CLI-34")) {
        return {"not checked", "CLI-34"};
    }
    return {"pending", found.error().check};
}

Result<MessagePrinter::Verdict> MessagePrinter::look_up(const client::ChatId& chat,
                                                        const wire::Payment& payment) {
    CHATMCP_TRY(ChainSession* const session, chain());
    if (to_base58(payment.terms.genesis_hash) != session->settings().genesis_hash) {
        return Verdict{"does not match", "CLI-53"};
    }
    CHATMCP_TRY(
        const auto done,
        session->rpc().transaction(to_base58(payment.transaction), chain::Commitment::finalized));
    if (!done.has_value()) {
        return Verdict{"pending", ""};
    }
    const auto checked = chain::check_payment(session->at(), chat, payment, *done);
    return checked.has_value() ? Verdict{"verified", ""}
                               : Verdict{"does not match", checked.error().check};
}

Result<client::IntentView> pay_in_chat(const Context& context,
                                       Home& home,
                                       Session& session,
                                       const client::ChatId& chat,
                                       const PaymentOrder& order) {
    if (order.wallet.empty()) {
        context.output.explain("give --wallet FILE, which pays");
        return fail(Errc::invalid_argument, "CLI-52");
    }
    CHATMCP_TRY(const crypto::SigningKey key, read_wallet(order.wallet));
    CHATMCP_TRY(ChainSession chain, ChainSession::open(context));
    CHATMCP_TRY(const wire::PaymentTerms terms, terms_of(context, home, chain, chat, order, key));
    CHATMCP_TRY_VOID(session.run(client::DraftPayment{chat, terms, order.text}));
    bool was_signed = false;
    const auto before_sending = [&](const std::string& transaction) -> Result<void> {
        was_signed = true;
        CHATMCP_TRY_VOID(
            session.run(client::PaymentSigned{terms.nonce, signature_of(transaction)}));
        return {};
    };
    const auto paid =
        chain.pay("pay " + chat_text(terms.amount) + " to " + to_base58(terms.recipient) +
                      "\nThe chain shows both wallets, the amount and the time.",
                  chain::payment_instructions(chain.at(), chat, terms),
                  key,
                  order.yes,
                  before_sending);
    if (!paid.has_value()) {
        return fail(give_up(context, session, terms, was_signed, paid.error()));
    }
    return run_to_end(session, client::SendPayment{terms.nonce});
}

}  // namespace chatmcp::cli
