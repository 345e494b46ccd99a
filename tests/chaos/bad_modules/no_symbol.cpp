// SPDX-License-Identifier: Apache-2.0
//
// Has the note of a module, and nothing behind it.
#include <weir/module.h>

WEIR_NOTE("no_symbol", "1.0", "0", "weir.http-filter/1");

WEIR_EXPORT int another_symbol(void);
int another_symbol(void) { return 0; }
