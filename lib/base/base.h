/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base: what every other module stands on.
 *
 *   memory     bu_arena (one per unit of work), bu_buf (growing bytes), bu_str (slice)
 *   lookup     bu_hash (string or u64 -> pointer), bu_near (did you mean)
 *   messages   bu_diag records, collected in a bu_diags sink, rendered at the edge
 *   output     bu_out: one printer, text or JSON
 *   command    bu_opt / bu_cmd tables: parsing, --help, completion from one place
 *   input      bu_json: reads JSON
 *   files      read whole, write beside and rename
 *
 * Nothing here prints or exits. Functions return 0 or -errno unless they say otherwise.
 * No object may be used by two threads at once; distinct objects may.
 */
#ifndef BU_BASE_H
#define BU_BASE_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BU_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define BU_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
/* End of member m in type t: the size of the shortest t that still holds m. */
#define BU_OFFSETOFEND(t, m) (offsetof(t, m) + sizeof(((t *)0)->m))

/* ---------------------------------------------------------------- slices */

/* n bytes at p, not NUL terminated, not owned. */
struct bu_str {
	const char *p;
	size_t n;
};

#define BU_STR(lit) ((struct bu_str){ (lit), sizeof(lit) - 1 })
static inline struct bu_str bu_str(const char *p, size_t n)
{
	return (struct bu_str){ p, n };
}
struct bu_str bu_str_c(const char *cstr);
bool bu_str_eq(struct bu_str a, struct bu_str b);
bool bu_str_is(struct bu_str a, const char *cstr);

/* The value of a hex digit of either case, -1 for any other character. */
int bu_hex_digit(char c);

/*
 * Reads one C integer literal (decimal, 0x, 0b, 0 octal; an optional sign; an optional K, M or G
 * suffix meaning 2^10, 2^20, 2^30), all of s. Negative values come back as two's complement with
 * *neg set. Returns 0, -EINVAL (no number), -ERANGE (more than 64 bits). neg may be NULL: then a
 * sign is -EINVAL.
 */
int bu_str_u64(struct bu_str s, uint64_t *val, bool *neg);

/*
 * Reads a duration such as 500ms, 2s, 1.5s, 3m, 1h, 100us, 7 (seconds), all of s, into
 * nanoseconds. Returns 0, -EINVAL, -ERANGE.
 */
int bu_str_duration(struct bu_str s, uint64_t *ns);

/* ---------------------------------------------------------------- arena */

struct bu_chunk;

/*
 * Memory for one unit of work, released at once. A failed allocation is sticky: it returns NULL,
 * and so does each later one; check bu_arena_failed() once at the end, and NULL where you
 * dereference.
 */
struct bu_arena {
	struct bu_chunk *head;
	size_t used; /* bytes handed out */
	bool failed;
};

void bu_arena_init(struct bu_arena *a);
/* Releases everything; the arena is as after init. */
void bu_arena_free(struct bu_arena *a);
/* size bytes, zeroed, aligned to 16. size 0 gives a unique pointer. NULL: out of memory. */
void *bu_arena_alloc(struct bu_arena *a, size_t size);
/* n * size bytes, zeroed; an overflow counts as out of memory. */
void *bu_arena_array(struct bu_arena *a, size_t n, size_t size);
/* Copies n bytes of p, plus a NUL. */
char *bu_arena_strndup(struct bu_arena *a, const char *p, size_t n);
char *bu_arena_strdup(struct bu_arena *a, const char *s);
void *bu_arena_memdup(struct bu_arena *a, const void *p, size_t n);
char *bu_arena_printf(struct bu_arena *a, const char *fmt, ...) BU_PRINTF(2, 3);
char *bu_arena_vprintf(struct bu_arena *a, const char *fmt, va_list ap);
static inline bool bu_arena_failed(const struct bu_arena *a)
{
	return a->failed;
}

