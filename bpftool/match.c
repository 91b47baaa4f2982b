// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "prog match": is a loaded program one of this object's?
 *
 * The kernel's tag is a digest of the instructions as they were loaded, without the fds of maps: SHA-1 up to
 * Linux 6.17, SHA-256 since then and in the VM. Our loader knows what it would hand to bpf(2), so both can be
 * computed from the file.
 *
 * Where tags differ, the first instruction that differs is looked for. After verification a program is not what
 * it was (accesses to contexts are converted, helpers inlined, dead code is gone), so the file's program is
 * verified too: it is loaded, attached nowhere, compared and closed. Ids of maps are undone: two maps are alike
 * when their types and sizes are.
 */
#include <stdlib.h>
#include <string.h>

#include "load/load.h"
#include "progcode.h"

enum digest { NO_DIGEST, SHA1, SHA256 };

struct file_prog {
	const char *name;
	uint8_t tag[3][BPF_TAG_SIZE]; /* by enum digest */
	uint32_t n;                   /* instructions; 0: it cannot be told */
	uint32_t found;               /* loaded programs that equal it */
};

struct match {
	struct bt *t;
	struct bu_obj o;
	struct file_prog *progs;
	const char *path, *only;
};

static const char *digest_word(enum digest d)
{
	return d == SHA1 ? "sha1" : "sha256";
}

/* As the kernel: what names a map counts as 0. */
static void forget_maps(uint8_t *insns, uint32_t n)
{
	struct bu_insn in;

	for (uint32_t i = 0; i + 1 < n; i++) {
		uint8_t *p = insns + (size_t)i * BU_INSN_SIZE;

		bu_insn_decode(&in, p, BU_HOST_BE);
		if (in.code != BU_OP_LD_IMM64)
			continue;
		i++;
		if (in.src != BU_PSEUDO_MAP_FD && in.src != BU_PSEUDO_MAP_VALUE)
			continue;
		memset(p + 4, 0, 4);
		memset(p + BU_INSN_SIZE + 4, 0, 4);
	}
}

static void tag_of(struct file_prog *f, const uint8_t *insns, uint32_t n)
{
	uint8_t sum[32];

	f->n = n;
	bu_sha1(insns, (size_t)n * BU_INSN_SIZE, sum);
	memcpy(f->tag[SHA1], sum, BPF_TAG_SIZE);
	bu_sha256(insns, (size_t)n * BU_INSN_SIZE, sum);
	memcpy(f->tag[SHA256], sum, BPF_TAG_SIZE);
}

static enum digest equal_tag(const struct file_prog *f, const uint8_t *tag)
{
	for (int d = SHA1; f->n && d <= SHA256; d++)
		if (!memcmp(f->tag[d], tag, BPF_TAG_SIZE))
			return (enum digest)d;
	return NO_DIGEST;
}

/* ---------------------------------------------------------------- the file */

static int read_file(struct match *m)
{
	struct bt *t = m->t;
	int err = bu_load_read(&m->o, m->path, &t->ds);

	if (err) {
		if (!t->ds.errors)
			return bt_refused(t, -1, err, "cannot read '%s'", bt_escz(t, m->path));
		return err == -EIO ? BU_EXIT_IO : BU_EXIT_FAIL;
	}
	if (!m->o.nprogs)
		return bt_error(t, "L0101", "%s holds no program", bt_escz(t, m->path));
	/* nothing may be left behind, and what others have pinned is not the file's */
	for (uint32_t i = 0; i < m->o.nmaps; i++)
		m->o.maps[i].pin_dir = NULL;
	m->progs = bu_arena_array(&t->arena, m->o.nprogs, sizeof(*m->progs));
	return m->progs ? 0 : bt_refused(t, -1, -ENOMEM, "cannot read '%s'", bt_escz(t, m->path));
}

/* What the file's programs are called with here: CO-RE, kernel symbols and all. */
static int make_tags(struct match *m)
{
	struct bu_load_opts opts = { .no_attach = true, .keep_going = true };
	struct bt *t = m->t;
	struct bu_plan plan = { 0 };
	int err = bu_plan_make(&plan, &m->o, &opts, t->sys, &t->ds);

	for (uint32_t i = 0; i < m->o.nprogs; i++) {
		uint8_t *insns;
		uint32_t n;

		m->progs[i].name = m->o.progs[i].name;
		insns = err ? NULL : bu_plan_insns(&plan, i, &t->arena, &n);
		if (!insns)
			continue;
		forget_maps(insns, n);
		tag_of(&m->progs[i], insns, n);
	}
	bu_plan_free(&plan);
	if (err && !t->ds.errors)
		bt_refused(t, -1, err, "cannot tell how '%s' would be loaded", bt_escz(t, m->path));
	return err ? bu_exit_for(err) : 0;
}

