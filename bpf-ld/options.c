// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "ld.h"
#include "vm/vm.h"

enum {
	OPT_ATTACH = 1, OPT_VIA, OPT_SET, OPT_MAP_FROM, OPT_MAP, OPT_KCONFIG, OPT_WATCH, OPT_FOR, OPT_READY, OPT_PIN,
	OPT_RECORD, OPT_RECORD_PID, OPT_MARK_FD, OPT_REPLAY, OPT_UNTIL,
	OPT_HELPER, OPT_CLOCK, OPT_SEED, OPT_CPU, OPT_PID, OPT_COMM, OPT_ENV,
	OPT_TYPE, OPT_ONLY, OPT_KEEP_GOING, OPT_BTF,
	OPT_PIN_ROOT, OPT_UNLOAD,
	OPT_NO_ATTACH, OPT_DRY, OPT_VERBOSE, OPT_JSON, OPT_BACKEND, OPT_VM, OPT_COLOR, OPT_EXPLAIN,
	OPT_JOIN, OPT_OUT, OPT_EVENT_TYPE, OPT_NO_EVENTS, OPT_PRINTK, OPT_DETACH, OPT_REPLACE, OPT_HELP, OPT_VERSION,
};

static const struct bu_opt options[] = {
	{ OPT_ATTACH, 'a', "attach", "TYPE:TARGET[=PROGRAM]",
	  "attach PROGRAM to TARGET, and load only what is attached so", BU_WORD_DYNAMIC, NULL },
	{ OPT_VIA, 0, "attach-via", "WAY", "how: auto, link, ioctl, netlink or tracefs", BU_WORD_LIST,
	  "auto|link|ioctl|netlink|tracefs" },
	{ OPT_SET, 's', "set", "MAP[KEY]=VALUE",
	  "put an element into a map; or MAP.max_entries=N, VARIABLE=VALUE, VAR.MEMBER=VALUE", BU_WORD_NONE, NULL },
	{ OPT_MAP_FROM, 0, "map-from", "MAP=FILE", "fill a map from lines \"KEY VALUE\"",
	  BU_WORD_FILE, NULL },
	{ OPT_MAP, 'm', "map", "NAME=PATH|id:N", "use an existing map (NAME: a map, or a local id)",
	  BU_WORD_FILE, NULL },
	{ OPT_KCONFIG, 0, "kconfig", "FILE", "take the kernel's configuration from FILE", BU_WORD_FILE, NULL },
	{ OPT_WATCH, 'w', "watch", "MAP[=INTERVAL]", "print a map as it lives, every second",
	  BU_WORD_NONE, NULL },
	{ OPT_EVENT_TYPE, 'e', "event-type", "TYPE|MAP=TYPE", "the type of what programs send through ring buffers",
	  BU_WORD_NONE, NULL },
	{ OPT_NO_EVENTS, 0, "no-events", NULL, "do not read ring buffers and perf buffers", BU_WORD_NONE, NULL },
	{ OPT_PRINTK, 0, "printk", NULL, "print what programs say by bpf_trace_printk", BU_WORD_NONE, NULL },
	{ OPT_FOR, 'f', "for", "DURATION", "stay attached that long: 500ms, 10s, 2m", BU_WORD_NONE,
	  NULL },
	{ OPT_READY, 0, "ready-fd", "N", "write the line \"attached\" to fd N when it is so",
	  BU_WORD_NONE, NULL },
	{ OPT_PIN, 'p', "pin", "DIR", "keep maps, programs and links in DIR (under /sys/fs/bpf)",
	  BU_WORD_DIR, NULL },
	{ OPT_REPLACE, 0, "replace", NULL, "with --pin: take the place of what is pinned there, without a gap",
	  BU_WORD_NONE, NULL },
	{ OPT_DETACH, 0, "detach", "PIN", "take away a pinned link; the same as --unload of it", BU_WORD_FILE, NULL },
	{ OPT_UNLOAD, 0, "unload", "DIR|PIN", "take away what --pin left there, links first", BU_WORD_DIR, NULL },
	{ OPT_PIN_ROOT, 0, "pin-root", "DIR", "where maps are shared by name (/sys/fs/bpf)", BU_WORD_DIR, NULL },
	{ OPT_RECORD, 0, "record", "FILE", "write what the programs are called with to FILE",
	  BU_WORD_FILE, NULL },
	{ OPT_RECORD_PID, 0, "record-pid", "PID", "record the events of that process only",
	  BU_WORD_NONE, NULL },
	{ OPT_MARK_FD, 0, "mark-fd", "N", "each line read from fd N is a mark in the recording",
	  BU_WORD_NONE, NULL },
	{ OPT_REPLAY, 0, "replay", "FILE", "feed a recording to the programs, in the VM", BU_WORD_FILE,
	  NULL },
	{ OPT_UNTIL, 0, "until", "MARK", "replay up to that mark", BU_WORD_NONE, NULL },
	{ OPT_HELPER, 0, "helper", "NAME=VALUE", "in the VM: what a helper gives, instead of its work", BU_WORD_NONE, NULL },
	{ OPT_CLOCK, 0, "clock", "real|fixed:NS|step:NS", "in the VM: the time that helpers tell", BU_WORD_NONE, NULL },
	{ OPT_SEED, 0, "seed", "N", "in the VM: what numbers of chance begin with", BU_WORD_NONE, NULL },
	{ OPT_CPU, 0, "cpu", "N", "in the VM: the processor that programs run on", BU_WORD_NONE, NULL },
	{ OPT_PID, 0, "pid", "PID", "in the VM: the process that helpers tell", BU_WORD_NONE, NULL },
	{ OPT_COMM, 0, "comm", "TEXT", "in the VM: its command", BU_WORD_NONE, NULL },
	{ OPT_ENV, 0, "env", "NAME=VALUE", "in the VM: sockets, routes, stacks, control groups that helpers find", BU_WORD_NONE,
	  NULL },
	{ OPT_TYPE, 't', "type", "TYPE|PROGRAM=TYPE",
	  "what type a program, or all, is of, whatever its section says", BU_WORD_DYNAMIC, NULL },
	{ OPT_ONLY, 0, "only", "PROGRAM", "load this program only (repeatable)", BU_WORD_NONE, NULL },
	{ OPT_KEEP_GOING, 'k', "keep-going", NULL, "load what can be loaded, and tell of each program",
	  BU_WORD_NONE, NULL },
	{ OPT_BTF, 0, "btf", "FILE", "adjust programs to the types in FILE, not to the kernel's (CO-RE)",
	  BU_WORD_FILE, NULL },
	{ OPT_NO_ATTACH, 0, "no-attach", NULL, "only load, and tell what was made", BU_WORD_NONE,
	  NULL },
	{ OPT_DRY, 'n', "dry-run", NULL, "print the plan, make nothing", BU_WORD_NONE, NULL },
	{ OPT_JOIN, 'r', "relocatable", NULL, "link objects into one object, without loading", BU_WORD_NONE, NULL },
	{ OPT_OUT, 'o', "output", "FILE", "with -r: write the object there", BU_WORD_FILE, NULL },
	{ OPT_VERBOSE, 'v', "verbose", NULL, "show the verifier's words; twice: all of them",
	  BU_WORD_NONE, NULL },
	{ OPT_JSON, 'j', "json", NULL, "results and errors as JSON", BU_WORD_NONE, NULL },
	{ OPT_BACKEND, 0, "backend", "NAME", "auto, kernel or vm", BU_WORD_LIST, "auto|kernel|vm" },
	{ OPT_VM, 0, "vm", NULL, "the same as --backend=vm", BU_WORD_NONE, NULL },
	{ OPT_COLOR, 0, "color", "[WHEN]", "auto, always or never", BU_WORD_LIST,
	  "auto|always|never" },
	{ OPT_EXPLAIN, 0, "explain", "CODE", "tell more about the code of a message", BU_WORD_NONE,
	  NULL },
	{ OPT_HELP, 'h', "help", NULL, "show this text", BU_WORD_NONE, NULL },
	{ OPT_VERSION, 'V', "version", NULL, "show the version", BU_WORD_NONE, NULL },
	{ 0, 0, NULL, NULL, NULL, BU_WORD_NONE, NULL },
};

