// SPDX-License-Identifier: LGPL-2.1-or-later
/* Texts into values: the words of --set, --attach, --map and --map-from, and keys and values. */
#include <string.h>

#include "load/priv.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct bu_str trim(struct bu_str s)
{
	while (s.n && is_blank(s.p[0]))
		s.p++, s.n--;
	while (s.n && (is_blank(s.p[s.n - 1]) || s.p[s.n - 1] == '\n'))
		s.n--;
	return s;
}

/* Past the string or character constant that starts at i; the end when it is not closed. */
static size_t skip_quoted(struct bu_str s, size_t i)
{
	char q = s.p[i++];

	while (i < s.n && s.p[i] != q)
		i += s.p[i] == '\\' && i + 1 < s.n ? 2 : 1;
	return i < s.n ? i + 1 : s.n;
}

struct bu_str bu_load_strip(struct bu_str line)
{
	for (size_t i = 0; i < line.n;) {
		if (line.p[i] == '"' || line.p[i] == '\'') {
			i = skip_quoted(line, i);
		} else if (line.p[i] == '#' && (i == 0 || is_blank(line.p[i - 1]))) {
			line.n = i;
		} else {
			i++;
		}
	}
	return trim(line);
}

/* One byte of a hex list at *i: one or two digits, then a blank or the end. -1: there is none. */
static int hex_byte(struct bu_str s, size_t *i)
{
	size_t j = *i;
	int v = 0, n = 0;

	while (j < s.n && is_blank(s.p[j]))
		j++;
	while (j < s.n && bu_hex_digit(s.p[j]) >= 0 && n < 3) {
		v = v * 16 + bu_hex_digit(s.p[j++]);
		n++;
	}
	if (n < 1 || n > 2 || (j < s.n && !is_blank(s.p[j])))
		return -1;
	*i = j;
	return v;
}

static bool is_hex_list(struct bu_str s)
{
	return s.n > 4 && memcmp(s.p, "hex", 3) == 0 && is_blank(s.p[3]);
}

size_t bu_load_word(struct bu_str s, uint32_t size)
{
	size_t i = 0;
	unsigned depth = 0;

	if (is_hex_list(s)) {
		i = 3;
		for (uint32_t k = 0; k < size; k++) {
			if (hex_byte(s, &i) < 0)
				break;
		}
		return i;
	}
	while (i < s.n && (depth || !is_blank(s.p[i]))) {
		char c = s.p[i];

		if (c == '"' || c == '\'') {
			i = skip_quoted(s, i);
			continue;
		}
		if (c == '{' || c == '[' || c == '(')
			depth++;
		if ((c == '}' || c == ']' || c == ')') && depth)
			depth--;
		i++;
	}
	return i;
}

static const char *hex_value(struct bu_arena *a, struct bu_str s, uint32_t size, uint8_t *out)
{
	size_t i = 3;
	uint32_t n = 0;

	for (;;) {
		size_t at = i;
		int b = hex_byte(s, &i);

		if (b < 0) {
			while (at < s.n && is_blank(s.p[at]))
				at++;
			if (at == s.n)
				break;
			return bu_arena_printf(a, "\"%.*s\" is not a hexadecimal byte",
					       (int)bu_load_word(bu_str(s.p + at, s.n - at), 0),
					       s.p + at);
		}
		if (n < size)
			out[n] = (uint8_t)b;
		n++;
	}
	if (n != size)
		return bu_arena_printf(a, "%u bytes given, %u wanted", n, size);
	return NULL;
}

static const char *number_value(struct bu_arena *a, struct bu_str s, uint32_t size, uint8_t *out)
{
	uint64_t v;
	bool neg = false;
	int err;

	if (size != 1 && size != 2 && size != 4 && size != 8)
		return bu_arena_printf(a, "a value of %u bytes without a type is written as \"hex "
				       "01 02 ...\"", size);
	err = bu_str_u64(s, &v, &neg);
	if (err == -EINVAL)
		return bu_arena_printf(a, "\"%.*s\" is not a number", (int)s.n, s.p);
	if (size < 8 && !err) {
		uint64_t top = 1ull << (8 * size - 1);

		if (neg ? (int64_t)v < -(int64_t)top : v > 2 * top - 1)
			err = -ERANGE;
	}
	if (err)
		return bu_arena_printf(a, "%.*s does not fit into %u byte%s", (int)s.n, s.p, size,
				       size == 1 ? "" : "s");
	switch (size) {
	case 1:
		out[0] = (uint8_t)v;
		break;
	case 2:
		bu_put16(out, BU_HOST_BE, (uint16_t)v);
		break;
	case 4:
		bu_put32(out, BU_HOST_BE, (uint32_t)v);
		break;
	default:
		bu_put64(out, BU_HOST_BE, v);
	}
	return NULL;
}

