/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a case on a backend: assembles, loads, sets maps, runs, compares. */
#include "runcase.h"

#include "bpf-as/as.h"
#include "load/load.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM 4096u /* for a packet that grew */
#define RB_BUSY (1u << 31)
#define RB_DISCARD (1u << 30)

static bool verbose, to_world;

void exec_verbose(bool on)
{
	verbose = on;
}

void exec_trace_to_world(void)
{
	to_world = true;
}

static bool fail(struct bu_buf *why, const char *fmt, ...) BU_PRINTF(2, 3);
static bool fail(struct bu_buf *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	bu_buf_vprintf(why, fmt, ap);
	va_end(ap);
	bu_buf_char(why, '\n');
	return false;
}

/* ---------------------------------------------------------------- source to object */

/* The value of a text column in a row. */
static struct bu_str column_text(const struct file *f, const struct one *o, unsigned k)
{
	struct bu_str s = o->row->text, w = { 0 };

	for (unsigned i = 0; i <= k && i < f->ncol; i++)
		w = word(&s);
	return w;
}

static void substitute(const struct file *f, const struct one *o, struct bu_buf *out)
{
	struct bu_str c = f->code;

	for (size_t i = 0; i < c.n; i++) {
		unsigned k = f->ncol;

		for (unsigned j = 0; c.p[i] == '$' && o && o->row && j < f->ncol; j++)
			if (f->col[j].text && f->col[j].name.n <= c.n - i &&
			    !memcmp(c.p + i, f->col[j].name.p, f->col[j].name.n))
				k = j;
		if (k == f->ncol) {
			bu_buf_char(out, c.p[i]);
			continue;
		}
		bu_buf_add(out, column_text(f, o, k).p, column_text(f, o, k).n);
		i += f->col[k].name.n - 1;
	}
}

/* The source of a case. wrap: a program in front that stores all 64 bits of r0 in .bss. */
static void source(const struct file *f, const struct one *o, bool wrap, struct bu_buf *out)
{
	struct bu_buf code = { 0 };

	substitute(f, o, &code);
	if (!strstr(bu_buf_cstr(&code), ".license"))
		bu_buf_str(out, "\t.license \"GPL\"\n");
	if (wrap)
		bu_buf_printf(out, "\t.bss\n\t.globl case_r0\ncase_r0: .zero 8\n\t.section \"%s\", \"ax\"\n"
			      "\t.globl case\ncase:\n\tcall prog\n\tr1 = case_r0 ll\n\t*(u64 *)(r1 + 0) = r0\n"
			      "\texit\nprog:\n", f->type);
	else if (!strstr(bu_buf_cstr(&code), ".section"))
		bu_buf_printf(out, "\t.section \"%s\", \"ax\"\n\t.globl prog\nprog:\n", f->type);
	bu_buf_add(out, code.p, code.n);
	bu_buf_free(&code);
}

struct made {
	struct as as;
	struct bu_obj o;
	struct bu_diags ds;
};

static int make(struct made *m, const struct bu_buf *text)
{
	char path[32];
	int fd = memfd_create("case", MFD_CLOEXEC), err = -ENOMEM;

	bu_diags_init(&m->ds);
	bu_obj_init(&m->o);
	as_init(&m->as, &m->ds);
	as_lint_option(&m->as.lints, "no-all", NULL); /* cases do what the linter is there for */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd >= 0 && !bu_write_all(fd, text->p, text->n))
		err = as_assemble(&m->as, path, &m->o);
	if (fd >= 0)
		close(fd);
	return err;
}

static void unmake(struct made *m)
{
	as_free(&m->as);
	bu_obj_free(&m->o);
	bu_diags_free(&m->ds);
}

static void tell(struct bu_buf *why, const struct bu_diags *ds)
{
	bu_diags_render(why, ds, BU_DIAG_TEXT, false, "case");
}

static bool same_code(const struct bu_obj *a, const struct bu_obj *b)
{
	for (uint32_t i = 0; i < a->nsecs; i++) {
		const struct bu_sec *s = &a->secs[i];
		uint32_t k = bu_obj_sec_by_name(b, s->name);

		if (!(s->flags & SHF_EXECINSTR) || !s->size)
			continue;
		if (k == BU_SEC_UNDEF || b->secs[k].size != s->size ||
		    memcmp(b->secs[k].data, s->data, s->size))
			return false;
	}
	return true;
}

