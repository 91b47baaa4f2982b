// SPDX-License-Identifier: GPL-2.0-or-later
/* load: option texts, values, the verifier's log, and plans made without a kernel. */
#include "load/load.h"
#include "load/priv.h"
#include "tap.h"

static struct bu_arena arena;

/* ---------------------------------------------------------------- a backend that has nothing */

static int no_bpf(struct bu_sys *s, int cmd, union bpf_attr *attr, unsigned size)
{
	(void)s;
	(void)cmd;
	(void)attr;
	(void)size;
	return -EPERM;
}

static int no_close(struct bu_sys *s, int fd)
{
	(void)s;
	(void)fd;
	return 0;
}

static int four_cpus(struct bu_sys *s)
{
	(void)s;
	return 4;
}

static int no_pmu(struct bu_sys *s, const char *pmu)
{
	(void)s;
	(void)pmu;
	return -ENOENT;
}

static const struct bu_sys_ops nothing = {
	.name = "nothing", .bpf = no_bpf, .close = no_close, .possible_cpus = four_cpus,
	.pmu_type = no_pmu,
};
static struct bu_sys sys = { .ops = &nothing };

/* ---------------------------------------------------------------- an object */

static const uint8_t code_le[16] = { 0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95 };
static uint8_t code[16];

#define SHT_PROGBITS 1
#define SHF_CODE 6 /* alloc, execinstr */

/* One program of two instructions for each section name. */
static void object(struct bu_obj *o, const char *const *secs, unsigned n)
{
	struct bu_diags ds;

	bu_insn_encode(code, &(struct bu_insn){ .code = code_le[0] }, BU_HOST_BE);
	bu_insn_encode(code + 8, &(struct bu_insn){ .code = code_le[8] }, BU_HOST_BE);
	bu_diags_init(&ds);
	bu_obj_init(o);
	o->path = "t.o";
	o->be = BU_HOST_BE;
	o->secs = bu_arena_array(&o->arena, n, sizeof(*o->secs));
	o->syms = bu_arena_array(&o->arena, n, sizeof(*o->syms));
	for (unsigned i = 0; i < n; i++) {
		o->secs[i] = (struct bu_sec){ .name = secs[i], .type = SHT_PROGBITS,
					      .flags = SHF_CODE, .align = 8, .size = 16,
					      .data = code };
		o->syms[i] = (struct bu_sym){ .name = bu_arena_printf(&o->arena, "p%u", i),
					      .sec = i, .size = 16, .type = 2, .bind = 1 };
	}
	o->nsecs = o->nsyms = n;
	if (bu_obj_index(o, &ds))
		printf("# object: %s\n", ds.first ? ds.first->text : "?");
	bu_diags_free(&ds);
}

