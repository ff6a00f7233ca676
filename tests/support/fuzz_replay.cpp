// The main of a fuzz target in an ordinary build: `foo_fuzz CORPUS_FOLDER [MUTATIONS_PER_FILE]`.
//
// Every file of the corpus goes in as it is, then mutated: bits flipped, bytes replaced, cut short,
// repeated, joined with another file. Mutations depend on the file's position and the count alone,
// so a failure comes again.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

constexpr int kMutationsPerFileDefault = 500;

void run(const Input& input) {
    // An input of its own size on the heap, so that AddressSanitizer sees a read past its end.
    const Input copy(input.begin(), input.end());
    LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

std::vector<Input> read_corpus(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<Input> corpus;
    for (const auto& path : paths) {
        std::ifstream file(path, std::ios::binary);
        corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return corpus;
}

Input mutated(const Input& original, const Input& other, std::mt19937_64& random) {
    Input out = original;
    const auto below = [&random](std::size_t bound) {
        return random() % std::max<std::size_t>(bound, 1);
    };
    const auto at = [&](std::size_t bound) { return static_cast<std::ptrdiff_t>(below(bound)); };
    const std::size_t steps = 1 + below(4);
    for (std::size_t step = 0; step < steps; ++step) {
        switch (below(6)) {
            case 0:
                if (!out.empty()) {
                    out[below(out.size())] ^= static_cast<std::uint8_t>(1u << below(8));
                }
                break;
            case 1:
                if (!out.empty()) {
                    out[below(out.size())] = static_cast<std::uint8_t>(below(256));
                }
                break;
            case 2:
                out.resize(below(out.size() + 1));
                break;
            case 3:
                out.insert(out.begin() + at(out.size() + 1), static_cast<std::uint8_t>(below(256)));
                break;
            case 4:
                if (!out.empty()) {
                    out.erase(out.begin() + at(out.size()));
                }
                break;
            default: {
                const auto from = other.begin() + at(other.size() + 1);
                out.resize(below(out.size() + 1));
                out.insert(out.end(), from, other.end());
                break;
            }
        }
    }
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s CORPUS_FOLDER [MUTATIONS_PER_FILE]\n", argv[0]);
        return 2;
    }
    if (!std::filesystem::is_directory(argv[1])) {
        std::fprintf(stderr, "no corpus folder %s\n", argv[1]);
        return 1;
    }
    const std::vector<Input> corpus = read_corpus(argv[1]);
    if (corpus.empty()) {
        std::fprintf(stderr, "no file in %s: nothing was tested\n", argv[1]);
        return 1;
    }
    const int mutations = argc > 2 ? std::atoi(argv[2]) : kMutationsPerFileDefault;
    run({});
    for (std::size_t i = 0; i < corpus.size(); ++i) {
        run(corpus[i]);
        std::mt19937_64 random(i);
        for (int count = 0; count < mutations; ++count) {
            run(mutated(corpus[i], corpus[random() % corpus.size()], random));
        }
    }
    std::printf("%zu files, %d mutations of each\n", corpus.size(), mutations);
    return 0;
}
