/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making the objects, on both sides alike, and finding them again by id. */
#include "core.h"
#include "fixtures.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kern/kern.h"

enum { TYPE, KEY, VALUE, ENTRIES, FLAGS, FILLED, HOW };
enum { PLAIN, RDONLY, WRONLY, FROZEN, LOCKED, MAPPED };

#define MAP(sym, t, k, v, e, fl, n, h, ...)                                                        \
	const struct fixture fx_##sym = { .name = #sym, .make = make_map,                           \
					  .arg = { BPF_MAP_TYPE_##t, k, v, e, fl, n, h }, __VA_ARGS__ }
MAP(hash0, HASH, 4, 8, 16, 0, 0, PLAIN, );
MAP(hash1, HASH, 4, 8, 16, 0, 1, PLAIN, .wrong = true);
MAP(hash3, HASH, 4, 8, 16, 0, 3, PLAIN, );
MAP(full, HASH, 4, 8, 1, 0, 1, PLAIN, );
MAP(nopre, HASH, 4, 8, 16, BPF_F_NO_PREALLOC, 1, PLAIN, );
MAP(lru1, LRU_HASH, 4, 8, 64, 0, 1, PLAIN, .wrong = true);
MAP(lru3, LRU_HASH, 4, 8, 64, 0, 3, PLAIN, );
MAP(pchash1, PERCPU_HASH, 4, 8, 16, 0, 1, PLAIN, .wrong = true);
MAP(pchash3, PERCPU_HASH, 4, 8, 16, 0, 3, PLAIN, );
MAP(array, ARRAY, 4, 8, 4, 0, 3, PLAIN, .wrong = true);
MAP(pcarray, PERCPU_ARRAY, 4, 8, 4, 0, 3, PLAIN, .wrong = true);
MAP(lpm, LPM_TRIE, 8, 8, 16, BPF_F_NO_PREALLOC, 3, PLAIN, .wrong = true);
MAP(lpm1, LPM_TRIE, 8, 8, 16, BPF_F_NO_PREALLOC, 1, PLAIN, );
MAP(queue, QUEUE, 0, 8, 3, 0, 2, PLAIN, .wrong = true);
MAP(queue0, QUEUE, 0, 8, 3, 0, 0, PLAIN, );
MAP(stack, STACK, 0, 8, 3, 0, 2, PLAIN, .wrong = true);
MAP(ringbuf, RINGBUF, 0, 0, 4096, 0, 0, PLAIN, .wrong = true);
MAP(perf, PERF_EVENT_ARRAY, 4, 4, 2, 0, 0, PLAIN, .wrong = true);
MAP(progs, PROG_ARRAY, 4, 4, 4, 0, 0, PLAIN, .wrong = true);
MAP(inner, HASH, 4, 8, 8, 0, 1, PLAIN, .keep = true);
MAP(inner2, ARRAY, 4, 8, 8, 0, 1, PLAIN, .keep = true);
MAP(arrofmaps, ARRAY_OF_MAPS, 4, 4, 4, 0, 2, PLAIN, .of = &fx_inner2, .wrong = true);
MAP(hashofmaps, HASH_OF_MAPS, 4, 4, 4, 0, 1, PLAIN, .of = &fx_inner, .wrong = true);
MAP(ro, HASH, 4, 8, 16, 0, 1, RDONLY, .wrong = true);
MAP(wo, HASH, 4, 8, 16, 0, 1, WRONLY, .wrong = true);
MAP(frozen, ARRAY, 4, 8, 4, 0, 3, FROZEN, .wrong = true);
MAP(mmapable, ARRAY, 4, 8, 4, BPF_F_MMAPABLE, 3, MAPPED, .wrong = true);
MAP(locked, HASH, 4, 8, 16, 0, 1, LOCKED, .wrong = true);

static int make_file(unsigned side, const struct fixture *f)
{
	int fd, p[2];

	(void)side;
	switch (f->arg[0]) {
	case 0:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	case 1:
		if (pipe2(p, O_CLOEXEC))
			return -errno;
		close(p[1]);
		return p[0];
	case 2:
		return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	default:
		fd = open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		return fd < 0 || ftruncate(fd, 8192) ? -errno : fd;
	}
}
const struct fixture fx_null = { "null", make_file, { 0 }, .wrong = true, .keep = true };
const struct fixture fx_pipe = { "pipe", make_file, { 1 }, .wrong = true, .keep = true };
const struct fixture fx_dir = { "dir", make_file, { 2 }, .wrong = true, .keep = true };
const struct fixture fx_file = { "file", make_file, { 3 }, .wrong = true, .keep = true };

static int make_prog(unsigned side, const struct fixture *f)
{
	uint8_t code[16];
	struct bu_insn i[2] = { { .code = 0xb7 }, { .code = BU_OP_EXIT } };
	union bpf_attr a;

	(void)f;
	bu_insn_encode(code, &i[0], BU_HOST_BE);
	bu_insn_encode(code + 8, &i[1], BU_HOST_BE);
	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	a.insns = bu_ptr64(code);
	a.insn_cnt = 2;
	a.license = bu_ptr64("GPL");
	return bu_sys_prog_load(side_sys(side), &a, 0);
}
const struct fixture fx_prog = { "prog", make_prog, { 0 }, .wrong = true, .keep = true };

/* [1] int, [2] struct bpf_spin_lock { int val; }, [3] struct { int a; struct bpf_spin_lock l; } */
static int make_btf(unsigned side, const struct fixture *f)
{
	static const char strs[] = "\0int\0bpf_spin_lock\0val\0v\0a\0l";
	static const uint32_t types[] = {
		1, 1u << 24, 4, 1u << 24 | 32,
		5, 4u << 24 | 1, 4, 19, 1, 0,
		23, 4u << 24 | 2, 8, 25, 1, 0, 27, 2, 32,
	};
	struct {
		uint16_t magic;
		uint8_t version, flags;
		uint32_t hdr_len, type_off, type_len, str_off, str_len;
		uint8_t data[sizeof(types) + sizeof(strs)];
	} b = { 0xeb9f, 1, 0, 24, 0, sizeof(types), sizeof(types), sizeof(strs), { 0 } };

	(void)f;
	memcpy(b.data, types, sizeof(types));
	memcpy(b.data + sizeof(types), strs, sizeof(strs));
	return bu_sys_btf_load(side_sys(side), &b, 24 + sizeof(types) + sizeof(strs), NULL, 0);
}
const struct fixture fx_btf = { "btf", make_btf, { 0 }, .wrong = true, .keep = true };

/* ---------------------------------------------------------------- maps */

static int fill(unsigned side, const struct fixture *f, int fd)
{
	struct bu_sys *s = side_sys(side);
	uint64_t val[64], key;
	bool array = f->arg[TYPE] == BPF_MAP_TYPE_ARRAY || f->arg[TYPE] == BPF_MAP_TYPE_PERCPU_ARRAY ||
		     f->arg[TYPE] == BPF_MAP_TYPE_ARRAY_OF_MAPS;
	int err = 0;

	for (uint32_t i = 1; i <= f->arg[FILLED] && !err; i++) {
		for (unsigned k = 0; k < BU_ARRAY_SIZE(val); k++)
			val[k] = i * 0x0101010101010101u;
		if (f->arg[HOW] == LOCKED)
			memset((uint8_t *)val + 4, 0, 4);
		if (f->of) {
			int in = fx_fd(side, f->of);

			if (in < 0)
				return in;
			memcpy(val, &in, 4);
		}
		key = array ? i - 1 : i;
		if (f->arg[TYPE] == BPF_MAP_TYPE_LPM_TRIE)
			key = (i * 8) | (uint64_t)0x0a0b0c0d << 32;
		err = bu_sys_map_update(s, fd, f->arg[KEY] ? &key : NULL, val, 0);
	}
	return err;
}

int make_map(unsigned side, const struct fixture *f)
{
	struct bu_sys *s = side_sys(side);
	struct bpf_map_info info = { 0 };
	uint32_t n = sizeof(info);
	union bpf_attr a;
	int fd, err, other;

	memset(&a, 0, sizeof(a));
	a.map_type = (uint32_t)f->arg[TYPE];
	a.key_size = (uint32_t)f->arg[KEY];
	a.value_size = (uint32_t)f->arg[VALUE];
	a.max_entries = (uint32_t)f->arg[ENTRIES];
	a.map_flags = (uint32_t)f->arg[FLAGS];
	strncpy(a.map_name, f->name, BPF_OBJ_NAME_LEN - 1);
	if (f->of) {
		fd = fx_fd(side, f->of);
		if (fd < 0)
			return fd;
		a.inner_map_fd = (uint32_t)fd;
	}
	if (f->arg[HOW] == LOCKED) {
		fd = fx_fd(side, &fx_btf);
		if (fd < 0)
			return fd;
		a.btf_fd = (uint32_t)fd;
		a.btf_key_type_id = 1;
		a.btf_value_type_id = 3;
	}
	fd = bu_sys_map_create(s, &a);
	if (fd < 0)
		return fd;
	err = fill(side, f, fd);
	if (!err && f->arg[HOW] == FROZEN)
		err = bu_sys_map_freeze(s, fd);
	if (!err && (f->arg[HOW] == RDONLY || f->arg[HOW] == WRONLY)) {
		err = bu_sys_info(s, fd, &info, &n);
		other = err ? err : bu_sys_fd_by_id(s, BU_MAP, info.id,
						    f->arg[HOW] == RDONLY ? BPF_F_RDONLY : BPF_F_WRONLY);
		err = other < 0 ? other : 0;
		if (!err) {
			close(fd);
			fd = other;
		}
	}
	if (err)
		close(fd);
	return err ? err : fd;
}

/* ---------------------------------------------------------------- made ones */

static const struct fixture *const all[] = {
	&fx_hash1, &fx_lru1, &fx_pchash1, &fx_array, &fx_pcarray, &fx_lpm, &fx_queue, &fx_stack,
	&fx_ringbuf, &fx_perf, &fx_progs, &fx_arrofmaps, &fx_hashofmaps, &fx_ro, &fx_wo, &fx_frozen,
	&fx_mmapable, &fx_locked, &fx_prog, &fx_btf, &fx_null, &fx_pipe, &fx_dir, &fx_file,
};
const struct fixture *fx_wrong(unsigned n)
{
	for (unsigned i = 0; i < BU_ARRAY_SIZE(all); i++)
		if (all[i]->wrong && !n--)
			return all[i];
	return NULL;
}

static struct made {
	const struct fixture *f;
	int fd[SIDES]; /* -1: not yet; < -1: refused, with this errno - 1 */
	uint32_t id[SIDES];
	enum bu_objkind kind[SIDES];
	void *mapped[SIDES];
	bool told;
} made[128];
static unsigned nmade;
static struct bu_sys *sys[SIDES];
static char world[64];

struct bu_sys *side_sys(unsigned side)
{
	return sys[side];
}

static struct made *find(const struct fixture *f)
{
	for (unsigned i = 0; i < nmade; i++)
		if (made[i].f == f)
			return &made[i];
	if (nmade == BU_ARRAY_SIZE(made))
		return NULL;
	made[nmade] = (struct made){ .f = f, .fd = { -1, -1 } };
	return &made[nmade++];
}

/* High numbers, so that a broken low byte of one is not another. */
static int lift(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, 3000);

	if (high < 0)
		return fd;
	close(fd);
	return high;
}

