#include <array>

#include "attest/policy.h"
#include "base/check.h"

namespace chatmcp::attest {
namespace {

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
constexpr char kStrict[] = {
#embed "profiles/strict.json"
};
constexpr char kProduction[] = {
#embed "profiles/production.json"
};
constexpr char kDevelopment[] = {
#embed "profiles/development.json"
};
#pragma clang diagnostic pop

struct Profile {
    std::string_view name;
    std::string_view json;
};
constexpr std::array<Profile, 3> kProfiles = {{
    {"strict", {kStrict, sizeof(kStrict)}},
    {"production", {kProduction, sizeof(kProduction)}},
    {"development", {kDevelopment, sizeof(kDevelopment)}},
}};

}  // namespace

std::optional<Policy> policy_profile(std::string_view name) {
    for (const Profile& each : kProfiles) {
        if (each.name == name) {
            auto policy = parse_policy(each.json);
            CHATMCP_CHECK(policy.has_value());
            return *std::move(policy);
        }
    }
    return std::nullopt;
}

}  // namespace chatmcp::attest
