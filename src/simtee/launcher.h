#pragma once

#include <expected>
#include <string>

#include "base/result.h"
#include "simtee/measured_files.h"

namespace chatmcp::simtee {

/// `chatmcp-simtee run`: measure, start, answer quotes until the program ends or SIGTERM, SIGINT or
/// SIGHUP comes.
struct RunOptions {
    MeasuredPaths paths;
    std::string root_path;
    int door_fd = 0;
};

/// A failure with what a person needs to do something about it.
struct Failure {
    Error error;
    std::string message;
};

/// The program's exit status (128 and a signal's number when one ended it).
/// Prints one line of JSON to standard output when the program runs: measurement, digests, root,
/// process id, sandbox layers.
[[nodiscard]] std::expected<int, Failure> run(const RunOptions& options);

/// `chatmcp-simtee check`: can a sandbox be made on this machine? Makes its namespaces and takes
/// them away again.
[[nodiscard]] std::expected<void, Failure> check_machine();

/// The row's meaning as a sentence for people, and what to do. `error_number`: errno of the step
/// where there was one, else 0.
[[nodiscard]] std::string explain(const Error& error, int error_number);

/// What `measure` prints and the first line of `run` begins with.
[[nodiscard]] std::string measurement_json(const wire::MeasuredDigests& digests);

}  // namespace chatmcp::simtee
