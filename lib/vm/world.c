/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The world's directory: which it is, whether it may be trusted, its root file and its lock. */
#include "vm/life.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#define TMPFS 0x01021994u

/* ---------------------------------------------------------------- which directory */

/* Why a directory was not taken. */
struct refusal {
	int err;
	const char *why;
};

static bool on_tmpfs(int fd, const char *path)
{
	struct statfs fs;

	return !(path ? statfs(path, &fs) : fstatfs(fd, &fs)) && (uint32_t)fs.f_type == TMPFS;
}

static void refuse(struct refusal *r, int err, const char *why)
{
	r->err = err;
	r->why = why;
}

/*
 * May this directory be the world's? 0 and *fd, open; 1: not there, but can be made; else -errno and *r.
 * Owner and mode are of the open directory itself, reached without following a link at its end.
 */
static int judge(const char *path, bool read_only, int *fd, struct refusal *r)
{
	char up[PATH_MAX];
	struct stat st;
	char *slash;

	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (*fd < 0 && errno == ENOENT) {
		snprintf(up, sizeof(up), "%s", path);
		slash = strrchr(up, '/');
		if (!slash)
			strcpy(up, ".");
		else
			slash[slash == up] = '\0';
		if (access(up, F_OK))
			refuse(r, -errno, "the directory above it is not there");
		else if (!on_tmpfs(-1, up))
			refuse(r, -EINVAL, "it is not on a tmpfs, where the world has to be");
		else if (!read_only && access(up, W_OK | X_OK))
			refuse(r, -errno, "it is not there and may not be made");
		else
			return 1;
		return r->err;
	}
	if (*fd < 0) {
		int e = errno;

		if (!lstat(path, &st) && S_ISLNK(st.st_mode))
			refuse(r, -ELOOP, "it is a symbolic link");
		else
			refuse(r, -e, e == ENOTDIR ? "it is no directory" : "it cannot be opened");
		return r->err;
	}
	if (fstat(*fd, &st))
		refuse(r, -errno, "it cannot be looked at");
	else if (st.st_uid != geteuid() && !(read_only && geteuid() == 0))
		refuse(r, -EACCES, "it belongs to another user");
	else if (st.st_mode & 077)
		refuse(r, -EACCES, "others may look into it: its mode has to be 0700");
	else if (!on_tmpfs(*fd, NULL))
		refuse(r, -EINVAL, "it is not on a tmpfs, where the world has to be");
	else if (!read_only && faccessat(*fd, ".", W_OK | X_OK, AT_EACCESS))
		refuse(r, -errno, "it may not be written to");
	else
		return 0;
	close(*fd);
	*fd = -1;
	return r->err;
}

/*
 * This user as the first user namespace numbers him, for the name of his directory: root of a namespace
 * of his own must not want the machine's root's.
 */
static unsigned long outer_uid(void)
{
	unsigned long euid = geteuid(), in, out, n;
	char text[512];
	const char *p = text;
	int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC), used;
	ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[got > 0 ? got : 0] = '\0';
	for (; sscanf(p, "%lu %lu %lu%n", &in, &out, &n, &used) == 3; p += used)
		if (euid >= in && euid - in < n)
			return out + (euid - in);
	return euid;
}

/* The directory of these options: as judge. Without an explicit one, the first that will do. */
static int choose(const struct bu_vm_options *opts, char *path, size_t size, int *fd,
		  struct bu_diags *ds)
{
	const char *env = getenv("BPFUTILS_WORLD"), *run = getenv("XDG_RUNTIME_DIR");
	bool ro = opts && opts->read_only, given = true;
	struct refusal no = { 0, NULL };
	struct bu_diag *d;
	size_t n;
	int r = -1;

