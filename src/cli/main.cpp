// The terminal client. docs/cli.md is its manual; cli_docs_test holds the two together.

#include <csignal>
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "cli/completion.h"
#include "cli/version.h"

namespace chatmcp::cli {

namespace {

void add_global_options(CLI::App& app, GlobalOptions& options) {
    app.add_option("--home", options.home, "folder of this device's sealed state")
        ->type_name("DIR");
    app.add_option("--node", options.node, "the relay: https://host:port, or http:// on loopback")
        ->type_name("URL");
    app.add_option("--ca", options.ca, "PEM certificates that may sign the relay's")
        ->type_name("FILE");
    app.add_option("--passphrase-file", options.passphrase_file, "read the passphrase from a file")
        ->type_name("FILE");
    app.add_flag("--json", options.json, "one JSON object a line");
    app.add_option(
           "--timeout", options.timeout_seconds, "give up on the network after so many seconds")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.1, 86'400.0));
}

/// "chat new" becomes the subcommand `new` of the group `chat`, and so on for more words.
CLI::App* subcommand_of(CLI::App& root,
                        std::map<std::string, CLI::App*>& groups,
                        const Command& command) {
    const std::string name = command.name();
    CLI::App* parent = &root;
    std::size_t begin = 0;
    for (auto space = name.find(' '); space != std::string::npos; space = name.find(' ', begin)) {
        const std::string group = name.substr(0, space);
        auto [entry, is_new] = groups.try_emplace(group, nullptr);
        if (is_new) {
            entry->second =
                parent->add_subcommand(name.substr(begin, space - begin), group + " commands");
            entry->second->require_subcommand(1);
            entry->second->fallthrough();
        }
        parent = entry->second;
        begin = space + 1;
    }
    return parent->add_subcommand(name.substr(begin), command.summary());
}

int run_command(Command& command, const GlobalOptions& options) {
    const Output output(options.json, command.fields());
    const Context context{options, output};
    const auto ended = command.run(context);
    if (!ended.has_value()) {
        print_error(options.json,
                    client::Reason::from(ended.error()),
                    command.name(),
                    output.explanation());
        return static_cast<int>(exit_code(ended.error().code));
    }
    return static_cast<int>(*ended);
}

int run_program(int argc, char** argv) {
    CLI::App app("ChatMCP: messages that only the people in them can read", "chatmcp");
    GlobalOptions options;
    add_global_options(app, options);
    app.set_version_flag("--version", kVersion);
    app.require_subcommand(1);
    app.fallthrough();
    std::map<std::string, CLI::App*> groups;
    auto commands = all_commands();
    Command* chosen = nullptr;
    for (const auto& command : commands) {
        CLI::App* sub = subcommand_of(app, groups, *command);
        sub->fallthrough();
        command->add_options(*sub);
        sub->callback([&chosen, &command] { chosen = command.get(); });
    }
    std::string shell;
    CLI::App* completion =
        app.add_subcommand("completion", "completion script for bash, zsh or fish");
    completion->add_option("SHELL", shell)
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    CLI::App* describe =
        app.add_subcommand("describe", "all commands, options and JSON fields, as JSON");
    describe->group("");  // For the test of docs/cli.md; not shown.
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& asked) {
        return app.exit(asked);
    } catch (const CLI::ParseError& problem) {
        static_cast<void>(app.exit(problem));
        return static_cast<int>(ExitCode::unusable_input);
    }
    if (completion->parsed()) {
        static_cast<void>(std::fputs(completion_script(app, shell).c_str(), stdout));
        return 0;
    }
    if (describe->parsed()) {
        static_cast<void>(std::puts(description(app, commands).c_str()));
        return 0;
    }
    return run_command(*chosen, options);
}

}  // namespace

}  // namespace chatmcp::cli

int main(int argc, char** argv) {
    try {
        return chatmcp::cli::run_program(argc, argv);
    } catch (const std::exception& problem) {
        // Memory or a fault of this program: nothing of the home was committed by halves.
        static_cast<void>(std::fputs("chatmcp: internal error: ", stderr));
        static_cast<void>(std::fputs(problem.what(), stderr));
        static_cast<void>(std::fputs("\n", stderr));
        return static_cast<int>(chatmcp::cli::ExitCode::local_failure);
    }
}
