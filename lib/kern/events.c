/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where events are found: tracefs (tracepoints), the PMUs of sysfs (kprobe, uprobe), and the lists
 * of names for did-you-mean.
 */
#include "kern/private.h"

#include <dirent.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

/* A name that goes into a path must stay in its folder. */
static bool is_file_name(const char *s)
{
	return s[0] && s[0] != '.' && !strchr(s, '/');
}

static int try_tracefs(struct bu_kern *k, const char *dir)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/events", dir);
	if (access(path, R_OK | X_OK) == 0) {
		k->tracefs = dir;
		return 0;
	}
	return -errno;
}

int bu_kern_find_tracefs(struct bu_kern *k)
{
	static const char place[] = "/sys/kernel/tracing", old[] = "/sys/kernel/debug/tracing";
	int err;

	if (k->tracefs)
		return 0;
	err = try_tracefs(k, place);
	if (!err)
		return 0;
	if (err == -EACCES || try_tracefs(k, old) == 0)
		return k->tracefs ? 0 : err;
	if (mount("tracefs", place, "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return -ENODEV;
	k->sys.did = "mounted tracefs at /sys/kernel/tracing";
	return try_tracefs(k, place) ? -ENODEV : 0;
}

int bu_kern_tracepoint_id(struct bu_sys *s, const char *category, const char *name)
{
	struct bu_kern *k = bu_kern(s);
	char path[512];
	long id;
	int err = bu_kern_find_tracefs(k);

	if (err)
		return err;
	if (!is_file_name(category) || !is_file_name(name) ||
	    (size_t)snprintf(path, sizeof(path), "%s/events/%s/%s/id", k->tracefs, category,
			     name) >= sizeof(path))
		return -ENOENT;
	err = bu_kern_read_long(k, path, &id);
	if (err)
		return err == -ENOTDIR ? -ENOENT : err;
	return id >= 0 && id <= INT_MAX ? (int)id : -EINVAL;
}

int bu_kern_pmu_type(struct bu_sys *s, const char *pmu)
{
	char path[128];
	long type;
	int err;

	if (!is_file_name(pmu) ||
	    (size_t)snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", pmu) >=
		    sizeof(path))
		return -ENOENT;
	err = bu_kern_read_long(bu_kern(s), path, &type);
	return err ? err : type >= 0 && type <= INT_MAX ? (int)type : -EINVAL;
}

/* "config:0": bit 0 of attr.config. */
int bu_kern_pmu_format_bit(struct bu_sys *s, const char *pmu, const char *format)
{
	struct bu_kern *k = bu_kern(s);
	static const char prefix[] = "config:";
	const char *text;
	char path[192];
	long bit;
	int err;

	if (!is_file_name(pmu) || !is_file_name(format) ||
	    (size_t)snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/format/%s", pmu,
			     format) >= sizeof(path))
		return -ENOENT;
	err = bu_kern_read(k, path);
	if (err)
		return err;
	text = bu_buf_cstr(&k->scratch);
	if (strncmp(text, prefix, sizeof(prefix) - 1))
		return -EINVAL;
	bit = strtol(text + sizeof(prefix) - 1, NULL, 10);
	return bit >= 0 && bit < 31 ? 1 << bit : -EINVAL;
}

/* ---------------------------------------------------------------- names */

/* Calls fn for each subdirectory of dir. 0, 1 when fn stopped it, -errno. */
static int each_dir(const char *dir, bu_name_fn *fn, void *ctx)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int r = 0;

	if (!d)
		return -errno;
	while (!r && (e = readdir(d))) {
		if (e->d_type == DT_DIR && e->d_name[0] != '.')
			r = !fn(ctx, e->d_name);
	}
	closedir(d);
	return r;
}

struct all_categories {
	const char *tracefs;
	bu_name_fn *fn;
	void *ctx;
	bool stopped;
};

static bool one_category(void *ctx, const char *category)
{
	struct all_categories *a = ctx;
	char path[512];

	snprintf(path, sizeof(path), "%s/events/%s", a->tracefs, category);
	a->stopped = each_dir(path, a->fn, a->ctx) == 1;
	return !a->stopped;
}

static int each_tracepoint(struct bu_kern *k, const char *category, bu_name_fn *fn, void *ctx)
{
	char path[512];
	int err = bu_kern_find_tracefs(k);

	if (err)
		return err;
	if (!category) {
		struct all_categories a = { .tracefs = k->tracefs, .fn = fn, .ctx = ctx };

		snprintf(path, sizeof(path), "%s/events", k->tracefs);
		err = each_dir(path, one_category, &a);
	} else if (!is_file_name(category)) {
		err = -ENOENT;
	} else {
		snprintf(path, sizeof(path), "%s/events/%s", k->tracefs, category);
		err = each_dir(path, fn, ctx);
	}
	return err < 0 ? err : 0;
}

static int each_category(struct bu_kern *k, bu_name_fn *fn, void *ctx)
{
	char path[64];
	int err = bu_kern_find_tracefs(k);

	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/events", k->tracefs);
	err = each_dir(path, fn, ctx);
	return err < 0 ? err : 0;
}

/* /proc/kallsyms: "ffffffff81000000 T _text [module]", the code symbols. */
static int each_function(bu_name_fn *fn, void *ctx)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[1024];

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		char *type = strchr(line, ' ');

		if (!type || !type[1] || !strchr("tTwW", type[1]) || type[2] != ' ')
			continue;
		type[3 + strcspn(type + 3, "\t\n ")] = '\0';
		if (!fn(ctx, type + 3))
			break;
	}
	fclose(f);
	return 0;
}

static int each_device(bu_name_fn *fn, void *ctx)
{
	struct if_nameindex *list = if_nameindex();

	if (!list)
		return -errno;
	for (struct if_nameindex *i = list; i->if_index; i++) {
		if (!fn(ctx, i->if_name))
			break;
	}
	if_freenameindex(list);
	return 0;
}

int bu_kern_names(struct bu_sys *s, enum bu_names what, const char *within, bu_name_fn *fn,
		  void *ctx)
{
	switch (what) {
	case BU_NAMES_TRACEPOINT_CATEGORIES:
		return each_category(bu_kern(s), fn, ctx);
	case BU_NAMES_TRACEPOINTS:
		return each_tracepoint(bu_kern(s), within, fn, ctx);
	case BU_NAMES_FUNCTIONS:
		return each_function(fn, ctx);
	case BU_NAMES_DEVICES:
		return each_device(fn, ctx);
	case BU_NAMES_TRACEABLE:
		return bu_kern_each_traceable(bu_kern(s), fn, ctx);
	case BU_NAMES_CGROUPS:
		return bu_sys_each_cgroup(fn, ctx);
	case BU_NAMES_NETNS:
		return bu_sys_each_netns(fn, ctx);
	}
	return -EINVAL;
}
