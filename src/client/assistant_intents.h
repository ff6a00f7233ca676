#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "client/companion.h"
#include "client/home.h"
#include "client/publish.h"
#include "client/step.h"

namespace chatmcp::client {

// Finding, probing and inviting an assistant. Asking it: questions.h.

/// An assistant's entry as the relay lists it: signed by its enclave key, nothing else proven.
struct ListedAgent {
    wire::AgentEntry entry;
    identity::AgentCredential credential;
};
/// Errors: those of the structures' read(); bad_signature (CLT-91).
[[nodiscard]] Result<ListedAgent> verify_entry(ByteView encoded);

/// Entries of the last FetchAssistants. One row, table "agents/".
struct AgentsRow {
    std::vector<Bytes> entries;
    auto fields(this auto& self) { return std::tie(self.entries); }
};

/// What an assistant answered to a probe. Table "probe/", id the enclave key.
struct ProbeRow {
    Bytes entry;
    Bytes key_package;
    wire::GroupId group_id{};
    UnixMs at;
    auto fields(this auto& self) {
        return std::tie(self.entry, self.key_package, self.group_id, self.at);
    }
};
/// Judge a probe's evidence by the policy of now.
[[nodiscard]] Result<attest::Appraisal> appraise_probe(const ProbeRow& probe,
                                                       const TrustSettings& trust,
                                                       UnixMs now);

/// Body::extra of probe_assistant and invite_assistant.
struct InviteExtra {
    wire::Ed25519Key enclave_key{};
    std::vector<wire::Scope> scopes;
    UnixMs expires_at;
    wire::AgreeFrom from = wire::AgreeFrom::now;
    wire::GroupId group_id{};  // That the key package is asked for.
    ByteArray<32> nonce{};
    Bytes reply_key;  // HPKE private key, one-time.
    Bytes entry;
    UnixMs asked_at;
    auto fields(this auto& self) {
        return std::tie(self.enclave_key,
                        self.scopes,
                        self.expires_at,
                        self.from,
                        self.group_id,
                        self.nonce,
                        self.reply_key,
                        self.entry,
                        self.asked_at);
    }
};

[[nodiscard]] Result<void> start_fetch(Step& step);
[[nodiscard]] Result<void> start_probe(Step& step, const ProbeAssistant& command);
/// Errors: permission_denied (CLT-15, CLT-16); already_exists (CLT-92) a companion is open here;
///         expired (CLT-82) a grant that ends before it begins; invalid_argument (CLT-83) no scope.
[[nodiscard]] Result<void> start_invite(Step& step, const InviteAssistant& command);
/// fetch_assistants, probe_assistant and invite_assistant.
[[nodiscard]] Result<void> progress_companion_intent(Step& step, IntentRow& intent);
[[nodiscard]] Result<void> companion_intent_replied(Step& step,
                                                    IntentRow& intent,
                                                    const Task& task,
                                                    const ReplyBody& reply);

/// A kp_reply from the inbox. Errors: cannot_open (CLT-35) it opens under no key of ours.
[[nodiscard]] Result<void> key_package_reply(Step& step, ByteView payload);
/// The commit that adds the agent was accepted.
[[nodiscard]] Result<void> assistant_added(Step& step, IntentRow& intent);
[[nodiscard]] Result<void> announcement_delivered(Step& step, const IntentRow& intent);

/// Whether a pending intent of this process waits for the inbox, or for a topic.
[[nodiscard]] bool waits_for_inbox(const IntentRow& intent);
[[nodiscard]] std::optional<ChatId> waits_for_topic(const IntentRow& intent);

}  // namespace chatmcp::client
