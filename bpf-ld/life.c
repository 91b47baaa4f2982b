// SPDX-License-Identifier: GPL-2.0-or-later
/* Foreground life: until a signal, the end of --for, or the end of the command. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ld.h"

#define EXIT_NO_COMMAND 127 /* as shells and env(1) have it */
#define EXIT_NO_EXEC 126
#define PRINTK_PAUSE 50000000u /* ns */

/* What we were started with; the command gets it back. */
static sigset_t before;
static struct sigaction before_pipe;
static int signal_fd = -1;

int ld_signals(void)
{
	struct sigaction hup;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	/* nohup(1) asks to be left alone. */
	if (sigaction(SIGHUP, NULL, &hup) == 0 && hup.sa_handler != SIG_IGN)
		sigaddset(&set, SIGHUP);
	/* A reader that goes away must not keep us from detaching: it is an error of write(2). */
	sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, &before_pipe);
	if (sigprocmask(SIG_BLOCK, &set, &before) < 0)
		return -errno;
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return signal_fd < 0 ? -errno : 0;
}

int ld_before_attach(void *ctx, const struct bu_loaded *made, struct bu_diags *ds)
{
	struct ld *l = ctx;

	if (l->stays && l->printk) {
		int err = ld_printk_begin(l);

		if (err)
			return err;
	}
	if (l->record)
		return ld_record_begin(l, made, ds);
	return l->stays && !l->no_events ? ld_events_begin(l, made) : 0;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---------------------------------------------------------------- the command */

static void __attribute__((noreturn)) run_command(char **command, int tell_fd)
{
	int err;

	sigaction(SIGPIPE, &before_pipe, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	execvp(command[0], command);
	err = errno;
	if (write(tell_fd, &err, sizeof(err)) < 0)
		err = EIO;
	_exit(err == ENOENT ? EXIT_NO_COMMAND : EXIT_NO_EXEC);
}

/* Starts it; *err is the reason when it cannot be executed. The pid, or -errno. */
static pid_t start_command(char **command, int *err)
{
	int p[2];
	pid_t pid;

	*err = 0;
	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		*err = errno;
		close(p[0]);
		close(p[1]);
		return -*err;
	}
	if (pid == 0)
		run_command(command, p[1]);
	close(p[1]);
	while (read(p[0], err, sizeof(*err)) < 0 && errno == EINTR)
		;
	close(p[0]);
	return pid;
}

static int status_of(int wstatus)
{
	return WIFSIGNALED(wstatus) ? 128 + WTERMSIG(wstatus) : WEXITSTATUS(wstatus);
}

/* ---------------------------------------------------------------- life */

struct life {
	struct ld *l;
	uint64_t end;   /* CLOCK_MONOTONIC ns; UINT64_MAX: none */
	pid_t child;    /* 0: none */
	bool over;
	int status;
};

static void on_signal(struct life *f, const struct signalfd_siginfo *si)
{
	int wstatus;

	if (si->ssi_signo == SIGCHLD) {
		if (f->child && waitpid(f->child, &wstatus, WNOHANG) == f->child) {
			f->status = status_of(wstatus);
			f->child = 0;
			f->over = true;
		}
		return;
	}
	if (!f->child) {
		f->l->signalled = true;
		f->over = true;
		return;
	}
	/* What the terminal sends, it sends to the command too. */
	if (si->ssi_code != SI_KERNEL)
		kill(f->child, (int)si->ssi_signo);
}

static int take_signals(struct life *f)
{
	struct signalfd_siginfo si;
	ssize_t n;

	while ((n = read(signal_fd, &si, sizeof(si))) == (ssize_t)sizeof(si))
		on_signal(f, &si);
	return n < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
}

/* Prints the watched maps that are due, or all of them. */
static int print_watches(struct life *f, uint64_t now, bool all)
{
	for (unsigned i = 0; i < f->l->nwatch; i++) {
		struct ld_watch *w = &f->l->watch[i];
		int err;

		if (!all && now < w->due)
			continue;
		while (w->due <= now)
			w->due += w->interval;
		err = ld_watch_print(f->l, w, now);
		if (err < 0)
			return err;
	}
	return 0;
}

/* ms until something is due, -1: nothing is. */
static int timeout(const struct life *f, uint64_t now)
{
	uint64_t due = f->end, ms;

	for (unsigned i = 0; i < f->l->nwatch; i++) {
		if (f->l->watch[i].due < due)
			due = f->l->watch[i].due;
	}
	/* The VM's trace has no fd to wait for. */
	if (f->l->printk && f->l->printk_fd < 0 && now + PRINTK_PAUSE < due)
		due = now + PRINTK_PAUSE;
	if (due == UINT64_MAX)
		return -1;
	ms = due <= now ? 0 : (due - now + 999999) / 1000000;
	return ms > 1u << 30 ? 1 << 30 : (int)ms;
}

static int loop(struct life *f)
{
	struct bu_sys *s = f->l->sys;
	const int *events;
	unsigned n, nevents = ld_events_fds(f->l, &events);
	int err, *fds = bu_arena_array(&f->l->arena, 4 + (size_t)nevents, sizeof(*fds));

	if (!fds)
		return -ENOMEM;
	while (!f->over) {
		uint64_t now = now_ns();

		if (now >= f->end)
			break;
		err = print_watches(f, now, false);
		if (err)
			return err;
		fds[0] = signal_fd;
		n = 1 + ld_record_fds(f->l->recorder, fds + 1);
		for (unsigned i = 0; i < nevents; i++)
			fds[n++] = events[i];
		if (f->l->printk && f->l->printk_fd >= 0)
			fds[n++] = f->l->printk_fd;
		err = s->ops->wait(s, fds, n, timeout(f, now));
		if (err < 0 && err != -EINTR)
			return err;
		err = ld_record_step(f->l->recorder);
		if (!err)
			err = ld_events_step(f->l);
		if (!err)
			err = ld_printk_step(f->l);
		if (err)
			return err;
		err = take_signals(f);
		if (err)
			return err;
	}
	err = ld_events_step(f->l);
	if (!err)
		err = ld_printk_step(f->l);
	if (err)
		return err;
	/* What the end looks like is what one wants to see most. */
	return print_watches(f, now_ns(), true);
}

int ld_say_ready(struct ld *l)
{
	int err = l->ready_fd >= 0 ? bu_write_all(l->ready_fd, "attached\n", 9) : 0;

	if (l->ready_fd > STDERR_FILENO && l->mark_fd < 0)
		close(l->ready_fd);
	if (err)
		bu_diag(&l->ds, BU_ERROR, "U0002", "--ready-fd %d: %s", l->ready_fd,
			bu_strerror(-err));
	return err ? -EIO : 0;
}

/* The command did not begin, or life ended by an error of ours: it must not be left running. */
static void end_command(struct life *f)
{
	int wstatus;

	if (!f->child)
		return;
	kill(f->child, SIGTERM);
	while (waitpid(f->child, &wstatus, 0) < 0 && errno == EINTR)
		;
	f->child = 0;
}

int ld_live(struct ld *l)
{
	struct life f = { .l = l, .end = UINT64_MAX };
	uint64_t now = now_ns();
	int err, why;

	err = ld_watch_start(l, now);
	if (!err)
		err = ld_say_ready(l);
	if (err < 0)
		return ld_fail(l, err);
	if (l->limited)
		f.end = now + l->limit < now ? UINT64_MAX : now + l->limit;
	if (l->command) {
		f.child = start_command(l->command, &why);
		if (f.child < 0 || why) {
			bu_diag(&l->ds, BU_ERROR, "L0303", "%s cannot be executed: %s",
				l->command[0], bu_strerror(why ? why : -f.child));
			ld_fail(l, -EINVAL);
			if (f.child > 0)
				waitpid(f.child, NULL, 0);
			return why == ENOENT ? EXIT_NO_COMMAND : EXIT_NO_EXEC;
		}
	}
	err = loop(&f);
	if (err < 0) {
		end_command(&f);
		return l->out_err ? ld_no_output(l) : ld_fail(l, err);
	}
	return f.status;
}
