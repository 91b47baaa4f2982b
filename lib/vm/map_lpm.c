/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps: the lpm family. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/map.h"
