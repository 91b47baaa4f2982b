// SPDX-License-Identifier: GPL-2.0-or-later
/* What mounted bpf file systems delegate to those who make a token from them. */
#include <mntent.h>
#include <stdio.h>
#include <string.h>

#include "tool.h"

static const struct {
	const char *option, *key;
} lists[] = {
	{ "delegate_cmds", "allowed_cmds" }, { "delegate_maps", "allowed_maps" },
	{ "delegate_progs", "allowed_progs" }, { "delegate_attachs", "allowed_attachs" },
};
#define IN_LINE 4

/* The value of an option of a mount, its length in *n, or NULL. */
static const char *value(const char *opts, const char *option, size_t *n)
{
	size_t len = strlen(option);

	for (;; opts++) {
		if (!strncmp(opts, option, len) && opts[len] == '=') {
			*n = strcspn(opts + len + 1, ",");
			return opts + len + 1;
		}
		opts = strchr(opts, ',');
		if (!opts)
			return NULL;
	}
}

static void put_list(struct bt *t, const char *opts, const char *option, const char *key)
{
	size_t n = 0, len, i = 0;
	const char *p = value(opts, option, &n), *end = p ? p + n : NULL;

	bu_out_text(&t->out, "\n\t%s:", key);
	bu_out_arr(&t->out, key);
	for (; p && p < end; p += len + (p + len < end)) {
		len = strcspn(p, ":,");
		if (!len)
			continue;
		bu_out_text(&t->out, "%s", i++ % IN_LINE ? "" : "\n\t  ");
		bu_out_str(&t->out, NULL, p, len, "%-20s", bt_esc(t, p, len));
	}
	bu_out_arr_end(&t->out);
}

int bt_token_show(struct bt *t)
{
	int st = bt_end(t);
	struct mntent *m;
	size_t n, i;
	FILE *f;

	if (st)
		return st;
	f = setmntent("/proc/self/mounts", "re");
	if (!f)
		return bt_refused(t, -1, -errno, "cannot read /proc/self/mounts");
	bt_begin(t);
	bu_out_arr(&t->out, t->key);
	while ((m = getmntent(f))) {
		bool any = false;

		for (i = 0; i < BU_ARRAY_SIZE(lists); i++)
			any |= value(m->mnt_opts, lists[i].option, &n) != NULL;
		if (!any || strcmp(m->mnt_type, "bpf"))
			continue;
		bu_out_obj(&t->out, NULL);
		bu_out_str(&t->out, "token_info", m->mnt_dir, SIZE_MAX, "token_info  %s", bt_escz(t, m->mnt_dir));
		for (i = 0; i < BU_ARRAY_SIZE(lists); i++)
			put_list(t, m->mnt_opts, lists[i].option, lists[i].key);
		bu_out_obj_end(&t->out);
		bu_out_text(&t->out, "\n");
	}
	bu_out_arr_end(&t->out);
	endmntent(f);
	return 0;
}
