/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world: life, ids, references, pins, forks, trust. */
#include "vm/life.h"
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char top[64], dir[96];

static struct bu_sys *world(const char *path, bool no_create, int *err)
{
	struct bu_vm_options o = { .world = path, .no_create = no_create };
	struct bu_diags ds;
	struct bu_sys *s = NULL;

	bu_diags_init(&ds);
	*err = bu_vm_open(&s, &o, &ds);
	if (*err && !ds.errors)
		*err = -9999; /* a refusal without a message */
	bu_diags_free(&ds);
	return s;
}

static struct bu_sys *must(void)
{
	int err;
	struct bu_sys *s = world(dir, false, &err);

	if (!s) {
		printf("Bail out! world: %d\n", err);
		exit(1);
	}
	return s;
}

/* A map's file of n data pages, referring to refs. */
static int make(struct bu_sys *s, uint32_t kind, unsigned pages, const struct bu_vm_target *refs,
		unsigned nrefs, uint32_t *id)
{
	struct bu_vm_hdr h = { .kind = kind };
	struct bu_vm_obj *o;
	int fd, err;

	if (kind == BU_VM_MAP)
		h.map = (struct bu_vm_map_attr){ .type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
			.value_size = 8, .max_entries = 512 * pages, .ncpus = 1,
			.spin_lock_off = -1, .inner_spin_lock_off = -1 };
	err = bu_vm_obj_new(bu_vm(s), &h, (pages + 1) * 4096ull, pages * 4096ull, O_RDWR, &o, &fd);
	if (err)
		return err;
	err = bu_vm_obj_publish(o, refs, nrefs);
	if (err) {
		bu_vm_obj_abandon(o);
		close(fd);
		fd = err;
	} else if (id) {
		*id = o->id;
	}
	bu_vm_obj_put(o);
	return fd;
}

static int next(struct bu_sys *s, int kind, uint32_t start)
{
	uint32_t id;
	int err = bu_vm_obj_next_id(bu_vm(s), kind, start, &id);

	return err ? err : (int)id;
}

static int clean(struct bu_sys *s)
{
	struct bu_diags ds;
	struct bu_buf b = { 0 };
	int err;

	bu_diags_init(&ds);
	err = bu_vm_check(s, &ds);
	if (err) {
		bu_diags_render(&b, &ds, BU_DIAG_SHORT, false, "check");
		printf("# %s\n", bu_buf_cstr(&b));
	}
	bu_buf_free(&b);
	bu_diags_free(&ds);
	return err;
}

static unsigned files(const char *sub)
{
	char path[256];
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s/%s", dir, sub);
	d = opendir(path);
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n - 2;
}

static void test_life(void)
{
	struct bu_sys *s = must(), *other = must();
	uint32_t id, id2;
	int fd = make(s, BU_VM_MAP, 1, NULL, 0, &id), fd2, dup_fd;
	struct bu_vm_obj *o;

	ok(fd >= 0 && next(s, BU_VM_MAP, 0) == (int)id, "a published object is listed");
	ok(next(other, BU_VM_MAP, 0) == (int)id, "by another opener too");
	ok(next(s, BU_VM_MAP, id) == -ENOENT, "and is the last");
	fd2 = bu_vm_obj_open(bu_vm(other), BU_VM_MAP, id, O_RDONLY);
	ok(fd2 >= 0, "opened by id");
	ok(!s->ops->close(s, fd) && next(s, BU_VM_MAP, 0) == (int)id, "lives on by the other holder");
	dup_fd = dup(fd2);
	close(fd2);
	ok(next(s, BU_VM_MAP, 0) == (int)id, "and by a duplicate");
	close(dup_fd);
	ok(bu_vm_obj_open(bu_vm(s), BU_VM_MAP, id, O_RDWR) == -ENOENT, "dead is not opened any more");
	ok(next(other, BU_VM_MAP, 0) == -ENOENT && files("o") == 0, "its files are gone");
	fd = make(s, BU_VM_MAP, 1, NULL, 0, &id2);
	ok(id2 > id, "ids are not used again");
	ok(!s->ops->close(s, fd) && files("o") == 0, "close removes the last at once");
	ok(bu_vm_obj_by_id(bu_vm(s), BU_VM_MAP, id2, &o) == -ENOENT, "and from the cache");
	fd = make(s, BU_VM_MAP, 1, NULL, 0, &id);
	close(make(s, BU_VM_MAP, 1, NULL, 0, &id2));
	ok(bu_vm_obj_by_fd(bu_vm(s), fd, BU_VM_PROG, &o, NULL) == -EINVAL, "an fd of another kind");
	ok(bu_vm_obj_by_fd(bu_vm(s), 0, -1, &o, NULL) == -EINVAL, "an fd of something else");
	ok(bu_vm_obj_by_fd(bu_vm(s), 9999, -1, &o, NULL) == -EBADF, "no fd");
	s->ops->destroy(s);
	ok(next(other, BU_VM_MAP, 0) == (int)id, "an fd outlives its backend");
	close(fd);
	ok(next(other, BU_VM_MAP, 0) == -ENOENT, "until it is closed");
	ok(!clean(other), "the world is clean");
	other->ops->destroy(other);
}