static int print(struct ld *l, const char *s)
{
	l->out_err = bu_write_all(STDOUT_FILENO, s, strlen(s));
	return l->out_err ? ld_no_output(l) : BU_EXIT_OK;
}

static int help(struct ld *l)
{
	struct bu_buf b = { 0 };
	size_t width = 0;
	int rc;

	bu_buf_str(&b, "Usage: bpf-ld [OPTION]... OBJECT [-- COMMAND [ARG]...]\n"
		       "       bpf-ld --unload DIR|PIN\n"
		       "Loads the programs of a BPF object, attaches them and stays until Ctrl-C,\n"
		       "the end of --for or the end of COMMAND.\n\n");
	bu_opt_help(&b, options);
	for (int h = BU_HOOK_NONE + 1; h < BU_NHOOKS; h++) {
		const char *name = bu_hook_name(h), *sep = h == BU_HOOK_NONE + 1 ? "\nTYPE: " : ", ";

		width = h == BU_HOOK_NONE + 1 ? 6 : width + 2;
		if (width + strlen(name) > 78) {
			sep = ",\n      ";
			width = 6;
		}
		bu_buf_printf(&b, "%s%s", sep, name);
		width += strlen(name);
	}
	bu_buf_str(&b, ".\nSee bpf-ld(1).\n");
	rc = print(l, bu_buf_cstr(&b));
	bu_buf_free(&b);
	return rc;
}

