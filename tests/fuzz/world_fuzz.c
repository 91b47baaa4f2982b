/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A world with damaged files through everything that opens, lists, reads, writes and cleans it.
 * Each round makes a world, damages some of its files, and sends a child through all commands. It has to
 * end by itself, with whatever errors; a file outside of the world must stay as it is. In half of the rounds
 * more files are damaged while the child is at work.
 *
 *   world_fuzz [ROUNDS [SEED]]
 */
#include "../storm/killstorm.h"
#include "../unit/tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_FILES 256
#define SENTINEL "untouched"

static char top[64], dir[96], sentinel[96];
static uint64_t seed = 20261124;
static char files[MAX_FILES][160];
static unsigned nfiles;

static const struct { uint32_t type, key, value, entries, flags; } maps[] = {
	{ BPF_MAP_TYPE_HASH, 4, 48, 16, 0 }, { BPF_MAP_TYPE_ARRAY, 4, 48, 16, 0 },
	{ BPF_MAP_TYPE_PERCPU_HASH, 4, 48, 16, 0 }, { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 48, 16, 0 },
	{ BPF_MAP_TYPE_LRU_HASH, 4, 48, 16, 0 }, { BPF_MAP_TYPE_LPM_TRIE, 8, 48, 16, BPF_F_NO_PREALLOC },
	{ BPF_MAP_TYPE_QUEUE, 0, 48, 16, 0 }, { BPF_MAP_TYPE_STACK, 0, 48, 16, 0 },
	{ BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 }, { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0 },
	{ BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 4, 0 }, { BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 4, 0 },
	{ BPF_MAP_TYPE_HASH, 4, 48, 16, BPF_F_NO_PREALLOC }, { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4, 0 },
};

/* What programs of the storm would complain about: here a fault is an error like others. */
void ks_bad(const char *fmt, ...)
{
	(void)fmt;
}

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* ---------------------------------------------------------------- the world that is damaged */

static void wipe(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && unlinkat(fd, e->d_name, 0))
			wipe(fd, e->d_name);
	if (d)
		closedir(d);
	unlinkat(at, name, AT_REMOVEDIR);
}

static struct bu_sys *open_world(void)
{
	struct bu_vm_options o = { .world = dir };
	struct bu_diags ds;
	struct bu_sys *s = NULL;

	bu_diags_init(&ds);
	if (bu_vm_open(&s, &o, &ds))
		s = NULL;
	bu_diags_free(&ds);
	return s;
}

static int load_prog(struct bu_sys *s, int map)
{
	struct bu_insn insns[4] = {
		{ .code = 0x18, .dst = 1, .src = map >= 0, .imm = map >= 0 ? map : 7 }, { .code = 0 },
		{ .code = 0xb7, .imm = 5 }, { .code = 0x95 },
	};
	uint8_t code[32];
	union bpf_attr a;

	for (unsigned i = 0; i < 4; i++)
		bu_insn_encode(code + 8 * i, &insns[i], false);
	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_XDP;
	a.insns = bu_ptr64(code);
	a.insn_cnt = 4;
	a.license = bu_ptr64("GPL");
	return bu_sys_prog_load(s, &a, 0);
}

/* Programs of each map, links and XDP: pinned, so that the child finds them. */
static void make_progs(struct bu_sys *s, const int *fds)
{
	char path[64];
	union bpf_attr a;
	int fd, xdp = load_prog(s, -1);

	for (unsigned i = 0; i < BU_ARRAY_SIZE(maps); i++)
		for (unsigned op = 0; op < KS_OPS; op++) {
			fd = ks_prog_make(s, maps[i].type, op, fds[i], false);
			snprintf(path, sizeof(path), "/sys/fs/bpf/run%u_%u", i, op);
			if (fd >= 0)
				bu_sys_pin(s, fd, path);
			close(fd);
		}
	memset(&a, 0, sizeof(a));
	fd = ks_prog_plain(s, 0);
	a.raw_tracepoint.name = bu_ptr64("fuzz");
	a.raw_tracepoint.prog_fd = (uint32_t)fd;
	a.raw_tracepoint.prog_fd = (uint32_t)s->ops->bpf(s, BPF_RAW_TRACEPOINT_OPEN, &a, sizeof(a));
	bu_sys_pin(s, (int)a.raw_tracepoint.prog_fd, "/sys/fs/bpf/link");
	close((int)a.raw_tracepoint.prog_fd);
	close(fd);
	s->ops->xdp_set(s, s->ops->ifindex(s, "lo"), xdp, -1, 0, NULL, 0);
	close(xdp);
}