static void test_refs(void)
{
	struct bu_sys *s = must();
	struct bu_vm_target t[2];
	uint32_t btf, map, prog, link;
	struct bu_vm_obj *o = NULL, *m2 = NULL;
	int fb = make(s, BU_VM_BTF, 1, NULL, 0, &btf), fm, fp, fl, f2;

	t[0] = (struct bu_vm_target){ BU_VM_BTF, btf };
	fm = make(s, BU_VM_MAP, 1, t, 1, &map);
	t[1] = (struct bu_vm_target){ BU_VM_MAP, map };
	fp = make(s, BU_VM_PROG, 1, t, 2, &prog);
	t[0] = (struct bu_vm_target){ BU_VM_PROG, prog };
	fl = make(s, BU_VM_LINK, 1, t, 1, &link);
	close(fb), close(fm), close(fp);
	ok(next(s, BU_VM_BTF, 0) == (int)btf && next(s, BU_VM_MAP, 0) == (int)map &&
	   next(s, BU_VM_PROG, 0) == (int)prog, "a link keeps its program, map and BTF");
	ok(!clean(s), "clean");
	f2 = make(s, BU_VM_MAP, 1, NULL, 0, NULL);
	ok(!bu_vm_obj_by_fd(bu_vm(s), f2, -1, &m2, NULL) &&
	   !bu_vm_obj_by_id(bu_vm(s), BU_VM_PROG, prog, &o), "found");
	ok(!bu_vm_ref_set(o, 1, m2) && next(s, BU_VM_MAP, 0) == (int)m2->id,
	   "a replaced reference lets its target die");
	ok(!bu_vm_ref_set(o, 1, NULL), "taken away");
	bu_vm_obj_put(o);
	bu_vm_obj_put(m2);
	close(f2);
	ok(next(s, BU_VM_MAP, 0) == -ENOENT, "and the second one too");
	close(fl);
	ok(next(s, BU_VM_BTF, 0) == -ENOENT && next(s, BU_VM_PROG, 0) == -ENOENT &&
	   files("o") == 0 && files("r") == 0, "without the link all die, whichever is listed first");
	t[0] = (struct bu_vm_target){ BU_VM_PROG, 4711 };
	ok(make(s, BU_VM_LINK, 1, t, 1, &link) == -ENOENT && files("o") == 0 && files("new") == 0,
	   "a reference to nothing: nothing is left");
	ok(!clean(s), "clean");
	s->ops->destroy(s);
}

