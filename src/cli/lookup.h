#pragma once

#include <string>

#include "base/result.h"
#include "cli/home.h"
#include "cli/session.h"
#include "client/client.h"

namespace chatmcp::cli {

/// A query inside its own transaction.
template <class T, class Query>
[[nodiscard]] Result<T> look(Home& home, Query&& query) {
    return home.transact<T>(
        [&](Transaction& transaction) -> Result<T> { return query(home.client(), transaction); });
}

/// The conversation that a user named by id or prefix. Errors: not_found, invalid_argument (CLT-10,
/// CLT-11).
[[nodiscard]] Result<client::ChatId> chat_named(Home& home, const std::string& text);

/// Run a command whose intent must end well.
///
/// Errors: the intent's own reason; those of Session::run.
[[nodiscard]] Result<client::IntentView> run_to_end(Session& session, client::Command command);

/// An error of this program from the reason that an intent was refused for.
[[nodiscard]] std::unexpected<Error> refused_as(const client::Reason& reason);

}  // namespace chatmcp::cli