bool exec_round_trip(const struct file *f, struct bu_buf *why)
{
	struct bu_buf src = { 0 }, text = { 0 };
	struct made m, again;
	char path[32];
	bool ok = true;
	int fd;

	source(f, f->ones, false, &src);
	if (make(&m, &src)) {
		tell(why, &m.ds);
		unmake(&m);
		bu_buf_free(&src);
		return fail(why, "it does not assemble");
	}
	fd = memfd_create("case.o", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || bu_obj_write(&m.o, fd) || as_dis(path, NULL, &m.ds, &text)) {
		tell(why, &m.ds);
		ok = fail(why, "its object cannot be printed");
	} else {
		/* What is wrong on purpose may be refused when it is no longer written as .insn. */
		int err = make(&again, &text);

		if (err ? !f->load_err && !f->fault : !same_code(&m.o, &again.o)) {
			tell(why, &again.ds);
			ok = fail(why, "its printed text makes other bytes:\n%s", bu_buf_cstr(&text));
		}
		unmake(&again);
	}
	if (fd >= 0)
		close(fd);
	unmake(&m);
	bu_buf_free(&src);
	bu_buf_free(&text);
	return ok;
}

/* ---------------------------------------------------------------- a loaded case */

struct live {
	const struct file *f;
	struct bu_sys *s;
	bool kernel, wrap;
	struct bu_obj obj;
	struct bu_diags ds;
	struct bu_plan plan;
	struct bu_load_opts opts;
	struct bu_loaded l;
	bool planned, ran;
	int prog;
	struct bu_buf printk;
};

static int load(struct live *x, const struct one *o, struct bu_buf *why)
{
	struct bu_buf src = { 0 };
	struct made m;
	int err, fd;

	x->opts.no_attach = true;
	x->opts.log_level = x->f->load_text ? 1 : 0;
	x->prog = -1;
	bu_diags_init(&x->ds);
	bu_obj_init(&x->obj);
	source(x->f, o, x->wrap, &src);
	err = make(&m, &src);
	fd = memfd_create("case.o", MFD_CLOEXEC);
	if (!err && (fd < 0 || bu_obj_write(&m.o, fd)))
		err = -EIO;
	if (err) {
		tell(why, &m.ds);
		err = -ENOEXEC;
	}
	unmake(&m);
	if (!err) {
		char path[32];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		err = bu_obj_read_file(&x->obj, path, &x->ds);
	}
	if (fd >= 0)
		close(fd);
	bu_buf_free(&src);
	if (!err)
		err = bu_obj_index(&x->obj, &x->ds);
	if (!err) {
		err = bu_plan_make(&x->plan, &x->obj, &x->opts, x->s, &x->ds);
		x->planned = true;
	}
	x->ran = !err;
	if (!err)
		err = bu_load_run(&x->plan, x->s, &x->l, &x->ds);
	for (unsigned i = 0; !err && i < x->l.nprogs; i++)
		if (!strcmp(x->l.progs[i].def->name, x->wrap ? "case" : "prog"))
			x->prog = x->l.progs[i].fd;
	if (!err && x->prog < 0)
		err = -ENOENT;
	return err;
}

static void unload(struct live *x)
{
	if (x->ran)
		bu_loaded_close(x->s, &x->l, &x->ds);
	things_close();
	if (x->planned)
		bu_plan_free(&x->plan);
	bu_obj_free(&x->obj);
	bu_diags_free(&x->ds);
	bu_buf_free(&x->printk);
}

/* ---------------------------------------------------------------- maps */

struct map {
	int fd;
	uint32_t type, key, value, rows, row;
};

