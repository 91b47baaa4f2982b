/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bloom filters, as bpf(2) has them: of the VM, and of the kernel where there is one, by the same expectations. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kern/kern.h"
#include "vm/vm.h"

#include "tap.h"

#define VALUES 1000u

static struct bu_sys *s;

static int create(uint32_t key, uint32_t value, uint32_t n, uint64_t extra)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_BLOOM_FILTER;
	a.key_size = key;
	a.value_size = value;
	a.max_entries = n;
	a.map_extra = extra;
	return bu_sys_map_create(s, &a);
}

static void all(const char *who)
{
	unsigned lost = 0, wrong = 0;
	uint64_t v, key = 0;
	int fd;

	ok(create(4, 8, 10, 0) == -EINVAL && create(0, 0, 10, 0) == -EINVAL && create(0, 8, 0, 0) == -EINVAL &&
	   create(0, 8, 10, 16) == -EINVAL, "%s: attributes that none may have", who);
	fd = create(0, 8, VALUES, 3);
	ok(fd >= 0, "%s: a filter is made", who);
	v = 5;
	ok(bu_sys_map_lookup(s, fd, NULL, &v, 0) == -ENOENT, "%s: nothing is in it", who);
	for (v = 0; v < VALUES; v++)
		if (bu_sys_map_update(s, fd, NULL, &v, 0))
			lost++;
	ok(!lost, "%s: values are pushed", who);
	for (uint64_t i = 0; i < VALUES; i++) {
		v = i;
		lost += bu_sys_map_lookup(s, fd, NULL, &v, 0) != 0;
		v = i + (1u << 20);
		wrong += bu_sys_map_lookup(s, fd, NULL, &v, 0) == 0;
	}
	ok(!lost, "%s: each is found", who);
	ok(wrong < VALUES / 4, "%s: few others are: %u of %u", who, wrong, VALUES);
	ok(bu_sys_map_update(s, fd, NULL, &v, BPF_NOEXIST) == -EINVAL, "%s: flags are refused", who);
	ok(bu_sys_map_update(s, fd, &key, &v, 0) == -EINVAL, "%s: a key is refused", who);
	ok(bu_sys_map_delete(s, fd, NULL) == -EOPNOTSUPP, "%s: nothing is deleted", who);
	ok(bu_sys_map_next_key(s, fd, NULL, &key) == -EOPNOTSUPP, "%s: there are no keys", who);
	s->ops->close(s, fd);
}

int main(void)
{
	char world[] = "/dev/shm/bpfutils-test-XXXXXX", rm[64];
	int fd;

	if (!mkdtemp(world) || bu_vm_open(&s, &(struct bu_vm_options){ .world = world }, NULL)) {
		printf("1..0 # SKIP needs a tmpfs at /dev/shm\n");
		return 0;
	}
	all("VM");
	s->ops->destroy(s);
	s = bu_kern_open();
	fd = s ? create(0, 8, 10, 0) : -ENOSYS;
	if (fd >= 0) {
		s->ops->close(s, fd);
		all("kernel");
	}
	if (s)
		s->ops->destroy(s);
	snprintf(rm, sizeof(rm), "rm -rf %s", world);
	ok(!system(rm), "the world goes");
	return done_testing();
}
