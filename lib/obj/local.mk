# SPDX-License-Identifier: GPL-2.0-or-later
lib_libbu_a_SOURCES += lib/obj/obj.h lib/obj/objpriv.h lib/obj/obj.c lib/obj/elfwrite.c