static bool find_map(const struct live *x, struct bu_str name, struct map *m)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);

	for (unsigned i = 0; i < x->l.nmaps; i++) {
		if (!x->l.maps[i].name || !bu_str_is(name, x->l.maps[i].name))
			continue;
		m->fd = x->l.maps[i].fd;
		if (bu_sys_info(x->s, m->fd, &info, &size))
			return false;
		m->type = info.type;
		m->key = info.key_size;
		m->value = info.value_size;
		m->rows = bu_map_is_percpu(info.type) ? (uint32_t)x->s->ops->possible_cpus(x->s) : 1;
		m->row = m->rows > 1 || bu_map_is_percpu(info.type) ? (m->value + 7) & ~7u : m->value;
		return true;
	}
	return false;
}

static int prog_fd(const struct live *x, struct bu_str name)
{
	for (unsigned i = 0; i < x->l.nprogs; i++)
		if (bu_str_is(name, x->l.progs[i].def->name))
			return x->l.progs[i].fd;
	return -1;
}

/* "NAME[KEY] = rest" or "NAME rest": false: no such map or key. */
static bool split(const struct live *x, struct bu_str *s, struct map *m, uint8_t *key, bool *keyed)
{
	struct bu_str name = { s->p, 0 };
	size_t n;
	bool ok;
	int fd;

	while (name.n < s->n && !is_blank(s->p[name.n]) && s->p[name.n] != '[')
		name.n++;
	s->p += name.n, s->n -= name.n;
	if (!find_map(x, name, m))
		return false;
	*keyed = s->n && *s->p == '[';
	if (!*keyed)
		return true;
	s->p++, s->n--;
	for (n = 0; n < s->n && s->p[n] != ']'; n++)
		;
	fd = m->key == 4 ? thing_open(bu_str(s->p, n)) : -1;
	ok = fd >= 0;
	if (ok)
		memcpy(key, &fd, 4);
	else
		n = value_parse(*s, key, m->key, &ok);
	s->p += n, s->n -= n;
	if (!ok || !s->n || *s->p != ']')
		return false;
	s->p++, s->n--;
	*s = trim(*s);
	if (!s->n || *s->p != '=')
		return false;
	*s = trim(bu_str(s->p + 1, s->n - 1));
	return true;
}

static bool before(const struct live *x, const struct line *ln, struct bu_buf *why)
{
	uint8_t key[512] = { 0 }, value[4096] = { 0 };
	struct bu_str s = ln->text, w, rest;
	struct map m, in;
	bool keyed, ok = true;
	int32_t fd;
	int err;

	if (!split(x, &s, &m, key, &keyed) || m.value > sizeof(value) / 8)
		return fail(why, "line %u: %.*s", ln->no, (int)ln->text.n, ln->text.p);
	rest = s;
	w = word(&rest);
	if (keyed && (bu_str_is(w, "prog") || bu_str_is(w, "map"))) {
		fd = bu_str_is(w, "prog") ? prog_fd(x, trim(rest)) :
		     find_map(x, trim(rest), &in) ? in.fd : -1;
		memcpy(value, &fd, 4);
	} else if (keyed && (fd = thing_open(trim(s))) >= 0) {
		memcpy(value, &fd, 4);
	} else if (!keyed && m.type == BPF_MAP_TYPE_USER_RINGBUF) {
		bool discard = bu_str_is(w, "discard");
		uint32_t n = 8;

		for (ok = false; !ok && n <= 64; n++)
			value_parse(trim(rest), value, n, &ok);
		return (ok && sample_put(x->s, m.fd, value, n - 1, discard)) ||
		       fail(why, "line %u: %.*s", ln->no, (int)ln->text.n, ln->text.p);
	} else {
		if (!keyed)
			s = trim(rest); /* "q push VALUE" */
		value_parse(s, value, m.value, &ok);
		for (uint32_t i = 1; i < m.rows; i++)
			memcpy(value + (size_t)i * m.row, value, m.value);
	}
	err = ok ? bu_sys_map_update(x->s, m.fd, keyed ? key : NULL, value, 0) : -EINVAL;
	if (err)
		return fail(why, "line %u: %.*s: %s", ln->no, (int)ln->text.n, ln->text.p,
			    bu_errno_name(err));
	return true;
}

static void hex(struct bu_buf *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bu_buf_printf(out, "%s%02x", i ? " " : "", p[i]);
}

