/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What /proc tells: which object an fd is, who holds which object, how the kernel was configured,
 * and what this process may do.
 *
 * Processes and fds vanish while we look; what is gone is left out.
 */
#include "config.h"

#include "kern/private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The number in the line "KEY\tN" of a text, or -1. */
static long long field(const char *text, const char *key, int base)
{
	size_t n = strlen(key);

	for (const char *p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
		if (strncmp(p, key, n) == 0) {
			char *end;
			unsigned long long v = strtoull(p + n, &end, base);

			return end == p + n || v > INT64_MAX ? -1 : (long long)v;
		}
	}
	return -1;
}

/*
 * fdinfo names the object by its id. A link's also names its program, and only a BTF's begins with
 * btf_id alone, so the order matters.
 */
static int parse_fdinfo(const char *text, enum bu_objkind *k, uint32_t *id)
{
	static const struct { const char *key; enum bu_objkind kind; } rows[] = {
		{ "link_id:", BU_LINK }, { "map_id:", BU_MAP }, { "prog_id:", BU_PROG },
		{ "btf_id:", BU_BTF },
	};

	for (unsigned i = 0; i < BU_ARRAY_SIZE(rows); i++) {
		long long v = field(text, rows[i].key, 10);

		if (v >= 0 && v <= UINT32_MAX) {
			*k = rows[i].kind;
			*id = (uint32_t)v;
			return 0;
		}
	}
	return -EINVAL;
}

/* One read of a small /proc file relative to dirfd; NUL behind it. Bytes or -errno. */
static ssize_t read_small(int dir, const char *name, char *buf, size_t room)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, room - 1);
	if (n < 0)
		n = -errno;
	else
		buf[n] = '\0';
	close(fd);
	return n;
}

int bu_kern_fd_kind(struct bu_sys *s, int fd, enum bu_objkind *k, uint32_t *id)
{
	char path[64], text[2048];
	ssize_t n;

	(void)s;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	n = read_small(AT_FDCWD, path, text, sizeof(text));
	if (n < 0)
		return n == -ENOENT ? -EBADF : (int)n;
	return parse_fdinfo(text, k, id);
}

/* ---------------------------------------------------------------- holders */

struct process;

/* One fd of a process whose link says that it may be of interest. */
struct scan {
	bool (*wanted)(const char *target);
	/* false stops */
	bool (*found)(struct process *p, const char *fd_name, int fd);
	struct bu_sys *s;
	void *fn, *ctx;
	bool stopped;
};

#define ANON "anon_inode:"

/* anon_inode:bpf-map, bpf-prog, bpf_link (or [bpf_link]), btf. Nothing else is read further. */
static bool may_be_object(const char *target)
{
	if (strncmp(target, ANON, sizeof(ANON) - 1))
		return false;
	target += sizeof(ANON) - 1;
	if (*target == '[')
		target++;
	return strncmp(target, "bpf", 3) == 0 || strncmp(target, "btf", 3) == 0;
}

static bool may_be_event(const char *target)
{
	return strncmp(target, ANON, sizeof(ANON) - 1) == 0 &&
	       (strstr(target, "perf_event") || strstr(target, "bpf_link") || strstr(target, "bpf-link"));
}

/* As getdents64(2) gives it; libc's readdir would ask three times more for each process. */
struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};
#define ENTRY_MOST 512 /* bytes that an entry takes at most, and more */

/* Calls fn for the names of a directory that are numbers, until it returns false. */
static void each_number(int dir, char *buf, size_t room, bool (*fn)(void *ctx, const char *name, int number), void *ctx)
{
	long n;

	while ((n = syscall(SYS_getdents64, dir, buf, room)) > 0) {
		for (long at = 0; at < n;) {
			const struct entry *e = (const void *)(buf + at);
			char *end;
			long v = strtol(e->name, &end, 10);

			at += e->len ? e->len : n;
			if (end != e->name && *end == '\0' && v >= 0 && v <= INT_MAX && !fn(ctx, e->name, (int)v))
				return;
		}
		if ((size_t)n + ENTRY_MOST < room) /* there was room for more */
			return;
	}
}

struct process {
	struct scan *sc;
	int proc, pid, dir;
	int infos;         /* PID/fdinfo, -1: not yet open */
	char comm[64];
};

