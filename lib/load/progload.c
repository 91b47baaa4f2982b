// SPDX-License-Identifier: LGPL-2.1-or-later
/* One program into the kernel, and what its verifier says, in words and with a place. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load/kpriv.h"
#include "load/vlog.h"

#define LOG_STATS (16u << 10) /* bytes; figures and a reason */
#define LOG_FIRST (256u << 10) /* bytes; most refusals fit */
#define LOG_LIMIT (16u << 20)
#define TRIES 5 /* the kernel answers EAGAIN when a signal interrupts its verifier */
/*
 * Level 1 of the log tells the place of an error, and costs 5 to 15 times the verification. What was refused
 * within this time is verified again for it; else the reason, which level 4 gives for nothing, is enough.
 */
#define PLACE_NS 4000000u
#define GUESS_NS 2000000000u /* no further type is tried after that time */

struct load_job {
	const struct bu_plan *p;
	struct bu_sys *s;
	const struct plan_prog *g;
	const char *name;
	uint8_t *insns;
	struct bpf_func_info *func;
	struct bpf_line_info *line;
	union bpf_attr attr;
	char *log;
	uint32_t log_size;
	unsigned index;      /* among the plan's programs */
	int fd;              /* the last answer, or -errno */
	int begin_err;
	int *module_fds;     /* as the kernel's fd_array wants them: [0] is not used */
	uint64_t ns;         /* processor time of the last load without the instructions in its log */
	unsigned tried;      /* types of a guess */
	bool dropped_info, far;
};

/* Kernels before 5.2 have no level 4. Found out once. */
static atomic_bool no_stats;

/* The instructions with map fds in place, as the kernel reads them. */
static int make_insns(struct load_job *j, const int *map_fds)
{
	const struct bu_code *c = &j->g->code;
	struct bu_insn in;

	j->insns = malloc((size_t)c->ninsns * BU_INSN_SIZE + 1);
	if (!j->insns)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->ninsns; i++)
		bu_insn_encode(j->insns + (size_t)i * BU_INSN_SIZE, &c->insn[i], BU_HOST_BE);
	for (uint32_t i = 0; i < c->nrefs; i++) {
		const struct bu_ref *r = &c->ref[i];
		bool value = r->kind == BU_REF_MAP_VALUE, kept;

		if (r->insn + 1 >= c->ninsns)
			return -EINVAL;
		in = c->insn[r->insn];
		kept = r->kind == BU_REF_LOCAL_ID && in.src == BU_PSEUDO_MAP_VALUE;
		value |= kept;
		in.src = value ? BU_PSEUDO_MAP_VALUE : BU_PSEUDO_MAP_FD;
		in.imm = map_fds[j->g->ref_map[i]];
		bu_insn_encode(j->insns + (size_t)r->insn * BU_INSN_SIZE, &in, BU_HOST_BE);
		in = c->insn[r->insn + 1];
		if (!kept)
			in.imm = value ? (int32_t)r->val : 0;
		bu_insn_encode(j->insns + (size_t)(r->insn + 1) * BU_INSN_SIZE, &in, BU_HOST_BE);
	}
	return 0;
}

uint8_t *bu_plan_insns(const struct bu_plan *p, uint32_t prog, struct bu_arena *a, uint32_t *n)
{
	const struct plan_prog *g = NULL;
	struct load_job j = { 0 };
	uint8_t *insns = NULL;
	int *fds;

	for (unsigned i = 0; p->priv && i < p->priv->nprogs; i++)
		if (p->priv->progs[i].prog == prog)
			g = &p->priv->progs[i];
	fds = g ? bu_arena_array(a, p->priv->nmaps + 1, sizeof(*fds)) : NULL;
	if (!fds)
		return NULL;
	j.g = g;
	*n = g->code.ninsns;
	if (!make_insns(&j, fds)) {
		insns = bu_arena_array(a, *n, BU_INSN_SIZE);
		if (insns)
			memcpy(insns, j.insns, (size_t)*n * BU_INSN_SIZE);
	}
	free(j.insns);
	return insns;
}

/* The types of the kernel's modules that the program names something of: fd_array[1] and so on. */
static int make_modules(struct load_job *j)
{
	uint32_t n = j->p->priv->nkmods;
	int err;

	if (!j->g->modules)
		return 0;
	j->module_fds = calloc(n + 1, sizeof(*j->module_fds));
	if (!j->module_fds)
		return -ENOMEM;
	err = bu_ksym_modules_open(j->p, j->s, j->module_fds + 1);
	for (uint32_t i = 0; !err && i < j->g->nmodrefs; i++) {
		const struct plan_modref *m = &j->g->modref[i];
		struct bu_insn in = j->g->code.insn[m->insn];

		in.imm = j->module_fds[m->module];
		bu_insn_encode(j->insns + (size_t)m->insn * BU_INSN_SIZE, &in, BU_HOST_BE);
	}
	j->attr.fd_array = bu_ptr64(j->module_fds);
	return err;
}

