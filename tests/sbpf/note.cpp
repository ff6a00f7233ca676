// A section that is loaded and is neither code nor data.

asm(".section .note.test, \"a\", @note\n"
    ".quad 1\n"
    ".text\n");

extern "C" unsigned long entrypoint(const unsigned char*) {
    return 0;
}