static void test_pins(void)
{
	struct bu_sys *s = must();
	struct bu_vm *vm = bu_vm(s);
	char path[256];
	uint32_t id;
	int fd = make(s, BU_VM_MAP, 1, NULL, 0, &id), got;

	ok(!bu_vm_pin(vm, AT_FDCWD, "/sys/fs/bpf/a", fd), "pinned");
	ok(bu_vm_pin(vm, AT_FDCWD, "/sys/fs/bpf/a", fd) == -EEXIST, "once");
	ok(bu_vm_pin(vm, AT_FDCWD, "/sys/fs/bpf/a.b", fd) == -EPERM, "no dots in names");
	ok(bu_vm_pin(vm, AT_FDCWD, "/sys/fs/bpf/d/x", fd) == -ENOENT, "no such directory");
	ok(bu_vm_pin(vm, AT_FDCWD, "/sys/fs/bpf/a/x", fd) == -ENOTDIR, "no directory");
	ok(bu_vm_pin(vm, AT_FDCWD, "/sys/fs/bpf/../x", fd) == -EPERM, "not above");
	ok(bu_vm_pin(vm, AT_FDCWD, "/tmp/bpfutils-no-pin", fd) == -EPERM, "not elsewhere");
	ok(bu_vm_pin(vm, AT_FDCWD, "/sys/fs/bpf", fd) == -EEXIST, "not the place itself");
	ok(!s->ops->pin_mkdir(s, "/sys/fs/bpf/d") && s->ops->pin_mkdir(s, "/sys/fs/bpf/d") == -EEXIST,
	   "a directory");
	snprintf(path, sizeof(path), "%s/pins/d/x", dir);
	ok(!bu_vm_pin(vm, AT_FDCWD, path, fd), "by the path of the world");
	ok(!bu_vm_pin(vm, AT_FDCWD, "pins/d/../d//y", fd), "relative, and up and down");
	ok(s->ops->pin_rmdir(s, "/sys/fs/bpf/d") == -ENOTEMPTY, "not empty");
	snprintf(path, sizeof(path), "%s/pins/l", dir);
	ok(!symlink("/etc", path) && bu_vm_pin(vm, AT_FDCWD, "/sys/fs/bpf/l/x", fd) == -ELOOP,
	   "symbolic links are not followed");
	ok(bu_vm_pin_get(vm, AT_FDCWD, "/sys/fs/bpf/l", O_RDWR) == -ELOOP, "nor opened");
	unlink(path);
	s->ops->close(s, fd);
	got = bu_vm_pin_get(vm, AT_FDCWD, "/sys/fs/bpf/d/x", O_RDONLY);
	ok(got >= 0, "a pin keeps it, and gives it back");
	close(got);
	ok(bu_vm_pin_get(vm, AT_FDCWD, "/sys/fs/bpf/none", O_RDWR) == -ENOENT, "none");
	ok(bu_vm_pin_get(vm, AT_FDCWD, "/sys/fs/bpf/d", O_RDWR) == -EACCES, "a directory is none");
	ok(bu_vm_pin_get(vm, AT_FDCWD, "/etc/passwd", O_RDWR) == -EACCES, "nor is another file");
	ok(s->ops->unpin(s, "/etc/passwd") == -EINVAL && s->ops->unpin(s, "/sys/fs/bpf/d") == -EISDIR,
	   "what is no pin is not removed");
	ok(!clean(s), "clean");
	ok(!s->ops->unpin(s, "/sys/fs/bpf/a") && !s->ops->unpin(s, "/sys/fs/bpf/d/x") &&
	   next(s, BU_VM_MAP, 0) == (int)id, "lives by the last pin");
	ok(!s->ops->unpin(s, "/sys/fs/bpf/d/y") && files("o") == 0, "and dies with it");
	ok(!s->ops->pin_rmdir(s, "/sys/fs/bpf/d"), "the directory goes");
	s->ops->destroy(s);
}

