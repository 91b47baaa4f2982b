/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Locks of the VM's maps: taken over from the dead, with their changes redone; hostile records. */
#include "vm/map.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static char world[] = "/dev/shm/bpfutils-test-XXXXXX";
static char dir[64];
static struct bu_sys *s;
static struct bu_vm_map *m;
static int fd;

static struct bu_sys *open_world(void)
{
	struct bu_vm_options o = { .world = dir };
	struct bu_sys *n = NULL;

	bu_vm_open(&n, &o, NULL);
	return n;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Runs fn in a child with a view of its own, which is then killed. */
static void in_killed_child(void (*fn)(struct bu_vm_map *), bool die)
{
	int p[2], status;
	pid_t pid;
	char c;

	if (pipe(p))
		return;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		struct bu_sys *n = open_world();
		struct bu_vm_map *mine;

		if (!n || bu_vm_map_by_fd(bu_vm(n), fd, 0, &mine))
			_exit(1);
		fn(mine);
		if (write(p[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(p[1]);
	if (read(p[0], &c, 1) != 1)
		printf("# the child failed\n");
	close(p[0]);
	if (die)
		kill(pid, SIGKILL);
	else
		kill(pid, SIGSTOP);
	if (die) {
		waitpid(pid, &status, 0);
		return;
	}
	/* a stopped process keeps its lock, and nobody waits for ever */
	double t = now();
	int err = bu_vm_lock(m->obj);

	ok(err == -EBUSY && now() - t < 10, "a stopped holder: EBUSY after a while (%.1f s)", now() - t);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ok(!bu_vm_lock(m->obj), "killed, its lock can be had");
	bu_vm_unlock(m->obj);
}

static void lock_only(struct bu_vm_map *n)
{
	bu_vm_lock(n->obj);
}

static void lock_and_note(struct bu_vm_map *n)
{
	bu_vm_lock(n->obj);
	bu_vm_txn_begin(n->obj);
	bu_vm_txn_set64(n->obj, 0, 111);
	bu_vm_txn_set64(n->obj, bu_vm_off(n->obj, &n->live->word[9]), 112);
}

/* As a commit that is killed behind its first store. */
static void lock_and_commit(struct bu_vm_map *n)
{
	lock_and_note(n);
	atomic_store(&n->obj->vm->rec->n, 2);
}

static void spin_only(struct bu_vm_map *n)
{
	bu_vm_spin_lock(n->obj, 64);
}

static uint64_t data(uint64_t off)
{
	uint64_t v;

	memcpy(&v, m->mem + off, 8);
	return v;
}

static void test_takeover(void)
{
	double t;

	in_killed_child(lock_only, true);
	ok(atomic_load(&m->live->lock) != 0, "a killed process leaves its lock");
	t = now();
	ok(!bu_vm_lock(m->obj) && now() - t < 1, "it is taken over (%.0f us)", (now() - t) * 1e6);
	ok(bu_vm_lock(m->obj) == -EBUSY, "nobody has it twice");
	bu_vm_unlock(m->obj);
	ok(!atomic_load(&m->live->lock), "and given back");

	in_killed_child(lock_and_note, true);
	ok(!bu_vm_lock(m->obj) && data(0) == 0 && !atomic_load(&m->live->word[9]),
	   "what was not committed has not happened");
	bu_vm_unlock(m->obj);

	in_killed_child(lock_and_commit, true);
	ok(data(0) == 0, "a commit that was not begun to be applied");
	ok(!bu_vm_lock(m->obj) && data(0) == 111 && atomic_load(&m->live->word[9]) == 112,
	   "is done by the next one in");
	bu_vm_unlock(m->obj);

	in_killed_child(spin_only, true);
	ok(data(64) != 0, "a bpf_spin_lock of a killed process");
	ok(!bu_vm_spin_lock(m->obj, 64), "is taken over");
	bu_vm_spin_unlock(m->obj, 64);
	ok(data(64) == 0, "and given back");
	in_killed_child(lock_only, false);
}

static void test_txn(void)
{
	uint64_t page = m->obj->size - BU_VM_PAGE;
	struct bu_vm_hdr before = *m->obj->hdr;
	uint64_t was = data(0);

	ok(!bu_vm_lock(m->obj), "lock");
	bu_vm_txn_begin(m->obj);
	for (unsigned i = 0; i <= BU_VM_REC_OPS; i++)
		bu_vm_txn_set64(m->obj, 0, 5);
	ok(bu_vm_txn_commit(m->obj) == -E2BIG && data(0) == was, "too many operations: none is done");
	bu_vm_txn_begin(m->obj);
	bu_vm_txn_set64(m->obj, 0, 6);
	bu_vm_txn_set64(m->obj, page, 7);
	ok(bu_vm_txn_commit(m->obj) == -EUCLEAN && data(0) == was, "the constant header is not written");
	bu_vm_txn_begin(m->obj);
	bu_vm_txn_set32(m->obj, 3, 7);
	ok(bu_vm_txn_commit(m->obj) == -EUCLEAN, "nor what is not aligned");
	bu_vm_txn_begin(m->obj);
	bu_vm_txn_copy(m->obj, page - 8, 0, 16);
	ok(bu_vm_txn_commit(m->obj) == -EUCLEAN, "nor a copy into it");
	bu_vm_txn_begin(m->obj);
	bu_vm_txn_copy(m->obj, 16, 12, 8);
	ok(bu_vm_txn_commit(m->obj) == -EUCLEAN, "nor a copy onto its own source");
	bu_vm_txn_begin(m->obj);
	bu_vm_txn_set64(m->obj, 8, 9);
	bu_vm_txn_copy(m->obj, 16, 8, 8);
	ok(!bu_vm_txn_commit(m->obj) && data(16) == 9, "operations are done in order");
	bu_vm_unlock(m->obj);
	ok(!memcmp(&before, m->obj->hdr, offsetof(struct bu_vm_hdr, live)), "the header is as it was");
	ok(bu_vm_txn_commit(m->obj) == -EINVAL, "no commit without the lock");
}

/* A dead member's record full of nonsense, with its lock word set. */
static void test_hostile(void)
{
	struct bu_vm_rec *rec = mmap(NULL, BU_VM_PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct bu_vm_hdr before;
	uint64_t seed = 99;
	unsigned bad = 0;

	memcpy(&before, m->obj->hdr, sizeof(before));
	for (unsigned round = 0; round < 100000; round++) {
		uint64_t *p = (uint64_t *)rec;

		for (unsigned i = 0; i < sizeof(*rec) / 8; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			p[i] = seed >> 16;
		}
		rec->map_id = m->obj->id;
		rec->spin_map_id = round & 1 ? m->obj->id : (uint32_t)seed;
		rec->n = (uint32_t)(seed >> 40) % (BU_VM_REC_OPS + 4);
		for (unsigned i = 0; i < BU_VM_REC_OPS; i++) {
			struct bu_vm_rec_op *op = &rec->op[i];

			op->what = (uint32_t[]){ 4, 8, 1, op->what }[op->len & 3];
			if (op->src & 1)
				op->dst %= m->obj->size + 64;
			if (op->src & 2)
				op->src %= m->obj->size + 64;
			if (op->src & 4)
				op->len %= 5000;
		}
		atomic_store(&m->live->lock, 901);
		bu_vm_recover(bu_vm(s), 900, rec);
		bad += atomic_load(&m->live->lock) != 0;
		bad += memcmp(&before, m->obj->hdr, offsetof(struct bu_vm_hdr, live)) != 0;
		bad += rec->n || rec->map_id || rec->spin_map_id;
	}
	ok(!bad, "100000 damaged records: the lock is free, the constant header as it was");
	atomic_store(&m->live->lock, 0xdeadbeef);
	ok(!bu_vm_lock(m->obj), "a lock word that no member has is free");
	bu_vm_unlock(m->obj);
}

int main(void)
{
	union bpf_attr a;
	char cmd[100];

	need_native();
	alarm(120);
	if (!mkdtemp(world)) {
		printf("1..0 # SKIP needs \"a tmpfs at /dev/shm\"\n");
		return 0;
	}
	snprintf(dir, sizeof(dir), "%s/w", world);
	s = open_world();
	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = 4;
	a.value_size = 1024;
	a.max_entries = 8;
	fd = s ? bu_sys_map_create(s, &a) : -1;
	if (ok(fd >= 0 && !bu_vm_map_by_fd(bu_vm(s), fd, 0, &m), "a map")) {
		test_takeover();
		test_txn();
		test_hostile();
		bu_vm_map_put(m);
		s->ops->destroy(s);
	}
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", world);
	ok(!system(cmd), "the world is removed");
	return done_testing();
}
