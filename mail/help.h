/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What --help prints. Static texts. */
#pragma once

#include "options.h"

const char *help_program(void);
const char *help_command(Command command); /* sign, encrypt, decrypt or verify */
const char *help_openssl(void);