static void test_death(void)
{
	struct bu_sys *s = must();
	uint32_t id, removed;
	uint64_t bytes;
	int p[2], st;
	pid_t pid;

	if (pipe(p))
		return;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		struct bu_vm_hdr h = { .kind = BU_VM_MAP };
		struct bu_vm_obj *o;
		int fd;

		if (make(s, BU_VM_MAP, 4, NULL, 0, &id) < 0 ||
		    bu_vm_obj_new(bu_vm(s), &h, 8192, 4096, O_RDWR, &o, &fd) ||
		    bu_vm_member(bu_vm(s)))
			_exit(1);
		if (write(p[1], &id, 4) != 4)
			_exit(1);
		pause();
		_exit(0);
	}
	ok(read(p[0], &id, 4) == 4, "a child has made objects");
	ok(next(s, BU_VM_MAP, 0) == (int)id && files("new") == 1, "its half-made one is left alone");
	kill(pid, SIGKILL);
	waitpid(pid, &st, 0);
	ok(next(s, BU_VM_MAP, 0) == -ENOENT && files("o") == 0 && files("new") == 0,
	   "after SIGKILL nothing is left");
	ok(!bu_vm_gc(s, &removed, &bytes) && !removed && !clean(s), "clean");
	close(p[0]);
	close(p[1]);
	s->ops->destroy(s);
}

static bool count(void *ctx, int pid, const char *comm, uint64_t since)
{
	(void)pid, (void)comm, (void)since;
	++*(int *)ctx;
	return true;
}

static void test_members(void)
{
	struct bu_sys *s = must();
	struct bu_vm *vm = bu_vm(s);
	int n = 0, m, fd, st, p[2], q[2];
	char c = 0;
	pid_t pid;

	ok(!bu_vm_member(vm) && vm->member >= 0, "a slot");
	m = vm->member;
	if (pipe(p) || pipe(q))
		return;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		c = vm->member == -1 && !bu_vm_member(vm) && vm->member != m;
		if (write(p[1], &c, 1) != 1 || read(q[0], &c, 1) != 1)
			_exit(1);
		_exit(0);
	}
	ok(read(p[0], &c, 1) == 1 && c, "a forked child takes a slot of its own");
	ok(!bu_vm_members(s, count, &n) && n == 2, "two members");
	s->ops->destroy(s);
	s = must();
	ok(bu_vm_member_dead(bu_vm(s), (uint32_t)m, &fd), "the child does not keep its parent's slot");
	close(fd);
	ok(write(q[1], &c, 1) == 1 && waitpid(pid, &st, 0) == pid && st == 0, "the child ended");
	n = 0;
	ok(!bu_vm_members(s, count, &n) && n == 0, "no member");
	atomic_store(&bu_vm(s)->root->cpu[0].owner, (uint32_t)m + 1);
	bu_vm_members_gc(bu_vm(s));
	ok(!atomic_load(&bu_vm(s)->root->cpu[0].owner), "the CPU of a dead member is free again");
	s->ops->destroy(s);
	close(p[0]), close(p[1]), close(q[0]), close(q[1]);
}

static void test_ids(void)
{
	static const uint32_t some[] = { 1, 2, 63, 64, 65, 4095, 4096, 4097, 262143, 262144, 16777216,
					 2147483646 };
	struct bu_sys *s = must();
	struct bu_vm *vm = bu_vm(s);
	uint32_t id = 0;
	unsigned i, good = 0;

	for (i = 0; i < BU_ARRAY_SIZE(some); i++)
		good += !bu_vm_ids_set(vm, BU_VM_LINK, some[i], true);
	for (i = 0; i < BU_ARRAY_SIZE(some); i++)
		good += !bu_vm_ids_next(vm, BU_VM_LINK, id, &id) && id == some[i];
	ok(good == 2 * BU_ARRAY_SIZE(some) && bu_vm_ids_next(vm, BU_VM_LINK, id, &id) == -ENOENT,
	   "ids far apart are found in order");
	for (i = 0; i < BU_ARRAY_SIZE(some); i += 2)
		bu_vm_ids_set(vm, BU_VM_LINK, some[i], false);
	for (i = 1, id = 0, good = 0; i < BU_ARRAY_SIZE(some); i += 2)
		good += !bu_vm_ids_next(vm, BU_VM_LINK, id, &id) && id == some[i];
	ok(good == BU_ARRAY_SIZE(some) / 2, "without those that were cleared");
	ok(next(s, BU_VM_LINK, 0) == -ENOENT && !clean(s), "a bit without an object is cleaned away");
	s->ops->destroy(s);
}

