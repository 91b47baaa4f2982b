lib_libbu_a_SOURCES += lib/obj/obj.h
