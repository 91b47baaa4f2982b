/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mistakes in .map. */
	.map				// ERROR "expected the map's name"
	.map m1				// ERROR "expected ','"
	.map m2, hsh, key=u32		// ERROR "unknown map type 'hsh'"
	.map m3, hash, key=u32, vlaue=u32 // ERROR "a map has no attribute 'vlaue'"
	.map m4, hash, key=u23, value=u32 // ERROR "unknown type 'u23'"
	.map m5, hash, key=u32, key=u32	// ERROR "'key' is given twice"
	.map m6, hash, key=u32, value=u32 // ERROR "a map of type hash needs max_entries=N"
	.map m7, array, key=u64, value=u32, max_entries=1 // ERROR "has keys of 4 bytes, not 8"
	.map m8, ringbuf, key=u64, max_entries=4K // ERROR "a map of type ringbuf has no keys"
	.map m9, lpm_trie, key=u64, value=u32, max_entries=1 // ERROR "needs no_prealloc"
	.map m10, hash, key=u32, value=u32, max_entries=1, pinning=byname // ERROR "pinning is by_name or none"
	.map m11, hash, key=u32, value=u32, max_entries=5G // ERROR "max_entries is 0 to 4294967295"
	.map m12, hash, key=0, value=u32, max_entries=1 // ERROR "key is at least 1 byte"
	.map ok, hash, key=u32, value=u32, max_entries=1, id=1
	.map m13, hash, key=u32, value=u32, max_entries=1, id=1 // ERROR "map id 1 is taken"
	.map ok, hash, key=u32, value=u32, max_entries=1 // ERROR "'ok' is defined twice"
	.map m14, array_of_maps, max_entries=1, inner=none // ERROR "inner names a map declared before"
