#include "attest/kind.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "wire/evidence.h"

namespace chatmcp::attest {
namespace {

struct KindRow {
    Kind kind;
    std::string_view name;
    Class evidence_class;
    std::string_view media_type;
};

// Media types of others where there are any; the rest of quotes and reports have none.
constexpr std::array<KindRow, 11> kRows = {{
    {Kind::simulated, "simulated", Class::simulated, wire::SimulatedQuote::kMediaType},
    {Kind::sgx, "sgx", Class::confidential, "application/vnd.chatmcp.sgx-quote"},
    {Kind::tdx, "tdx", Class::confidential, "application/vnd.chatmcp.tdx-quote"},
    {Kind::sev_snp, "sev-snp", Class::confidential, "application/vnd.chatmcp.sev-snp-report"},
    {Kind::nitro, "nitro", Class::confidential, "application/vnd.chatmcp.nitro-document"},
    {Kind::cca,
     "cca",
     Class::confidential,
     "application/eat-collection; profile=\"http://arm.com/CCA-SSD/1.0.0\""},
    {Kind::psa,
     "psa",
     Class::key_protection,
     "application/eat+cwt; eat_profile=\"tag:psacertified.org,2023:psa#tfm\""},
    {Kind::android_key,
     "android-key",
     Class::key_protection,
     "application/vnd.chatmcp.android-key"},
    {Kind::tpm, "tpm", Class::key_protection, "application/vnd.chatmcp.tpm-quote"},
    {Kind::azure_vtpm, "azure-vtpm", Class::confidential, "application/vnd.chatmcp.azure-hcl"},
    {Kind::nvidia_gpu, "nvidia-gpu", Class::device, "application/vnd.chatmcp.nvidia-spdm"},
}};

constexpr auto kKinds = [] {
    std::array<Kind, kRows.size()> out{};
    std::ranges::transform(kRows, out.begin(), &KindRow::kind);
    return out;
}();

const KindRow& row_of(Kind kind) {
    const auto found = std::ranges::find(kRows, kind, &KindRow::kind);
    CHATMCP_CHECK(found != kRows.end());
    return *found;
}

}  // namespace

std::span<const Kind> all_kinds() {
    return kKinds;
}

std::string_view kind_name(Kind kind) {
    return row_of(kind).name;
}

std::string_view class_name(Class value) {
    switch (value) {
        case Class::confidential:
            return "confidential";
        case Class::key_protection:
            return "key-protection";
        case Class::simulated:
            return "simulated";
        case Class::device:
            return "device";
    }
    CHATMCP_CHECK(false && "a Class that has no enumerator");
    return {};
}

Class class_of(Kind kind) {
    return row_of(kind).evidence_class;
}

std::string_view media_type_of(Kind kind) {
    return row_of(kind).media_type;
}

Result<Kind> kind_of_media_type(std::string_view media_type) {
    const auto found = std::ranges::find(kRows, media_type, &KindRow::media_type);
    return found != kRows.end() ? Result<Kind>(found->kind) : fail(Errc::unsupported, "ATT-10");
}

Result<Kind> kind_named(std::string_view name) {
    const auto found = std::ranges::find(kRows, name, &KindRow::name);
    return found != kRows.end() ? Result<Kind>(found->kind) : fail(Errc::unsupported, "ATT-10");
}

}  // namespace chatmcp::attest
