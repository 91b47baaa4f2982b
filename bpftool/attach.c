// SPDX-License-Identifier: GPL-2.0-or-later
/* prog attach, prog detach: the programs of socket maps, and the flow dissector of this network namespace. */
#include <string.h>

#include "tool.h"

static const struct place {
	const char *name, *old; /* old: what older bpftools call it */
	uint32_t type;
	bool map;
} places[] = {
	{ "sk_msg_verdict", "msg_verdict", BPF_SK_MSG_VERDICT, true },
	{ "sk_skb_verdict", "skb_verdict", BPF_SK_SKB_VERDICT, true },
	{ "sk_skb_stream_verdict", "stream_verdict", BPF_SK_SKB_STREAM_VERDICT, true },
	{ "sk_skb_stream_parser", "stream_parser", BPF_SK_SKB_STREAM_PARSER, true },
	{ "flow_dissector", NULL, BPF_FLOW_DISSECTOR, false },
};

static const struct place *find(const char *word)
{
	for (unsigned i = 0; i < BU_ARRAY_SIZE(places); i++)
		if (!strcmp(word, places[i].name) || (places[i].old && !strcmp(word, places[i].old)))
			return &places[i];
	for (unsigned i = 0; i < BU_ARRAY_SIZE(places); i++)
		if (*word && !strncmp(word, places[i].name, strlen(word)))
			return &places[i];
	return NULL;
}

static int no_place(struct bt *t, const char *word)
{
	static const char *const names[] = { "sk_msg_verdict", "sk_skb_verdict", "sk_skb_stream_verdict",
					     "sk_skb_stream_parser", "flow_dissector", NULL };

	for (unsigned i = 0; i < bu_nattach_types; i++) {
		if (strcmp(bu_attach_types[i].name, word) != 0)
			continue;
		bt_usage(t, NULL, NULL, "'%s' is not attached by 'prog attach'", bt_escz(t, word));
		bt_hint(t, "that is for sk_msg_verdict, sk_skb_verdict, sk_skb_stream_verdict, "
			"sk_skb_stream_parser, flow_dissector; 'cgroup attach', 'net attach' and bpf-ld have the others");
		return BU_EXIT_USAGE;
	}
	return bt_usage(t, word, names, "'%s' is no attach type", bt_escz(t, word));
}

static int change(struct bt *t, bool attach)
{
	const char *verb = attach ? "attach" : "detach", *word;
	struct bt_obj prog, map = { 0, -1 };
	const struct place *p;
	union bpf_attr a;
	int st = bt_handle(t, BU_PROG, 0, &prog), err;

	if (st)
		return st;
	word = bt_next(t);
	p = word ? find(word) : NULL;
	if (!word)
		st = bt_usage(t, NULL, NULL, "'%s' wants an attach type after the program", verb);
	else if (!p)
		st = no_place(t, word);
	else if (p->map)
		st = bt_handle(t, BU_MAP, 0, &map);
	if (!st)
		st = bt_end(t);
	if (st)
		goto out;
	memset(&a, 0, sizeof(a));
	a.target_fd = p->map ? (uint32_t)map.fd : 0;
	a.attach_bpf_fd = (uint32_t)prog.fd;
	a.attach_type = p->type;
	err = attach ? bu_sys_prog_attach(t->sys, &a) : bu_sys_prog_detach(t->sys, &a);
	if (err < 0)
		st = bt_refused(t, attach ? BPF_PROG_ATTACH : BPF_PROG_DETACH, err, "failed prog %s to %s", verb,
				p->map ? "map" : p->name);
	if (err == -ENOENT && !attach)
		bt_hint(t, "this program is not attached there");
out:
	bt_obj_close(t, &map);
	bt_obj_close(t, &prog);
	return st;
}

int bt_prog_attach(struct bt *t)
{
	return change(t, true);
}

int bt_prog_detach(struct bt *t)
{
	return change(t, false);
}