/*
 * Grows an arena-held vector: *vec has *cap elements of size bytes of which n are used; makes room
 * for one more (doubling; the old copy stays in the arena). Returns vec's new address or NULL.
 *   v = bu_arena_grow(a, v, n, &cap, sizeof(*v)); if (!v) return -ENOMEM; v[n++] = x;
 */
void *bu_arena_grow(struct bu_arena *a, void *vec, size_t n, size_t *cap, size_t size);
/* The same for vectors that get large: pointers into the old one are no longer valid. */
void *bu_arena_regrow(struct bu_arena *a, void *vec, size_t n, size_t *cap, size_t size);

/* ---------------------------------------------------------------- buffers */

/* Growing bytes on the heap. A failed growth is sticky, as in the arena. {0} is a valid buffer. */
struct bu_buf {
	uint8_t *p;
	size_t n, cap;
	bool failed;
};

void bu_buf_free(struct bu_buf *b);
static inline void bu_buf_reset(struct bu_buf *b)
{
	b->n = 0;
}
/* Makes room for n more bytes and returns where they go (n is not yet counted), or NULL. */
uint8_t *bu_buf_room(struct bu_buf *b, size_t n);
int bu_buf_add(struct bu_buf *b, const void *p, size_t n);
int bu_buf_zero(struct bu_buf *b, size_t n);
int bu_buf_str(struct bu_buf *b, const char *s);
static inline int bu_buf_char(struct bu_buf *b, char c)
{
	uint8_t *to = b->n < b->cap && !b->failed ? b->p + b->n : bu_buf_room(b, 1);

	if (!to)
		return -ENOMEM;
	*to = (uint8_t)c;
	b->n++;
	return 0;
}
int bu_buf_printf(struct bu_buf *b, const char *fmt, ...) BU_PRINTF(2, 3);
int bu_buf_vprintf(struct bu_buf *b, const char *fmt, va_list ap);
/* Fast decimal and hex (with 0x) of v; no format string is parsed. */
int bu_buf_u64(struct bu_buf *b, uint64_t v);
int bu_buf_s64(struct bu_buf *b, int64_t v);
int bu_buf_hex(struct bu_buf *b, uint64_t v);
/* Bytes of the UTF-8 sequence of a character beyond ASCII at s, of which n are there; 0 when it is none. */
size_t bu_utf8_len(const uint8_t *s, size_t n);
/* Appends s as the inside of a JSON string: escapes, and U+FFFD for what is not UTF-8. */
int bu_buf_json_escape(struct bu_buf *b, const char *s, size_t n);
/* The text so far with a NUL behind it (not counted); "" when the buffer has failed. */
const char *bu_buf_cstr(struct bu_buf *b);

/*
 * Text through a pointer, for loops that made room before (bu_buf_room). Each returns what is behind it.
 */

/* The most that a number takes. */
#define BU_PUT_MAX 20

static inline char *bu_put_u64(char *p, uint64_t v)
{
	static const char pairs[] =
		"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
		"5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
	uint64_t ten = 100;
	unsigned n = 2;
	char *e;

	if (v < 10) {
		*p = (char)('0' + v);
		return p + 1;
	}
	for (; n < 20 && v >= ten; ten *= 10)
		n++;
	e = p + n;
	for (p = e; v >= 100; v /= 100)
		__builtin_memcpy(p -= 2, pairs + v % 100 * 2, 2);
	if (v >= 10)
		__builtin_memcpy(p - 2, pairs + v * 2, 2);
	else
		p[-1] = (char)('0' + v);
	return e;
}

