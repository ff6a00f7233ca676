#include "cli/attest_report.h"

#include "attest/root_files.h"
#include "cli/files.h"

namespace chatmcp::cli {

namespace {

constexpr std::size_t kRootMaxBytes = std::size_t{64} * 1024;

}  // namespace

const std::vector<std::string>& attest_fields() {
    static const std::vector<std::string> fields = {
        "kind", "verifies", "accepted", "judged_at_ms", "refusals", "claims", "factors"};
    return fields;
}

Json attest_json(const attest::FactorReport& report) {
    return Json::parse(attest::report_to_json(report));
}

std::string lines_of_report(const attest::FactorReport& report) {
    std::string text = std::string("verifies  ") + (report.claims ? "yes" : "no") + "\naccepted  " +
                       (report.accepted ? "yes" : "no");
    for (const attest::Factor& factor : report.factors) {
        if (factor.error) {
            text += std::string("\nrefused   ") + factor.error->check + ": " + factor.meaning;
        }
    }
    return text;
}

Result<attest::Policy> read_policy(const std::string& file) {
    if (file.empty()) {
        return attest::Policy{};
    }
    if (auto profile = attest::policy_profile(file); profile.has_value()) {
        return *std::move(profile);
    }
    CHATMCP_TRY(const Bytes content, read_file(file, attest::kPolicyMaxBytes));
    return attest::parse_policy(as_text(content));
}

Result<attest::Roots> read_roots(const std::string& folder) {
    if (folder.empty()) {
        return attest::builtin_roots();
    }
    attest::NamedFiles files;
    for (const std::string& name : attest::root_file_names()) {
        const auto path = std::filesystem::path(folder) / name;
        std::error_code problem;
        if (std::filesystem::is_regular_file(path, problem)) {
            CHATMCP_TRY(files[name], read_file(path, kRootMaxBytes));
        }
    }
    return attest::roots_of_files(files);
}

}  // namespace chatmcp::cli
