/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values by their types: addresses, parts; and over made-up types with random bytes: what is printed is
 * parsed to the same bytes, whichever way it is printed.
 */
#include "btf/btf.h"
#include "tap.h"

#include <math.h>

static struct bu_btfgen g;
static struct bu_buf blob;
static struct bu_btf btf;
static struct bu_diags ds;

static void begin(bool be)
{
	bu_btfgen_init(&g, be);
	memset(&blob, 0, sizeof(blob));
	bu_diags_init(&ds);
}

static int finish(void)
{
	int err = bu_btfgen_finish(&g, &blob);

	return err ? err : bu_btf_parse(&btf, blob.p, blob.n, NULL, "test", &ds);
}

static void end(void)
{
	bu_btf_free(&btf);
	bu_btfgen_free(&g);
	bu_buf_free(&blob);
	bu_diags_free(&ds);
}

static void json(struct bu_buf *out, uint32_t id, const void *data, size_t n)
{
	struct bu_out o;

	bu_out_init(&o, NULL, NULL);
	o.json = true;
	bu_btf_print_value(&o, NULL, &btf, id, data, n);
	*out = o.buf;
}

static const char *json_of(uint32_t id, const void *data, size_t n)
{
	static char text[1024];
	struct bu_buf b = { 0 };

	json(&b, id, data, n);
	snprintf(text, sizeof(text), "%s", bu_buf_cstr(&b));
	bu_buf_free(&b);
	return text;
}

static const char *message(void)
{
	return ds.first ? ds.first->text : "";
}

static int part(uint32_t id, const char *text, void *out, size_t n)
{
	bu_diags_free(&ds);
	bu_diags_init(&ds);
	return bu_btf_parse_part(&btf, id, bu_str_c(text), out, n, &ds);
}

/* ---------------------------------------------------------------- addresses and parts */

static uint32_t conn, rules;

static void put_tag(const char *tag, uint32_t of, int32_t member)
{
	uint8_t *p;
	uint32_t name = bu_btfgen_str(&g, tag);

	/* the builder has no such kind: the type is written as it stands in the blob */
	p = bu_buf_room(&g.types, 16);
	bu_put32(p, g.be, name);
	bu_put32(p + 4, g.be, 17u << 24);
	bu_put32(p + 8, g.be, of);
	bu_put32(p + 12, g.be, (uint32_t)member);
	g.types.n += 16;
	g.ntypes++;
}

static void make_conn(bool be)
{
	uint32_t u8, u16, u32, u64, be16, be32, mac, ip6, in6, ch, comm, list, pair, sec, var;

	begin(be);
	u8 = bu_btfgen_int(&g, "__u8", 1, 0);
	u16 = bu_btfgen_int(&g, "__u16", 2, 0);
	u32 = bu_btfgen_int(&g, "__u32", 4, 0);
	u64 = bu_btfgen_int(&g, "__u64", 8, 0);
	be16 = bu_btfgen_mod(&g, BU_BTF_TYPEDEF, "__be16", u16);
	be32 = bu_btfgen_mod(&g, BU_BTF_TYPEDEF, "__be32", u32);
	mac = bu_btfgen_array(&g, u8, 6);
	ip6 = bu_btfgen_array(&g, be32, 4);
	ch = bu_btfgen_int(&g, "char", 1, 1);
	comm = bu_btfgen_array(&g, ch, 8);
	pair = bu_btfgen_array(&g, u8, 16);
	in6 = bu_btfgen_struct(&g, BU_BTF_STRUCT, "in6_addr", 16);
	bu_btfgen_member(&g, "bytes", pair, 0);
	list = bu_btfgen_array(&g, be32, 2);
	conn = bu_btfgen_struct(&g, BU_BTF_STRUCT, "conn", 88);
	bu_btfgen_member(&g, "saddr", be32, 0);
	bu_btfgen_member(&g, "sport", be16, 32);
	bu_btfgen_member(&g, "plain", u16, 48);
	bu_btfgen_member(&g, "h_dest", mac, 64);
	bu_btfgen_member(&g, "pad", u16, 112);
	bu_btfgen_member(&g, "remote_ip6", ip6, 128);
	bu_btfgen_member(&g, "in6", in6, 256);
	bu_btfgen_member(&g, "seq", be32, 384);
	bu_btfgen_member(&g, "tagged", u32, 416);
	bu_btfgen_member(&g, "comm", comm, 448);
	bu_btfgen_member(&g, "big", u64, 512);
	bu_btfgen_member(&g, "addrs", list, 576);
	bu_btfgen_member(&g, "u", u32, 640);
	bu_btfgen_member(&g, "flag", u8, 672);
	put_tag("ip", conn, 8);
	rules = bu_btfgen_array(&g, conn, 3);
	var = bu_btfgen_var(&g, "limit", u32, 1);
	sec = bu_btfgen_datasec(&g, ".data", 4);
	bu_btfgen_secvar(&g, var, 0, 4);
	(void)sec;
	ok(finish() == 0, "types with addresses");
}

