#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "attest/bundle.h"
#include "base/encoding.h"
#include "support/vectors.h"

namespace chatmcp::testing {

/// One folder of the corpus, as a verifier is given it.
class EvidenceCase {
  public:
    /// For example "sgx/automata-debug-enclave".
    explicit EvidenceCase(std::string name)
        : name_(std::move(name)),
          facts_(nlohmann::json::parse(load_text("evidence/" + name_ + "/case.json"))) {}

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] const nlohmann::json& facts() const { return facts_; }
    [[nodiscard]] const nlohmann::json& expected() const { return facts_.at("expected"); }
    [[nodiscard]] attest::Kind kind() const {
        return attest::kind_named(facts_.at("kind").get<std::string>()).value();
    }
    /// Cases that have no time of their own are verified within all certificates of theirs.
    [[nodiscard]] UnixMs verify_at() const {
        constexpr UnixMs kJune2025{1'750'000'000'000};
        const nlohmann::json& at = facts_.at("verify_at");
        return at.is_null() ? kJune2025 : from_time_text(at.get<std::string>()).value();
    }
    [[nodiscard]] attest::NamedFiles files() const {
        attest::NamedFiles files;
        add(files, facts_.at("evidence"));
        for (const auto& each : facts_.value("collateral", nlohmann::json::array())) {
            add(files, each);
        }
        return files;
    }
    [[nodiscard]] attest::EvidenceBundle bundle() const {
        return attest::bundle_of_files(files(), std::nullopt).value();
    }

  private:
    void add(attest::NamedFiles& files, const std::string& file) const {
        files[file] = to_bytes(as_bytes(load_text("evidence/" + name_ + "/" + file)));
    }

    std::string name_;
    nlohmann::json facts_;
};

/// The whole corpus.
inline std::vector<EvidenceCase> evidence_cases() {
    std::vector<EvidenceCase> out;
    for (const auto& entry : nlohmann::json::parse(load_text("evidence/index.json"))) {
        out.emplace_back(entry.at("kind").get<std::string>() + "/" +
                         entry.at("name").get<std::string>());
    }
    return out;
}

}  // namespace chatmcp::testing
