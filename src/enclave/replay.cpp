#include "enclave/replay.h"

#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "enclave/configuration.h"
#include "wire/tls.h"

namespace chatmcp::enclave {
namespace {

constexpr std::size_t kPromptsMaxBytes = std::size_t{64} * 1024 * 1024;
constexpr int kInput = 0;
constexpr int kOutput = 1;

class NoProgress final : public assistant::Progress {
  public:
    std::int64_t steady_ms() override {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::steady_clock::now().time_since_epoch())
            .count();
    }
    bool cancelled() override { return false; }
    void report(const assistant::ProgressEvent&) override {}
};

Result<Bytes> read_to_end(int fd, std::size_t max_bytes) {
    Bytes content;
    Bytes block(std::size_t{64} * 1024);
    while (true) {
        const ssize_t received = ::read(fd, block.data(), block.size());
        if (received < 0 && errno == EINTR) {
            continue;
        }
        if (received < 0) {
            return fail(Errc::io, "ENC-30");
        }
        if (received == 0) {
            return content;
        }
        append(content, ByteView(block).first(static_cast<std::size_t>(received)));
        if (content.size() > max_bytes) {
            return fail(Errc::too_large, "ENC-31");
        }
    }
}

Result<void> write_whole(int fd, ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return fail(Errc::io, "ENC-30");
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Result<int> open_file(const char* path) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);  // NOLINT(*-vararg)
    if (fd < 0) {
        return fail(Errc::io, "ENC-30");
    }
    return fd;
}

}  // namespace

EngineDigests digests_of(const assistant::Engine& engine) {
    return {crypto::sha256(engine.build()), crypto::sha256(engine.settings())};
}

Result<void> replay(const char* model_path, const char* configuration_path) {
    CHATMCP_TRY(const int configuration_fd, open_file(configuration_path));
    auto json = read_to_end(configuration_fd, Configuration::kMaxBytes);
    static_cast<void>(::close(configuration_fd));
    if (!json.has_value()) {
        return fail(json.error());
    }
    CHATMCP_TRY(const Configuration configuration, read_configuration(*json));
    CHATMCP_TRY(const int model_fd, open_file(model_path));
    CHATMCP_TRY(const auto engine,
                assistant::Engine::load(
                    model_fd, {.threads = 0, .context_tokens = configuration.context_tokens}));
    CHATMCP_TRY(const Bytes input, read_to_end(kInput, kPromptsMaxBytes));
    wire::Reader reader(input);
    CHATMCP_TRY(wire::Reader prompts, reader.sub(kPromptsMaxBytes));
    CHATMCP_TRY_VOID(reader.finish());
    assistant::Assistant assistant(*engine);
    NoProgress progress;
    std::vector<Bytes> outputs;
    while (!prompts.empty()) {
        CHATMCP_TRY(const ByteView prompt, prompts.vector(kPromptsMaxBytes));
        CHATMCP_TRY(outputs.emplace_back(), assistant.replay(prompt, progress));
    }
    const EngineDigests digests = digests_of(*engine);
    wire::Writer writer;
    writer.fixed(digests.build);
    writer.fixed(digests.settings);
    writer.vector_of([&](wire::Writer& list) {
        for (const Bytes& output : outputs) {
            list.vector(output);
        }
    });
    return write_whole(kOutput, writer.view());
}

}  // namespace chatmcp::enclave
