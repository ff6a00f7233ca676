#include "client/payments.h"

#include <string>
#include <utility>

#include "client/home.h"
#include "client/intents.h"
#include "client/publish.h"
#include "crypto/hash.h"
#include "identity/caip10.h"
#include "wire/cbor.h"

namespace chatmcp::client {
namespace {

/// Which message was the first that named a payment. Table "paid/", id the commitment.
struct PaidRow {
    wire::MessageId message{};
    auto fields(this auto& self) { return std::tie(self.message); }
};

Bytes draft_key(const ByteArray<32>& nonce) {
    return home_key("pay/", {}, crypto::sha256(nonce));
}
Bytes paid_key(const ChatId& chat, const wire::PaymentTerms& terms) {
    return home_key("paid/", terms.commitment(chat));
}

Result<bool> is_wallet_of(std::string_view account, const ByteArray<32>& wallet) {
    CHATMCP_TRY(const auto parsed, identity::Caip10::parse(account));
    return parsed.public_key() == wallet;
}

Result<PaymentDraft> known_draft(Step& step, const ByteArray<32>& nonce) {
    CHATMCP_TRY(auto draft, step.home.get<PaymentDraft>(draft_key(nonce)));
    if (!draft.has_value()) {
        return fail(Errc::not_found, "CLT-111");
    }
    return *std::move(draft);
}

Result<void> check_text(const std::string& text) {
    const bool fits = text.size() <= wire::Payment::kTextMaxBytes && wire::is_utf8(as_bytes(text));
    return fits ? Result<void>() : fail(Errc::invalid_argument, "CLT-08");
}

}  // namespace

Result<std::vector<PaymentDraft>> payment_drafts(Step& step) {
    return step.home.all<PaymentDraft>(home_key("pay/"));
}

Result<void> draft_payment(Step& step, const DraftPayment& command) {
    CHATMCP_TRY(const ChatRow chat, step.home.known_chat(command.chat));
    CHATMCP_TRY_VOID(check_sendable(chat));
    CHATMCP_TRY_VOID(check_text(command.text));
    CHATMCP_TRY(const AccountRow own, step.home.known_account());
    CHATMCP_TRY(const People* people, step.people(chat.id));
    CHATMCP_TRY(const bool pays, is_wallet_of(own.account, command.terms.payer));
    bool is_member = false;
    for (const std::string& account : people->accounts) {
        CHATMCP_TRY(const bool paid, is_wallet_of(account, command.terms.recipient));
        is_member = is_member || (paid && account != own.account);
    }
    if (!pays || !is_member || chat.companion_of.has_value()) {
        return fail(Errc::invalid_argument, "CLT-110");
    }
    return step.home.put(draft_key(command.terms.nonce),
                         PaymentDraft{.chat = chat.id,
                                      .terms = command.terms,
                                      .text = command.text,
                                      .transaction = std::nullopt,
                                      .made_at = step.now});
}

Result<void> payment_signed(Step& step, const PaymentSigned& command) {
    CHATMCP_TRY(PaymentDraft draft, known_draft(step, command.nonce));
    draft.transaction = command.transaction;
    return step.home.put(draft_key(command.nonce), draft);
}

Result<void> send_payment(Step& step, const SendPayment& command) {
    CHATMCP_TRY(const PaymentDraft draft, known_draft(step, command.nonce));
    if (!draft.transaction.has_value()) {
        return fail(Errc::not_found, "CLT-111");
    }
    const wire::Payment payment{
        .terms = draft.terms, .transaction = *draft.transaction, .text = draft.text};
    const auto content = make_content(step, wire::ContentType::payment, wire::encode(payment));
    CHATMCP_TRY(const IntentRow intent,
                new_message(step, IntentKind::send_payment, draft.chat, content));
    CHATMCP_TRY(const wire::MessageId message, recorded(intent.message));
    CHATMCP_TRY_VOID(step.home.put(paid_key(draft.chat, draft.terms), PaidRow{message}));
    return step.home.transaction().erase(draft_key(command.nonce));
}

Result<void> drop_payment(Step& step, const DropPayment& command) {
    return step.home.transaction().erase(draft_key(command.nonce));
}

Result<void> start_payment_request(Step& step, const RequestPayment& command) {
    CHATMCP_TRY(const ChatRow chat, step.home.known_chat(command.chat));
    CHATMCP_TRY_VOID(check_sendable(chat));
    CHATMCP_TRY_VOID(check_text(command.request.text));
    if (chat.companion_of.has_value()) {
        return fail(Errc::permission_denied, "CLT-15");
    }
    const auto content =
        make_content(step, wire::ContentType::payment_request, wire::encode(command.request));
    CHATMCP_TRY_VOID(new_message(step, IntentKind::send_payment, chat.id, content));
    return {};
}

Result<void> take_payment(Step& step,
                          const ChatRow& chat,
                          const LeafIdentity& author,
                          const wire::Content& content) {
    CHATMCP_TRY(const auto payment, wire::decode<wire::Payment>(content.body));
    CHATMCP_TRY(const bool pays, is_wallet_of(author.account, payment.terms.payer));
    if (!pays) {
        return fail(Errc::wrong_key, "CLT-112");
    }
    const wire::MessageId id = wire::message_id(chat.id, author.account, wire::encode(content));
    const Bytes key = paid_key(chat.id, payment.terms);
    CHATMCP_TRY(const auto before, step.home.get<PaidRow>(key));
    if (before.has_value() && before->message != id) {
        return fail(Errc::replayed, "CLT-113");
    }
    return step.home.put(key, PaidRow{id});
}

}  // namespace chatmcp::client
