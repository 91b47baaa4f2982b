/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which backend serves: decided once, before anything is made. */
#include "load/load.h"

#include "kern/kern.h"
#include "vm/vm.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Capability bits that let a caller load any program: linux/capability.h. */
#define CAP_SYS_ADMIN 21
#define CAP_BPF 39
#define BIT(n) (1ull << (n))

/*
 * Does bpf(2) answer at all? A command on a bad fd needs no right: the kernel itself says EBADF. ENOSYS:
 * there is none; EPERM: a seccomp filter stands before it.
 */
static int answers(struct bu_sys *s)
{
	struct { uint32_t pad; } none;
	uint32_t size = sizeof(none);
	int err = bu_sys_info(s, -1, &none, &size);

	return err == -ENOSYS || err == -EPERM || err == -EACCES ? err : 0;
}

static bool privileged(struct bu_sys *s)
{
	struct bu_sys_facts f;
	int is = s->ops->privileged ? s->ops->privileged(s) : -1;

	if (is >= 0)
		return is;
	memset(&f, 0, sizeof(f));
	if (s->ops->facts)
		s->ops->facts(s, &f);
	/* In a user namespace of its own, a process has capabilities that count for nothing here. */
	return f.caps_known && f.init_userns != 0 && (f.caps & (BIT(CAP_SYS_ADMIN) | BIT(CAP_BPF)));
}

/* "r0 = 0; exit" of a type: is the caller, who has no capability, allowed to? */
static int may_load(struct bu_sys *s, uint32_t type)
{
	int fd = bu_sys_try_prog(s, type, 0, -1, NULL, 0);

	if (fd >= 0)
		s->ops->close(s, fd);
	return fd == -EPERM || fd == -EACCES ? fd : 0;
}

/* Why the kernel cannot serve, or NULL. */
static const char *unusable(struct bu_sys *s, const uint32_t *types, unsigned n)
{
	uint32_t id;
	int err = answers(s);

	if (err == -ENOSYS)
		return "this kernel has no bpf(2)";
	if (err)
		return "bpf(2) is blocked for this process (seccomp)";
	if (privileged(s))
		return NULL;
	if (!n) { /* who inspects has to list */
		err = bu_sys_next_id(s, BU_PROG, 0, &id);
		return err == -EPERM || err == -EACCES ? "bpf(2) is not permitted to this user" : NULL;
	}
	for (unsigned i = 0; i < n; i++)
		if (may_load(s, types[i]))
			return "bpf(2) is not permitted to this user";
	return NULL;
}

/* Root that names another user's world looks at it, and changes nothing. */
static bool only_look(void)
{
	const char *world = getenv("BPFUTILS_WORLD");
	struct stat st;

	return geteuid() == 0 && world && *world && !stat(world, &st) && st.st_uid != 0;
}

int bu_backend_open(struct bu_sys **s, enum bu_backend want, const uint32_t *types, unsigned n,
		    struct bu_diags *ds)
{
	struct bu_vm_options opts = { 0 };
	const char *why = NULL;
	int err;

	*s = NULL;
	if (want != BU_BACKEND_VM) {
		*s = bu_kern_open();
		if (!*s)
			return -ENOMEM;
		if (want == BU_BACKEND_AUTO)
			why = unusable(*s, types, n);
		if (!why)
			return 0;
		(*s)->ops->destroy(*s);
		*s = NULL;
	}
	opts.read_only = only_look();
	err = bu_vm_open(s, &opts, ds);
	if (!err && why)
		bu_diag(ds, BU_NOTE, "S0002", "%s: the VM serves instead, with the world %s", why,
			bu_vm_path(*s));
	return err;
}