/* ---------------------------------------------------------------- two programs after verification */

struct pair {
	struct bt_code *a, *b; /* loaded; the file's */
	uint32_t at;           /* where they differ first */
};

static bool same_map(struct bt *t, uint32_t ia, uint32_t ib)
{
	struct bpf_map_info a = { 0 }, b = { 0 };
	uint32_t size = sizeof(a);
	int fa = bu_sys_fd_by_id(t->sys, BU_MAP, ia, BPF_F_RDONLY);
	int fb = bu_sys_fd_by_id(t->sys, BU_MAP, ib, BPF_F_RDONLY);
	bool same = ia == ib;

	if (fa >= 0 && fb >= 0 && !bu_sys_info(t->sys, fa, &a, &size)) {
		size = sizeof(b);
		same = !bu_sys_info(t->sys, fb, &b, &size) && a.type == b.type && a.key_size == b.key_size &&
		       a.value_size == b.value_size && a.max_entries == b.max_entries;
	}
	if (fa >= 0)
		t->sys->ops->close(t->sys, fa);
	if (fb >= 0)
		t->sys->ops->close(t->sys, fb);
	return same;
}

static bool same_insn(struct bt *t, const struct pair *p, uint32_t i)
{
	const uint8_t *pa = p->a->insns + (size_t)i * BU_INSN_SIZE, *pb = p->b->insns + (size_t)i * BU_INSN_SIZE;
	struct bu_insn a, b;

	if (!memcmp(pa, pb, BU_INSN_SIZE))
		return true;
	bu_insn_decode(&a, pa, BU_HOST_BE);
	bu_insn_decode(&b, pb, BU_HOST_BE);
	return a.code == BU_OP_LD_IMM64 && b.code == a.code && a.src == b.src && a.dst == b.dst && a.off == b.off &&
	       (a.src == BU_PSEUDO_MAP_FD || a.src == BU_PSEUDO_MAP_VALUE) &&
	       same_map(t, (uint32_t)a.imm, (uint32_t)b.imm);
}

static bool differ(struct bt *t, struct pair *p)
{
	uint32_t n = p->a->n < p->b->n ? p->a->n : p->b->n;

	for (p->at = 0; p->at < n; p->at++)
		if (!same_insn(t, p, p->at)) {
			/* the second slot of a constant alone says nothing */
			if (p->at && !p->a->insns[(size_t)p->at * BU_INSN_SIZE] &&
			    p->a->insns[(size_t)(p->at - 1) * BU_INSN_SIZE] == BU_OP_LD_IMM64)
				p->at--;
			return true;
		}
	return p->a->n != p->b->n;
}

/* The last line of source at or before an instruction; false: none is known. */
static bool line_of(const struct bt_code *c, uint32_t at, struct bpf_line_info *l)
{
	struct bpf_line_info x;
	bool any = false;

	for (uint32_t i = 0; c->btf && bt_code_line_at(c, i, &x) && x.insn_off <= at; i++) {
		*l = x;
		any = true;
	}
	return any;
}

static void put_side(struct bt *t, struct bt_code *c, uint32_t at, const char *key, const char *text)
{
	struct bu_buf b = { 0 };

	if (at < c->n) {
		bu_buf_printf(&b, "(%02x) ", c->insns[(size_t)at * BU_INSN_SIZE]);
		bt_code_print(t, c, at, &b);
		bu_out_str(&t->out, key, bu_buf_cstr(&b), SIZE_MAX, "\t%s%4u: %s\n", text, at, bu_buf_cstr(&b));
	} else {
		bu_out_null(&t->out, key);
		bu_out_text(&t->out, "\t%s(it has ended)\n", text);
	}
	bu_buf_free(&b);
}

static void put_difference(struct bt *t, const struct pair *p)
{
	struct bu_out *o = &t->out;
	struct bpf_line_info l;

	bu_out_obj(o, "difference");
	bu_out_uint(o, "pc", p->at, "\tfirst difference, after verification: instruction %u", p->at);
	bu_out_uint(o, "loaded_insns", p->a->n, " (%u loaded,", p->a->n);
	bu_out_uint(o, "file_insns", p->b->n, " %u in the file)\n", p->b->n);
	if (line_of(p->b, p->at, &l)) {
		bu_out_text(o, "\t");
		bt_put_source(t, p->b, &l, true);
		bu_out_text(o, "\n");
	}
	put_side(t, p->a, p->at, "loaded_insn", "loaded: ");
	put_side(t, p->b, p->at, "file_insn", "file:   ");
	bu_out_obj_end(o);
}

