/* verify_evidence_c TIME_MS FILE...: what these files say at a time, by the policy `strict`, as
 * JSON. */
#include <chatmcp/attest.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { files_max = 32, file_max_bytes = 2 * 1024 * 1024 };

int main(int argc, char** argv) {
    chatmcp_file files[files_max];
    chatmcp_attest_input input = {0};
    input.files = files;
    input.profile = "strict";
    if (argc > files_max + 2) {
        fprintf(stderr, "at most %d files\n", files_max);
        return CHATMCP_ATTEST_UNUSABLE;
    }
    for (int i = 2; i < argc; ++i) {
        FILE* file = fopen(argv[i], "rb");
        uint8_t* content = malloc(file_max_bytes);
        if (file == NULL || content == NULL) {
            fprintf(stderr, "cannot read %s\n", argv[i]);
            return CHATMCP_ATTEST_UNUSABLE;
        }
        const char* slash = strrchr(argv[i], '/');
        files[input.files_count].name = slash == NULL ? argv[i] : slash + 1;
        files[input.files_count].content.data = content;
        const size_t size = fread(content, 1, file_max_bytes, file);
        if (ferror(file) != 0 || fgetc(file) != EOF) {
            fprintf(stderr, "%s: cannot be read whole, or has more than 2 MiB\n", argv[i]);
            return CHATMCP_ATTEST_UNUSABLE;
        }
        files[input.files_count++].content.size = size;
        fclose(file);
    }
    input.at_ms = argc > 1 ? strtoll(argv[1], NULL, 10) : 0;
    chatmcp_attest_report* report = NULL;
    const chatmcp_attest_verdict verdict = chatmcp_attest_verify(&input, &report);
    printf("%s\n", chatmcp_attest_report_json(report));
    if (verdict != CHATMCP_ATTEST_ACCEPTED) {
        fprintf(stderr, "refused: %s\n", chatmcp_attest_report_check(report));
    }
    chatmcp_attest_report_free(report);
    return (int)verdict;
}