	*fd = -1;
	if (opts && opts->world) {
		n = (size_t)snprintf(path, size, "%s", opts->world);
	} else if (env && *env) {
		n = (size_t)snprintf(path, size, "%s", env);
	} else {
		given = false;
		n = 0;
		if (run && *run == '/') {
			n = (size_t)snprintf(path, size, "%s/bpfutils", run);
			r = n < size ? judge(path, ro, fd, &no) : -ENAMETOOLONG;
		}
		if (r < 0)
			n = (size_t)snprintf(path, size, "/dev/shm/bpfutils-%lu", outer_uid());
	}
	if (n >= size) {
		path[size - 1] = '\0';
		refuse(&no, r = -ENAMETOOLONG, "its name is too long");
	} else if (r < 0) {
		while (given && n > 1 && path[n - 1] == '/')
			path[--n] = '\0';
		r = judge(path, ro, fd, &no);
	}
	if (r < 0 && ds) {
		d = bu_diag(ds, BU_ERROR, "S0201", "the world %s cannot be used: %s (%s)", path, no.why,
			    bu_errno_name(no.err));
		if (given)
			bu_diag_help(ds, d, "$BPFUTILS_WORLD takes a directory of your own on a tmpfs, "
				     "such as one below /dev/shm");
		else
			bu_diag_help(ds, d, "let $BPFUTILS_WORLD name a directory on a tmpfs, or make "
				     "/dev/shm writable");
	}
	return r;
}

int bu_vm_where(const struct bu_vm_options *opts, char *path, size_t size, struct bu_diags *ds)
{
	int fd, r = choose(opts, path, size, &fd, ds);

	if (fd >= 0)
		close(fd);
	return r < 0 ? r : 0;
}

/* ---------------------------------------------------------------- the root file */

/* "0-7,9": one more than the largest number, 0: unreadable. */
static uint32_t possible_cpus(void)
{
	int fd = open("/sys/devices/system/cpu/possible", O_RDONLY | O_CLOEXEC);
	unsigned long most = 0;
	char text[256];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	long conf;

	if (fd >= 0)
		close(fd);
	if (n > 0) {
		text[n] = '\0';
		for (const char *p = text; *p;) {
			char *end;
			unsigned long v;

			if (!isdigit((unsigned char)*p)) {
				p++;
				continue;
			}
			v = strtoul(p, &end, 10);
			most = v + 1 > most ? v + 1 : most;
			p = end;
		}
	}
	if (!most) {
		conf = sysconf(_SC_NPROCESSORS_CONF);
		most = conf > 0 ? (unsigned long)conf : 1;
	}
	return most > BU_VM_MAX_CPUS ? BU_VM_MAX_CPUS : (uint32_t)most;
}

