// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bpf-ld -r: objects into one object. The options are those of ld(1), because compilers and makefiles write
 * them; what has no meaning for BPF is read over. Of archives those members are taken that define what is
 * undefined so far.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "ld.h"

#define MAX_ARCHIVE (UINT64_C(1) << 30)

struct join {
	struct ld *l;
	const char *output;
	const char **dirs; unsigned ndirs; size_t capdirs;
	struct bu_obj **objs; unsigned nobjs; size_t capobjs;
	struct bu_hash defined, wanted;  /* names of global symbols */
	int big;                         /* -EB: 1, -EL: 0, -1: not said */
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool ld_joins(int argc, char **argv)
{
	const char *name = argc ? base_name(argv[0]) : "";
	size_t n = strlen(name);

	if (strcmp(name, "ld") == 0 || (n > 3 && strcmp(name + n - 3, "-ld") == 0 && strcmp(name, "bpf-ld") != 0))
		return true;
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "-r") == 0 || strcmp(argv[i], "-i") == 0 ||
		    strcmp(argv[i], "--relocatable") == 0)
			return true;
	return false;
}

/* ---------------------------------------------------------------- inputs */

static int note_symbols(struct join *j, const struct bu_obj *o)
{
	for (uint32_t i = 0; i < o->nsyms; i++) {
		const struct bu_sym *s = &o->syms[i];
		struct bu_hash *h = s->sec == BU_SEC_UNDEF ? &j->wanted : &j->defined;

		if (s->bind == STB_LOCAL || !s->name[0])
			continue;
		/* A weak reference fetches nothing from an archive. */
		if (s->sec == BU_SEC_UNDEF && s->bind == STB_WEAK)
			continue;
		if (bu_hash_put(h, s->name, strlen(s->name), (void *)(uintptr_t)s))
			return -ENOMEM;
	}
	return 0;
}

static void drop_object(struct bu_obj *o)
{
	bu_obj_free(o);
	free(o);
}

/* Takes o over. */
static int keep_object(struct join *j, struct bu_obj *o)
{
	struct bu_obj **v = bu_arena_grow(&j->l->arena, j->objs, j->nobjs, &j->capobjs, sizeof(*v));

	if (!v) {
		drop_object(o);
		return -ENOMEM;
	}
	j->objs = v;
	v[j->nobjs++] = o;
	return note_symbols(j, o);
}

static int new_object(struct bu_obj **out)
{
	*out = malloc(sizeof(**out));
	if (!*out)
		return -ENOMEM;
	bu_obj_init(*out);
	return 0;
}

static int add_bytes(struct join *j, const void *data, size_t size, const char *path)
{
	struct bu_obj *o;
	int err = new_object(&o);

	if (err)
		return err;
	err = bu_obj_read(o, data, size, path, &j->l->ds);
	if (!err)
		err = bu_obj_index(o, &j->l->ds);
	if (!err && j->big >= 0 && o->be != (j->big == 1)) {
		bu_diag(&j->l->ds, BU_ERROR, "O0401", "%s is %s endian, and the output is to be %s endian", path,
			o->be ? "big" : "little", j->big ? "big" : "little");
		err = -EINVAL;
	}
	if (!err)
		err = keep_object(j, o);
	else
		drop_object(o);
	return err;
}

/* Does this member define what is undefined so far? */
static bool is_wanted(struct join *j, const struct bu_obj *o)
{
	for (uint32_t i = 0; i < o->nsyms; i++) {
		const struct bu_sym *s = &o->syms[i];
		size_t n = strlen(s->name);

		if (s->bind != STB_LOCAL && s->sec != BU_SEC_UNDEF && n && bu_hash_get(&j->wanted, s->name, n) &&
		    !bu_hash_get(&j->defined, s->name, n))
			return true;
	}
	return false;
}

static int damaged_archive(struct join *j, const char *path)
{
	bu_diag(&j->l->ds, BU_ERROR, "O0101", "%s: damaged archive", path);
	return -EINVAL;
}

/* One pass over an archive's members; *took: how many were taken. taken has a byte a member. */
static int scan_archive(struct join *j, const struct bu_buf *b, const char *path, uint8_t *taken, unsigned *took)
{
	struct bu_ar_member m;
	struct bu_ar ar;
	int err = 0, more = 0;

	bu_ar_open(&ar, b->p, b->n);
	for (unsigned k = 0; !err && (more = bu_ar_next(&ar, &m)) > 0; k++) {
		struct bu_diags quiet;
		const char *name;
		struct bu_obj *o;

		if (taken[k])
			continue;
		name = bu_arena_printf(&j->l->arena, "%s(%.*s)", path, (int)m.name.n, m.name.p);
		err = name ? new_object(&o) : -ENOMEM;
		if (err)
			break;
		bu_diags_init(&quiet);
		if (!bu_obj_read(o, m.data, m.size, name, &quiet) && is_wanted(j, o)) {
			taken[k] = 1;
			++*took;
			err = add_bytes(j, m.data, m.size, name);
		}
		bu_diags_free(&quiet);
		drop_object(o);
	}
	return !err && more < 0 ? damaged_archive(j, path) : err;
}