#define CONN_PLAIN 88

static void test_addresses(bool be)
{
	uint8_t v[CONN_PLAIN] = { 0 }, back[CONN_PLAIN];
	static const char human[] =
		"{\"saddr\":\"10.0.0.1\",\"sport\":\"be:443\",\"plain\":7,\"h_dest\":\"02:00:5e:00:00:ff\",\"pad\":0,"
		"\"remote_ip6\":\"fe80::1\",\"in6\":\"::1\",\"seq\":\"be:5\",\"tagged\":\"192.168.1.255\","
		"\"comm\":\"eth0\",\"big\":\"9007199254740993\",\"addrs\":[\"1.2.3.4\",\"0.0.0.0\"],\"u\":9,\"flag\":1}";
	static const struct { const char *text; int err; } bad[] = {
		{ "{saddr: 10.0.0.256}", -EINVAL }, { "{sport: be:65536}", -ERANGE }, { "{h_dest: 02:00:5e:00:00}", -EINVAL },
		{ "{in6: fe80:::1}", -EINVAL }, { "{plain: 10.0.0.1}", -EINVAL }, { "{flag: 300}", -ERANGE },
		{ "{saddr: \"10.0.0.1}", -EINVAL }, { "{flg: 1}", -EINVAL },
	};
	const char *order = be ? "big endian" : "little endian";

	make_conn(be);
	ok(bu_btf_parse_value(&btf, conn, bu_str_c("{saddr: 10.0.0.1, sport: be:443, plain: 7, h_dest: 02:00:5e:00:00:ff,"
		"remote_ip6: fe80::1, in6: \"::1\", seq: be:5, tagged: '192.168.1.255', comm: \"eth0\", big: 9007199254740993,"
		"addrs: [1.2.3.4], u: 9, flag: 1}"), v, sizeof(v), &ds) == 0, "%s: addresses are read: %s", order, message());
	ok(!memcmp(v, "\x0a\0\0\1\x01\xbb", 6), "%s: in network order", order);
	btf.values = BU_BTF_HUMAN | BU_BTF_EXACT;
	is_str(json_of(conn, v, sizeof(v)), human, "%s: and printed", order);
	ok(bu_btf_parse_value(&btf, conn, bu_str_c(human), back, sizeof(back), &ds) == 0 && !memcmp(v, back, sizeof(v)),
	   "%s: and read again", order);
	btf.values = 0;
	ok(!strstr(json_of(conn, v, sizeof(v)), "10.0.0.1"), "%s: if that is asked for", order);
	ok(strstr(json_of(conn, v, sizeof(v)), "\"big\":9007199254740993,") != NULL, "%s: large numbers too", order);
	for (size_t i = 0; i < BU_ARRAY_SIZE(bad); i++) {
		bu_diags_free(&ds);
		bu_diags_init(&ds);
		ok(bu_btf_parse_value(&btf, conn, bu_str_c(bad[i].text), back, sizeof(back), &ds) == bad[i].err &&
		   *message(), "%s: %s: %s", order, bad[i].text, message());
	}
	is_str(message(), "conn has no member 'flg'", "%s: a wrong name", order);
	ok(ds.first->nremarks && !strcmp(ds.first->remark[0].text, "did you mean 'flag'?"), "%s: and the right one", order);
	end();
}

