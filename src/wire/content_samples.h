#pragma once

#include "wire/components.h"
#include "wire/content.h"

// One value of every structure in content.h and components.h, the same in the tests, in the
// fuzzers' seeds and in docs/formats.md. For tests only.

namespace chatmcp::wire::testing {

/// `size` bytes that count up from `first`.
inline Bytes counting(unsigned first, std::size_t size) {
    Bytes out(size);
    for (std::size_t i = 0; i < size; ++i) {
        out[i] = static_cast<std::uint8_t>((first + i) & 0xff);
    }
    return out;
}
template <std::size_t N = 32>
ByteArray<N> counting_array(unsigned first) {
    return to_array<N>(counting(first, N));
}

inline constexpr UnixMs kSampleTime{1'780'000'000'123};

inline Content sample_content() {
    return {.salt = counting_array(0x10),
            .type = ContentType::text,
            .sent_at = kSampleTime,
            .body = to_bytes(as_bytes("Grüße"))};
}
inline Grant sample_grant() {
    return {.agent_credential_digest = counting_array(0x20),
            .scopes = {Scope::answer, Scope::summarise},
            .expires_at = kSampleTime,
            .questions_max = 50,
            .original_bytes_max = 1'000'000};
}
inline Announcement sample_announcement() {
    return {.companion_id = counting_array(0x30),
            .grant = sample_grant(),
            .agent_leaf = counting(0x40, 70),
            .receipts = 3};
}
inline Agreement sample_agreement() {
    return {.companion_id = counting_array(0x30),
            .grant_digest = sample_grant().digest(),
            .agent_credential_digest = counting_array(0x20),
            .key_package = counting(0x50, 80),
            .from = AgreeFrom::past};
}
inline Payment sample_payment() {
    return {.terms = {.genesis_hash = counting_array(0x10),
                      .program = counting_array(0x20),
                      .payer = counting_array(0x30),
                      .recipient = counting_array(0x40),
                      .amount = 2'500'000,
                      .nonce = counting_array(0x50)},
            .transaction = to_array<64>(counting(0x60, 64)),
            .text = "lunch"};
}
inline PaymentRequest sample_payment_request() {
    return {.genesis_hash = counting_array(0x10),
            .program = counting_array(0x20),
            .amount = 2'500'000,
            .text = "lunch"};
}
inline Copy sample_copy() {
    return {.originals = {{.position = 3, .content = encode(sample_content())},
                          {.position = 9, .content = counting(1, 50)}}};
}
inline Question sample_question() {
    return {.scope = Scope::summarise, .text = "What was decided?"};
}
inline Progress sample_progress() {
    return {.question = counting_array(0x60), .stage = 2, .done = 100, .total = 900};
}
inline Refusal sample_refusal() {
    return {.question = counting_array(0x60), .check = "AST-15", .reason = "the question is empty"};
}
inline Receipt sample_receipt() {
    return {.companion_commitment = counting_array(0x01),
            .epoch = 4,
            .grant_digest = counting_array(0x02),
            .question = counting_array(0x03),
            .asker_leaf = 2,
            .sequence = 7,
            .time = kSampleTime,
            .time_source = 2,
            .evidence_digest = counting_array(0x04),
            .measurement = counting_array(0x05),
            .weights_root = counting_array(0x06),
            .configuration_digest = counting_array(0x07),
            .engine_build_digest = counting_array(0x08),
            .engine_settings_digest = counting_array(0x09),
            .inputs = {counting_array(0x0a), counting_array(0x0b)},
            .prompts_root = counting_array(0x0c),
            .tools_root = counting_array(0x0d),
            .output_commitment = counting_array(0x0e),
            .platform = "simulated",
            .signature = counting_array<64>(0x0f)};
}
inline CommitmentKeys sample_keys() {
    return {.companion = counting_array(0x70),
            .prompts = counting_array(0x71),
            .output = counting_array(0x72)};
}
inline AnswerText sample_answer_text() {
    return {.text = "It costs 12.50.",
            .points = {"one", "two"},
            .rests_on = {counting_array(0x0a)},
            .dropped = {"an amount that occurs nowhere"}};
}
inline Answer sample_answer() {
    return {.answer = sample_answer_text(),
            .receipt = sample_receipt(),
            .keys = sample_keys(),
            .prompts = {counting(0x80, 40)},
            .first_token_ms = 800,
            .output_tokens = 60,
            .generation_ms = 4000};
}
inline AnswerPost sample_answer_post() {
    return {.companion_id = counting_array(0x30),
            .asker = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:11111111111111111111111111111111",
            .asked = {.salt = counting_array(0x20),
                      .type = ContentType::question,
                      .sent_at = kSampleTime,
                      .body = encode(sample_question())},
            .answer = sample_answer_text(),
            .receipt = sample_receipt(),
            .keys = sample_keys(),
            .agent_leaf = counting(0x40, 70),
            .lacking = 1};
}

inline Roles sample_roles() {
    return {.admins = {"solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:11111111111111111111111111111111"}};
}
inline Title sample_title() {
    return {.text = "Planung"};
}
inline LogHead sample_log_head() {
    return {.sequence = 5, .hash = counting_array(0x90)};
}
inline EvidenceComponent sample_evidence_component() {
    return {.delegation = counting(0xa0, 60),
            .nonce = counting_array(0xa1),
            .evidence = counting(0xa2, 90)};
}
inline KeyPackageRequest sample_key_package_request() {
    return {.group_id = counting_array(0xb0),
            .nonce = counting_array(0xb1),
            .reply_inbox = counting_array(0xb2),
            .reply_key = counting_array(0xb3)};
}
inline KeyPackageReply sample_key_package_reply() {
    return {.group_id = counting_array(0xb0), .key_package = counting(0xb4, 100)};
}
inline SealedToInbox sample_sealed_to_inbox() {
    return {.enc = counting_array(0xb5), .ciphertext = counting(0xb6, 120)};
}

}  // namespace chatmcp::wire::testing
