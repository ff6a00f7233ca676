// A variable that any file may define (-fcommon).

unsigned long counter;

unsigned long entrypoint(const unsigned char* input) {
    return counter + input[0];
}
