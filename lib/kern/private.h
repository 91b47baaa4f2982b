/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kern: what the files of the kernel backend share. */
#ifndef BU_KERN_PRIVATE_H
#define BU_KERN_PRIVATE_H

#include <limits.h>

#include "kern/kern.h"

struct bu_kern {
	struct bu_sys sys;         /* first: a struct bu_sys * is cast back */
	const char *tracefs;       /* static; NULL: not looked for yet, or not there */
	struct bu_buf btf;         /* vmlinux BTF, where it could not be mapped */
	void *btf_map;
	size_t btf_size;
	struct bu_kern_modules *modules; /* their BTF, or NULL: not looked for yet */
	bool config_read;
	struct bu_buf config;      /* the kernel's configuration, text */
	struct bu_buf scratch;     /* one small file of /proc or /sys at a time */
};

static inline struct bu_kern *bu_kern(struct bu_sys *s)
{
	return (struct bu_kern *)s;
}

/* Reads a small file of /proc or /sys into k->scratch, NUL behind it. 0 or -errno. */
int bu_kern_read(struct bu_kern *k, const char *path);
/* As bu_kern_read, then a decimal number at its start. */
int bu_kern_read_long(struct bu_kern *k, const char *path, long *val);

int bu_kern_tracepoint_id(struct bu_sys *s, const char *category, const char *name);
int bu_kern_pmu_type(struct bu_sys *s, const char *pmu);
int bu_kern_pmu_format_bit(struct bu_sys *s, const char *pmu, const char *format);
/* Finds tracefs, or mounts it where the kernel keeps a place for it. 0, -ENODEV, -EACCES. */
int bu_kern_find_tracefs(struct bu_kern *k);
int bu_kern_dyn_event(struct bu_sys *s, const char *file, const char *line);
int bu_kern_each_traceable(struct bu_kern *k, bu_name_fn *fn, void *ctx);
int bu_kern_names(struct bu_sys *s, enum bu_names what, const char *within, bu_name_fn *fn,
		  void *ctx);

int bu_kern_xdp_set(struct bu_sys *s, int ifindex, int prog_fd, int old_fd, uint32_t flags,
		    char *extack, size_t extack_size);
int bu_kern_ifindex(struct bu_sys *s, const char *dev);
int bu_kern_tc(struct bu_sys *s, enum bu_tc_op op, struct bu_tc *t, char *words, size_t room);
int bu_kern_net_devs(struct bu_sys *s, int ifindex, bu_net_dev_fn *fn, void *ctx);
int bu_kern_net_filters(struct bu_sys *s, int ifindex, bu_net_filter_fn *fn, void *ctx);
int bu_kern_route(struct bu_sys *s, bool add, const struct bu_route *r, char *words, size_t room);
/* A build without libnl: -EOPNOTSUPP, and words that say so. */
int bu_kern_no_netlink(char *words, size_t room);

int bu_kern_socket_open(struct bu_sys *s, enum bu_socket_kind kind, int ifindex, const char *addr, uint16_t port);
int bu_kern_socket_attach(struct bu_sys *s, int sock, bool reuseport, int prog_fd);

int bu_kern_pin_prepare(struct bu_sys *s, const char *path, bool no_mount);
int bu_kern_pin_mkdir(struct bu_sys *s, const char *dir);
int bu_kern_pin_rmdir(struct bu_sys *s, const char *dir);
int bu_kern_unpin(struct bu_sys *s, const char *path);
int bu_kern_pins(struct bu_sys *s, bu_pin_fn *fn, void *ctx);

int bu_kern_symbols(struct bu_sys *s, const char *const *names, uint64_t *addr, unsigned n);
int bu_kern_vmlinux_btf(struct bu_sys *s, const void **data, size_t *size);
int bu_kern_module_btf(struct bu_sys *s, unsigned i, const char **name, const void **data, size_t *size);
void bu_kern_btf_close(struct bu_kern *k);

int bu_kern_fd_kind(struct bu_sys *s, int fd, enum bu_objkind *k, uint32_t *id);
int bu_kern_holders(struct bu_sys *s, bu_holder_fn *fn, void *ctx);
int bu_kern_events(struct bu_sys *s, bu_event_fn *fn, void *ctx);
int bu_kern_config(struct bu_sys *s, const char *option);
void bu_kern_facts(struct bu_sys *s, struct bu_sys_facts *f);
/* facts.c */
int bu_kern_security(struct bu_sys *s, const char *file, struct bu_buf *out);
int bu_kern_xdp_get(struct bu_sys *s, int ifindex, uint32_t *prog_id, uint8_t *mode);
int bu_kern_privileged(struct bu_sys *s);

#endif
