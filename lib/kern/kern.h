/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kern: the kernel backend: the system calls, and nothing else. */
#ifndef BU_KERN_H
#define BU_KERN_H

#include "sys/sys.h"

/*
 * Opens the kernel backend; never fails but for memory (NULL): what the kernel refuses shows in
 * the calls. Release with s->ops->destroy(s).
 */
struct bu_sys *bu_kern_open(void);

#endif
