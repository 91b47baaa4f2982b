# SPDX-License-Identifier: GPL-2.0-or-later
lib_libbu_a_SOURCES += lib/obj/obj.h lib/obj/objpriv.h lib/obj/obj.c lib/obj/elfread.c \
	lib/obj/elfwrite.c lib/obj/objindex.c lib/obj/objmaps.c lib/obj/objlink.c
