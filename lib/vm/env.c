/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What helpers answer, from the texts of options: clock, seed, task, helpers' values, sockets, routes, stacks. */
#include "vm/env.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define WHY 160u

struct text {
	char *why;
};

static int wrong(const struct text *t, const char *fmt, ...) BU_PRINTF(2, 3);
static int wrong(const struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->why, WHY, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static bool number(const char *s, uint64_t max, uint64_t *v)
{
	bool neg;

	return *s && !bu_str_u64(bu_str_c(s), v, &neg) && (neg || *v <= max) && (!neg || max == UINT64_MAX);
}

/* ---------------------------------------------------------------- time, chance, task */

static int set_clock(struct bu_vm_settings *s, const char *v, const struct text *t)
{
	struct bu_vm_env *e = &s->env;

	e->step = 0;
	e->fixed_time = strcmp(v, "real") != 0;
	if (!e->fixed_time)
		return 0;
	if (!strncmp(v, "fixed:", 6) && number(v + 6, INT64_MAX, &e->time))
		return 0;
	e->time = 0;
	if (!strncmp(v, "step:", 5) && number(v + 5, INT64_MAX, &e->step) && e->step)
		return 0;
	return wrong(t, "is none of real, fixed:NS, step:NS");
}

static int set_seed(struct bu_vm_settings *s, const char *v, const struct text *t)
{
	if (!number(v, UINT64_MAX, &s->env.seed))
		return wrong(t, "is no number");
	s->env.seeded = true;
	return 0;
}

static int set_cpu(struct bu_vm_settings *s, const char *v, const struct text *t)
{
	uint64_t cpu;

	if (!number(v, UINT32_MAX, &cpu) || cpu >= s->ncpus)
		return wrong(t, "is no processor of this world, which has %u", s->ncpus);
	s->env.cpu = (int)cpu + 1;
	return 0;
}

/* What is not said of the task is this process's. */
static void fix_task(struct bu_vm_env *e)
{
	if (e->fixed_task)
		return;
	e->fixed_task = true;
	e->pid = e->tgid = (uint32_t)getpid();
	e->uid = getuid();
	e->gid = getgid();
	prctl(PR_GET_NAME, e->comm, 0, 0, 0);
}

static int set_pid(struct bu_vm_settings *s, const char *v, const struct text *t)
{
	uint64_t pid;

	if (!number(v, INT32_MAX, &pid))
		return wrong(t, "is no process's number");
	fix_task(&s->env);
	s->env.pid = s->env.tgid = (uint32_t)pid;
	s->pid_given = true;
	return 0;
}

static int set_comm(struct bu_vm_settings *s, const char *v, const struct text *t)
{
	if (strlen(v) > 15)
		return wrong(t, "is longer than 15 bytes");
	fix_task(&s->env);
	memset(s->env.comm, 0, sizeof(s->env.comm));
	memcpy(s->env.comm, v, strlen(v));
	s->comm_given = true;
	return 0;
}

/* ---------------------------------------------------------------- helpers */

/* Those that give or take what the VM has to know of, or that find what is theirs, cannot be left out. */
static bool may_fake(int32_t id)
{
	const struct bu_vm_helper *h = bu_vm_helper(id);

	if (!h)
		return true;
	if (h->maps || id == 93 || id == 94)
		return false;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(h->arg); i++)
		if (h->arg[i] == BU_VM_A_RECORD || h->arg[i] == BU_VM_A_SOCK || h->arg[i] == BU_VM_A_DYNPTR ||
		    h->arg[i] == BU_VM_A_FUNC)
			return false;
	return true;
}

static int set_helper(struct bu_vm_settings *s, const char *v, const struct text *t)
{
	const char *eq = strchr(v, '=');
	const struct bu_helper *h;
	char name[64];
	uint64_t value;

	if (!eq || !number(eq + 1, UINT64_MAX, &value))
		return wrong(t, "is not NAME=NUMBER");
	snprintf(name, sizeof(name), "%s%.*s", strncmp(v, "bpf_", 4) ? "bpf_" : "", (int)(eq - v), v);
	h = bu_helper_by_name(bu_str_c(name));
	if (!h)
		return wrong(t, "is no helper's name");
	if (!may_fake(h->id))
		return wrong(t, "names a helper that the VM cannot do without its work");
	s->faked[h->id] = true;
	s->fake[h->id] = value;
	s->fakes = true;
	return 0;
}

/* ---------------------------------------------------------------- tables */

/* The next part up to a comma, in buf. */
static bool part(const char **v, char *buf, size_t size)
{
	size_t n = strcspn(*v, ",");

	if (!**v)
		return false;
	snprintf(buf, size, "%.*s", (int)n, *v);
	*v += n + ((*v)[n] == ',');
	return true;
}

static int words(const char *v, uint64_t *at, unsigned room, unsigned *n, const struct text *t)
{
	char buf[64];

	for (*n = 0; part(&v, buf, sizeof(buf)); ++*n)
		if (*n == room || !number(buf, UINT64_MAX, &at[*n]))
			return wrong(t, "is not a list of up to %u numbers", room);
	return 0;
}

