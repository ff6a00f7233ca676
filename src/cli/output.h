#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "client/effect.h"
#include "identity/caip10.h"

namespace chatmcp::cli {

using Json = nlohmann::ordered_json;

/// Standard output of one command: one JSON object a line, or lines for people.
class Output {
  public:
    /// `fields`: all that a line of this command may hold (docs/cli.md); another one is a
    /// programmer error.
    Output(bool json, std::vector<std::string> fields) : json_(json), fields_(std::move(fields)) {}

    [[nodiscard]] bool json() const { return json_; }
    /// One result: `object` as JSON, or `text` for people (nothing if it is empty).
    void line(const Json& object, const std::string& text) const;
    /// A whole document of its own form (a policy, a report), not held against `fields`.
    void document(const Json& object) const;
    /// For people only, on standard error: progress and hints.
    void note(const std::string& text) const;
    /// What somebody else said about the failure that the command is going to return: it stands in
    /// the error in place of general advice.
    void explain(const std::string& text) const { explanation_ = text; }
    [[nodiscard]] const std::string& explanation() const { return explanation_; }

  private:
    bool json_;
    std::vector<std::string> fields_;
    mutable std::string explanation_;
};

/// A failure in the form that the user asked for; `what` was being done.
void print_error(bool json,
                 const client::Reason& reason,
                 std::string_view what,
                 const std::string& explanation = {});

/// The base58 address of a CAIP-10 text; the text itself where it is of another chain.
[[nodiscard]] std::string address_of(std::string_view account);
[[nodiscard]] std::string hex(ByteView bytes);
/// Text of others (UTF-8) without control characters and without those that turn the direction of
/// text or are not seen: it cannot move the cursor, change colours or pass for something else.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace chatmcp::cli
