/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's type information, and its modules', as files of sysfs. */
#include "kern/private.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_BTF "/sys/kernel/btf"
#define MAX_BTF (64u << 20)

struct module { char *name; struct bu_buf data; bool read; };
struct bu_kern_modules { struct module *v; unsigned n; };

/* Newer kernels let their BTF be mapped, which costs nothing; else it is read, some 5 MB. */
int bu_kern_vmlinux_btf(struct bu_sys *s, const void **data, size_t *size)
{
	static const char path[] = DIR_BTF "/vmlinux";
	struct bu_kern *k = bu_kern(s);
	struct stat st;
	void *p;
	int fd, err;

	if (!k->btf_map && !k->btf.n) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		p = MAP_FAILED;
		if (!fstat(fd, &st) && st.st_size > 0)
			p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		close(fd);
		if (p != MAP_FAILED) {
			k->btf_map = p;
			s->btf_mapped = true;
			k->btf_size = (size_t)st.st_size;
		} else {
			err = bu_file_read(path, MAX_BTF, &k->btf);
			if (err)
				return err;
		}
	}
	*data = k->btf_map ? k->btf_map : k->btf.p;
	*size = k->btf_map ? k->btf_size : k->btf.n;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct module *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int list_modules(struct bu_kern *k)
{
	struct bu_kern_modules *m = calloc(1, sizeof(*m));
	struct dirent *e;
	size_t cap = 0;
	DIR *d;

	if (!m)
		return -ENOMEM;
	k->modules = m;
	d = opendir(DIR_BTF);
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.' || strcmp(e->d_name, "vmlinux") == 0)
			continue;
		if (m->n == cap) {
			struct module *v;

			cap = cap ? cap * 2 : 64;
			v = realloc(m->v, cap * sizeof(*v));
			if (!v)
				break;
			m->v = v;
		}
		m->v[m->n] = (struct module){ .name = strdup(e->d_name) };
		if (!m->v[m->n].name)
			break;
		m->n++;
	}
	if (d)
		closedir(d);
	if (m->n)
		qsort(m->v, m->n, sizeof(*m->v), by_name);
	return 0;
}

int bu_kern_module_btf(struct bu_sys *s, unsigned i, const char **name, const void **data, size_t *size)
{
	struct bu_kern *k = bu_kern(s);
	struct module *m;
	char path[300];
	int err = k->modules ? 0 : list_modules(k);

	if (err || i >= k->modules->n)
		return err ? err : -ENOENT;
	m = &k->modules->v[i];
	if (!m->read) {
		m->read = true;
		snprintf(path, sizeof(path), DIR_BTF "/%s", m->name);
		if (bu_file_read(path, MAX_BTF, &m->data))
			bu_buf_free(&m->data);
	}
	*name = m->name;
	*data = m->data.n ? m->data.p : NULL;
	*size = m->data.n;
	return 0;
}

void bu_kern_btf_close(struct bu_kern *k)
{
	if (k->btf_map)
		munmap(k->btf_map, k->btf_size);
	bu_buf_free(&k->btf);
	for (unsigned i = 0; k->modules && i < k->modules->n; i++) {
		free(k->modules->v[i].name);
		bu_buf_free(&k->modules->v[i].data);
	}
	if (k->modules)
		free(k->modules->v);
	free(k->modules);
}
