/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * uapi: constants and layouts of the bpf(2) ABI as of Linux 6.18, written from the ABI.
 *
 * The system's own header is often older than the kernel it runs on, so it is not included by
 * anything but the test that compares the two where they overlap; do not include both.
 * The enumerations of map, program, attach and link types come from the tables of isa.
 *
 * The ABI grows at the end: a structure only gets longer, and the kernel takes a shorter or longer
 * one than its own as long as what it does not know is zero.
 *
 * Sources: bpf(2), the kernel's Documentation/userspace-api/ebpf, and the type information that
 * Linux 6.18 carries of itself (/sys/kernel/btf/vmlinux).
 */
#ifndef BU_UAPI_H
#define BU_UAPI_H

#include <stdint.h>

#include "isa/isa.h"

/* 64-bit members sit on 8 bytes on every architecture, also where long long would not. */
typedef uint64_t bu_abi64 __attribute__((aligned(8)));

/* ---------------------------------------------------------------- commands */

enum bpf_cmd {
	BPF_MAP_CREATE = 0,
	BPF_MAP_LOOKUP_ELEM = 1,
	BPF_MAP_UPDATE_ELEM = 2,
	BPF_MAP_DELETE_ELEM = 3,
	BPF_MAP_GET_NEXT_KEY = 4,
	BPF_PROG_LOAD = 5,
	BPF_OBJ_PIN = 6,
	BPF_OBJ_GET = 7,
	BPF_PROG_ATTACH = 8,
	BPF_PROG_DETACH = 9,
	BPF_PROG_TEST_RUN = 10,
	BPF_PROG_RUN = BPF_PROG_TEST_RUN,
	BPF_PROG_GET_NEXT_ID = 11,
	BPF_MAP_GET_NEXT_ID = 12,
	BPF_PROG_GET_FD_BY_ID = 13,
	BPF_MAP_GET_FD_BY_ID = 14,
	BPF_OBJ_GET_INFO_BY_FD = 15,
	BPF_PROG_QUERY = 16,
	BPF_RAW_TRACEPOINT_OPEN = 17,
	BPF_BTF_LOAD = 18,
	BPF_BTF_GET_FD_BY_ID = 19,
	BPF_TASK_FD_QUERY = 20,
	BPF_MAP_LOOKUP_AND_DELETE_ELEM = 21,
	BPF_MAP_FREEZE = 22,
	BPF_BTF_GET_NEXT_ID = 23,
	BPF_MAP_LOOKUP_BATCH = 24,
	BPF_MAP_LOOKUP_AND_DELETE_BATCH = 25,
	BPF_MAP_UPDATE_BATCH = 26,
	BPF_MAP_DELETE_BATCH = 27,
	BPF_LINK_CREATE = 28,
	BPF_LINK_UPDATE = 29,
	BPF_LINK_GET_FD_BY_ID = 30,
	BPF_LINK_GET_NEXT_ID = 31,
	BPF_ENABLE_STATS = 32,
	BPF_ITER_CREATE = 33,
	BPF_LINK_DETACH = 34,
	BPF_PROG_BIND_MAP = 35,
	BPF_TOKEN_CREATE = 36,
	BPF_PROG_STREAM_READ_BY_FD = 37,
	__MAX_BPF_CMD,
};

/* ---------------------------------------------------------------- numbers */

#define BPF_OBJ_NAME_LEN 16u /* with its NUL */
#define BPF_TAG_SIZE 8
#define BPF_BUILD_ID_SIZE 20
#define BPF_COMPLEXITY_LIMIT_INSNS 1000000 /* the verifier's budget for privileged callers */

/* Flags of BPF_MAP_UPDATE_ELEM and its batch form; BPF_F_LOCK also of look-ups. */
enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_EXIST = 2,
	BPF_F_LOCK = 4,
};

