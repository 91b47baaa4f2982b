/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* uapi: constants and layouts of the bpf(2) ABI, written from the ABI. */
#ifndef BU_UAPI_H
#define BU_UAPI_H
#include <stdint.h>
union bpf_attr;
#endif
