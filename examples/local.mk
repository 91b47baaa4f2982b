# SPDX-License-Identifier: GPL-2.0-or-later
noinst_PROGRAMS += examples/leak
examples_leak_SOURCES = examples/leak.c
EXTRA_DIST += examples/skbleak.s examples/skbleak.rec examples/demo.sh
TESTS += tests/demo.bats
EXTRA_DIST += tests/demo.bats