const char *bu_load_value(struct bu_arena *a, const struct bu_btf *btf, uint32_t type, uint32_t size,
		       struct bu_str text, void *out)
{
	struct bu_diags ds;
	const char *why = NULL;

	text = trim(text);
	if (!text.n)
		return "there is no value";
	if (is_hex_list(text))
		return hex_value(a, text, size, out);
	if (!btf || !type)
		return number_value(a, text, size, out);
	bu_diags_init(&ds);
	if (bu_btf_parse_value(btf, type, text, out, size, &ds) < 0)
		why = ds.first ? bu_arena_strdup(a, ds.first->text)
			       : bu_arena_printf(a, "\"%.*s\" is no value of this type",
						 (int)text.n, text.p);
	bu_diags_free(&ds);
	return why;
}

/* ---------------------------------------------------------------- options */

/* The '=' that ends "MAP[KEY]", at bracket depth 0 and outside quotes; SIZE_MAX: none. */
static size_t find_equals(struct bu_str s)
{
	unsigned depth = 0;

	for (size_t i = 0; i < s.n;) {
		char c = s.p[i];

		if (c == '"' || c == '\'') {
			i = skip_quoted(s, i);
			continue;
		}
		if (c == '[' || c == '{')
			depth++;
		if ((c == ']' || c == '}') && depth)
			depth--;
		if (c == '=' && !depth)
			return i;
		i++;
	}
	return SIZE_MAX;
}

int bu_set_parse(struct bu_set *w, const char *text, struct bu_arena *a, struct bu_diags *ds)
{
	struct bu_str s = bu_str_c(text), left;
	size_t eq = find_equals(s), br;
	struct bu_diag *d;

	memset(w, 0, sizeof(*w));
	if (eq == SIZE_MAX || eq == 0)
		goto bad;
	left = trim(bu_str(s.p, eq));
	w->origin = bu_arena_printf(a, "--set %s", text);
	w->value = bu_str_c(bu_arena_strdup(a, s.p + eq + 1));
	for (br = 0; br < left.n && left.p[br] != '['; br++)
		;
	if (br == 0)
		goto bad;
	if (br < left.n && left.p[left.n - 1] != ']') { /* "cfg[1].max" */
		const char *close = memchr(left.p + br, ']', left.n - br);

		if (!close || (close[1] != '.' && close[1] != '['))
			goto bad;
		br = left.n;
	}
	w->name = bu_arena_strndup(a, left.p, br);
	if (br < left.n)
		w->key = bu_str(bu_arena_strndup(a, left.p + br + 1, left.n - br - 2),
				left.n - br - 2);
	return bu_arena_failed(a) ? -ENOMEM : 0;
bad:
	d = bu_diag(ds, BU_ERROR, "L0001", "--set \"%s\" is not MAP[KEY]=VALUE or VARIABLE=VALUE",
		    text);
	bu_diag_help(ds, d, "for example --set 'limits[1]=100' or --set debug=1");
	return -EINVAL;
}

/* Splits NAME=REST at the first '='. */
static int split(const char *option, const char *form, const char *text, const char **name,
		 const char **rest, struct bu_arena *a, struct bu_diags *ds)
{
	const char *eq = strchr(text, '=');

	if (!eq || eq == text || !eq[1]) {
		bu_diag(ds, BU_ERROR, "L0001", "%s \"%s\" is not %s", option, text, form);
		return -EINVAL;
	}
	*name = bu_arena_strndup(a, text, (size_t)(eq - text));
	*rest = bu_arena_strdup(a, eq + 1);
	return bu_arena_failed(a) ? -ENOMEM : 0;
}

int bu_set_parse_file(struct bu_set *w, const char *text, struct bu_arena *a, struct bu_diags *ds)
{
	memset(w, 0, sizeof(*w));
	w->origin = bu_arena_printf(a, "--map-from %s", text);
	return split("--map-from", "MAP=FILE", text, &w->name, &w->file, a, ds);
}

