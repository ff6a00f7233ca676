// The engine called directly, with the very prompts that the enclave answered.

#include <fstream>
#include <iterator>

#include <fcntl.h>

#include "assistant/engine.h"
#include "bench/benches.h"
#include "client/view.h"
#include "wire/tls.h"

namespace chatmcp::bench {
namespace {

class NoProgress final : public assistant::Progress {
  public:
    std::int64_t steady_ms() override {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
                   SteadyClock::now().time_since_epoch())
            .count();
    }
    bool cancelled() override { return false; }
    void report(const assistant::ProgressEvent& /*event*/) override {}
};

Bytes content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

}  // namespace

Json measure_engine(const Arguments& arguments) {
    const auto receipt =
        must(wire::decode<client::ReceiptFile>(content_of(arguments.text("--receipt"))),
             "read the receipt");
    if (receipt.prompts.empty()) {
        give_up("the receipt discloses no prompt", {Errc::not_found, "-"});
    }
    const auto loading = SteadyClock::now();
    const int model = ::open(arguments.text("--model").c_str(), O_RDONLY | O_CLOEXEC);
    const auto engine =
        must(assistant::Engine::load(
                 model,
                 {.threads = 0,
                  .context_tokens = static_cast<std::uint32_t>(arguments.number("--context"))}),
             "load the model");
    Json out{{"load_ms", milliseconds_since(loading)}, {"threads", engine->threads()}};
    NoProgress progress;
    for (std::size_t round = 0; round < arguments.number("--rounds"); ++round) {
        for (const Bytes& bytes : receipt.prompts) {
            const auto prompt = must(wire::decode<assistant::Prompt>(bytes), "read the prompt");
            const auto made = must(engine->complete(prompt, {}, progress), "run the model");
            out["calls"].push_back({{"prompt_tokens", made.prompt_tokens},
                                    {"output_tokens", made.output_tokens},
                                    {"first_token_ms", made.first_token_ms},
                                    {"generation_ms", made.generation_ms}});
        }
    }
    return out;
}

}  // namespace chatmcp::bench