/* Everything but the root file, which is made last: its name says that the world is complete. */
static int make_world(struct bu_vm *vm)
{
	static const char *const dirs[] = { "o", "r", "m", "new", "pins" };
	struct bu_vm_root *root;
	int fd, err = 0;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(dirs); i++)
		if (mkdirat(vm->dir, dirs[i], 0700) && errno != EEXIST)
			return -errno;
	fd = openat(vm->dir, "stats", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	unlinkat(vm->dir, "world.new", 0);
	fd = openat(vm->dir, "world.new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (fallocate(fd, 0, 0, (off_t)BU_VM_ROOT_SIZE))
		err = -errno;
	root = err ? MAP_FAILED : mmap(NULL, BU_VM_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (!err && root == MAP_FAILED)
		err = -ENOMEM;
	if (!err) {
		root->ncpus = possible_cpus();
		root->uid = geteuid();
		root->layout = BU_VM_LAYOUT;
		root->magic = BU_VM_MAGIC;
		munmap(root, BU_VM_PAGE);
		if (renameat(vm->dir, "world.new", vm->dir, "world"))
			err = -errno;
	}
	if (err)
		unlinkat(vm->dir, "world.new", 0);
	close(fd);
	return err;
}

static int open_root(struct bu_vm *vm, struct bu_diags *ds)
{
	struct { uint64_t magic; uint32_t layout, uid, ncpus; } head;
	int fd = openat(vm->dir, "world", (vm->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW |
				O_NONBLOCK);
	struct stat st;
	int err = 0;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head) || head.magic != BU_VM_MAGIC) {
		err = -EUCLEAN;
	} else if (head.layout != BU_VM_LAYOUT) {
		err = -EPROTO;
		if (ds)
			bu_diag(ds, BU_ERROR, "S0202", "the world %s has layout %u, this program reads %u",
				vm->path, head.layout, BU_VM_LAYOUT);
	} else if (st.st_size != (off_t)BU_VM_ROOT_SIZE || !head.ncpus ||
		   head.ncpus > BU_VM_MAX_CPUS) {
		err = -EUCLEAN;
	} else {
		/* A world that is only looked at gets no store of ours, not even by mistake. */
		vm->root = mmap(NULL, BU_VM_ROOT_SIZE, PROT_READ | PROT_WRITE,
				vm->read_only ? MAP_PRIVATE | MAP_NORESERVE : MAP_SHARED, fd, 0);
		if (vm->root == MAP_FAILED) {
			vm->root = NULL;
			err = -ENOMEM;
		}
		vm->trace = (uint8_t *)(vm->root + 1);
	}
	close(fd);
	if (err == -EUCLEAN && ds)
		bu_diag_help(ds, bu_diag(ds, BU_ERROR, "S0203", "the world %s is damaged: its file "
					 "\"world\" is not what it has to be", vm->path),
			     "remove the directory when no process uses it");
	return err;
}

static int sub(struct bu_vm *vm, const char *name, int *fd)
{
	*fd = openat(vm->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return *fd < 0 ? errno == EMFILE || errno == ENFILE ? -errno : -EUCLEAN : 0;
}

/* Makes what is not there yet, one process at a time. */
static int complete(struct bu_vm *vm, struct bu_diags *ds)
{
	int err = bu_vm_world_lock(vm);
	struct bu_diag *d;

	if (err)
		return err;
	if (faccessat(vm->dir, "world", F_OK, AT_SYMLINK_NOFOLLOW))
		err = make_world(vm);
	bu_vm_world_unlock(vm);
	if (err && ds) {
		d = bu_diag(ds, BU_ERROR, "S0201", "the world %s cannot be made (%s)", vm->path,
			    bu_errno_name(err));
		if (err == -ENOSPC)
			bu_diag_note(ds, d, "its file system is full");
	}
	return err;
}

int bu_vm_world_open(struct bu_vm *vm, const struct bu_vm_options *opts, struct bu_diags *ds)
{
	bool no_create = opts && (opts->no_create || opts->read_only);
	struct refusal no = { 0, NULL };
	struct stat st;
	int err;

	vm->odir = vm->rdir = vm->mdir = vm->newdir = vm->pdir = vm->lock_fd = vm->member_fd = -1;
	vm->read_only = opts && opts->read_only;
	err = choose(opts, vm->path, sizeof(vm->path), &vm->dir, ds);
	if (err == 1) {
		if (no_create) {
			err = -ENOENT;
			goto absent;
		}
		if (mkdir(vm->path, 0700) && errno != EEXIST) {
			err = -errno;
			goto say;
		}
		err = judge(vm->path, false, &vm->dir, &no);
		if (err)
			goto say;
	}
	if (err < 0)
		return err;
	if (fstat(vm->dir, &st)) {
		err = -errno;
		goto say;
	}
	vm->dev = st.st_dev;
	vm->lock_fd = openat(vm->dir, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
				     (no_create ? 0 : O_CREAT), 0600);
	if (vm->lock_fd < 0) {
		err = -errno;
		if (err == -ENOENT && no_create)
			goto absent;
		goto say;
	}
	err = open_root(vm, ds);
	if (err == -ENOENT && no_create)
		goto absent;
	if (err == -ENOENT) {
		err = complete(vm, ds);
		if (!err)
			err = open_root(vm, ds);
	}
	if (err)
		goto fail;
	if ((err = sub(vm, "o", &vm->odir)) || (err = sub(vm, "r", &vm->rdir)) ||
	    (err = sub(vm, "m", &vm->mdir)) || (err = sub(vm, "new", &vm->newdir)) ||
	    (err = sub(vm, "pins", &vm->pdir)))
		goto say;
	err = bu_vm_watch(vm);
	if (err)
		goto say;
	return 0;
absent:
	if (ds)
		bu_diag(ds, BU_ERROR, "S0204", "there is no world at %s", vm->path);
	goto fail;
say:
	if (ds)
		bu_diag(ds, BU_ERROR, err == -EUCLEAN ? "S0203" : "S0201",
			"the world %s cannot be used (%s)", vm->path, bu_errno_name(err));
fail:
	bu_vm_world_close(vm);
	return err;
}

static void shut(int fd)
{
	if (fd >= 0)
		close(fd);
}

void bu_vm_world_close(struct bu_vm *vm)
{
	if (vm->root)
		bu_vm_cache_close(vm);
	bu_vm_member_close(vm);
	bu_vm_unwatch(vm);
	bu_vm_window_close(vm);
	bu_vm_ids_close(vm);
	shut(vm->stats_fd - 1);
	if (vm->root)
		munmap(vm->root, BU_VM_ROOT_SIZE);
	free(vm->dying.v);
	shut(vm->dir);
	shut(vm->odir);
	shut(vm->rdir);
	shut(vm->mdir);
	shut(vm->newdir);
	shut(vm->pdir);
	shut(vm->lock_fd);
}

int bu_vm_world_lock(struct bu_vm *vm)
{
	if (vm->lock_depth) {
		vm->lock_depth++;
		return 0;
	}
	while (flock(vm->lock_fd, LOCK_EX))
		if (errno != EINTR)
			return -errno;
	vm->lock_depth = 1;
	return 0;
}

void bu_vm_world_unlock(struct bu_vm *vm)
{
	if (vm->lock_depth && !--vm->lock_depth)
		flock(vm->lock_fd, LOCK_UN);
}

/* ---------------------------------------------------------------- what there is */

static bool count_member(void *ctx, int pid, const char *comm, uint64_t since)
{
	(void)pid, (void)comm, (void)since;
	++*(uint32_t *)ctx;
	return true;
}

/* Adds the memory of what lies in a directory; its objects are counted by kind. */
static void add_dir(struct bu_vm_info *info, int at, const char *name, bool objects)
{
	int dir = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = dir < 0 ? NULL : fdopendir(dir);
	struct dirent *e;
	uint32_t kind, id;
	struct stat st;

	while (d && (e = readdir(d))) {
		if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
			continue;
		info->bytes += (uint64_t)st.st_blocks * 512;
		if (objects && !bu_vm_obj_name_parse(e->d_name, &kind, &id))
			info->objects[kind]++;
	}
	if (d)
		closedir(d);
	else
		shut(dir);
}

static bool count_pin(void *ctx, enum bu_objkind kind, uint32_t id, const char *path)
{
	(void)kind, (void)id, (void)path;
	++*(uint32_t *)ctx;
	return true;
}

int bu_vm_info(struct bu_sys *s, struct bu_vm_info *info)
{
	struct bu_vm *vm = bu_vm(s);
	struct stat st;

	memset(info, 0, sizeof(*info));
	info->path = vm->path;
	info->layout = BU_VM_LAYOUT;
	info->ncpus = vm->root->ncpus;
	if (!fstat(vm->dir, &st))
		info->uid = st.st_uid;
	add_dir(info, vm->dir, ".", false);
	add_dir(info, vm->odir, ".", true);
	add_dir(info, vm->newdir, ".", false);
	add_dir(info, vm->mdir, ".", false);
	bu_vm_op_pins(s, count_pin, &info->pins);
	return bu_vm_members(s, count_member, &info->members);
}

int bu_vm_gc(struct bu_sys *s, uint32_t *removed, uint64_t *bytes)
{
	return bu_vm_reap(bu_vm(s), removed, bytes);
}
