/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps: the array family. */
#include "vm/map.h"
