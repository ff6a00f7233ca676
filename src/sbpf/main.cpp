// chatmcp-sbpf-link: makes a Solana program of an object that clang wrote for bpfel.

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "base/encoding.h"
#include "crypto/hash.h"
#include "sbpf/elf_object.h"
#include "sbpf/explain.h"
#include "sbpf/link.h"

namespace chatmcp::sbpf {
namespace {

// The exit codes of every program of ours (docs/cli.md).
constexpr int kRefused = 1;
constexpr int kUsage = 2;
constexpr int kLocalFailure = 4;

struct Options {
    std::string input;
    std::string output;
    std::string entry = "entrypoint";
    int version = static_cast<int>(Version::v3);
    bool json = false;
};

int report(int status, const std::string& file, const std::string& message) {
    static_cast<void>(
        std::fprintf(stderr, "chatmcp-sbpf-link: %s: %s\n", file.c_str(), message.c_str()));
    return status;
}

std::string last_error() {
    return std::error_code(errno, std::generic_category()).message();
}

/// A byte more than a linker reads is enough to be told that the file is too large.
bool read_file(const std::string& path, Bytes& content) {
    std::ifstream file(path, std::ios::binary);
    content.resize(kObjectMaxBytes + 1);
    file.read(reinterpret_cast<char*>(content.data()),  // NOLINT(*-reinterpret-cast)
              static_cast<std::streamsize>(content.size()));
    content.resize(static_cast<std::size_t>(file.gcount()));
    return file.eof() || (file.good() && content.size() == kObjectMaxBytes + 1);
}

/// A temporary file beside it, then renamed: there is never half a program.
bool write_file(const std::string& path, ByteView content) {
    const std::string temporary = path + ".new-" + std::to_string(::getpid());
    std::FILE* file = std::fopen(temporary.c_str(), "wbx");
    if (file == nullptr) {
        return false;
    }
    const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
    const bool closed = std::fclose(file) == 0;
    if (written && closed && std::rename(temporary.c_str(), path.c_str()) == 0) {
        return true;
    }
    const int reason = errno;
    static_cast<void>(std::remove(temporary.c_str()));
    errno = reason;
    return false;
}

void print(const Options& options, const Program& program) {
    const std::string digest = to_hex(crypto::sha256(program.file));
    if (options.json) {
        std::string calls;
        for (const std::string_view name : program.system_calls) {
            calls += (calls.empty() ? "\"" : ",\"") + std::string(name) + "\"";
        }
        static_cast<void>(std::printf(
            "{\"size_bytes\":%zu,\"code_bytes\":%zu,\"data_bytes\":%zu,\"sha256\":\"%s\","
            "\"sbpf_version\":%d,\"system_calls\":[%s]}\n",
            program.file.size(),
            program.code_bytes,
            program.data_bytes,
            digest.c_str(),
            options.version,
            calls.c_str()));
        return;
    }
    static_cast<void>(
        std::printf("size     %zu bytes (code %zu, read-only data %zu)\n"
                    "sha256   %s\n"
                    "format   sBPF v%d\n",
                    program.file.size(),
                    program.code_bytes,
                    program.data_bytes,
                    digest.c_str(),
                    options.version));
}

int run(const Options& options) {
    Bytes object;
    if (!read_file(options.input, object)) {
        return report(kLocalFailure, options.input, last_error());
    }
    Place place;
    const auto program =
        link(object,
             {.version = options.version == 0 ? Version::v0 : Version::v3, .entry = options.entry},
             &place);
    if (!program.has_value()) {
        return report(kRefused, options.input, explain(program.error(), place));
    }
    if (!write_file(options.output, program->file)) {
        return report(kLocalFailure, options.output, last_error());
    }
    print(options, *program);
    return 0;
}

int main_program(int argc, char** argv) {
    CLI::App app("Makes a Solana program of an object that clang wrote for bpfel (docs/sbpf.md).",
                 "chatmcp-sbpf-link");
    Options options;
    app.add_option("INPUT.o", options.input, "the object, of clang --target=bpfel -mcpu=v2 -c")
        ->required();
    app.add_option("OUTPUT.so", options.output, "the program; made whole or not at all")
        ->required();
    app.add_option("--version", options.version, "sBPF version: 3 or 0 (3)")
        ->check(CLI::IsMember({0, 3}));
    app.add_option("--entry", options.entry, "name of the entry function (entrypoint)");
    app.add_flag("--json", options.json, "print one JSON object");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kUsage;
    }
    return run(options);
}

}  // namespace
}  // namespace chatmcp::sbpf

// An exception (no memory) ends the process, as it should.
int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape)
    return chatmcp::sbpf::main_program(argc, argv);
}
