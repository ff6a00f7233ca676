/* Debian builds the compiler's runtime library for WebAssembly with stack protection, and nothing
 * there brings its two symbols. */

extern __UINTPTR_TYPE__ __stack_chk_guard;
extern void __stack_chk_fail(void);

__UINTPTR_TYPE__ __stack_chk_guard = 0x595e9fbd;

void __stack_chk_fail(void) {
    __builtin_trap();
}
