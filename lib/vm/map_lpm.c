/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps: the lpm family. */
#include "vm/map.h"
