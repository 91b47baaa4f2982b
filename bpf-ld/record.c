// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * --record: beside each of the object's programs a copying program is attached, which puts time, CPU, task
 * and context into a ring buffer; we move them to a file, with the maps as they were before and marks.
 *
 * A perf sample of the same event would not do: a program that returns 0 hides the event from perf.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ld.h"

#define RING_BYTES (8u << 20)
#define HEAD 56u        /* of an entry in the ring, in front of the context */
#define MAX_INSNS 640u
#define RAW_TP_ARGS 12u /* the most that a raw tracepoint has */
#define MAX_MARK 4096u  /* bytes of a mark */
#define LATE_MARKS 4096u /* reads, at the end, of what the writer of marks has left */
#define BUSY 0x80000000u
#define DISCARD 0x40000000u

/* An entry: u64 time; u32 cpu, hook; u64 pid_tgid, uid_gid; char comm[16]; u64 size; the context. */

struct hook {
	int prog_fd;
	struct bu_attached at;
};

struct ld_recorder {
	struct ld *l;
	struct bu_rec_writer w;
	bool open;
	int ring, lost;         /* maps */
	uint8_t *cons, *prod;   /* the ring's pages; data begins a page behind prod */
	size_t page;
	uint64_t lost_told;
	struct hook *hooks;
	uint32_t nhooks;
	struct bu_buf line;     /* of --mark-fd, not yet whole */
	bool marks_over;
};

/* ---------------------------------------------------------------- the copying program */

struct code {
	uint8_t bytes[MAX_INSNS * BU_INSN_SIZE];
	unsigned n;
	bool full;
};

static void put(struct code *c, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	struct bu_insn i = { .code = code, .dst = dst, .src = src, .off = off, .imm = imm };

	if (c->n == MAX_INSNS) {
		c->full = true;
		return;
	}
	bu_insn_encode(c->bytes + (size_t)c->n++ * BU_INSN_SIZE, &i, BU_HOST_BE);
}

/* Opcodes, as in lib/isa/isa.def. */
enum {
	MOV = 0xbf, MOVI = 0xb7, ADDI = 0x07, RSHI = 0x77, JEQI = 0x15, JNEI = 0x55, JA = 0x05,
	LDX1 = 0x71, LDX2 = 0x69, LDX4 = 0x61, LDX8 = 0x79, STX1 = 0x73, STX2 = 0x6b, STX4 = 0x63,
	STX8 = 0x7b, ST4 = 0x62, ST8 = 0x7a, ATOMIC8 = 0xdb,
};

static void call(struct code *c, const char *name)
{
	const struct bu_helper *h = bu_helper_by_name(bu_str_c(name));

	put(c, BU_OP_CALL, 0, 0, 0, h ? h->id : 0);
}

static void load_map(struct code *c, uint8_t dst, uint8_t src, int fd)
{
	put(c, BU_OP_LD_IMM64, dst, src, 0, fd);
	put(c, 0, 0, 0, 0, 0);
}

/* [from, size) of the context to the entry, in the widest aligned pieces. */
static void copy_ctx(struct code *c, uint32_t from, uint32_t size)
{
	for (uint32_t off = from, n; off < size; off += n) {
		for (n = 8; off % n || off + n > size; n /= 2)
			;
		put(c, n == 8 ? LDX8 : n == 4 ? LDX4 : n == 2 ? LDX2 : LDX1, 1, 6, (int16_t)off, 0);
		put(c, n == 8 ? STX8 : n == 4 ? STX4 : n == 2 ? STX2 : STX1, 7, 1,
		    (int16_t)(HEAD + off), 0);
	}
}