static void test_parts(void)
{
	uint8_t v[3 * CONN_PLAIN], one[CONN_PLAIN] = { 0 }, data[4] = { 0 };
	static const struct { const char *text; int err; const char *say; } bad[] = {
		{ "flag=300", -ERANGE, "flag: 300 does not fit __u8 (8 bits: 0 to 255)" },
		{ "flag=-1", -ERANGE, "flag: -1 does not fit __u8 (8 bits: 0 to 255)" },
		{ "addrs[2]=1", -ERANGE, "addrs: the array has 2 elements only" },
		{ "addrs[x]=1", -EINVAL, "addrs: an index is given as [number]" },
		{ "flag.a=1", -EINVAL, "flag: __u8 has no members" }, { "flag", -EINVAL, "flag: '=' is missing here" },
		{ "flag[0]=1", -EINVAL, "flag: __u8 has no elements" }, { "=1", -EINVAL, "a name is missing here" },
		{ "comm=ninechars", -ERANGE, "comm: this string of 9 bytes does not fit 8" },
		{ "u=", -EINVAL, "u: no value for __u32" }, { "u=1 2", -EINVAL, "u: nothing may follow the value" },
		{ "addrs[99999999999999999999]=1", -EINVAL, "addrs: an index is given as [number]" },
	};

	make_conn(BU_HOST_BE);
	memset(v, 0xee, sizeof(v));
	ok(part(rules, "[1].addrs[1]=10.0.0.1", v, sizeof(v)) == 0, "a part of a part: %s", message());
	ok(!memcmp(v + CONN_PLAIN + 76, "\x0a\0\0\1", 4) && v[CONN_PLAIN + 75] == 0xee && v[CONN_PLAIN + 80] == 0xee,
	   "is set, and nothing beside it");
	ok(part(conn, "comm=a b", one, sizeof(one)) == 0 && !memcmp(one + 56, "a b\0\0\0\0\0", 8), "text without quotes");
	ok(part(conn, "comm=\"x\"", one, sizeof(one)) == 0 && !memcmp(one + 56, "x\0\0", 3), "text with quotes");
	ok(part(conn, "addrs=[be:7]", v, CONN_PLAIN) == 0 && !memcmp(v + 72, "\0\0\0\7\0\0\0\0", 8),
	   "an array is set as a whole");
	ok(part(bu_btf_find(&btf, BU_BTF_DATASEC, ".data"), "limit=5", data, 4) == 0 && bu_get32(data, BU_HOST_BE) == 5,
	   "a variable of a section");
	ok(part(bu_btf_find(&btf, BU_BTF_DATASEC, ".data"), "limt=5", data, 4) == -EINVAL && ds.first->nremarks,
	   "a wrong variable: %s", message());
	for (size_t i = 0; i < BU_ARRAY_SIZE(bad); i++) {
		ok(part(conn, bad[i].text, one, sizeof(one)) == bad[i].err, "%s is refused", bad[i].text);
		is_str(message(), bad[i].say, "and why");
	}
	end();
}

/* ---------------------------------------------------------------- random types, random bytes */

static uint32_t seed = 12345;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

struct made { uint32_t id, size; };
static struct made pool[64];
static unsigned npool;

static void add(uint32_t id, uint32_t size)
{
	if (npool < BU_ARRAY_SIZE(pool))
		pool[npool++] = (struct made){ id, size };
}

static const char *some_name(void)
{
	static const char *const names[] = { "a", "saddr", "h_mac", "ip6", "port", "x", "name", "" };

	return names[rnd(BU_ARRAY_SIZE(names))];
}

static void make_scalars(void)
{
	uint32_t u8, ch, u16, u32;

	npool = 0;
	add(u8 = bu_btfgen_int(&g, "u8", 1, 0), 1);
	add(ch = bu_btfgen_int(&g, "char", 1, 1), 1);
	add(bu_btfgen_int(&g, "uchar", 1, 2), 1);
	add(u16 = bu_btfgen_int(&g, "u16", 2, 0), 2);
	add(bu_btfgen_int(&g, "short", 2, 1), 2);
	add(u32 = bu_btfgen_int(&g, "u32", 4, 0), 4);
	add(bu_btfgen_int(&g, "int", 4, 1), 4);
	add(bu_btfgen_int(&g, "u64", 8, 0), 8);
	add(bu_btfgen_int(&g, "s64", 8, 1), 8);
	add(bu_btfgen_int(&g, "_Bool", 1, 4), 1);
	add(bu_btfgen_int(&g, "u128", 16, 0), 16);
	add(bu_btfgen_float(&g, "float", 4), 4);
	add(bu_btfgen_float(&g, "double", 8), 8);
	add(bu_btfgen_ptr(&g, 0), 8);
	add(bu_btfgen_mod(&g, BU_BTF_TYPEDEF, "__be32", u32), 4);
	add(bu_btfgen_mod(&g, BU_BTF_TYPEDEF, "__be16", u16), 2);
	add(bu_btfgen_mod(&g, BU_BTF_CONST, NULL, u32), 4);
	add(bu_btfgen_array(&g, u8, 6), 6);
	add(bu_btfgen_array(&g, u8, 16), 16);
	add(bu_btfgen_array(&g, ch, 5), 5);
	add(bu_btfgen_array(&g, ch, 16), 16);
	add(bu_btfgen_enum(&g, "e", 4, true), 4);
	bu_btfgen_enumval(&g, "MINUS", -1);
	bu_btfgen_enumval(&g, "ONE", 1);
	add(bu_btfgen_enum(&g, "e64", 8, false), 8);
	bu_btfgen_enumval(&g, "HUGE", (int64_t)0x8000000000000001u);
	bu_btfgen_enumval(&g, "ZERO", 0);
}

