// SPDX-License-Identifier: GPL-2.0-or-later
/* Completion of what has to be looked up: types, and targets of --attach. */
#include <string.h>

#include "kern/kern.h"
#include "ld.h"

#define LINES_MAX 2000 /* more helps nobody */

struct list {
	struct bu_buf *out;
	const char *head;   /* what stands in front of each name: "xdp:" */
	const char *begins; /* what is there of the name */
	unsigned n;
};

static bool one_name(void *ctx, const char *name)
{
	struct list *l = ctx;

	if (strncmp(name, l->begins, strlen(l->begins)) == 0 && l->n++ < LINES_MAX)
		bu_buf_printf(l->out, "%s%s\n", l->head, name);
	return l->n < LINES_MAX;
}

/* Options of an attachment behind a comma. */
static void options_of(struct list *l)
{
	for (unsigned i = 0; bu_attach_opt_name(i); i++)
		one_name(l, bu_attach_opt_name(i));
}

void ld_complete_attach(struct bu_buf *out, const char *word)
{
	const char *colon = strchr(word, ':'), *comma = strrchr(word, ',');
	struct list l = { .out = out };
	struct bu_arena a;
	struct bu_sys *s;
	enum bu_names names;
	enum bu_hook hook;

	if (!colon) {
		for (int h = BU_HOOK_NONE + 1; h < BU_NHOOKS; h++)
			bu_buf_printf(out, "%s:\n", bu_hook_name(h));
		return;
	}
	bu_arena_init(&a);
	l.begins = (comma ? comma : colon) + 1;
	l.head = bu_arena_strndup(&a, word, (size_t)(l.begins - word));
	if (comma && l.head) {
		options_of(&l);
	} else if (l.head) {
		hook = bu_hook_by_name(bu_str(word, (size_t)(colon - word)));
		s = bu_kern_open();
		if (s && bu_attach_targets(s, hook, bu_str_c(l.begins), one_name, &l) == -ENOENT && s->ops->names &&
		    bu_attach_names(hook, &names))
			s->ops->names(s, names, NULL, one_name, &l);
		if (s)
			s->ops->destroy(s);
	}
	bu_arena_free(&a);
}