/* Its kind and id, by what only that kind has in its info. */
static void identify(struct made *m, unsigned side, int fd)
{
	uint32_t u[64] = { 0 }, n = 80;

	if (m->f->make == make_file)
		return;
	if (!bu_sys_fd_kind(sys[side], fd, &m->kind[side], &m->id[side]))
		return;
	if (m->f->make == make_map && !bu_sys_info(sys[side], fd, u, &n)) {
		m->kind[side] = BU_MAP;
		m->id[side] = u[1];
		return;
	}
	n = 32;
	memset(u, 0, sizeof(u));
	if (!bu_sys_info(sys[side], fd, u, &n)) {
		m->kind[side] = m->f->make == make_btf ? BU_BTF : BU_PROG;
		m->id[side] = m->f->make == make_btf ? u[3] : u[1];
	}
}

int fx_fd(unsigned side, const struct fixture *f)
{
	struct made *m = find(f);
	int fd, err = 0;

	if (!m)
		return -ENOMEM;
	if (m->fd[side] != -1)
		return m->fd[side] + (m->fd[side] < -1);
	fd = f->make(side, f);
	if (fd < 0) {
		m->fd[side] = fd - 1;
		if (!m->told)
			printf("# the %s has no %s: %s\n", side_name[side], f->name, bu_errno_name(fd));
		m->told = true;
		return fd;
	}
	fd = m->fd[side] = lift(fd);
	m->id[side] = 0;
	identify(m, side, fd);
	if (f->arg[FLAGS] == BPF_F_MMAPABLE && f->make == make_map)
		m->mapped[side] = sys[side]->ops->mmap(sys[side], fd, 4096, true, 0, &err);
	return fd;
}

