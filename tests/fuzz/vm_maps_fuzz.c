/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Maps of a world whose memory somebody has damaged: every operation ends, with an error or without,
 * and nothing outside of the map is touched (which would be a SIGSEGV: around it nothing is mapped).
 *
 * vm_maps_fuzz [ROUNDS [SEED]]
 */
#include "vm/map_dev.h"
#include "vm/map_local.h"
#include "vm/map_sock.h"
#include "vm/opstype.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../unit/tap.h"

static uint64_t state;

static uint32_t below(uint32_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 32) * n >> 32);
}

/* a socket that listens, one that does not, this process; the root; programs for devices, CPUs, and of structs */
static int thing[9];
static volatile unsigned sum;

static const struct {
	const char *name;
	uint32_t type, key, value, n, flags;
} kinds[] = {
	{ "hash", BPF_MAP_TYPE_HASH, 4, 24, 50, 0 },
	{ "hash without preallocation", BPF_MAP_TYPE_HASH, 8, 8, 50, BPF_F_NO_PREALLOC },
	{ "per-CPU hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 50, 0 },
	{ "LRU hash", BPF_MAP_TYPE_LRU_HASH, 4, 8, 50, 0 },
	{ "array", BPF_MAP_TYPE_ARRAY, 4, 24, 50, 0 },
	{ "per-CPU array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 24, 50, 0 },
	{ "trie", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 50, BPF_F_NO_PREALLOC },
	{ "queue", BPF_MAP_TYPE_QUEUE, 0, 24, 50, 0 },
	{ "stack", BPF_MAP_TYPE_STACK, 0, 24, 50, 0 },
	{ "ring buffer", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 },
	{ "array of maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 50, 0 },
	{ "hash of maps", BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 50, 0 },
	{ "array of programs", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 50, 0 },
	{ "devices", BPF_MAP_TYPE_DEVMAP, 4, 8, 50, 0 },
	{ "devices by key", BPF_MAP_TYPE_DEVMAP_HASH, 4, 8, 50, 0 },
	{ "CPUs", BPF_MAP_TYPE_CPUMAP, 4, 8, 50, 0 },
	{ "stacks", BPF_MAP_TYPE_STACK_TRACE, 4, 64, 50, 0 },
	{ "stacks with build ids", BPF_MAP_TYPE_STACK_TRACE, 4, 64, 50, BPF_F_STACK_BUILD_ID },
	{ "control groups", BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 50, 0 },
	{ "sockets", BPF_MAP_TYPE_SOCKMAP, 4, 8, 50, 0 },
	{ "sockets by key", BPF_MAP_TYPE_SOCKHASH, 4, 8, 50, 0 },
	{ "user space's ring buffer", BPF_MAP_TYPE_USER_RINGBUF, 0, 0, 4096, 0 },
	{ "arena", BPF_MAP_TYPE_ARENA, 0, 0, 8, BPF_F_MMAPABLE },
	{ "storage of files", BPF_MAP_TYPE_INODE_STORAGE, 4, 4, 0, BPF_F_NO_PREALLOC },
	{ "storage of tasks", BPF_MAP_TYPE_TASK_STORAGE, 4, 4, 0, BPF_F_NO_PREALLOC },
	{ "a struct of operations", BPF_MAP_TYPE_STRUCT_OPS, 4, 256, 1, 0 },
	{ "a struct for a link", BPF_MAP_TYPE_STRUCT_OPS, 4, 256, 1, BPF_F_LINK },
};

/* struct bpf_map's storage wants types: one of int. */
static int int_btf(struct bu_sys *s)
{
	static const uint32_t blob[] = { 0x0001eb9f, 24, 0, 16, 16, 5, 1, 1u << 24, 4, 1u << 24 | 32, 0x746e6900, 0 };

	return bu_sys_btf_load(s, blob, 24 + 16 + 5, NULL, 0);
}

static int create(struct bu_sys *s, unsigned k, int inner)
{
	union bpf_attr a;
	int fd;

	memset(&a, 0, sizeof(a));
	a.map_type = kinds[k].type;
	a.key_size = kinds[k].key;
	a.value_size = kinds[k].value;
	a.max_entries = kinds[k].n;
	a.map_flags = kinds[k].flags;
	if (kinds[k].type == BPF_MAP_TYPE_ARRAY_OF_MAPS || kinds[k].type == BPF_MAP_TYPE_HASH_OF_MAPS)
		a.inner_map_fd = (uint32_t)inner;
	if (kinds[k].flags == BPF_F_NO_PREALLOC && !kinds[k].n) {
		a.btf_fd = (uint32_t)int_btf(s);
		a.btf_key_type_id = a.btf_value_type_id = 1;
		fd = bu_sys_map_create(s, &a);
		close((int)a.btf_fd);
		return fd;
	}
	if (kinds[k].type == BPF_MAP_TYPE_STRUCT_OPS) {
		a.btf_fd = (uint32_t)int_btf(s);
		a.btf_vmlinux_value_type_id = bu_vm_ops_value_id(bu_vm(s), 0);
		fd = bu_sys_map_create(s, &a);
		close((int)a.btf_fd);
		return fd;
	}
	return bu_sys_map_create(s, &a);
}

static void key_of(unsigned k, uint32_t n, uint8_t *key)
{
	memset(key, 0, 16);
	memcpy(key, &n, 4);
	if (kinds[k].type == BPF_MAP_TYPE_LPM_TRIE) {
		n = n % 2 ? 32 : n % 33;
		memcpy(key + 4, key, 4);
		memcpy(key, &n, 4);
	}
}

/* What only programs do. */
static void program(struct bu_vm_map *m, const uint8_t *key)
{
	static const uint64_t ip[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
	struct bu_vm_sock_entry e;
	struct bu_vm_owner o = { below(40), 0 };
	uint32_t size;
	void *p;

	switch (m->type) {
	case BPF_MAP_TYPE_STACK_TRACE:
		bu_vm_stackid(m, ip, below(13), below(4) ? below(8) : below(2048));
		break;
	case BPF_MAP_TYPE_SOCKMAP:
	case BPF_MAP_TYPE_SOCKHASH:
		if (!bu_vm_sockmap_get(m, key, &e))
			bu_vm_sock_redirects(&e.sock);
		break;
	case BPF_MAP_TYPE_USER_RINGBUF:
		if (bu_vm_user_ringbuf_begin(m))
			break;
		/* the sample may be read to its end */
		for (unsigned i = 0; i < 20 && !bu_vm_user_ringbuf_next(m, &p, &size); i++) {
			sum += size ? ((uint8_t *)p)[size - 1] : 0u;
			bu_vm_user_ringbuf_release(m, size);
		}
		bu_vm_user_ringbuf_end(m);
		break;
	case BPF_MAP_TYPE_ARENA:
		if (below(2))
			bu_vm_arena_alloc(m, (int64_t)below(10) - 1, below(4));
		else
			bu_vm_arena_free(m, below(10), below(4));
		break;
	case BPF_MAP_TYPE_CGROUP_ARRAY:
		bu_vm_cgroup_at(m, below(60));
		break;
	case BPF_MAP_TYPE_TASK_STORAGE:
		if (below(2))
			bu_vm_local_set(m, &o, key, 0);
		p = bu_vm_local_get(m, &o);
		if (p)
			memset(p, 1, m->value_size);
		break;
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_CPUMAP:
		bu_vm_dev_there(m, below(60));
		if (m->ops->settle)
			m->ops->settle(m);
		break;
	case BPF_MAP_TYPE_DEVMAP_HASH:
	case BPF_MAP_TYPE_STRUCT_OPS:
		if (m->ops->settle)
			m->ops->settle(m);
		break;
	}
}

static void operate(struct bu_sys *s, struct bu_vm_map *m, unsigned k, int fd, int inner)
{
	uint8_t key[16], next[16], v[8192];
	const void *kp = kinds[k].key ? key : NULL;
	struct bu_buf why = { 0 };
	const void *wk;
	void *p, *wv;
	uint64_t pos = 0, out = 0;
	uint32_t count = 64;
	uint8_t *keys, *values;

	key_of(k, below(60), key);
	memset(v, (int)below(256), sizeof(v));
	if (m->ops->fds)
		memcpy(v, &inner, 4);
	if (m->type == BPF_MAP_TYPE_INODE_STORAGE || m->type == BPF_MAP_TYPE_TASK_STORAGE)
		memcpy(key, &thing[m->type == BPF_MAP_TYPE_TASK_STORAGE ? 2 : below(4)], 4);
	if (m->type == BPF_MAP_TYPE_SOCKMAP || m->type == BPF_MAP_TYPE_SOCKHASH) {
		memset(v, 0, 8);
		memcpy(v, &thing[below(2)], 4);
	}
	if (m->type == BPF_MAP_TYPE_STRUCT_OPS) {
		uint32_t n = below(1000);

		memset(key, 0, 4);
		memset(v, 0, 256);
		memcpy(v + 64, &thing[6], 4);
		memcpy(v + 64 + 8, &thing[7], 4);
		memcpy(v + 64 + 64, &thing[8], 4);
		snprintf((char *)v + 64 + 88, 16, "f%u", n);
	}
	if (m->type == BPF_MAP_TYPE_DEVMAP || m->type == BPF_MAP_TYPE_DEVMAP_HASH || m->type == BPF_MAP_TYPE_CPUMAP) {
		memset(v, 0, 8);
		v[0] = 1;
		memcpy(v + 4, &thing[m->type == BPF_MAP_TYPE_CPUMAP ? 5 : 4], below(2) ? 4 : 0);
	}
	switch (below(8)) {
	case 0:
		bu_sys_map_update(s, fd, kp, v, below(3));
		break;
	case 1:
		bu_sys_map_lookup(s, fd, kp, v, 0);
		break;
	case 2:
		bu_sys_map_delete(s, fd, kp);
		break;
	case 3:
		for (unsigned i = 0; i < 100 && !bu_sys_map_next_key(s, fd, i ? key : NULL, next); i++)
			memcpy(key, next, sizeof(key));
		break;
	case 4:
		program(m, key);
		if (m->ops->lookup) {
			p = m->ops->lookup(m, key, below(2));
			if (p && !m->ops->fds)
				memset(p, 1, m->value_size);
		}
		if (m->type == BPF_MAP_TYPE_RINGBUF) {
			p = bu_vm_ringbuf_reserve(m, below(3000));
			if (p)
				bu_vm_ringbuf_commit(m, p, 0, below(2));
			bu_vm_ringbuf_query(m, below(5));
			if (m->ops->readable)
				m->ops->readable(m);
		}
		break;
	case 5:
		for (unsigned i = 0; m->ops->walk && i < 200 && !m->ops->walk(m, &pos, 0, &wk, &wv); i++)
			;
		break;
	case 6:
		keys = calloc(64, 16);
		values = calloc(64, m->user_value + 8);
		bu_sys_map_lookup_batch(s, fd, NULL, &out, keys, values, &count);
		free(keys);
		free(values);
		break;
	default:
		if (m->ops->verify)
			m->ops->verify(m, &why);
		else if (m->ops->pop)
			m->ops->pop(m, v);
	}
	bu_buf_free(&why);
}

/* Numbers that are near to what is right do the most. */
static uint64_t odd_number(void)
{
	static const uint64_t some[] = { 0, 1, 2, 49, 50, 51, 64, 4096, 0x7fffffff, 0x80000000, 0xffffffff,
					 0xffffffffffffffff, 0x8000000000000000 };

	return below(2) ? some[below(BU_ARRAY_SIZE(some))] : below(2) ? below(200) : state;
}

static void damage(struct bu_vm_map *m)
{
	uint64_t live = m->data_size + offsetof(struct bu_vm_hdr, live);
	uint64_t alloc = m->alloc_size < 65536 ? m->alloc_size : 65536, off, v = odd_number();

	if (below(3))
		off = live + offsetof(struct bu_vm_live, seq) + 8ull * below(26);
	else
		off = below((uint32_t)alloc / 4) * 4ull;
	memcpy(m->mem + off, &v, below(2) && off % 8 == 0 ? 8 : 4);
}

static int prog(struct bu_sys *s, uint32_t type, uint32_t attach_type)
{
	const uint64_t insns[2] = { 0xb7, 0x95 };
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = type;
	a.attach_btf_id = type == BPF_PROG_TYPE_STRUCT_OPS ? bu_vm_ops_struct_id(bu_vm(s), 0) : 0;
	a.expected_attach_type = attach_type;
	a.insns = bu_ptr64(insns);
	a.insn_cnt = 2;
	a.license = bu_ptr64("GPL");
	return bu_sys_prog_load(s, &a, 0);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 30;
	char world[] = "/dev/shm/bpfutils-test-XXXXXX", rm[64];
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	struct bu_sys *s;
	int inner;

	need_native();
	if (!mkdtemp(world) || bu_vm_open(&s, &(struct bu_vm_options){ .world = world }, NULL)) {
		skip(1, "needs a tmpfs at /dev/shm");
		return done_testing();
	}
	inner = create(s, 4, -1);
	thing[0] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	thing[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	thing[2] = (int)syscall(SYS_pidfd_open, getpid(), 0);
	thing[3] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	thing[4] = prog(s, BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP);
	thing[5] = prog(s, BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP);
	for (unsigned i = 0; i < 3; i++)
		thing[6 + i] = prog(s, BPF_PROG_TYPE_STRUCT_OPS, i < 2 ? i : 8);
	for (unsigned k = 0; k < BU_ARRAY_SIZE(kinds); k++) {
		time_t start = time(NULL);
		unsigned made = 0;

		for (unsigned r = 0; r < rounds; r++) {
			struct bu_vm_map *m;
			int fd;

			state = seed * 1000003 + k * 10007 + r;
			fd = create(s, k, inner);
			if (fd < 0)
				continue;
			if (!bu_vm_map_by_fd(bu_vm(s), fd, 0, &m)) {
				made++;
				for (unsigned i = 0; i < 40; i++)
					operate(s, m, k, fd, inner);
				for (unsigned i = 0; i < 100; i++) {
					if (!below(4))
						damage(m);
					operate(s, m, k, fd, inner);
				}
				bu_vm_map_put(m);
			}
			close(fd);
		}
		ok(made == rounds, "%s: %u damaged, %ld s", kinds[k].name, made, (long)(time(NULL) - start));
		fflush(stdout);
	}
	close(inner);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(thing); i++)
		close(thing[i]);
	s->ops->destroy(s);
	snprintf(rm, sizeof(rm), "rm -rf %s", world);
	return system(rm) ? 1 : done_testing();
}
