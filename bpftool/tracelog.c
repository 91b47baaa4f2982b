// SPDX-License-Identifier: GPL-2.0-or-later
/* prog tracelog: what programs print with bpf_trace_printk, as it comes, until SIGINT or SIGTERM. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"
#include "vm/vm.h"

#define PAUSE_MS 50

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static void line(struct bt *t, const char *s, size_t n)
{
	const char *safe = bt_esc(t, s, n);

	bu_out_str(&t->out, NULL, s, n, "%s\n", safe ? safe : "");
}

static int from_world(struct bt *t)
{
	uint64_t pos = 0, lost = 0;
	char text[2048];
	int n = 0;

	while (!stop && n >= 0 && !t->out.err) {
		n = bu_vm_trace_read(t->sys, &pos, text, sizeof(text), &lost);
		if (lost && !t->json)
			bu_out_text(&t->out, "[%llu lines lost]\n", (unsigned long long)lost);
		lost = 0;
		if (n > 0) {
			line(t, text, (size_t)n);
		} else if (!n) {
			bu_out_flush(&t->out);
			poll(NULL, 0, PAUSE_MS);
		}
		bu_arena_free(&t->arena);
	}
	return n < 0 ? bt_refused(t, -1, n, "the world's trace cannot be read") : BU_EXIT_OK;
}

static int from_kernel(struct bt *t, int fd)
{
	struct bu_buf b = { 0 };
	const uint8_t *nl;
	size_t used;
	ssize_t n;
	int err = 0;

	while (!stop && !err && !t->out.err) {
		uint8_t *room = bu_buf_room(&b, 4096);

		n = room ? read(fd, room, 4096) : -1;
		if (n <= 0) {
			err = !room ? -ENOMEM : n < 0 && errno != EINTR ? -errno : 0;
			if (!n)
				break;
			continue;
		}
		b.n += (size_t)n;
		for (used = 0; (nl = memchr(b.p + used, '\n', b.n - used)); used = (size_t)(nl - b.p) + 1)
			line(t, (const char *)b.p + used, (size_t)(nl - b.p) - used);
		memmove(b.p, b.p + used, b.n - used);
		b.n -= used;
		bu_out_flush(&t->out);
		bu_arena_free(&t->arena);
	}
	bu_buf_free(&b);
	return err ? bt_refused(t, -1, err, "trace_pipe cannot be read") : BU_EXIT_OK;
}

int bt_prog_tracelog(struct bt *t)
{
	static const char *const places[] = { "/sys/kernel/tracing/trace_pipe",
					      "/sys/kernel/debug/tracing/trace_pipe" };
	struct sigaction ours = { .sa_handler = on_signal }, was_int, was_term;
	int st = bt_end(t), fd = -1, err = 0;

	if (st)
		return st;
	if (!bu_vm_is(t->sys)) {
		for (unsigned i = 0; fd < 0 && i < BU_ARRAY_SIZE(places); i++) {
			fd = open(places[i], O_RDONLY | O_CLOEXEC);
			err = fd < 0 && err != -EACCES ? -errno : err;
		}
		if (fd < 0)
			return bt_refused(t, -1, err, "trace_pipe cannot be opened");
	}
	stop = 0;
	sigaction(SIGINT, &ours, &was_int);
	sigaction(SIGTERM, &ours, &was_term);
	bt_begin(t);
	bu_out_arr(&t->out, t->key);
	st = fd < 0 ? from_world(t) : from_kernel(t, fd);
	bu_out_arr_end(&t->out);
	sigaction(SIGINT, &was_int, NULL);
	sigaction(SIGTERM, &was_term, NULL);
	if (fd >= 0)
		close(fd);
	return st;
}
