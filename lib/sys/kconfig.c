/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The running kernel's configuration as text, and its version: facts of the machine, whatever the backend. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "config.h"
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#include "sys/sys.h"

#define CONFIG_MAX (8u << 20)

#ifdef HAVE_ZLIB
/* zlib passes plain text through as it is. */
static int read_file(const char *path, struct bu_buf *out)
{
	gzFile f = gzopen(path, "re");
	int n = -1, err = errno ? -errno : -ENOENT;

	if (!f)
		return err;
	for (;;) {
		uint8_t *p = bu_buf_room(out, 65536);

		if (!p || out->n >= CONFIG_MAX)
			break;
		n = gzread(f, p, 65536);
		if (n <= 0)
			break;
		out->n += (size_t)n;
	}
	gzclose(f);
	return n == 0 ? 0 : out->failed ? -ENOMEM : out->n >= CONFIG_MAX ? -EFBIG : -EIO;
}
#else
static int read_file(const char *path, struct bu_buf *out)
{
	return bu_file_read(path, CONFIG_MAX, out);
}
#endif

int bu_sys_kconfig(const char *path, struct bu_buf *out)
{
	struct utsname u;
	char boot[sizeof(u.release) + 16];
	int err;

	if (path)
		return read_file(path, out);
#ifdef HAVE_ZLIB
	err = read_file("/proc/config.gz", out);
	if (!err)
		return 0;
#endif
	bu_buf_reset(out);
	if (uname(&u))
		return -errno;
	snprintf(boot, sizeof(boot), "/boot/config-%s", u.release);
	err = read_file(boot, out);
	if (err)
		bu_buf_reset(out);
	return err;
}

/* "6.1.90" as LINUX_VERSION_CODE has it. */
static bool version_code(const char *text, uint32_t *code)
{
	unsigned a, b, c = 0;

	if (!text || sscanf(text, "%u.%u.%u", &a, &b, &c) < 2 || a > 0xffff)
		return false;
	*code = a << 16 | (b > 255 ? 255 : b) << 8 | (c > 255 ? 255 : c);
	return true;
}

uint32_t bu_sys_kernel_version(void)
{
	struct bu_buf sig = { 0 };
	struct utsname u;
	uint32_t code = 0;
	const char *p;

	/* Ubuntu's release does not tell the stable version, its signature does; nor does Debian's. */
	if (bu_file_read("/proc/version_signature", 4096, &sig) == 0) {
		p = strrchr(bu_buf_cstr(&sig), ' ');
		if (p && version_code(p + 1, &code)) {
			bu_buf_free(&sig);
			return code;
		}
	}
	bu_buf_free(&sig);
	if (uname(&u))
		return 0;
	p = strstr(u.version, "Debian ");
	if (p && version_code(p + 7, &code))
		return code;
	version_code(u.release, &code);
	return code;
}
