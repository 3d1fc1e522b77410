#include "http/chars.h"

/* The classes are predicates; the compiler makes the table of them. */
#define IS_DIGIT(c)   ((c) >= '0' && (c) <= '9')
#define IS_ALPHA(c)   (((c) >= 'a' && (c) <= 'z') || ((c) >= 'A' && (c) <= 'Z'))
#define IS_ALNUM(c)   (IS_DIGIT(c) || IS_ALPHA(c))
#define IS_BLANK(c)   ((c) == ' ' || (c) == '\t')
#define IS_VISIBLE(c) ((c) > 0x20 && (c) < 0x7f)
#define IS_HEX(c)     (IS_DIGIT(c) || ((c) >= 'a' && (c) <= 'f') || ((c) >= 'A' && (c) <= 'F'))
#define IS_HOST(c)    (IS_ALNUM(c) || (c) == '-' || (c) == '.' || (c) == '_' || (c) == '~')
#define IS_VALUE(c)   (IS_BLANK(c) || IS_VISIBLE(c) || (c) > 0x7f)
#define IS_TOKEN(c)                                                                                \
	(IS_ALNUM(c) || (c) == '!' || (c) == '#' || (c) == '$' || (c) == '%' || (c) == '&' ||      \
	    (c) == '\'' || (c) == '*' || (c) == '+' || (c) == '-' || (c) == '.' || (c) == '^' ||   \
	    (c) == '_' || (c) == '`' || (c) == '|' || (c) == '~')
#define IS_QUERY(c) (IS_VISIBLE(c) && (c) != '#' && (c) != '%')
#define IS_PATH(c)  (IS_QUERY(c) && (c) != '/' && (c) != '?' && (c) != '\\')

#define CLASS(c)                                                                                   \
	((IS_TOKEN(c) ? CHAR_TOKEN : 0) | (IS_VALUE(c) ? CHAR_VALUE : 0) |                         \
	    (IS_HOST(c) ? CHAR_HOST : 0) | (IS_PATH(c) ? CHAR_PATH : 0) |                          \
	    (IS_QUERY(c) ? CHAR_QUERY : 0) | (IS_HEX(c) ? CHAR_HEX : 0) |                          \
	    (IS_BLANK(c) ? CHAR_BLANK : 0))
#define CLASS4(c)  CLASS(c), CLASS((c) + 1), CLASS((c) + 2), CLASS((c) + 3)
#define CLASS16(c) CLASS4(c), CLASS4((c) + 4), CLASS4((c) + 8), CLASS4((c) + 12)
#define CLASS64(c) CLASS16(c), CLASS16((c) + 16), CLASS16((c) + 32), CLASS16((c) + 48)

const uint8_t chars_class[256] = {CLASS64(0), CLASS64(64), CLASS64(128), CLASS64(192)};
