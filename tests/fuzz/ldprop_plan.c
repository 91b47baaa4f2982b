/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects that anybody may have written, planned and loaded. The wishes that a command line would
 * bring (--set, --attach, --map, --type, --pin) and the step that fails are chosen by the object's bytes,
 * so that one input is one case. What the kernel's types would be is given, or the object's own.
 */
#include "ldprop.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "load/priv.h"
#include "mutate.h"
#include "vm/vm.h"

#define PIN_DIR "/sys/fs/bpf/fuzz"
#define THERE "/sys/fs/bpf/there" /* a map that is there already */
#define MAX_MAP (1u << 22)        /* bytes of one map, a CPU: more is refused */

static struct bu_sys *sys;
static const struct bu_sys_ops *real; /* the VM's */
static struct bu_sys_ops limited;     /* these, with a bpf() that refuses now and then */
static char dir[64];
static int fail_at, fail_err;         /* the how manieth command that makes something; 0: none */
static int fail_cmd;                  /* the one that was refused */
static int there_fd = -1;
static unsigned fds;
static char kconfig[32];              /* a file with a kernel's configuration */
static const uint8_t *types;          /* of the kernel; NULL: they cannot be read */
static size_t types_size;

/* ---------------------------------------------------------------- the world */

static bool makes(int cmd)
{
	switch (cmd) {
	case BPF_MAP_CREATE:
	case BPF_PROG_LOAD:
	case BPF_BTF_LOAD:
	case BPF_LINK_CREATE:
	case BPF_RAW_TRACEPOINT_OPEN:
	case BPF_MAP_UPDATE_ELEM:
	case BPF_MAP_FREEZE:
	case BPF_OBJ_PIN:
		return true;
	default:
		return false;
	}
}

static int bpf(struct bu_sys *s, int cmd, union bpf_attr *a, unsigned size)
{
	if (fail_at && makes(cmd) && !--fail_at) {
		fail_cmd = cmd;
		return fail_err;
	}
	/* Others use this machine too. */
	if (cmd == BPF_MAP_CREATE &&
	    ((uint64_t)a->key_size + a->value_size + 64) * (a->max_entries + 1ull) > MAX_MAP)
		return -ENOMEM;
	return real->bpf(s, cmd, a, size);
}

static int vmlinux(struct bu_sys *s, const void **data, size_t *size)
{
	(void)s;
	*data = types;
	*size = types_size;
	return types ? 0 : -ENOENT;
}

/* But for those that the world keeps for itself: its lists of ids, its slot for this process. */
static unsigned open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t top = strlen(dir);
	struct dirent *e;
	unsigned n = 0;
	char to[256];

	while (d && (e = readdir(d))) {
		ssize_t len = readlinkat(dirfd(d), e->d_name, to, sizeof(to) - 1);

		to[len > 0 ? len : 0] = 0;
		n += strncmp(to, dir, top) || !strncmp(to + top, "/o/", 3);
	}
	if (d)
		closedir(d);
	return n;
}

/* Objects and pins of the world, without what nobody holds. */
static bool count(uint32_t n[6])
{
	struct bu_vm_info info;
	uint32_t removed;
	uint64_t bytes;
	int err;

	sys->ops = real;
	err = bu_vm_gc(sys, &removed, &bytes);
	if (!err)
		err = bu_vm_info(sys, &info);
	sys->ops = &limited;
	if (err) {
		fprintf(stderr, "world: %s\n", strerror(-err));
		return false;
	}
	memcpy(n, info.objects, sizeof(info.objects));
	n[5] = info.pins;
	return true;
}

static bool config_file(void)
{
	static const char text[] = "CONFIG_HZ=250\nCONFIG_BP=\"x\"\nCONFIG_BPF_JIT=y\nCONFIG_MODULE=m\nCONFIG_TEXT=\"a b\"\nCONFIG_X=0x10\n";
	int fd = memfd_create("kconfig", MFD_CLOEXEC);

	snprintf(kconfig, sizeof(kconfig), "/proc/self/fd/%d", fd);
	return fd >= 0 && !bu_write_all(fd, text, sizeof(text) - 1);
}