static int set_cgroups(struct bu_vm_settings *s, const char *v, const struct text *t)
{
	s->env.cgroups = s->cgroups;
	return words(v, s->cgroups, BU_ARRAY_SIZE(s->cgroups), &s->env.ncgroups, t);
}

static int set_kstack(struct bu_vm_settings *s, const char *v, const struct text *t)
{
	s->env.kstack = s->kstack;
	return words(v, s->kstack, BU_ARRAY_SIZE(s->kstack), &s->env.nkstack, t);
}

static int set_ustack(struct bu_vm_settings *s, const char *v, const struct text *t)
{
	s->env.ustack = s->ustack;
	return words(v, s->ustack, BU_ARRAY_SIZE(s->ustack), &s->env.nustack, t);
}

static int address(const char *s, uint8_t *family, uint8_t bytes[16])
{
	memset(bytes, 0, 16);
	*family = strchr(s, ':') ? AF_INET6 : AF_INET;
	return inet_pton(*family, s, bytes) == 1 ? 0 : -EINVAL;
}

/* 127.0.0.1:80, [::1]:80 */
static int endpoint(char *s, uint8_t *family, uint8_t bytes[16], uint16_t *port)
{
	char *colon = strrchr(s, ':');
	uint64_t n;

	if (!colon || !number(colon + 1, 65535, &n))
		return -EINVAL;
	*port = (uint16_t)n;
	*colon = 0;
	if (*s == '[' && colon > s && colon[-1] == ']') {
		colon[-1] = 0;
		s++;
	}
	return address(s, family, bytes);
}

static const char *const states[] = { "", "established", "syn-sent", "syn-recv", "fin-wait-1", "fin-wait-2", "time-wait",
	"closed", "close-wait", "last-ack", "listen", "closing", "new-syn-recv" };

/* tcp,LOCAL[,REMOTE][,STATE][,mark=N][,dev=N][,cookie=N] */
static int set_socket(struct bu_vm_settings *s, const char *v, const struct text *t)
{
	struct bu_vm_sock *k = &s->socks[s->env.nsocks];
	uint8_t family;
	char buf[128];
	uint64_t n;
	unsigned i;

	if (s->env.nsocks == BU_ARRAY_SIZE(s->socks))
		return wrong(t, "is one socket too many");
	*k = (struct bu_vm_sock){ 0 };
	if (!part(&v, buf, sizeof(buf)) || (strcmp(buf, "tcp") && strcmp(buf, "udp")))
		return wrong(t, "does not begin with tcp or udp");
	k->protocol = *buf == 't' ? 6 : 17;
	if (!part(&v, buf, sizeof(buf)) || endpoint(buf, &k->family, k->local, &k->local_port))
		return wrong(t, "has no local ADDRESS:PORT");
	while (part(&v, buf, sizeof(buf))) {
		for (i = 1; i < BU_ARRAY_SIZE(states) && strcmp(states[i], buf) != 0; i++)
			;
		if (i < BU_ARRAY_SIZE(states))
			k->state = (uint8_t)i;
		else if (!strncmp(buf, "mark=", 5) && number(buf + 5, UINT32_MAX, &n))
			k->mark = (uint32_t)n;
		else if (!strncmp(buf, "dev=", 4) && number(buf + 4, UINT32_MAX, &n))
			k->ifindex = (uint32_t)n;
		else if (!strncmp(buf, "cookie=", 7) && number(buf + 7, INT64_MAX, &n))
			k->cookie = n;
		else if (endpoint(buf, &family, k->remote, &k->remote_port) || family != k->family)
			return wrong(t, "has a part that is no address, state, mark=N, dev=N or cookie=N");
	}
	if (!k->state)
		k->state = k->remote_port ? 1 : k->protocol == 6 ? 10 : 7;
	s->env.socks = s->socks;
	s->env.nsocks++;
	return 0;
}

static int mac(const char *s, uint8_t out[6])
{
	unsigned b[6];
	char end;

	if (sscanf(s, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &end) != 6)
		return -EINVAL;
	for (unsigned i = 0; i < 6; i++)
		out[i] = (uint8_t)b[i];
	return 0;
}

/* NAME,VALUE[,NEW] */
static int set_sysctl(struct bu_vm_settings *s, const char *v, const struct text *t)
{
	unsigned n = 0;

	while (n < 3 && strcspn(v, ",") < sizeof(s->sysctl[0]) && part(&v, s->sysctl[n], sizeof(s->sysctl[0])))
		n++;
	if (n < 2 || *v || !s->sysctl[0][0])
		return wrong(t, "is not NAME,VALUE or NAME,VALUE,NEW");
	s->env.sysctl_name = s->sysctl[0];
	s->env.sysctl_value = s->sysctl[1];
	s->env.sysctl_new = n == 3 ? s->sysctl[2] : NULL;
	return 0;
}

