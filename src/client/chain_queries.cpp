// What a user interface may ask about stamps and payments: Client's functions that change nothing.
#include <utility>

#include "client/client.h"
#include "client/client_state.h"
#include "client/first_contact.h"
#include "client/inbox_policy.h"
#include "client/payments.h"
#include "client/publish.h"

namespace chatmcp::client {

Result<StampSettingsView> Client::stamp_settings(Transaction& home) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const InboxPolicyRow row, inbox_policy(opened.step));
    StampSettingsView view{.wanted = row.wanted,
                           .own_price = row.own_price,
                           .told = row.told_revision == row.revision,
                           .tokens = 0};
    CHATMCP_TRY(view.tokens, count_given_tokens(opened.step));
    return view;
}

Result<crypto::SigningKey> Client::stamp_key(Transaction& home) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const InboxPolicyRow row, inbox_policy(opened.step));
    if (row.revision == 0) {
        return fail(Errc::not_found, "CLT-78");
    }
    return crypto::SigningKey::from_seed(row.stamp_seed);
}

Result<std::vector<SentStamp>> Client::sent_stamps(Transaction& home) {
    Opened opened(home, *state_, UnixMs{});
    return client::sent_stamps(opened.step);
}

Result<std::vector<ReceivedStamp>> Client::received_stamps(Transaction& home) {
    Opened opened(home, *state_, UnixMs{});
    return client::received_stamps(opened.step);
}

Result<std::vector<PaymentDraft>> Client::payment_drafts(Transaction& home) {
    Opened opened(home, *state_, UnixMs{});
    return client::payment_drafts(opened.step);
}

Result<std::optional<wire::StampTerms>> Client::stamp_terms(Transaction& home, IntentId id) {
    Opened opened(home, *state_, UnixMs{});
    CHATMCP_TRY(const auto intent, opened.home.intent(id.value));
    if (!intent.has_value() || intent->kind != IntentKind::ask_stamp_terms) {
        return fail(Errc::not_found, "CLT-12");
    }
    CHATMCP_TRY(CommitBody body, commit_body(*intent));
    return body.strangers.empty() ? std::nullopt : std::move(body.strangers.front().terms);
}

}  // namespace chatmcp::client