static void make_struct(void)
{
	struct made m[8];
	uint32_t n = 1 + rnd(8), size = 0, widest = 0;
	bool is_union = rnd(5) == 0;
	char name[16];

	for (uint32_t i = 0; i < n; i++) {
		m[i] = pool[rnd(npool)];
		size += m[i].size;
		widest = m[i].size > widest ? m[i].size : widest;
	}
	add(bu_btfgen_struct(&g, is_union ? BU_BTF_UNION : BU_BTF_STRUCT, "s", is_union ? widest : size),
	    is_union ? widest : size);
	size = 0;
	for (uint32_t i = 0; i < n; i++) {
		/* names twice would be one of them */
		snprintf(name, sizeof(name), "%s%c", some_name(), 'a' + (int)i);
		bu_btfgen_member(&g, name[1] ? name : "", m[i].id, is_union ? 0 : size * 8);
		size += m[i].size;
	}
}

static void make_bits(void)
{
	uint32_t base[8], width[8], n = 1 + rnd(8), bits = 0;
	char name[4] = "b0";

	for (uint32_t i = 0; i < n; i++) {
		static const uint32_t most[] = { 8, 8, 8, 16, 16, 32, 32, 64, 64, 1 };
		uint32_t k = 3 + rnd(7);

		base[i] = pool[k].id;
		width[i] = 1 + rnd(most[k]);
		bits += width[i];
	}
	add(bu_btfgen_struct(&g, BU_BTF_STRUCT, "bits", (bits + 7) / 8), (bits + 7) / 8);
	bits = 0;
	for (uint32_t i = 0; i < n; i++, name[1]++) {
		bu_btfgen_bitfield(&g, name, base[i], bits, width[i]);
		bits += width[i];
	}
}

/*
 * Makes data such as can be told apart when printed: bools are 0 or 1, floats no NaN, bits that belong to
 * nothing 0; of a union the first member counts. bits: of a bit-field.
 */
static void tame(uint32_t id, uint8_t *p, size_t n, uint64_t bit, uint32_t bits);

static void tame_members(const struct bu_btf_type *t, uint8_t *p, size_t n, uint64_t bit)
{
	uint8_t keep[4096];
	struct bu_btf_member m;

	memcpy(keep, p, n);
	memset(p + bit / 8, 0, t->size);
	for (uint32_t i = 0; i < t->vlen; i++) {
		bu_btf_member(&btf, t, i, &m);
		for (uint64_t k = 0; m.bit_size && k < m.bit_size; k++) {
			uint64_t at = bit + m.bit_off + k;
			uint8_t mask = (uint8_t)(btf.be ? 0x80 >> at % 8 : 1 << at % 8);

			p[at / 8] |= keep[at / 8] & mask;
		}
		if (m.bit_size)
			continue;
		memcpy(p + (bit + m.bit_off) / 8, keep + (bit + m.bit_off) / 8, (size_t)bu_btf_size(&btf, m.type));
		tame(m.type, p, n, bit + m.bit_off, 0);
		if (t->kind == BU_BTF_UNION)
			break;
	}
}

static void tame(uint32_t id, uint8_t *p, size_t n, uint64_t bit, uint32_t bits)
{
	struct bu_btf_type t;

	(void)bits;
	bu_btf_get(&btf, bu_btf_resolve(&btf, id), &t);
	switch (t.kind) {
	case BU_BTF_INT:
		if (t.int_enc & 4)
			p[bit / 8] &= 1;
		break;
	case BU_BTF_FLOAT: /* an exponent bit that is 0: no NaN, no infinity */
		p[bit / 8 + (btf.be ? 0 : t.size - 1)] &= 0xbf;
		break;
	case BU_BTF_ARRAY:
		for (uint32_t i = 0; i < t.nelems; i++)
			tame(t.elem, p, n, bit + (uint64_t)i * (uint64_t)bu_btf_size(&btf, t.elem) * 8, 0);
		break;
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
		tame_members(&t, p, n, bit);
		break;
	default:
		break;
	}
}