bool ldprop_world(void)
{
	struct bu_vm_options o = { .world = dir };
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 4, .max_entries = 8,
			     .map_name = "there" };
	struct bu_diags ds;
	int err;

	snprintf(dir, sizeof(dir), "/dev/shm/bpfutils-fuzz-%d", (int)getpid());
	bu_diags_init(&ds);
	err = bu_vm_open(&sys, &o, &ds);
	if (err)
		fprintf(stderr, "no world: %s\n", ds.first ? ds.first->text : strerror(-err));
	bu_diags_free(&ds);
	if (err)
		return false;
	real = sys->ops;
	limited = *real;
	limited.bpf = bpf;
	limited.vmlinux_btf = vmlinux;
	limited.module_btf = NULL;
	limited.name = "fuzz"; /* what is special of the VM would read this machine's types each time */
	sys->ops = &limited;
	there_fd = bu_sys_map_create(sys, &a);
	if (there_fd < 0 || bu_sys_pin(sys, there_fd, THERE)) {
		fprintf(stderr, "no map in the world\n");
		return false;
	}
	if (!config_file()) {
		fprintf(stderr, "no memory file\n");
		return false;
	}
	/* A first scan may open what stays open. */
	return count((uint32_t[6]){ 0 });
}

static void wipe(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char at[512];

	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(at, sizeof(at), "%s/%s", path, e->d_name);
		if (unlink(at))
			wipe(at);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

void ldprop_world_end(void)
{
	if (!sys)
		return;
	if (there_fd >= 0)
		sys->ops->close(sys, there_fd);
	sys->ops = real;
	sys->ops->destroy(sys);
	sys = NULL;
	wipe(dir);
}

/* ---------------------------------------------------------------- wishes */

#define MAX_WISHES 3

struct wishes {
	struct bu_set set[MAX_WISHES];
	struct bu_attach_req att[MAX_WISHES];
	struct bu_map_from from[MAX_WISHES];
	const char *want[MAX_WISHES], *only[MAX_WISHES];
	struct bu_type_req type[MAX_WISHES];
	unsigned ntypes;
	struct bu_load_opts opts;
};

static const char *map_name(const struct bu_obj *o, struct rng *r)
{
	return o->nmaps && rnd(r, 8) ? o->maps[rnd(r, o->nmaps)].name : "nothing";
}

static const char *prog_name(const struct bu_obj *o, struct rng *r)
{
	return o->nprogs && rnd(r, 8) ? o->progs[rnd(r, o->nprogs)].name : "nothing";
}

/* Most symbols of data are variables. */
static const char *var_name(const struct bu_obj *o, struct rng *r)
{
	for (int i = 0; i < 8 && o->nsyms; i++) {
		const struct bu_sym *s = &o->syms[rnd(r, o->nsyms)];

		if (s->type == 1 && *s->name)
			return s->name;
	}
	return "nothing";
}

static const char *some_value(struct rng *r)
{
	static const char *const v[] = {
		"1", "0", "-1", "0xffffffff", "4294967296", "hex 01 02 03 04", "hex 01", "{1, 2}", "[1]", "\"a b\"",
		"'a'", "A", "{.a = 1, .b = {2}}", "{\"a\":1}", "true", "[0] = 1", "", "{", "1K", "x", "\"\\x41\\n\"",
		"[1,2,3,4,5,6,7,8,9,10]", "{{{{{{1}}}}}}", "1.5",
	};

	return v[rnd(r, BU_ARRAY_SIZE(v))];
}

static void add_set(struct wishes *w, const struct bu_obj *o, struct rng *r, struct bu_arena *a, struct bu_diags *ds)
{
	const char *text = rnd(r, 2) ? bu_arena_printf(a, "%s=%s", var_name(o, r), some_value(r))
				     : bu_arena_printf(a, "%s[%s]=%s", map_name(o, r), some_value(r), some_value(r));

	if (text && !bu_set_parse(&w->set[w->opts.nsets], text, a, ds))
		w->opts.nsets++;
}

static void add_attach(struct wishes *w, const struct bu_obj *o, struct rng *r, struct bu_arena *a, struct bu_diags *ds)
{
	static const char *const at[] = {
		"kprobe:do_exit", "kretprobe:do_exit+8", "tracepoint:sched:sched_switch", "raw_tp:sys_enter",
		"xdp:lo", "xdp:lo:generic", "uprobe:/proc/self/exe:main", "tracepoint:a/b", "kprobe:",
		"uprobe:/proc/self/exe:0x10",
	};
	const char *text = rnd(r, 4) ? bu_arena_printf(a, "%s=%s", at[rnd(r, BU_ARRAY_SIZE(at))], prog_name(o, r))
				     : at[rnd(r, BU_ARRAY_SIZE(at))];

	if (text && !bu_attach_req_parse(&w->att[w->opts.nattaches], text, a, ds))
		w->opts.nattaches++;
}

static void add_from(struct wishes *w, const struct bu_obj *o, struct rng *r, struct bu_arena *a, struct bu_diags *ds)
{
	static const char *const where[] = { THERE, "id:1", "id:77", "/sys/fs/bpf/none", "id:0" };
	const char *text = bu_arena_printf(a, "%s=%s", rnd(r, 3) ? map_name(o, r) : "1",
					   where[rnd(r, BU_ARRAY_SIZE(where))]);

	if (text && !bu_map_from_parse(&w->from[w->opts.nmaps], text, a, ds))
		w->opts.nmaps++;
}

static void add_type(struct wishes *w, const struct bu_obj *o, struct rng *r, struct bu_arena *a, struct bu_diags *ds)
{
	static const char *const names[] = { "xdp", "kprobe", "socket_filter", "tracepoint", "syscall", "fentry", "tc", "raw_tp",
					     "sched_cls", "struct_ops", "none" };
	const char *name = names[rnd(r, BU_ARRAY_SIZE(names))];
	const char *text = rnd(r, 2) ? bu_arena_printf(a, "%s=%s", prog_name(o, r), name) : name;

	if (text && !bu_type_req_parse(&w->type[w->ntypes], text, a, ds))
		w->ntypes++;
}

static void wish(struct wishes *w, const struct bu_obj *o, struct rng *r, struct bu_arena *a, struct bu_diags *ds)
{
	memset(w, 0, sizeof(*w));
	w->opts.sets = w->set;
	w->opts.attaches = w->att;
	w->opts.maps = w->from;
	w->opts.want = w->want;
	w->opts.only = w->only;
	w->opts.kconfig = kconfig;
	for (size_t k = rnd(r, 2) ? 0 : rnd(r, MAX_WISHES + 1); k; k--)
		add_set(w, o, r, a, ds);
	for (size_t k = rnd(r, 3) ? 0 : rnd(r, MAX_WISHES + 1); k; k--)
		add_attach(w, o, r, a, ds);
	for (size_t k = rnd(r, 4) ? 0 : rnd(r, MAX_WISHES + 1); k; k--)
		add_from(w, o, r, a, ds);
	if (rnd(r, 8) == 0)
		w->want[w->opts.nwant++] = map_name(o, r);
	if (rnd(r, 6) == 0)
		w->only[w->opts.nonly++] = prog_name(o, r);
	for (size_t k = rnd(r, 4) ? 0 : rnd(r, MAX_WISHES + 1); k; k--)
		add_type(w, o, r, a, ds);
	w->opts.keep_going = rnd(r, 3) == 0;
	w->opts.rows = rnd(r, 2) ? bu_rows_new(a, o) : NULL;
	w->opts.core_in_kernel = rnd(r, 8) == 0;
	/* Most objects hold something that cannot be attached here. */
	w->opts.no_attach = rnd(r, 4) != 0;
	w->opts.pin_dir = rnd(r, 3) ? NULL : rnd(r, 2) ? PIN_DIR : PIN_DIR "/a/b";
	w->opts.log_level = rnd(r, 4) ? 0 : (uint32_t)rnd(r, 8);
}

/* ---------------------------------------------------------------- one object */

struct one {
	struct bu_obj o;
	struct bu_diags ds;
	struct bu_arena a;
	struct wishes w;
	struct bu_plan p;
	struct rng r;
	bool ok;
};

/* With --keep-going the failure of one program is a warning. */
static unsigned told(const struct one *c)
{
	return c->ds.errors + (c->w.opts.keep_going ? c->ds.warnings : 0);
}

/* Everything up to the plan; false: there is none. finish() is due either way. */
static bool start(struct one *c, const uint8_t *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;
	unsigned errors;
	uint32_t btf;
	int err;

	ldprop_sum.inputs++;
	memset(c, 0, sizeof(*c));
	c->ok = true;
	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	c->r.state = h | 1;
	bu_diags_init(&c->ds);
	bu_arena_init(&c->a);
	bu_obj_init(&c->o);
	if (bu_obj_read(&c->o, p, n, "fuzz.o", &c->ds) || bu_obj_index(&c->o, &c->ds))
		return false;
	ldprop_sum.taken++;
	/* The kernel's types may be the object's own, if none are given. */
	if (!types && rnd(&c->r, 2) && (btf = bu_obj_sec_by_name(&c->o, ".BTF")) != BU_SEC_UNDEF) {
		types = c->o.secs[btf].data;
		types_size = types ? c->o.secs[btf].size : 0;
	}
	wish(&c->w, &c->o, &c->r, &c->a, &c->ds);
	errors = told(c);
	err = bu_types_apply(&c->o, c->w.type, c->w.ntypes, &c->ds);
	if (!err)
		err = bu_plan_make(&c->p, &c->o, &c->w.opts, sys, &c->ds);
	if (err && err != -ENOMEM && told(c) == errors) {
		fprintf(stderr, "# plan: %s\n", strerror(-err));
		c->ok = ldprop_fails(LDP_SILENT);
	}
	for (unsigned i = 0; !err && i < c->p.nact; i++)
		if (!c->p.act[i].text || !*bu_action_name(c->p.act[i].kind))
			c->ok = ldprop_fails(LDP_ASTRAY);
	ldprop_sum.planned += !err;
	return !err;
}

static bool finish(struct one *c)
{
	c->ok = ldprop_messages(&c->ds) && c->ok;
	types = NULL;
	bu_plan_free(&c->p);
	bu_obj_free(&c->o);
	bu_arena_free(&c->a);
	bu_diags_free(&c->ds);
	return c->ok;
}

bool ldprop_plan(const uint8_t *p, size_t n)
{
	struct one c;

	start(&c, p, n);
	return finish(&c);
}

bool ldprop_core(const uint8_t *p, size_t n)
{
	size_t nb = n < 2 ? 0 : bu_get16(p, false);
	uint8_t *btf;
	struct one c;
	bool ok;

	if (n < 2)
		return true;
	nb = nb > n - 2 ? n - 2 : nb;
	btf = malloc(nb + !nb);
	memcpy(btf, p + 2, nb);
	types = btf;
	types_size = nb;
	start(&c, p + 2 + nb, n - 2 - nb);
	ok = finish(&c);
	free(btf);
	return ok;
}

/* Takes a whole load away again, pins and all. */
static void unload(struct one *c, struct bu_loaded *l)
{
	for (unsigned i = 0; i < l->nlinks; i++) {
		if (l->links[i].pin)
			sys->ops->unpin(sys, l->links[i].pin);
		l->links[i].stays = false;
	}
	for (unsigned i = 0; i < l->nprogs; i++)
		if (l->progs[i].pin)
			sys->ops->unpin(sys, l->progs[i].pin);
	for (unsigned i = 0; i < l->nmaps; i++)
		if (l->maps[i].pin)
			sys->ops->unpin(sys, l->maps[i].pin);
	sys->ops->pin_rmdir(sys, PIN_DIR "/a/b");
	sys->ops->pin_rmdir(sys, PIN_DIR "/a");
	sys->ops->pin_rmdir(sys, PIN_DIR);
	bu_loaded_close(sys, l, &c->ds);
}

bool ldprop_load(const uint8_t *p, size_t n)
{
	static const int errs[] = { -ENOMEM, -EPERM, -EINVAL, -E2BIG, -ENOSPC, -EBADF, -EEXIST, -ENOTSUP, -524 };
	static unsigned turn;
	uint32_t before[6], after[6];
	struct bu_loaded l;
	struct one c;
	unsigned errors;
	int err;

	if (!start(&c, p, n))
		return finish(&c);
	if (!count(before))
		abort();
	fds = open_fds();
	fail_at = rnd(&c.r, 2) ? 1 + (int)rnd(&c.r, 12) : 0;
	fail_err = errs[rnd(&c.r, BU_ARRAY_SIZE(errs))];
	errors = told(&c);
	err = bu_load_run(&c.p, sys, &l, &c.ds);
	fail_at = 0;
	if (err) {
		if (err != -ENOMEM && told(&c) == errors) {
			fprintf(stderr, "# load: %s, command %d was refused\n", strerror(-err), fail_cmd);
			c.ok = ldprop_fails(LDP_SILENT);
		}
		free(l.log);
	} else {
		ldprop_sum.loaded++;
		unload(&c, &l);
	}
	if (!count(after))
		abort();
	if (memcmp(before, after, sizeof(before)) || open_fds() != fds ||
	    sys->ops->pin_rmdir(sys, PIN_DIR) != -ENOENT) {
		fprintf(stderr, "# %s: progs %u %u, maps %u %u, links %u %u, BTF %u %u, events %u %u, pins %u %u, fds %u %u\n",
			err ? strerror(-err) : "loaded", before[0], after[0], before[1], after[1], before[2],
			after[2], before[3], after[3], before[4], after[4], before[5], after[5], fds, open_fds());
		c.ok = ldprop_fails(LDP_LEFT);
	}
	if (turn++ % 64 == 0) {
		sys->ops = real;
		if (bu_vm_check(sys, &c.ds))
			c.ok = ldprop_fails(LDP_WORLD);
		sys->ops = &limited;
	}
	return finish(&c);
}