static int version(struct ld *l)
{
	return print(l, l->json ? "{\"name\":\"bpf-ld\",\"version\":\"" PACKAGE_VERSION "\"}\n"
			  : "bpf-ld (bpfutils) " PACKAGE_VERSION "\n");
}

static void complete_word(struct bu_buf *out, const struct bu_opt *opt, const struct bu_cmd *cmd,
			    int nwords, char **words)
{
	(void)cmd;
	if (opt && opt->id == OPT_ATTACH)
		ld_complete_attach(out, nwords ? words[nwords - 1] : "");
	if (opt && opt->id == OPT_TYPE) {
		for (unsigned i = 0; i < bu_nsecdefs; i++)
			bu_buf_printf(out, "%s\n", bu_secdefs[i].prefix);
		for (unsigned i = 1; i < bu_nprog_types; i++)
			if (bu_secdef_named(bu_str_c(bu_prog_types[i].name)) &&
			    !bu_secdef_find(bu_str_c(bu_prog_types[i].name), NULL))
				bu_buf_printf(out, "%s\n", bu_prog_types[i].name);
	}
}

static int complete(struct ld *l, int argc, char **argv)
{
	struct bu_buf b = { 0 };
	int at = 2, rc;

	if (at < argc && strcmp(argv[at], "--") == 0)
		at++;
	bu_opt_complete(&b, options, NULL, argc - at, argv + at, complete_word);
	rc = print(l, bu_buf_cstr(&b));
	bu_buf_free(&b);
	return rc;
}

static int explain(struct ld *l, const char *code)
{
	const char *title, *text = bu_diag_explain(code, &title);
	struct bu_buf b = { 0 }, more = { 0 };
	int rc;

	if (!text && (title = bu_vreason_explain(code, &more)))
		text = bu_buf_cstr(&more);
	if (!text) {
		bu_diag(&l->ds, BU_ERROR, "U0001", "--explain: there is no code \"%s\"", code);
		ld_fail(l, -EINVAL);
		return BU_EXIT_USAGE;
	}
	bu_buf_printf(&b, "%s: %s\n\n%s%s", code, title, text, more.n ? "" : "\n");
	rc = print(l, bu_buf_cstr(&b));
	bu_buf_free(&more);
	bu_buf_free(&b);
	return rc;
}