static int make_info(struct load_job *j, int btf_fd)
{
	const struct bu_code *c = &j->g->code;
	union bpf_attr *a = &j->attr;

	if (btf_fd < 0)
		return 0;
	a->prog_btf_fd = (uint32_t)btf_fd;
	if (j->g->core) {
		a->core_relos = bu_ptr64(j->g->core);
		a->core_relo_cnt = j->g->ncore;
		a->core_relo_rec_size = sizeof(struct bpf_core_relo);
	}
	if (!j->g->info)
		return 0;
	j->func = calloc(c->nfunc, sizeof(*j->func));
	j->line = calloc(c->nline + 1, sizeof(*j->line));
	if (!j->func || !j->line)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->nfunc; i++) {
		j->func[i].insn_off = c->func[i].insn_off;
		j->func[i].type_id = c->func[i].type_id;
	}
	for (uint32_t i = 0; i < c->nline; i++) {
		const struct bu_line_info *l = &c->line[i];

		j->line[i].insn_off = l->insn_off;
		j->line[i].file_name_off = l->file_off;
		j->line[i].line_off = l->line_off;
		j->line[i].line_col = l->line << 10 | (l->col & 0x3ff);
	}
	a->func_info = bu_ptr64(j->func);
	a->func_info_cnt = c->nfunc;
	a->func_info_rec_size = sizeof(*j->func);
	a->line_info = bu_ptr64(j->line);
	a->line_info_cnt = c->nline;
	a->line_info_rec_size = sizeof(*j->line);
	return 0;
}

static void drop_info(struct load_job *j)
{
	j->attr.func_info = j->attr.line_info = 0;
	j->attr.func_info_cnt = j->attr.line_info_cnt = 0;
	j->attr.func_info_rec_size = j->attr.line_info_rec_size = 0;
}

/* The shortest attribute that says what is asked, for kernels that know less. */
static unsigned attr_size(const struct load_job *j)
{
	if (j->attr.core_relo_cnt)
		return BU_OFFSETOFEND(union bpf_attr, core_relo_rec_size);
	if (j->attr.fd_array)
		return BU_OFFSETOFEND(union bpf_attr, fd_array);
	if (j->attr.attach_prog_fd)
		return BU_OFFSETOFEND(union bpf_attr, attach_prog_fd);
	if (j->attr.attach_btf_id)
		return BU_OFFSETOFEND(union bpf_attr, attach_btf_id);
	if (j->attr.func_info_cnt)
		return BU_OFFSETOFEND(union bpf_attr, line_info_cnt);
	if (j->attr.prog_btf_fd)
		return BU_OFFSETOFEND(union bpf_attr, prog_btf_fd);
	if (j->attr.expected_attach_type)
		return BU_OFFSETOFEND(union bpf_attr, expected_attach_type);
	return j->attr.prog_name[0] ? BU_OFFSETOFEND(union bpf_attr, prog_name)
				    : BU_OFFSETOFEND(union bpf_attr, prog_flags);
}

static uint64_t thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool log_room(struct load_job *j, uint32_t size)
{
	if (j->log_size == size)
		return true;
	free(j->log);
	j->log = malloc(size);
	j->log_size = j->log ? size : 0;
	return j->log != NULL;
}

static int try_load(struct load_job *j, uint32_t level)
{
	uint64_t start = thread_ns();
	int fd = -EAGAIN;

	j->attr.log_level = level;
	j->attr.log_buf = level ? bu_ptr64(j->log) : 0;
	j->attr.log_size = level ? j->log_size : 0;
	if (j->log)
		j->log[0] = '\0';
	for (int i = 0; i < TRIES && fd == -EAGAIN; i++)
		fd = bu_sys_prog_load(j->s, &j->attr, attr_size(j));
	if (j->log)
		j->log[j->log_size - 1] = '\0';
	if (!(level & (BPF_LOG_LEVEL1 | BPF_LOG_LEVEL2)))
		j->ns = thread_ns() - start;
	return fd;
}

