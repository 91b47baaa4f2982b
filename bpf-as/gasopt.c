/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Called as GNU as: compilers and build systems pass options that change nothing of what we make, or
 * mean by a letter something else than we do. They are taken away before the options are read.
 */
#include "bpf-as/as.h"

/* What may stand in front of any source. A name that ends with '=' has a value behind it. */
static const char *const harmless[] = {
	"-v", "-nocpp", "--warn", "--execstack", "--noexecstack", "--gdwarf-2", "--gdwarf-3",
	"--gdwarf-4", "--gdwarf-5", "--gdwarf-sections", "--gdwarf-cie-version=", "--gstabs",
	"--gstabs+", "--keep-locals", "--reduce-memory-overheads", "--statistics",
	"--traditional-format", "--no-pad-sections", "--hash-size=", "--size-check=",
	"--elf-stt-common=", "--generate-missing-build-notes=", "--compress-debug-sections=none",
	"--nocompress-debug-sections", "--strip-local-absolute", "--multibyte-handling=",
	"--sectname-subst", "-mxbpf",
};
/* Letters that are ours, or nobody's, unless the program is called as. */
static const char letters[] = "wXDJKLRnf";
/* Options whose value is the next word. */
static const char *const takes_word[] = { "-o", "-I", "--output", "--include-dir", "--defsym", "--MD" };

bool as_called_as(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return !strcmp(slash ? slash + 1 : argv0, "as");
}

static bool listed(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(list[i]);

		if (list[i][len - 1] == '=' ? !strncmp(word, list[i], len) : !strcmp(word, list[i]))
			return true;
	}
	return false;
}

int as_gas_options(int argc, char **argv, char **out)
{
	static char no_warn[] = "--no-warn", prefix[] = "--debug-prefix-map";
	bool gas = as_called_as(argv[0]);
	int n = 0;

	for (int i = 0; i < argc; i++) {
		char *a = argv[i];

		if (i == 0 || a[0] != '-') {
			out[n++] = a;
		} else if (!strcmp(a, "--")) {
			while (i < argc)
				out[n++] = argv[i++];
		} else if (listed(a, takes_word, BU_ARRAY_SIZE(takes_word))) {
			out[n++] = a;
			if (i + 1 < argc)
				out[n++] = argv[++i];
		} else if (!strcmp(a, prefix)) {
			i++;
		} else if (gas && !strcmp(a, "-W")) {
			out[n++] = no_warn;
		} else if (!listed(a, harmless, BU_ARRAY_SIZE(harmless)) &&
			   !(gas && a[1] && !a[2] && strchr(letters, a[1]))) {
			out[n++] = a;
		}
	}
	return n;
}
