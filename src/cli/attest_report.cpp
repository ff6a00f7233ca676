#include "cli/attest_report.h"

#include <array>

#include "attest/certificate.h"
#include "cli/files.h"

namespace chatmcp::cli {

namespace {

constexpr std::size_t kRootMaxBytes = std::size_t{64} * 1024;

/// In PEM or DER.
Result<Bytes> certificate_of(Bytes content) {
    if (!as_text(content).starts_with("-----BEGIN")) {
        return content;
    }
    CHATMCP_TRY(auto certificates, attest::certificates_of_pem(content));
    return std::move(certificates.front());
}

struct RootFile {
    std::string_view name;  // Without .pem or .der.
    void (*put)(attest::Roots&, Bytes);
};
constexpr std::array<RootFile, 11> kRootFiles = {{
    {"intel-sgx-root-ca",
     [](attest::Roots& roots, Bytes der) { roots.intel_sgx = std::move(der); }},
    {"amd-genoa-ark", [](attest::Roots& roots, Bytes der) { roots.amd.push_back(std::move(der)); }},
    {"amd-milan-ark", [](attest::Roots& roots, Bytes der) { roots.amd.push_back(std::move(der)); }},
    {"amd-turin-ark", [](attest::Roots& roots, Bytes der) { roots.amd.push_back(std::move(der)); }},
    {"aws-nitro-root-g1",
     [](attest::Roots& roots, Bytes der) { roots.aws_nitro = std::move(der); }},
    {"google-android-root-ec-2025",
     [](attest::Roots& roots, Bytes der) { roots.google_android.push_back(std::move(der)); }},
    {"google-android-root-rsa",
     [](attest::Roots& roots, Bytes der) { roots.google_android.push_back(std::move(der)); }},
    {"azure-vtpm-root-2023",
     [](attest::Roots& roots, Bytes der) { roots.tpm.push_back(std::move(der)); }},
    {"google-ek-ak-ca-root",
     [](attest::Roots& roots, Bytes der) { roots.tpm.push_back(std::move(der)); }},
    {"google-tpm-ek-root-1",
     [](attest::Roots& roots, Bytes der) { roots.tpm.push_back(std::move(der)); }},
    {"nvidia-device-identity-ca",
     [](attest::Roots& roots, Bytes der) { roots.nvidia = std::move(der); }},
}};

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
    attest::Roots builtin = attest::builtin_roots();
    if (folder.empty()) {
        return builtin;
    }
    // What nobody may trust stays so, whatever a caller brings.
    attest::Roots out;
    out.published_keys = std::move(builtin.published_keys);
    out.published_spki = std::move(builtin.published_spki);
    bool found = false;
    for (const RootFile& each : kRootFiles) {
        for (const char* ending : {".pem", ".der"}) {
            const auto path = std::filesystem::path(folder) / (std::string(each.name) + ending);
            std::error_code problem;
            if (std::filesystem::is_regular_file(path, problem)) {
                CHATMCP_TRY(Bytes content, read_file(path, kRootMaxBytes));
                CHATMCP_TRY(Bytes der, certificate_of(std::move(content)));
                each.put(out, std::move(der));
                found = true;
                break;
            }
        }
    }
    return found ? Result<attest::Roots>(std::move(out)) : fail(Errc::invalid_argument, "CLI-26");
}

}  // namespace chatmcp::cli