static bool differs(struct bu_buf *why, const struct line *ln, const uint8_t *got, size_t n)
{
	bu_buf_printf(why, "line %u: %.*s: is ", ln->no, (int)ln->text.n, ln->text.p);
	hex(why, got, n);
	bu_buf_char(why, '\n');
	return false;
}

/* "rb record VALUE": the next record of a ring buffer, which is consumed; "rb empty". */
static bool record(const struct live *x, const struct map *m, const struct line *ln, struct bu_str want,
		   bool empty, struct bu_buf *why)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info), len = 0;
	uint8_t *cons, *prod, value[4096];
	bool ok = true, same;
	uint64_t c, p;
	int err;

	if (bu_sys_info(x->s, m->fd, &info, &size))
		return fail(why, "line %u: no info", ln->no);
	cons = x->s->ops->mmap(x->s, m->fd, 4096, true, 0, &err);
	prod = x->s->ops->mmap(x->s, m->fd, 4096 + 2 * (size_t)info.max_entries, false, 4096, &err);
	if (!cons || !prod)
		return fail(why, "line %u: mmap: %s", ln->no, bu_errno_name(err));
	c = *(volatile uint64_t *)cons;
	p = *(volatile uint64_t *)prod;
	for (; c < p; c += ((len & ~(RB_BUSY | RB_DISCARD)) + 8 + 7) & ~7ull) {
		len = *(volatile uint32_t *)(prod + 4096 + (c & (info.max_entries - 1)));
		if (!(len & RB_DISCARD))
			break;
	}
	if (empty) {
		same = c >= p;
		if (!same)
			differs(why, ln, prod + 4096 + (c & (info.max_entries - 1)) + 8, len & 0xff);
	} else if (c >= p || len & RB_BUSY || len > sizeof(value)) {
		same = fail(why, "line %u: no such record: %llu of %llu, length %#x", ln->no,
			    (unsigned long long)c, (unsigned long long)p, len);
	} else {
		uint8_t *at = prod + 4096 + (c & (info.max_entries - 1)) + 8;

		value_parse(want, value, len, &ok);
		same = ok && !memcmp(value, at, len);
		if (!same)
			differs(why, ln, at, len);
		*(volatile uint64_t *)cons = c + ((len + 8 + 7) & ~7ull);
	}
	x->s->ops->munmap(x->s, cons, 4096);
	x->s->ops->munmap(x->s, prod, 4096 + 2 * (size_t)info.max_entries);
	return same;
}

static bool after(const struct live *x, const struct line *ln, struct bu_buf *why)
{
	static uint8_t got[4096 * 64];
	uint8_t key[512] = { 0 }, want[4096] = { 0 };
	struct bu_str s = ln->text, w;
	struct map m;
	bool keyed, ok = true;
	int err;

	if (!split(x, &s, &m, key, &keyed) || (size_t)m.row * m.rows > sizeof(got))
		return fail(why, "line %u: %.*s", ln->no, (int)ln->text.n, ln->text.p);
	memset(got, 0, sizeof(got[0]) * (m.row + 8) * m.rows);
	if (!keyed) {
		w = word(&s);
		s = trim(s);
		if (bu_str_is(w, "record") || (bu_str_is(w, "empty") && m.type == BPF_MAP_TYPE_RINGBUF))
			return record(x, &m, ln, s, bu_str_is(w, "empty"), why);
		if (bu_str_is(w, "pop") || bu_str_is(w, "empty")) {
			union bpf_attr a = { 0 };

			a.map_fd = (uint32_t)m.fd;
			a.value = (uintptr_t)got;
			err = x->s->ops->bpf(x->s, BPF_MAP_LOOKUP_AND_DELETE_ELEM, &a, sizeof(a));
			if (bu_str_is(w, "empty"))
				return err == -ENOENT ||
				       fail(why, "line %u: it is not empty", ln->no);
			goto compare;
		}
		if (bu_str_is(w, "has")) { /* so many elements */
			uint64_t n = 0, wanted = 0;

			for (err = bu_sys_map_next_key(x->s, m.fd, NULL, key); !err;
			     err = bu_sys_map_next_key(x->s, m.fd, key, key))
				n++;
			if (bu_str_u64(s, &wanted, NULL) || n != wanted)
				return fail(why, "line %u: it has %llu elements", ln->no,
					    (unsigned long long)n);
			return true;
		}
		return fail(why, "line %u: %.*s", ln->no, (int)ln->text.n, ln->text.p);
	}
	err = bu_sys_map_lookup(x->s, m.fd, key, got, 0);
	if (bu_str_is(s, "absent"))
		return err == -ENOENT || fail(why, "line %u: %.*s: it is there (%s)", ln->no,
					      (int)ln->text.n, ln->text.p, bu_errno_name(err));
compare:
	if (err)
		return fail(why, "line %u: %.*s: %s", ln->no, (int)ln->text.n, ln->text.p,
			    bu_errno_name(err));
	if (m.rows > 1 && m.value == 8) { /* per CPU: the sum */
		uint64_t sum = 0, v;

		for (uint32_t i = 0; i < m.rows; i++) {
			memcpy(&v, got + (size_t)i * m.row, 8);
			sum += v;
		}
		memcpy(got, &sum, 8);
	}
	value_parse(s, want, m.value, &ok);
	if (!ok)
		return fail(why, "line %u: %.*s: no value", ln->no, (int)s.n, s.p);
	return !m.value || !memcmp(want, got, m.value) || differs(why, ln, got, m.value);
}

