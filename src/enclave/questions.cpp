#include "enclave/questions.h"

#include <algorithm>
#include <utility>

#include "attest/evidence.h"
#include "base/check.h"
#include "client/agent_protocol.h"
#include "client/merkle.h"
#include "enclave/companion_member.h"
#include "wire/components.h"
#include "wire/labelled_sign.h"

namespace chatmcp::enclave {
namespace {

constexpr std::int64_t kProgressEveryMs = 2 * kSecondMs;
// Of an encoded Content; prompts that do not fit beside the answer are left out, and the receipt
// then cannot be replayed.
constexpr std::size_t kAnswerBytesMax = wire::Content::kBodyMaxBytes - std::size_t{64} * 1024;

std::string_view reason_text(std::string_view check) {
    if (check == "ENC-20") {
        return "the asker is not in the companion any more";
    }
    if (check == "ENC-21") {
        return "the grant does not allow this kind of question";
    }
    if (check == "ENC-22") {
        return "the grant has expired";
    }
    if (check == "ENC-23") {
        return "the grant's number of questions is used up";
    }
    if (check == "ENC-25") {
        return "too many questions are waiting";
    }
    if (check == "ENC-26") {
        return "the answer and its receipt do not fit into one message";
    }
    if (check == "AST-08") {
        return "the answer took too long";
    }
    if (check == "AST-17") {
        return "nobody who agreed has said anything yet";
    }
    return "no answer could be made";
}

// The rules let no group be joined without one, and nobody change it.
wire::Grant grant_of(const Companion& companion) {
    auto grant = client::component_of<wire::Grant>(
        companion.group.view().components(), wire::ComponentId::grant, "CLT-53");
    CHATMCP_CHECK(grant.has_value());
    return *std::move(grant);
}

Outgoing refusal(const wire::MessageId& question, const Error& error) {
    Outgoing outgoing;
    outgoing.type = wire::ContentType::refusal;
    outgoing.body =
        wire::encode(wire::Refusal{question, error.check, std::string(reason_text(error.check))});
    return outgoing;
}

void say_progress(AgentStep& step,
                  Companion& companion,
                  const wire::MessageId& question,
                  const assistant::ProgressEvent& event) {
    if (!companion.may_speak) {
        return;
    }
    Outgoing outgoing;
    outgoing.body = wire::encode(
        wire::Progress{question, static_cast<std::uint8_t>(event.stage), event.done, event.total});
    // Only the newest news waits.
    std::erase_if(companion.outgoing, [&](const Outgoing& waiting) {
        return !waiting.ends.has_value() && !waiting.sent.has_value() &&
               waiting.type == wire::ContentType::progress;
    });
    companion.outgoing.push_back(std::move(outgoing));
    if (step.state.job.has_value()) {
        step.state.job->said_at = step.steady;
    }
}

void settle(Companion& companion, const QuestionRow& question, Outgoing outgoing) {
    outgoing.ends = question.position;
    companion.settled.insert(question.position);
    companion.outgoing.push_back(std::move(outgoing));
}

// Who may ask what, as it stands now and not when the question came.
Result<wire::Question> check_question(const AgentStep& step,
                                      const Companion& companion,
                                      const QuestionRow& row) {
    const wire::Grant grant = grant_of(companion);
    if (row.question.empty()) {
        return fail(Errc::resource_exhausted, "ENC-25");
    }
    CHATMCP_TRY(auto question, wire::decode<wire::Question>(row.question));
    const auto leaf = companion.group.view().member(mls::LeafIndex{row.asker_leaf});
    const auto who = leaf.has_value()
                         ? client::identity_of(*leaf)
                         : Result<client::LeafIdentity>(fail(Errc::not_member, "ENC-20"));
    if (!who.has_value() || who->agent || who->account != row.asker) {
        return fail(Errc::not_member, "ENC-20");
    }
    if (std::ranges::find(grant.scopes, question.scope) == grant.scopes.end() ||
        std::ranges::find(step.state.configuration.scopes,
                          static_cast<std::uint8_t>(question.scope)) ==
            step.state.configuration.scopes.end()) {
        return fail(Errc::permission_denied, "ENC-21");
    }
    if (grant.expires_at < time_in(step, companion)) {
        return fail(Errc::expired, "ENC-22");
    }
    if (row.number > grant.questions_max) {
        return fail(Errc::resource_exhausted, "ENC-23");
    }
    return question;
}

Result<std::vector<assistant::SourceMessage>> sources_of(AgentStep& step,
                                                         const GroupId& companion) {
    CHATMCP_TRY(const auto copies, step.all<CopyRow>(table_prefix("copy", companion)));
    std::vector<std::string> authors;
    std::vector<assistant::SourceMessage> sources;
    for (const CopyRow& copy : copies) {
        auto found = std::ranges::find(authors, copy.author);
        if (found == authors.end()) {
            authors.push_back(copy.author);
            found = authors.end() - 1;
        }
        sources.push_back(
            {.position = copy.position,
             .author_display = "Person " + std::to_string(found - authors.begin() + 1),
             .text = copy.text,
             .id = copy.id});
    }
    return sources;
}

Result<void> start_job(AgentStep& step, Companion& companion, const QuestionRow& row) {
    const auto question = check_question(step, companion, row);
    if (!question.has_value()) {
        settle(companion, row, refusal(row.id, question.error()));
        return {};
    }
    AgentState& state = step.state;
    AnswerJob job;
    job.id = ++state.last_job;
    job.question = *question;
    CHATMCP_TRY(job.messages, sources_of(step, companion.row.id));
    job.time_max_ms = std::int64_t{state.configuration.answer_seconds_max} * kSecondMs;
    state.job = RunningJob{job.id, companion.row.id, row.position, {}, step.steady};
    step.effects.job = std::move(job);
    say_progress(step, companion, row.id, {});
    return {};
}

Result<std::optional<QuestionRow>> stored_question(AgentStep& step,
                                                   const GroupId& companion,
                                                   std::uint64_t position) {
    CHATMCP_TRY(const auto stored, step.store.get(question_record(companion, position)));
    if (!stored.has_value()) {
        return std::optional<QuestionRow>();
    }
    CHATMCP_TRY(auto row, client::decode_record<QuestionRow>(*stored));
    return std::optional<QuestionRow>(std::move(row));
}

std::size_t size_beside_prompts(const wire::Answer& answer) {
    return wire::encode(answer.answer).size() +
           answer.receipt.inputs.size() * sizeof(wire::MessageId);
}

// All that the receipt says except where and when it is signed: content_of.
wire::Answer answer_from(AgentStep& step, assistant::Answered& answered) {
    crypto::Random& random = step.state.platform.random();
    wire::Answer answer;
    random.fill(answer.keys.companion);
    random.fill(answer.keys.prompts);
    random.fill(answer.keys.output);
    answer.answer = std::move(answered.answer);
    answer.first_token_ms = answered.timing.first_token_ms;
    answer.output_tokens = answered.timing.output_tokens;
    answer.generation_ms = answered.timing.generation_ms;
    std::vector<wire::Digest> calls;
    std::size_t bytes = 0;
    for (const assistant::ModelCall& call : answered.calls) {
        calls.push_back(client::call_commitment(answer.keys, call.prompt, call.output));
        bytes += call.prompt.size();
    }
    wire::Receipt& receipt = answer.receipt;
    receipt.inputs = std::move(answered.inputs);
    receipt.prompts_root = client::merkle_root(calls);
    receipt.tools_root = client::merkle_root({});
    receipt.output_commitment = client::output_commitment(answer.keys, answer.answer);
    if (bytes + size_beside_prompts(answer) < kAnswerBytesMax) {
        for (assistant::ModelCall& call : answered.calls) {
            answer.prompts.push_back(std::move(call.prompt));
        }
    }
    return answer;
}

Result<void> sign_receipt(AgentStep& step, Companion& companion, wire::Answer& answer) {
    const AgentState& state = step.state;
    const mls::GroupView& view = companion.group.view();
    const wire::Grant grant = grant_of(companion);
    const auto own = view.member(view.own_index());
    CHATMCP_CHECK(own.has_value());
    CHATMCP_TRY(const auto evidence,
                client::component_of<wire::EvidenceComponent>(
                    own->components, wire::ComponentId::evidence, "CLT-54"));
    wire::Receipt& receipt = answer.receipt;
    receipt.companion_commitment = client::companion_commitment(answer.keys, companion.row.id);
    receipt.epoch = view.epoch().value;
    receipt.grant_digest = grant.digest();
    receipt.time = time_in(step, companion);
    const bool acceptance = companion.row.time_is_acceptance && companion.row.time > step.now;
    receipt.time_source = acceptance ? 2 : 1;
    receipt.evidence_digest = attest::evidence_digest(evidence.evidence);
    receipt.measurement = state.own_credential().measurement;
    receipt.weights_root = state.facts.weights_root;
    receipt.configuration_digest = state.own_credential().configuration_digest;
    receipt.engine_build_digest = state.facts.engine_build_digest;
    receipt.engine_settings_digest = state.facts.engine_settings_digest;
    receipt.platform = std::string(state.platform.facts().name);
    const auto key = crypto::SigningKey::from_seed(companion.row.leaf_seed);
    receipt.signature = to_array<crypto::kEd25519SignatureBytes>(wire::sign(key, receipt));
    return {};
}

}  // namespace

Result<void> take_copy(AgentStep& step,
                       Companion& companion,
                       const std::string& author,
                       const wire::Content& content) {
    const auto copy = wire::decode<wire::Copy>(content.body);
    if (!copy.has_value()) {
        step.note(Error{copy.error().code, "ENC-17"});
        return {};
    }
    const std::uint64_t bytes_max =
        std::min(grant_of(companion).original_bytes_max, step.state.limits.original_bytes_max);
    for (const wire::Copy::Original& original : copy->originals) {
        const auto words = wire::decode<wire::Content>(original.content);
        if (!words.has_value() || words->type != wire::ContentType::text) {
            step.note(Error{Errc::malformed, "ENC-17"});
            continue;
        }
        // Whoever sent it is its author: the id is made with the sender's account, so words put
        // into another's mouth get an id that stands in no conversation.
        const auto id = wire::message_id(companion.row.conversation, author, original.content);
        const Bytes record = copy_record(companion.row.id, original.position, id);
        CHATMCP_TRY(const auto known, step.store.get(record));
        if (known.has_value()) {
            continue;
        }
        if (companion.row.original_bytes + original.content.size() > bytes_max ||
            companion.row.copies >= step.state.limits.copies_max ||
            step.state.memory.size_bytes() > step.state.limits.state_bytes_max) {
            step.note(Error{Errc::resource_exhausted, "ENC-18"});
            continue;
        }
        companion.row.original_bytes += original.content.size();
        ++companion.row.copies;
        CHATMCP_TRY_VOID(
            step.put(record, CopyRow{original.position, author, id, to_text(words->body)}));
    }
    return {};
}

Result<void> take_question(AgentStep& step,
                           Companion& companion,
                           const mls::ApplicationMessage& message,
                           const std::string& asker,
                           std::uint64_t position) {
    CHATMCP_TRY(const auto content, wire::decode<wire::Content>(message.data));
    if (!wire::decode<wire::Question>(content.body).has_value()) {
        step.note(Error{Errc::malformed, "ENC-24"});
        return {};
    }
    QuestionRow row;
    row.position = position;
    row.id = wire::message_id(companion.row.id, asker, message.data);
    row.asker_leaf = message.sender.value;
    row.asker = asker;
    row.number = ++companion.row.questions;
    // As many again wait for their refusal, so that a restart loses none; what is beyond is
    // dropped.
    const std::size_t waiting_max = step.state.limits.questions_waiting_max;
    CHATMCP_TRY(const auto waiting,
                step.store.scan(table_prefix("question", companion.row.id), {}, 2 * waiting_max));
    if (waiting.size() >= waiting_max) {
        const Error error{Errc::resource_exhausted, "ENC-25"};
        step.note(error);
        if (waiting.size() < 2 * waiting_max) {
            CHATMCP_TRY_VOID(step.put(question_record(companion.row.id, position), row));
            settle(companion, row, refusal(row.id, error));
        }
        return {};
    }
    row.question = content.body;
    CHATMCP_TRY_VOID(step.put(question_record(companion.row.id, position), row));
    say_progress(step, companion, row.id, {});
    return {};
}

Result<void> progress_questions(AgentStep& step) {
    AgentState& state = step.state;
    for (auto& [id, companion] : state.companions) {
        if (state.job.has_value()) {
            return {};
        }
        if (!companion.may_speak || companion.row.stopped) {
            continue;
        }
        CHATMCP_TRY(const auto waiting, step.all<QuestionRow>(table_prefix("question", id)));
        for (const QuestionRow& row : waiting) {
            if (!companion.settled.contains(row.position) && !state.job.has_value()) {
                CHATMCP_TRY_VOID(start_job(step, companion, row));
            }
        }
    }
    return {};
}

Result<void> job_progressed(AgentStep& step, const JobProgressed& event) {
    const auto& job = step.state.job;
    if (!job.has_value() || job->id != event.job ||
        step.steady < job->said_at.plus_ms(kProgressEveryMs)) {
        return {};
    }
    const auto found = step.state.companions.find(job->companion);
    if (found == step.state.companions.end()) {
        return {};
    }
    CHATMCP_TRY(const auto row, stored_question(step, job->companion, job->position));
    if (row.has_value()) {
        say_progress(step, found->second, row->id, event.progress);
    }
    return {};
}

Result<void> job_done(AgentStep& step, JobDone event) {
    AgentState& state = step.state;
    if (!state.job.has_value() || state.job->id != event.job) {
        return {};
    }
    const RunningJob job = *state.job;
    state.job.reset();
    const auto found = state.companions.find(job.companion);
    if (found == state.companions.end() || found->second.row.stopped) {
        return {};
    }
    Companion& companion = found->second;
    CHATMCP_TRY(auto row, stored_question(step, job.companion, job.position));
    if (!row.has_value()) {
        return {};
    }
    // Minutes have passed: who asked may have left, and the grant may be over.
    const auto still = check_question(step, companion, *row);
    if (!still.has_value() || !event.result.has_value()) {
        settle(companion,
               *row,
               refusal(row->id, still.has_value() ? event.result.error() : still.error()));
        return {};
    }
    if (row->sequence == 0) {
        row->sequence = ++companion.row.answers;
        CHATMCP_TRY_VOID(step.put(companion_record(companion.row.id), companion.row));
        CHATMCP_TRY_VOID(step.put(question_record(companion.row.id, row->position), *row));
    }
    Outgoing outgoing;
    outgoing.type = wire::ContentType::answer;
    wire::Answer answer = answer_from(step, *event.result);
    if (size_beside_prompts(answer) > kAnswerBytesMax) {
        settle(companion, *row, refusal(row->id, Error{Errc::too_large, "ENC-26"}));
        return {};
    }
    answer.receipt.question = row->id;
    answer.receipt.asker_leaf = row->asker_leaf;
    answer.receipt.sequence = row->sequence;
    outgoing.answer = std::move(answer);
    settle(companion, *row, std::move(outgoing));
    return {};
}

Result<Bytes> content_of(AgentStep& step, Companion& companion, Outgoing& outgoing) {
    wire::Content content;
    step.state.platform.random().fill(content.salt);
    content.type = outgoing.type;
    content.sent_at = time_in(step, companion);
    if (outgoing.answer.has_value()) {
        CHATMCP_TRY_VOID(sign_receipt(step, companion, *outgoing.answer));
        content.body = wire::encode(*outgoing.answer);
    } else {
        content.body = outgoing.body;
    }
    return wire::encode(content);
}

Result<void> last_word_sent(AgentStep& step,
                            const Companion& companion,
                            std::uint64_t position,
                            const wire::Digest& payload_hash) {
    CHATMCP_TRY(auto row, stored_question(step, companion.row.id, position));
    if (!row.has_value()) {
        return {};
    }
    row->sent = payload_hash;
    return step.put(question_record(companion.row.id, position), *row);
}

Result<void> own_message_seen(AgentStep& step,
                              Companion& companion,
                              const wire::Digest& payload_hash) {
    std::erase_if(companion.outgoing, [&](const Outgoing& outgoing) {
        return outgoing.sent.has_value() && outgoing.sent_hash == payload_hash;
    });
    CHATMCP_TRY(const auto waiting,
                step.all<QuestionRow>(table_prefix("question", companion.row.id)));
    for (const QuestionRow& row : waiting) {
        if (row.sent == payload_hash) {
            companion.settled.erase(row.position);
            CHATMCP_TRY_VOID(step.store.erase(question_record(companion.row.id, row.position)));
        }
    }
    return {};
}

}  // namespace chatmcp::enclave
