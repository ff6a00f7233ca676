#include "cli/lookup.h"

#include <set>

namespace chatmcp::cli {

Result<client::ChatId> chat_named(Home& home, const std::string& text) {
    return look<client::ChatId>(home, [&](client::Client& client, Transaction& transaction) {
        return client.find_chat(transaction, text);
    });
}

std::unexpected<Error> refused_as(const client::Reason& reason) {
    // Error holds a literal, a reason of the relay or of an earlier run a text: keep each text
    // once, for the short life of this program.
    static std::set<std::string> texts;
    return fail(reason.code, texts.insert(reason.check).first->c_str());
}

Result<client::IntentView> run_to_end(Session& session, client::Command command) {
    CHATMCP_TRY(const auto decided, session.run(std::move(command)));
    CHATMCP_CHECK(decided.has_value());
    if (decided->state == client::IntentState::refused) {
        return refused_as(decided->reason.value_or(client::Reason{}));
    }
    return *decided;
}

}  // namespace chatmcp::cli