/* Loads with a log that holds all of it, or as much as LOG_LIMIT bytes take. */
static int load_logged(struct load_job *j, uint32_t level)
{
	int fd = -ENOSPC;

	for (uint32_t size = LOG_FIRST; fd == -ENOSPC && size <= LOG_LIMIT; size *= 8) {
		if (!log_room(j, size))
			return -ENOMEM;
		fd = try_load(j, level);
	}
	/* A log that does not fit says nothing of the program. */
	return fd == -ENOSPC ? try_load(j, 0) : fd;
}

/* One verification, and what it says for nothing. */
static int attempt(struct load_job *j)
{
	uint32_t asked = j->p->opts->log_level;
	int fd;

	if (asked & (BPF_LOG_LEVEL1 | BPF_LOG_LEVEL2))
		return load_logged(j, asked);
	if (!atomic_load_explicit(&no_stats, memory_order_relaxed)) {
		if (!log_room(j, LOG_STATS))
			return -ENOMEM;
		fd = try_load(j, BPF_LOG_STATS);
		if ((fd != -EINVAL || j->log[0]) && fd != -ENOSPC)
			return fd;
		/* Refused before the verifier; or the kernel has no such level. */
		fd = try_load(j, 0);
		if (fd >= 0)
			atomic_store_explicit(&no_stats, true, memory_order_relaxed);
		return fd;
	}
	return try_load(j, 0);
}

static void take_type(struct load_job *j, const struct bu_secdef *d)
{
	j->attr.prog_type = d->prog_type;
	j->attr.expected_attach_type = d->attach_type == BU_NO_ATTACH_TYPE ? 0 : d->attach_type;
	j->attr.prog_flags = (d->sleepable ? BPF_F_SLEEPABLE : 0) | (d->xdp_frags ? BPF_F_XDP_HAS_FRAGS : 0);
}

static int attempt_types(struct load_job *j)
{
	uint64_t start = thread_ns();
	int fd = -EINVAL, first = 0;

	for (unsigned i = 0; i < j->g->ncand; i++) {
		take_type(j, j->g->cand[i]);
		fd = attempt(j);
		j->tried = i + 1;
		if (fd >= 0 || fd == -ENOMEM)
			return fd;
		first = i ? first : fd;
		if (thread_ns() - start > GUESS_NS)
			break;
	}
	/* None: the likeliest one's reason. */
	take_type(j, j->g->cand[0]);
	if (j->tried > 1)
		fd = attempt(j);
	return fd < 0 ? first : fd;
}

static bool about_info(const char *log)
{
	return log && (strstr(log, "func_info") || strstr(log, "line_info"));
}

/*
 * The end of the log of a program that was refused with j->fd. Kernels since 6.4 keep the end when the room is
 * too small, and say ENOSPC all the same; older ones keep the beginning, and are given more room.
 */
static int log_tail(struct load_job *j)
{
	int was = j->fd, fd = -ENOSPC;
	struct bu_vlog v;

	for (uint32_t size = LOG_FIRST; fd == -ENOSPC && size <= LOG_LIMIT; size *= 8) {
		if (!log_room(j, size))
			return -ENOMEM;
		fd = try_load(j, BPF_LOG_LEVEL1);
		if (fd == -ENOSPC && strstr(j->log, "\nprocessed ") && bu_vlog_read(j->log, &v))
			return was;
	}
	return fd == -ENOSPC ? try_load(j, 0) : fd;
}

/* After a refusal: the log that tells its place, unless that takes a while or is there already. */
static int find_place(struct load_job *j)
{
	struct bu_vlog v;

	if (j->p->opts->log_level & (BPF_LOG_LEVEL1 | BPF_LOG_LEVEL2))
		return j->fd;
	if (j->log && bu_vlog_read(j->log, &v)) {
		j->far = j->ns > PLACE_NS;
		if (j->far)
			return j->fd;
	} else if (j->fd == -EPERM) {
		return j->fd;
	}
	return log_tail(j);
}

/* Functions that bpf-ld supplied go by bytes from now on. False: there are none, or they do already. */
static bool go_by_bytes(struct load_job *j)
{
	const struct bu_code *c = &j->g->code;
	bool any = false;

	for (uint32_t i = 0; i < c->nparts; i++) {
		uint8_t *at = j->insns + (size_t)c->part[i].start * BU_INSN_SIZE;
		struct bu_insn in;

		bu_insn_decode(&in, at, BU_HOST_BE);
		if (!bu_obj_libc_bytes(j->p->obj, &c->part[i], &in))
			continue;
		bu_insn_encode(at, &in, BU_HOST_BE);
		any = true;
	}
	return any;
}

