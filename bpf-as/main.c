/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpf-as: options, files in and out, messages. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf-as/listing.h"
#include "bpf-as/types.h"
#include "config.h"

enum {
	OPT_NONE,
	OPT_OUT,
	OPT_INC,
	OPT_DIS,
	OPT_MARCH,
	OPT_DIALECT,
	OPT_ENDIAN,
	OPT_EXPLAIN,
	OPT_COLOR,
	OPT_FORMAT,
	OPT_BTF, OPT_MAPS,
	OPT_TRACEFS,
	OPT_WARN,
	OPT_NOWARN,
	OPT_FATAL,
	OPT_COMPAT,
	OPT_CPU,
	OPT_TARGET,
	OPT_NORELAX,
	OPT_LISTING,
	OPT_DEFINE,
	OPT_DEFSYM,
	OPT_DEPS,
	OPT_DEBUG,
	OPT_HELP,
	OPT_VERSION,
	OPT_NO_BTF,
	OPT_NO_SUGAR,
	OPT_SOURCE,
};

static const struct bu_opt opts[] = {
	{ OPT_OUT, 'o', "output", "FILE", "write the object there; - is standard output",
	  BU_WORD_FILE, NULL },
	{ OPT_INC, 'I', "include-dir", "DIR", "look there for .include files too", BU_WORD_DIR, NULL },
	{ OPT_DEFINE, 'D', "define", "NAME=VALUE", "define a symbol; without =VALUE it is 1", BU_WORD_NONE, NULL },
	{ OPT_DEFSYM, 0, "defsym", "NAME=VALUE", "the same", BU_WORD_NONE, NULL },
	{ OPT_DEPS, 0, "MD", "FILE", "write a rule for make there: what the object depends on; also -MD",
	  BU_WORD_FILE, NULL },
	{ OPT_LISTING, 'a', "listing", "[LETTERS]",
	  "print a listing, or write it: -a[cdghlmns][=FILE]", BU_WORD_NONE, NULL },
	{ OPT_DEBUG, 'g', "debug", "[N]", "lines of the source in the object, the default; -g0: none",
	  BU_WORD_NONE, NULL },
	{ OPT_DIS, 'd', "disassemble", NULL, "print the object FILE as source", BU_WORD_NONE, NULL },
	{ OPT_BTF, 0, "btf", "FILE", "types of a kernel: /sys/kernel/btf/vmlinux, or an object with BTF",
	  BU_WORD_FILE, NULL },
	{ OPT_NO_BTF, 0, "no-btf", NULL, "with -d: leave out types, to be made anew from an edited text",
	  BU_WORD_NONE, NULL },
	{ OPT_NO_SUGAR, 0, "no-sugar", NULL, "with -d: instructions and bytes, nothing shorter",
	  BU_WORD_NONE, NULL },
	{ OPT_SOURCE, 0, "source", NULL, "with -d: lines of the source as comments", BU_WORD_NONE, NULL },
	{ OPT_MAPS, 0, "maps", "HOW", "how .map declares maps: btf (default), legacy or iproute2", BU_WORD_LIST,
	  "btf|legacy|iproute2" },
	{ OPT_TRACEFS, 0, "tracefs", "[DIR]",
	  "fields of the running kernel's tracepoints; DIR is where tracefs is mounted",
	  BU_WORD_DIR, NULL },
	{ OPT_MARCH, 'm', "march", "ARCH",
	  "machine of pt_regs.NAME: x86_64 (default) or arm64; also -march=ARCH", BU_WORD_LIST,
	  "x86_64|arm64" },
	{ OPT_DIALECT, 0, "mdialect", "NAME",
	  "how instructions are written, instead of finding out; also -mdialect=NAME", BU_WORD_LIST,
	  "canonical|pseudoc|gnu|normal|conformance|ubpf|rbpf" },
	{ OPT_CPU, 0, "mcpu", "VERSION",
	  "refuse what instruction set v1, v2, v3 or v4 does not have; also -mcpu=VERSION", BU_WORD_LIST,
	  "v1|v2|v3|v4" },
	{ OPT_TARGET, 0, "target", "linux-X.Y", "refuse what that release does not take", BU_WORD_NONE,
	  NULL },
	{ OPT_NORELAX, 0, "mno-relax", NULL, "refuse jumps that are too far; also -mno-relax",
	  BU_WORD_NONE, NULL },
	{ OPT_ENDIAN, 'E', "endian", "L|B", "byte order, little (default) or big; also -EL, -EB",
	  BU_WORD_LIST, "L|B" },
	{ OPT_WARN, 'W', "warn", "NAME", "switch a warning on, no-NAME: off, error[=NAME]: make it an error; "
	  "help lists them", BU_WORD_NONE, NULL },
	{ OPT_NOWARN, 'w', "no-warn", NULL, "no warnings", BU_WORD_NONE, NULL },
	{ OPT_FATAL, 0, "fatal-warnings", NULL, "warnings are errors, as -Werror", BU_WORD_NONE, NULL },
	{ OPT_COMPAT, 0, "compat", "WHOSE",
	  "where assemblers differ, do as none, llvm or gnu does; auto: by what the source looks like",
	  BU_WORD_LIST, "auto|none|llvm|gnu" },
	{ OPT_EXPLAIN, 0, "explain", "CODE", "explain a message by its code, such as A0150",
	  BU_WORD_NONE, NULL },
	{ OPT_COLOR, 0, "color", "WHEN", "auto, always or never", BU_WORD_LIST, "auto|always|never" },
	{ OPT_FORMAT, 0, "diagnostics", "FORMAT", "print messages as text, short (a line each) or json",
	  BU_WORD_LIST, "text|short|json" },
	{ OPT_HELP, 'h', "help", NULL, "print this", BU_WORD_NONE, NULL },
	{ OPT_VERSION, 'V', "version", NULL, "print the version", BU_WORD_NONE, NULL },
	{ 0, 0, NULL, NULL, NULL, BU_WORD_NONE, NULL },
};