/* Flags of BPF_MAP_CREATE; RDONLY and WRONLY also of OBJ_GET and GET_FD_BY_ID. */
enum {
	BPF_F_NO_PREALLOC = 1u << 0,
	BPF_F_NO_COMMON_LRU = 1u << 1,
	BPF_F_NUMA_NODE = 1u << 2,
	BPF_F_RDONLY = 1u << 3, /* seen from user space */
	BPF_F_WRONLY = 1u << 4,
	BPF_F_STACK_BUILD_ID = 1u << 5,
	BPF_F_ZERO_SEED = 1u << 6,
	BPF_F_RDONLY_PROG = 1u << 7, /* seen from programs */
	BPF_F_WRONLY_PROG = 1u << 8,
	BPF_F_CLONE = 1u << 9,
	BPF_F_MMAPABLE = 1u << 10,
	BPF_F_PRESERVE_ELEMS = 1u << 11,
	BPF_F_INNER_MAP = 1u << 12,
	BPF_F_LINK = 1u << 13,
	BPF_F_PATH_FD = 1u << 14, /* OBJ_PIN, OBJ_GET: path_fd is given */
	BPF_F_VTYPE_BTF_OBJ_FD = 1u << 15,
	BPF_F_TOKEN_FD = 1u << 16,
	BPF_F_SEGV_ON_FAULT = 1u << 17,
	BPF_F_NO_USER_CONV = 1u << 18,
};

/* Flags of BPF_PROG_LOAD. */
#define BPF_F_STRICT_ALIGNMENT (1u << 0)
#define BPF_F_ANY_ALIGNMENT (1u << 1)
#define BPF_F_TEST_RND_HI32 (1u << 2)
#define BPF_F_TEST_STATE_FREQ (1u << 3)
#define BPF_F_SLEEPABLE (1u << 4)
#define BPF_F_XDP_HAS_FRAGS (1u << 5)
#define BPF_F_XDP_DEV_BOUND_ONLY (1u << 6)
#define BPF_F_TEST_REG_INVARIANTS (1u << 7)

/* Flags of BPF_PROG_ATTACH and of links whose hook keeps a list of programs. */
#define BPF_F_ALLOW_OVERRIDE (1u << 0)
#define BPF_F_ALLOW_MULTI (1u << 1)
#define BPF_F_REPLACE (1u << 2)
#define BPF_F_BEFORE (1u << 3)
#define BPF_F_AFTER (1u << 4)
#define BPF_F_ID (1u << 5)
#define BPF_F_PREORDER (1u << 6)

#define BPF_F_QUERY_EFFECTIVE (1u << 0)          /* BPF_PROG_QUERY */
#define BPF_F_KPROBE_MULTI_RETURN (1u << 0)      /* link_create.kprobe_multi.flags */
#define BPF_F_UPROBE_MULTI_RETURN (1u << 0)      /* link_create.uprobe_multi.flags */
#define BPF_F_NETFILTER_IP_DEFRAG (1u << 0)      /* link_create.netfilter.flags */
#define BPF_F_TEST_RUN_ON_CPU (1u << 0)          /* BPF_PROG_TEST_RUN */
#define BPF_F_TEST_XDP_LIVE_FRAMES (1u << 1)
#define BPF_F_TEST_SKB_CHECKSUM_COMPLETE (1u << 2)

/* log_level of PROG_LOAD and BTF_LOAD, as bits. */
#define BPF_LOG_LEVEL1 1u
#define BPF_LOG_LEVEL2 2u
#define BPF_LOG_STATS 4u
#define BPF_LOG_FIXED 8u

/* src_reg of an ld_imm64 and of a call. */
#define BPF_PSEUDO_MAP_FD 1
#define BPF_PSEUDO_MAP_VALUE 2
#define BPF_PSEUDO_BTF_ID 3
#define BPF_PSEUDO_FUNC 4
#define BPF_PSEUDO_MAP_IDX 5
#define BPF_PSEUDO_MAP_IDX_VALUE 6
#define BPF_PSEUDO_CALL 1
#define BPF_PSEUDO_KFUNC_CALL 2

