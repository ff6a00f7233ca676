#include <cstdio>
#include <string>
#include <vector>

#include "node/node_options.h"
#include "node/run_node.h"

int main(int argc, char** argv) {
    const auto command =
        chatmcp::node::parse_command_line({argv + (argc > 0 ? 1 : 0), argv + argc});
    if (!command.run) {
        static_cast<void>(
            std::fputs(command.output.c_str(), command.exit_code == 0 ? stdout : stderr));
        return command.exit_code;
    }
    return chatmcp::node::run_node(command.options);
}