/* "none", "sock NAME[KEY] = FLAGS": where the VM's program has sent the packet. */
static bool verdict(const struct live *x, const struct line *ln, const struct bu_vm_redirect *to, struct bu_buf *why)
{
	struct bu_str s = ln->text, w = word(&s);
	uint64_t cookie = 0, flags = 0;
	uint8_t key[512] = { 0 };
	struct map m;
	bool keyed;

	if (bu_str_is(w, "none"))
		return to->kind == BU_VM_TO_NONE || fail(why, "line %u: it is sent somewhere", ln->no);
	s = trim(s);
	if (!bu_str_is(w, "sock") || !split(x, &s, &m, key, &keyed) || m.value != 8 || bu_str_u64(s, &flags, NULL) ||
	    bu_sys_map_lookup(x->s, m.fd, key, &cookie, 0))
		return fail(why, "line %u: %.*s", ln->no, (int)ln->text.n, ln->text.p);
	return (to->kind == BU_VM_TO_SOCK && to->cookie == cookie && to->flags == flags) ||
	       fail(why, "line %u: it is sent to %u, cookie %llu, flags %llu", ln->no, to->kind,
		    (unsigned long long)to->cookie, (unsigned long long)to->flags);
}

/* ---------------------------------------------------------------- runs */

static bool is_type(const struct file *f, const char *t)
{
	size_t n = strlen(t);

	return !strncmp(f->type, t, n) && (!f->type[n] || f->type[n] == '/' || f->type[n] == '.');
}

static bool is_skb(const struct file *f)
{
	return is_type(f, "tc") || is_type(f, "socket") || is_type(f, "cgroup_skb") ||
	       is_type(f, "classifier") || is_type(f, "action") || is_type(f, "lwt_in");
}

/* The kernel hands packets of these types without their Ethernet header. */
static bool is_l3(const struct file *f)
{
	return is_skb(f) && !is_type(f, "tc") && !is_type(f, "classifier") && !is_type(f, "action");
}

static void take_printk(void *ctx, const char *text, size_t n)
{
	struct bu_buf *b = ctx;

	bu_buf_add(b, text, n);
	if (!n || text[n - 1] != '\n')
		bu_buf_char(b, '\n');
}

struct result {
	uint64_t r0;
	bool full;      /* all 64 bits of it */
	uint8_t packet[ROOM + 65536];
	size_t packet_n;
	uint8_t ctx[4096];
	struct bu_vm_redirect to;
};