static void generate(struct ld_recorder *r, struct code *c, uint32_t hook, uint32_t from,
		     uint32_t size)
{
	unsigned skip = 0, full;

	memset(c, 0, sizeof(*c));
	put(c, MOV, 6, 1, 0, 0);
	call(c, "bpf_get_current_pid_tgid");
	put(c, MOV, 8, 0, 0, 0);
	if (r->l->record_pid) {
		put(c, RSHI, 0, 0, 0, 32);
		skip = c->n;
		put(c, JNEI, 0, 0, 0, (int32_t)r->l->record_pid);
	}
	load_map(c, 1, BU_PSEUDO_MAP_FD, r->ring);
	put(c, MOVI, 2, 0, 0, (int32_t)(HEAD + ((size + 7) & ~7u)));
	put(c, MOVI, 3, 0, 0, 0);
	call(c, "bpf_ringbuf_reserve");
	full = c->n;
	put(c, JEQI, 0, 0, 0, 0);
	put(c, MOV, 7, 0, 0, 0);
	call(c, "bpf_ktime_get_ns");
	put(c, STX8, 7, 0, 0, 0);
	call(c, "bpf_get_smp_processor_id");
	put(c, STX4, 7, 0, 8, 0);
	put(c, ST4, 7, 0, 12, (int32_t)hook);
	put(c, STX8, 7, 8, 16, 0);
	call(c, "bpf_get_current_uid_gid");
	put(c, STX8, 7, 0, 24, 0);
	put(c, MOV, 1, 7, 0, 0);
	put(c, ADDI, 1, 0, 0, 32);
	put(c, MOVI, 2, 0, 0, 16);
	call(c, "bpf_get_current_comm");
	put(c, ST8, 7, 0, 48, (int32_t)size);
	for (uint32_t off = 0; off < from; off += 8)
		put(c, ST8, 7, 0, (int16_t)(HEAD + off), 0);
	copy_ctx(c, from, size);
	put(c, MOV, 1, 7, 0, 0);
	put(c, MOVI, 2, 0, 0, 0);
	call(c, "bpf_ringbuf_submit");
	put(c, JA, 0, 0, 4, 0);
	if (!c->full) {
		struct bu_insn i = { .code = JEQI, .off = (int16_t)(c->n - full - 1) };

		bu_insn_encode(c->bytes + (size_t)full * BU_INSN_SIZE, &i, BU_HOST_BE);
	}
	load_map(c, 1, BU_PSEUDO_MAP_VALUE, r->lost);
	put(c, MOVI, 2, 0, 0, 1);
	put(c, ATOMIC8, 1, 2, 0, 0);
	if (skip && !c->full) {
		struct bu_insn i = { .code = JNEI, .off = (int16_t)(c->n - skip - 1),
				     .imm = (int32_t)r->l->record_pid };

		bu_insn_encode(c->bytes + (size_t)skip * BU_INSN_SIZE, &i, BU_HOST_BE);
	}
	put(c, MOVI, 0, 0, 0, 1); /* the event passes */
	put(c, BU_OP_EXIT, 0, 0, 0, 0);
}

/* ---------------------------------------------------------------- contexts */

/* Bytes of a tracepoint's record by its format file: the end of its last field. */
static int tracepoint_size(struct ld *l, const struct bu_attach *at, uint32_t *size)
{
	static const char *const dirs[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	struct bu_buf text = { 0 };
	int err = l->sys->ops->tracepoint_id(l->sys, at->a, at->b); /* mounts tracefs if need be */
	char path[512];

	if (err < 0)
		return err;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(dirs); i++) {
		snprintf(path, sizeof(path), "%s/events/%s/%s/format", dirs[i], at->a, at->b);
		err = bu_file_read(path, 1u << 20, &text);
		if (!err)
			break;
	}
	*size = 0;
	for (const char *p = err ? NULL : bu_buf_cstr(&text); p && (p = strstr(p, "offset:")); p++) {
		unsigned off, n;

		if (sscanf(p, "offset:%u; size:%u;", &off, &n) == 2 && off + n > *size)
			*size = off + n;
	}
	bu_buf_free(&text);
	return err ? err : *size <= 8 || *size > BU_REC_MAX_CTX ? -E2BIG : 0;
}

