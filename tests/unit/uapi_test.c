/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/sys/uapi.h against the system's header, and against known places beyond it. */
#include "sys/uapi.h"

#include "tap.h"
#include "uapi_row.h"

#define V(n) UAPI_V(n)
#define O(t, m) UAPI_O(t, m)
#define N(t, m, off, size)
static const struct uapi_row ours[] = {
#include "uapi_list.h"
};
#undef V
#undef O
#undef N

#define V(n)
#define O(t, m)
#define N(t, m, off, size) UAPI_O(t, m)
static const struct uapi_row young[] = {
#include "uapi_list.h"
};
#undef N
#define N(t, m, off, size) { #t "." #m, off, size },
static const struct uapi_row young_known[] = {
#include "uapi_list.h"
};

static unsigned differences(const struct uapi_row *a, const struct uapi_row *b, unsigned n)
{
	unsigned bad = 0;

	for (unsigned i = 0; i < n; i++) {
		if (a[i].val == b[i].val && a[i].size == b[i].size)
			continue;
		bad++;
		printf("# %s: ours %lld (%u bytes), theirs %lld (%u bytes)\n", a[i].name, a[i].val,
		       a[i].size, b[i].val, b[i].size);
	}
	return bad;
}

int main(void)
{
	unsigned n = sizeof(ours) / sizeof(ours[0]), m = sizeof(young) / sizeof(young[0]);

	if (!uapi_nlinux)
		skip(1, "linux/bpf.h is older than 6.1");
	else
		ok(uapi_nlinux == n && differences(ours, uapi_linux, n) == 0,
		   "%u values and places agree with linux/bpf.h", n);
	ok(differences(young, young_known, m) == 0,
	   "%u places that came after 6.1 are as in 6.18", m);
	ok(sizeof(union bpf_attr) == 168, "the attribute is as long as in 6.18");
	ok(sizeof(struct bpf_prog_info) == 232, "bpf_prog_info");
	ok(sizeof(struct bpf_map_info) == 104, "bpf_map_info");
	ok(sizeof(struct bpf_btf_info) == 32, "bpf_btf_info");
	ok(sizeof(struct bpf_link_info) == 64, "bpf_link_info");
	ok(sizeof(struct bpf_func_info) == 8 && sizeof(struct bpf_line_info) == 16 &&
		   sizeof(struct bpf_core_relo) == 16,
	   "records of func_info, line_info and CO-RE relocations");
	return done_testing();
}
