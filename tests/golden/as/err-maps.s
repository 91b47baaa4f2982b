/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mistakes in .map that are about its type, its elements and its inner maps. */
	.map m1, ringbuf, value=u32, max_entries=4K // ERROR "a map of type ringbuf has no values"
	.map m2, ringbuf, max_entries=5000 // ERROR "a power of two from 4096, not 5000"
	.map m3, sk_storage, key=s32, value=8, no_prealloc // ERROR "needs a type for its value, not a size"
	.map m4, task_storage, key=s32, value=u64, no_prealloc, max_entries=4 // ERROR "has no max_entries"
	.map m5, stack_trace, value=12, max_entries=4 // ERROR "has values of a multiple of 8 bytes, not 12"
	.map m6, devmap, value=u16, max_entries=4 // ERROR "has values of 4 or 8 bytes, not 2"
	.map m7, lpm_trie, key=u32, value=u32, max_entries=1, no_prealloc // ERROR "has keys of 5 to 260 bytes"
	.map m8, arena, max_entries=4 // ERROR "a map of type arena needs mmapable"
	.map m9, queue, key=u32, value=u32, max_entries=1 // ERROR "a map of type queue has no keys"
	.map m10, hash, key=u32, value=u32, max_entries=1, values={ m1 } // ERROR "has no elements that a declaration could give"
	.map m11, array_of_maps, max_entries=1, inner={ array, key=u32, value=u32 } // ERROR "needs max_entries=N"
	.map m12, array_of_maps, max_entries=1, inner={ array, key=u32, value=u32, max_entries=1 // ERROR "expected '}'"
	.map m13, prog_array, max_entries=2, values={ p, [5]=p } // ERROR "element 5 of a map of 2"
	.map m14, prog_array, values={ p, [0]=p } // ERROR "element 0 is given twice"
	.map m15, prog_array, values={ m1 } // ERROR "'m1' is no program"
	.map m16, array_of_maps, values={ p } // ERROR "'p' is no map"
	.map m17, hash, key=u32, value=u32, max_entires=1 // ERROR "a map has no attribute 'max_entires'"
	.map_format legacy // ERROR "said before the first map"
	.section xdp
p:	exit