int bu_map_from_parse(struct bu_map_from *m, const char *text, struct bu_arena *a,
		      struct bu_diags *ds)
{
	uint64_t id;
	int err = split("--map", "NAME=PATH or NAME=id:N", text, &m->name, &m->where, a, ds);

	if (err)
		return err;
	if (strncmp(m->where, "id:", 3) == 0 &&
	    (bu_str_u64(bu_str_c(m->where + 3), &id, NULL) || id > UINT32_MAX || !id)) {
		bu_diag(ds, BU_ERROR, "L0001", "--map \"%s\": \"%s\" is not the id of a map", text,
			m->where + 3);
		return -EINVAL;
	}
	return 0;
}

/* "fentry", or "fentry.s" as sections of sleepable programs have it. */
static enum bu_hook hook_named(struct bu_str name, bool *sleepable)
{
	enum bu_hook hook = bu_hook_by_name(name);
	const struct bu_secdef *def = hook == BU_HOOK_NONE ? bu_secdef_find(name, NULL) : NULL;

	*sleepable = false;
	if (!def || !def->sleepable || strlen(def->prefix) != name.n)
		return hook;
	*sleepable = true;
	/* struct_ops.s is no place: the struct is. */
	return def->hook == BU_HOOK_NONE ? bu_hook_by_name(bu_str(name.p, name.n - 2)) : def->hook;
}

int bu_attach_req_parse(struct bu_attach_req *r, const char *text, struct bu_arena *a,
			struct bu_diags *ds)
{
	const char *colon = strchr(text, ':'), *eq;
	struct bu_diag *d;

	memset(r, 0, sizeof(*r));
	r->origin = bu_arena_printf(a, "--attach %s", text);
	/* "sk_lookup=prog": its target is this network namespace. */
	eq = strchrnul(text, '=');
	r->hook = bu_hook_by_name(bu_str(text, (size_t)(eq - text)));
	if (bu_attach_no_target(r->hook) && (!*eq || eq[1])) {
		r->target = "";
		r->prog = *eq ? bu_arena_strdup(a, eq + 1) : NULL;
		return bu_arena_failed(a) ? -ENOMEM : 0;
	}
	if (!colon || colon == text || !colon[1]) {
		d = bu_diag(ds, BU_ERROR, "L0001", "--attach \"%s\" is not TYPE:TARGET[=PROGRAM]",
			    text);
		bu_diag_help(ds, d, "for example --attach tracepoint:sched:sched_switch");
		return -EINVAL;
	}
	r->hook = hook_named(bu_str(text, (size_t)(colon - text)), &r->sleepable);
	if (r->hook == BU_HOOK_NONE) {
		struct bu_near near;
		struct bu_buf all = { 0 };

		d = bu_diag(ds, BU_ERROR, "L0001", "--attach: there is no attach type \"%.*s\"",
			    (int)(colon - text), text);
		bu_near_init(&near, text, (size_t)(colon - text));
		for (int h = BU_HOOK_NONE + 1; h < BU_NHOOKS; h++)
			bu_near_feed(&near, bu_hook_name(h));
		if (near.best)
			bu_diag_help(ds, d, "did you mean \"%s\"?", near.best);
		for (int h = BU_HOOK_NONE + 1; h < BU_NHOOKS; h++)
			bu_buf_printf(&all, "%s%s", all.n ? ", " : "", bu_hook_name(h));
		bu_diag_note(ds, d, "%s", bu_buf_cstr(&all));
		bu_buf_free(&all);
		return -EINVAL;
	}
	eq = bu_attach_prog(colon + 1);
	if (eq && (eq == colon + 1 || !eq[1])) {
		bu_diag(ds, BU_ERROR, "L0001", "--attach \"%s\": there is no %s", text,
			eq[1] ? "target before '='" : "program behind '='");
		return -EINVAL;
	}
	r->target = eq ? bu_arena_strndup(a, colon + 1, (size_t)(eq - colon - 1))
		       : bu_arena_strdup(a, colon + 1);
	r->prog = eq ? bu_arena_strdup(a, eq + 1) : NULL;
	return bu_arena_failed(a) ? -ENOMEM : 0;
}
