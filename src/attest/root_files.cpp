#include "attest/root_files.h"

#include <array>
#include <string_view>
#include <utility>

#include "attest/certificate.h"

namespace chatmcp::attest {
namespace {

constexpr std::array<std::string_view, 2> kEndings = {".pem", ".der"};

/// In PEM or DER.
Result<Bytes> certificate_of(const Bytes& content) {
    if (!as_text(content).starts_with("-----BEGIN")) {
        return content;
    }
    CHATMCP_TRY(auto certificates, certificates_of_pem(content));
    return std::move(certificates.front());
}

struct RootFile {
    std::string_view name;  // Without .pem or .der.
    void (*put)(Roots&, Bytes);
};
constexpr std::array<RootFile, 11> kRootFiles = {{
    {"intel-sgx-root-ca", [](Roots& roots, Bytes der) { roots.intel_sgx = std::move(der); }},
    {"amd-genoa-ark", [](Roots& roots, Bytes der) { roots.amd.push_back(std::move(der)); }},
    {"amd-milan-ark", [](Roots& roots, Bytes der) { roots.amd.push_back(std::move(der)); }},
    {"amd-turin-ark", [](Roots& roots, Bytes der) { roots.amd.push_back(std::move(der)); }},
    {"aws-nitro-root-g1", [](Roots& roots, Bytes der) { roots.aws_nitro = std::move(der); }},
    {"google-android-root-ec-2025",
     [](Roots& roots, Bytes der) { roots.google_android.push_back(std::move(der)); }},
    {"google-android-root-rsa",
     [](Roots& roots, Bytes der) { roots.google_android.push_back(std::move(der)); }},
    {"azure-vtpm-root-2023", [](Roots& roots, Bytes der) { roots.tpm.push_back(std::move(der)); }},
    {"google-ek-ak-ca-root", [](Roots& roots, Bytes der) { roots.tpm.push_back(std::move(der)); }},
    {"google-tpm-ek-root-1", [](Roots& roots, Bytes der) { roots.tpm.push_back(std::move(der)); }},
    {"nvidia-device-identity-ca", [](Roots& roots, Bytes der) { roots.nvidia = std::move(der); }},
}};

}  // namespace

std::vector<std::string> root_file_names() {
    std::vector<std::string> names;
    for (const RootFile& each : kRootFiles) {
        for (const std::string_view ending : kEndings) {
            names.push_back(std::string(each.name) + std::string(ending));
        }
    }
    return names;
}

Result<Roots> roots_of_files(const NamedFiles& files) {
    Roots builtin = builtin_roots();
    Roots out;
    out.published_keys = std::move(builtin.published_keys);
    out.published_spki = std::move(builtin.published_spki);
    bool found = false;
    for (const RootFile& each : kRootFiles) {
        for (const std::string_view ending : kEndings) {
            const auto file = files.find(std::string(each.name) + std::string(ending));
            if (file != files.end()) {
                CHATMCP_TRY(Bytes der, certificate_of(file->second));
                each.put(out, std::move(der));
                found = true;
                break;
            }
        }
    }
    return found ? Result<Roots>(std::move(out)) : fail(Errc::invalid_argument, "ATT-298");
}

}  // namespace chatmcp::attest
