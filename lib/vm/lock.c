/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lock words and redo records; see lock.h. */
#include "vm/map.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define WAIT_NS 3000000000ull     /* for a live holder */
#define ASK_NS 30000ull           /* before we first ask whether the holder lives … */
#define ASK_MAX_NS 20000000ull    /* … and at most, then again and again */

/*
 * A killed process has done exactly the stores in front of the instruction where it was stopped, on
 * every CPU: for what the record says only the compiler's order counts.
 */
#define program_order() atomic_signal_fence(memory_order_seq_cst)

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static _Atomic uint32_t *word_at(const struct bu_vm_obj *o, uint64_t off)
{
	return (_Atomic uint32_t *)(o->mem + off);
}

/* ---------------------------------------------------------------- redo */

/* May a record store len bytes at dst: data, or the words of the header that change? */
static bool may_store(const struct bu_vm_obj *o, uint64_t dst, uint64_t len)
{
	uint64_t data = o->size - BU_VM_PAGE;
	uint64_t lo = data + offsetof(struct bu_vm_hdr, live) + offsetof(struct bu_vm_live, seq);
	uint64_t hi = data + offsetof(struct bu_vm_hdr, live) + offsetof(struct bu_vm_live, run_cnt);

	if (dst % len)
		return false;
	return (dst < data && len <= data - dst) || (dst >= lo && dst < hi && len <= hi - dst);
}

static bool may_copy(const struct bu_vm_obj *o, uint64_t dst, uint64_t src, uint32_t len)
{
	uint64_t data = o->size - BU_VM_PAGE;

	if (dst > data || len > data - dst || src > data || len > data - src)
		return false;
	/* Done once more it must give the same: the source is not what it writes. */
	return dst >= src + len || src >= dst + len;
}

/* The record lies in shared memory: each operation is read once, and checked again. */
static int apply(struct bu_vm_obj *o, const struct bu_vm_rec *rec, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const volatile struct bu_vm_rec_op *op = &rec->op[i];
		uint64_t dst = op->dst, src = op->src;
		uint32_t what = op->what, len = op->len;

		if (what == 4 && may_store(o, dst, 4)) {
			atomic_store_explicit((_Atomic uint32_t *)(o->mem + dst), (uint32_t)src,
					      memory_order_release);
		} else if (what == 8 && may_store(o, dst, 8)) {
			atomic_store_explicit((_Atomic uint64_t *)(o->mem + dst), src,
					      memory_order_release);
		} else if (what == 1 && may_copy(o, dst, src, len)) {
			/* behind the store that says "being written" */
			atomic_thread_fence(memory_order_release);
			bu_vm_copy(o->mem + dst, o->mem + src, len);
		} else {
			return -EUCLEAN;
		}
	}
	return 0;
}

void bu_vm_txn_begin(struct bu_vm_obj *o)
{
	o->vm->txn_n = 0;
	o->vm->txn_err = 0;
}

static void note(struct bu_vm_obj *o, uint64_t dst, uint64_t src, uint32_t len, uint32_t what)
{
	struct bu_vm *vm = o->vm;
	struct bu_vm_rec_op *op;

	if (vm->txn_n >= BU_VM_REC_OPS) {
		vm->txn_err = -E2BIG;
		return;
	}
	op = &vm->rec->op[vm->txn_n++];
	op->dst = dst;
	op->src = src;
	op->len = len;
	op->what = what;
}

void bu_vm_txn_set64(struct bu_vm_obj *o, uint64_t off, uint64_t val)
{
	if (!may_store(o, off, 8))
		o->vm->txn_err = -EUCLEAN;
	note(o, off, val, 8, 8);
}

void bu_vm_txn_set32(struct bu_vm_obj *o, uint64_t off, uint32_t val)
{
	if (!may_store(o, off, 4))
		o->vm->txn_err = -EUCLEAN;
	note(o, off, val, 4, 4);
}

void bu_vm_txn_copy(struct bu_vm_obj *o, uint64_t dst, uint64_t src, uint32_t len)
{
	if (!may_copy(o, dst, src, len))
		o->vm->txn_err = -EUCLEAN;
	note(o, dst, src, len, 1);
}