static int run_vm(struct live *x, const struct one *o, struct result *r, struct bu_vm_fault *fault)
{
	struct bu_vm_mem mems[16];
	struct bu_vm_env env;
	struct bu_vm_ctx c = { 0 };
	size_t skip = is_l3(x->f) && o->packet.n >= 14 ? 14 : 0;
	uint8_t known[16][256];

	bu_vm_env_of(x->s, &env);
	env.printk = to_world ? NULL : take_printk;
	env.printk_ctx = &x->printk;
	for (size_t i = 0; i < o->memory.n && i < BU_ARRAY_SIZE(mems); i++) {
		struct bu_str s = o->memory.at[i].text, w = word(&s);
		bool ok;

		s = trim(s);
		mems[i] = (struct bu_vm_mem){ .bytes = known[i] };
		if (w.n)
			bu_str_u64(bu_str(w.p, w.n - 1), &mems[i].addr, NULL);
		for (mems[i].size = 1; mems[i].size < 256; mems[i].size++) {
			value_parse(s, known[i], mems[i].size, &ok);
			if (ok)
				break;
		}
		env.nmems++;
	}
	env.mems = mems;
	if (o->ctx.n)
		memcpy(r->ctx, o->ctx.p, o->ctx.n);
	c.bytes = o->ctx.given ? r->ctx : NULL;
	c.size = (uint32_t)o->ctx.n;
	c.kind = is_type(x->f, "syscall") ? BU_VM_CTX_MEM : is_type(x->f, "xdp") ? BU_VM_CTX_XDP :
		 is_skb(x->f) ? BU_VM_CTX_SKB : BU_VM_CTX_TYPE;
	if (c.kind == BU_VM_CTX_MEM && !o->ctx.given)
		c.kind = BU_VM_CTX_NONE;
	if (o->packet.n)
		memcpy(r->packet, o->packet.p, o->packet.n);
	c.packet = r->packet + skip;
	c.packet_size = (uint32_t)(o->packet.n - skip);
	c.packet_room = (uint32_t)(sizeof(r->packet) - skip);
	c.mac_size = (uint32_t)skip;
	c.loopback = true;
	r->full = true;
	int err = bu_vm_run(x->s, x->prog, &c, &env, &r->r0, fault);

	r->to = c.redirect;
	memmove(r->packet, r->packet + skip, c.packet_size);
	r->packet_n = c.packet_size;
	return err;
}

/* Types that the VM runs by the command that the kernel has for it, too. */
static bool by_command(const struct file *f)
{
	return is_type(f, "sk_lookup") || is_type(f, "flow_dissector") || is_type(f, "netfilter");
}

static int run_kernel(struct live *x, const struct one *o, struct result *r)
{
	static const uint8_t packet[64];
	union bpf_attr a = { 0 };
	bool lookup = is_type(x->f, "sk_lookup"), netfilter = is_type(x->f, "netfilter");
	bool net = is_type(x->f, "xdp") || is_skb(x->f) || is_type(x->f, "flow_dissector") || netfilter;
	int err;

	a.test.prog_fd = (uint32_t)x->prog;
	if (o->ctx.n)
		memcpy(r->ctx, o->ctx.p, o->ctx.n);
	if (o->ctx.given) {
		a.test.ctx_in = (uintptr_t)r->ctx;
		a.test.ctx_size_in = (uint32_t)o->ctx.n;
		if (net || lookup) {
			a.test.ctx_out = (uintptr_t)r->ctx;
			a.test.ctx_size_out = (uint32_t)o->ctx.n;
		}
	}
	if (net) {
		a.test.data_in = (uintptr_t)(o->packet.n ? o->packet.p : packet);
		a.test.data_size_in = (uint32_t)(o->packet.n ? o->packet.n : sizeof(packet));
		a.test.data_out = (uintptr_t)r->packet;
		a.test.data_size_out = sizeof(r->packet);
	}
	err = bu_sys_test_run(x->s, &a);
	r->r0 = a.test.retval;
	r->packet_n = a.test.data_size_out;
	if (netfilter) { /* it gives none back */
		r->packet_n = o->packet.n;
		if (o->packet.n)
			memcpy(r->packet, o->packet.p, o->packet.n);
	}
	if (!err && x->wrap) {
		struct map m = { 0 };
		uint32_t zero = 0;

		if (!find_map(x, BU_STR(".bss"), &m) || m.value != 8)
			return -ENOENT;
		err = bu_sys_map_lookup(x->s, m.fd, &zero, &r->r0, 0);
		r->full = true;
	}
	return err;
}