enum bpf_stats_type {
	BPF_STATS_RUN_TIME = 0,
};

/* Streams of BPF_PROG_STREAM_READ_BY_FD. */
enum {
	BPF_STREAM_STDOUT = 1,
	BPF_STREAM_STDERR = 2,
};

/* fd_type of BPF_TASK_FD_QUERY. */
enum bpf_task_fd_type {
	BPF_FD_TYPE_RAW_TRACEPOINT = 0,
	BPF_FD_TYPE_TRACEPOINT = 1,
	BPF_FD_TYPE_KPROBE = 2,
	BPF_FD_TYPE_KRETPROBE = 3,
	BPF_FD_TYPE_UPROBE = 4,
	BPF_FD_TYPE_URETPROBE = 5,
};

/* bpf_link_info.perf_event.type. */
enum bpf_perf_event_type {
	BPF_PERF_EVENT_UNSPEC = 0,
	BPF_PERF_EVENT_UPROBE = 1,
	BPF_PERF_EVENT_URETPROBE = 2,
	BPF_PERF_EVENT_KPROBE = 3,
	BPF_PERF_EVENT_KRETPROBE = 4,
	BPF_PERF_EVENT_TRACEPOINT = 5,
	BPF_PERF_EVENT_EVENT = 6,
};

enum bpf_cgroup_iter_order {
	BPF_CGROUP_ITER_ORDER_UNSPEC = 0,
	BPF_CGROUP_ITER_SELF_ONLY = 1,
	BPF_CGROUP_ITER_DESCENDANTS_PRE = 2,
	BPF_CGROUP_ITER_DESCENDANTS_POST = 3,
	BPF_CGROUP_ITER_ANCESTORS_UP = 4,
};

/* XDP by netlink: spelled as linux/if_link.h spells them, so that both may be included. */
#define XDP_FLAGS_UPDATE_IF_NOEXIST (1U << 0)
#define XDP_FLAGS_SKB_MODE (1U << 1)
#define XDP_FLAGS_DRV_MODE (1U << 2)
#define XDP_FLAGS_HW_MODE (1U << 3)
#define XDP_FLAGS_REPLACE (1U << 4)

/* ---------------------------------------------------------------- records */

struct bpf_func_info {
	uint32_t insn_off; /* in instructions */
	uint32_t type_id;
};

struct bpf_line_info {
	uint32_t insn_off;
	uint32_t file_name_off;
	uint32_t line_off;
	uint32_t line_col; /* line << 10 | column */
};
#define BPF_LINE_INFO_LINE_NUM(line_col) ((line_col) >> 10)
#define BPF_LINE_INFO_LINE_COL(line_col) ((line_col) & 0x3ff)

enum bpf_core_relo_kind {
	BPF_CORE_FIELD_BYTE_OFFSET = 0,
	BPF_CORE_FIELD_BYTE_SIZE = 1,
	BPF_CORE_FIELD_EXISTS = 2,
	BPF_CORE_FIELD_SIGNED = 3,
	BPF_CORE_FIELD_LSHIFT_U64 = 4,
	BPF_CORE_FIELD_RSHIFT_U64 = 5,
	BPF_CORE_TYPE_ID_LOCAL = 6,
	BPF_CORE_TYPE_ID_TARGET = 7,
	BPF_CORE_TYPE_EXISTS = 8,
	BPF_CORE_TYPE_SIZE = 9,
	BPF_CORE_ENUMVAL_EXISTS = 10,
	BPF_CORE_ENUMVAL_VALUE = 11,
	BPF_CORE_TYPE_MATCHES = 12,
};

struct bpf_core_relo {
	uint32_t insn_off;
	uint32_t type_id;
	uint32_t access_str_off;
	uint32_t kind; /* enum bpf_core_relo_kind */
};