int bu_vm_txn_commit(struct bu_vm_obj *o)
{
	struct bu_vm *vm = o->vm;
	struct bu_vm_rec *rec = vm->rec;
	uint32_t n = vm->txn_n;
	int err = vm->txn_err;

	if (vm->locked != o)
		return -EINVAL;
	if (err || !n)
		return err;
	vm->txn_n = 0;
	program_order();
	atomic_store_explicit(&rec->n, n, memory_order_release);
	program_order();
	err = apply(o, rec, n);
	program_order();
	atomic_store_explicit(&rec->n, 0, memory_order_release);
	program_order();
	return err;
}

/* ---------------------------------------------------------------- takeover */

/*
 * What a dead member left on one object: the committed changes of map_id, and a lock word. An error:
 * the object is there, but this process could not open it, for want of descriptors or memory.
 */
static int recover_one(struct bu_vm *vm, uint32_t member, struct bu_vm_rec *rec, uint32_t map_id,
			bool spin, uint64_t off)
{
	uint32_t held = member + 1, n;
	_Atomic uint32_t *w;
	struct bu_vm_obj *o;
	int err = map_id ? bu_vm_obj_by_id(vm, BU_VM_MAP, map_id, &o) : -ENOENT;

	if (err)
		return err == -ENOENT || err == -EUCLEAN ? 0 : err;
	if (!spin) {
		w = &o->hdr->live.lock;
		n = atomic_load_explicit(&rec->n, memory_order_acquire);
		if (atomic_load_explicit(w, memory_order_acquire) == held && n &&
		    n <= BU_VM_REC_OPS) {
			apply(o, rec, n);
			program_order();
			atomic_store_explicit(&rec->n, 0, memory_order_release);
		}
	} else if (off % 4 || off >= o->size - BU_VM_PAGE) {
		goto out;
	} else {
		w = word_at(o, off);
	}
	program_order();
	atomic_compare_exchange_strong(w, &held, 0);
out:
	bu_vm_obj_put(o);
	return 0;
}

int bu_vm_recover(struct bu_vm *vm, uint32_t member, struct bu_vm_rec *rec)
{
	uint32_t spin_map = atomic_load_explicit(&rec->spin_map_id, memory_order_acquire);
	uint64_t spin_off = atomic_load_explicit(&rec->spin_off, memory_order_acquire);
	uint32_t map = atomic_load_explicit(&rec->map_id, memory_order_acquire);

	/* A committed change of a value comes before the lock in that value is given back. */
	int err = recover_one(vm, member, rec, map, false, 0);

	if (!err)
		err = recover_one(vm, member, rec, spin_map, true, spin_off);
	if (err) /* who comes next does it: the record stays */
		return err;
	atomic_store_explicit(&rec->n, 0, memory_order_release);
	atomic_store_explicit(&rec->map_id, 0, memory_order_release);
	atomic_store_explicit(&rec->spin_map_id, 0, memory_order_release);
	return 0;
}

