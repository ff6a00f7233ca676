#include "attest_c/attest.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "attest/appraise.h"
#include "attest/bundle.h"
#include "attest/kind.h"
#include "attest/policy.h"
#include "attest/report.h"
#include "attest/root_files.h"

struct chatmcp_attest_report {
    std::string json;
    std::string text;
    std::string check;
    bool verifies = false;
};

namespace chatmcp::attest_c {
namespace {

using attest::Clues;
using attest::EvidenceBundle;
using attest::FactorReport;
using attest::Kind;
using attest::NamedFiles;
using attest::Policy;
using attest::Roots;

/// Errors: invalid_argument (LIB-01) a size without bytes.
Result<ByteView> view_of(const chatmcp_bytes& bytes) {
    if (bytes.data == nullptr && bytes.size != 0) {
        return fail(Errc::invalid_argument, "LIB-01");
    }
    return ByteView(bytes.data, bytes.size);
}

/// Errors: those of view_of; too_large (LIB-05).
Result<ByteView> bounded_view_of(const chatmcp_bytes& bytes, std::size_t max_bytes) {
    CHATMCP_TRY(const ByteView view, view_of(bytes));
    if (view.size() > max_bytes) {
        return fail(Errc::too_large, "LIB-05");
    }
    return view;
}

Result<std::optional<Bytes>> optional_of(const chatmcp_bytes& bytes) {
    CHATMCP_TRY(const ByteView view, bounded_view_of(bytes, CHATMCP_ATTEST_VALUE_MAX_BYTES));
    return view.empty() ? std::optional<Bytes>() : std::optional(to_bytes(view));
}

/// Errors: invalid_argument (LIB-01), (LIB-02) a list that is not there; too_large (ATT-272).
Result<std::span<const chatmcp_file>> list_of(const chatmcp_file* files, std::size_t count) {
    if (files == nullptr && count != 0) {
        return fail(Errc::invalid_argument, "LIB-02");
    }
    if (count > attest::kBundleFilesMax) {
        return fail(Errc::too_large, "ATT-272");
    }
    return std::span(files, count);
}

/// Errors: invalid_argument (LIB-01); too_large (ATT-272).
Result<ByteView> content_of(const chatmcp_file& file) {
    CHATMCP_TRY(const ByteView content, view_of(file.content));
    if (content.size() > attest::kBundleFileMaxBytes) {
        return fail(Errc::too_large, "ATT-272");
    }
    return content;
}

/// Errors: invalid_argument (LIB-01), (LIB-03) no name, or one that is there twice; too_large
///         (ATT-272).
Result<NamedFiles> files_of(std::span<const chatmcp_file> list) {
    NamedFiles out;
    for (const chatmcp_file& file : list) {
        CHATMCP_TRY(const ByteView content, content_of(file));
        if (file.name == nullptr || !out.emplace(file.name, to_bytes(content)).second) {
            return fail(Errc::invalid_argument, "LIB-03");
        }
    }
    return out;
}

Result<EvidenceBundle> bundle_of(const chatmcp_attest_input& input) {
    std::optional<Kind> forced;
    if (input.kind != nullptr) {
        CHATMCP_TRY(forced, attest::kind_named(input.kind));
    }
    CHATMCP_TRY(const auto list, list_of(input.files, input.files_count));
    if (list.size() == 1 && list.front().name == nullptr) {
        CHATMCP_TRY(const ByteView content, content_of(list.front()));
        return attest::bundle_of_file(to_bytes(content), forced);
    }
    CHATMCP_TRY(NamedFiles files, files_of(list));
    return attest::bundle_of_files(std::move(files), forced);
}

/// Errors: invalid_argument (LIB-04) no profile of this name; those of parse_policy.
Result<Policy> policy_of(const chatmcp_attest_input& input) {
    if (input.profile != nullptr) {
        auto profile = attest::policy_profile(input.profile);
        return profile.has_value() ? Result<Policy>(*std::move(profile))
                                   : fail(Errc::invalid_argument, "LIB-04");
    }
    CHATMCP_TRY(const ByteView json,
                bounded_view_of(input.policy, CHATMCP_ATTEST_POLICY_MAX_BYTES));
    return json.empty() ? Result<Policy>(Policy{}) : attest::parse_policy(as_text(json));
}

Result<Roots> roots_of(const chatmcp_attest_input& input) {
    CHATMCP_TRY(const auto list, list_of(input.roots, input.roots_count));
    if (list.empty()) {
        return attest::builtin_roots();
    }
    CHATMCP_TRY(const NamedFiles files, files_of(list));
    return attest::roots_of_files(files);
}

/// Errors: those above, and of bundle_of_files.
Result<FactorReport> report_of(const chatmcp_attest_input& input) {
    CHATMCP_TRY(EvidenceBundle bundle, bundle_of(input));
    CHATMCP_TRY(const Policy policy, policy_of(input));
    CHATMCP_TRY(const Roots roots, roots_of(input));
    Clues clues;
    CHATMCP_TRY(clues.nonce, optional_of(input.nonce));
    CHATMCP_TRY(clues.report_data, optional_of(input.report_data));
    return attest::inspect(std::move(bundle), roots, policy, clues, UnixMs{input.at_ms});
}

chatmcp_attest_verdict verify(const chatmcp_attest_input& input, chatmcp_attest_report& out) {
    const auto report = report_of(input);
    if (!report.has_value()) {
        out.check = report.error().check;
        return CHATMCP_ATTEST_UNUSABLE;
    }
    out.json = attest::report_to_json(*report);
    out.text = attest::report_to_text(*report);
    out.verifies = report->claims.has_value();
    if (const auto error = report->first_error(); error.has_value()) {
        out.check = error->check;
    }
    return report->accepted ? CHATMCP_ATTEST_ACCEPTED : CHATMCP_ATTEST_REFUSED;
}

}  // namespace
}  // namespace chatmcp::attest_c

extern "C" {

chatmcp_attest_verdict chatmcp_attest_verify(const chatmcp_attest_input* input,
                                             chatmcp_attest_report** report) noexcept {
    if (report == nullptr) {
        return CHATMCP_ATTEST_UNUSABLE;
    }
    *report = nullptr;
    if (input == nullptr) {
        return CHATMCP_ATTEST_UNUSABLE;
    }
    *report = new chatmcp_attest_report;
    return chatmcp::attest_c::verify(*input, **report);
}

const char* chatmcp_attest_report_json(const chatmcp_attest_report* report) noexcept {
    return report == nullptr ? "" : report->json.c_str();
}

const char* chatmcp_attest_report_text(const chatmcp_attest_report* report) noexcept {
    return report == nullptr ? "" : report->text.c_str();
}

const char* chatmcp_attest_report_check(const chatmcp_attest_report* report) noexcept {
    return report == nullptr ? "" : report->check.c_str();
}

int chatmcp_attest_report_verifies(const chatmcp_attest_report* report) noexcept {
    return report != nullptr && report->verifies ? 1 : 0;
}

void chatmcp_attest_report_free(chatmcp_attest_report* report) noexcept {
    delete report;
}

const char* chatmcp_attest_version(void) noexcept {
    return CHATMCP_VERSION;
}

}  // extern "C"