/* Does the type hold a union? Then only what is printed again is compared. */
static bool has_union(uint32_t id)
{
	struct bu_btf_type t;
	struct bu_btf_member m;
	bool yes;

	bu_btf_get(&btf, bu_btf_resolve(&btf, id), &t);
	yes = t.kind == BU_BTF_UNION;
	if (t.kind == BU_BTF_ARRAY)
		return has_union(t.elem);
	for (uint32_t i = 0; !yes && t.kind == BU_BTF_STRUCT && i < t.vlen; i++) {
		bu_btf_member(&btf, &t, i, &m);
		yes = has_union(m.type);
	}
	return yes;
}

static bool round_trip(uint32_t id, const uint8_t *data, size_t n, int how)
{
	struct bu_buf text = { 0 }, again = { 0 };
	uint8_t back[4096];
	struct bu_str s;
	bool good;
	int err;

	btf.values = how & 3;
	if (how & 4)
		bu_btf_print_text(&text, &btf, id, data, n, 0);
	else
		json(&text, id, data, n);
	s = bu_str((char *)text.p, text.n);
	bu_diags_free(&ds);
	bu_diags_init(&ds);
	err = bu_btf_parse_value(&btf, id, s, back, n, &ds);
	good = !err && (has_union(id) || !memcmp(back, data, n));
	if (good && !(how & 4)) {
		struct bu_json j;

		bu_json_init(&j, s);
		good = bu_json_skip(&j, NULL) && bu_json_end(&j);
	}
	if (!good)
		printf("# type %u, way %d: %s: %s\n", id, how, bu_buf_cstr(&text), message());
	bu_buf_free(&text);
	bu_buf_free(&again);
	return good;
}

/* A form prints what the printer of single values prints. */
static bool same_form(uint32_t id, const uint8_t *data, size_t n, int how)
{
	bool json = !(how & 4), pretty = !json || (how & 8);
	struct bu_buf one = { 0 }, two = { 0 };
	struct bu_btf_form *f;
	struct bu_out o;
	bool good;

	btf.values = how & 3;
	bu_out_init(&o, NULL, NULL);
	o.json = true;
	o.pretty = pretty;
	if (json) {
		bu_btf_print_value(&o, NULL, &btf, id, data, n);
		one = o.buf;
	} else {
		bu_btf_print_text(&one, &btf, id, data, n, 3);
	}
	f = bu_btf_form_make(&btf, id, n, json, pretty, json ? 0 : 3);
	if (f) {
		bu_btf_form_put(f, &two, data);
		bu_btf_form_put(f, &two, data);
	}
	good = f && two.n == 2 * one.n && !memcmp(two.p, one.p, one.n) && !memcmp(two.p + one.n, one.p, one.n);
	if (!good)
		printf("# form of type %u, way %d: %s not %s\n", id, how, bu_buf_cstr(&two), bu_buf_cstr(&one));
	bu_btf_form_free(f);
	bu_buf_free(&one);
	bu_buf_free(&two);
	return good;
}

static void test_random(unsigned rounds, bool be)
{
	uint8_t data[4096];
	unsigned trips = 0, bad = 0, forms = 0;

	for (unsigned r = 0; r < rounds; r++) {
		begin(be);
		make_scalars();
		while (npool < BU_ARRAY_SIZE(pool)) {
			struct made e = pool[rnd(npool)];
			uint32_t n = rnd(4);

			if (rnd(3) == 0 && e.size * n < 512)
				add(bu_btfgen_array(&g, e.id, n), e.size * n);
			else if (rnd(3) == 0)
				make_bits();
			else
				make_struct();
			if (pool[npool - 1].size > 600)
				npool--;
		}
		if (finish()) {
			printf("# %s\n", message());
			bad++;
		}
		for (unsigned i = 0; !bad && i < npool; i++) {
			for (uint32_t k = 0; k < pool[i].size; k++)
				data[k] = rnd(3) ? (uint8_t)rnd(256) : rnd(2) ? 0 : (uint8_t)(32 + rnd(95));
			tame(pool[i].id, data, pool[i].size, 0, 0);
			for (int how = 0; how < 8 && !bad; how++, trips++)
				bad += !round_trip(pool[i].id, data, pool[i].size, how);
			for (int how = 0; how < 16 && !bad; how++, forms++)
				bad += !same_form(pool[i].id, data, pool[i].size, how);
		}
		end();
		if (bad)
			break;
	}
	ok(!bad, "%s: %u values printed and parsed are the same, %u printed by a form", be ? "big endian" : "little endian",
	   trips, forms);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 40;

	test_addresses(false);
	test_addresses(true);
	test_parts();
	test_random(rounds, false);
	test_random(rounds, true);
	return done_testing();
}
