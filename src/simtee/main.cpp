// chatmcp-simtee: launcher and quoting service of the simulated platform.

#include <cstdio>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/encoding.h"
#include "simtee/development_root.h"
#include "simtee/launcher.h"

namespace chatmcp::simtee {
namespace {

// The exit codes of every program of ours (docs/cli.md).
constexpr int kUsage = 2;
constexpr int kLocalFailure = 4;

int report(const Failure& failure) {
    static_cast<void>(std::fprintf(stderr, "chatmcp-simtee: %s\n", failure.message.c_str()));
    return kLocalFailure;
}

int report(const Error& error) {
    return report(Failure{error, explain(error, 0)});
}

void print(const std::string& line) {
    static_cast<void>(std::printf("%s\n", line.c_str()));
}

int print_measurement(const MeasuredPaths& paths, bool json) {
    const auto digests = measure(paths);
    if (!digests.has_value()) {
        return report(digests.error());
    }
    if (json) {
        print(measurement_json(*digests));
        return 0;
    }
    print("measurement    " + to_hex(wire::measurement_of(*digests)));
    print("program        " + to_hex(digests->program));
    print("model          " + to_hex(digests->model));
    print("configuration  " + to_hex(digests->configuration));
    print("command line   " + to_hex(digests->command_line));
    return 0;
}

int print_root(const std::string& path, bool json) {
    crypto::SystemRandom random;
    const auto root = DevelopmentRoot::open_or_make(path, random);
    if (!root.has_value()) {
        return report(root.error());
    }
    const std::string fingerprint = to_hex(root->fingerprint());
    if (json) {
        print("{\"root\":\"" + fingerprint + "\",\"root_key\":\"" +
              to_hex(root->signing_key().public_key()) + "\"}");
    } else {
        print(fingerprint);
    }
    return 0;
}

void add_measured(CLI::App& command, MeasuredPaths& paths) {
    command.add_option("--program", paths.program, "the static program")->required();
    command.add_option("--model", paths.model, "the model's weights")->required();
    command.add_option("--config", paths.configuration, "the assistant's configuration")
        ->required();
    command.add_option("arguments", paths.arguments, "after --: the program's arguments, measured");
}

}  // namespace

int main_program(int argc, char** argv) {
    CLI::App app("Launcher and quoting service of the simulated platform: a sandbox, no hardware.");
    app.require_subcommand(1);
    RunOptions options;
    options.root_path = default_root_path();
    bool json = false;

    CLI::App* run_command = app.add_subcommand(
        "run", "measure and start a program; its door is the stream socket given as --door-fd");
    add_measured(*run_command, options.paths);
    run_command->add_option("--root", options.root_path, "file of the development root");
    run_command->add_option("--door-fd", options.door_fd, "descriptor of the door's end (0)");

    CLI::App* measure_command =
        app.add_subcommand("measure", "print the measurement that run would find; runs nothing");
    add_measured(*measure_command, options.paths);
    measure_command->add_flag("--json", json, "one JSON object");

    CLI::App* root_command =
        app.add_subcommand("root", "print the development root's fingerprint; make it if need be");
    root_command->add_option("--root", options.root_path, "file of the development root");
    root_command->add_flag("--json", json, "one JSON object");

    CLI::App* check_command = app.add_subcommand("check", "can this machine make the sandbox?");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kUsage;
    }
    if (*measure_command) {
        return print_measurement(options.paths, json);
    }
    if (*check_command) {
        const auto checked = check_machine();
        return checked.has_value() ? 0 : report(checked.error());
    }
    if (options.root_path.empty()) {
        return report(Error{Errc::storage, "TEE-47"});
    }
    if (*root_command) {
        return print_root(options.root_path, json);
    }
    const auto status = run(options);
    return status.has_value() ? *status : report(status.error());
}

}  // namespace chatmcp::simtee

// An exception (no memory) ends the process, as it should.
int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape)
    return chatmcp::simtee::main_program(argc, argv);
}