int bu_load_job_try(struct load_job *j)
{
	if (j->begin_err)
		return j->begin_err;
	j->fd = j->g->ncand ? attempt_types(j) : attempt(j);
	if ((j->fd == -EACCES || j->fd == -EINVAL) && go_by_bytes(j))
		j->fd = j->g->ncand ? attempt_types(j) : attempt(j);
	if (j->fd < 0 && j->attr.func_info_cnt && about_info(j->log)) {
		j->dropped_info = true;
		drop_info(j);
		j->fd = j->g->ncand ? attempt_types(j) : attempt(j);
	}
	if (j->fd < 0 && j->fd != -ENOMEM && j->fd != -E2BIG)
		j->fd = find_place(j);
	return j->fd;
}

/* ---------------------------------------------------------------- telling */

/* The name of the map that an instruction loads. */
static const char *map_name(void *ctx, uint32_t insn)
{
	const struct load_job *j = ctx;
	const struct bu_code *c = &j->g->code;

	for (uint32_t i = 0; i < c->nrefs; i++) {
		if (c->ref[i].insn == insn && j->g->ref_map[i] < j->p->priv->nmaps)
			return j->p->priv->maps[j->g->ref_map[i]].name;
	}
	return NULL;
}

/* Tells why; the errno that the caller gets. */
static int refused(struct load_job *j, int err, struct bu_loaded *out, struct bu_diags *ds)
{
	const struct bu_vtell t = { .prog = j->name, .code = &j->g->code, .map_name = map_name, .ctx = j,
				    .btf = j->p->obj->has_btf ? &j->p->obj->btf : NULL };
	struct bu_diag *d;
	struct bu_vtold told = { .known = true };
	struct bu_vlog v;

	d = j->log && bu_vlog_read(j->log, &v) ? bu_core_blame(j->p, j->index, v.insn, ds) : NULL;
	if (!d && j->log && bu_vlog_read(j->log, &v))
		d = bu_ksym_blame(j->p, j->index, v.insn, ds);
	if (!d && j->log)
		d = bu_vlog_tell(&t, j->log, ds, &told);
	if (d) {
		if (j->far) {
			bu_diag_note(ds, d, "verifying it took the kernel %llu ms; to find the place takes it "
				     "some ten times as long", (unsigned long long)(j->ns / 1000000));
			bu_diag_help(ds, d, "-vv finds it");
		}
		if (told.helper)
			bu_sys_explain_helper(j->s, ds, d, j->attr.prog_type, told.helper);
		else if (!told.known)
			bu_sys_explain(j->s, ds, d, BPF_PROG_LOAD, err, &j->attr);
		free(out->log);
		out->log = j->log;
		j->log = NULL;
		return -EINVAL;
	}
	d = bu_diag(ds, BU_ERROR, "L0205", "program %s cannot be loaded: %s", j->name,
		    bu_strerror(-err));
	if (j->attr.prog_ifindex && !j->p->opts->dev_bound)
		bu_diag_note(ds, d, "it is loaded for the processor of a network device (xdp:DEVICE:offload), which few have");
	if (err == -E2BIG && j->g->core)
		bu_diag_note(ds, d, "it has CO-RE relocations, which the kernel applies since 5.17, and its types "
			     "cannot be read");
	else
		bu_sys_explain(j->s, ds, d, BPF_PROG_LOAD, err, &j->attr);
	return err;
}

/* The device whose processor runs the program (xdp:DEVICE:offload), or 0. */
static uint32_t offload_device(const struct bu_plan *p, struct bu_sys *s, unsigned prog)
{
	if (p->opts->ifindex)
		return p->opts->ifindex;
	for (unsigned i = 0; i < p->priv->natt; i++) {
		const struct plan_attach *a = &p->priv->att[i];
		int ifindex;

		if (a->prog != prog || !(a->at.xdp_flags & XDP_FLAGS_HW_MODE))
			continue;
		ifindex = s->ops->ifindex(s, a->at.a);
		return ifindex > 0 ? (uint32_t)ifindex : 0;
	}
	return 0;
}

