// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Section names that are none of libbpf's: what they mean by the habits of other loaders, and what they
 * make likely. Rules over section.def, so that a new row there is known here in all its spellings.
 */
#include "isa/isa.h"

#include <string.h>

#define NAME_LOOKED_AT 128 /* bytes; a name may be as long as its file */

static const struct {
	const char *word, *row;
	bool sure;
} words[] = {
#define BU_SECWORD(w, r, s) { w, r, s },
#include "isa/secword.def"
#undef BU_SECWORD
};

/* The lightest context first: what every kernel takes, then what fewer programs are. */
static const char *const common[] = {
	"socket", "tc", "xdp", "kprobe", "tracepoint", "cgroup/skb", "sockops", "cgroup/sock", "cgroup/connect4",
	"sk_skb", "sk_msg", "raw_tp", "perf_event", "lwt_xmit", "sk_lookup", "flow_dissector", "cgroup/dev",
	"cgroup/sysctl", "cgroup/getsockopt", "sk_reuseport", "netfilter", "syscall",
};

static const struct bu_secdef *row(const char *name)
{
	return bu_secdef_find(bu_str_c(name), NULL);
}

const struct bu_secdef *bu_secdef_common(unsigned i)
{
	return i < BU_ARRAY_SIZE(common) ? row(common[i]) : NULL;
}

/* Types whose programs need a target in the kernel's BTF: a name alone does not make one. */
static bool needs_more(uint32_t prog_type)
{
	return prog_type == BPF_PROG_TYPE_UNSPEC || prog_type == BPF_PROG_TYPE_TRACING ||
	       prog_type == BPF_PROG_TYPE_EXT || prog_type == BPF_PROG_TYPE_LSM ||
	       prog_type == BPF_PROG_TYPE_STRUCT_OPS;
}

static const struct bu_secdef *row_of_type(uint32_t type)
{
	for (unsigned i = 0; i < bu_nsecdefs && !needs_more(type); i++)
		if (bu_secdefs[i].prog_type == type)
			return &bu_secdefs[i];
	return NULL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '/' || c == ':' || c == '-' || c == '.' ? '_' : c;
}

/* Does s begin with name, and does name end there? "xdp" ends in "xdp_x" and "xdp1", not in "xdpx". */
static bool begins(struct bu_str s, const char *name)
{
	size_t n = strlen(name);

	if (!n || s.n < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (fold(s.p[i]) != fold(name[i]))
			return false;
	if (s.n == n || fold(s.p[n]) == '_')
		return true;
	return is_digit(s.p[n]) && !is_digit(s.p[n - 1]);
}

/* The row with the longest name that s begins with. words: those that are sure count too. */
static const struct bu_secdef *longest(struct bu_str s, bool all, size_t *len)
{
	const struct bu_secdef *best = NULL;

	*len = 0;
	for (unsigned i = 0; i < bu_nsecdefs; i++) {
		size_t n = strlen(bu_secdefs[i].prefix);

		if (n > *len && begins(s, bu_secdefs[i].prefix)) {
			best = &bu_secdefs[i];
			*len = n;
		}
	}
	for (unsigned i = 0; i < bu_nprog_types; i++) {
		size_t n = strlen(bu_prog_types[i].name);
		const struct bu_secdef *d;

		if (n > *len && begins(s, bu_prog_types[i].name) && (d = row_of_type(bu_prog_types[i].num))) {
			best = d;
			*len = n;
		}
	}
	for (unsigned i = 0; i < BU_ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i].word);

		if (n > *len && (all || words[i].sure) && begins(s, words[i].word)) {
			best = row(words[i].row);
			*len = n;
		}
	}
	return best;
}

/* bcc puts each function into a section of its own: ".bpf.fn.kprobe__do_exit". */
static struct bu_str strip(struct bu_str s)
{
	static const char bcc[] = ".bpf.fn.";

	if (s.n && s.p[0] == '?')
		s = bu_str(s.p + 1, s.n - 1);
	if (s.n > sizeof(bcc) - 1 && memcmp(s.p, bcc, sizeof(bcc) - 1) == 0)
		s = bu_str(s.p + sizeof(bcc) - 1, s.n - (sizeof(bcc) - 1));
	return s;
}

const struct bu_secdef *bu_secdef_like(struct bu_str section, struct bu_str *target)
{
	const struct bu_secdef *d;
	struct bu_str s = strip(section);
	size_t n;

	*target = bu_str(s.p + s.n, 0);
	d = longest(s, false, &n);
	if (!d)
		return NULL;
	/* A program of type syscall has no arguments in its name: this may be a probe of a system call. */
	if (d->prog_type == BPF_PROG_TYPE_SYSCALL && n < s.n)
		return NULL;
	if (d->match != '+')
		return d;
	while (n < s.n && is_digit(s.p[n]))
		n++;
	if (n < s.n && (s.p[n] == '/' || s.p[n] == ':'))
		n++;
	else if (n + 1 < s.n && s.p[n] == '_' && s.p[n + 1] == '_')
		n += 2;
	else
		return d;
	*target = bu_str(s.p + n, s.n - n);
	return d;
}

const struct bu_secdef *bu_secdef_named(struct bu_str name)
{
	const struct bu_secdef *d = bu_secdef_find(name, NULL);
	size_t n;

	if (d && strlen(d->prefix) == name.n)
		return d;
	d = longest(name, false, &n);
	return d && n == name.n ? d : NULL;
}

/* ---------------------------------------------------------------- guessing */

static unsigned add(const struct bu_secdef *d, const struct bu_secdef **out, unsigned n, unsigned max)
{
	if (!d || needs_more(d->prog_type) || n >= max)
		return n;
	for (unsigned i = 0; i < n; i++)
		if (out[i] == d)
			return n;
	out[n] = d;
	return n + 1;
}

unsigned bu_secdef_guess(struct bu_str name, const struct bu_secdef **out, unsigned n, unsigned max)
{
	struct bu_str s = strip(name);

	s.n = s.n < NAME_LOOKED_AT ? s.n : NAME_LOOKED_AT;
	/* At each place where a word begins: "do_tc_ingress" has "tc_ingress" and "ingress". */
	for (size_t i = 0; i < s.n; i++) {
		size_t len;

		if (i && fold(s.p[i - 1]) != '_')
			continue;
		n = add(longest(bu_str(s.p + i, s.n - i), true, &len), out, n, max);
	}
	return n;
}
