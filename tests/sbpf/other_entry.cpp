// A program with an entry of another name; `hidden` is of this file alone, `answer` no function.

extern const unsigned long answer;
const unsigned long answer = 42;

[[gnu::used, gnu::noinline]] static unsigned long hidden() {
    return answer;
}

extern "C" unsigned long process(const unsigned char*) {
    return hidden();
}
