#pragma once

#include <string>
#include <string_view>

namespace chatmcp::testing {

/// The whole content of a file, by its path from the project's root. Gives up if there is none.
[[nodiscard]] std::string read_project_file(std::string_view path);

/// For test data that is not what the test takes it for: prints `what` and ends the program, so
/// that the test fails, also where there are no exceptions (WebAssembly).
[[noreturn]] void give_up(std::string_view what);

}  // namespace chatmcp::testing
