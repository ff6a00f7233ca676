#include "sbpf/explain.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/encoding.h"

namespace chatmcp::sbpf {
namespace {

struct Sentence {
    std::string_view check;
    std::string_view text;
};

constexpr auto kSentences = std::to_array<Sentence>({
    {"SBF-01", "the object is above 16 MiB"},
    {"SBF-02", "this is no relocatable object for bpfel; compile with clang --target=bpfel -c"},
    {"SBF-03", "the object is cut short: something lies outside the file, or twice in it"},
    {"SBF-04", "too many sections, symbols or relocations"},
    {"SBF-05", "a name does not lie in its table of names, or is too long"},
    {"SBF-06", "a section's alignment is no power of two up to 4096"},
    {"SBF-07", "there is not exactly one table of symbols"},
    {"SBF-08", "a symbol lies outside its section"},
    {"SBF-09", "a table of relocations is not of the kind that clang writes for bpfel"},
    {"SBF-10", "a relocation is for no place or no symbol, or two are for one place"},
    {"SBF-20", "the entry is no global function of the object (--entry NAME)"},
    {"SBF-21", "a program has no writable data: make it const, or keep it in an account"},
    {"SBF-22", "a section that is neither code nor read-only data"},
    {"SBF-23", "a relocation that a program cannot have here"},
    {"SBF-24", "the address of something that is not in the program"},
    {"SBF-25", "a call of a function that is neither in the program nor a system call"},
    {"SBF-30", "an instruction that sBPF does not know; compile with -mcpu=v2"},
    {"SBF-31",
     "32-bit addition, subtraction or multiplication, whose result sBPF extends by its sign; "
     "compile with -mcpu=v2"},
    {"SBF-32",
     "signed division, signed remainder or a move with sign, which sBPF runs as another "
     "operation; compile with -mcpu=v2"},
    {"SBF-33", "a 32-bit jump, which sBPF v0 does not know; compile with -mcpu=v2"},
    {"SBF-34", "half of a load of a 64-bit number"},
    {"SBF-35", "a jump out of the code or into the middle of an instruction"},
    {"SBF-36", "a call or an address out of the code or into the middle of an instruction"},
    {"SBF-37", "a register that there is none of, or a write to the frame pointer"},
    {"SBF-38", "a division by zero, a shift by too many bits or a swap of another width"},
    {"SBF-39", "a call of the instruction itself, which sBPF v0 cannot express"},
});

}  // namespace

std::string explain(const Error& error, const Place& place) {
    const auto found =
        std::ranges::find(kSentences, std::string_view(error.check), &Sentence::check);
    std::string text(found == kSentences.end() ? "refused" : found->text);
    if (!place.section.empty()) {
        text += ": " + place.section + " offset " + to_decimal(place.offset);
    }
    if (!place.function.empty()) {
        text += " in " + place.function;
    }
    if (!place.name.empty()) {
        text += ": " + place.name;
    }
    return text + " (" + error.check + ")";
}

}  // namespace chatmcp::sbpf