static void make_world(void)
{
	uint8_t key[8] = { 0 }, value[4096] = { 0 };
	struct bu_sys *s = open_world();
	int fds[BU_ARRAY_SIZE(maps)], prog;
	char path[64];

	if (!s)
		return;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(maps); i++) {
		union bpf_attr a;

		memset(&a, 0, sizeof(a));
		a.map_type = maps[i].type;
		a.key_size = maps[i].key;
		a.value_size = maps[i].value;
		a.max_entries = maps[i].entries;
		a.map_flags = maps[i].flags;
		a.inner_map_fd = (uint32_t)fds[0];
		fds[i] = bu_sys_map_create(s, &a);
		snprintf(path, sizeof(path), "/sys/fs/bpf/map%u", i);
		bu_sys_pin(s, fds[i], path);
		for (unsigned k = 0; k < 12; k++) {
			memset(value, (int)k, 64);
			key[0] = maps[i].type == BPF_MAP_TYPE_LPM_TRIE ? (uint8_t)(8 + k) : (uint8_t)k;
			key[4] = (uint8_t)(k * 16);
			if (maps[i].value == 4)
				memcpy(value, &fds[0], 4);
			bu_sys_map_update(s, fds[i], maps[i].key ? key : NULL, value, 0);
		}
	}
	prog = load_prog(s, fds[0]);
	bu_sys_pin(s, prog, "/sys/fs/bpf/prog");
	memset(key, 0, sizeof(key));
	bu_sys_map_update(s, fds[9], key, &prog, 0);
	s->ops->pin_mkdir(s, "/sys/fs/bpf/d");
	make_progs(s, fds);
	close(prog);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(maps); i++)
		close(fds[i]);
	s->ops->destroy(s);
}

static void list_files(const char *name)
{
	DIR *d = opendir(name);
	struct dirent *e;
	char path[512];
	struct stat st;

	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", name, e->d_name);
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || lstat(path, &st))
			continue;
		if (S_ISDIR(st.st_mode))
			list_files(path);
		else if (nfiles < MAX_FILES && strlen(path) < sizeof(files[0]))
			strcpy(files[nfiles++], path);
	}
	if (d)
		closedir(d);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Somewhere in the file; often in its last page, where the header is. */
static off_t place(off_t size)
{
	if (size > 4096 && rnd() % 2)
		return size - 4096 + (off_t)(rnd() % 512);
	return (off_t)(rnd() % (uint64_t)(size > 0 ? size : 1));
}

static void damage(const char *path)
{
	int fd = open(path, O_RDWR | O_NOFOLLOW);
	struct stat st = { 0 };
	uint64_t v = rnd(), n;
	uint8_t b;
	off_t at;

	if (fd < 0 || fstat(fd, &st))
		goto out;
	switch (rnd() % 9) {
	case 0:
		(void)!ftruncate(fd, (off_t)(rnd() % (uint64_t)(st.st_size + 1)));
		break;
	case 1:
		(void)!ftruncate(fd, st.st_size + (off_t)(rnd() % 3) * 4096);
		break;
	case 2:
		unlink(path);
		break;
	case 3: /* a link to a file outside, which must not change */
		unlink(path);
		(void)!symlink(sentinel, path);
		break;
	case 4:
		unlink(path);
		if (rnd() % 2)
			mkdir(path, 0700);
		else
			mkfifo(path, 0600);
		break;
	case 5: /* words */
		for (n = rnd() % 8 + 1; n--; v = rnd() % 3 ? rnd() % 64 : rnd())
			(void)!pwrite(fd, &v, 8, place(st.st_size) & ~(off_t)7);
		break;
	case 6: /* garbage */
		for (at = place(st.st_size), n = rnd() % 4096; n--; at++, b = (uint8_t)rnd())
			(void)!pwrite(fd, &b, 1, at);
		break;
	default:
		for (n = rnd() % 16 + 1; n--;) {
			at = place(st.st_size);
			if (pread(fd, &b, 1, at) == 1) {
				b ^= (uint8_t)(1u << rnd() % 8);
				(void)!pwrite(fd, &b, 1, at);
			}
		}
	}
out:
	if (fd >= 0)
		close(fd);
}

/* ---------------------------------------------------------------- what a child does */

static bool see_pin(void *ctx, enum bu_objkind k, uint32_t id, const char *path)
{
	(void)ctx, (void)k, (void)id, (void)path;
	return true;
}