/* ---------------------------------------------------------------- words */

/* hint: a did-you-mean, or NULL: a second line is enough of both. */
static int usage_hint(struct ld *l, const char *text, const char *hint)
{
	struct bu_diag *d = bu_diag(&l->ds, BU_ERROR, "U0001", "%s", text);

	bu_diag_help(&l->ds, d, "%s", hint && hint[0] ? hint : "see bpf-ld --help");
	return -EINVAL;
}

static int usage(struct ld *l, const char *fmt, ...) BU_PRINTF(2, 3);
static int usage(struct ld *l, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = bu_arena_vprintf(&l->arena, fmt, ap);
	va_end(ap);
	return usage_hint(l, text ? text : "out of memory", NULL);
}

/* What the VM's runs are told: NAME=VALUE by --env, or an option of that name. Whether it makes sense the VM says. */
static int say_option(struct ld *l, const char *name, const char *arg)
{
	const char *eq = strchr(arg, '=');
	struct ld_say s = { name ? name : "env", name, arg };

	if (!name) {
		if (!eq || eq == arg)
			return usage(l, "--env: \"%s\" is not NAME=VALUE", arg);
		s.name = bu_arena_strndup(&l->arena, arg, (size_t)(eq - arg));
		s.value = eq + 1;
	}
	l->says = bu_arena_grow(&l->arena, l->says, l->nsays, &l->capsays, sizeof(s));
	if (!l->says || !s.name)
		return -ENOMEM;
	l->says[l->nsays++] = s;
	return 0;
}

int ld_say(struct ld *l)
{
	char why[160];
	int err = 0;

	if (l->nsays && !bu_vm_is(l->sys))
		return usage(l, "--%s is for the VM: add --vm or --replay", l->says[0].option);
	for (unsigned i = 0; i < l->nsays && !err; i++) {
		err = bu_vm_set(l->sys, l->says[i].name, l->says[i].value, why);
		if (err)
			usage(l, "--%s: \"%s%s%s\" %s", l->says[i].option,
			      strcmp(l->says[i].option, l->says[i].name) ? l->says[i].name : "",
			      strcmp(l->says[i].option, l->says[i].name) ? "=" : "", l->says[i].value, why);
	}
	return err;
}

static int watch_option(struct ld *l, const char *arg)
{
	const char *eq = strrchr(arg, '=');
	struct ld_watch w = { .map = arg, .interval = 1000000000ull };

	if (eq && (bu_str_duration(bu_str_c(eq + 1), &w.interval) || !w.interval))
		return usage(l, "--watch %s: \"%s\" is not a duration such as 500ms or 2s", arg,
			     eq + 1);
	if (eq)
		w.map = bu_arena_strndup(&l->arena, arg, (size_t)(eq - arg));
	if (!w.map || !w.map[0])
		return usage(l, "--watch needs the name of a map");
	l->watch = bu_arena_grow(&l->arena, l->watch, l->nwatch, &l->capwatch, sizeof(w));
	l->want = bu_arena_grow(&l->arena, l->want, l->load.nwant, &l->capwant, sizeof(*l->want));
	if (!l->watch || !l->want)
		return -ENOMEM;
	l->watch[l->nwatch++] = w;
	l->want[l->load.nwant++] = w.map;
	return 0;
}

static int set_option(struct ld *l, const char *arg, bool file)
{
	struct bu_set w;
	int err = file ? bu_set_parse_file(&w, arg, &l->arena, &l->ds)
		       : bu_set_parse(&w, arg, &l->arena, &l->ds);

	if (err)
		return err;
	l->sets = bu_arena_grow(&l->arena, l->sets, l->load.nsets, &l->capsets, sizeof(w));
	if (!l->sets)
		return -ENOMEM;
	l->sets[l->load.nsets++] = w;
	return 0;
}