/* trace_printk's texts of this process since the last call, or false: they cannot be seen. */
static bool kernel_printk(struct bu_buf *out);

static bool run_one(struct live *x, const struct one *o, struct bu_buf *why)
{
	static struct result r;
	struct bu_vm_fault fault = { 0 };
	unsigned line = o->row ? o->row->no : o->no;
	bool ok = true, seen = true;
	uint64_t mask;
	int err;

	memset(&r, 0, sizeof(r));
	for (size_t i = 0; i < o->before.n; i++)
		if (!before(x, &o->before.at[i], why))
			return false;
	bu_buf_reset(&x->printk);
	if (x->kernel && o->want_printk_given)
		kernel_printk(NULL);
	err = x->kernel || by_command(x->f) ? run_kernel(x, o, &r) : run_vm(x, o, &r, &fault);
	if (!x->kernel && err && by_command(x->f) && bu_vm_last_fault(x->s))
		fault = *bu_vm_last_fault(x->s);
	if (verbose)
		printf("# %s:%u: %s r0=%#llx %s\n", x->f->path, line, err ? bu_errno_name(err) : "ran,",
		       (unsigned long long)r.r0, fault.text);
	if (x->f->fault && !x->kernel) {
		if (err != -EFAULT)
			return fail(why, "line %u: no fault (%s)", line, bu_errno_name(err));
		if (!strstr(fault.text, x->f->fault))
			return fail(why, "line %u: the fault is: %s", line, fault.text);
		err = 0;
	} else if (err) {
		return fail(why, "line %u: %s %s", line, bu_errno_name(err), fault.text);
	} else if (o->has_ret) {
		mask = r.full ? UINT64_MAX : UINT32_MAX;
		if ((r.r0 ^ o->ret) & mask)
			ok = fail(why, "line %u: r0 is %#llx, not %#llx", line,
				  (unsigned long long)r.r0, (unsigned long long)(o->ret & mask));
	}
	if (o->want_packet.given && (r.packet_n != o->want_packet.n ||
				     memcmp(r.packet, o->want_packet.p, r.packet_n))) {
		bu_buf_printf(why, "line %u: the packet is ", line);
		hex(why, r.packet, r.packet_n < 256 ? r.packet_n : 256);
		ok = fail(why, "%s", "");
	}
	if (o->want_ctx.given && memcmp(r.ctx, o->want_ctx.p, o->want_ctx.n)) {
		bu_buf_printf(why, "line %u: the context is ", line);
		hex(why, r.ctx, o->want_ctx.n);
		ok = fail(why, "%s", "");
	}
	if (o->want_printk_given) {
		seen = x->kernel ? kernel_printk(&x->printk) : !to_world;
		if (seen && (x->printk.n != o->want_printk.n ||
			     memcmp(x->printk.p, o->want_printk.p, x->printk.n)))
			ok = fail(why, "line %u: printk is: %s", line, bu_buf_cstr(&x->printk));
	}
	for (size_t i = 0; !x->kernel && i < o->verdict.n; i++)
		ok &= verdict(x, &o->verdict.at[i], &r.to, why);
	for (size_t i = 0; i < o->after.n; i++)
		ok &= after(x, &o->after.at[i], why);
	return ok;
}

/* ---------------------------------------------------------------- a file */

/* Do two rows make the same code? */
static bool same_text(const struct file *f, const struct one *a, const struct one *b)
{
	if (!a->row || !b->row)
		return false; /* each case has maps of its own */
	for (unsigned i = 0; i < f->ncol; i++) {
		struct bu_str u, v;

		if (!f->col[i].text)
			continue;
		u = column_text(f, a, i);
		v = column_text(f, b, i);
		if (!bu_str_eq(u, v))
			return false;
	}
	return true;
}

