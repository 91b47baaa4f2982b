/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps: the queue family. */
#include "vm/map.h"
