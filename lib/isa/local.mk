lib_libbu_a_SOURCES += lib/isa/isa.h
