/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All objects and what refers to what: what "tree" and "mem" print. */
#ifndef BT_GRAPH_H
#define BT_GRAPH_H

#include "hooks.h"

/* Why an object keeps another alive. */
enum bt_why {
	BT_USES,              /* program: map */
	BT_RUNS,              /* link: program */
	BT_BACKS,             /* link: map of struct_ops, sockets, an iterator's */
	BT_ELEM,              /* map: inner map, program of an element */
	BT_TARGET,            /* link: the program whose function it traces or replaces */
};
struct bt_edge {
	uint32_t node;        /* in bt_graph.v */
	uint8_t why;
	uint32_t index;       /* BT_ELEM: the element; several of one node are one edge with the first */
	uint32_t times;
};
struct bt_edges {
	struct bt_edge *v;
	size_t n, cap;
};
struct bt_node {
	enum bu_objkind kind;
	uint32_t id, type;
	int err;              /* -errno: it cannot be read */
	const char *name;     /* "" */
	union {
		struct bpf_prog_info prog;
		struct bpf_map_info map;
		struct bt_link *link;
	};
	bool mem_known, cut;  /* cut: it has more elements than were looked at */
	uint64_t mem;         /* what the backend accounts */
	struct bt_edges out, in;
	uint32_t attached;    /* places where a program hangs, directly */
	bool shown, wanted;
	uint32_t mark;        /* of struct_ops, after reading: its state */
};
struct bt_graph {
	struct bt *t;
	struct bt_node *v;    /* programs, maps, links, each by id */
	size_t n, cap;
	size_t first[3], past[3]; /* by kind */
};
/* Reads all of it; what vanishes is left out, what cannot be read has err. Status, said why. */
int bt_graph_read(struct bt *t, struct bt_graph *g);
struct bt_node *bt_graph_find(const struct bt_graph *g, enum bu_objkind k, uint32_t id);

/* One program at one place. */
struct bt_attach {
	unsigned rank;        /* of the hook among the kinds of hooks */
	const char *hook;     /* "dev", "cgroup", "tracepoint", … */
	const char *place;    /* "eth0(2)", "/sys/fs/cgroup/x", "task_rename"; "" */
	const char *how;      /* "xdp generic", "cgroup_inet_ingress multi"; "" */
	const char *netns;    /* of a device in another namespace: its name or a process in it; NULL: here */
	int ifindex;
	uint32_t order;       /* among those of one place and how */
	uint32_t prog_id, link_id, map_id; /* 0: none */
	bool self;            /* the place itself keeps the program, no link does */
	const char *note;     /* more about it, or NULL */
};
struct bt_attaches {
	struct bt_attach *v;
	size_t n, cap;
	const char *missed[8]; /* what could not be looked at, and why */
	size_t nmissed;
};
/* Every place where a program hangs, once, in the order that is printed. Status, said why. */
int bt_attached(struct bt_graph *g, struct bt_attaches *all);

#endif