static int attach_option(struct ld *l, const char *arg)
{
	struct bu_attach_req r;
	int err = bu_attach_req_parse(&r, arg, &l->arena, &l->ds);

	if (err)
		return err;
	l->attaches = bu_arena_grow(&l->arena, l->attaches, l->load.nattaches, &l->capattaches,
				    sizeof(r));
	if (!l->attaches)
		return -ENOMEM;
	l->attaches[l->load.nattaches++] = r;
	return 0;
}

static int type_option(struct ld *l, const char *arg)
{
	struct bu_type_req r;
	int err = bu_type_req_parse(&r, arg, &l->arena, &l->ds);

	if (err)
		return err;
	l->types = bu_arena_grow(&l->arena, l->types, l->ntypes, &l->captypes, sizeof(r));
	if (!l->types)
		return -ENOMEM;
	l->types[l->ntypes++] = r;
	return 0;
}

static int only_option(struct ld *l, const char *arg)
{
	if (!arg[0])
		return usage(l, "--only needs the name of a program");
	l->only = bu_arena_grow(&l->arena, l->only, l->load.nonly, &l->caponly, sizeof(*l->only));
	if (!l->only)
		return -ENOMEM;
	l->only[l->load.nonly++] = arg;
	return 0;
}

static int map_option(struct ld *l, const char *arg)
{
	struct bu_map_from m;
	int err = bu_map_from_parse(&m, arg, &l->arena, &l->ds);

	if (err)
		return err;
	l->maps = bu_arena_grow(&l->arena, l->maps, l->load.nmaps, &l->capmaps, sizeof(m));
	if (!l->maps)
		return -ENOMEM;
	l->maps[l->load.nmaps++] = m;
	return 0;
}

static int via_option(struct ld *l, const char *arg)
{
	static const char *const ways[] = { [BU_VIA_AUTO] = "auto", [BU_VIA_LINK] = "link",
					    [BU_VIA_IOCTL] = "ioctl",
					    [BU_VIA_NETLINK] = "netlink",
					    [BU_VIA_TRACEFS] = "tracefs" };

	for (unsigned i = 0; i < BU_ARRAY_SIZE(ways); i++) {
		if (strcmp(ways[i], arg) == 0) {
			l->load.via = (enum bu_attach_via)i;
			return 0;
		}
	}
	return usage(l, "--attach-via: \"%s\" is none of auto, link, ioctl, netlink, tracefs", arg);
}

static int fd_option(struct ld *l, const char *option, const char *arg, int *fd)
{
	uint64_t n;

	if (bu_str_u64(bu_str_c(arg), &n, NULL) || n > INT32_MAX || fcntl((int)n, F_GETFD) < 0)
		return usage(l, "%s: \"%s\" is not an open file descriptor", option, arg);
	*fd = (int)n;
	return 0;
}

static int pid_option(struct ld *l, const char *arg)
{
	uint64_t n;

	if (bu_str_u64(bu_str_c(arg), &n, NULL) || !n || n > INT32_MAX)
		return usage(l, "--record-pid: \"%s\" is not the number of a process", arg);
	l->record_pid = (uint32_t)n;
	return 0;
}

