/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel backend: each operation is a system call or a file of /proc and /sys. */
#include "kern/private.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int kern_bpf(struct bu_sys *s, int cmd, union bpf_attr *attr, unsigned size)
{
	long r = syscall(__NR_bpf, cmd, attr, size);

	(void)s;
	return r < 0 ? -errno : (int)r;
}

static int kern_close(struct bu_sys *s, int fd)
{
	(void)s;
	return close(fd) ? -errno : 0;
}

static void *kern_mmap(struct bu_sys *s, int fd, size_t len, bool writable, uint64_t off, int *err)
{
	void *p = mmap(NULL, len, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd,
		       (off_t)off);

	(void)s;
	if (p == MAP_FAILED) {
		*err = -errno;
		return NULL;
	}
	return p;
}

static int kern_munmap(struct bu_sys *s, void *p, size_t len)
{
	(void)s;
	return munmap(p, len) ? -errno : 0;
}

static int kern_wait(struct bu_sys *s, const int *fds, unsigned n, int timeout_ms)
{
	struct pollfd few[16], *p = few;
	int r;

	(void)s;
	if (n > BU_ARRAY_SIZE(few)) {
		p = calloc(n, sizeof(*p));
		if (!p)
			return -ENOMEM;
	}
	for (unsigned i = 0; i < n; i++)
		p[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	r = poll(p, n, timeout_ms);
	if (r < 0)
		r = -errno;
	if (p != few)
		free(p);
	return r;
}

static int kern_perf_event_open(struct bu_sys *s, struct perf_event_attr *a, int pid, int cpu,
				int group, unsigned long flags)
{
	long r = syscall(__NR_perf_event_open, a, pid, cpu, group, flags | PERF_FLAG_FD_CLOEXEC);

	(void)s;
	return r < 0 ? -errno : (int)r;
}

static int kern_perf_set_bpf(struct bu_sys *s, int event_fd, int prog_fd)
{
	(void)s;
	return ioctl(event_fd, PERF_EVENT_IOC_SET_BPF, prog_fd) ? -errno : 0;
}

static int kern_perf_enable(struct bu_sys *s, int event_fd)
{
	(void)s;
	return ioctl(event_fd, PERF_EVENT_IOC_ENABLE, 0) ? -errno : 0;
}

/* "0-3,6": the number of CPUs in the list. */
static int kern_possible_cpus(struct bu_sys *s)
{
	struct bu_kern *k = bu_kern(s);
	int err = bu_kern_read(k, "/sys/devices/system/cpu/possible");
	const char *p;
	long n = 0;

	if (err)
		return err;
	for (p = bu_buf_cstr(&k->scratch); *p >= '0' && *p <= '9';) {
		char *end;
		long lo = strtol(p, &end, 10), hi = lo;

		if (*end == '-')
			hi = strtol(end + 1, &end, 10);
		if (hi < lo || hi > 1 << 20)
			return -EINVAL;
		n += hi - lo + 1;
		p = *end == ',' ? end + 1 : end;
	}
	return n > 0 ? (int)n : -EINVAL;
}

int bu_kern_read(struct bu_kern *k, const char *path)
{
	int err;

	bu_buf_reset(&k->scratch);
	k->scratch.failed = false;
	err = bu_file_read(path, 1u << 20, &k->scratch);
	return err;
}

int bu_kern_read_long(struct bu_kern *k, const char *path, long *val)
{
	const char *text;
	char *end;
	int err = bu_kern_read(k, path);

	if (err)
		return err;
	text = bu_buf_cstr(&k->scratch);
	errno = 0;
	*val = strtol(text, &end, 10);
	return end == text || errno ? -EINVAL : 0;
}

static void kern_destroy(struct bu_sys *s)
{
	struct bu_kern *k = bu_kern(s);

	bu_kern_btf_close(k);
	bu_buf_free(&k->config);
	bu_buf_free(&k->scratch);
	free(k);
}

static const struct bu_sys_ops ops = {
	.name = "kernel",
	.destroy = kern_destroy,
	.bpf = kern_bpf,
	.close = kern_close,
	.mmap = kern_mmap,
	.munmap = kern_munmap,
	.wait = kern_wait,
	.perf_event_open = kern_perf_event_open,
	.perf_set_bpf = kern_perf_set_bpf,
	.perf_enable = kern_perf_enable,
	.tracepoint_id = bu_kern_tracepoint_id,
	.pmu_type = bu_kern_pmu_type,
	.pmu_format_bit = bu_kern_pmu_format_bit,
	.xdp_set = bu_kern_xdp_set,
	.ifindex = bu_kern_ifindex,
	.pin_prepare = bu_kern_pin_prepare,
	.pin_mkdir = bu_kern_pin_mkdir,
	.pin_rmdir = bu_kern_pin_rmdir,
	.unpin = bu_kern_unpin,
	.pins = bu_kern_pins,
	.holders = bu_kern_holders,
	.events = bu_kern_events,
	.vmlinux_btf = bu_kern_vmlinux_btf,
	.module_btf = bu_kern_module_btf,
	.symbols = bu_kern_symbols,
	.possible_cpus = kern_possible_cpus,
	.fd_kind = bu_kern_fd_kind,
	.names = bu_kern_names,
	.config = bu_kern_config,
	.facts = bu_kern_facts,
	.dyn_event = bu_kern_dyn_event,
	.security = bu_kern_security,
	.xdp_get = bu_kern_xdp_get,
	.target_open = bu_sys_target_open,
	.netns_set = bu_sys_netns_set,
	.tc = bu_kern_tc,
	.net_devs = bu_kern_net_devs,
	.net_filters = bu_kern_net_filters,
	.route = bu_kern_route,
	.socket_open = bu_kern_socket_open,
	.socket_attach = bu_kern_socket_attach,
	.privileged = bu_kern_privileged,
};

struct bu_sys *bu_kern_open(void)
{
	struct bu_kern *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->sys.ops = &ops;
	k->sys.kernel_btf = true;
	k->sys.parallel = true;
	return &k->sys;
}
