/*
 * What other programs do to charnn on Windows; it needs no SDK.
 *
 *     windows-faults hold FILE SIGN
 *
 * holds FILE open, so that none may replace it, until there is no file SIGN any more.
 *
 *     windows-faults interrupt SIGN PROGRAM ARGUMENTS ...
 *
 * runs a program and, as soon as there is a file SIGN, sends Ctrl-C to all of this console. The exit code is
 * the program's.
 */
#include <stddef.h>
#include <stdint.h>

typedef void *handle;
#define FROM_SYSTEM __declspec(dllimport)

FROM_SYSTEM uint16_t *GetCommandLineW(void);
FROM_SYSTEM uint16_t **CommandLineToArgvW(const uint16_t *line, int *count);
FROM_SYSTEM handle CreateFileW(const uint16_t *path, uint32_t access, uint32_t share, void *security,
                               uint32_t disposition, uint32_t flags, handle template);
FROM_SYSTEM uint32_t GetFileAttributesW(const uint16_t *path);
FROM_SYSTEM int CreateProcessW(const uint16_t *program, uint16_t *line, void *process_security,
                               void *thread_security, int inherits, uint32_t flags, void *environment,
                               const uint16_t *folder, void *startup, void *information);
FROM_SYSTEM int AllocConsole(void);
FROM_SYSTEM int SetConsoleCtrlHandler(void *handler, int add);
FROM_SYSTEM int GenerateConsoleCtrlEvent(uint32_t event, uint32_t group);
FROM_SYSTEM uint32_t WaitForSingleObject(handle object, uint32_t milliseconds);
FROM_SYSTEM int GetExitCodeProcess(handle process, uint32_t *code);
FROM_SYSTEM void Sleep(uint32_t milliseconds);
FROM_SYSTEM __attribute__((noreturn)) void ExitProcess(uint32_t code);

#define GENERIC_READ 0x80000000u
#define SHARE_READ 1
#define OPEN_EXISTING 3
#define CTRL_C 0
#define PAUSE_MS 20
#define MAX_PAUSES 6000

static int is_there(const uint16_t *path) { return GetFileAttributesW(path) != 0xffffffffu; }

/* Waits until a file is there, or is not; for two minutes at most. */
static void wait_for(const uint16_t *path, int there) {
    for (int i = 0; is_there(path) != there; i++) {
        if (i == MAX_PAUSES) ExitProcess(99);
        Sleep(PAUSE_MS);
    }
}

/* The rest of the command line, from its third argument on: none of the first three has quotation marks inside. */
static uint16_t *rest_of_line(uint16_t *line) {
    int quoted = 0;
    for (int words = 0; *line; line++) {
        if (*line == '"') quoted = !quoted;
        if (*line == ' ' && line[1] != ' ' && !quoted && ++words == 3) return line + 1;
    }
    ExitProcess(98);
}

static void hold(const uint16_t *file, const uint16_t *sign) {
    handle held = CreateFileW(file, GENERIC_READ, SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (held == (handle)-1) ExitProcess(97);
    wait_for(sign, 0);
}

static uint32_t interrupt(const uint16_t *sign, uint16_t *line) {
    /* STARTUPINFOW with its size, and PROCESS_INFORMATION, whose first field is the process */
    uint64_t startup[13] = {sizeof startup};
    handle information[3] = {NULL, NULL, NULL};
    uint32_t code = 96;
    AllocConsole();
    if (!CreateProcessW(NULL, line, NULL, NULL, 1, 0, NULL, NULL, startup, information)) ExitProcess(95);
    wait_for(sign, 1);
    SetConsoleCtrlHandler(NULL, 1);
    if (!GenerateConsoleCtrlEvent(CTRL_C, 0)) ExitProcess(94);
    WaitForSingleObject(information[0], 120000);
    GetExitCodeProcess(information[0], &code);
    return code;
}

void start(void) {
    int count;
    uint16_t *line = GetCommandLineW();
    uint16_t **words = CommandLineToArgvW(line, &count);
    if (count < 4) ExitProcess(98);
    if (words[1][0] == 'h') {
        hold(words[2], words[3]);
        ExitProcess(0);
    }
    ExitProcess(interrupt(words[2], rest_of_line(line)));
}
