/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf-as/dis.h"
bool dis_btf(struct dis *d, uint32_t k) { (void)d; (void)k; return false; }
bool dis_btf_ext(struct dis *d, uint32_t k) { (void)d; (void)k; return false; }
