/* yaml_json - a configuration's YAML as the JSON that means the same. */
#ifndef RUN_YAML_JSON_H
#define RUN_YAML_JSON_H

#include <jansson.h>

#include "config/load.h"

/* The effective configuration (model_print's, without origins) as JSON; to be released with
 * json_decref. Whole numbers are numbers, everything else is text. */
json_t *model_json(const struct model *model);

#endif