/* What a plan for these options says: its actions by lines, or "error: TEXT". */
static const char *plan(const struct bu_obj *o, const struct bu_load_opts *opts)
{
	static char text[4096];
	struct bu_diags ds;
	struct bu_plan p;
	size_t n = 0;

	bu_diags_init(&ds);
	text[0] = 0;
	if (bu_plan_make(&p, o, opts, &sys, &ds)) {
		snprintf(text, sizeof(text), "error: %s", ds.first ? ds.first->text : "?");
	} else {
		for (unsigned i = 0; i < p.nact; i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\n", p.act[i].text);
	}
	bu_plan_free(&p);
	bu_diags_free(&ds);
	return text;
}

static const char *plan_attach(const struct bu_obj *o, const char *spec)
{
	struct bu_attach_req r;
	struct bu_diags ds;
	struct bu_load_opts opts = { .attaches = &r, .nattaches = 1 };
	int err;

	bu_diags_init(&ds);
	err = bu_attach_req_parse(&r, spec, &arena, &ds);
	bu_diags_free(&ds);
	return err ? "error: parse" : plan(o, &opts);
}

static void test_selection(void)
{
	static const char *const one[] = { "tracepoint/sched/sched_switch" };
	static const char *const three[] = { "tracepoint/sched/sched_switch", "xdp", "xdp" };
	static const char *const twice[] = { "raw_tp/sys_enter", "raw_tp/sys_enter" };
	static const char *const later[] = { "?raw_tp/sys_enter" };
	static const char *const other[] = { "action" };
	static const char *const strange[] = { "my_hook" };
	struct bu_load_opts none = { 0 }, load_only = { .no_attach = true };
	struct bu_load_opts pinned = { .pin_dir = "/sys/fs/bpf/x/" };
	struct bu_obj o;

	object(&o, one, 1);
	is_str(plan(&o, &none),
	       "load program p0: tracepoint, 2 instructions, section tracepoint/sched/sched_switch\n"
	       "attach program p0 to tracepoint:sched/sched_switch\n", "a section says it all");
	is_str(plan(&o, &load_only),
	       "load program p0: tracepoint, 2 instructions, section tracepoint/sched/sched_switch\n",
	       "--no-attach only loads");
	is_str(plan(&o, &pinned),
	       "load program p0: tracepoint, 2 instructions, section tracepoint/sched/sched_switch\n"
	       "pin program p0 at /sys/fs/bpf/x/p0\n"
	       "attach program p0 to tracepoint:sched/sched_switch\n"
	       "pin link of p0 at /sys/fs/bpf/x/p0_link\n", "--pin adds pins, links last");
	ok(strstr(plan_attach(&o, "tracepoint:a:b"), "attach program p0 to tracepoint:a:b"),
	   "the only program is meant");
	is_str(plan_attach(&o, "xdp:lo"),
	       "error: program p0 is of type tracepoint by its section "
	       "tracepoint/sched/sched_switch, and xdp takes type xdp", "types must fit");
	is_str(plan_attach(&o, "raw_tp:x=p9"), "error: --attach raw_tp:x=p9: t.o has no program \"p9\"",
	       "an unknown program");
	bu_obj_free(&o);

	object(&o, three, 3);
	is_str(plan_attach(&o, "xdp:lo"),
	       "error: --attach xdp:lo: 2 programs have a section that names this type", "ambiguous");
	ok(strstr(plan_attach(&o, "xdp:lo=p2"), "load program p2"), "a name decides");
	ok(!strstr(plan_attach(&o, "xdp:lo=p2"), "load program p1"), "only the named one loads");
	ok(strstr(plan_attach(&o, "tracepoint:sched:sched_switch"), "attach program p0"),
	   "the section with that target is meant");
	is_str(plan_attach(&o, "tracepoint:a:b"),
	       "error: --attach tracepoint:a:b: 3 programs could be meant, and no section names this "
	       "type and target", "three are too many");
	ok(strstr(plan(&o, &none), "names no target"), "a section without target does not attach");
	bu_obj_free(&o);

	object(&o, twice, 2);
	ok(strstr(plan(&o, &none), "attach program p1 to raw_tp:sys_enter"), "two on one target");
	ok(strstr(plan_attach(&o, "raw_tp:sys_enter"), "2 programs have a section that names this type "
		  "and target"), "but one option means one program");
	bu_obj_free(&o);

	object(&o, later, 1);
	is_str(plan(&o, &none), "error: no program of t.o loads by itself", "'?' waits to be named");
	ok(strstr(plan_attach(&o, "raw_tp:sys_enter=p0"), "attach program p0"), "and then loads");
	bu_obj_free(&o);

	object(&o, other, 1);
	is_str(plan(&o, &none), "error: program p0 cannot be attached: its section \"action\" is of a "
	       "type that bpf-ld does not attach", "no way to attach is an error");
	ok(strstr(plan(&o, &load_only), "load program p0: sched_act"), "but it loads");
	bu_obj_free(&o);

	object(&o, strange, 1);
	is_str(plan(&o, &none), "error: program p0 cannot be attached: its section \"my_hook\" names no "
	       "program type", "an unknown section is an error");
	ok(strstr(plan_attach(&o, "raw_tp:sys_enter"), "load program p0: raw_tracepoint"),
	   "--attach gives the type");
	bu_obj_free(&o);

	object(&o, one, 0);
	is_str(plan(&o, &none), "error: t.o holds no program", "no program is an error");
	bu_obj_free(&o);
}

static void test_machine(void)
{
	static const char *const one[] = { "raw_tp/sys_enter" };
	struct bu_load_opts none = { 0 };
	struct bu_obj o;

	object(&o, one, 1);
	o.arch = bu_arch_host() == BU_ARCH_ARM64 ? BU_ARCH_X86_64 : BU_ARCH_ARM64;
	ok(strstr(plan(&o, &none), "error: t.o was assembled for "), "another architecture's pt_regs");
	o.arch = -1;
	o.be = !BU_HOST_BE;
	ok(strstr(plan(&o, &none), " endian, and this machine is not"), "another byte order");
	o.be = BU_HOST_BE;
	bu_obj_free(&o);
}

static void attach_is(const char *text, enum bu_hook hook, const char *target, const char *prog)
{
	struct bu_attach_req r;
	struct bu_diags ds;
	int err;

	bu_diags_init(&ds);
	err = bu_attach_req_parse(&r, text, &arena, &ds);
	if (!target) {
		ok(err == -EINVAL && ds.errors == 1, "--attach %s is refused", text);
	} else {
		ok(!err && r.hook == hook && !strcmp(r.target, target) &&
		   (prog ? r.prog && !strcmp(r.prog, prog) : !r.prog), "--attach %s", text);
	}
	bu_diags_free(&ds);
}

static void set_is(const char *text, const char *name, const char *key, const char *value)
{
	struct bu_set w;
	struct bu_diags ds;
	int err;

	bu_diags_init(&ds);
	err = bu_set_parse(&w, text, &arena, &ds);
	if (!name) {
		ok(err == -EINVAL && ds.errors == 1, "--set %s is refused", text);
	} else {
		ok(!err && !strcmp(w.name, name) && bu_str_is(w.value, value) &&
		   (key ? bu_str_is(w.key, key) : !w.key.p), "--set %s", text);
	}
	bu_diags_free(&ds);
}

static void test_options(void)
{
	attach_is("kprobe:f", BU_HOOK_KPROBE, "f", NULL);
	attach_is("kretprobe:__alloc_skb=on_alloc", BU_HOOK_KRETPROBE, "__alloc_skb", "on_alloc");
	attach_is("tracepoint:a:b=p", BU_HOOK_TRACEPOINT, "a:b", "p");
	attach_is("uprobe:/a=b/c:main", BU_HOOK_UPROBE, "/a=b/c:main", NULL);
	attach_is("uprobe:/a=b:main=p", BU_HOOK_UPROBE, "/a=b:main", "p");
	attach_is("kprobe:f,cookie=5", BU_HOOK_KPROBE, "f,cookie=5", NULL);
	attach_is("kprobe:f,cookie=5=on_f", BU_HOOK_KPROBE, "f,cookie=5", "on_f");
	attach_is("kprobe", 0, NULL, NULL);
	attach_is("kprobe:", 0, NULL, NULL);
	attach_is("kprobe:=p", 0, NULL, NULL);
	attach_is("kprobe:f=", 0, NULL, NULL);
	attach_is("kprobs:f", 0, NULL, NULL);
	set_is("m[1]=2", "m", "1", "2");
	set_is("m[{a=1}]={b=[2]}", "m", "{a=1}", "{b=[2]}");
	set_is("m[\"]=\"]=x=y", "m", "\"]=\"", "x=y");
	set_is("m[]=5", "m", "", "5");
	set_is("v=5", "v", NULL, "5");
	set_is("v", NULL, NULL, NULL);
	set_is("=5", NULL, NULL, NULL);
	set_is("m[1=5", NULL, NULL, NULL);
	set_is("m[1]x=5", NULL, NULL, NULL);
}

static void value_is(const char *text, uint32_t size, const char *want, const char *why)
{
	uint8_t v[16] = { 0 };
	const char *said = bu_load_value(&arena, NULL, 0, size, bu_str_c(text), v);
	char hex[64] = "";

	for (uint32_t i = 0; i < size && i < 16; i++)
		sprintf(hex + 2 * i, "%02x", v[BU_HOST_BE && strncmp(text, "hex", 3) ? size - 1 - i : i]);
	if (want)
		is_str(said ? said : hex, want, "\"%s\" in %u bytes", text, size);
	else
		ok(said && strstr(said, why), "\"%s\" in %u bytes: %s", text, size, said ? said : "?");
}

static void test_values(void)
{
	value_is("1", 4, "01000000", NULL);
	value_is("-1", 2, "ffff", NULL);
	value_is("255", 1, "ff", NULL);
	value_is("-128", 1, "80", NULL);
	value_is("0x10", 8, "1000000000000000", NULL);
	value_is("hex 01 2 ff", 3, "0102ff", NULL);
	value_is("256", 1, NULL, "does not fit");
	value_is("-129", 1, NULL, "does not fit");
	value_is("65536", 2, NULL, "does not fit");
	value_is("18446744073709551616", 8, NULL, "does not fit");
	value_is("x", 4, NULL, "is not a number");
	value_is("", 4, NULL, "there is no value");
	value_is("1", 3, NULL, "hex 01 02");
	value_is("hex 01 02", 3, NULL, "2 bytes given, 3 wanted");
	value_is("hex 01 02 03 04", 3, NULL, "4 bytes given, 3 wanted");
	value_is("hex 01 zz 03", 3, NULL, "\"zz\" is not");
	value_is("hex 012", 1, NULL, "is not a hexadecimal byte");
}

static void word_is(const char *line, uint32_t size, const char *want)
{
	struct bu_str s = bu_load_strip(bu_str_c(line));
	size_t n = bu_load_word(s, size);

	is_str(bu_arena_printf(&arena, "%.*s|%.*s", (int)n, s.p, (int)(s.n - n), s.p + n), want,
	       "words of \"%s\"", line);
}

static void test_lines(void)
{
	word_is("1 2", 4, "1| 2");
	word_is("\t1\t2 # three", 4, "1|\t2");
	word_is("# nothing", 4, "|");
	word_is("{a = 1, b = [2, 3]} 5", 8, "{a = 1, b = [2, 3]}| 5");
	word_is("\"a # b\" 5", 8, "\"a # b\"| 5");
	word_is("hex 01 02 hex 03", 2, "hex 01 02| hex 03");
	word_is("'#' 1", 1, "'#'| 1");
	word_is("\"open 1", 8, "\"open 1|");
}

static void log_is(const char *log, const char *reason, int64_t insn)
{
	struct bu_vlog v;
	bool found = bu_vlog_read(log, &v);

	if (!reason) {
		ok(!found, "a log without a reason");
		return;
	}
	ok(found && bu_str_is(v.reason, reason) && v.insn == insn, "\"%.*s\" at %lld",
	   (int)v.reason.n, v.reason.p, (long long)v.insn);
}

static void test_vlog(void)
{
	struct bu_vlog v;

	log_is("func#0 @0\n0: R1=ctx() R10=fp0\n; x.s:4\n0: (79) r0 = *(u64 *)(r2 +0)\n"
	       "R2 !read_ok\nprocessed 1 insns (limit 1000000) max_states_per_insn 0\n",
	       "R2 !read_ok", 0);
	log_is("0: (b7) r0 = 0\n1: (05) goto pc+0\nunreachable insn 7\nprocessed 0 insns\n",
	       "unreachable insn 7", 7);
	log_is("12: (85) call bpf_foo#1\nR1 type=scalar expected=map_ptr\nverification time 9 usec\n"
	       "stack depth 8\nprocessed 12 insns\n", "R1 type=scalar expected=map_ptr", 12);
	log_is("3: (61) r0 = *(u32 *)(r1 +4)\n3: R0=scalar() R1=ctx()\nat the end\n", "at the end", 3);
	log_is("last insn is not an exit or jmp", "last insn is not an exit or jmp", -1);
	log_is("Reason: r1 is no pointer\nAt: insn 5 (x.s:3)\nSuggestion: check it\n", "r1 is no pointer",
	       5);
	log_is("3: (79) r3 = *(u64 *)(r3 +255)\ninvalid access to map value, value_size=20 off=255 "
	       "size=8\nR3 min value is outside of the allowed memory range\nprocessed 3 insns\n",
	       "R3 min value is outside of the allowed memory range", 3);
	if (bu_vlog_read("3: (79) r3 = 1\ninvalid access\nR3 is outside\n", &v))
		ok(bu_str_is(v.before, "invalid access"), "what stands above the reason");
	if (bu_vlog_read("3: (79) r3 = 1\nR3 is outside\n", &v))
		ok(!v.before.p, "an instruction is no reason");
	log_is("", NULL, 0);
	log_is("processed 3 insns\n", NULL, 0);
}

int main(void)
{
	bu_arena_init(&arena);
	test_options();
	test_values();
	test_lines();
	test_vlog();
	test_selection();
	test_machine();
	bu_arena_free(&arena);
	return done_testing();
}