static int take(struct ld *l, int id, const char *arg)
{
	int err;

	switch (id) {
	case OPT_ATTACH:
		return attach_option(l, arg);
	case OPT_VIA:
		return via_option(l, arg);
	case OPT_SET:
		return set_option(l, arg, false);
	case OPT_MAP_FROM:
		return set_option(l, arg, true);
	case OPT_MAP:
		return map_option(l, arg);
	case OPT_KCONFIG:
		l->load.kconfig = arg;
		return 0;
	case OPT_WATCH:
		return watch_option(l, arg);
	case OPT_FOR:
		l->limited = true;
		if (bu_str_duration(bu_str_c(arg), &l->limit))
			return usage(l, "--for: \"%s\" is not a duration such as 500ms or 2s", arg);
		return 0;
	case OPT_READY:
		return fd_option(l, "--ready-fd", arg, &l->ready_fd);
	case OPT_RECORD:
		l->record = arg;
		return 0;
	case OPT_RECORD_PID:
		return pid_option(l, arg);
	case OPT_MARK_FD:
		return fd_option(l, "--mark-fd", arg, &l->mark_fd);
	case OPT_REPLAY:
		l->replay = arg;
		return 0;
	case OPT_UNTIL:
		l->until = arg;
		return 0;
	case OPT_HELPER:
		return say_option(l, "helper", arg);
	case OPT_CLOCK:
		return say_option(l, "clock", arg);
	case OPT_SEED:
		return say_option(l, "seed", arg);
	case OPT_CPU:
		return say_option(l, "cpu", arg);
	case OPT_PID:
		return say_option(l, "pid", arg);
	case OPT_COMM:
		return say_option(l, "comm", arg);
	case OPT_ENV:
		return say_option(l, NULL, arg);
	case OPT_PIN:
		l->load.pin_dir = arg;
		return arg[0] ? 0 : usage(l, "--pin needs a directory");
	case OPT_TYPE:
		return type_option(l, arg);
	case OPT_ONLY:
		return only_option(l, arg);
	case OPT_KEEP_GOING:
		l->load.keep_going = true;
		return 0;
	case OPT_BTF:
		l->load.btf = arg;
		return 0;
	case OPT_PRINTK:
		l->printk = true;
		return 0;
	case OPT_DETACH:
	case OPT_UNLOAD:
		l->unload = arg;
		l->unload_word = id == OPT_DETACH ? "--detach" : "--unload";
		return arg[0] ? 0 : usage(l, "%s needs a %s", l->unload_word, id == OPT_DETACH ? "pin" : "directory or a pin");
	case OPT_PIN_ROOT:
		l->load.pin_root = arg;
		return arg[0] ? 0 : usage(l, "--pin-root needs a directory");
	case OPT_NO_ATTACH:
		l->load.no_attach = true;
		return 0;
	case OPT_DRY:
		l->dry_run = true;
		return 0;
	case OPT_EVENT_TYPE:
		err = ld_event_type_parse(l, arg);
		return err == -EINVAL ? usage(l, "--event-type: \"%s\" is not TYPE or MAP=TYPE", arg) : err;
	case OPT_REPLACE:
		l->load.replace = true;
		return 0;
	case OPT_NO_EVENTS:
		l->no_events = true;
		return 0;
	case OPT_JOIN: /* join.c reads such a command line */
	case OPT_OUT:
		return usage(l, "--output goes with -r only");
	case OPT_VERBOSE:
		l->verbose++;
		return 0;
	case OPT_JSON:
		return 0; /* read before, so that each message obeys it */
	case OPT_BACKEND:
		l->backend_given = true;
		return bu_backend_parse(arg, &l->backend)
			       ? usage(l, "--backend: \"%s\" is none of auto, kernel, vm", arg) : 0;
	case OPT_VM:
		l->backend_given = true;
		l->backend = BU_BACKEND_VM;
		return 0;
	case OPT_COLOR:
		return bu_tty_color_parse(arg ? arg : "always", &l->color)
			       ? usage(l, "--color: \"%s\" is none of auto, always, never", arg) : 0;
	}
	return -EINVAL;
}

static int operand(struct ld *l, struct bu_optscan *s)
{
	if (!l->object && !s->dashdash) {
		l->object = s->arg;
		return 0;
	}
	if (!s->dashdash) {
		usage(l, "there is one object too many: %s", s->arg);
		return -EINVAL;
	}
	/* The rest is the command, whatever it looks like. */
	l->command = &s->argv[s->i - 1];
	return 1;
}

