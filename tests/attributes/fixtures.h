/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects that calls are made on. */
#ifndef DIFFER_FIXTURES_H
#define DIFFER_FIXTURES_H

#include "differ.h"

/* Maps: 4-byte keys 1, 2, … and 8-byte values key * 0x0101010101010101, as many as the number says. */
extern const struct fixture fx_hash0, fx_hash1, fx_hash3, fx_nopre, fx_lru1, fx_lru3, fx_pchash1,
	fx_pchash3, fx_array, fx_pcarray, fx_lpm, fx_lpm1, fx_queue, fx_queue0, fx_stack, fx_ringbuf,
	fx_perf, fx_progs, fx_arrofmaps, fx_hashofmaps, fx_inner, fx_inner2, fx_full;
extern const struct fixture fx_ro, fx_wo, fx_frozen, fx_locked /* with a bpf_spin_lock */, fx_mmapable;
/* Other objects and plain files */
extern const struct fixture fx_prog, fx_btf, fx_null, fx_pipe, fx_dir, fx_file;

int make_map(unsigned side, const struct fixture *f);

#endif
