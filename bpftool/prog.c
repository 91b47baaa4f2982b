// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs: listing. */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tool.h"

/* Seconds since 1970 of a time given in ns since boot. */
static time_t wall_clock(uint64_t since_boot)
{
	struct timespec real, boot;
	int64_t ns;

	if (clock_gettime(CLOCK_REALTIME, &real) || clock_gettime(CLOCK_BOOTTIME, &boot))
		return 0;
	ns = (int64_t)(real.tv_sec - boot.tv_sec) * 1000000000 + (real.tv_nsec - boot.tv_nsec) +
	     (int64_t)since_boot;
	return (time_t)(ns / 1000000000);
}

static void put_load_time(struct bt *t, const struct bpf_prog_info *pi)
{
	time_t at = wall_clock(pi->load_time);
	char text[64] = "?";
	struct tm tm;

	if (localtime_r(&at, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &tm);
	bu_out_int(&t->out, "loaded_at", at, "\tloaded_at %s", text);
	bu_out_uint(&t->out, "uid", pi->created_by_uid, "  uid %u\n", pi->created_by_uid);
}

/* Ids of the maps that program id uses; *n of them. NULL: none, or they went away. */
static uint32_t *map_ids(struct bt *t, uint32_t id, int fd, uint32_t *n)
{
	struct bpf_prog_info pi = { 0 };
	uint32_t size = sizeof(pi), room = *n;
	uint32_t *ids;

	if (!room)
		return NULL;
	if (room <= BU_ARRAY_SIZE(t->map_ids) && t->map_ids_of == id)
		return t->map_ids;
	ids = bu_arena_array(&t->arena, room, sizeof(*ids));
	if (!ids)
		return NULL;
	pi.nr_map_ids = room;
	pi.map_ids = bu_ptr64(ids);
	if (bu_sys_info(t->sys, fd, &pi, &size))
		return NULL;
	*n = pi.nr_map_ids < room ? pi.nr_map_ids : room;
	return *n ? ids : NULL;
}

static void put_maps(struct bt *t, const uint32_t *ids, uint32_t n)
{
	uint32_t i;

	bu_out_arr(&t->out, "map_ids");
	for (i = 0; i < n; i++)
		bu_out_uint(&t->out, NULL, ids[i], "%s%u", i ? "," : "  map_ids ", ids[i]);
	bu_out_arr_end(&t->out);
}

static void put_tag(struct bt *t, const uint8_t *tag)
{
	char text[2 * BPF_TAG_SIZE + 1];
	int i;

	for (i = 0; i < BPF_TAG_SIZE; i++)
		sprintf(text + 2 * i, "%02x", tag[i]);
	bu_out_str(&t->out, "tag", text, SIZE_MAX, "tag %s", text);
}

void bt_put_prog_header(struct bt *t, const struct bpf_prog_info *pi, const char *name)
{
	struct bu_out *o = &t->out;

	bu_out_uint(o, "id", pi->id, "%u: ", pi->id);
	bt_put_kind(t, "type", bu_prog_types, bu_nprog_types, pi->type, "%s  ", "type %u  ");
	if (*name)
		bu_out_str(o, "name", name, SIZE_MAX, "name %s  ", bt_escz(t, name));
	put_tag(t, pi->tag);
	bu_out_bool(o, "gpl_compatible", pi->gpl_compatible, "%s", pi->gpl_compatible ? "  gpl" : "");
	if (pi->run_time_ns) {
		bu_out_uint(o, "run_time_ns", pi->run_time_ns, " run_time_ns %llu",
			    (unsigned long long)pi->run_time_ns);
		bu_out_uint(o, "run_cnt", pi->run_cnt, " run_cnt %llu",
			    (unsigned long long)pi->run_cnt);
	}
	if (pi->recursion_misses)
		bu_out_uint(o, "recursion_misses", pi->recursion_misses, " recursion_misses %llu",
			    (unsigned long long)pi->recursion_misses);
}

void bt_put_dev(struct bt *t, uint32_t ifindex, uint64_t ns_dev, uint64_t ns_ino)
{
	struct bu_out *o = &t->out;
	char name[IF_NAMESIZE];
	struct stat st;
	bool here;

	if (!ifindex)
		return;
	/* the number means something only in its namespace */
	here = !stat("/proc/self/ns/net", &st) && st.st_dev == ns_dev && st.st_ino == ns_ino &&
	       if_indextoname(ifindex, name);
	bu_out_obj(o, "dev");
	bu_out_uint(o, "ifindex", ifindex, NULL);
	bu_out_uint(o, "ns_dev", ns_dev, NULL);
	bu_out_uint(o, "ns_inode", ns_ino, NULL);
	if (here)
		bu_out_str(o, "ifname", name, SIZE_MAX, "  offloaded_to %s", bt_escz(t, name));
	else
		bu_out_text(o, "  offloaded_to ifindex %u ns_dev %llu ns_ino %llu", ifindex,
			    (unsigned long long)ns_dev, (unsigned long long)ns_ino);
	bu_out_obj_end(o);
}

/*
 * Sizes. To a caller without CAP_BPF the kernel gives 0 for what it hides, and a program of no
 * instructions does not exist, so 0 is never the truth.
 */
static void put_sizes(struct bt *t, const struct bpf_prog_info *pi)
{
	struct bu_out *o = &t->out;

	if (!pi->xlated_prog_len) {
		bu_out_null(o, "bytes_xlated");
		bu_out_null(o, "jited");
		bu_out_text(o, "\txlated hidden  jited hidden");
		return;
	}
	bu_out_uint(o, "bytes_xlated", pi->xlated_prog_len, "\txlated %uB", pi->xlated_prog_len);
	bu_out_bool(o, "jited", pi->jited_prog_len, "%s", pi->jited_prog_len ? "" : "  not jited");
	if (pi->jited_prog_len)
		bu_out_uint(o, "bytes_jited", pi->jited_prog_len, "  jited %uB", pi->jited_prog_len);
}

/* orphaned: the device that it was loaded for is gone. */
static void put_prog(struct bt *t, const char *key, const struct bpf_prog_info *pi, const char *name,
		     int fd, bool orphaned)
{
	struct bu_out *o = &t->out;
	uint32_t nids = pi->nr_map_ids, *ids = map_ids(t, pi->id, fd, &nids);
	long long memlock;
	bool frozen;

	bt_accounted(t, BU_PROG, pi->id, fd, &memlock, &frozen);
	bu_out_obj(o, key);
	bt_put_prog_header(t, pi, name);
	bt_put_dev(t, pi->ifindex, pi->netns_dev, pi->netns_ino);
	bu_out_text(o, "\n");
	if (pi->load_time)
		put_load_time(t, pi);
	bu_out_bool(o, "orphaned", orphaned, NULL);
	put_sizes(t, pi);
	if (memlock >= 0)
		bu_out_uint(o, "bytes_memlock", (uint64_t)memlock, "  memlock %lldB", memlock);
	bu_out_text(o, "%s", orphaned ? "  orphaned" : "");
	if (ids)
		put_maps(t, ids, nids);
	/* upstream's order: in JSON the BTF stands before the pins, as text behind them */
	if (pi->btf_id)
		bu_out_uint(o, "btf_id", pi->btf_id, NULL);
	bt_put_pins(t, BU_PROG, pi->id);
	if (pi->btf_id)
		bu_out_text(o, "\n\tbtf_id %u", pi->btf_id);
	if (pi->verified_insns)
		bu_out_uint(o, "verified_insns", pi->verified_insns, NULL);
	bt_put_pids(t, BU_PROG, pi->id);
	bu_out_text(o, "\n");
	if (ids)
		bt_put_metadata(t, ids, nids);
	bu_out_obj_end(o);
}

static int show_one(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct bpf_prog_info pi;
	const char *name = "";
	int err = fd < 0 ? fd : bt_prog_info(t, fd, &pi, &name);
	bool orphaned = fd >= 0 && err == -ENODEV;

	if (err && !orphaned)
		return bt_error_row(t, ctx, BU_PROG, id, err);
	pi.id = id;
	put_prog(t, ctx, &pi, name, fd, orphaned);
	return 0;
}

int bt_prog_show(struct bt *t)
{
	struct bt_objs all = { 0 };
	int st = 0, one;
	size_t i;

	if (!bt_peek(t))
		return bt_list(t, BU_PROG, 0, show_one);
	st = bt_handles(t, BU_PROG, 0, &all);
	if (!st)
		st = bt_end(t);
	if (st)
		goto out;
	bt_begin(t);
	if (all.n > 1)
		bu_out_arr(&t->out, t->key);
	for (i = 0; i < all.n; i++) {
		one = show_one(t, all.n > 1 ? NULL : (void *)t->key, all.v[i].id, all.v[i].fd);
		st = st ? st : one;
	}
	if (all.n > 1)
		bu_out_arr_end(&t->out);
out:
	bt_objs_close(t, &all);
	return st;
}

int bt_prog_pin(struct bt *t)
{
	return bt_pin(t, BU_PROG);
}
