#pragma once

#include <vector>

#include "base/result.h"
#include "client/rules.h"
#include "client/step.h"
#include "client/view.h"

namespace chatmcp::client {

// Payments in a conversation. The wallet pays outside of this client: it is told of the payment
// before that, so that whatever dies in between, a payment that was made is also said.

/// Payments that were begun. Table "pay/", rest a hash of the nonce.
[[nodiscard]] Result<std::vector<PaymentDraft>> payment_drafts(Step& step);

/// Errors: those of check_sendable; invalid_argument (CLT-08) the text; invalid_argument (CLT-110)
///         the payer is not this home's wallet, or the recipient not another member's.
[[nodiscard]] Result<void> draft_payment(Step& step, const DraftPayment& command);
/// Errors: not_found (CLT-111) no such draft.
[[nodiscard]] Result<void> payment_signed(Step& step, const PaymentSigned& command);
/// Errors: not_found (CLT-111) no such draft, or one that nobody signed.
[[nodiscard]] Result<void> send_payment(Step& step, const SendPayment& command);
[[nodiscard]] Result<void> drop_payment(Step& step, const DropPayment& command);
[[nodiscard]] Result<void> start_payment_request(Step& step, const RequestPayment& command);

/// Somebody says that he paid. What the chain says of it is not known here.
///
/// Errors: those of wire::Payment::read; wrong_key (CLT-112) from a wallet that is not the
/// author's;
///         replayed (CLT-113) an earlier message said the same.
[[nodiscard]] Result<void> take_payment(Step& step,
                                        const ChatRow& chat,
                                        const LeafIdentity& author,
                                        const wire::Content& content);

}  // namespace chatmcp::client
