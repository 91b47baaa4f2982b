/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -d: reads the object, prints it, checks the text, and prints again what was not the same. */
#include <stdlib.h>

#include "bpf-as/dis.h"

/* Levels go down, so that there cannot be many rounds. */
#define MAX_ROUNDS 6
/* Instructions, or words of types, from which on the check has a text of its own. */
#define LARGE 65536

void dis_write(struct dis *d)
{
	if (!d->werr && d->out->n)
		d->werr = d->opt->write(d->opt->ctx, d->out->p, d->out->n);
	bu_buf_reset(d->out);
}

void dis_skip(struct dis *d, uint32_t k, uint64_t off, uint64_t n)
{
	struct dis_gap *g = d->ngaps ? &d->gaps[d->ngaps - 1] : NULL;

	d->sec[k].skipped += n;
	if (g && g->sec == k && g->off + g->n == off) {
		g->n += n;
		return;
	}
	d->gaps = bu_arena_grow(&d->round, d->gaps, d->ngaps, &d->cap_gaps, sizeof(*d->gaps));
	if (d->gaps)
		d->gaps[d->ngaps++] = (struct dis_gap){ k, off, n };
	else
		d->ngaps = 0;
}

static bool is_btf(const struct bu_sec *s)
{
	return !strcmp(s->name, ".BTF") || !strcmp(s->name, ".BTF.ext");
}

/*
 * The text to be edited has what makes programs: not the types, which are made anew, not what was for
 * debuggers and says where code was.
 */
static bool left_out(const struct dis *d, uint32_t k)
{
	const struct bu_sec *s = &d->o.secs[k];

	return d->opt->no_btf && (is_btf(s) || !strncmp(s->name, ".debug", 6) || !strncmp(s->name, ".rel.debug", 10) ||
				  !strcmp(s->name, ".comment") || !strcmp(s->name, ".eh_frame"));
}

static void text(struct dis *d)
{
	struct bu_buf *out = d->out;

	if (!d->opt->no_btf)
		bu_buf_str(out, "\t.verbatim\n");
	if (d->o.be)
		bu_buf_str(out, "\t.endian\tbig\n");
	if (d->o.e_flags)
		bu_buf_printf(out, "\t.elf_flags\t%u\n", d->o.e_flags);
	if (d->opt->no_btf && d->indexed && d->o.arch >= 0)
		bu_buf_printf(out, "\t.arch\t%s\n", bu_arch_name((enum bu_arch)d->o.arch));
	dis_loose_symbols(d);
	if (d->license_sec != BU_SEC_UNDEF) {
		d->sec[d->license_sec].from = out->n;
		if (!dis_license(d))
			d->sec[d->license_sec].level += d->sec[d->license_sec].level == LEVEL_SUGAR;
		d->sec[d->license_sec].to = out->n;
	}
	if (d->maps_sec != BU_SEC_UNDEF && d->sec[d->maps_sec].level == LEVEL_SUGAR)
		dis_maps(d);
	for (uint32_t k = 0; k < d->o.nsecs && !out->failed; k++)
		if (!d->sec[k].left_out && !((k == d->maps_sec || k == d->license_sec) &&
					     d->sec[k].level == LEVEL_SUGAR))
			dis_section(d, k);
}

static int print(struct dis *d)
{
	int err;

	bu_arena_free(&d->round);
	bu_arena_init(&d->round);
	d->seen = d->check ? bu_arena_array(&d->round, 1u << DIS_SEEN_BITS, sizeof(*d->seen)) : NULL;
	d->nseen = 0;
	d->gaps = NULL;
	d->ngaps = d->cap_gaps = 0;
	for (uint32_t k = 0; k < d->o.nsecs; k++)
		d->sec[k].skipped = 0;
	if (d->check && !d->seen)
		return -ENOMEM;
	err = dis_marks(d);
	if (err)
		return err;
	text(d);
	return d->round.failed || d->arena.failed || d->out->failed ? -ENOMEM : 0;
}

/* How much there is that dis_verify.c knows to check by examples. */
static bool is_large(const struct dis *d)
{
	uint64_t n = 0;

	for (uint32_t k = 0; k < d->o.nsecs; k++)
		if (dis_is_code(&d->o.secs[k]) || is_btf(&d->o.secs[k]))
			n += d->o.secs[k].size / 8;
	return n > LARGE;
}

/*
 * Prints the object; again while the check lowers levels. What is checked of a large one is a text of
 * its own, in which each kind of instruction stands once.
 */
static int rounds(struct dis *d)
{
	struct bu_buf *out = d->out, text = { 0 };
	bool again = !d->opt->no_check && !d->opt->no_btf, large = is_large(d);
	int err = 0;

	d->check = again && large;
	d->out = &text;
	if (!again)
		err = print(d);
	for (unsigned i = 0; again && i < MAX_ROUNDS && !err; i++) {
		bu_buf_reset(&text);
		err = print(d);
		if (!err)
			err = dis_verify(d, &again);
	}
	if (!err && d->check) {
		d->check = false;
		bu_buf_reset(&text);
		d->stream = d->opt->write != NULL;
		bu_buf_room(&text, 2 * DIS_BLOCK);
		err = print(d);
		if (!err)
			err = d->werr;
	}
	d->out = out;
	if (err)
		goto end;
	if (d->broken) {
		bu_buf_str(&text, "\n\t.error\t");
		dis_quoted(&text, d->broken, strlen(d->broken));
		bu_buf_char(&text, '\n');
	}
	if (!out->p) { /* the common case: no copy */
		*out = text;
		return text.failed ? -ENOMEM : 0;
	}
	bu_buf_add(out, text.p, text.n);
	if (text.failed || out->failed)
		err = -ENOMEM;
end:
	bu_buf_free(&text);
	return err;
}

