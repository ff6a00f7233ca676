#include "attest/factor.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace chatmcp::attest {
namespace {

struct FactorRow {
    FactorId id;
    std::string_view name;
    std::string_view question;
};

constexpr std::array<FactorRow, kFactors> kRows = {{
    {FactorId::format, "format", "Can the evidence be read, whole?"},
    {FactorId::signature,
     "signature",
     "Do all signatures, certificates and dates hold, up to a key that was given?"},
    {FactorId::kind, "kind", "Does the trust policy allow this kind of evidence?"},
    {FactorId::evidence_class, "class", "Can this kind protect an assistant at all?"},
    {FactorId::root, "root", "Is that key one that the verifier trusts?"},
    {FactorId::published_key, "published key", "Is the signer's private key really private?"},
    {FactorId::algorithms, "algorithms", "Are all signatures and hashes strong ones?"},
    {FactorId::revocation,
     "revocation",
     "Was it looked up that the maker took nothing back of what it signed?"},
    {FactorId::collateral, "collateral", "Is everything there that a whole verification needs?"},
    {FactorId::collateral_age, "collateral age", "Is the collateral of a day young enough?"},
    {FactorId::tcb, "tcb", "Are firmware and microcode current enough?"},
    {FactorId::tcb_evaluation,
     "tcb evaluation",
     "Was that judged by a list of the maker that is new enough?"},
    {FactorId::advisories, "advisories", "Is the platform free of known weaknesses?"},
    {FactorId::quoting_enclave, "quoting enclave", "Is the enclave that signs quotes current?"},
    {FactorId::module, "module", "Is the module or paravisor below the guest a known one?"},
    {FactorId::firmware_committed,
     "firmware committed",
     "Can the operator no longer go back to older firmware?"},
    {FactorId::simultaneous_threads,
     "simultaneous threads",
     "Do no two threads share a processor core?"},
    {FactorId::debug, "debug", "Is nobody able to debug it?"},
    {FactorId::migration, "migration", "Can nobody move the guest to another machine?"},
    {FactorId::privilege, "privilege", "Did the most privileged level of the guest ask?"},
    {FactorId::attributes, "attributes", "Does it have only attributes that it needs?"},
    {FactorId::lifecycle, "lifecycle", "Is the device in its secured life cycle?"},
    {FactorId::key_protection, "key protection", "Can the attested key never leave its hardware?"},
    {FactorId::memory, "memory", "Is its memory encrypted, so that the owner cannot read it?"},
    {FactorId::memory_integrity,
     "memory integrity",
     "Is it noticed when the owner changes or swaps its memory?"},
    {FactorId::ciphertext_hiding,
     "ciphertext hiding",
     "Can the owner not even see encrypted memory change?"},
    {FactorId::host_identity, "host identity", "Does the evidence say which machine it is?"},
    {FactorId::host_registry, "host registry", "Is that machine one that the policy names?"},
    {FactorId::cloud, "cloud", "Does the evidence say who operates the machine?"},
    {FactorId::gpu_binding, "gpu binding", "Is the GPU bound to the processor's protected guest?"},
    {FactorId::gpu_measurements,
     "gpu measurements",
     "Does the GPU run firmware that its maker measured?"},
    {FactorId::physical,
     "physical attack",
     "Is somebody who holds the machine unable to read its secrets?"},
    {FactorId::side_channels,
     "side channels",
     "Is somebody who shares the machine unable to guess secrets from its timing?"},
    {FactorId::measurement,
     "measurement",
     "Does the policy allow the program, and is it the one of the credential?"},
    {FactorId::signer, "signer", "Was the program signed by whom the policy names?"},
    {FactorId::product, "product", "Is it the product that the policy names?"},
    {FactorId::security_version,
     "security version",
     "Is the program's security version not below the policy's?"},
    {FactorId::configuration,
     "configuration",
     "Is the configuration the one of the agent's credential?"},
    {FactorId::weights, "weights", "Does the measurement cover the model's weights?"},
    {FactorId::boot_chain, "boot chain", "Is everything measured that ran before the program?"},
    {FactorId::secure_boot, "secure boot", "Did the firmware start only what was signed?"},
    {FactorId::boot_state, "boot state", "Is the device locked and its system verified?"},
    {FactorId::patch_level, "patch level", "Is the system's security patch new enough?"},
    {FactorId::event_log, "event log", "Do the logged events give exactly the registers?"},
    {FactorId::registers, "registers", "Are the registers those that the policy names?"},
    {FactorId::transparency, "transparency", "Is the measurement in a public log or registry?"},
    {FactorId::sandbox, "sandbox", "Do all walls around the program stand that must?"},
    {FactorId::extra_sandbox,
     "extra sandbox",
     "Do the walls stand that depend on the machine's kernel?"},
    {FactorId::unmeasured, "unmeasured", "Is there nothing that the measurement leaves out?"},
    {FactorId::development,
     "development",
     "Does the companion say openly that it is for development, and name this root?"},
    {FactorId::binding, "binding", "Was it made for these keys, this group and this question?"},
    {FactorId::nonce, "nonce", "Does it hold the nonce that the verifier chose?"},
    {FactorId::freshness, "freshness", "Is it neither too old nor from the future?"},
    {FactorId::clock, "clock", "Is its own time or counter one that cannot be set back?"},
    {FactorId::rollback, "rollback", "Is old sealed state noticed?"},
}};

constexpr bool rows_stand_in_order() {
    for (std::size_t i = 0; i < kRows.size(); ++i) {
        if (static_cast<std::size_t>(kRows[i].id) != i) {
            return false;
        }
    }
    return true;
}
static_assert(rows_stand_in_order());

const FactorRow& row_of(FactorId id) {
    CHATMCP_CHECK(static_cast<std::size_t>(id) < kRows.size());
    return kRows[static_cast<std::size_t>(id)];
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
    switch (verdict) {
        case Verdict::pass:
            return "pass";
        case Verdict::fail:
            return "fail";
        case Verdict::not_proven:
            return "not proven";
        case Verdict::not_applicable:
            return "not applicable";
    }
    CHATMCP_CHECK(false && "a Verdict that has no enumerator");
    return {};
}

std::string_view factor_name(FactorId id) {
    return row_of(id).name;
}

std::string_view factor_question(FactorId id) {
    return row_of(id).question;
}

Factor factor_pass(FactorId id, std::string meaning) {
    return {.id = id,
            .verdict = Verdict::pass,
            .error = std::nullopt,
            .meaning = std::move(meaning),
            .remedy = {}};
}

Factor factor_fail(FactorId id, Error error, std::string meaning, std::string remedy) {
    return {.id = id,
            .verdict = Verdict::fail,
            .error = error,
            .meaning = std::move(meaning),
            .remedy = std::move(remedy)};
}

Factor factor_not_proven(FactorId id, std::string meaning, std::string remedy) {
    return {.id = id,
            .verdict = Verdict::not_proven,
            .error = std::nullopt,
            .meaning = std::move(meaning),
            .remedy = std::move(remedy)};
}

Factor factor_not_applicable(FactorId id, std::string meaning) {
    return {.id = id,
            .verdict = Verdict::not_applicable,
            .error = std::nullopt,
            .meaning = std::move(meaning),
            .remedy = {}};
}

std::vector<Factor> complete_factors(std::vector<Factor> judged) {
    std::ranges::sort(judged, {}, &Factor::id);
    const auto twice = std::ranges::adjacent_find(judged, {}, &Factor::id);
    CHATMCP_CHECK(twice == judged.end());
    std::vector<Factor> out;
    auto next = judged.begin();
    for (const FactorRow& row : kRows) {
        if (next != judged.end() && next->id == row.id) {
            out.push_back(std::move(*next));
            ++next;
        } else {
            out.push_back(
                factor_not_applicable(row.id, "This kind of evidence has nothing of it."));
        }
    }
    return out;
}

}  // namespace chatmcp::attest