struct args {
	const char *in, *out, *btf, *maps, *tracefs;
	const char **inc;
	unsigned ninc;
	bool dis, be;
	struct as_dis_opt disopt;
	enum as_compat compat;
	bool compat_given;
	enum bu_arch arch;
	uint32_t dialects;
	bool no_relax, no_lines;
	const char **define, *deps, *listing;
	unsigned ndefine, list;
	unsigned cpu;
	uint16_t kernel;
	enum bu_color_when color;
	enum bu_diag_format format;
	struct as_lints lints;
	const char *dir; /* where we are */
	bool wrong;      /* configure() found a mistake in these */
};

static int usage(const char *error, const char *hint)
{
	struct bu_buf b = { 0 };
	struct bu_diags ds;
	struct bu_diag *d;

	bu_diags_init(&ds);
	d = bu_diag(&ds, BU_ERROR, "U0001", "%s", error);
	bu_diag_help(&ds, d, "%s", hint && *hint ? hint : "'bpf-as --help' lists the options");
	bu_diags_render(&b, &ds, BU_DIAG_TEXT, bu_tty_color(STDERR_FILENO, BU_COLOR_AUTO), "bpf-as");
	bu_write_all(STDERR_FILENO, b.p, b.n);
	bu_buf_free(&b);
	bu_diags_free(&ds);
	return BU_EXIT_USAGE;
}

static int print(struct bu_buf *b)
{
	int err = b->failed ? -ENOMEM : bu_write_all(STDOUT_FILENO, b->p, b->n);

	bu_buf_free(b);
	if (err)
		fprintf(stderr, "bpf-as: standard output: %s\n", strerror(-err));
	return err ? BU_EXIT_IO : BU_EXIT_OK;
}

static int help(void)
{
	struct bu_buf b = { 0 };

	bu_buf_str(&b, "Usage: bpf-as [OPTION]... FILE.s\n"
		       "       bpf-as -d [OPTION]... FILE.o\n"
		       "Assembles FILE.s (- is standard input) into FILE.o in the current directory.\n\n");
	bu_opt_help(&b, opts);
	bu_buf_str(&b, "\nThe language is described in bpf-asm(7).\n");
	return print(&b);
}

static int warn_help(void)
{
	struct bu_buf b = { 0 };

	bu_buf_str(&b, "Warnings, and what each is when nothing is said:\n");
	as_lint_help(&b);
	return print(&b);
}

static int explain(const char *code)
{
	struct bu_buf b = { 0 };
	const char *title, *text = bu_diag_explain(code, &title);

	if (!text) {
		bu_buf_printf(&b, "no message has the code '%s'", code);
		usage(bu_buf_cstr(&b), "codes stand in brackets at the end of a message: [A0150]");
		bu_buf_free(&b);
		return BU_EXIT_USAGE;
	}
	bu_buf_printf(&b, "%s: %s\n\n%s\n", code, title, text);
	return print(&b);
}