/* Headers may share bytes of the file, so that the text is not bounded by it; what is real is. */
static int check_size(const struct dis *d, const char *path)
{
	uint64_t sum = 0;

	for (uint32_t k = 0; k < d->o.nsecs; k++)
		if (d->o.secs[k].data)
			sum += d->o.secs[k].size;
	if (sum <= d->o.file.n)
		return 0;
	bu_diag(d->ds, BU_ERROR, "A0137", "'%s': its sections lie over each other", path);
	return -EINVAL;
}

/*
 * What is compressed has relocations for what it was before, which nobody sees here: refused. Those
 * that do nothing are told: they are not in the text.
 */
static int check_relocs(const struct dis *d, const char *path)
{
	const struct bu_obj *o = &d->o;
	struct bu_diag *m;

	if (o->nnone)
		bu_diag(d->ds, BU_WARNING, "A0137", "%u relocation%s of '%s', of type R_BPF_NONE, which does nothing, "
			"%s not in the text", o->nnone, o->nnone == 1 ? "" : "s", path, o->nnone == 1 ? "is" : "are");
	if (!o->packed || d->opt->no_btf)
		return 0;
	m = bu_diag(d->ds, BU_ERROR, "A0137", "'%s': section %u '%s' is compressed, and its relocations are for what it "
		    "was before", path, o->packed - 1, o->secs[o->packed - 1].name);
	bu_diag_help(d->ds, m, "'llvm-objcopy --decompress-debug-sections' undoes it; --no-btf leaves it out");
	return -EINVAL;
}

static int prepare(struct dis *d)
{
	int err;

	d->sec = bu_arena_array(&d->arena, d->o.nsecs, sizeof(*d->sec));
	if (!d->sec)
		return -ENOMEM;
	err = dis_names(d);
	for (uint32_t k = 0; k < d->o.nsecs; k++) {
		d->sec[k].level = d->opt->raw ? LEVEL_RAW : LEVEL_SUGAR;
		d->sec[k].left_out = left_out(d, k);
	}
	for (uint32_t i = 0; d->opt->source && d->indexed && d->o.has_btf && i < d->o.ext.nsec; i++) {
		uint32_t k = bu_obj_sec_by_name(&d->o, d->o.ext.sec[i].name);

		if (k != BU_SEC_UNDEF)
			d->sec[k].ext = &d->o.ext.sec[i];
	}
	if (d->opt->raw || !d->indexed)
		return err;
	d->maps_sec = bu_obj_sec_by_name(&d->o, ".maps");
	d->license_sec = bu_obj_sec_by_name(&d->o, "license");
	return err;
}

/* Field relocations live in .BTF.ext. */
static void warn_core(const struct dis *d, const char *path)
{
	uint64_t n = 0;

	for (uint32_t i = 0; d->o.has_btf && i < d->o.ext.nsec; i++)
		n += d->o.ext.sec[i].ncore;
	if (n)
		bu_diag(d->ds, BU_WARNING, "A0135", "%llu CO-RE relocation%s of '%s' %s not in the text",
			(unsigned long long)n, n == 1 ? "" : "s", path, n == 1 ? "is" : "are");
}

int as_dis(const char *path, const struct as_dis_opt *opt, struct bu_diags *ds, struct bu_buf *out)
{
	static const struct as_dis_opt none;
	struct dis d = { .opt = opt ? opt : &none, .ds = ds, .out = out, .maps_sec = BU_SEC_UNDEF,
			 .license_sec = BU_SEC_UNDEF };
	struct bu_diags quiet;
	int err;

	bu_obj_init(&d.o);
	bu_arena_init(&d.arena);
	bu_arena_init(&d.round);
	bu_diags_init(&quiet);
	err = bu_obj_read_file(&d.o, path, ds);
	if (!err)
		err = check_size(&d, path);
	if (!err)
		err = check_relocs(&d, path);
	if (err)
		goto out;
	/*
	 * What the sections mean is a bonus: an object that libbpf would refuse is shown too. Where nothing
	 * of it is asked for, types and lines are not kept twice.
	 */
	d.indexed = (!d.opt->no_btf && !d.opt->source && bu_obj_sec_by_name(&d.o, ".maps") == BU_SEC_UNDEF) ||
		    bu_obj_index(&d.o, &quiet) == 0;
	if (d.indexed && d.opt->no_btf)
		warn_core(&d, path);
	err = prepare(&d);
	if (!err)
		err = rounds(&d);
out:
	bu_diags_free(&quiet);
	bu_arena_free(&d.round);
	bu_arena_free(&d.arena);
	bu_obj_free(&d.o);
	return err;
}
