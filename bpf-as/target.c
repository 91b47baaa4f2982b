/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an instruction set version (-mcpu) or a release of Linux (--target) has. */
#include "bpf-as/as.h"

#include <stdlib.h>

/*
 * The first release that has the helpers up to an id. Helpers are appended, so ids grow with the
 * releases. From the UAPI header of each release.
 */
static const struct { int32_t last; uint16_t since; } helper_since[] = {
	{ 3, 0x0313 }, { 11, 0x0401 }, { 16, 0x0402 }, { 22, 0x0403 }, { 25, 0x0404 }, { 26, 0x0405 },
	{ 30, 0x0406 }, { 36, 0x0408 }, { 41, 0x0409 }, { 44, 0x040a }, { 45, 0x040b }, { 47, 0x040c },
	{ 50, 0x040d }, { 53, 0x040e }, { 57, 0x040f }, { 59, 0x0410 }, { 64, 0x0411 }, { 80, 0x0412 },
	{ 83, 0x0413 }, { 90, 0x0414 }, { 92, 0x0500 }, { 98, 0x0501 }, { 108, 0x0502 }, { 109, 0x0503 },
	{ 110, 0x0504 }, { 115, 0x0505 }, { 118, 0x0506 }, { 124, 0x0507 }, { 135, 0x0508 },
	{ 141, 0x0509 }, { 155, 0x050a }, { 162, 0x050b }, { 163, 0x050c }, { 165, 0x050d },
	{ 168, 0x050e }, { 175, 0x050f }, { 179, 0x0510 }, { 185, 0x0511 }, { 193, 0x0512 },
	{ 203, 0x0513 }, { 207, 0x0600 }, { 209, 0x0601 }, { 211, 0x0602 },
};

static uint16_t helper(int64_t id)
{
	for (size_t i = 0; i < BU_ARRAY_SIZE(helper_since); i++)
		if (id <= helper_since[i].last)
			return helper_since[i].since;
	return 0;
}

bool as_has_gotol(const struct as *as)
{
	return (!as->cpu || as->cpu >= 4) && (!as->kernel || as->kernel >= 0x0606);
}

unsigned as_cpu_by_name(const char *name)
{
	return name[0] == 'v' && name[1] >= '1' && name[1] <= '4' && !name[2] ? (unsigned)(name[1] - '0') : 0;
}

uint16_t as_kernel_by_name(const char *name)
{
	unsigned long major, minor;
	char *end;

	if (!strncmp(name, "linux-", 6))
		name += 6;
	if (!IS(*name, CL_DIGIT))
		return 0;
	major = strtoul(name, &end, 10);
	if (*end != '.' || !IS(end[1], CL_DIGIT))
		return 0;
	minor = strtoul(end + 1, &end, 10);
	if (*end || major < 3 || major > 255 || minor > 255)
		return 0;
	return (uint16_t)(major << 8 | minor);
}

static void too_new(struct as *as, uint16_t since, const char *what, const char *p, size_t len)
{
	struct bu_diag *d;

	if (since && since <= as->kernel)
		return;
	d = as_error(as, "A0210", p, len, "linux-%u.%u does not have this %s", as->kernel >> 8,
		     as->kernel & 255, what);
	if (since)
		bu_diag_note(as->ds, d, "it is there from Linux %u.%u", since >> 8, since & 255);
	else
		bu_diag_note(as->ds, d, "no release is known that has it");
}

void as_check_kind(struct as *as, const struct bu_kind *k, const char *what, const char *p, size_t len)
{
	if (as->kernel && k && k->num)
		too_new(as, k->since, what, p, len);
}

void as_check_target(struct as *as, const struct bu_match *m, const char *p, size_t len)
{
	const struct bu_isa *row = m->row;
	/* What is newer than v4 has no version of its own: compilers use it from v4 on. */
	unsigned isa = row->isa > 4 ? 4 : row->isa;
	struct bu_diag *d;

	if (as->cpu && isa > as->cpu) {
		d = as_error(as, "A0209", p, len, "instruction set v%u does not have this instruction",
			     as->cpu);
		bu_diag_note(as->ds, d, "it is there from v%u", isa);
	}
	if (!as->kernel)
		return;
	too_new(as, row->since, "instruction", p, len);
	if (row->sem == BU_SEM_CALL && m->imm.present && !m->imm.symbolic && row->since <= as->kernel)
		too_new(as, helper(m->imm.val), "helper function", m->imm.text.p, m->imm.text.n);
}