static int add_archive(struct join *j, const struct bu_buf *b, const char *path)
{
	uint8_t *taken = calloc(b->n / 60 + 1, 1);
	unsigned took;
	int err = taken ? 0 : -ENOMEM;

	do {
		took = 0;
		if (!err)
			err = scan_archive(j, b, path, taken, &took);
	} while (!err && took);
	free(taken);
	return err;
}

static int add_file(struct join *j, const char *path)
{
	struct bu_buf b = { 0 };
	int err = bu_file_read(path, MAX_ARCHIVE, &b);

	if (err) {
		if (err != -ENOMEM)
			bu_diag(&j->l->ds, BU_ERROR, "U0002", "cannot read %s: %s", path, bu_strerror(-err));
		err = err == -ENOMEM ? err : -EIO;
	} else if (bu_ar_is(b.p, b.n)) {
		err = add_archive(j, &b, path);
	} else {
		err = add_bytes(j, b.p, b.n, path);
	}
	bu_buf_free(&b);
	return err;
}

/* -lNAME: libNAME.a in the directories of -L. */
static int add_library(struct join *j, const char *name)
{
	for (unsigned i = 0; i < j->ndirs; i++) {
		const char *path = bu_arena_printf(&j->l->arena, "%s/lib%s.a", j->dirs[i], name);

		if (!path)
			return -ENOMEM;
		if (access(path, R_OK) == 0)
			return add_file(j, path);
	}
	/* The compiler's own library, which it always names, and which holds nothing for BPF. */
	if (strcmp(name, "gcc") == 0)
		return 0;
	bu_diag(&j->l->ds, BU_ERROR, "U0002", "there is no lib%s.a in the directories of -L", name);
	return -EIO;
}

/* ---------------------------------------------------------------- the command line */

static int usage(struct join *j, const char *word, const char *why)
{
	struct bu_diag *d = bu_diag(&j->l->ds, BU_ERROR, "U0001", "%s: %s", word, why);

	bu_diag_help(&j->l->ds, d, "bpf-ld -r -o OUTPUT OBJECT...");
	return -EINVAL;
}

/* Options of ld that change nothing here: whole words, and those that are a beginning. */
static bool is_idle(const char *a, bool *takes_next)
{
	static const char *const words[] = {
		"-r", "-i", "-Ur", "--relocatable", "-s", "-S", "-x", "-X", "--strip-all", "--strip-debug",
		"--discard-all", "--discard-locals", "--start-group", "--end-group", "-(", "-)", "-static", "-nostdlib",
		"--no-relax", "--relax", "--gc-sections", "--no-gc-sections", "--warn-common", "--fatal-warnings",
		"--no-warn-mismatch", "--eh-frame-hdr", "-d", "-dc", "-dp", "-t", "--trace",
	};
	static const char *const begins[] = {
		"-plugin-opt", "--plugin-opt", "--build-id", "--sysroot", "-O", "--hash-style", "-z", "--as-needed",
		"--no-as-needed", "--push-state", "--pop-state", "--color-diagnostics", "--icf",
	};
	static const char *const next[] = { "-plugin", "--plugin", "-m", "-z", "-e", "--entry", "-rpath", "-soname" };

	*takes_next = false;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(words); i++)
		if (strcmp(a, words[i]) == 0)
			return true;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(next); i++)
		if (strcmp(a, next[i]) == 0)
			return *takes_next = true;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(begins); i++)
		if (strncmp(a, begins[i], strlen(begins[i])) == 0)
			return true;
	return a[0] == '-' && a[1] == 'm';
}

/* The argument of an option that is written -oFILE, -o FILE, --output FILE or --output=FILE; or NULL. */
static const char *argument(char **argv, int *i, int argc, char letter, const char *word)
{
	const char *a = argv[*i];
	size_t n = strlen(word);

	if (a[0] == '-' && a[1] == letter && a[1] != '-') {
		if (a[2])
			return a + 2;
	} else if (strncmp(a, word, n) == 0 && a[n] == '=') {
		return a + n + 1;
	} else if (strcmp(a, word) != 0) {
		return NULL;
	}
	return *i + 1 < argc ? argv[++*i] : "";
}

