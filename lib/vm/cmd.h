/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands of bpf(2): one row each, and access to the caller's memory, which may be bad. */
#ifndef BU_VM_CMD_H
#define BU_VM_CMD_H

#include "vm/map.h"

struct bu_vm_cmd {
	int cmd;
	const char *name;
	/* Bytes of the attribute up to the end of the last member that the command knows; what lies
	 * behind must be zero within the union (else EINVAL) and behind it (else E2BIG). */
	unsigned last;
	int (*run)(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size);
	bool fd; /* its result is an fd */
};
/* By number: bu_vm_cmds[cmd].cmd == cmd. While one runs, vm->cmd is its number. */
extern const struct bu_vm_cmd bu_vm_cmds[];
extern const unsigned bu_vm_ncmds;
/* ops->bpf */
int bu_vm_bpf(struct bu_sys *s, int cmd, union bpf_attr *attr, unsigned size);

/*
 * Are the bytes [known, size) of the caller's structure zero? 0, -E2BIG: not, or size is over a page;
 * -EFAULT. The rule for attributes and infos that are longer than what is known here.
 */
int bu_vm_tail_zero(struct bu_vm *vm, uint64_t user, size_t known, size_t size);

/* The caller's memory (uaccess.c): 0 or -EFAULT. copy_out writes what can be written before the fault. */
int bu_vm_copy_in(struct bu_vm *vm, void *dst, uint64_t user, size_t n);
int bu_vm_copy_out(struct bu_vm *vm, uint64_t user, const void *src, size_t n);
/* As copy_in, but says how many bytes in front of the fault (by pages) there were. */
size_t bu_vm_copy_in_some(struct bu_vm *vm, void *dst, uint64_t user, size_t n);
/* Writes val to member m of the caller's attribute: 0 or -EFAULT. */
#define bu_vm_put_user(vm, val, user, m)                                                           \
	({                                                                                         \
		__typeof__((user)->m) bu_v = (val);                                                \
		bu_vm_copy_out(vm, bu_ptr64(user) + offsetof(union bpf_attr, m), &bu_v,            \
			       sizeof(bu_v));                                                      \
	})
/* Gives back what uaccess.c has opened. */
void bu_vm_uaccess_close(struct bu_vm *vm);
/* A text with NUL of at most n bytes, NUL included: its length; -EFAULT, -E2BIG when there is no NUL
 * within n. */
long bu_vm_copy_str(struct bu_vm *vm, char *dst, uint64_t user, size_t n);
/* n bytes of the caller's copied to the heap (free): NULL and *err. */
void *bu_vm_dup_in(struct bu_vm *vm, uint64_t user, size_t n, int *err);

/* cmd_map.c, cmd_batch.c */
int bu_vm_cmd_map_create(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_lookup(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_update(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_delete(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_next_key(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_take(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_freeze(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_batch(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
/* cmd_obj.c */
int bu_vm_cmd_pin(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_get(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_next_id(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_fd_by_id(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_info(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
/* cmd_prog.c, cmd_btf.c, cmd_link.c, testrun.c */
int bu_vm_cmd_btf_load(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_prog_load(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_bind_map(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_enable_stats(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_test_run(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_link_create(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_link_update(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_link_detach(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_raw_tp(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_task_fd_query(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size); /* taskfd.c */
/* cmd_attach.c */
int bu_vm_cmd_attach(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_detach(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_query(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
int bu_vm_cmd_iter_create(struct bu_vm *, union bpf_attr *a, union bpf_attr *user, unsigned size);
/*
 * The caller's info structure: in, of which we know room bytes (zeroed behind what the caller gave;
 * *len: min of both), and out, with info_len. 0, -E2BIG, -EFAULT.
 */
int bu_vm_info_in(struct bu_vm *vm, const union bpf_attr *a, void *info, uint32_t room,
		  uint32_t *len);
int bu_vm_info_out(struct bu_vm *vm, const union bpf_attr *a, union bpf_attr *user,
		   const void *info, uint32_t len);
/* info of each kind; bu_vm_cmd_info dispatches. user: attr to write info_len to. */
int bu_vm_info_map(struct bu_vm *, struct bu_vm_obj *o, union bpf_attr *a, union bpf_attr *user);
int bu_vm_info_prog(struct bu_vm *, struct bu_vm_obj *o, union bpf_attr *a, union bpf_attr *user);
int bu_vm_info_btf(struct bu_vm *, struct bu_vm_obj *o, union bpf_attr *a, union bpf_attr *user);
int bu_vm_info_link(struct bu_vm *, struct bu_vm_obj *o, union bpf_attr *a, union bpf_attr *user);

/* BTF of a map's key and value for MAP_CREATE: the BTF object's checked types. *btf is owned by the
 * object's body. For spin locks: the offset of a struct bpf_spin_lock in the value, or -ENOENT. */
int bu_vm_btf_of(struct bu_vm_obj *o, const struct bu_btf **btf);
/*
 * The offset of a struct bpf_timer in a value's type, in structs in it too; -ENOENT: none; -E2BIG: several; -EOPNOTSUPP: a
 * field that the kernel knows and the VM does not (kptr, list, tree, work queue).
 */
int bu_vm_btf_timer(const struct bu_btf *btf, uint32_t value_type);
int bu_vm_btf_spin_lock(const struct bu_btf *btf, uint32_t value_type);

#endif