static bool expect_refused(struct live *x, int err, struct bu_buf *why)
{
	const char *log = x->l.log;
	bool ok = true;

	if (!err || err == -ENOEXEC)
		return fail(why, err ? "it does not assemble" : "it loads");
	if (x->f->load_err && x->f->load_err != -err)
		ok = fail(why, "load gives %s", bu_errno_name(err));
	if (x->f->load_text && *x->f->load_text && (!log || !strstr(log, x->f->load_text)))
		ok = fail(why, "the log says: %s", log ? log : "nothing");
	if (!ok)
		tell(why, &x->ds);
	return ok;
}

bool exec_file(const struct file *f, struct bu_sys *s, bool kernel, struct bu_buf *why)
{
	struct live x = { 0 };
	bool ok = true, loaded = false, refused = f->load_err || (kernel && f->kernel == KERNEL_REFUSES);
	int err;

	char said[160];

	if (!kernel)
		bu_vm_set(s, NULL, NULL, NULL);
	for (size_t i = 0; i < f->env.n && !kernel; i++) {
		char *text = strndup(f->env.at[i].text.p, f->env.at[i].text.n);

		err = text ? bu_vm_set_text(s, text, said) : -ENOMEM;
		free(text);
		if (err)
			return fail(why, "line %u: env: %.*s: the value %s", f->env.at[i].no, (int)f->env.at[i].text.n,
				    f->env.at[i].text.p, said);
	}
	for (size_t i = 0; i < f->nones && ok; i++) {
		if (loaded && !same_text(f, &f->ones[i], &f->ones[i - 1])) {
			unload(&x);
			loaded = false;
		}
		if (!loaded) {
			memset(&x, 0, sizeof(x));
			x.f = f;
			x.s = s;
			x.kernel = kernel;
			x.wrap = kernel && f->kernel == KERNEL_SAME && !f->load_err;
			err = load(&x, &f->ones[i], why);
			loaded = true;
			if (refused) {
				ok = expect_refused(&x, err, why);
				continue;
			}
			if (err) {
				tell(why, &x.ds);
				if (x.l.log)
					bu_buf_str(why, x.l.log);
				ok = fail(why, "line %u: load: %s", f->ones[i].no, bu_errno_name(err));
				break;
			}
		}
		if (!refused && !(kernel && f->kernel == KERNEL_LOADS))
			ok = run_one(&x, &f->ones[i], why);
		if (ok && !kernel && !refused && !f->fault)
			cover_note(s, &x.l);
	}
	if (loaded)
		unload(&x);
	return ok;
}

/* ---------------------------------------------------------------- the kernel's trace */

/*
 * trace_printk's texts come by a tracepoint, too: an instance of our own sees them without taking them
 * away from others.
 */
static int trace_fd = -1;
static char instance[128];

static void write_file(const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", instance, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, text, strlen(text));
	close(fd);
}

static void close_trace(void)
{
	if (trace_fd >= 0)
		close(trace_fd);
	rmdir(instance);
}

static void open_trace(void)
{
	char path[256], pid[16];

	trace_fd = -2;
	snprintf(instance, sizeof(instance), "/sys/kernel/tracing/instances/bpfutils-case-%d", getpid());
	if (mkdir(instance, 0700))
		return;
	atexit(close_trace);
	snprintf(pid, sizeof(pid), "%d", getpid());
	write_file("set_event_pid", pid);
	write_file("events/bpf_trace/bpf_trace_printk/enable", "1");
	snprintf(path, sizeof(path), "%s/trace_pipe", instance);
	trace_fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

static bool kernel_printk(struct bu_buf *out)
{
	static const char mark[] = "bpf_trace_printk: ";
	char buf[8192], *p, *nl, *text;
	ssize_t n;

	if (trace_fd == -1)
		open_trace();
	if (trace_fd < 0)
		return false;
	while ((n = read(trace_fd, buf, sizeof(buf) - 1)) > 0) {
		buf[n] = 0;
		for (p = buf; out && *p; p = nl + 1) {
			nl = strchr(p, '\n');
			if (!nl)
				break;
			*nl = 0;
			text = strstr(p, mark);
			if (text)
				bu_buf_printf(out, "%s\n", text + sizeof(mark) - 1);
			else if (*p)
				bu_buf_printf(out, "%s\n", p);
		}
	}
	return true;
}
