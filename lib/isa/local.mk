# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libbu_a_SOURCES += lib/isa/isa.h lib/isa/isa.def lib/isa/alt.def lib/isa/dialect.def lib/isa/helper.def \
	lib/isa/maptype.def lib/isa/progtype.def lib/isa/attachtype.def lib/isa/linktype.def \
	lib/isa/section.def lib/isa/hook.def lib/isa/const.def lib/isa/field.def \
	lib/isa/section.def lib/isa/secword.def lib/isa/const.def lib/isa/field.def \
	lib/isa/encode.c lib/isa/print.c lib/isa/print_kernel.c \
	lib/isa/lex.h lib/isa/lex.c lib/isa/trie.h lib/isa/trie.c lib/isa/match.c lib/isa/shape.c lib/isa/skel.c lib/isa/expected.c lib/isa/dialect.c \
	lib/isa/names.h lib/isa/names.c lib/isa/seclike.c lib/isa/tables.c lib/isa/context.c
lib_libbu_a_SOURCES += lib/isa/isa.h
lib_libbu_a_SOURCES += lib/isa/isa.def
lib_libbu_a_SOURCES += lib/isa/alt.def
lib_libbu_a_SOURCES += lib/isa/dialect.def
lib_libbu_a_SOURCES += lib/isa/helper.def
lib_libbu_a_SOURCES += lib/isa/maptype.def
lib_libbu_a_SOURCES += lib/isa/progtype.def
lib_libbu_a_SOURCES += lib/isa/attachtype.def
lib_libbu_a_SOURCES += lib/isa/linktype.def
lib_libbu_a_SOURCES += lib/isa/section.def
lib_libbu_a_SOURCES += lib/isa/hook.def
lib_libbu_a_SOURCES += lib/isa/const.def
lib_libbu_a_SOURCES += lib/isa/field.def
lib_libbu_a_SOURCES += lib/isa/secword.def
lib_libbu_a_SOURCES += lib/isa/encode.c
lib_libbu_a_SOURCES += lib/isa/print.c
lib_libbu_a_SOURCES += lib/isa/print_kernel.c
lib_libbu_a_SOURCES += lib/isa/lex.h
lib_libbu_a_SOURCES += lib/isa/lex.c
lib_libbu_a_SOURCES += lib/isa/trie.h
lib_libbu_a_SOURCES += lib/isa/trie.c
lib_libbu_a_SOURCES += lib/isa/match.c
lib_libbu_a_SOURCES += lib/isa/shape.c
lib_libbu_a_SOURCES += lib/isa/expected.c
lib_libbu_a_SOURCES += lib/isa/dialect.c
lib_libbu_a_SOURCES += lib/isa/names.h
lib_libbu_a_SOURCES += lib/isa/names.c
lib_libbu_a_SOURCES += lib/isa/seclike.c
lib_libbu_a_SOURCES += lib/isa/tables.c
lib_libbu_a_SOURCES += lib/isa/context.c
check_PROGRAMS += tests/unit/isa_test
tests_unit_isa_test_SOURCES = tests/unit/isa_test.c tests/unit/isa_encodings.h
tests_unit_isa_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/isa_test
check_PROGRAMS += tests/unit/isa_tables_test
tests_unit_isa_tables_test_SOURCES = tests/unit/isa_tables_test.c tests/unit/isa_uapi.c tests/unit/isa_uapi.h
tests_unit_isa_tables_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/isa_tables_test
check_PROGRAMS += tests/unit/isa_kernel_test
tests_unit_isa_kernel_test_SOURCES = tests/unit/isa_kernel_test.c
tests_unit_isa_kernel_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/isa_kernel_test
check_PROGRAMS += tests/unit/isa_words_test
tests_unit_isa_words_test_SOURCES = tests/unit/isa_words_test.c
tests_unit_isa_words_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/isa_words_test
check_PROGRAMS += tests/unit/isa_args_test
tests_unit_isa_args_test_SOURCES = tests/unit/isa_args_test.c
tests_unit_isa_args_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/isa_args_test