static bool scan_fd(void *ctx, const char *fd_name, int fd)
{
	struct process *p = ctx;
	char name[64], text[256];
	ssize_t n = readlinkat(p->dir, fd_name, text, sizeof(text) - 1);

	if (n < 0)
		return errno != EACCES; /* of one it is of all */
	text[n] = '\0';
	if (!p->sc->wanted(text))
		return true;
	if (!p->comm[0]) {
		snprintf(name, sizeof(name), "%d/comm", p->pid);
		n = read_small(p->proc, name, p->comm, sizeof(p->comm));
		p->comm[n > 0 && p->comm[n - 1] == '\n' ? n - 1 : n > 0 ? n : 0] = '\0';
	}
	p->sc->stopped = !p->sc->found(p, fd_name, fd);
	return !p->sc->stopped;
}

static bool scan_process(void *ctx, const char *pid_name, int pid)
{
	struct process *all = ctx, p = { .sc = all->sc, .proc = all->dir, .pid = pid, .infos = -1 };
	_Alignas(struct entry) char buf[8192];
	char name[32];

	snprintf(name, sizeof(name), "%.16s/fd", pid_name);
	p.dir = openat(p.proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p.dir < 0)
		return true;
	each_number(p.dir, buf, sizeof(buf), scan_fd, &p);
	close(p.dir);
	if (p.infos >= 0)
		close(p.infos);
	return !p.sc->stopped;
}

static int scan(struct scan *sc)
{
	_Alignas(struct entry) char buf[32768];
	struct process all = { .sc = sc, .dir = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };

	if (all.dir < 0)
		return -errno;
	each_number(all.dir, buf, sizeof(buf), scan_process, &all);
	close(all.dir);
	return 0;
}

