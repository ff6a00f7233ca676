#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"

namespace chatmcp::cli {

/// A completion script made from the commands that exist.
[[nodiscard]] std::string completion_script(const CLI::App& app, const std::string& shell);

/// All commands with their options and JSON fields, for the test that holds docs/cli.md against the
/// program.
[[nodiscard]] std::string description(const CLI::App& app,
                                      const std::vector<std::unique_ptr<Command>>& commands);

}  // namespace chatmcp::cli
