/* variable - ${NAME}, ${NAME:-default} and ${file:PATH} inside of scalars. Replaced after the file
 * was parsed, so that a value can never add a key or a line; $${ stands for ${ itself. */
#ifndef CONFIG_VARIABLE_H
#define CONFIG_VARIABLE_H

#include "config/document.h"

/* In all values below n, not in keys. Paths are relative to the document's folder. */
void variables_replace(struct node *n, struct arena *arena, struct errors *errors);

#endif