static bool see_member(void *ctx, int pid, const char *comm, uint64_t since)
{
	(void)ctx, (void)pid, (void)comm, (void)since;
	return true;
}

static void use_map(struct bu_sys *s, int fd)
{
	static uint8_t key[4096], next[4096], value[1 << 20], keys[1 << 16];
	struct bpf_map_info mi = { 0 };
	uint32_t size = sizeof(mi), n = 8;
	int err;

	if (bu_sys_info(s, fd, &mi, &size) || mi.key_size > sizeof(key) ||
	    (uint64_t)mi.value_size * 1100 > sizeof(value))
		return;
	err = bu_sys_map_next_key(s, fd, NULL, next);
	for (unsigned i = 0; !err && i < 64; i++) {
		memcpy(key, next, mi.key_size);
		bu_sys_map_lookup(s, fd, key, value, 0);
		err = bu_sys_map_next_key(s, fd, key, next);
	}
	bu_sys_map_lookup_batch(s, fd, NULL, next, keys, value, &n);
	for (unsigned i = 0; i < 24; i++) {
		memset(value, 1, 64);
		key[0] = (uint8_t)i;
		bu_sys_map_update(s, fd, mi.key_size ? key : NULL, value, 0);
		if (i % 3 == 0)
			bu_sys_map_delete(s, fd, key);
		if (!mi.key_size)
			bu_sys_map_lookup(s, fd, NULL, value, 0);
	}
}

static void run_all(struct bu_sys *s)
{
	static uint64_t raw[8];
	static uint8_t packet[64];
	struct bu_vm_ctx rc = { .kind = BU_VM_CTX_RAW, .bytes = raw, .size = sizeof(raw) };
	struct bu_vm_ctx xc = { .kind = BU_VM_CTX_XDP, .packet = packet, .packet_size = 64,
				.packet_room = 64 };
	uint64_t value[6] = { 1, 2, 3, 4, 5, 6 };
	uint32_t key[2] = { 4, 0 }, k;
	struct bpf_link_info li = { 0 };
	uint32_t size = sizeof(li);
	char path[64];
	int fd;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(maps); i++)
		for (unsigned op = 0; op < KS_OPS; op++) {
			snprintf(path, sizeof(path), "/sys/fs/bpf/run%u_%u", i, op);
			fd = bu_sys_get(s, path, 0);
			for (k = 0; k < 20 && fd >= 0; k++) {
				key[maps[i].key == 8] = k;
				ks_prog_run(s, fd, key, maps[i].key, value, 0);
			}
			if (fd >= 0)
				s->ops->close(s, fd);
		}
	fd = bu_sys_get(s, "/sys/fs/bpf/link", 0);
	if (fd >= 0)
		bu_sys_info(s, fd, &li, &size);
	bu_vm_feed(s, "raw_tp:fuzz", &rc, NULL, NULL, NULL);
	bu_vm_feed(s, "xdp:lo", &xc, NULL, NULL, NULL);
	if (fd >= 0)
		s->ops->close(s, fd);
	fd = load_prog(s, -1);
	s->ops->xdp_set(s, s->ops->ifindex(s, "lo"), fd, -1, 0, NULL, 0);
	bu_vm_feed(s, "xdp:lo", &xc, NULL, NULL, NULL);
}

static void use_all(void)
{
	struct bu_sys *s = open_world();
	struct bu_vm_info info;
	struct bu_diags ds;
	uint32_t id, removed;
	uint64_t bytes, pos = 0, lost;
	char text[2048], path[64];
	int fd;

	if (!s)
		return;
	for (unsigned k = 0; k < 4; k++) {
		unsigned seen = 0;

		for (id = 0; seen++ < 100 && !bu_sys_next_id(s, (enum bu_objkind)k, id, &id);) {
			fd = bu_sys_fd_by_id(s, (enum bu_objkind)k, id, 0);
			if (fd < 0)
				continue;
			if (k == BU_MAP)
				use_map(s, fd);
			if (k == BU_PROG) {
				struct bpf_prog_info pi = { 0 };
				uint32_t size = sizeof(pi);
				struct bu_vm_ctx ctx = { .kind = BU_VM_CTX_NONE };
				uint64_t r0;

				bu_sys_info(s, fd, &pi, &size);
				bu_vm_run(s, fd, &ctx, NULL, &r0, NULL);
			}
			s->ops->close(s, fd);
		}
	}
	for (unsigned i = 0; i < BU_ARRAY_SIZE(maps); i++) {
		snprintf(path, sizeof(path), "/sys/fs/bpf/map%u", i);
		fd = bu_sys_get(s, path, 0);
		if (fd >= 0) {
			bu_sys_pin(s, fd, "/sys/fs/bpf/d/again");
			load_prog(s, fd);
			s->ops->close(s, fd);
		}
		if (i % 2)
			s->ops->unpin(s, path);
	}
	run_all(s);
	s->ops->pins(s, see_pin, NULL);
	bu_vm_info(s, &info);
	bu_vm_members(s, see_member, NULL);
	for (unsigned i = 0; i < 8 && bu_vm_trace_read(s, &pos, text, sizeof(text), &lost) > 0; i++)
		;
	bu_diags_init(&ds);
	ds.max_errors = 20;
	bu_vm_check(s, &ds);
	bu_vm_gc(s, &removed, &bytes);
	bu_vm_check(s, &ds);
	bu_diags_free(&ds);
	s->ops->destroy(s);
}

