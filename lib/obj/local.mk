# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libbu_a_SOURCES += lib/obj/archive.c
lib_libbu_a_SOURCES += lib/obj/obj.h
lib_libbu_a_SOURCES += lib/obj/objpriv.h
lib_libbu_a_SOURCES += lib/obj/obj.c
lib_libbu_a_SOURCES += lib/obj/elfread.c
lib_libbu_a_SOURCES += lib/obj/elfwrite.c
lib_libbu_a_SOURCES += lib/obj/objindex.c
lib_libbu_a_SOURCES += lib/obj/objmaps.c
lib_libbu_a_SOURCES += lib/obj/objlegacy.c
lib_libbu_a_SOURCES += lib/obj/objlink.c
lib_libbu_a_SOURCES += lib/obj/merge.h
lib_libbu_a_SOURCES += lib/obj/objmerge.c
lib_libbu_a_SOURCES += lib/obj/mergesym.c
lib_libbu_a_SOURCES += lib/obj/mergebtf.c
lib_libbu_a_SOURCES += lib/obj/obj.h lib/obj/objpriv.h lib/obj/obj.c lib/obj/elfread.c \
	lib/obj/elfwrite.c lib/obj/objindex.c lib/obj/objmaps.c lib/obj/objlegacy.c lib/obj/objkconfig.c \
	lib/obj/objlink.c
lib_libbu_a_SOURCES += lib/obj/objlibc.c
lib_libbu_a_SOURCES += lib/obj/objcommon.c
lib_libbu_a_SOURCES += lib/obj/objstructops.c
check_PROGRAMS += tests/unit/obj_test
tests_unit_obj_test_SOURCES = tests/unit/obj_test.c
tests_unit_obj_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/obj_test
check_PROGRAMS += tests/fuzz/obj_fuzz
tests_fuzz_obj_fuzz_SOURCES = tests/fuzz/obj_fuzz.c
tests_fuzz_obj_fuzz_LDADD = $(LIBS_BU)
TESTS += tests/fuzz/obj_fuzz
