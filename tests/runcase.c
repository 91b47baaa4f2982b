/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs case files (tests/case/README): each is assembled, printed, assembled again, and run in the VM
 * and in the kernel. TAP; one point a file.
 *
 *   runcase [--backend=vm|kernel|both] [-v] [--world=DIR] [FILE|DIR]...     without names: tests/case
 *
 * --world: in that world, which stays; its ring gets the texts of trace_printk.
 */
#include "runcase.h"

#include "kern/kern.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static struct bu_sys *vm, *kernel;
static char world[64], no_kernel[160];
static const char *given;
static unsigned release;
static unsigned points, failed, skipped, on_vm, on_kernel, on_neither;

/* ---------------------------------------------------------------- backends */

static void remove_tree(const char *path)
{
	struct dirent *e;
	char sub[4096];
	struct stat st;
	DIR *d = opendir(path);

	while (d && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
		if (!lstat(sub, &st) && S_ISDIR(st.st_mode))
			remove_tree(sub);
		else
			unlink(sub);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

static void end(void)
{
	if (vm)
		vm->ops->destroy(vm);
	vm = NULL;
	if (world[0])
		remove_tree(world);
}

static bool open_vm(void)
{
	struct bu_vm_options o = { .world = world };
	struct bu_diags ds;
	int err;

	if (given) {
		o.world = given;
		exec_trace_to_world();
	} else if (!mkdtemp(strcpy(world, "/dev/shm/bpfutils-test-XXXXXX"))) {
		world[0] = 0;
		return false;
	}
	atexit(end);
	bu_diags_init(&ds);
	err = bu_vm_open(&vm, &o, &ds);
	if (err) {
		struct bu_buf b = { 0 };

		bu_diags_render(&b, &ds, BU_DIAG_TEXT, false, "runcase");
		fputs(bu_buf_cstr(&b), stderr);
		bu_buf_free(&b);
	}
	bu_diags_free(&ds);
	return !err;
}

/* Tests that use bpf(2) share a lock (tests/helper.bash). */
static void share_lock(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/tmp/bpfutils-tests-%u.lock", getuid());
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		flock(fd, LOCK_SH);
}

static bool open_kernel(void)
{
	union bpf_attr a = { 0 };
	struct utsname u;
	unsigned major = 0, minor = 0;
	int fd;

	kernel = bu_kern_open();
	if (!kernel)
		return false;
	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = 4;
	a.value_size = 8;
	a.max_entries = 1;
	fd = bu_sys_map_create(kernel, &a);
	if (fd < 0 || geteuid()) {
		snprintf(no_kernel, sizeof(no_kernel), "needs bpf(2): %s",
			 fd < 0 ? bu_errno_name(fd) : "not root");
		if (fd >= 0)
			close(fd);
		kernel->ops->destroy(kernel);
		kernel = NULL;
		return false;
	}
	close(fd);
	if (!uname(&u) && sscanf(u.release, "%u.%u", &major, &minor) == 2)
		release = major << 8 | minor;
	share_lock();
	return true;
}

/* ---------------------------------------------------------------- files */

static void comment(const struct bu_buf *b)
{
	const char *s = (const char *)b->p;

	for (size_t i = 0, from = 0; i < b->n; i++)
		if (s[i] == '\n') {
			printf("# %.*s\n", (int)(i - from), s + from);
			from = i + 1;
		}
}

static void one_file(const char *path)
{
	struct bu_buf why = { 0 };
	bool ok = true, ran_vm = false, ran_kernel = false, lacks = false;
	struct file f;

	if (file_read(&f, path)) {
		bu_buf_printf(&why, "%s\n", f.error);
		ok = false;
		goto out;
	}
	ok = exec_round_trip(&f, &why);
	if (ok && vm) {
		ok = exec_file(&f, vm, false, &why);
		if (!ok)
			bu_buf_str(&why, "in the VM\n");
		ran_vm = ok;
	}
	if (kernel && f.kernel != KERNEL_NONE && release >= f.since) {
		bool k = exec_file(&f, kernel, true, &why);

		if (!k)
			bu_buf_str(&why, "in the kernel\n");
		ran_kernel = k;
		ok &= k;
	}
	lacks = things_lack_cookies() && !ok;
	skipped += lacks;
	ok |= lacks;
out:
	on_vm += ran_vm;
	on_kernel += ran_kernel;
	on_neither += !ran_vm && !ran_kernel;
	failed += !ok;
	printf("%sok %u - %s%s%s: %s%s\n", ok ? "" : "not ", ++points,
	       strrchr(path, '/') ? strrchr(path, '/') + 1 : path, ran_vm ? " vm" : "",
	       ran_kernel ? " kernel" : "", f.title, lacks ? " # SKIP needs SO_COOKIE of sockets" : "");
	if (!ok)
		comment(&why);
	bu_buf_free(&why);
	file_free(&f);
}

static int is_case(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 4 && !strcmp(e->d_name + n - 4, ".bpf");
}

static void all_of(const char *path)
{
	struct dirent **names;
	char sub[4096];
	struct stat st;
	int n;

	if (stat(path, &st) || !S_ISDIR(st.st_mode)) {
		one_file(path);
		return;
	}
	n = scandir(path, &names, is_case, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(sub, sizeof(sub), "%s/%s", path, names[i]->d_name);
		one_file(sub);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

/* Is there a case for each instruction, helper and map type of the VM? */
static void covered(void)
{
	struct bu_buf why = { 0 };
	unsigned n;

	if (skipped) {
		printf("ok %u - each instruction, helper and map type has a case # SKIP needs SO_COOKIE of sockets\n", ++points);
		return;
	}
	n = cover_missing(&why);
	printf("%sok %u - each instruction, helper and map type has a case that runs in the VM\n",
	       n ? "not " : "", ++points);
	comment(&why);
	failed += n != 0;
	bu_buf_free(&why);
}

int main(int argc, char **argv)
{
	const char *src = getenv("BPFUTILS_SRCDIR");
	bool want_vm = true, want_kernel = true, named = false;
	struct timespec a, b;
	char dir[4096];

	prctl(PR_SET_NAME, "runcase"); /* get_current_comm has a case; in an emulator we would be it */
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-v"))
			exec_verbose(true);
		else if (!strcmp(argv[i], "--backend=vm"))
			want_kernel = false;
		else if (!strcmp(argv[i], "--backend=kernel"))
			want_vm = false;
		else if (!strcmp(argv[i], "--backend=both"))
			want_vm = want_kernel = true;
		else if (!strncmp(argv[i], "--world=", 8))
			given = argv[i] + 8;
		else if (*argv[i] == '-') {
			fprintf(stderr, "runcase [--backend=vm|kernel|both] [-v] [--world=DIR] [FILE|DIR]...\n");
			return BU_EXIT_USAGE;
		} else
			named = true;
	}
	if (want_vm && !open_vm()) {
		printf("1..0 # SKIP needs a tmpfs on /dev/shm\n");
		return EXIT_SUCCESS;
	}
	if (want_kernel)
		open_kernel();
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 1; i < argc; i++)
		if (*argv[i] != '-')
			all_of(argv[i]);
	if (!named) {
		snprintf(dir, sizeof(dir), "%s/tests/case", src ? src : ".");
		all_of(dir);
		printf("%sok %u - there are at least 1,000 case files\n", points >= 1000 ? "" : "not ",
		       points + 1);
		failed += points < 1000;
		points++;
		if (vm)
			covered();
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	if (want_kernel) {
		points++;
		if (kernel)
			printf("ok %u - the kernel ran %u of them\n", points, on_kernel);
		else
			printf("ok %u # SKIP %s\n", points, no_kernel);
	}
	printf("# %u passed, %u failed; %u in the VM, %u in the kernel, %u in neither; %.1f s\n",
	       points - failed - skipped, failed, on_vm, on_kernel, on_neither,
	       (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9);
	printf("1..%u\n", points);
	if (kernel)
		kernel->ops->destroy(kernel);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
