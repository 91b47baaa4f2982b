// SPDX-License-Identifier: LGPL-2.1-or-later
/* One program into the kernel, and what its verifier says, in words and with a place. */
#include <stdlib.h>
#include <string.h>

#include "load/priv.h"
#include "load/vlog.h"

#define LOG_FIRST (256u << 10) /* bytes; most refusals fit */
#define LOG_LIMIT (16u << 20)
#define TRIES 5 /* the kernel answers EAGAIN when a signal interrupts its verifier */

struct job {
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
};

/* The instructions with map fds in place, as the kernel reads them. */
static int make_insns(struct job *j, const int *map_fds)
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

static int make_info(struct job *j, int btf_fd)
{
	const struct bu_code *c = &j->g->code;
	union bpf_attr *a = &j->attr;

	if (btf_fd < 0)
		return 0;
	a->prog_btf_fd = (uint32_t)btf_fd;
	if (j->g->ncore) {
		a->core_relos = bu_ptr64(j->g->core);
		a->core_relo_cnt = j->g->ncore;
		a->core_relo_rec_size = sizeof(struct bpf_core_relo);
	}
	if (!j->g->info)
		return 0;
	j->func = calloc(c->nfunc, sizeof(*j->func));
	j->line = calloc(c->nline, sizeof(*j->line));
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

static void drop_info(struct job *j)
{
	j->attr.func_info = j->attr.line_info = 0;
	j->attr.func_info_cnt = j->attr.line_info_cnt = 0;
	j->attr.func_info_rec_size = j->attr.line_info_rec_size = 0;
}

/* The shortest attribute that says what is asked, for kernels that know less. */
static unsigned attr_size(const struct job *j)
{
	if (j->attr.core_relo_cnt)
		return BU_OFFSETOFEND(union bpf_attr, core_relo_rec_size);
	if (j->attr.attach_prog_fd)
		return BU_OFFSETOFEND(union bpf_attr, attach_prog_fd);
	if (j->attr.attach_btf_id)
		return BU_OFFSETOFEND(union bpf_attr, attach_btf_id);
	if (j->attr.line_info_cnt)
		return BU_OFFSETOFEND(union bpf_attr, line_info_cnt);
	if (j->attr.prog_btf_fd)
		return BU_OFFSETOFEND(union bpf_attr, prog_btf_fd);
	if (j->attr.expected_attach_type)
		return BU_OFFSETOFEND(union bpf_attr, expected_attach_type);
	return j->attr.prog_name[0] ? BU_OFFSETOFEND(union bpf_attr, prog_name)
				    : BU_OFFSETOFEND(union bpf_attr, prog_flags);
}

static int try_load(struct job *j, uint32_t level)
{
	int fd = -EAGAIN;

	j->attr.log_level = level;
	j->attr.log_buf = level ? bu_ptr64(j->log) : 0;
	j->attr.log_size = level ? j->log_size : 0;
	if (level)
		j->log[0] = '\0';
	for (int i = 0; i < TRIES && fd == -EAGAIN; i++)
		fd = bu_sys_prog_load(j->s, &j->attr, attr_size(j));
	if (level)
		j->log[j->log_size - 1] = '\0';
	return fd;
}

/* Loads with a log that holds all of it, or as much as LOG_LIMIT bytes take. */
static int load_logged(struct job *j, uint32_t level)
{
	int fd = -ENOSPC;

	for (uint32_t size = LOG_FIRST; fd == -ENOSPC && size <= LOG_LIMIT; size *= 8) {
		free(j->log);
		j->log = malloc(size);
		if (!j->log)
			return -ENOMEM;
		j->log_size = size;
		fd = try_load(j, level);
	}
	return fd;
}

/* ---------------------------------------------------------------- telling */

/* The name of the map that an instruction loads. */
static const char *map_name(void *ctx, uint32_t insn)
{
	const struct job *j = ctx;
	const struct bu_code *c = &j->g->code;

	for (uint32_t i = 0; i < c->nrefs; i++) {
		if (c->ref[i].insn == insn && j->g->ref_map[i] < j->p->priv->nmaps)
			return j->p->priv->maps[j->g->ref_map[i]].name;
	}
	return NULL;
}

/* Tells why; the errno that the caller gets. */
static int refused(struct job *j, int err, struct bu_loaded *out, struct bu_diags *ds)
{
	const struct bu_vtell t = { .prog = j->name, .code = &j->g->code, .map_name = map_name, .ctx = j,
				    .btf = j->p->obj->has_btf ? &j->p->obj->btf : NULL };
	struct bu_diag *d;
	bool known;

	d = j->log ? bu_vlog_tell(&t, j->log, ds, &known) : NULL;
	if (d) {
		if (!known)
			bu_sys_explain(j->s, ds, d, BPF_PROG_LOAD, err, &j->attr);
		free(out->log);
		out->log = j->log;
		j->log = NULL;
		return -EINVAL;
	}
	d = bu_diag(ds, BU_ERROR, "L0205", "program %s cannot be loaded: %s", j->name,
		    strerror(-err));
	if (err == -E2BIG && j->g->ncore)
		bu_diag_note(ds, d, "it has CO-RE relocations, which the kernel applies since 5.17");
	else
		bu_sys_explain(j->s, ds, d, BPF_PROG_LOAD, err, &j->attr);
	return err;
}

static bool about_info(const char *log)
{
	return log && (strstr(log, "func_info") || strstr(log, "line_info"));
}

int bu_load_prog(const struct bu_plan *p, struct bu_sys *s, unsigned prog, const int *map_fds,
	      int btf_fd, struct bu_loaded *out, struct bu_diags *ds)
{
	const struct plan_prog *g = &p->priv->progs[prog];
	struct job j = { .p = p, .s = s, .g = g, .name = p->obj->progs[g->prog].name };
	uint32_t level = p->opts->log_level;
	int fd;

	fd = make_insns(&j, map_fds);
	if (!fd)
		fd = make_info(&j, btf_fd);
	if (fd) {
		bu_diag(ds, BU_ERROR, fd == -ENOMEM ? "U0003" : "L0205",
			"program %s cannot be loaded: %s", j.name, strerror(-fd));
		goto out;
	}
	j.attr.prog_type = g->type;
	j.attr.insn_cnt = g->code.ninsns;
	j.attr.insns = bu_ptr64(j.insns);
	j.attr.license = bu_ptr64(p->obj->license);
	j.attr.kern_version = p->obj->kern_version;
	j.attr.prog_flags = g->flags;
	j.attr.expected_attach_type = g->attach_type;
	j.attr.attach_btf_id = out->progs[prog].place.id;
	if (out->progs[prog].place.fd >= 0) /* one field: a program's fd, or a module's BTF */
		j.attr.attach_prog_fd = (uint32_t)out->progs[prog].place.fd;
	memcpy(j.attr.prog_name, g->kname, sizeof(j.attr.prog_name));

	fd = level ? load_logged(&j, level) : try_load(&j, 0);
	/* Kernels before 4.15 take no names. */
	if (fd == -E2BIG && !bu_sys_has(s, BU_FEAT_PROG_NAME)) {
		memset(j.attr.prog_name, 0, sizeof(j.attr.prog_name));
		fd = try_load(&j, 0);
	}
	/* A log that does not fit says nothing of the program. */
	if (fd == -ENOSPC && level)
		fd = try_load(&j, 0);
	if (fd < 0 && fd != -EPERM && !(level & 3))
		fd = load_logged(&j, BPF_LOG_LEVEL1);
	if (fd < 0 && j.attr.func_info_cnt && about_info(j.log)) {
		bu_diag(ds, BU_NOTE, "L0206", "program %s is loaded without line information, "
			"which the kernel refused", j.name);
		drop_info(&j);
		fd = load_logged(&j, BPF_LOG_LEVEL1);
	}
	if (fd < 0) {
		fd = refused(&j, fd, out, ds);
	} else if (level && j.log && j.log[0]) {
		out->progs[prog].log = j.log;
		j.log = NULL;
	}
out:
	free(j.insns);
	free(j.func);
	free(j.line);
	free(j.log);
	return fd;
}
