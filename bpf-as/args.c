/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words of GNU as's command line that are neither one letter nor begin with two dashes, as what the
 * option table knows: -a[LETTERS][=FILE], -MD, -g and its kin; and symbols set there.
 */
#include "bpf-as/as.h"

#include <stdio.h>
#include <stdlib.h>

/* The word that stands for argv's word w, NULL: itself. */
static char *rewrite(const char *w)
{
	size_t n;
	char *out = NULL;

	if (!strcmp(w, "-MD"))
		return strdup("--MD");
	if (!strncmp(w, "-g", 2) && strcmp(w, "-g"))
		return asprintf(&out, "--debug=%s", w + 2) < 0 ? NULL : out;
	if (!strncmp(w, "--gdwarf", 8) || !strncmp(w, "--gstabs", 8) || !strcmp(w, "--gen-debug"))
		return strdup("--debug=1");
	if (w[0] != '-' || w[1] != 'a')
		return NULL;
	n = 2 + strspn(w + 2, "cdghlmns");
	if (w[n] && w[n] != '=')
		return NULL;
	return asprintf(&out, "--listing=%s", w + 2) < 0 ? NULL : out;
}

char **as_args_rewrite(int argc, char **argv)
{
	char **out = calloc((size_t)argc + 1, sizeof(*out));
	bool options = true;

	for (int i = 0; out && i < argc; i++) {
		char *w = i && options ? rewrite(argv[i]) : NULL;

		options = options && strcmp(argv[i], "--");
		out[i] = w ? w : strdup(argv[i]);
		if (!out[i]) {
			as_args_free(out);
			return NULL;
		}
	}
	return out;
}

void as_args_free(char **argv)
{
	for (char **w = argv; w && *w; w++)
		free(*w);
	free(argv);
}

bool as_define_ok(const char *text, size_t *name_n, int64_t *value)
{
	const char *eq = strchr(text, '=');
	size_t n = eq ? (size_t)(eq - text) : strlen(text);
	uint64_t v = 1;
	bool neg = false;

	for (size_t i = 0; i < n; i++)
		if (!IS(text[i], i ? CL_IDENT : CL_START))
			n = 0;
	if (!n || (eq && bu_str_u64(bu_str_c(eq + 1), &v, &neg)))
		return false;
	*name_n = n;
	*value = (int64_t)v;
	return true;
}

int as_define(struct as *as, const char *text)
{
	struct as_sym *s;
	int64_t v;
	size_t n;

	if (!as_define_ok(text, &n, &v))
		return -EINVAL;
	s = as_sym(as, text, n);
	return s ? as_set(as, s, NULL, 0, v) : -ENOMEM;
}