/* Key of an LPM trie: the number of bits that count, then the bytes, most significant first. */
struct bpf_lpm_trie_key_hdr {
	uint32_t prefixlen;
};

struct bpf_cgroup_storage_key {
	bu_abi64 cgroup_inode_id;
	uint32_t attach_type;
};

union bpf_iter_link_info {
	struct {
		uint32_t map_fd;
	} map;
	struct {
		uint32_t order; /* enum bpf_cgroup_iter_order */
		uint32_t cgroup_fd;
		bu_abi64 cgroup_id;
	} cgroup;
	struct {
		uint32_t tid;
		uint32_t pid;
		uint32_t pid_fd;
	} task;
};

/* ---------------------------------------------------------------- the attribute of bpf(2) */

/* Pointers are user addresses in 64 bits; use bu_ptr64(). */
union bpf_attr {
	/* BPF_MAP_CREATE */
	struct {
		uint32_t map_type;
		uint32_t key_size;   /* bytes */
		uint32_t value_size; /* bytes */
		uint32_t max_entries;
		uint32_t map_flags;
		uint32_t inner_map_fd;
		uint32_t numa_node; /* with BPF_F_NUMA_NODE */
		char map_name[BPF_OBJ_NAME_LEN];
		uint32_t map_ifindex;
		uint32_t btf_fd;
		uint32_t btf_key_type_id;
		uint32_t btf_value_type_id;
		uint32_t btf_vmlinux_value_type_id;
		bu_abi64 map_extra;
		int32_t value_type_btf_obj_fd;
		int32_t map_token_fd;
		bu_abi64 excl_prog_hash;
		uint32_t excl_prog_hash_size;
	};

	/* BPF_MAP_*_ELEM, BPF_MAP_GET_NEXT_KEY, BPF_MAP_FREEZE */
	struct {
		uint32_t map_fd;
		bu_abi64 key;
		union {
			bu_abi64 value;
			bu_abi64 next_key;
		};
		bu_abi64 flags;
	};

	/* BPF_MAP_*_BATCH */
	struct {
		bu_abi64 in_batch;
		bu_abi64 out_batch;
		bu_abi64 keys;
		bu_abi64 values;
		uint32_t count; /* in: room; out: done */
		uint32_t map_fd;
		bu_abi64 elem_flags;
		bu_abi64 flags;
	} batch;

	/* BPF_PROG_LOAD */
	struct {
		uint32_t prog_type;
		uint32_t insn_cnt;
		bu_abi64 insns;
		bu_abi64 license;
		uint32_t log_level;
		uint32_t log_size;
		bu_abi64 log_buf;
		uint32_t kern_version;
		uint32_t prog_flags;
		char prog_name[BPF_OBJ_NAME_LEN];
		uint32_t prog_ifindex;
		uint32_t expected_attach_type;
		uint32_t prog_btf_fd;
		uint32_t func_info_rec_size;
		bu_abi64 func_info;
		uint32_t func_info_cnt;
		uint32_t line_info_rec_size;
		bu_abi64 line_info;
		uint32_t line_info_cnt;
		uint32_t attach_btf_id;
		union {
			uint32_t attach_prog_fd;
			uint32_t attach_btf_obj_fd;
		};
		uint32_t core_relo_cnt;
		bu_abi64 fd_array;
		bu_abi64 core_relos;
		uint32_t core_relo_rec_size;
		uint32_t log_true_size; /* out */
		int32_t prog_token_fd;
		uint32_t fd_array_cnt;
		bu_abi64 signature;
		uint32_t signature_size;
		int32_t keyring_id;
	};

	/* BPF_OBJ_PIN, BPF_OBJ_GET */
	struct {
		bu_abi64 pathname;
		uint32_t bpf_fd;
		uint32_t file_flags;
		int32_t path_fd;
	};