uint32_t fx_id(unsigned side, const struct fixture *f)
{
	struct made *m = fx_fd(side, f) < 0 ? NULL : find(f);

	return m ? m->id[side] : 0;
}

enum bu_objkind fx_kind(unsigned side, const struct fixture *f)
{
	struct made *m = fx_fd(side, f) < 0 ? NULL : find(f);

	return m ? m->kind[side] : BU_MAP;
}

const char *fx_name(unsigned side, enum bu_objkind kind, uint32_t id)
{
	for (unsigned i = 0; i < nmade; i++)
		if (made[i].fd[side] >= 0 && made[i].id[side] == id && made[i].kind[side] == kind)
			return made[i].f->name;
	return NULL;
}

/* Values that hold the fd of a fixture hold its name instead. */
void fx_name_fds(unsigned side, uint8_t *p, unsigned n)
{
	for (unsigned k = 0; k + 4 <= n; k += 4)
		for (unsigned i = 0; i < nmade; i++)
			if (made[i].fd[side] >= 3000 && memcmp(p + k, &made[i].fd[side], 4) == 0) {
				uint32_t h = bu_hash_bytes(made[i].f->name, strlen(made[i].f->name));

				memcpy(p + k, &h, 4);
				break;
			}
}

static void drop(struct made *m, unsigned side)
{
	if (m->mapped[side])
		sys[side]->ops->munmap(sys[side], m->mapped[side], 4096);
	m->mapped[side] = NULL;
	if (m->fd[side] >= 0)
		close(m->fd[side]);
	if (m->fd[side] >= -1)
		m->fd[side] = -1;
}

