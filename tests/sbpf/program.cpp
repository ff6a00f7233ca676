// Every kind of relocation that clang writes for a program: system calls, calls within a section
// and to another one, texts, tables of functions and of texts, a virtual call, a function's
// address.

using u64 = unsigned long;

extern "C" {
void sol_log_(const char* text, u64 size_bytes);
void sol_log_64_(u64 a, u64 b, u64 c, u64 d, u64 e);
}

namespace {

struct Handler {
    const char* name;
    u64 (*run)(u64);
};

[[gnu::noinline]] u64 twice(u64 n) {
    sol_log_64_(n, 0, 0, 0, 0);
    return 2 * n;
}

u64 thrice(u64 n) {
    return 3 * n;
}

constexpr Handler kHandlers[] = {{"twice", twice}, {"thrice", thrice}};
constexpr const char* kNames[] = {"alpha", "beta", "gamma"};
alignas(64) constexpr u64 kAligned[] = {11, 12, 13, 14};

class Shape {
  public:
    [[nodiscard]] virtual u64 corners() const = 0;
};
class Square : public Shape {
  public:
    [[nodiscard]] u64 corners() const override { return 4; }
};
class Triangle : public Shape {
  public:
    [[nodiscard]] u64 corners() const override { return 3; }
};

u64 length(const char* text) {
    u64 size_bytes = 0;
    while (text[size_bytes] != 0) {
        ++size_bytes;
    }
    return size_bytes;
}

}  // namespace

// A template's instances lie in sections of their own.
template <class Integer>
[[gnu::noinline]] u64 scaled(Integer n) {
    sol_log_("scaled", 6);
    return n * u64{7};
}

extern "C" [[gnu::noinline]] u64 global_function(u64 n) {
    return n == 0 ? 1 : n * twice(n - 1);
}

extern "C" u64 entrypoint(const unsigned char* input) {
    const Handler& handler = kHandlers[input[0] & 1];
    sol_log_(handler.name, length(handler.name));
    const char* name = kNames[input[1] % 3];
    sol_log_(name, length(name));
    const Square square;
    const Triangle triangle;
    const Shape* volatile shape = input[2] != 0 ? static_cast<const Shape*>(&square) : &triangle;
    u64 (*volatile function)(u64) = global_function;
    return handler.run(27) + shape->corners() + scaled<u64>(input[3]) +
           scaled<unsigned char>(input[4]) + function(input[5]) + twice(input[6]) +
           kAligned[input[7] & 3];
}