	/* BPF_PROG_ATTACH, BPF_PROG_DETACH */
	struct {
		union {
			uint32_t target_fd;
			uint32_t target_ifindex;
		};
		uint32_t attach_bpf_fd;
		uint32_t attach_type;
		uint32_t attach_flags;
		uint32_t replace_bpf_fd;
		union {
			uint32_t relative_fd;
			uint32_t relative_id;
		};
		bu_abi64 expected_revision;
	};

	/* BPF_PROG_TEST_RUN */
	struct {
		uint32_t prog_fd;
		uint32_t retval;
		uint32_t data_size_in;
		uint32_t data_size_out;
		bu_abi64 data_in;
		bu_abi64 data_out;
		uint32_t repeat;
		uint32_t duration; /* ns, average of a run */
		uint32_t ctx_size_in;
		uint32_t ctx_size_out;
		bu_abi64 ctx_in;
		bu_abi64 ctx_out;
		uint32_t flags;
		uint32_t cpu;
		uint32_t batch_size;
	} test;

	/* BPF_*_GET_NEXT_ID, BPF_*_GET_FD_BY_ID */
	struct {
		union {
			uint32_t start_id;
			uint32_t prog_id;
			uint32_t map_id;
			uint32_t btf_id;
			uint32_t link_id;
		};
		uint32_t next_id;
		uint32_t open_flags;
		int32_t fd_by_id_token_fd;
	};

	/* BPF_OBJ_GET_INFO_BY_FD */
	struct {
		uint32_t bpf_fd;
		uint32_t info_len; /* in: room; out: filled */
		bu_abi64 info;
	} info;

	/* BPF_PROG_QUERY */
	struct {
		union {
			uint32_t target_fd;
			uint32_t target_ifindex;
		};
		uint32_t attach_type;
		uint32_t query_flags;
		uint32_t attach_flags;
		bu_abi64 prog_ids;
		union {
			uint32_t prog_cnt;
			uint32_t count;
		};
		bu_abi64 prog_attach_flags;
		bu_abi64 link_ids;
		bu_abi64 link_attach_flags;
		bu_abi64 revision;
	} query;

	/* BPF_RAW_TRACEPOINT_OPEN */
	struct {
		bu_abi64 name;
		uint32_t prog_fd;
		bu_abi64 cookie;
	} raw_tracepoint;

	/* BPF_BTF_LOAD */
	struct {
		bu_abi64 btf;
		bu_abi64 btf_log_buf;
		uint32_t btf_size;
		uint32_t btf_log_size;
		uint32_t btf_log_level;
		uint32_t btf_log_true_size; /* out */
		uint32_t btf_flags;
		int32_t btf_token_fd;
	};

	/* BPF_TASK_FD_QUERY */
	struct {
		uint32_t pid;
		uint32_t fd;
		uint32_t flags;
		uint32_t buf_len;
		bu_abi64 buf;
		uint32_t prog_id;
		uint32_t fd_type;
		bu_abi64 probe_offset;
		bu_abi64 probe_addr;
	} task_fd_query;

	/* BPF_LINK_CREATE */
	struct {
		union {
			uint32_t prog_fd;
			uint32_t map_fd;
		};
		union {
			uint32_t target_fd;
			uint32_t target_ifindex;
		};
		uint32_t attach_type;
		uint32_t flags;
		union {
			uint32_t target_btf_id;
			struct {
				bu_abi64 iter_info;
				uint32_t iter_info_len;
			};
			struct {
				bu_abi64 bpf_cookie;
			} perf_event;
			struct {
				uint32_t flags;
				uint32_t cnt;
				bu_abi64 syms;
				bu_abi64 addrs;
				bu_abi64 cookies;
			} kprobe_multi;
			struct {
				uint32_t target_btf_id;
				bu_abi64 cookie;
			} tracing;
			struct {
				uint32_t pf;
				uint32_t hooknum;
				int32_t priority;
				uint32_t flags;
			} netfilter;
			struct {
				union {
					uint32_t relative_fd;
					uint32_t relative_id;
				};
				bu_abi64 expected_revision;
			} tcx;
			struct {
				bu_abi64 path;
				bu_abi64 offsets;
				bu_abi64 ref_ctr_offsets;
				bu_abi64 cookies;
				uint32_t cnt;
				uint32_t flags;
				uint32_t pid;
			} uprobe_multi;
			struct {
				union {
					uint32_t relative_fd;
					uint32_t relative_id;
				};
				bu_abi64 expected_revision;
			} netkit;
			struct {
				union {
					uint32_t relative_fd;
					uint32_t relative_id;
				};
				bu_abi64 expected_revision;
			} cgroup;
		};
	} link_create;