static inline char *bu_put_s64(char *p, int64_t v)
{
	if (v < 0)
		*p++ = '-';
	return bu_put_u64(p, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* With 0x. Up to BU_PUT_MAX bytes are written, whatever it takes. */
static inline char *bu_put_hex(char *p, uint64_t v)
{
	unsigned n = v ? (67u - (unsigned)__builtin_clzll(v)) / 4 : 1;

	*p++ = '0';
	*p++ = 'x';
	if (n <= 8) { /* eight digits at once, a byte each, and what is in front goes */
		uint64_t x = v;

		x = (x | x << 16) & 0x0000ffff0000ffffu;
		x = (x | x << 8) & 0x00ff00ff00ff00ffu;
		x = (x | x << 4) & 0x0f0f0f0f0f0f0f0fu;
		x += 0x3030303030303030u + ((x + 0x0606060606060606u) >> 4 & 0x0101010101010101u) * ('a' - '0' - 10);
		x <<= 64 - 8 * n;
		if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
			x = __builtin_bswap64(x);
		__builtin_memcpy(p, &x, 8);
		return p + n;
	}
	for (char *q = p + n; q > p; v >>= 4)
		*--q = "0123456789abcdef"[v & 15];
	return p + n;
}

static inline char *bu_put_mem(char *p, const void *from, size_t n)
{
	__builtin_memcpy(p, from, n);
	return p + n;
}

/* ---------------------------------------------------------------- hash */

struct bu_hash_slot {
	const char *key; /* NULL: free. Not owned, must outlive the table. */
	size_t n;
	uint32_t hash;
	void *val;
};

/* Open addressing by byte strings; {0} is an empty table. Memory on the heap. */
struct bu_hash {
	struct bu_hash_slot *slots;
	size_t cap, n;
};

void bu_hash_free(struct bu_hash *h);
/* The value under the key of n bytes, or NULL. */
void *bu_hash_get(const struct bu_hash *h, const char *key, size_t n);
/* Puts val (not NULL) under key, replacing. The key's bytes are not copied. 0 or -ENOMEM. */
int bu_hash_put(struct bu_hash *h, const char *key, size_t n, void *val);
uint32_t bu_hash_bytes(const void *p, size_t n);

/* The first 8 bytes of a word of n > 0 bytes, zeros behind it; room bytes may be read at p (>= n). */
static inline uint64_t bu_word_head(const char *p, size_t n, size_t room)
{
	uint64_t w = 0;

	if (room >= 8 && !(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)) {
		__builtin_memcpy(&w, p, 8);
		return n < 8 ? w & (((uint64_t)1 << 8 * n) - 1) : w;
	}
	__builtin_memcpy(&w, p, n < 8 ? n : 8);
	return w;
}

/* A fast hash of a word, the same for any room; its upper bits are the good ones. */
static inline uint32_t bu_word_hash(const char *p, size_t n, size_t room)
{
	uint64_t h = (bu_word_head(p, n, room) ^ n) * 0x9e3779b97f4a7c15u, w;

	for (size_t i = 8; i < n; i += 8) {
		__builtin_memcpy(&w, p + (n - i < 8 ? n - 8 : i), 8);
		h = (h ^ h >> 32 ^ w) * 0xc2b2ae3d27d4eb4fu;
	}
	return (uint32_t)(h >> 32);
}

/* ---------------------------------------------------------------- did you mean */

/* Finds the candidate nearest to a word; feed each candidate, then read best. */
struct bu_near {
	struct bu_str word;
	const char *best; /* NULL: nothing near enough */
	size_t best_n;
	unsigned score;   /* smaller is nearer */
};

void bu_near_init(struct bu_near *n, const char *word, size_t len);
/* Considers one candidate; the string must live as long as best is used. */
void bu_near_feed(struct bu_near *n, const char *cand);

/* ---------------------------------------------------------------- diagnostics */

enum bu_severity { BU_NOTE, BU_WARNING, BU_ERROR };

/* A place in a text. The primary span of a record is its first. */
struct bu_span {
	const char *file;  /* as the user named it */
	uint32_t line;     /* from 1; 0: the file as a whole */
	uint32_t col;      /* from 1, in bytes */
	uint32_t len;      /* bytes underlined, at least 1 */
	struct bu_str src; /* the line's text without newline; .p NULL when not at hand */
	const char *label; /* may be NULL */
};

struct bu_remark {
	bool help; /* only a help proposes the fix; a note tells a circumstance */
	const char *text;
};

/* One message. All strings live in the sink's arena. */
struct bu_diag {
	enum bu_severity severity;
	const char *code; /* stable, a row of diag.def: "A0104" */
	const char *text; /* plain, lower case, no full stop, stands alone */
	const char *fix;  /* what the text of the first span should be; NULL: not known */
	const char *flag; /* the option that governs it, "-Wunreachable"; NULL: none. Not copied */
	struct bu_span span[4];
	unsigned nspans;
	struct bu_remark remark[12];
	unsigned nremarks;
	const char *json; /* further members of the JSON form, '"name":value,…'; NULL: none */
	struct bu_diag *next;
};

/* The sink: passed explicitly to whatever may have something to tell. */
struct bu_diags {
	struct bu_arena arena;
	struct bu_diag *first, *last;
	unsigned errors, warnings;
	unsigned max_errors; /* of each severity; 0: no limit; further ones are counted, not kept */
	struct bu_diag spare; /* takes what cannot be kept, so that add never fails */
};

void bu_diags_init(struct bu_diags *ds);
void bu_diags_free(struct bu_diags *ds);
/*
 * Adds a record. code is a row of diag.def. Never returns NULL (out of memory or over max_errors:
 * a scratch record), so that spans and remarks may be added without a check.
 */
struct bu_diag *bu_diag(struct bu_diags *ds, enum bu_severity sev, const char *code,
			const char *fmt, ...) BU_PRINTF(4, 5);
/* Adds a place; file, src and label are copied. label NULL or "" for none. */
void bu_diag_span(struct bu_diags *ds, struct bu_diag *d, const char *file, uint32_t line,
		  uint32_t col, uint32_t len, struct bu_str src, const char *label);
void bu_diag_note(struct bu_diags *ds, struct bu_diag *d, const char *fmt, ...) BU_PRINTF(3, 4);
void bu_diag_help(struct bu_diags *ds, struct bu_diag *d, const char *fmt, ...) BU_PRINTF(3, 4);
/* "did you mean 'NAME'?", and that NAME in place of the first span would be the fix. */
void bu_diag_mean(struct bu_diags *ds, struct bu_diag *d, const char *name, size_t n);

enum bu_diag_format { BU_DIAG_TEXT, BU_DIAG_SHORT, BU_DIAG_JSON };

/*
 * Renders one record.
 *   TEXT   file:line:col: error: text [A0104], the source line, a caret line, notes, help
 *   SHORT  the first of these lines only
 *   JSON   {"error":"text","severity":…,"code":…,"spans":[…],"notes":[…],"help":[…]}, no newline
 * color: ANSI colours in the text forms. prog is named where a record has no span ("bpf-ld: error: …").
 */
void bu_diag_render(struct bu_buf *out, const struct bu_diag *d, enum bu_diag_format fmt,
		    bool color, const char *prog);
/* Renders every kept record in order. JSON: see bu_out's users; here one object per line. */
void bu_diags_render(struct bu_buf *out, const struct bu_diags *ds, enum bu_diag_format fmt,
		     bool color, const char *prog);
/* The long text of a code for --explain, or NULL; title too when title is not NULL. */
const char *bu_diag_explain(const char *code, const char **title);
/* "EPERM" for EPERM or -EPERM; "errno 4711" when unknown (static storage per thread). */
const char *bu_errno_name(int err);
/* strerror(3) of err or -err, with words for the kernel's ENOTSUPP, which the C library does not know. */
const char *bu_strerror(int err);

/* ---------------------------------------------------------------- output */

/*
 * One printer for text and JSON. Each value call carries both: the JSON key and value, and the
 * text's printf format. In text mode begin/end print nothing; in JSON mode bu_out_text prints
 * nothing. A NULL key is for values inside arrays; a NULL fmt prints nothing in text mode, and a
 * key of BU_NO_JSON prints nothing in JSON mode.
 */
#define BU_NO_JSON ((const char *)-1)
struct bu_out {
	struct bu_buf buf;
	/* Takes finished bytes; 0 or -errno. Errors are sticky in err. */
	int (*write)(void *ctx, const void *p, size_t n);
	void *ctx;
	bool json, pretty;
	bool color; /* text mode */
	bool exact; /* JSON mode: integers beyond 2^53, which many readers round, as strings */
	int err;
	/* private */
	unsigned depth;
	uint8_t first[64];
};

void bu_out_init(struct bu_out *o, int (*write)(void *, const void *, size_t), void *ctx);
/* Ready-made writer for a file descriptor: ctx is (void *)(intptr_t)fd. */
int bu_out_write_fd(void *ctx, const void *p, size_t n);
/* Hands what is buffered to write. bu_out does so by itself whenever 256 KiB are there. */
int bu_out_flush(struct bu_out *o);
/* Closes a JSON document with a newline and flushes: another may follow. Returns the first error. */
int bu_out_next(struct bu_out *o);
/* The same, and frees. */
int bu_out_finish(struct bu_out *o);
void bu_out_obj(struct bu_out *o, const char *key);
void bu_out_obj_end(struct bu_out *o);
void bu_out_arr(struct bu_out *o, const char *key);
void bu_out_arr_end(struct bu_out *o);
void bu_out_uint(struct bu_out *o, const char *key, uint64_t v, const char *fmt, ...)
	BU_PRINTF(4, 5);
void bu_out_int(struct bu_out *o, const char *key, int64_t v, const char *fmt, ...)
	BU_PRINTF(4, 5);
void bu_out_bool(struct bu_out *o, const char *key, bool v, const char *fmt, ...)
	BU_PRINTF(4, 5);
/* s of n bytes; n = SIZE_MAX: up to the NUL. Need not be UTF-8. */
void bu_out_str(struct bu_out *o, const char *key, const char *s, size_t n, const char *fmt, ...)
	BU_PRINTF(5, 6);
void bu_out_null(struct bu_out *o, const char *key);
/* A JSON value given as finished text (a number, a nested document). */
void bu_out_raw(struct bu_out *o, const char *key, const char *json, const char *fmt, ...)
	BU_PRINTF(4, 5);
/* Text mode only. */
void bu_out_text(struct bu_out *o, const char *fmt, ...) BU_PRINTF(2, 3);

/* ---------------------------------------------------------------- JSON in */

/*
 * A place in a JSON text, which may be anything. Each call takes the next value, or says false and
 * sets error, which is sticky: a loop is checked once, behind it.
 *
 *   bu_json_obj(&j); while (bu_json_key(&j, &key)) …one value…;
 *   bu_json_arr(&j); while (bu_json_elem(&j)) …one value…;
 */
struct bu_json {
	struct bu_str text;
	size_t at;
	const char *error;  /* NULL: all is well; static */
	size_t error_at;
	/* private */
	unsigned depth;
	uint64_t first;     /* by depth: no element has been taken */
};
enum bu_json_kind { BU_JSON_NONE, BU_JSON_NULL, BU_JSON_BOOL, BU_JSON_NUMBER, BU_JSON_STRING, BU_JSON_ARRAY,
		    BU_JSON_OBJECT };
/* The text must outlive j. */
void bu_json_init(struct bu_json *j, struct bu_str text);
/* What the next value is, by its first character. NONE: there is none, or an error. */
enum bu_json_kind bu_json_kind(struct bu_json *j);
/* Enters an array or object (at most 63 deep). */
bool bu_json_arr(struct bu_json *j);
bool bu_json_obj(struct bu_json *j);
/* Is there a further element, or member? Its value is next. The end of the list is taken. */
bool bu_json_elem(struct bu_json *j);
bool bu_json_key(struct bu_json *j, struct bu_buf *key);
/* Appends the bytes of a string to out, which may be NULL. */
bool bu_json_string(struct bu_json *j, struct bu_buf *out);
bool bu_json_u64(struct bu_json *j, uint64_t *v);
/* Checks and passes one value of any kind; its text in raw, which may be NULL. */
bool bu_json_skip(struct bu_json *j, struct bu_str *raw);
/* Is there nothing behind the value? */
bool bu_json_end(struct bu_json *j);
/* The line (from 1) and column (from 1, in bytes) of a place. */
uint32_t bu_json_line(const struct bu_json *j, size_t at, uint32_t *col);
/* Are two checked texts the same but for blanks between their parts? */
bool bu_json_same(struct bu_str a, struct bu_str b);

/* ---------------------------------------------------------------- digests */

void bu_sha1(const void *p, size_t n, uint8_t out[20]);
void bu_sha256(const void *p, size_t n, uint8_t out[32]);

/* ---------------------------------------------------------------- terminal */

enum bu_color_when { BU_COLOR_AUTO, BU_COLOR_ALWAYS, BU_COLOR_NEVER };
/* auto: fd is a tty, TERM is not dumb, NO_COLOR is unset or empty. */
bool bu_tty_color(int fd, enum bu_color_when when);
int bu_tty_color_parse(const char *word, enum bu_color_when *when);

/* ---------------------------------------------------------------- command lines */

/* What completes an option's argument or a command's operand. */
enum bu_word { BU_WORD_NONE, BU_WORD_FILE, BU_WORD_DIR, BU_WORD_LIST, BU_WORD_DYNAMIC };

/* One row per option; the table ends with a row of id 0. */
struct bu_opt {
	int id;              /* > 0; what the parser reports */
	char letter;         /* 0: none */
	const char *name;    /* without dashes; NULL: letter only */
	const char *arg;     /* NULL: takes none; "[WHEN]" in brackets: optional, after '=' only */
	const char *summary; /* one line for --help and completion */
	enum bu_word word;
	const char *list;    /* BU_WORD_LIST: "auto|always|never" */
};

/* One row per command path ("map dump"); the table ends with a row whose path is NULL. */
struct bu_cmd {
	int id;
	const char *path;    /* words by one space */
	const char *args;    /* "MAP key DATA", for help */
	const char *summary;
	enum bu_word word;
};

/*
 * A scan over argv. Options may stand anywhere before "--"; long options may be cut to an
 * unambiguous prefix; --name=arg and --name arg, -xARG and -x ARG, -abc bundles.
 */
struct bu_optscan {
	const struct bu_opt *opts;
	int argc;
	char **argv;
	int i;            /* next word */
	const char *rest; /* inside a bundle */
	/* results of the last bu_opt_next */
	const struct bu_opt *opt;
	const char *arg;  /* the option's argument, or the operand */
	bool dashdash;    /* "--" has been passed */
	bool stop_at_operand; /* set by the caller: the first operand ends the options (POSIX) */
	char error[160];  /* text for a wrong command line */
	char hint[160];   /* did you mean, or "" */
};

enum { BU_OPT_END = 0, BU_OPT_OPERAND = -1, BU_OPT_ERROR = -2 };
/* argv[0] is skipped. */
void bu_opt_start(struct bu_optscan *s, const struct bu_opt *opts, int argc, char **argv);
/* The next option's id, BU_OPT_OPERAND (in arg), BU_OPT_END, or BU_OPT_ERROR (in error, hint). */
int bu_opt_next(struct bu_optscan *s);
/* Appends the option list of --help: two aligned columns, 80 wide. */
void bu_opt_help(struct bu_buf *out, const struct bu_opt *opts);
/*
 * Answers a hidden "--complete -- words…" call: candidates for the last word, one
 * "word<TAB>description" a line. File names are left to the shell: the line "\x01file" or
 * "\x01dir" asks it for them. cmds may be NULL. dynamic (may be NULL) adds what only the program
 * knows, for words that the tables call BU_WORD_DYNAMIC.
 */
void bu_opt_complete(struct bu_buf *out, const struct bu_opt *opts, const struct bu_cmd *cmds,
		     int nwords, char **words,
		     void (*dynamic)(struct bu_buf *out, const struct bu_opt *opt,
				     const struct bu_cmd *cmd, int nwords, char **words));

/* Exit statuses of all tools. 128+n: ended by signal n. */
enum { BU_EXIT_OK = 0, BU_EXIT_FAIL = 1, BU_EXIT_USAGE = 2, BU_EXIT_UNSUPPORTED = 3, BU_EXIT_IO = 4 };

/* ---------------------------------------------------------------- files */

/*
 * Reads a whole file ("-": standard input) of at most max bytes into out (a NUL behind it, not
 * counted). 0, -errno, -EFBIG.
 */
int bu_file_read(const char *path, size_t max, struct bu_buf *out);

/*
 * The same for a large file without reading it: maps it, with room for a NUL behind it. *mapped is then the
 * size to unmap; 0: the file was read, bu_buf_free() frees it. A file that is cut off while it is mapped
 * raises SIGBUS.
 */
int bu_file_map(const char *path, size_t max, struct bu_buf *out, size_t *mapped);

/* An output file that appears under its name only when it is whole. */
struct bu_outfile {
	int fd;          /* write here */
	char *tmp, *path; /* heap */
};
/*
 * Opens a temporary file beside path, mode 0666 & ~umask. "-", "/dev/stdout": standard output itself; a
 * device or pipe is written as it is (tmp is NULL then), a symbolic link's target is replaced, or written when it has
 * no name. 0 or -errno.
 */
int bu_outfile_open(struct bu_outfile *f, const char *path);
/* Closes and renames. On an error the temporary file is gone and path untouched. 0 or -errno. */
int bu_outfile_commit(struct bu_outfile *f);
/* Closes and removes; harmless after commit. */
void bu_outfile_abort(struct bu_outfile *f);
/*
 * For the start of a program whose caller closed standard input, output or error: their numbers would be given to the
 * next files that are opened, and what is to be told would be written there. They stay as good as closed (EBADF).
 */
void bu_std_fds(void);
/* Writes all n bytes, EINTR and short writes included. 0 or -errno. */
int bu_write_all(int fd, const void *p, size_t n);

/* ---------------------------------------------------------------- byte order */

/* Is this process big endian? */
#define BU_HOST_BE (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

static inline uint16_t bu_get16(const void *p, bool be)
{
	const uint8_t *b = p;
	return be ? (uint16_t)(b[0] << 8 | b[1]) : (uint16_t)(b[1] << 8 | b[0]);
}
static inline uint32_t bu_get32(const void *p, bool be)
{
	const uint8_t *b = p;
	return be ? (uint32_t)bu_get16(b, true) << 16 | bu_get16(b + 2, true)
		  : (uint32_t)bu_get16(b + 2, false) << 16 | bu_get16(b, false);
}
static inline uint64_t bu_get64(const void *p, bool be)
{
	const uint8_t *b = p;
	return be ? (uint64_t)bu_get32(b, true) << 32 | bu_get32(b + 4, true)
		  : (uint64_t)bu_get32(b + 4, false) << 32 | bu_get32(b, false);
}
static inline void bu_put16(void *p, bool be, uint16_t v)
{
	v = be == BU_HOST_BE ? v : __builtin_bswap16(v);
	__builtin_memcpy(p, &v, sizeof(v));
}
static inline void bu_put32(void *p, bool be, uint32_t v)
{
	v = be == BU_HOST_BE ? v : __builtin_bswap32(v);
	__builtin_memcpy(p, &v, sizeof(v));
}
static inline void bu_put64(void *p, bool be, uint64_t v)
{
	v = be == BU_HOST_BE ? v : __builtin_bswap64(v);
	__builtin_memcpy(p, &v, sizeof(v));
}

#endif