/* The word w says `held`: is its member dead? Then its locks are given back. */
static bool take_over(struct bu_vm_obj *o, _Atomic uint32_t *w, uint32_t held)
{
	struct bu_vm_rec *rec;
	bool done = false;
	int fd;

	if (held > BU_VM_MEMBERS) { /* no member's: damaged */
		atomic_compare_exchange_strong(w, &held, 0);
		return true;
	}
	if (held - 1 == (uint32_t)o->vm->member || !bu_vm_member_dead(o->vm, held - 1, &fd))
		return false;
	rec = mmap(NULL, BU_VM_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (rec != MAP_FAILED) {
		done = lseek(fd, 0, SEEK_END) < (off_t)BU_VM_PAGE ||
		       !bu_vm_recover(o->vm, held - 1, rec);
		munmap(rec, BU_VM_PAGE);
		/* Its record names other locks: the word was damaged, or stands in a recycled value. */
		if (done)
			atomic_compare_exchange_strong(w, &held, 0);
	}
	close(fd);
	return done;
}

/*
 * A live member's record says which lock it has or wants. When it is another one all the time, the
 * word is damaged.
 */
static bool forgotten(struct bu_vm_obj *o, uint32_t held, bool spin)
{
	char name[16];
	struct bu_vm_rec rec;
	uint32_t id = o->id;
	int fd;
	bool other = false;

	if (held - 1 == (uint32_t)o->vm->member)
		return false;
	snprintf(name, sizeof(name), "%u", held - 1);
	fd = openat(o->vm->mdir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	if (pread(fd, &rec, sizeof(rec), 0) == (ssize_t)sizeof(rec))
		other = (spin ? rec.spin_map_id : rec.map_id) != id;
	close(fd);
	return other;
}

static int lock_slow(struct bu_vm_obj *o, _Atomic uint32_t *w, uint32_t mine, bool spin)
{
	uint64_t start = now(), t = start, ask = ASK_NS, asked = start, pause = 20000;
	uint32_t held, last = 0;
	unsigned strange = 0;

	for (;;) {
		for (int i = 0; i < 200; i++) {
			held = atomic_load_explicit(w, memory_order_relaxed);
			if (!held && atomic_compare_exchange_weak_explicit(w, &held, mine,
						memory_order_acquire, memory_order_relaxed))
				return 0;
			relax();
		}
		t = now();
		if (held != last) {
			last = held;
			asked = t;
			ask = ASK_NS;
			strange = 0;
		}
		if (held && t - asked > ask) {
			if (take_over(o, w, held))
				continue;
			if (t - start > WAIT_NS / 4 && forgotten(o, held, spin) && ++strange > 8) {
				atomic_compare_exchange_strong(w, &held, 0);
				continue;
			}
			asked = t;
			ask = ask * 2 > ASK_MAX_NS ? ASK_MAX_NS : ask * 2;
		}
		if (t - start > WAIT_NS)
			return -EBUSY;
		if (t - start < 200000) {
			sched_yield();
		} else {
			struct timespec ts = { .tv_nsec = (long)pause };

			nanosleep(&ts, NULL);
			pause = pause < 1000000 ? pause * 2 : pause;
		}
	}
}

/* ---------------------------------------------------------------- locks */

int bu_vm_lock(struct bu_vm_obj *o)
{
	struct bu_vm *vm = o->vm;
	uint32_t none = 0, mine;
	int err = 0;

	if (vm->member < 0) {
		err = bu_vm_member(vm);
		if (err)
			return err;
	}
	if (vm->locked)
		return -EBUSY;
	mine = (uint32_t)vm->member + 1;
	atomic_store_explicit(&vm->rec->map_id, o->id, memory_order_relaxed);
	program_order();
	if (!atomic_compare_exchange_strong_explicit(&o->hdr->live.lock, &none, mine,
						     memory_order_acquire, memory_order_relaxed))
		err = lock_slow(o, &o->hdr->live.lock, mine, false);
	program_order();
	if (err)
		atomic_store_explicit(&vm->rec->map_id, 0, memory_order_relaxed);
	else
		vm->locked = o;
	return err;
}

void bu_vm_unlock(struct bu_vm_obj *o)
{
	struct bu_vm *vm = o->vm;

	if (vm->locked != o)
		return;
	vm->locked = NULL;
	program_order();
	atomic_store_explicit(&o->hdr->live.lock, 0, memory_order_release);
	program_order();
	atomic_store_explicit(&vm->rec->map_id, 0, memory_order_relaxed);
}

int bu_vm_spin_lock(struct bu_vm_obj *o, uint64_t off)
{
	struct bu_vm *vm = o->vm;
	uint32_t none = 0, mine;
	int err = 0;

	if (off % 4 || off >= o->size - BU_VM_PAGE)
		return -EINVAL;
	if (vm->member < 0) {
		err = bu_vm_member(vm);
		if (err)
			return err;
	}
	if (vm->spun)
		return -EBUSY;
	mine = (uint32_t)vm->member + 1;
	atomic_store_explicit(&vm->rec->spin_off, off, memory_order_relaxed);
	program_order();
	atomic_store_explicit(&vm->rec->spin_map_id, o->id, memory_order_relaxed);
	program_order();
	if (!atomic_compare_exchange_strong_explicit(word_at(o, off), &none, mine,
						     memory_order_acquire, memory_order_relaxed))
		err = lock_slow(o, word_at(o, off), mine, true);
	program_order();
	if (err)
		atomic_store_explicit(&vm->rec->spin_map_id, 0, memory_order_relaxed);
	else
		vm->spun = o;
	return err;
}

void bu_vm_spin_unlock(struct bu_vm_obj *o, uint64_t off)
{
	struct bu_vm *vm = o->vm;
	uint32_t mine = (uint32_t)vm->member + 1;

	if (vm->spun != o || off % 4 || off >= o->size - BU_VM_PAGE)
		return;
	vm->spun = NULL;
	program_order();
	/* Somebody may have found the value recycled: only our own word is given back. */
	atomic_compare_exchange_strong_explicit(word_at(o, off), &mine, 0, memory_order_release,
						memory_order_relaxed);
	program_order();
	atomic_store_explicit(&vm->rec->spin_map_id, 0, memory_order_relaxed);
}
