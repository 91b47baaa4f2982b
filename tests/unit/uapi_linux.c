/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The system's header, alone in its file: it and ours define the same names. */
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/version.h>

#include "uapi_row.h"

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)
#define V(n) UAPI_V(n)
#define O(t, m) UAPI_O(t, m)
#define N(t, m, off, size)
const struct uapi_row uapi_linux[] = {
#include "uapi_list.h"
};
const unsigned uapi_nlinux = sizeof(uapi_linux) / sizeof(uapi_linux[0]);
#else
const struct uapi_row uapi_linux[] = { { 0, 0, 0 } };
const unsigned uapi_nlinux;
#endif