static void test_cut(void)
{
	struct bu_sys *s = must();
	struct bu_vm_obj *o;
	char path[256];
	uint32_t id;
	int fd = make(s, BU_VM_MAP, 4, NULL, 0, &id);

	ok(!bu_vm_obj_by_fd(bu_vm(s), fd, -1, &o, NULL), "mapped");
	snprintf(path, sizeof(path), "%s/o/map.%u", dir, id);
	ok(!truncate(path, 0), "cut");
	ok(((volatile uint8_t *)o->mem)[5000] == 0 && bu_vm_window_fault(bu_vm(s)) == -EIO &&
	   !bu_vm_window_fault(bu_vm(s)), "reading it gives zeros and -EIO");
	bu_vm_obj_put(o);
	ok(bu_vm_check(s, NULL) == -EUCLEAN, "the check tells");
	s->ops->close(s, fd);
	close(fd);
	s->ops->destroy(s);
	s = must();
	ok(next(s, BU_VM_MAP, 0) == -ENOENT && !clean(s), "it dies as others do");
	s->ops->destroy(s);
}

static void test_trust(void)
{
	char path[160], none[200], file[200];
	struct bu_sys *s;
	uint32_t layout = 99;
	int err, fd;

	snprintf(path, sizeof(path), "%s/none", top);
	s = world(path, true, &err);
	ok(!s && err == -ENOENT, "no world, and none to be made");
	snprintf(path, sizeof(path), "%s/link", top);
	ok(!symlink(dir, path), "a link");
	s = world(path, false, &err);
	ok(!s && err == -ELOOP, "a symbolic link is no world");
	snprintf(path, sizeof(path), "%s/link/", top);
	s = world(path, false, &err);
	ok(!s && err == -ELOOP, "with a slash neither");
	snprintf(path, sizeof(path), "%s/open", top);
	ok(!mkdir(path, 0700) && !chmod(path, 0750), "mode 0750");
	s = world(path, false, &err);
	ok(!s && err == -EACCES, "others may look into it");
	snprintf(none, sizeof(none), "%s/a/b/c", top);
	s = world(none, false, &err);
	ok(!s && err == -ENOENT, "no directory above");
	if (!geteuid()) {
		ok(!chmod(path, 0700) && !chown(path, 65534, 65534), "of another user");
		s = world(path, false, &err);
		ok(!s && err == -EACCES, "is not taken");
	} else {
		skip(2, "needs root");
	}
	s = world("/proc", false, &err);
	ok(!s && err < 0, "no tmpfs");
	snprintf(path, sizeof(path), "%s/future", top);
	s = world(path, false, &err);
	ok(s != NULL, "another world");
	if (s)
		s->ops->destroy(s);
	snprintf(file, sizeof(file), "%s/world", path);
	fd = open(file, O_RDWR);
	ok(pwrite(fd, &layout, 4, offsetof(struct bu_vm_root, layout)) == 4, "of layout 99");
	s = world(path, false, &err);
	ok(!s && err == -EPROTO, "is refused");
	ok(!ftruncate(fd, 100), "a root file cut short");
	close(fd);
	s = world(path, false, &err);
	ok(!s && err < 0, "is refused");
}

static void test_full(void)
{
	char mnt[128], path[160];
	struct bu_vm_hdr h = { .kind = BU_VM_MAP };
	struct bu_vm_obj *o;
	struct bu_sys *s;
	int err, fd, n = 0, fds[64];

	snprintf(mnt, sizeof(mnt), "%s/small", top);
	if (mkdir(mnt, 0700) || mount("none", mnt, "tmpfs", 0, "size=1m,mode=0700")) {
		skip(5, "needs root to mount a small file system");
		rmdir(mnt);
		return;
	}
	snprintf(path, sizeof(path), "%s/w", mnt);
	s = world(path, false, &err);
	ok(s != NULL, "a world on a tmpfs of 1 MiB");
	err = bu_vm_obj_new(bu_vm(s), &h, 4u << 20, 2u << 20, O_RDWR, &o, &fd);
	ok(err == -ENOMEM, "an object that does not fit: ENOMEM");
	while (n < 64 && (fds[n] = make(s, BU_VM_MAP, 8, NULL, 0, NULL)) >= 0)
		n++;
	ok(n > 2 && n < 64 && fds[n] == -ENOMEM, "until it is full: ENOMEM");
	while (n)
		s->ops->close(s, fds[--n]);
	ok(!clean(s), "clean");
	s->ops->destroy(s);
	umount(mnt);
	if (!mount("none", mnt, "tmpfs", 0, "size=64k,mode=0700")) {
		s = world(path, false, &err);
		ok(!s && err == -ENOSPC, "no room for a world: ENOSPC, with words");
		umount(mnt);
	}
	rmdir(mnt);
}

