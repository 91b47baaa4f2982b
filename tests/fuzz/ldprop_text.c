/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts and files that others write and that a loader reads: the verifier's log, which quotes the object's
 * source, words of options, a kernel's configuration, executables that probes go into.
 */
#include "ldprop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "load/priv.h"
#include "load/vlog.h"
#include "sys/usdt.h"

/* ---------------------------------------------------------------- the verifier's log */

static const char *no_map(void *ctx, uint32_t insn)
{
	(void)ctx;
	return insn & 1 ? "m" : NULL;
}

static bool lies_in(const char *log, struct bu_str s)
{
	return !s.p || (s.p >= log && s.n <= strlen(log) && s.p + s.n <= log + strlen(log));
}

static bool full(const char *log, const struct bu_code *code)
{
	struct bu_vlog_full f;
	struct bu_vval v;
	struct bu_arena a;
	struct bu_buf text = { 0 };
	bool ok = true;

	bu_arena_init(&a);
	if (bu_vlog_read_full(&f, log, code, &a)) {
		ok = lies_in(log, f.v.reason) && lies_in(log, f.v.before) && lies_in(log, f.source) &&
		     lies_in(log, f.title) && lies_in(log, f.why) && lies_in(log, f.suggestion) &&
		     f.nslots <= BU_VLOG_SLOTS;
		for (int i = 0; i < 11; i++) {
			ok = lies_in(log, f.reg[i].text) && ok;
			if (!f.reg[i].text.p)
				continue;
			bu_vval_read(&v, f.reg[i].text);
			bu_vval_words(&text, &v);
		}
		for (unsigned reg = 0; reg < 11 && code; reg++)
			bu_vlog_origin(&f, code, reg);
	}
	bu_buf_free(&text);
	bu_arena_free(&a);
	return ok || ldprop_fails(LDP_ASTRAY);
}

bool ldprop_vlog(const uint8_t *p, size_t n)
{
	size_t nlog = n < 2 ? 0 : bu_get16(p, false);
	struct bu_vtell t = { .prog = "prog", .map_name = no_map };
	struct bu_code code = { 0 };
	struct bu_arena a;
	struct bu_diags ds;
	struct bu_obj o;
	struct bu_vlog v;
	struct bu_vtold told;
	bool ok;
	char *log;

	ldprop_sum.inputs++;
	if (n < 2)
		return true;
	nlog = nlog > n - 2 ? n - 2 : nlog;
	log = malloc(nlog + 1);
	memcpy(log, p + 2, nlog);
	log[nlog] = 0;
	bu_diags_init(&ds);
	bu_arena_init(&a);
	bu_obj_init(&o);
	t.code = &code;
	if (!bu_obj_read(&o, p + 2 + nlog, n - 2 - nlog, "fuzz.o", &ds) && !bu_obj_index(&o, &ds) && o.nprogs &&
	    !bu_obj_link(&o, 0, &a, &code, &ds)) {
		ldprop_sum.taken++;
		t.btf = o.has_btf ? &o.btf : NULL;
	} else {
		memset(&code, 0, sizeof(code));
	}
	ok = full(log, NULL);
	ok = full(log, &code) && ok;
	if (bu_vlog_read(log, &v))
		ok = (lies_in(log, v.reason) || ldprop_fails(LDP_ASTRAY)) && ok;
	bu_vlog_tell(&t, log, &ds, &told);
	ok = ldprop_messages(&ds) && ok;
	bu_obj_free(&o);
	bu_arena_free(&a);
	bu_diags_free(&ds);
	free(log);
	return ok;
}

/* ---------------------------------------------------------------- options */

static int word(unsigned kind, const char *text, struct bu_arena *a, struct bu_diags *ds)
{
	struct bu_attach_req r;
	struct bu_map_from m;
	struct bu_type_req t;
	struct bu_attach at;
	struct bu_set w;
	uint8_t out[64];
	int err;

	switch (kind % 7) {
	case 0:
		return bu_set_parse(&w, text, a, ds);
	case 1:
		return bu_set_parse_file(&w, text, a, ds);
	case 2:
		return bu_map_from_parse(&m, text, a, ds);
	case 3:
		return bu_type_req_parse(&t, text, a, ds);
	case 4: /* a line of --map-from: a key and a value */
		err = (int)bu_load_word(bu_load_strip(bu_str_c(text)), 4);
		return bu_load_value(a, NULL, 0, 1u << (err & 7), bu_load_strip(bu_str_c(text)), out) ? -ENODATA : 0;
	default:
		err = bu_attach_req_parse(&r, text, a, ds);
		return err ? err : bu_attach_parse(&at, r.hook, r.target, a, ds);
	}
}