void fx_reset(const struct fixture *f)
{
	for (unsigned side = 0; side < SIDES; side++)
		drop(find(f), side);
}

void fx_reset_all(void)
{
	for (unsigned i = 0; i < nmade; i++)
		fx_reset(made[i].f);
}

static int open_world(void)
{
	struct bu_vm_options o = { .world = world };
	struct bu_diags ds;
	int err;

	bu_diags_init(&ds);
	err = bu_vm_open(&sys[VM], &o, &ds);
	bu_diags_free(&ds);
	return err;
}

int fixtures_init(void)
{
	struct rlimit r;

	if (!getrlimit(RLIMIT_NOFILE, &r) && r.rlim_cur < 8192) {
		r.rlim_cur = r.rlim_max < 8192 ? r.rlim_max : 8192;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	strcpy(world, "/dev/shm/bpfutils-test-XXXXXX");
	if (!mkdtemp(world))
		return -errno;
	sys[KERN] = bu_kern_open();
	return sys[KERN] ? open_world() : -ENOMEM;
}

void fixtures_end(void)
{
	char cmd[128];

	fx_reset_all();
	for (unsigned side = 0; side < SIDES; side++)
		if (sys[side])
			sys[side]->ops->destroy(sys[side]);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", world);
	if (*world && system(cmd))
		printf("# %s stays\n", world);
}