/* Loads the file's program to see what the verifier makes of it. 0: compared; else it could not be, said why. */
static int compare_code(struct match *m, uint32_t prog, int fd, bool *equal)
{
	const char *only[] = { m->o.progs[prog].name };
	struct bu_load_opts opts = { .no_attach = true, .only = only, .nonly = 1 };
	struct bt *t = m->t;
	struct bu_loaded made = { 0 };
	struct bu_plan plan = { 0 };
	struct bt_code a, b;
	struct pair p = { .a = &a, .b = &b };
	int st = BU_EXIT_FAIL, err = bu_plan_make(&plan, &m->o, &opts, t->sys, &t->ds);

	if (!err)
		err = bu_load_run(&plan, t->sys, &made, &t->ds);
	if (!err && made.nprogs && made.progs[0].fd >= 0) {
		st = bt_code_fetch(t, &a, fd, BT_CODE_INSNS | BT_CODE_LINES);
		if (!st)
			st = bt_code_fetch(t, &b, made.progs[0].fd, BT_CODE_INSNS | BT_CODE_LINES);
		if (!st) {
			*equal = !differ(t, &p);
			if (!*equal)
				put_difference(t, &p);
		}
	}
	bu_loaded_close(t->sys, &made, &t->ds);
	bu_plan_free(&plan);
	return st;
}

/* ---------------------------------------------------------------- one program against the file */

/* Which of the file's programs is meant, by name, tag, or because there is one; -1: none. */
static int64_t choose(const struct match *m, const char *name, const uint8_t *tag)
{
	const char *want = m->only ? m->only : name;
	uint32_t n = m->o.nprogs;

	for (uint32_t i = 0; i < n; i++)
		if (!strcmp(m->progs[i].name, want))
			return i;
	if (m->only)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		if (equal_tag(&m->progs[i], tag))
			return i;
	/* the kernel's 15 characters, without BTF to tell more */
	for (uint32_t i = 0; i < n; i++)
		if (strlen(want) == 15 && !strncmp(m->progs[i].name, want, 15))
			return i;
	return n == 1 ? 0 : -1;
}