static bool found_object(struct process *p, const char *fd_name, int fd)
{
	struct scan *sc = p->sc;
	bu_holder_fn *fn = (bu_holder_fn *)sc->fn;
	char name[64], text[2048];
	enum bu_objkind kind;
	uint32_t id;
	bool go_on;

	if (p->infos < 0) {
		snprintf(name, sizeof(name), "%d/fdinfo", p->pid);
		p->infos = openat(p->proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (p->infos < 0)
			return true;
	}
	if (read_small(p->infos, fd_name, text, sizeof(text)) < 0 || parse_fdinfo(text, &kind, &id))
		return true;
	sc->s->holder_info = text;
	go_on = fn(sc->ctx, kind, id, p->pid, p->comm, fd);
	sc->s->holder_info = NULL;
	return go_on;
}

int bu_kern_holders(struct bu_sys *s, bu_holder_fn *fn, void *ctx)
{
	struct scan sc = { .wanted = may_be_object, .found = found_object, .s = s, .fn = (void *)fn, .ctx = ctx };

	return scan(&sc);
}

/* ---------------------------------------------------------------- events */

static int ask_event(struct bu_sys *s, int pid, int fd, union bpf_attr *a, char *text, size_t room)
{
	memset(a, 0, sizeof(*a));
	memset(text, 0, room);
	a->task_fd_query.pid = (uint32_t)pid;
	a->task_fd_query.fd = (uint32_t)fd;
	a->task_fd_query.buf = bu_ptr64(text);
	a->task_fd_query.buf_len = (uint32_t)room;
	return bu_sys_task_fd_query(s, a);
}

static bool found_event(struct process *p, const char *fd_name, int fd)
{
	struct scan *sc = p->sc;
	bu_event_fn *fn = (bu_event_fn *)sc->fn;
	union bpf_attr a;
	char text[4096];
	int err = ask_event(sc->s, p->pid, fd, &a, text, sizeof(text));
	struct bu_event e = {
		.pid = p->pid, .fd = fd, .comm = p->comm, .prog_id = a.task_fd_query.prog_id,
		.fd_type = a.task_fd_query.fd_type, .text = text, .offset = a.task_fd_query.probe_offset,
		.addr = a.task_fd_query.probe_addr,
	};

	(void)fd_name;
	text[sizeof(text) - 1] = '\0';
	/* ENOSPC: the text was cut; another errno: gone, or an event without a program */
	return (err && err != -ENOSPC) || fn(sc->ctx, &e);
}

int bu_kern_events(struct bu_sys *s, bu_event_fn *fn, void *ctx)
{
	struct scan sc = { .wanted = may_be_event, .found = found_event, .s = s, .fn = (void *)fn, .ctx = ctx };
	union bpf_attr a;
	char text[16];
	/* of an fd that nobody has: says no more than whether one may ask */
	int err = ask_event(s, getpid(), -1, &a, text, sizeof(text));

	if (err == -EPERM || err == -EACCES || err == -EINVAL || err == -ENOSYS)
		return err;
	return scan(&sc);
}

/* ---------------------------------------------------------------- configuration */

int bu_kern_config(struct bu_sys *s, const char *option)
{
	struct bu_kern *k = bu_kern(s);
	size_t n = strlen(option);
	const char *text;

	if (!k->config_read)
		bu_sys_kconfig(NULL, &k->config);
	k->config_read = true;
	if (!k->config.n)
		return -ENOENT;
	text = bu_buf_cstr(&k->config);
	for (const char *p = text; (p = strstr(p, option)); p += n) {
		if (p != text && p[-1] == '\n' && p[n] == '=')
			return p[n + 1] == 'm' ? 'm' : 'y';
	}
	/* An option that is not mentioned was not even offered. */
	return 'n';
}

/* ---------------------------------------------------------------- facts */

/* "none [integrity] confidentiality": the one in brackets. */
static int read_lockdown(struct bu_kern *k)
{
	const char *text, *open;

	if (bu_kern_read(k, "/sys/kernel/security/lockdown"))
		return -1;
	text = bu_buf_cstr(&k->scratch);
	open = strchr(text, '[');
	if (!open)
		return -1;
	return open[1] == 'n' ? 0 : open[1] == 'i' ? 1 : open[1] == 'c' ? 2 : -1;
}

/* "0 0 4294967295": every id is itself only in the first user namespace. */
static int in_init_userns(struct bu_kern *k)
{
	unsigned long long in, out, n;

	if (bu_kern_read(k, "/proc/self/uid_map"))
		return -1;
	if (sscanf(bu_buf_cstr(&k->scratch), "%llu %llu %llu", &in, &out, &n) != 3)
		return 0;
	return in == 0 && out == 0 && n >= UINT32_MAX;
}

void bu_kern_facts(struct bu_sys *s, struct bu_sys_facts *f)
{
	struct bu_kern *k = bu_kern(s);
	struct utsname u;
	struct rlimit limit;
	long v;

	if (!bu_kern_read(k, "/proc/self/status")) {
		const char *text = bu_buf_cstr(&k->scratch);
		long long caps = field(text, "CapEff:", 16), mode = field(text, "Seccomp:", 10);

		f->caps_known = caps >= 0;
		f->caps = caps >= 0 ? (uint64_t)caps : 0;
		f->seccomp = mode < 0 ? -1 : mode > 0;
	}
	if (!bu_kern_read_long(k, "/proc/sys/kernel/unprivileged_bpf_disabled", &v))
		f->unpriv_disabled = (int)v;
	if (!bu_kern_read_long(k, "/proc/sys/kernel/perf_event_paranoid", &v))
		f->perf_paranoid = (int)v;
	f->lockdown = read_lockdown(k);
	f->init_userns = in_init_userns(k);
	f->root = geteuid() == 0;
	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0) {
		f->memlock_known = true;
		f->memlock = limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur <= UINT32_MAX)
		f->nofile = (unsigned)limit.rlim_cur;
	if (uname(&u) || sscanf(u.release, "%u.%u", &f->major, &f->minor) != 2)
		f->major = f->minor = 0;
}

/* The inode number of the first user namespace in nsfs, the same on all kernels (linux/nsfs.h, since 6.18). */
#define INIT_USER_NS 0xeffffffdu
#define CAP_SYS_ADMIN 21
#define CAP_BPF 39

int bu_kern_privileged(struct bu_sys *s)
{
	struct { uint32_t version; int pid; } head = { 0x20080522, 0 }; /* _LINUX_CAPABILITY_VERSION_3 */
	struct { uint32_t effective, permitted, inheritable; } cap[2] = { { 0 } };
	struct stat st;

	(void)s;
	if (syscall(SYS_capget, &head, cap))
		return -1;
	if (!(cap[0].effective & 1u << CAP_SYS_ADMIN) && !(cap[1].effective & 1u << (CAP_BPF - 32)))
		return 0;
	return stat("/proc/self/ns/user", &st) || st.st_ino != INIT_USER_NS ? -1 : 1;
}
