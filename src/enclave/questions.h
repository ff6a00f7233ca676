#pragma once

#include "enclave/agent_state.h"

namespace chatmcp::enclave {

// Copies, questions and answers of a companion (DESIGN 9).

/// A copy of own words by `author`. Checks: ENC-17, ENC-18.
[[nodiscard]] Result<void> take_copy(AgentStep& step,
                                     Companion& companion,
                                     const std::string& author,
                                     const wire::Content& content);

/// A question, kept until its answer or refusal stands in the topic. Checks: malformed (ENC-24) not
/// a question; resource_exhausted (ENC-25) too many wait.
[[nodiscard]] Result<void> take_question(AgentStep& step,
                                         Companion& companion,
                                         const mls::ApplicationMessage& message,
                                         const std::string& asker,
                                         std::uint64_t position);

/// Start the next answer if none is being made; refuse what may not be asked.
///
/// Checks: not_member (ENC-20) the asker is not in the companion any more; permission_denied
///         (ENC-21) scope; expired (ENC-22) the grant; resource_exhausted (ENC-23) questions;
///         too_large (ENC-26) the answer and its receipt do not fit into one message.
[[nodiscard]] Result<void> progress_questions(AgentStep& step);

[[nodiscard]] Result<void> job_progressed(AgentStep& step, const JobProgressed& event);
[[nodiscard]] Result<void> job_done(AgentStep& step, JobDone event);

/// The content of the next message, signed if it is an answer.
[[nodiscard]] Result<Bytes> content_of(AgentStep& step, Companion& companion, Outgoing& outgoing);

/// The last word on a question was encrypted as a payload of this hash.
[[nodiscard]] Result<void> last_word_sent(AgentStep& step,
                                          const Companion& companion,
                                          std::uint64_t position,
                                          const wire::Digest& payload_hash);
/// A message of our own stands in the topic: what it says is said, in this run or an earlier one.
[[nodiscard]] Result<void> own_message_seen(AgentStep& step,
                                            Companion& companion,
                                            const wire::Digest& payload_hash);

}  // namespace chatmcp::enclave