/* What cannot be had together, and what is missing. */
static int check(struct ld *l, bool no_command)
{
	if (l->unload && (l->object || l->load.pin_dir || l->load.nattaches || l->replay || l->record))
		return usage(l, "%s takes away: it goes with no object, and none of the options of loading", l->unload_word);
	if (l->unload)
		return 0;
	if (!l->object)
		return usage(l, "there is no object to load");
	if (l->load.no_attach && (l->limited || l->command || l->nwatch || l->ready_fd >= 0))
		return usage(l, "--no-attach does not stay: it goes with none of --for, --watch, "
			     "--ready-fd and COMMAND");
	if (l->load.replace && !l->load.pin_dir)
		return usage(l, "--replace needs --pin");
	if (l->record && (l->load.no_attach || l->load.pin_dir))
		return usage(l, "--record stays and lets go at its end: it goes with neither --no-attach nor "
			     "--pin");
	if (!l->record && (l->record_pid || l->mark_fd >= 0))
		return usage(l, "%s needs --record", l->record_pid ? "--record-pid" : "--mark-fd");
	if (l->until && !l->replay)
		return usage(l, "--until needs --replay");
	if (l->replay && (l->record || l->load.no_attach))
		return usage(l, "--replay goes with neither --record nor --no-attach");
	if (l->replay && l->load.nsets)
		return usage(l, "--replay takes the maps' contents from the recording: it does not go with "
			     "--set and --map-from");
	if (l->replay && l->backend_given && l->backend == BU_BACKEND_KERNEL)
		return usage(l, "--replay feeds the VM: it does not go with --backend=kernel");
	if (l->record && l->backend_given && l->backend == BU_BACKEND_VM)
		return usage(l, "--record listens to the kernel: it does not go with --vm");
	if (no_command)
		return usage(l, "there is no command behind --");
	if (l->limited && l->command)
		return usage(l, "--for and COMMAND exclude each other");
	return 0;
}

static bool json_asked(int argc, char **argv)
{
	struct bu_optscan s;
	int id;

	bu_opt_start(&s, options, argc, argv);
	while ((id = bu_opt_next(&s)) != BU_OPT_END && !s.dashdash) {
		if (id == OPT_JSON)
			return true;
	}
	return false;
}

static int backend_from_env(struct ld *l)
{
	const char *env = getenv("BPFUTILS_BACKEND");

	if (env && env[0] && bu_backend_parse(env, &l->backend))
		return usage(l, "$BPFUTILS_BACKEND: \"%s\" is none of auto, kernel, vm", env);
	return 0;
}

int ld_options(struct ld *l, int argc, char **argv)
{
	struct bu_optscan s;
	int id, err;

	if (argc > 1 && strcmp(argv[1], "--complete") == 0)
		return complete(l, argc, argv);
	l->json = json_asked(argc, argv);
	err = backend_from_env(l);
	bu_opt_start(&s, options, argc, argv);
	while (!err && (id = bu_opt_next(&s)) != BU_OPT_END) {
		switch (id) {
		case OPT_HELP:
			return help(l);
		case OPT_VERSION:
			return version(l);
		case OPT_EXPLAIN:
			return explain(l, s.arg);
		case BU_OPT_ERROR:
			err = usage_hint(l, s.error, s.hint);
			break;
		case BU_OPT_OPERAND:
			err = operand(l, &s);
			break;
		default:
			err = take(l, id, s.arg);
		}
	}
	if (err >= 0)
		err = check(l, s.dashdash && !l->command);
	if (err < 0) {
		if (err == -ENOMEM)
			bu_diag(&l->ds, BU_ERROR, "U0003", "out of memory");
		err = ld_fail(l, err);
		return err == BU_EXIT_FAIL ? BU_EXIT_USAGE : err;
	}
	l->load.sets = l->sets;
	l->load.attaches = l->attaches;
	l->load.maps = l->maps;
	l->load.want = l->want;
	l->load.only = l->only;
	if (l->replay)
		l->backend = BU_BACKEND_VM;
	if (l->record) {
		l->backend = BU_BACKEND_KERNEL;
	}
	l->load.before_attach = ld_before_attach;
	l->load.ctx = l;
	/* Statistics cost nothing; the log itself makes loading some five times slower. */
	l->load.log_level = l->verbose > 1 ? BPF_LOG_LEVEL1 : l->verbose ? BPF_LOG_STATS : 0;
	return LD_GO;
}