static int ctx_size(struct ld *l, const struct bu_attach *at, uint32_t *from, uint32_t *size)
{
	*from = 0;
	switch (at->hook) {
	case BU_HOOK_TRACEPOINT:
		*from = 8; /* the kernel keeps the first 8 bytes for itself */
		return tracepoint_size(l, at, size);
	case BU_HOOK_RAW_TP:
		*size = RAW_TP_ARGS * 8;
		return 0;
	case BU_HOOK_KPROBE:
	case BU_HOOK_KRETPROBE:
	case BU_HOOK_UPROBE:
	case BU_HOOK_URETPROBE:
		*size = bu_arch_host() == BU_ARCH_X86_64 ? 168 : 272; /* the user's part of pt_regs */
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int load_copy(struct ld_recorder *r, uint32_t type, uint32_t hook, uint32_t from,
		     uint32_t size)
{
	struct code *c = malloc(sizeof(*c));
	union bpf_attr a;
	int fd;

	if (!c)
		return -ENOMEM;
	generate(r, c, hook, from, size);
	memset(&a, 0, sizeof(a));
	a.prog_type = type;
	a.insns = bu_ptr64(c->bytes);
	a.insn_cnt = c->n;
	a.license = bu_ptr64("GPL");
	memcpy(a.prog_name, "record", 7);
	fd = c->full ? -E2BIG : bu_sys_prog_load(r->l->sys, &a, 0);
	free(c);
	return fd;
}

static int add_hook(struct ld_recorder *r, const struct bu_loaded *made, unsigned i,
		    struct bu_diags *ds)
{
	const struct bu_loaded_link *k = &made->links[i];
	struct bu_rec_item it = { .kind = BU_REC_HOOK };
	struct hook *h = &r->hooks[i];
	struct bu_sys *s = r->l->sys;
	struct bu_buf name = { 0 };
	struct bu_diags quiet;
	uint32_t from, size;
	struct bu_diag *d;
	int err;

	err = ctx_size(r->l, &k->spec, &from, &size);
	if (err == -EOPNOTSUPP) {
		d = bu_diag(ds, BU_ERROR, "L0401", "--record: events of %s:%s cannot be recorded",
			    bu_hook_name(k->spec.hook), k->spec.target);
		bu_diag_note(ds, d, "packets are not copied: contexts of kprobes, uprobes, tracepoints and "
			     "raw tracepoints are");
		return err;
	}
	bu_diags_init(&quiet);
	while (!err) {
		h->prog_fd = load_copy(r, made->progs[k->prog].type, i, from, size);
		err = h->prog_fd < 0 ? h->prog_fd : 0;
		if (err)
			break;
		err = bu_sys_attach(s, &k->spec, h->prog_fd, BU_VIA_AUTO, &h->at, &quiet);
		/* How many arguments a raw tracepoint has, only attaching tells. */
		if (err != -EINVAL || k->spec.hook != BU_HOOK_RAW_TP || size <= 8)
			break;
		s->ops->close(s, h->prog_fd);
		h->prog_fd = -1;
		size -= 8;
		err = 0;
	}
	bu_diags_free(&quiet);
	if (err) {
		if (h->prog_fd >= 0)
			s->ops->close(s, h->prog_fd);
		h->prog_fd = -1;
		bu_diag(ds, BU_ERROR, "L0402", "--record: the copying program for %s:%s cannot be attached: "
			"%s", bu_hook_name(k->spec.hook), k->spec.target, bu_strerror(-err));
		return err;
	}
	r->nhooks = i + 1;
	ld_hook_name(&name, &k->spec);
	it.hook = (struct bu_rec_hook){ .index = i, .prog_type = made->progs[k->prog].type,
					.ctx_size = size, .hook = bu_buf_cstr(&name),
					.prog = made->progs[k->prog].def->name };
	bu_rec_put(&r->w, &it);
	bu_buf_free(&name);
	return 0;
}

/* "tracepoint:skb:kfree_skb": as events are named, however the target was written. */
void ld_hook_name(struct bu_buf *b, const struct bu_attach *at)
{
	bu_buf_printf(b, "%s:", bu_hook_name(at->hook));
	if (at->hook == BU_HOOK_TRACEPOINT)
		bu_buf_printf(b, "%s:%s", at->a, at->b);
	else
		bu_buf_str(b, at->target);
}

/* ---------------------------------------------------------------- maps */

/* All elements of a map, as far as it has keys to walk. */
static int keep_map(struct ld_recorder *r, const struct bu_loaded_map *m)
{
	struct bu_sys *s = r->l->sys;
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	struct bu_rec_item it = { .kind = BU_REC_MAP };
	struct bu_buf elems = { 0 };
	uint8_t *key = NULL, *next = NULL;
	int err = bu_sys_info(s, m->fd, &info, &size);
	uint32_t value = info.value_size;
	uint64_t left = 2 * (uint64_t)info.max_entries + 1;

	if (err)
		return err;
	if (bu_map_unlistable(info.type) || info.type == BPF_MAP_TYPE_PROG_ARRAY ||
	    info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS || info.type == BPF_MAP_TYPE_HASH_OF_MAPS)
		return 0; /* nothing to list, or ids that mean nothing elsewhere */
	if (bu_map_is_percpu(info.type))
		value = ((value + 7) & ~7u) * (uint32_t)s->ops->possible_cpus(s);
	key = malloc(2 * (size_t)info.key_size + 1);
	next = key ? key + info.key_size : NULL;
	err = key ? bu_sys_map_next_key(s, m->fd, NULL, next) : -ENOMEM;
	for (; !err; err = bu_sys_map_next_key(s, m->fd, key, next)) {
		uint8_t *to = bu_buf_room(&elems, (size_t)info.key_size + value);

		/* Others may write a map that was there before: the walk then begins anew, again and again. */
		if (!left--) {
			err = -ENOENT;
			break;
		}
		if (!to) {
			err = -ENOMEM;
			break;
		}
		memcpy(key, next, info.key_size);
		memcpy(to, key, info.key_size);
		if (bu_sys_map_lookup(s, m->fd, key, to + info.key_size, 0))
			continue; /* gone meanwhile */
		elems.n += info.key_size + value;
		it.map.count++;
	}
	if (err == -ENOENT) {
		it.map.type = info.type;
		it.map.key_size = info.key_size;
		it.map.value_size = value;
		it.map.name = m->name;
		it.map.elems = elems.p ? elems.p : key;
		bu_rec_put(&r->w, &it);
		err = 0;
	}
	bu_buf_free(&elems);
	free(key);
	return err;
}

/* ---------------------------------------------------------------- start and end */

static int make_ring(struct ld_recorder *r)
{
	struct bu_sys *s = r->l->sys;
	union bpf_attr a;
	int err;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_RINGBUF;
	a.max_entries = RING_BYTES;
	memcpy(a.map_name, "record", 7);
	r->ring = bu_sys_map_create(s, &a);
	if (r->ring < 0)
		return r->ring;
	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = 4;
	a.value_size = 8;
	a.max_entries = 1;
	memcpy(a.map_name, "record_lost", 12);
	r->lost = bu_sys_map_create(s, &a);
	if (r->lost < 0)
		return r->lost;
	r->page = (size_t)sysconf(_SC_PAGESIZE);
	r->cons = s->ops->mmap(s, r->ring, r->page, true, 0, &err);
	if (!r->cons)
		return err;
	r->prod = s->ops->mmap(s, r->ring, r->page + 2 * (size_t)RING_BYTES, false, r->page, &err);
	return r->prod ? 0 : err;
}

int ld_record_begin(void *ctx, const struct bu_loaded *made, struct bu_diags *ds)
{
	struct ld *l = ctx;
	struct ld_recorder *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	l->recorder = r;
	r->l = l;
	r->ring = r->lost = -1;
	err = bu_rec_create(&r->w, l->record);
	if (err) {
		bu_diag(ds, BU_ERROR, "U0002", "cannot write %s: %s", l->record, bu_strerror(-err));
		return err == -ENOMEM ? err : -EIO;
	}
	r->open = true;
	r->hooks = calloc(made->nplanned + 1, sizeof(*r->hooks));
	err = r->hooks ? make_ring(r) : -ENOMEM;
	for (unsigned i = 0; !err && i < made->nmaps; i++)
		err = keep_map(r, &made->maps[i]);
	if (err) {
		bu_diag(ds, BU_ERROR, "L0402", "--record: %s", bu_strerror(-err));
		return err;
	}
	for (unsigned i = 0; !err && i < made->nplanned; i++) {
		r->hooks[i].prog_fd = -1;
		err = add_hook(r, made, i, ds);
	}
	return err;
}

/* Moves what is in the ring to the file. */
static int drain(struct ld_recorder *r)
{
	uint64_t *cons = (uint64_t *)r->cons, pos = *cons, end, lost = 0;
	const uint8_t *data = r->prod + r->page;
	struct bu_rec_item it = { .kind = BU_REC_EVENT };
	uint32_t zero = 0;

	while (pos < (end = __atomic_load_n((uint64_t *)r->prod, __ATOMIC_ACQUIRE))) {
		const uint8_t *rec = data + (pos & (RING_BYTES - 1)), *e = rec + 8;
		uint32_t len = __atomic_load_n((const uint32_t *)rec, __ATOMIC_ACQUIRE);

		if (len & BUSY)
			break;
		if (!(len & DISCARD)) {
			it.event.time = bu_get64(e, BU_HOST_BE);
			it.event.cpu = bu_get32(e + 8, BU_HOST_BE);
			it.event.hook = bu_get32(e + 12, BU_HOST_BE);
			it.event.pid = (uint32_t)bu_get64(e + 16, BU_HOST_BE);
			it.event.tgid = (uint32_t)(bu_get64(e + 16, BU_HOST_BE) >> 32);
			it.event.uid = (uint32_t)bu_get64(e + 24, BU_HOST_BE);
			it.event.gid = (uint32_t)(bu_get64(e + 24, BU_HOST_BE) >> 32);
			memcpy(it.event.comm, e + 32, sizeof(it.event.comm));
			it.event.size = (uint32_t)bu_get64(e + 48, BU_HOST_BE);
			it.event.ctx = e + HEAD;
			bu_rec_put(&r->w, &it);
		}
		pos += (8 + (len & ~(BUSY | DISCARD)) + 7) & ~7ull;
		__atomic_store_n(cons, pos, __ATOMIC_RELEASE);
	}
	if (!bu_sys_map_lookup(r->l->sys, r->lost, &zero, &lost, 0) && lost > r->lost_told) {
		struct bu_rec_item gone = { .kind = BU_REC_LOST, .lost = lost - r->lost_told };

		bu_rec_put(&r->w, &gone);
		r->lost_told = lost;
	}
	return r->w.err;
}

static int mark(struct ld_recorder *r, const char *name)
{
	struct bu_rec_item it = { .kind = BU_REC_MARK, .mark = name };
	struct bu_buf say = { 0 };
	int err = drain(r);

	bu_rec_put(&r->w, &it);
	if (!err)
		err = bu_rec_flush(&r->w);
	if (!err && r->l->ready_fd >= 0) {
		bu_buf_printf(&say, "mark %s\n", name);
		err = bu_write_all(r->l->ready_fd, bu_buf_cstr(&say), say.n);
	}
	bu_buf_free(&say);
	return err;
}

static int long_mark(struct ld_recorder *r)
{
	bu_diag(&r->l->ds, BU_ERROR, "L0404", "--mark-fd: a mark is longer than %u bytes", MAX_MARK);
	return -EINVAL;
}

/* What can be read of --mark-fd: each line is a mark, the last one without a newline too. */
static int take_marks(struct ld_recorder *r)
{
	uint8_t *to = bu_buf_room(&r->line, 512), *nl;
	ssize_t n = to ? read(r->l->mark_fd, to, 512) : -1;
	int err = 0;

	if (!to)
		return -ENOMEM;
	if (n <= 0) {
		r->marks_over = n == 0 || (errno != EINTR && errno != EAGAIN);
		if (r->marks_over && r->line.n)
			err = mark(r, bu_buf_cstr(&r->line));
		if (r->marks_over)
			bu_buf_reset(&r->line);
		return err;
	}
	r->line.n += (size_t)n;
	while (!err && (nl = memchr(r->line.p, '\n', r->line.n))) {
		size_t k = (size_t)(nl - r->line.p) + 1;

		*nl = '\0';
		err = mark(r, (const char *)r->line.p);
		memmove(r->line.p, r->line.p + k, r->line.n - k);
		r->line.n -= k;
	}
	return !err && r->line.n > MAX_MARK ? long_mark(r) : err;
}

unsigned ld_record_fds(const struct ld_recorder *r, int fds[2])
{
	unsigned n = 0;

	if (!r)
		return 0;
	fds[n++] = r->ring;
	if (r->l->mark_fd >= 0 && !r->marks_over)
		fds[n++] = r->l->mark_fd;
	return n;
}

static bool can_read(struct bu_sys *s, int fd)
{
	return s->ops->wait(s, &fd, 1, 0) > 0;
}

static bool marks_wait(const struct ld_recorder *r)
{
	return r->l->mark_fd >= 0 && !r->marks_over && can_read(r->l->sys, r->l->mark_fd);
}

int ld_record_step(struct ld_recorder *r)
{
	int err = 0;

	if (!r)
		return 0;
	/* Marks first: each moves the events before it. */
	if (marks_wait(r))
		err = take_marks(r);
	return err ? err : drain(r);
}

int ld_record_end(struct ld *l, bool keep)
{
	struct ld_recorder *r = l->recorder;
	uint64_t lost, events;
	int err = 0;

	if (!r)
		return 0;
	l->recorder = NULL;
	for (uint32_t i = 0; i < r->nhooks; i++)
		bu_sys_detach(l->sys, &r->hooks[i].at);
	/* What was written to --mark-fd before the end is in the recording. */
	for (unsigned i = 0; keep && r->prod && i < LATE_MARKS && marks_wait(r); i++)
		if (take_marks(r))
			break;
	if (keep && r->prod)
		drain(r);
	events = r->w.events;
	lost = r->lost_told;
	if (r->open && keep)
		err = bu_rec_finish(&r->w);
	else if (r->open)
		bu_rec_abandon(&r->w);
	if (r->prod)
		l->sys->ops->munmap(l->sys, r->prod, r->page + 2 * (size_t)RING_BYTES);
	if (r->cons)
		l->sys->ops->munmap(l->sys, r->cons, r->page);
	for (uint32_t i = 0; i < r->nhooks; i++)
		l->sys->ops->close(l->sys, r->hooks[i].prog_fd);
	if (r->ring >= 0)
		l->sys->ops->close(l->sys, r->ring);
	if (r->lost >= 0)
		l->sys->ops->close(l->sys, r->lost);
	bu_buf_free(&r->line);
	free(r->hooks);
	free(r);
	if (err)
		bu_diag(&l->ds, BU_ERROR, "U0002", "cannot write %s: %s", l->record, bu_strerror(-err));
	else if (keep && lost)
		bu_diag(&l->ds, BU_WARNING, "L0403", "%s: %llu events are missing beside the %llu that are "
			"there: the ring was full", l->record, (unsigned long long)lost,
			(unsigned long long)events);
	return err;
}
