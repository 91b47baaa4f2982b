/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few lines of TAP that the unit tests need. */
#ifndef TAP_H
#define TAP_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_n, tap_bad;

/* One test point; on failure tells where. Returns the condition. */
#define ok(cond, ...)                                                                              \
	({                                                                                         \
		int tap_c = !!(cond);                                                              \
		printf("%sok %d - ", tap_c ? "" : "not ", ++tap_n);                                \
		printf(__VA_ARGS__);                                                               \
		printf("\n");                                                                      \
		if (!tap_c) {                                                                      \
			tap_bad++;                                                                 \
			printf("# failed at %s:%d: %s\n", __FILE__, __LINE__, #cond);              \
		}                                                                                  \
		tap_c;                                                                             \
	})
#define is_str(got, want, ...)                                                                     \
	({                                                                                         \
		const char *tap_g = (got), *tap_w = (want);                                        \
		if (!ok(tap_g && strcmp(tap_g, tap_w) == 0, __VA_ARGS__))                          \
			printf("#   got:  %s\n#   want: %s\n", tap_g ? tap_g : "(null)", tap_w);   \
	})
#define skip(n, why)                                                                               \
	do {                                                                                       \
		for (int tap_i = 0; tap_i < (n); tap_i++)                                          \
			printf("ok %d # SKIP %s\n", ++tap_n, why);                                 \
	} while (0)
/* First in main: ends it where programs run in an emulator of a processor, which is slow and has no ptrace. */
#define need_native()                                                                              \
	do {                                                                                       \
		const char *tap_e = getenv("BPFUTILS_EMULATOR");                                   \
		if (tap_e && *tap_e) {                                                             \
			puts("1..0 # SKIP needs programs that run without an emulator");           \
			return EXIT_SUCCESS;                                                       \
		}                                                                                  \
	} while (0)
static inline int done_testing(void)
{
	printf("1..%d\n", tap_n);
	fflush(stdout);
	return tap_bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
#endif