#define MAX_LINES 12

/* Lines: the first character says which option, the others are its text. */
bool ldprop_words(const uint8_t *p, size_t n)
{
	struct bu_arena a;
	struct bu_diags ds;
	unsigned lines = 0;
	bool ok = true;

	ldprop_sum.inputs++;
	bu_diags_init(&ds);
	bu_arena_init(&a);
	for (size_t at = 0, len; at < n && lines++ < MAX_LINES; at += len + 1) {
		const uint8_t *nl = memchr(p + at, '\n', n - at);
		unsigned errors = ds.errors;
		char *text;
		int err;

		len = nl ? (size_t)(nl - p) - at : n - at;
		if (!len)
			continue;
		text = strndup((const char *)p + at + 1, len - 1);
		err = word(p[at], text, &a, &ds);
		ldprop_sum.taken += !err;
		if (err && err != -ENOMEM && err != -ENODATA && ds.errors == errors)
			ok = ldprop_fails(LDP_SILENT);
		free(text);
	}
	ok = ldprop_messages(&ds) && ok;
	bu_arena_free(&a);
	bu_diags_free(&ds);
	return ok;
}

/* ---------------------------------------------------------------- executables */

static int see_probe(void *ctx, const struct bu_usdt_site *s)
{
	bool *ok = ctx;

	*ok = s->nargs <= BU_USDT_ARGS && strlen(s->provider) + strlen(s->name) < SIZE_MAX && *ok;
	return 0;
}

/* The bytes as the arguments of a probe, on each machine. */
static void arguments(const uint8_t *p, size_t n)
{
	char *text = strndup((const char *)p, n < 512 ? n : 512);
	struct bu_usdt_site s;

	memset(&s, 0, sizeof(s));
	bu_usdt_args(&s, text, 62);
	bu_usdt_args(&s, text, 183);
	free(text);
}

bool ldprop_sym(const uint8_t *p, size_t n)
{
	static const char *const names[] = { "main", "on_read", "f", "", "count" };
	const uint8_t *btf;
	struct bu_btf_index x;
	struct bu_diags ds;
	size_t nbtf;
	bool ok = true;
	char path[32];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	ldprop_sum.inputs++;
	if (fd < 0)
		return true;
	bu_diags_init(&ds);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!bu_write_all(fd, p, n))
		for (size_t i = 0; i < BU_ARRAY_SIZE(names); i++) {
			struct bu_arena keep;
			struct bu_near near;
			uint64_t off;

			bu_arena_init(&keep);
			bu_near_init(&near, names[i], strlen(names[i]));
			ldprop_sum.taken += !bu_elf_symbol_offset(path, names[i], &off, &near, &keep);
			bu_arena_free(&keep);
		}
	bu_usdt_each(path, see_probe, &ok);
	if (!ok)
		ldprop_fails(LDP_ASTRAY);
	close(fd);
	arguments(p, n);
	/* The same as a file of --btf. */
	if (!bu_btf_in_file(p, n, &btf, &nbtf)) {
		ok = ok && ((btf >= p && btf + nbtf <= p + n) || ldprop_fails(LDP_ASTRAY));
		if (ok && !bu_btf_index(&x, btf, nbtf, NULL, "fuzz", &ds)) {
			for (uint32_t id = 1; id <= x.btf.ntypes && id < 300; id++) {
				struct bu_btf_type t;
				uint32_t pos = 0;

				if (bu_btf_get(&x.btf, id, &t))
					continue;
				bu_btf_size(&x.btf, id);
				bu_btf_resolve(&x.btf, id);
				for (int k = 0; k < 8 && bu_btf_index_next(&x, 1u << t.kind, t.name,
									   bu_btf_essential(t.name), &pos); k++)
					;
			}
			bu_btf_index_free(&x);
		}
	}
	ok = ldprop_messages(&ds) && ok;
	bu_diags_free(&ds);
	return ok;
}
