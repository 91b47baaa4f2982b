// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * --printk: what programs say by bpf_trace_printk, while bpf-ld stays. On a kernel that is trace_pipe, one for the
 * machine, and reading takes the lines away; in the VM it is the world's trace, which anybody reads.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ld.h"
#include "vm/vm.h"

#define MAX_LINE 4096u

static int cannot(struct ld *l, const char *step, int err)
{
	struct bu_diag *d = bu_diag(&l->ds, BU_ERROR, "L0307", "--printk: trace_pipe cannot be %s: %s", step,
				    bu_strerror(-err));

	if (err == -ENOENT)
		bu_diag_help(&l->ds, d, "mount -t tracefs tracefs /sys/kernel/tracing");
	return err;
}

int ld_printk_begin(struct ld *l)
{
	static const char *const places[] = { "/sys/kernel/tracing/trace_pipe",
					      "/sys/kernel/debug/tracing/trace_pipe" };
	int err = 0;

	l->printk_fd = -1;
	if (bu_vm_is(l->sys))
		return 0;
	for (unsigned i = 0; l->printk_fd < 0 && i < BU_ARRAY_SIZE(places); i++) {
		l->printk_fd = open(places[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		err = l->printk_fd < 0 && err != -EACCES ? -errno : err;
	}
	return l->printk_fd < 0 ? cannot(l, "opened", err) : 0;
}

static void line(struct ld *l, const char *s, size_t n, struct bu_buf *out)
{
	if (l->json) {
		bu_buf_str(out, "{\"printk\":\"");
		bu_buf_json_escape(out, s, n);
		bu_buf_str(out, "\"}\n");
		return;
	}
	for (size_t i = 0; i < n; i++) /* a terminal is not to be steered by a program's text */
		bu_buf_char(out, (unsigned char)s[i] < ' ' && s[i] != '\t' ? '?' : s[i]);
	bu_buf_char(out, '\n');
}

static int from_kernel(struct ld *l, struct bu_buf *out)
{
	struct bu_buf *b = &l->printk_text;
	size_t used = 0;
	const uint8_t *nl;
	uint8_t *room;
	ssize_t n;

	while ((room = bu_buf_room(b, MAX_LINE)) && (n = read(l->printk_fd, room, MAX_LINE)) > 0)
		b->n += (size_t)n;
	if (!room)
		return -ENOMEM;
	if (n < 0 && errno != EAGAIN && errno != EINTR && errno != EBUSY)
		return cannot(l, "read", -errno);
	while ((nl = memchr(b->p + used, '\n', b->n - used))) {
		line(l, (const char *)b->p + used, (size_t)(nl - b->p) - used, out);
		used = (size_t)(nl - b->p) + 1;
	}
	if (b->n - used > MAX_LINE) { /* no line is that long */
		line(l, (const char *)b->p + used, b->n - used, out);
		used = b->n;
	}
	memmove(b->p, b->p + used, b->n - used);
	b->n -= used;
	return 0;
}

static int from_world(struct ld *l, struct bu_buf *out)
{
	char text[2048];
	int n;

	while ((n = bu_vm_trace_read(l->sys, &l->printk_pos, text, sizeof(text), NULL)) > 0)
		line(l, text, (size_t)n, out);
	return n;
}

int ld_printk_step(struct ld *l)
{
	struct bu_buf out = { 0 };
	int err = 0;

	if (!l->printk)
		return 0;
	err = bu_vm_is(l->sys) ? from_world(l, &out) : from_kernel(l, &out);
	if (!err && out.failed)
		err = -ENOMEM;
	if (!err && out.n)
		err = l->out_err = bu_write_all(STDOUT_FILENO, out.p, out.n);
	bu_buf_free(&out);
	return err;
}

void ld_printk_end(struct ld *l)
{
	if (l->printk && l->printk_fd >= 0)
		close(l->printk_fd);
	l->printk = false;
	bu_buf_free(&l->printk_text);
}
