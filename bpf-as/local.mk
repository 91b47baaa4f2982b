# SPDX-License-Identifier: GPL-2.0-or-later
bin_PROGRAMS += bpf-as/bpf-as
AS_STAGES = bpf-as/as.h bpf-as/as.c bpf-as/btf.c bpf-as/check.c bpf-as/data.c \
	bpf-as/dialect.c bpf-as/directive.c bpf-as/directive.def bpf-as/directive.h bpf-as/dis.c bpf-as/emit.c bpf-as/expr.c bpf-as/fixup.c \
	bpf-as/insn.c bpf-as/map.c bpf-as/section.c bpf-as/src.c bpf-as/symbol.c \
	bpf-as/words.c
AS_STAGES += bpf-as/cond.c bpf-as/deps.c bpf-as/lang.h bpf-as/macro.c bpf-as/number.c \
	bpf-as/place.c bpf-as/skim.c bpf-as/subst.c bpf-as/talk.c
TESTS += tests/as-gnu.bats
EXTRA_DIST += tests/as-gnu.bats tests/golden/as/gnu-data.s
bpf_as_bpf_as_SOURCES = bpf-as/main.c $(AS_STAGES)
bpf_as_bpf_as_LDADD = $(LIBS_BU)
TESTS += tests/as.bats tests/as-errors.bats tests/as-load.bats
TESTS += tests/as-dialects.bats
EXTRA_DIST += tests/as-dialects.bats tests/golden/as/spellings.txt
EXTRA_DIST += tests/as.bats tests/as-errors.bats tests/as-load.bats tests/golden/as/encodings.s tests/golden/as/err-dir.s \
	tests/golden/as/err-flow.s tests/golden/as/err-imm.s tests/golden/as/err-insn.s \
	tests/golden/as/err-map.s tests/golden/as/err-names.s
check_PROGRAMS += tests/fuzz/as_fuzz
tests_fuzz_as_fuzz_SOURCES = tests/fuzz/as_fuzz.c $(AS_STAGES)
tests_fuzz_as_fuzz_LDADD = $(LIBS_BU)
TESTS += tests/fuzz/as_fuzz
# types, functions, CO-RE
AS_STAGES += bpf-as/builtin.def bpf-as/ctype.c bpf-as/typebtf.c bpf-as/typepath.c bpf-as/types.c bpf-as/types.h
TESTS += tests/as-types.bats
EXTRA_DIST += tests/as-types.bats tests/golden/as/types.s tests/golden/as/err-types.s tests/golden/as/err-typexpr.s