static int add_dir(struct join *j, const char *dir)
{
	const char **v = bu_arena_grow(&j->l->arena, j->dirs, j->ndirs, &j->capdirs, sizeof(*v));

	if (!v)
		return -ENOMEM;
	j->dirs = v;
	v[j->ndirs++] = dir;
	return 0;
}

/* The options first, whatever stands in front of them; then the files, in their order. */
static int options(struct join *j, int argc, char **argv, char **files, unsigned *nfiles)
{
	bool only_files = false, next;
	int err = 0;

	for (int i = 1; i < argc && !err; i++) {
		const char *a = argv[i], *v;

		if (only_files || a[0] != '-' || !a[1]) {
			files[(*nfiles)++] = argv[i];
		} else if (strcmp(a, "--") == 0) {
			only_files = true;
		} else if (strcmp(a, "-j") == 0 || strcmp(a, "--json") == 0) {
			j->l->json = true;
		} else if (strcmp(a, "-EL") == 0 || strcmp(a, "-EB") == 0) {
			j->big = a[2] == 'B';
		} else if ((v = argument(argv, &i, argc, 'o', "--output"))) {
			j->output = v;
			err = v[0] ? 0 : usage(j, a, "the name of the output is missing");
		} else if ((v = argument(argv, &i, argc, 'L', "--library-path"))) {
			err = add_dir(j, v);
		} else if ((v = argument(argv, &i, argc, 'l', "--library"))) {
			files[(*nfiles)++] = argv[i];
			if (v == argv[i]) /* apart: the pair is known by the dash in front */
				files[*nfiles - 1] = bu_arena_printf(&j->l->arena, "-l%s", v);
			err = files[*nfiles - 1] ? 0 : -ENOMEM;
		} else if (is_idle(a, &next)) {
			i += next;
		} else {
			err = usage(j, a, "bpf-ld -r has no such option");
		}
	}
	return err;
}

static int write_output(struct join *j, const struct bu_obj *o)
{
	struct bu_outfile f;
	int err = bu_outfile_open(&f, j->output);

	if (!err)
		err = bu_obj_write(o, f.fd);
	else
		goto out;
	if (err)
		bu_outfile_abort(&f);
	else
		err = bu_outfile_commit(&f);
out:
	if (err && err != -ENOMEM) {
		bu_diag(&j->l->ds, BU_ERROR, "U0002", "cannot write %s: %s", j->output, bu_strerror(-err));
		err = -EIO;
	}
	return err;
}

/* Archives alone: no member defines what somebody wants. */
static int nothing_taken(struct join *j, const char *first)
{
	struct bu_diag *d = bu_diag(&j->l->ds, BU_ERROR, "O0406", "there is nothing to link: no object is named, and of "
				    "archives (%s) only the members are taken that define what is undefined", first);

	bu_diag_help(&j->l->ds, d, "name an object in front of it, or the members themselves");
	return -EINVAL;
}

static int join(struct join *j, char **files, unsigned nfiles)
{
	struct bu_obj out;
	int err = 0;

	for (unsigned i = 0; i < nfiles; i++) {
		int e = files[i][0] == '-' && files[i][1] == 'l' ? add_library(j, files[i] + 2) : add_file(j, files[i]);

		err = err ? err : e;
	}
	if (!err && !nfiles)
		err = usage(j, "-r", "there is no object to link");
	else if (!err && !j->nobjs)
		err = nothing_taken(j, files[0]);
	if (err)
		return err;
	bu_obj_init(&out);
	out.path = j->output;
	err = bu_obj_merge(&out, (const struct bu_obj *const *)j->objs, j->nobjs, &j->l->ds);
	if (!err)
		err = write_output(j, &out);
	bu_obj_free(&out);
	return err;
}

int ld_join(struct ld *l, int argc, char **argv)
{
	struct join j = { .l = l, .output = "a.out", .big = -1 };
	char **files = bu_arena_array(&l->arena, (size_t)argc + 1, sizeof(*files));
	unsigned nfiles = 0;
	int err = files ? options(&j, argc, argv, files, &nfiles) : -ENOMEM, status;
	bool usage_error = err == -EINVAL;

	if (!err)
		err = join(&j, files, nfiles);
	if (err == -ENOMEM)
		bu_diag(&l->ds, BU_ERROR, "U0003", "out of memory");
	status = err ? ld_fail(l, err) : BU_EXIT_OK;
	if (!err)
		ld_tell(l);
	for (unsigned i = 0; i < j.nobjs; i++)
		drop_object(j.objs[i]);
	bu_hash_free(&j.defined);
	bu_hash_free(&j.wanted);
	return usage_error || (err && !j.nobjs && !nfiles) ? BU_EXIT_USAGE : status;
}
