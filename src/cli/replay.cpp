#include "cli/replay.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/merkle.h"
#include "crypto/hash.h"
#include "wire/tls.h"

extern char** environ;

namespace chatmcp::cli {

namespace {

constexpr std::size_t kReplyMaxBytes = std::size_t{64} * 1024 * 1024;
constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

struct Replayed {
    wire::Digest engine_build_digest{};
    wire::Digest engine_settings_digest{};
    std::vector<Bytes> outputs;
};

Result<Replayed> parse_replayed(ByteView reply) {
    wire::Reader reader(reply);
    Replayed out;
    CHATMCP_TRY(out.engine_build_digest, reader.array<crypto::kSha256Bytes>());
    CHATMCP_TRY(out.engine_settings_digest, reader.array<crypto::kSha256Bytes>());
    CHATMCP_TRY(wire::Reader list, reader.sub(kReplyMaxBytes));
    while (!list.empty()) {
        CHATMCP_TRY(const ByteView output, list.vector(kReplyMaxBytes));
        out.outputs.push_back(to_bytes(output));
    }
    CHATMCP_TRY_VOID(reader.finish());
    return out;
}

/// SHA-256 of a file that may be larger than memory. Errors: io (CLI-10).
Result<wire::Digest> digest_of_file(const std::string& file) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);  // NOLINT(*-vararg)
    if (descriptor < 0) {
        return fail(Errc::io, "CLI-10");
    }
    crypto::Sha256 hash;
    Bytes block(kBlockBytes);
    ssize_t got = 0;
    do {
        got = ::read(descriptor, block.data(), block.size());
        if (got > 0) {
            hash.update(ByteView(block).first(static_cast<std::size_t>(got)));
        }
    } while (got > 0 || (got < 0 && errno == EINTR));
    static_cast<void>(::close(descriptor));
    return got == 0 ? Result<wire::Digest>(hash.finish()) : fail(Errc::io, "CLI-10");
}

void write_all(int descriptor, ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::write(descriptor, bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return;  // The program ended early; its exit status says so.
        }
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
}

Bytes read_all(int descriptor) {
    Bytes content;
    Bytes block(kBlockBytes);
    while (content.size() < kReplyMaxBytes) {
        const ssize_t got = ::read(descriptor, block.data(), block.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        append(content, ByteView(block).first(static_cast<std::size_t>(got)));
    }
    return content;
}

/// Give `input` to the program and take what it prints. Errors: io (CLI-32).
Result<Bytes> run_program(std::vector<std::string> words, const Bytes& input) {
    std::array<int, 2> to{};
    std::array<int, 2> from{};
    if (::pipe2(to.data(), O_CLOEXEC) != 0 || ::pipe2(from.data(), O_CLOEXEC) != 0) {
        return fail(Errc::io, "CLI-32");
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
    std::vector<char*> arguments;
    for (std::string& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    pid_t child = 0;
    const int spawned =
        ::posix_spawn(&child, arguments.front(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    static_cast<void>(::close(to[0]));
    static_cast<void>(::close(from[1]));
    if (spawned != 0) {
        static_cast<void>(::close(to[1]));
        static_cast<void>(::close(from[0]));
        return fail(Errc::io, "CLI-32");
    }
    // Both ways at once: the program may print before it has read everything.
    std::thread feeder([&] {
        write_all(to[1], input);
        static_cast<void>(::close(to[1]));
    });
    Bytes reply = read_all(from[0]);
    static_cast<void>(::close(from[0]));
    feeder.join();
    int status = 0;
    static_cast<void>(::waitpid(child, &status, 0));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return fail(Errc::io, "CLI-32");
    }
    return reply;
}

}  // namespace

Result<std::string> replay(const client::ReceiptFile& file, const ReplayFiles& files) {
    if (files.enclave.empty() || files.model.empty() || files.configuration.empty()) {
        return fail(Errc::invalid_argument, "CLI-30");
    }
    if (file.prompts.empty()) {
        return fail(Errc::not_found, "CLI-31");
    }
    const wire::Receipt& receipt = file.answer_post.receipt;
    CHATMCP_TRY(const wire::Digest weights, digest_of_file(files.model));
    CHATMCP_TRY(const wire::Digest configuration, digest_of_file(files.configuration));
    if (weights != receipt.weights_root || configuration != receipt.configuration_digest) {
        return "not comparable";
    }
    wire::Writer writer;
    writer.vector_of([&](wire::Writer& list) {
        for (const Bytes& prompt : file.prompts) {
            list.vector(prompt);
        }
    });
    // A feeder that writes to a program that ended must not end this one.
    static_cast<void>(::signal(SIGPIPE, SIG_IGN));
    CHATMCP_TRY(
        const Bytes reply,
        run_program({files.enclave, "--replay", files.model, files.configuration}, writer.take()));
    const auto replayed = parse_replayed(reply);
    if (!replayed.has_value() || replayed->outputs.size() != file.prompts.size()) {
        return fail(Errc::malformed, "CLI-33");
    }
    if (replayed->engine_build_digest != receipt.engine_build_digest ||
        replayed->engine_settings_digest != receipt.engine_settings_digest) {
        return "not comparable";
    }
    std::vector<wire::Digest> leaves;
    for (std::size_t i = 0; i < file.prompts.size(); ++i) {
        leaves.push_back(
            client::call_commitment(file.answer_post.keys, file.prompts[i], replayed->outputs[i]));
    }
    return client::merkle_root(leaves) == receipt.prompts_root ? "same" : "differs";
}

}  // namespace chatmcp::cli