/* How the child ended: NULL as it should. more: files that are damaged while it is at work. */
static const char *trial(unsigned more)
{
	static char why[64];
	int st = 0, i;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		for (i = 0; i < (more ? 3 : 1); i++)
			use_all();
		_exit(0);
	}
	for (i = 0; i < 30000; i++) {
		struct timespec ms = { 0, 1000000 };

		if (waitpid(pid, &st, WNOHANG) == pid)
			break;
		for (; more && rnd() % 4 == 0; more--)
			damage(files[rnd() % nfiles]);
		nanosleep(&ms, NULL);
	}
	if (i == 30000) {
		kill(pid, SIGKILL);
		waitpid(pid, &st, 0);
		return "did not end";
	}
	if (WIFSIGNALED(st))
		snprintf(why, sizeof(why), "ended by signal %d", WTERMSIG(st));
	else if (WEXITSTATUS(st))
		snprintf(why, sizeof(why), "ended with %d", WEXITSTATUS(st));
	else
		return NULL;
	return why;
}

static bool sentinel_same(void)
{
	char text[sizeof(SENTINEL) + 1] = "";
	int fd = open(sentinel, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(SENTINEL) && !memcmp(text, SENTINEL, (size_t)n);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : 150, bad = 0, moved = 0;
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 0) : seed;
	int fd;

	need_native();
	strcpy(top, "/dev/shm/bpfutils-test-XXXXXX");
	if (!mkdtemp(top)) {
		printf("1..0 # SKIP needs \"a tmpfs at /dev/shm\"\n");
		return 0;
	}
	snprintf(dir, sizeof(dir), "%s/w", top);
	snprintf(sentinel, sizeof(sentinel), "%s/sentinel", top);
	fd = open(sentinel, O_WRONLY | O_CREAT, 0600);
	ok(fd >= 0 && write(fd, SENTINEL, strlen(SENTINEL)) == (ssize_t)strlen(SENTINEL),
	   "a file beside the world");
	close(fd);
	make_world();
	ok(!trial(0), "an undamaged world is fine");
	for (unsigned i = 0; i < rounds && bad < 5; i++) {
		const char *why;
		char did[400] = "";

		wipe(AT_FDCWD, dir);
		make_world();
		nfiles = 0;
		list_files(dir);
		if (!nfiles)
			break;
		qsort(files, nfiles, sizeof(files[0]), by_name);
		seed = (first + i) * 0x9e3779b97f4a7c15u | 1;
		for (unsigned k = (unsigned)(rnd() % 3) + 1, n; k--;) {
			n = (unsigned)(rnd() % nfiles);
			damage(files[n]);
			strncat(did, files[n] + strlen(dir), sizeof(did) - strlen(did) - 2);
			strcat(did, " ");
		}
		why = trial(i & 1 ? 12 : 0);
		if (why) {
			printf("# world_fuzz 1 %llu: %s: a child %s\n", (unsigned long long)(first + i),
			       did, why);
			bad++;
		}
		if (!sentinel_same()) {
			printf("# world_fuzz 1 %llu: %s: the file outside has changed\n",
			       (unsigned long long)(first + i), did);
			moved++;
			break;
		}
	}
	ok(!bad, "%u damaged worlds end with errors, not with signals", rounds);
	ok(!moved, "nothing outside was written");
	wipe(AT_FDCWD, top);
	return done_testing();
}