static void put_tag(struct bt *t, const char *key, const uint8_t *tag, const char *fmt)
{
	char text[2 * BPF_TAG_SIZE + 1] = "";

	for (int i = 0; i < BPF_TAG_SIZE; i++) {
		text[2 * i] = "0123456789abcdef"[tag[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[tag[i] & 15];
	}
	text[2 * BPF_TAG_SIZE] = 0;
	bu_out_str(&t->out, key, text, SIZE_MAX, fmt, text);
}

static int match_one(struct match *m, int fd, const char *key)
{
	struct bt *t = m->t;
	struct bu_out *o = &t->out;
	struct bpf_prog_info pi;
	const char *name = "";
	struct file_prog *f;
	enum digest d;
	bool equal;
	int64_t prog;
	int err = bt_prog_info(t, fd, &pi, &name), st = 0;

	if (err)
		return bt_refused(t, BPF_OBJ_GET_INFO_BY_FD, err, "cannot read about the program");
	prog = choose(m, name, pi.tag);
	if (prog < 0)
		return bt_error(t, "T0102", "'%s' has no program '%s'", bt_escz(t, m->path),
				bt_escz(t, m->only ? m->only : name));
	f = &m->progs[prog];
	d = equal_tag(f, pi.tag);
	equal = d != NO_DIGEST;
	bt_begin(t);
	bu_out_obj(o, key);
	bt_put_prog_header(t, &pi, name);
	bu_out_text(o, "\n");
	bu_out_str(o, "file", m->path, SIZE_MAX, NULL);
	bu_out_str(o, "program", f->name, SIZE_MAX, NULL);
	if (equal) {
		bu_out_str(o, "by", "tag", SIZE_MAX, "\tequals program %s of %s: the tag", bt_escz(t, f->name),
			   bt_escz(t, m->path));
		bu_out_str(o, "digest", digest_word(d), SIZE_MAX, " (%s)", digest_word(d));
		bu_out_uint(o, "insns", f->n, " of %u instructions\n", f->n);
	} else {
		if (f->n) {
			put_tag(t, "file_tag_sha1", f->tag[SHA1], "\ttag in the file: %s (sha1)");
			put_tag(t, "file_tag_sha256", f->tag[SHA256], ", %s (sha256)");
			bu_out_uint(o, "insns", f->n, ", of %u instructions\n", f->n);
		}
		st = compare_code(m, (uint32_t)prog, fd, &equal);
		if (!st && equal)
			bu_out_str(o, "by", "instructions", SIZE_MAX, "\tequals program %s of %s after verification: %s\n",
				   bt_escz(t, f->name), bt_escz(t, m->path), "all instructions");
		else
			bu_out_text(o, "\tdiffers from program %s of %s\n", bt_escz(t, f->name), bt_escz(t, m->path));
	}
	bu_out_bool(o, "equal", equal, NULL);
	bu_out_obj_end(o);
	return equal ? 0 : st ? st : BU_EXIT_FAIL;
}

/* ---------------------------------------------------------------- all programs against the file */

static int match_row(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct match *m = ctx;
	struct bpf_prog_info pi;
	const char *name = "";
	enum digest d;

	if (fd < 0 || bt_prog_info(t, fd, &pi, &name))
		return 0; /* it went away, or is another's: not said to be equal */
	for (uint32_t i = 0; i < m->o.nprogs; i++) {
		d = equal_tag(&m->progs[i], pi.tag);
		if (!d)
			continue;
		m->progs[i].found++;
		bu_out_obj(&t->out, NULL);
		bu_out_uint(&t->out, "id", id, "%u: ", id);
		bu_out_str(&t->out, "name", name, SIZE_MAX, "%s", bt_escz(t, name));
		bu_out_str(&t->out, "program", m->progs[i].name, SIZE_MAX, "  equals %s", bt_escz(t, m->progs[i].name));
		bu_out_str(&t->out, "digest", digest_word(d), SIZE_MAX, "  by its tag (%s)\n", digest_word(d));
		bu_out_obj_end(&t->out);
	}
	return 0;
}

static int match_all(struct match *m)
{
	struct bt *t = m->t;
	struct bu_out *o = &t->out;
	bool all = true;
	uint32_t id;
	int st, err = bu_sys_next_id(t->sys, BU_PROG, 0, &id);

	/* who may not look does not hear that nothing is there */
	if (err && err != -ENOENT)
		return bt_refused(t, BPF_PROG_GET_NEXT_ID, err, "cannot list programs");
	bt_begin(t);
	bu_out_obj(o, t->key);
	bu_out_str(o, "file", m->path, SIZE_MAX, NULL);
	bu_out_arr(o, "equal");
	st = bt_each(t, BU_PROG, 0, match_row, m);
	bu_out_arr_end(o);
	bu_out_arr(o, "not_loaded");
	for (uint32_t i = 0; i < m->o.nprogs; i++) {
		if (m->progs[i].found)
			continue;
		all = false;
		bu_out_str(o, NULL, m->progs[i].name, SIZE_MAX, m->progs[i].n ? "no loaded program equals %s\n" :
			   "it cannot be told how %s would be loaded here\n", bt_escz(t, m->progs[i].name));
	}
	bu_out_arr_end(o);
	bu_out_obj_end(o);
	return st ? st : all ? 0 : BU_EXIT_FAIL;
}

/* ---------------------------------------------------------------- the command */

/* A file alone is one word. */
static bool is_handle(const struct bt *t)
{
	static const char *const words[] = { "id", "name", "tag", "pinned" };

	for (unsigned i = 0; t->i + 2 < t->nw && i < BU_ARRAY_SIZE(words); i++)
		if (bt_is(t, words[i]))
			return true;
	return false;
}

static int match_progs(struct match *m, const struct bt_objs *all)
{
	struct bt *t = m->t;
	bool many = all->n > 1;
	int st = 0, one;

	if (many) {
		bt_begin(t);
		bu_out_arr(&t->out, t->key);
	}
	for (size_t i = 0; i < all->n; i++) {
		one = match_one(m, all->v[i].fd, many ? NULL : t->key);
		st = st ? st : one;
	}
	if (many)
		bu_out_arr_end(&t->out);
	return st;
}

int bt_prog_match(struct bt *t)
{
	struct match m = { .t = t };
	struct bt_objs all = { 0 };
	bool one = is_handle(t);
	int st = one ? bt_handles(t, BU_PROG, 0, &all) : 0;

	bu_obj_init(&m.o);
	if (st)
		goto out;
	m.path = bt_next(t);
	if (!m.path) {
		st = bt_usage(t, NULL, NULL, "which object file?");
		goto out;
	}
	if (one && bt_kw(t, "prog")) {
		m.only = bt_next(t);
		if (!m.only)
			st = bt_usage(t, NULL, NULL, "'prog' wants a name");
	}
	if (!st)
		st = bt_end(t);
	if (!st)
		st = read_file(&m);
	if (!st)
		st = make_tags(&m);
	if (!st)
		st = one ? match_progs(&m, &all) : match_all(&m);
out:
	bu_obj_free(&m.o);
	bt_objs_close(t, &all);
	return st;
}