/* Which directory, without one that is named: the first candidate that will do. */
static void test_where(void)
{
	char run[80], want[96], path[4096], *env = getenv("BPFUTILS_WORLD");
	char *keep = getenv("XDG_RUNTIME_DIR");
	const char *own = "/dev/shm/bpfutils-";
	bool root = geteuid() == 0;

	env = env ? strdup(env) : NULL;
	keep = keep ? strdup(keep) : NULL;
	unsetenv("BPFUTILS_WORLD");
	snprintf(run, sizeof(run), "%s/run", top);
	snprintf(want, sizeof(want), "%s/bpfutils", run);
	mkdir(run, 0700);
	setenv("XDG_RUNTIME_DIR", run, 1);
	ok(!bu_vm_where(NULL, path, sizeof(path), NULL) && !strcmp(path, want), "$XDG_RUNTIME_DIR: %s", path);
	ok(!symlink("/dev/shm", want) && !bu_vm_where(NULL, path, sizeof(path), NULL) &&
	   !strncmp(path, own, strlen(own)), "passed over when it is a symbolic link: %s", path);
	unlink(want);
	ok(!mkdir(want, 0755) && !chmod(want, 0755) && !bu_vm_where(NULL, path, sizeof(path), NULL) &&
	   !strncmp(path, own, strlen(own)), "when others may look into it");
	chmod(want, 0700);
	if (root)
		ok(!chown(want, 65534, 65534) && !bu_vm_where(NULL, path, sizeof(path), NULL) &&
		   !strncmp(path, own, strlen(own)), "when it is another user's");
	else
		skip(1, "needs root");
	rmdir(want);
	setenv("XDG_RUNTIME_DIR", "/proc", 1);
	ok(!bu_vm_where(NULL, path, sizeof(path), NULL) && !strncmp(path, own, strlen(own)),
	   "when it is no tmpfs");
	setenv("XDG_RUNTIME_DIR", "run", 1);
	ok(!bu_vm_where(NULL, path, sizeof(path), NULL) && !strncmp(path, own, strlen(own)),
	   "when it is no absolute path");
	setenv("BPFUTILS_WORLD", "/proc/w", 1);
	ok(bu_vm_where(NULL, path, sizeof(path), NULL) == -EINVAL, "but what $BPFUTILS_WORLD names is not");
	rmdir(run);
	if (env)
		setenv("BPFUTILS_WORLD", env, 1);
	else
		unsetenv("BPFUTILS_WORLD");
	if (keep)
		setenv("XDG_RUNTIME_DIR", keep, 1);
	else
		unsetenv("XDG_RUNTIME_DIR");
	free(env);
	free(keep);
}

int main(void)
{
	char cmd[128];

	need_native();
	strcpy(top, "/dev/shm/bpfutils-test-XXXXXX");
	if (!mkdtemp(top)) {
		printf("1..0 # SKIP needs a writable /dev/shm\n");
		return 0;
	}
	snprintf(dir, sizeof(dir), "%s/w", top);
	test_life();
	test_refs();
	test_pins();
	test_death();
	test_members();
	test_ids();
	test_cut();
	test_trust();
	test_where();
	test_full();
	snprintf(cmd, sizeof(cmd), "rm -rf %s", top);
	if (system(cmd))
		printf("# %s is left\n", top);
	return done_testing();
}
