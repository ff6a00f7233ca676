#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/chain_session.h"
#include "cli/command.h"
#include "cli/home.h"
#include "cli/output.h"
#include "cli/session.h"
#include "client/view.h"

namespace chatmcp::cli {

// Payments in conversations, on the chain of `chain use`.

/// Messages as a reader of this home sees them, with what the chain says of those that are about
/// money. Nothing is shown as paid on the sender's word.
class MessagePrinter {
  public:
    explicit MessagePrinter(const Context& context) : context_(context) {}

    /// One line. A payment is `verified` (final on the reader's own endpoints, and exactly what the
    /// message says), `pending` (not final, or the chain does not answer), `does not match`, or
    /// `not checked` (no chain is used here).
    void print(const client::ChatId& chat, const client::MessageView& message);

  private:
    struct Verdict {
        std::string state;
        std::string check;  // Why, where there is a row for it.
    };
    [[nodiscard]] Verdict judge(const client::ChatId& chat, const client::MessageView& message);
    [[nodiscard]] Result<Verdict> look_up(const client::ChatId& chat, const wire::Payment& payment);
    [[nodiscard]] Result<ChainSession*> chain();

    const Context& context_;
    std::optional<Result<ChainSession>> chain_;  // Opened for the first payment.
    std::optional<Error> away_;                  // A chain that did not answer is asked once.
};

struct PaymentOrder {
    std::string amount;  // As it was typed.
    std::string to;      // Empty: the only other member.
    std::string text;
    std::string wallet;
    bool yes = false;
};
/// Pay, and say so in the conversation.
///
/// Errors: those of ChainSession::pay and of the client's commands; invalid_argument (CLI-50) it is
///         not clear to whom, (CLI-51) nothing is to be paid, (CLI-52) no wallet; all explained.
[[nodiscard]] Result<client::IntentView> pay_in_chat(const Context& context,
                                                     Home& home,
                                                     Session& session,
                                                     const client::ChatId& chat,
                                                     const PaymentOrder& order);

}  // namespace chatmcp::cli