/* ADDRESS/BITS,dev=N[,via=ADDRESS][,smac=…][,dmac=…][,mtu=N] */
static int set_route(struct bu_vm_settings *s, const char *v, const struct text *t)
{
	struct bu_vm_route *r = &s->routes[s->env.nroutes];
	uint8_t family;
	char buf[128], *slash;
	uint64_t n;

	if (s->env.nroutes == BU_ARRAY_SIZE(s->routes))
		return wrong(t, "is one route too many");
	*r = (struct bu_vm_route){ 0 };
	if (!part(&v, buf, sizeof(buf)) || !(slash = strchr(buf, '/')))
		return wrong(t, "does not begin with ADDRESS/BITS");
	*slash++ = 0;
	if (address(buf, &r->family, r->dst) || !number(slash, r->family == AF_INET ? 32 : 128, &n))
		return wrong(t, "does not begin with ADDRESS/BITS");
	r->bits = (uint8_t)n;
	while (part(&v, buf, sizeof(buf))) {
		if (!strncmp(buf, "dev=", 4) && number(buf + 4, UINT32_MAX, &n))
			r->ifindex = (uint32_t)n;
		else if (!strncmp(buf, "mtu=", 4) && number(buf + 4, 65535, &n))
			r->mtu = (uint32_t)n;
		else if (!strncmp(buf, "via=", 4) && !address(buf + 4, &family, r->gateway) && family == r->family)
			r->gateway_given = true;
		else if (strncmp(buf, "smac=", 5) || mac(buf + 5, r->smac))
			if (strncmp(buf, "dmac=", 5) || mac(buf + 5, r->dmac))
				return wrong(t, "has a part that is none of dev=N, via=ADDRESS, smac=, dmac=, mtu=N");
	}
	if (!r->ifindex)
		return wrong(t, "has no dev=N");
	s->env.routes = s->routes;
	s->env.nroutes++;
	return 0;
}

/* ---------------------------------------------------------------- all of them */

static const struct {
	const char *name;
	int (*set)(struct bu_vm_settings *s, const char *v, const struct text *t);
} rows[] = {
	{ "clock", set_clock }, { "seed", set_seed }, { "cpu", set_cpu }, { "pid", set_pid }, { "comm", set_comm },
	{ "helper", set_helper }, { "cgroups", set_cgroups }, { "kstack", set_kstack }, { "ustack", set_ustack },
	{ "sysctl", set_sysctl }, { "socket", set_socket }, { "route", set_route },
};

int bu_vm_set(struct bu_sys *sys, const char *name, const char *value, char *why)
{
	struct bu_vm *vm = bu_vm(sys);
	struct text t = { why };
	unsigned i;

	if (!name) {
		free(vm->settings);
		vm->settings = NULL;
		return 0;
	}
	*why = 0;
	for (i = 0; i < BU_ARRAY_SIZE(rows) && strcmp(rows[i].name, name) != 0; i++)
		;
	if (i == BU_ARRAY_SIZE(rows))
		return wrong(&t, "is nothing that can be said: clock, seed, cpu, pid, comm, helper, cgroups, kstack, ustack, "
				 "sysctl, socket, route");
	if (!vm->settings)
		vm->settings = calloc(1, sizeof(*vm->settings));
	if (!vm->settings)
		return wrong(&t, "out of memory"), -ENOMEM;
	vm->settings->ncpus = (uint32_t)sys->ops->possible_cpus(sys);
	return rows[i].set(vm->settings, value, &t);
}

int bu_vm_set_text(struct bu_sys *s, const char *text, char *why)
{
	const char *eq = strchr(text, '=');
	char name[32];

	if (!eq || (size_t)(eq - text) >= sizeof(name))
		return snprintf(why, WHY, "is not NAME=VALUE"), -EINVAL;
	snprintf(name, sizeof(name), "%.*s", (int)(eq - text), text);
	return bu_vm_set(s, name, eq + 1, why);
}

void bu_vm_env_of(const struct bu_sys *s, struct bu_vm_env *env)
{
	const struct bu_vm_settings *set = bu_vm((struct bu_sys *)(uintptr_t)s)->settings;

	*env = set ? set->env : (struct bu_vm_env){ 0 };
}

void bu_vm_env_at(const struct bu_sys *s, const struct bu_vm_env *event, struct bu_vm_env *env)
{
	const struct bu_vm_settings *set = bu_vm((struct bu_sys *)(uintptr_t)s)->settings;

	*env = set ? set->env : *event;
	if (!set)
		return;
	if (!set->env.fixed_time) {
		env->fixed_time = event->fixed_time;
		env->time = event->time;
	} else if (set->env.step) { /* from the event's time on */
		env->time = event->time;
	}
	if (!set->env.cpu)
		env->cpu = event->cpu;
	env->fixed_task |= event->fixed_task;
	env->uid = event->uid;
	env->gid = event->gid;
	if (!set->pid_given) {
		env->pid = event->pid;
		env->tgid = event->tgid;
	}
	if (!set->comm_given)
		memcpy(env->comm, event->comm, sizeof(env->comm));
}
