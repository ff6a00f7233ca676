#include "cli/completion.h"

#include <CLI/CLI.hpp>

namespace chatmcp::cli {

namespace {

bool is_shown(const CLI::App* app) {
    return !app->get_group().empty();
}

std::vector<std::string> long_options(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            names.push_back("--" + name);
        }
    }
    return names;
}

std::string words_after(const CLI::App& app, const CLI::App& root) {
    std::string words;
    for (const CLI::App* sub :
         app.get_subcommands([](const CLI::App* each) { return is_shown(each); })) {
        words += sub->get_name() + " ";
    }
    for (const CLI::App* from : {&app, &root}) {
        for (const std::string& option : long_options(*from)) {
            if (words.find(option + " ") == std::string::npos) {
                words += option + " ";
            }
        }
    }
    if (!words.empty()) {
        words.pop_back();
    }
    return words;
}

using Rows = std::vector<std::pair<std::string, std::string>>;

void add_rows(const CLI::App& app, const CLI::App& root, const std::string& typed, Rows& rows) {
    rows.emplace_back(typed, words_after(app, root));
    for (const CLI::App* sub :
         app.get_subcommands([](const CLI::App* each) { return is_shown(each); })) {
        add_rows(*sub, root, (typed.empty() ? "" : typed + " ") + sub->get_name(), rows);
    }
}

/// (words typed so far, words that may follow), root first.
Rows table(const CLI::App& app) {
    Rows rows;
    add_rows(app, app, "", rows);
    return rows;
}

std::string shell_cases(const CLI::App& app, const char* then, const char* end) {
    std::string cases;
    for (const auto& [typed, words] : table(app)) {
        cases.append("    '").append(typed).append("') ").append(then);
        cases.append("'").append(words).append("'").append(end).append("\n");
    }
    return cases;
}

}  // namespace

std::string completion_script(const CLI::App& app, const std::string& shell) {
    if (shell == "fish") {
        std::string lines = "complete -c chatmcp -f\n";
        for (const auto& [typed, words] : table(app)) {
            const std::string condition =
                typed.empty() ? "__fish_use_subcommand"
                              : "string match -q -- '*chatmcp " + typed + "*' (commandline)";
            lines.append("complete -c chatmcp -n \"").append(condition);
            lines.append("\" -a '").append(words).append("'\n");
        }
        return lines;
    }
    // bash and, through its bash completion emulation, zsh.
    std::string script = shell == "zsh" ? "autoload -U +X bashcompinit && bashcompinit\n" : "";
    script +=
        "_chatmcp() {\n"
        "  local typed='' word words='' i\n"
        "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "    word=${COMP_WORDS[i]}\n"
        "    [[ $word == -* ]] || typed=\"${typed:+$typed }$word\"\n"
        "  done\n"
        "  case \"$typed\" in\n" +
        shell_cases(app, "words=", " ;;") +
        "    *) words='' ;;\n"
        "  esac\n"
        "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
        "}\n"
        "complete -o default -F _chatmcp chatmcp\n";
    return script;
}

std::string description(const CLI::App& app,
                        const std::vector<std::unique_ptr<Command>>& commands) {
    Json all;
    all["options"] = long_options(app);
    Json list = Json::array();
    for (const auto& command : commands) {
        const CLI::App* sub = &app;
        std::string rest = command->name();
        while (!rest.empty()) {
            const auto space = rest.find(' ');
            sub = sub->get_subcommand(rest.substr(0, space));
            rest = space == std::string::npos ? "" : rest.substr(space + 1);
        }
        list.push_back({{"name", command->name()},
                        {"options", long_options(*sub)},
                        {"fields", command->fields()}});
    }
    list.push_back({{"name", "completion"}, {"options", Json::array()}, {"fields", Json::array()}});
    all["commands"] = std::move(list);
    return all.dump();
}

}  // namespace chatmcp::cli