static bool compat(struct args *a, const char *arg)
{
	static const char *const names[] = { "none", "llvm", "gnu" };

	a->compat_given = strcmp(arg, "auto") != 0;
	a->compat = COMPAT_NONE;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(names); i++)
		if (!strcmp(arg, names[i])) {
			a->compat = (enum as_compat)i;
			return true;
		}
	return !a->compat_given;
}

/* Reads the words; -1: go on, else the exit status. */
static int parse(struct args *a, int argc, char **argv)
{
	struct bu_optscan s;
	const char *near;
	char error[200], hint[100];
	int id, arch;

	bu_opt_start(&s, opts, argc, argv);
	while ((id = bu_opt_next(&s)) != BU_OPT_END) {
		switch (id) {
		case BU_OPT_ERROR:
			return usage(s.error, s.hint);
		case BU_OPT_OPERAND:
			if (a->in) {
				snprintf(error, sizeof(error), "one source file at a time, '%.100s' is too many",
					 s.arg);
				return usage(error, ".include joins sources");
			}
			a->in = s.arg;
			break;
		case OPT_OUT:
			a->out = s.arg;
			break;
		case OPT_INC:
			a->inc[a->ninc++] = s.arg;
			break;
		case OPT_DIS:
			a->dis = true;
			break;
		case OPT_MAPS:
			a->maps = s.arg;
			break;
		case OPT_BTF:
			a->btf = s.arg;
			break;
		case OPT_TRACEFS:
			a->tracefs = s.arg ? s.arg : "/sys/kernel/tracing";
			break;
		case OPT_DIALECT:
		dialect:
			s.arg += strncmp(s.arg, "dialect=", 8) ? 0 : 8;
			arch = bu_dialect_by_name(bu_str_c(s.arg));
			if (arch < 0) {
				snprintf(error, sizeof(error), "unknown dialect '%.100s'", s.arg);
				return usage(error, "canonical, pseudoc, gnu (or normal), conformance, ubpf or rbpf");
			}
			a->dialects = 1u << arch;
			break;
		case OPT_NO_BTF:
			a->disopt.no_btf = true;
			break;
		case OPT_NO_SUGAR:
			a->disopt.raw = true;
			break;
		case OPT_SOURCE:
			a->disopt.source = true;
			break;
		case OPT_MARCH:
			if (!strncmp(s.arg, "dialect=", 8))
				goto dialect;
			if (!strncmp(s.arg, "cpu=", 4) || !strncmp(s.arg, "isa-spec=", 9)) {
				s.arg = strchr(s.arg, '=') + 1;
				goto cpu;
			}
			if (!strcmp(s.arg, "no-relax") || !strcmp(s.arg, "relax")) {
				a->no_relax = s.arg[0] == 'n';
				break;
			}
			arch = bu_arch_by_name(bu_str_c(strncmp(s.arg, "arch=", 5) ? s.arg : s.arg + 5));
			if (arch < 0) {
				snprintf(error, sizeof(error), "unknown architecture '%.100s'", s.arg);
				return usage(error, "x86_64 or arm64");
			}
			a->arch = (enum bu_arch)arch;
			break;
		case OPT_DEFINE:
		case OPT_DEFSYM:
			if (!as_define_ok(s.arg, &(size_t){ 0 }, &(int64_t){ 0 })) {
				snprintf(error, sizeof(error), "'%.100s' is not NAME=NUMBER", s.arg);
				return usage(error, NULL);
			}
			a->define[a->ndefine++] = s.arg;
			break;
		case OPT_DEPS:
			a->deps = s.arg;
			break;
		case OPT_LISTING:
			a->listing = s.arg ? strchr(s.arg, '=') : NULL;
			if (as_listing_parse(s.arg ? s.arg : "", s.arg ? a->listing ? (size_t)(a->listing - s.arg)
						   : strlen(s.arg) : 0, &a->list)) {
				snprintf(error, sizeof(error), "unknown listing '%.100s'", s.arg);
				return usage(error, "-a is followed by letters of cdghlmns, then by =FILE");
			}
			a->listing += a->listing != NULL;
			break;
		case OPT_DEBUG:
			a->no_lines = s.arg && !strcmp(s.arg, "0");
			break;
		case OPT_NORELAX:
			a->no_relax = true;
			break;
		case OPT_CPU:
		cpu:
			a->cpu = as_cpu_by_name(s.arg);
			if (!a->cpu) {
				snprintf(error, sizeof(error), "unknown instruction set '%.100s'", s.arg);
				return usage(error, "v1, v2, v3 or v4");
			}
			break;
		case OPT_TARGET:
			a->kernel = as_kernel_by_name(s.arg);
			if (!a->kernel) {
				snprintf(error, sizeof(error), "unknown target '%.100s'", s.arg);
				return usage(error, "a release of Linux, such as linux-6.1");
			}
			break;
		case OPT_ENDIAN:
			if (strcmp(s.arg, "L") && strcmp(s.arg, "B")) {
				snprintf(error, sizeof(error), "unknown byte order '%.100s'", s.arg);
				return usage(error, "-EL is little endian, -EB is big endian");
			}
			a->be = s.arg[0] == 'B';
			break;
		case OPT_WARN:
			if (!strcmp(s.arg, "help"))
				return warn_help();
			if (as_lint_option(&a->lints, s.arg, &near)) {
				snprintf(error, sizeof(error), "no warning is called '%.100s'", s.arg);
				snprintf(hint, sizeof(hint), near ? "did you mean '%s'?" : "-Whelp lists them", near);
				return usage(error, hint);
			}
			break;
		case OPT_NOWARN:
			a->lints.none = true;
			break;
		case OPT_FATAL:
			a->lints.fatal = true;
			break;
		case OPT_COMPAT:
			if (!compat(a, s.arg)) {
				snprintf(error, sizeof(error),
					 "--compat is auto, none, llvm or gnu, not '%.100s'", s.arg);
				return usage(error, NULL);
			}
			break;
		case OPT_EXPLAIN:
			return explain(s.arg);
		case OPT_COLOR:
			if (bu_tty_color_parse(s.arg, &a->color)) {
				snprintf(error, sizeof(error), "--color is auto, always or never, not '%.100s'",
					 s.arg);
				return usage(error, NULL);
			}
			break;
		case OPT_FORMAT:
			if (!strcmp(s.arg, "text"))
				a->format = BU_DIAG_TEXT;
			else if (!strcmp(s.arg, "short"))
				a->format = BU_DIAG_SHORT;
			else if (!strcmp(s.arg, "json"))
				a->format = BU_DIAG_JSON;
			else {
				snprintf(error, sizeof(error),
					 "--diagnostics is text, short or json, not '%.100s'", s.arg);
				return usage(error, NULL);
			}
			break;
		case OPT_HELP:
			return help();
		case OPT_VERSION:
			return printf("bpf-as (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION) < 0 || fflush(stdout)
				       ? BU_EXIT_IO : BU_EXIT_OK;
		}
	}
	if (!a->in && as_called_as(argv[0]))
		a->in = "-";
	if (!a->in)
		return usage("no source file is given", NULL);
	return -1;
}

/* x.o for dir/x.s, a.out for standard input. */
static char *default_out(const char *in)
{
	const char *base = strrchr(in, '/'), *dot;
	char *out = NULL;

	base = base ? base + 1 : in;
	if (!strcmp(in, "-"))
		return strdup("a.out");
	dot = strrchr(base, '.');
	if (!dot || dot == base || (strcmp(dot, ".s") && strcmp(dot, ".S") && strcmp(dot, ".asm")))
		dot = base + strlen(base);
	if (asprintf(&out, "%.*s.o", (int)(dot - base), base) < 0)
		return NULL;
	return out;
}

/* Copies a memory file, which libelf can seek in, to what it cannot: a pipe, a device. */
static int copy_out(int fd, int to)
{
	off_t size = lseek(fd, 0, SEEK_END);
	void *p;
	int err;

	if (size <= 0)
		return size ? -errno : 0;
	p = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	err = bu_write_all(to, p, (size_t)size);
	munmap(p, (size_t)size);
	return err;
}

/* An object over its own source is a slip: 'bpf-as -o x.s x.s'. */
static bool same_file(const char *in, const char *out)
{
	struct stat a, b;

	return strcmp(in, "-") && strcmp(out, "-") && stat(in, &a) == 0 && stat(out, &b) == 0 &&
	       S_ISREG(a.st_mode) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int write_object(const struct bu_obj *o, const char *path)
{
	struct bu_outfile f;
	int err, fd;

	err = bu_outfile_open(&f, path);
	if (err)
		return err;
	if (f.tmp) {
		err = bu_obj_write(o, f.fd);
	} else {
		fd = memfd_create("bpf-as", MFD_CLOEXEC);
		err = fd < 0 ? -errno : bu_obj_write(o, fd);
		if (!err)
			err = copy_out(fd, f.fd);
		if (fd >= 0)
			close(fd);
	}
	if (err)
		bu_outfile_abort(&f);
	else
		err = bu_outfile_commit(&f);
	return err;
}

/* The options of a pass over the source. 0, or -EINVAL: told. */
static int configure(struct as *as, void *ctx)
{
	struct args *a = ctx;

	as->be = a->be;
	as->arch = a->arch;
	as->dialects = a->dialects;
	as->incdirs = a->inc;
	as->nincdirs = a->ninc;
	as->may_relax = !a->no_relax;
	as->cpu = a->cpu;
	as->kernel = a->kernel;
	as->no_line_info = a->no_lines;
	as->defines = a->define;
	as->ndefines = a->ndefine;
	as->want_listing = a->list != 0;
	as->lints = a->lints;
	as->compat = a->compat;
	as->compat_given = a->compat_given;
	as->comp_dir = a->dir;
	if (a->maps && as_map_mode(as, bu_str_c(a->maps))) {
		bu_diag(as->ds, BU_ERROR, "U0001", "unknown way to declare maps '%s': btf, legacy or iproute2",
			a->maps);
		a->wrong = true;
		return -EINVAL;
	}
	as->tracefs = a->tracefs;
	as->run_cc = true;
	return a->btf ? as_types_file(as, a->btf) : 0;
}

/* Writes text beside what it replaces; 0 or -errno, told. */
static int write_text(const struct bu_buf *b, const char *path, struct bu_diags *ds)
{
	struct bu_outfile f;
	int err = b->failed ? -ENOMEM : bu_outfile_open(&f, path);

	if (!err) {
		err = bu_write_all(f.fd, b->p, b->n);
		if (err)
			bu_outfile_abort(&f);
		else
			err = bu_outfile_commit(&f);
	}
	if (err)
		bu_diag(ds, BU_ERROR, "U0002", "cannot write '%s': %s", strcmp(path, "-") ? path : "<stdout>",
			strerror(-err));
	return err;
}

/* The listing and the rule for make. */
static int write_rest(const struct as *as, const struct args *a, const char *out, struct bu_diags *ds)
{
	struct bu_buf b = { 0 };
	int err = 0;

	if (a->list) {
		as_listing_print(as, a->list, PACKAGE_NAME " " PACKAGE_VERSION, &b);
		err = write_text(&b, a->listing ? a->listing : "-", ds);
	}
	if (a->deps && !err) {
		bu_buf_reset(&b);
		as_deps(as, out, &b);
		err = write_text(&b, a->deps, ds);
	}
	bu_buf_free(&b);
	return err;
}

static int assemble(struct args *a, const char *out, struct bu_diags *ds)
{
	char *dir = getcwd(NULL, 0);
	struct as_relax *relax;
	struct bu_obj o;
	struct as as;
	int err;

	a->dir = dir;
	err = as_assemble_all(&as, ds, a->in, &o, configure, a, &relax);
	if (err && !ds->errors)
		bu_diag(ds, BU_ERROR, "U0003", "out of memory");
	if (!err) {
		err = write_object(&o, out);
		if (err)
			bu_diag(ds, BU_ERROR, "U0002", "cannot write '%s': %s", out, strerror(-err));
		else
			err = write_rest(&as, a, out, ds);
		err = err ? BU_EXIT_IO : 0;
	} else {
		err = a->wrong ? BU_EXIT_USAGE : as.nfiles ? BU_EXIT_FAIL : BU_EXIT_IO;
	}
	as_free(&as);
	bu_obj_free(&o);
	free(dir);
	as_relax_free(relax);
	return err;
}

/* Where the text of -d goes: opened when there is some. */
struct dis_out {
	const char *path;
	struct bu_outfile f;
	bool open;
	int err;
};

static int take_text(void *ctx, const void *p, size_t n)
{
	struct dis_out *o = ctx;

	if (!o->open && !o->err) {
		o->err = bu_outfile_open(&o->f, o->path);
		o->open = !o->err;
	}
	if (!o->err)
		o->err = bu_write_all(o->f.fd, p, n);
	return o->err;
}

static int disassemble(const struct args *a, const char *out, struct bu_diags *ds)
{
	struct as_dis_opt opt = a->disopt;
	struct dis_out o = { .path = out };
	struct bu_buf b = { 0 };
	int err;

	opt.write = take_text;
	opt.ctx = &o;
	err = as_dis(a->in, &opt, ds, &b);
	if (!err)
		err = take_text(&o, b.p, b.n);
	bu_buf_free(&b);
	if (o.open && !err) {
		o.err = err = bu_outfile_commit(&o.f);
	} else if (o.open) {
		bu_outfile_abort(&o.f);
	}
	if (!err)
		return BU_EXIT_OK;
	if (o.err)
		bu_diag(ds, BU_ERROR, "U0002", "cannot write '%s': %s", strcmp(out, "-") ? out : "<stdout>",
			strerror(-o.err));
	else if (!ds->errors)
		bu_diag(ds, BU_ERROR, "U0002", "cannot read '%s': %s", a->in, strerror(-err));
	return !o.err && (err == -EINVAL || err == -ENOEXEC) ? BU_EXIT_FAIL : BU_EXIT_IO;
}

/*
 * What had to wait for the end was told at the end; a reader wants the order of the lines. Messages
 * of several files stay as they came.
 */
static void sort_messages(struct bu_diags *ds)
{
	struct bu_diag *sorted = NULL, *d, *next, **at;

	for (d = ds->first; d; d = d->next)
		if (!d->nspans || strcmp(d->span[0].file, ds->first->span[0].file))
			return;
	for (d = ds->first; d; d = next) {
		next = d->next;
		for (at = &sorted; *at && ((*at)->span[0].line < d->span[0].line ||
					   ((*at)->span[0].line == d->span[0].line &&
					    (*at)->span[0].col <= d->span[0].col));)
			at = &(*at)->next;
		d->next = *at;
		*at = d;
	}
	ds->first = sorted;
	for (d = sorted; d; d = d->next)
		ds->last = d;
}

int main(int argc, char **argv)
{
	struct args a = { .arch = BU_ARCH_X86_64, .dialects = BU_DIALECTS_ALL };
	struct bu_buf msgs = { 0 };
	struct bu_diags ds;
	char *out = NULL, **words;
	int status;

	bu_std_fds();
	if (argc > 1 && !strcmp(argv[1], "--complete")) {
		int from = argc > 2 && !strcmp(argv[2], "--") ? 3 : 2;

		bu_opt_complete(&msgs, opts, NULL, argc - from, argv + from, NULL);
		return print(&msgs);
	}
	words = calloc((size_t)argc + 1, sizeof(*words));
	if (!words)
		return BU_EXIT_IO;
	argc = as_gas_options(argc, argv, words);
	argv = as_args_rewrite(argc, words);
	a.inc = calloc((size_t)argc, sizeof(*a.inc));
	a.define = calloc((size_t)argc, sizeof(*a.define));
	status = argv && a.inc && a.define ? parse(&a, argc, argv) : BU_EXIT_IO;
	if (status >= 0) {
		free(a.inc);
		free(words);
		free(a.define);
		as_args_free(argv);
		return status;
	}
	bu_diags_init(&ds);
	ds.max_errors = 20;
	out = a.out ? strdup(a.out) : a.dis ? strdup("-") : default_out(a.in);
	if (!out) {
		status = BU_EXIT_IO;
	} else if (same_file(a.in, out)) {
		bu_diag(&ds, BU_ERROR, "U0002", "'%s' is read and would be overwritten", a.in);
		status = BU_EXIT_IO;
	} else {
		status = a.dis ? disassemble(&a, out, &ds) : assemble(&a, out, &ds);
	}
	sort_messages(&ds);
	bu_diags_render(&msgs, &ds, a.format, bu_tty_color(STDERR_FILENO, a.color), "bpf-as");
	bu_write_all(STDERR_FILENO, msgs.p, msgs.n);
	bu_buf_free(&msgs);
	bu_diags_free(&ds);
	free(out);
	free(a.inc);
	free(words);
	free(a.define);
	as_args_free(argv);
	return status;
}