	/* BPF_LINK_UPDATE */
	struct {
		uint32_t link_fd;
		union {
			uint32_t new_prog_fd;
			uint32_t new_map_fd;
		};
		uint32_t flags;
		union {
			uint32_t old_prog_fd;
			uint32_t old_map_fd;
		};
	} link_update;

	struct {
		uint32_t link_fd;
	} link_detach;

	struct {
		uint32_t type; /* enum bpf_stats_type */
	} enable_stats;

	struct {
		uint32_t link_fd;
		uint32_t flags;
	} iter_create;

	struct {
		uint32_t prog_fd;
		uint32_t map_fd;
		uint32_t flags;
	} prog_bind_map;

	struct {
		uint32_t flags;
		uint32_t bpffs_fd;
	} token_create;

	struct {
		bu_abi64 stream_buf;
		uint32_t stream_buf_len;
		uint32_t stream_id;
		uint32_t prog_fd;
	} prog_stream_read;
} __attribute__((aligned(8)));

static inline uint64_t bu_ptr64(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* ---------------------------------------------------------------- answers of OBJ_GET_INFO_BY_FD */

struct bpf_prog_info {
	uint32_t type;
	uint32_t id;
	uint8_t tag[BPF_TAG_SIZE];
	uint32_t jited_prog_len;  /* bytes; in: room */
	uint32_t xlated_prog_len;
	bu_abi64 jited_prog_insns;
	bu_abi64 xlated_prog_insns;
	bu_abi64 load_time; /* ns since boot */
	uint32_t created_by_uid;
	uint32_t nr_map_ids;
	bu_abi64 map_ids;
	char name[BPF_OBJ_NAME_LEN];
	uint32_t ifindex;
	uint32_t gpl_compatible : 1;
	uint32_t : 31;
	bu_abi64 netns_dev;
	bu_abi64 netns_ino;
	uint32_t nr_jited_ksyms;
	uint32_t nr_jited_func_lens;
	bu_abi64 jited_ksyms;
	bu_abi64 jited_func_lens;
	uint32_t btf_id;
	uint32_t func_info_rec_size;
	bu_abi64 func_info;
	uint32_t nr_func_info;
	uint32_t nr_line_info;
	bu_abi64 line_info;
	bu_abi64 jited_line_info;
	uint32_t nr_jited_line_info;
	uint32_t line_info_rec_size;
	uint32_t jited_line_info_rec_size;
	uint32_t nr_prog_tags;
	bu_abi64 prog_tags;
	bu_abi64 run_time_ns;
	bu_abi64 run_cnt;
	bu_abi64 recursion_misses;
	uint32_t verified_insns;
	uint32_t attach_btf_obj_id;
	uint32_t attach_btf_id;
} __attribute__((aligned(8)));

struct bpf_map_info {
	uint32_t type;
	uint32_t id;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t map_flags;
	char name[BPF_OBJ_NAME_LEN];
	uint32_t ifindex;
	uint32_t btf_vmlinux_value_type_id;
	bu_abi64 netns_dev;
	bu_abi64 netns_ino;
	uint32_t btf_id;
	uint32_t btf_key_type_id;
	uint32_t btf_value_type_id;
	uint32_t btf_vmlinux_id;
	bu_abi64 map_extra;
	bu_abi64 hash;
	uint32_t hash_size;
} __attribute__((aligned(8)));

struct bpf_btf_info {
	bu_abi64 btf;
	uint32_t btf_size;
	uint32_t id;
	bu_abi64 name;
	uint32_t name_len;
	uint32_t kernel_btf;
} __attribute__((aligned(8)));

struct bpf_link_info {
	uint32_t type;
	uint32_t id;
	uint32_t prog_id;
	union {
		struct {
			bu_abi64 tp_name;     /* in: buffer */
			uint32_t tp_name_len; /* in and out */
			uint32_t : 32;
			bu_abi64 cookie;
		} raw_tracepoint;
		struct {
			uint32_t attach_type;
			uint32_t target_obj_id; /* program id of freplace, else BTF object id */
			uint32_t target_btf_id;
			uint32_t : 32;
			bu_abi64 cookie;
		} tracing;
		struct {
			bu_abi64 cgroup_id;
			uint32_t attach_type;
		} cgroup;
		struct {
			bu_abi64 target_name;
			uint32_t target_name_len;
			union {
				struct {
					uint32_t map_id;
				} map;
			};
			union {
				struct {
					bu_abi64 cgroup_id;
					uint32_t order;
				} cgroup;
				struct {
					uint32_t tid;
					uint32_t pid;
				} task;
			};
		} iter;
		struct {
			uint32_t netns_ino;
			uint32_t attach_type;
		} netns;
		struct {
			uint32_t ifindex;
		} xdp;
		struct {
			uint32_t map_id;
		} struct_ops;
		struct {
			uint32_t pf;
			uint32_t hooknum;
			int32_t priority;
			uint32_t flags;
		} netfilter;
		struct {
			bu_abi64 addrs; /* in: buffer of count u64, or 0 */
			uint32_t count;
			uint32_t flags;
			bu_abi64 missed;
			bu_abi64 cookies;
		} kprobe_multi;
		struct {
			bu_abi64 path;
			bu_abi64 offsets;
			bu_abi64 ref_ctr_offsets;
			bu_abi64 cookies;
			uint32_t path_size;
			uint32_t count;
			uint32_t flags;
			uint32_t pid;
		} uprobe_multi;
		struct {
			uint32_t type; /* enum bpf_perf_event_type */
			uint32_t : 32;
			union {
				struct {
					bu_abi64 file_name; /* in: buffer */
					uint32_t name_len;
					uint32_t offset;
					bu_abi64 cookie;
					bu_abi64 ref_ctr_offset;
				} uprobe; /* and uretprobe */
				struct {
					bu_abi64 func_name; /* in: buffer */
					uint32_t name_len;
					uint32_t offset;
					bu_abi64 addr;
					bu_abi64 missed;
					bu_abi64 cookie;
				} kprobe; /* and kretprobe */
				struct {
					bu_abi64 tp_name; /* in: buffer */
					uint32_t name_len;
					uint32_t : 32;
					bu_abi64 cookie;
				} tracepoint;
				struct {
					bu_abi64 config;
					uint32_t type;
					uint32_t : 32;
					bu_abi64 cookie;
				} event;
			};
		} perf_event;
		struct {
			uint32_t ifindex;
			uint32_t attach_type;
		} tcx;
		struct {
			uint32_t ifindex;
			uint32_t attach_type;
		} netkit;
		struct {
			uint32_t map_id;
			uint32_t attach_type;
		} sockmap;
	};
} __attribute__((aligned(8)));

struct bpf_token_info {
	bu_abi64 allowed_cmds;
	bu_abi64 allowed_maps;
	bu_abi64 allowed_progs;
	bu_abi64 allowed_attachs;
} __attribute__((aligned(8)));

#endif
