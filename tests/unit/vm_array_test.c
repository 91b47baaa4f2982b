/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps of the VM that are no hash tables: what user space sees of them. tests/model compares the rest. */
#include "vm/helper.h"
#include "vm/map_hash.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static struct bu_sys *s;
static char world[] = "/dev/shm/bpfutils-test-XXXXXX";

static int create(uint32_t type, uint32_t key, uint32_t value, uint32_t n, uint32_t flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = type;
	a.key_size = key;
	a.value_size = value;
	a.max_entries = n;
	a.map_flags = flags;
	return bu_sys_map_create(s, &a);
}

static struct bu_vm_map *body(int fd)
{
	struct bu_vm_map *m = NULL;

	bu_vm_map_by_fd(bu_vm(s), fd, 0, &m);
	return m;
}

static void test_array(void)
{
	int fd = create(BPF_MAP_TYPE_ARRAY, 4, 20, 10, BPF_F_MMAPABLE), err;
	uint32_t key = 9, next;
	uint8_t v[20], got[20], *p;
	struct bu_vm_map *m = body(fd);
	uint64_t addr;

	memset(v, 7, sizeof(v));
	ok(fd >= 0 && m, "an array is made");
	ok(!bu_sys_map_update(s, fd, &key, v, 0), "its last element is set");
	ok(!bu_sys_map_lookup(s, fd, &key, got, 0) && !memcmp(v, got, 20), "and read");
	key = 10;
	ok(bu_sys_map_update(s, fd, &key, v, 0) == -E2BIG, "there is none behind it");
	ok(bu_sys_map_lookup(s, fd, &key, got, 0) == -ENOENT, "nor to be read");
	ok(bu_sys_map_delete(s, fd, &key) == -EINVAL, "elements cannot be deleted");
	ok(!bu_sys_map_next_key(s, fd, NULL, &next) && next == 0, "the first key");
	key = 9;
	ok(bu_sys_map_next_key(s, fd, &key, &next) == -ENOENT, "the last key");
	p = s->ops->mmap(s, fd, 4096, true, 0, &err);
	ok(p && p[9 * 24] == 7, "it is mapped");
	p[0] = 42;
	key = 0;
	ok(!bu_sys_map_lookup(s, fd, &key, got, 0) && got[0] == 42, "what is stored there is read");
	ok(bu_sys_map_freeze(s, fd) == -EBUSY, "not frozen while it is mapped for writing");
	s->ops->munmap(s, p, 4096);
	ok(!s->ops->mmap(s, fd, 8192, false, 0, &err) && err == -EINVAL, "not more than there is");
	ok(!bu_sys_map_freeze(s, fd), "frozen");
	ok(!s->ops->mmap(s, fd, 4096, true, 0, &err) && err == -EPERM, "then mapped only to read");
	p = s->ops->mmap(s, fd, 4096, false, 0, &err);
	ok(p && p[0] == 42, "which still works");
	s->ops->munmap(s, p, 4096);
	ok(bu_sys_map_update(s, fd, &key, v, 0) == -EPERM, "and no longer updated");
	ok(m->ops->direct(m, 0, &addr) == -524, "no direct values with many elements");
	bu_vm_map_put(m);
	close(fd);
	fd = create(BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
	ok(!s->ops->mmap(s, fd, 4096, false, 0, &err) && err == -EINVAL, "not mapped without the flag");
	m = body(fd);
	ok(!m->ops->direct(m, 7, &addr) && m->ops->direct(m, 8, &addr) == -EINVAL, "direct value");
	bu_vm_map_put(m);
	close(fd);
}

static void test_ringbuf(void)
{
	int fd = create(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0), err, fds[1] = { fd }, st, up[2];
	struct bu_vm_map *m = body(fd);
	uint64_t *cons = s->ops->mmap(s, fd, 4096, true, 0, &err), *prod;
	uint8_t *data, *rec, text[3000];
	uint32_t *hdr, *h2;
	pid_t pid;

	ok(fd >= 0 && m && cons, "a ring is made, the consumer's page mapped");
	prod = s->ops->mmap(s, fd, 4096 + 2 * 4096, false, 4096, &err);
	ok(prod != NULL, "the producer's page and twice the data");
	ok(!s->ops->mmap(s, fd, 4096 + 2 * 4096, true, 4096, &err) && err == -EPERM, "not to write");
	ok(!s->ops->mmap(s, fd, 4096 + 3 * 4096, false, 4096, &err) && err == -EINVAL, "not three times");
	data = (uint8_t *)prod + 4096;
	ok(s->ops->wait(s, fds, 1, 0) == 0, "nothing to read");
	memset(text, 'x', sizeof(text));
	ok(!bu_vm_ringbuf_output(m, text, 3000, 0), "a record goes in");
	ok(bu_vm_ringbuf_output(m, text, 3000, 0) == -EAGAIN, "a second one has no room");
	ok(bu_vm_ringbuf_output(m, text, 1, 8) == -EINVAL, "a flag that is none");
	ok(s->ops->wait(s, fds, 1, 0) == 1, "there is something");
	hdr = (uint32_t *)data;
	ok(*prod == 3008 && hdr[0] == 3000 && data[8] == 'x' && data[3007] == 'x', "and it is read");
	__atomic_store_n(cons, 3008, __ATOMIC_RELEASE);
	rec = bu_vm_ringbuf_reserve(m, 2000);
	ok(rec != NULL, "reserved over the end");
	memset(rec, 'y', 2000);
	hdr = (uint32_t *)(data + 3008);
	ok(hdr[0] == (2000 | 0x80000000u), "busy");
	bu_vm_ringbuf_commit(m, rec, 0, true);
	ok(hdr[0] == (2000 | 0x40000000u), "discarded");
	ok(data[3008 + 8 + 1999] == 'y', "in one piece");
	ok(bu_vm_ringbuf_query(m, 0) == 2008 && bu_vm_ringbuf_query(m, 1) == 4096 &&
		   bu_vm_ringbuf_query(m, 2) == 3008 && bu_vm_ringbuf_query(m, 3) == 3008 + 2008 &&
		   bu_vm_ringbuf_query(m, 9) == 0,
	   "asked about");
	__atomic_store_n(cons, *prod, __ATOMIC_RELEASE);

	/* A process that is killed between reserve and submit. */
	ok(!pipe(up), "a pipe");
	pid = fork();
	if (!pid) {
		struct bu_sys *own;
		struct bu_vm_map *mm;

		if (bu_vm_open(&own, &(struct bu_vm_options){ .world = world }, NULL) ||
		    bu_vm_map_by_id(bu_vm(own), m->obj->id, &mm) || !bu_vm_ringbuf_reserve(mm, 16))
			_exit(1);
		if (write(up[1], "", 1) != 1)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	close(up[1]);
	ok(read(up[0], text, 1) == 1, "another process reserves");
	ok(waitpid(pid, &st, 0) == pid && WIFSIGNALED(st), "and is killed");
	close(up[0]);
	hdr = (uint32_t *)(data + (5016 & 4095));
	ok(hdr[0] == (16 | 0x80000000u), "its record is busy");
	rec = bu_vm_ringbuf_reserve(m, 16);
	ok(rec && hdr[0] == (16 | 0x40000000u), "until the next one discards it");
	h2 = hdr + 6;
	ok(h2[0] == (16 | 0x80000000u), "whose own comes behind");
	bu_vm_ringbuf_commit(m, rec, 0, false);

	/* Somebody sleeps until there is something. */
	__atomic_store_n(cons, *prod, __ATOMIC_RELEASE);
	pid = fork();
	if (!pid) {
		struct bu_sys *own;
		struct bu_vm_map *mm;

		usleep(30000);
		_exit(bu_vm_open(&own, &(struct bu_vm_options){ .world = world }, NULL) ||
		      bu_vm_map_by_id(bu_vm(own), m->obj->id, &mm) ||
		      bu_vm_ringbuf_output(mm, "hello", 5, 0));
	}
	ok(s->ops->wait(s, fds, 1, 5000) == 1, "woken by another process");
	ok(waitpid(pid, &st, 0) == pid && !st, "which is fine");
	ok(s->ops->wait(s, fds, 1, 0) == 1, "what is there stays there");
	s->ops->munmap(s, cons, 4096);
	s->ops->munmap(s, prod, 3 * 4096);
	bu_vm_map_put(m);
	close(fd);
}

static void test_lpm(void)
{
	int fd = create(BPF_MAP_TYPE_LPM_TRIE, 8, 8, 1000, BPF_F_NO_PREALLOC), bad = 0;
	struct bu_buf why = { 0 };
	struct bu_vm_map *m = body(fd);
	struct { uint32_t len; uint8_t d[4]; } k = { 32, { 0 } };
	uint64_t v;

	ok(fd >= 0 && m, "a trie is made");
	for (unsigned round = 0; round < 20; round++) {
		for (uint32_t i = 0; i < 1000; i++) {
			v = i + 1000 * round;
			memcpy(k.d, &i, 4);
			bad += bu_sys_map_update(s, fd, &k, &v, 0) != 0;
		}
		bad += m->ops->verify(m, &why) != 0;
		v = 1;
		k.d[3] = 9;
		bad += bu_sys_map_update(s, fd, &k, &v, 0) != -ENOSPC;
		for (uint32_t i = 0; i < 1000; i++) {
			memcpy(k.d, &i, 4);
			bad += bu_sys_map_lookup(s, fd, &k, &v, 0) != 0 || v != i + 1000 * round;
			bad += bu_sys_map_delete(s, fd, &k) != 0;
		}
		bad += m->ops->verify(m, &why) != 0;
	}
	ok(!bad, "filled and emptied %s", bu_buf_cstr(&why));
	bu_buf_free(&why);
	bu_vm_map_put(m);
	close(fd);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void test_wait(void)
{
	int fd = create(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0), p[2], fds[2], arr;
	struct sigaction sa = { .sa_handler = on_alarm };
	struct itimerval it = { .it_value.tv_usec = 30000 };
	struct bu_vm_map *m = body(fd);
	struct timespec a, b;

	ok(!pipe(p), "a pipe");
	fds[0] = fd;
	fds[1] = p[0];
	clock_gettime(CLOCK_MONOTONIC, &a);
	ok(s->ops->wait(s, fds, 2, 50) == 0, "nothing comes");
	clock_gettime(CLOCK_MONOTONIC, &b);
	ok((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 >= 49, "for 50 ms");
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	ok(s->ops->wait(s, fds, 2, -1) == -EINTR, "a signal ends it");
	ok(write(p[1], "x", 1) == 1 && s->ops->wait(s, fds, 2, -1) == 1, "a pipe of the machine");
	ok(!bu_vm_ringbuf_output(m, "x", 1, 0) && s->ops->wait(s, fds, 2, -1) == 2, "and the ring");
	arr = create(BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	ok(s->ops->wait(s, &arr, 1, 0) == 0, "an array is never ready");
	fds[0] = 1000000;
	ok(s->ops->wait(s, fds, 1, 0) == -EBADF, "an fd that is not open");
	bu_vm_map_put(m);
	close(arr);
	close(fd);
	close(p[0]);
	close(p[1]);
}

/* As perf_event_open makes it: of no device, with room for a ring. */
static int event(uint32_t cpu)
{
	struct bu_vm_hdr h = { .kind = BU_VM_EVENT };
	struct bu_vm_obj *o;
	int fd;

	h.event.type = PERF_TYPE_SOFTWARE;
	h.event.config = PERF_COUNT_SW_BPF_OUTPUT;
	h.event.sample_type = PERF_SAMPLE_RAW;
	h.event.cpu = cpu;
	h.event.pid = -1;
	if (bu_vm_obj_new(bu_vm(s), &h, (BU_VM_EVENT_PAGES + 1) * (uint64_t)BU_VM_PAGE, 0, O_RDWR, &o,
			  &fd))
		return -1;
	if (bu_vm_obj_publish(o, NULL, 0))
		fd = -1;
	bu_vm_obj_put(o);
	return fd;
}

/* A program that nothing will run. */
static int prog(uint32_t type, uint32_t attach_type)
{
	struct bu_vm_hdr h = { .kind = BU_VM_PROG };
	struct bu_vm_obj *o;
	int fd;

	h.prog.type = type;
	h.prog.expected_attach_type = attach_type;
	if (bu_vm_obj_new(bu_vm(s), &h, 2 * BU_VM_PAGE, BU_VM_PAGE, O_RDWR, &o, &fd))
		return -1;
	if (bu_vm_obj_publish(o, NULL, 0))
		fd = -1;
	bu_vm_obj_put(o);
	return fd;
}

static void test_prog_array(void)
{
	int fd = create(BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 3, 0);
	int a = prog(BPF_PROG_TYPE_XDP, 0), b = prog(BPF_PROG_TYPE_XDP, 0), none = 1000000;
	int c = prog(BPF_PROG_TYPE_SOCKET_FILTER, 0), d = prog(BPF_PROG_TYPE_XDP, 37);
	struct bu_vm_map *m = body(fd);
	struct bu_buf why = { 0 };
	uint32_t key = 1, id = 0, first = 0;

	ok(fd >= 0 && m && a >= 0 && d >= 0, "an array of programs is made");
	ok(bu_sys_map_lookup(s, fd, &key, &id, 0) == -ENOENT, "empty");
	ok(!bu_sys_map_update(s, fd, &key, &a, 0), "a program is put there");
	ok(!bu_sys_map_lookup(s, fd, &key, &first, 0) && first, "its id is read");
	ok(!bu_sys_map_update(s, fd, &key, &b, 0), "another takes its place");
	ok(!bu_sys_map_lookup(s, fd, &key, &id, 0) && id && id != first, "and is read");
	ok(bu_sys_map_update(s, fd, &key, &c, 0) == -EINVAL, "not one of another type");
	ok(bu_sys_map_update(s, fd, &key, &d, 0) == -EINVAL, "nor of another attach type");
	ok(bu_sys_map_update(s, fd, &key, &fd, 0) == -EINVAL, "nor a map");
	ok(bu_sys_map_update(s, fd, &key, &none, 0) == -EBADF, "nor what is not open");
	ok(bu_sys_map_update(s, fd, &key, &a, BPF_NOEXIST) == -EINVAL, "without flags");
	key = 3;
	ok(bu_sys_map_update(s, fd, &key, &a, 0) == -E2BIG, "nor behind the end");
	key = 1;
	ok(!m->ops->verify(m, &why), "its entries are there");
	ok(!bu_sys_map_delete(s, fd, &key), "deleted");
	ok(bu_sys_map_delete(s, fd, &key) == -ENOENT, "once");
	ok(bu_sys_map_lookup(s, fd, &key, &id, 0) == -ENOENT, "gone");
	/* Killed between the store of an id and its reference: the next change sets it right. */
	ok(!bu_sys_map_update(s, fd, &key, &a, 0), "put there again");
	atomic_store(&m->live->word[0], 2);
	key = 0;
	ok(!bu_sys_map_update(s, fd, &key, &b, 0) && !atomic_load(&m->live->word[0]), "an intent is ended");
	m->ops->drop(m);
	ok(bu_sys_map_lookup(s, fd, &key, &id, 0) == -ENOENT, "all dropped");
	bu_buf_free(&why);
	bu_vm_map_put(m);
	close(a);
	close(b);
	close(c);
	close(d);
	close(fd);
}

/*
 * A process was killed when it had referred to what it wanted to put, and nothing else. Nobody but that
 * reference keeps the target, which goes with the next listing.
 */
static void test_killed_change(uint32_t type, const char *name)
{
	bool progs = type == BPF_MAP_TYPE_PROG_ARRAY, hash = type == BPF_MAP_TYPE_HASH_OF_MAPS;
	int t = progs ? prog(BPF_PROG_TYPE_XDP, 0) : create(BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0), fd;
	enum bu_objkind kind = progs ? BU_PROG : BU_MAP;
	union bpf_attr a = { .map_type = type };
	struct bu_vm_obj *target = NULL;
	struct bu_vm_map *m;
	uint32_t id = 0, next = 0, removed;
	bool listed = false;
	uint64_t bytes;

	a.key_size = a.value_size = 4;
	a.max_entries = 3;
	a.inner_map_fd = progs ? 0 : (uint32_t)t;
	fd = bu_sys_map_create(s, &a);
	m = body(fd);
	if (!ok(m && !bu_vm_obj_by_fd(bu_vm(s), t, -1, &target, NULL), "%s: is there", name))
		return;
	id = target->id;
	ok(!bu_vm_ref_set(m->obj, BU_VM_MAP_SLOT(hash ? 0 : 3), target), "%s: what is left", name);
	atomic_store(&m->live->word[hash ? W_PENDING : 0], 1);
	bu_vm_obj_put(target);
	close(t);
	while (!bu_sys_next_id(s, kind, next, &next))
		listed |= next == id;
	ok(!listed && bu_sys_fd_by_id(s, kind, id, 0) == -ENOENT, "%s: is not listed", name);
	ok(!atomic_load(&m->live->word[hash ? W_PENDING : 0]), "%s: nothing is pending", name);
	ok(!bu_vm_gc(s, &removed, &bytes) && !removed, "%s: nor is it for gc to remove", name);
	bu_vm_map_put(m);
	close(fd);
}

static void test_perf(void)
{
	int fd = create(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 2, 0), err, ev = event(0), lost = 0;
	struct bu_vm_map *m = body(fd);
	struct bu_vm_run *run = calloc(1, sizeof(*run));
	struct perf_event_mmap_page *pg;
	struct perf_event_header *h;
	uint8_t *data, text[100];
	uint32_t key = 0;

	ok(fd >= 0 && m, "an array of events is made");
	if (ev < 0) {
		skip(1, "the VM has no events");
		goto out;
	}
	memset(text, 'p', sizeof(text));
	run->vm = bu_vm(s);
	ok(bu_vm_perf_output(run, m, 0, text, 10) == -ENOENT, "no event there");
	ok(bu_vm_perf_output(run, m, 2, text, 10) == -E2BIG, "nor an element");
	ok(!bu_sys_map_update(s, fd, &key, &ev, 0), "an event is put there");
	ok(bu_sys_map_lookup(s, fd, &key, text, 0) == -524, "and cannot be read");
	ok(bu_vm_perf_output(run, m, 0xffffffff, text, 10) == -ENOSPC, "which has no ring");
	ok(!s->ops->mmap(s, ev, 4 * 4096, true, 0, &err) && err == -EINVAL, "of three pages");
	pg = s->ops->mmap(s, ev, 3 * 4096, true, 0, &err);
	ok(pg && pg->data_size == 8192 && pg->data_offset == 4096, "now it has");
	data = (uint8_t *)pg + 4096;
	ok(!s->ops->mmap(s, ev, 5 * 4096, true, 0, &err) && err == -EINVAL, "and of that size");
	ok(s->ops->wait(s, &ev, 1, 0) == 0, "nothing to read");
	memset(text, 'p', sizeof(text));
	ok(!bu_vm_perf_output(run, m, 0xffffffff, text, 10), "a sample");
	h = (struct perf_event_header *)data;
	ok(pg->data_head == 24 && h->type == PERF_RECORD_SAMPLE && h->size == 24 &&
		   *(uint32_t *)(h + 1) == 12 && data[12] == 'p' && !data[22],
	   "is read");
	ok(s->ops->wait(s, &ev, 1, 0) == 1, "there is something");
	run->cpu = 1;
	ok(bu_vm_perf_output(run, m, 0, text, 10) == -EOPNOTSUPP, "not from another CPU");
	run->cpu = 0;
	for (unsigned i = 0; i < 100; i++)
		lost += bu_vm_perf_output(run, m, 0, text, 100) == -ENOSPC;
	ok(lost == 100 - (8192 - 24) / 112 && lost, "%d lost when it is full", lost);
	pg->data_tail = pg->data_head;
	h = (struct perf_event_header *)(data + (pg->data_head & 8191));
	ok(!bu_vm_perf_output(run, m, 0, text, 4) && h->type == PERF_RECORD_LOST && h->size == 24 &&
		   ((uint64_t *)h)[2] == (uint64_t)lost,
	   "which the next one tells");
	s->ops->munmap(s, pg, 3 * 4096);
out:
	free(run);
	bu_vm_map_put(m);
	close(ev);
	close(fd);
}

int main(void)
{
	char rm[64];

	need_native();
	if (!mkdtemp(world) ||
	    bu_vm_open(&s, &(struct bu_vm_options){ .world = world }, NULL)) {
		skip(1, "needs a tmpfs at /dev/shm");
		return done_testing();
	}
	test_array();
	test_lpm();
	test_ringbuf();
	test_wait();
	test_prog_array();
	test_killed_change(BPF_MAP_TYPE_PROG_ARRAY, "prog_array");
	test_killed_change(BPF_MAP_TYPE_ARRAY_OF_MAPS, "array_of_maps");
	test_killed_change(BPF_MAP_TYPE_HASH_OF_MAPS, "hash_of_maps");
	test_perf();
	s->ops->destroy(s);
	snprintf(rm, sizeof(rm), "rm -rf %s", world);
	return system(rm) ? 1 : done_testing();
}