struct load_job *bu_load_job_begin(const struct bu_plan *p, struct bu_sys *s, unsigned prog,
				   const int *map_fds, const struct bu_loaded *out)
{
	struct load_job *j = calloc(1, sizeof(*j));
	const struct plan_prog *g = &p->priv->progs[prog];

	if (!j)
		return NULL;
	j->p = p;
	j->s = s;
	j->g = g;
	j->index = prog;
	j->name = p->obj->progs[g->prog].name;
	j->fd = -EINVAL;
	j->begin_err = make_insns(j, map_fds);
	if (!j->begin_err)
		j->begin_err = make_modules(j);
	if (!j->begin_err)
		j->begin_err = make_info(j, out->btf_fd);
	j->attr.prog_type = g->type;
	j->attr.insn_cnt = g->code.ninsns;
	j->attr.insns = bu_ptr64(j->insns);
	j->attr.license = bu_ptr64(p->obj->license);
	j->attr.kern_version = p->obj->kern_version;
	j->attr.prog_flags = g->flags | (p->opts->dev_bound ? BPF_F_XDP_DEV_BOUND_ONLY : 0);
	j->attr.expected_attach_type = g->attach_type;
	j->attr.prog_ifindex = offload_device(p, s, prog);
	j->attr.attach_btf_id = g->attach_btf_id ? g->attach_btf_id : out->progs[prog].place.id;
	if (out->progs[prog].place.fd >= 0) /* one field: a program's fd, or a module's BTF */
		j->attr.attach_prog_fd = (uint32_t)out->progs[prog].place.fd;
	memcpy(j->attr.prog_name, g->kname, sizeof(j->attr.prog_name));
	return j;
}

static const char *type_name(uint32_t type)
{
	const struct bu_kind *k = bu_kind_by_num(bu_prog_types, bu_nprog_types, type);

	return k ? k->name : "unknown";
}

static const char *section_of(const struct load_job *j)
{
	uint32_t sec = j->p->obj->progs[j->g->prog].sec;

	return sec < j->p->obj->nsecs ? j->p->obj->secs[sec].name : "?";
}

/* A guess is told, right or wrong. */
static void tell_guess(const struct load_job *j, struct bu_diags *ds, struct bu_diag *d)
{
	struct bu_buf b = { 0 };
	unsigned n = j->tried < j->g->ncand ? j->tried : j->g->ncand;

	if (j->fd >= 0) {
		d = bu_diag(ds, BU_NOTE, "L0150", "program %s is taken for one of type %s: its section \"%s\" "
			    "names none, and the verifier accepts it", j->name, type_name(j->attr.prog_type),
			    section_of(j));
		bu_diag_help(ds, d, "say what it is: --type %s=TYPE", j->name);
		n = n ? n - 1 : 0;
	}
	for (unsigned i = 0; i < n; i++)
		bu_buf_printf(&b, "%s%s", i ? ", " : "", j->g->cand[i]->prefix);
	if (n)
		bu_diag_note(ds, d, "its section \"%s\" names no type; refused as: %s", section_of(j),
			     bu_buf_cstr(&b));
	if (j->fd < 0)
		bu_diag_help(ds, d, "say what it is: --type %s=TYPE", j->name);
	bu_buf_free(&b);
}

int bu_load_job_end(struct load_job *j, struct bu_loaded *out, struct bu_diags *ds)
{
	struct bu_diag *last = ds->last;
	unsigned prog = j->index;
	int fd;

	if (j->begin_err) {
		fd = j->begin_err;
		bu_diag(ds, BU_ERROR, fd == -ENOMEM ? "U0003" : "L0205",
			"program %s cannot be loaded: %s", j->name, bu_strerror(-fd));
		goto out;
	}
	if (j->fd == -E2BIG) {
		/* Kernels before 4.15 take no names. */
		if (!(j->log && j->log[0]) && !bu_sys_has(j->s, BU_FEAT_PROG_NAME)) {
			memset(j->attr.prog_name, 0, sizeof(j->attr.prog_name));
			bu_load_job_try(j);
		}
		if (j->fd == -E2BIG)
			j->fd = find_place(j);
	}
	if (j->dropped_info)
		bu_diag(ds, BU_NOTE, "L0206", "program %s is loaded without line information, "
			"which the kernel refused", j->name);
	fd = j->fd;
	out->progs[prog].type = j->attr.prog_type;
	if (fd < 0)
		fd = refused(j, fd, out, ds);
	else if (j->p->opts->log_level && j->log && j->log[0]) {
		out->progs[prog].log = j->log;
		j->log = NULL;
	}
	if (j->g->ncand && (fd >= 0 || ds->last != last))
		tell_guess(j, ds, ds->last);
	j->fd = -1;
out:
	bu_load_job_drop(j);
	return fd;
}

void bu_load_job_drop(struct load_job *j)
{
	if (!j)
		return;
	if (!j->begin_err && j->fd >= 0)
		j->s->ops->close(j->s, j->fd);
	free(j->insns);
	free(j->func);
	free(j->line);
	free(j->log);
	if (j->module_fds)
		bu_ksym_modules_close(j->p, j->s, j->module_fds + 1);
	free(j->module_fds);
	free(j);
}
