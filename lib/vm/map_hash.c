/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps: the hash family. */
#include "vm/map.h"
