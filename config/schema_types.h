/* schema_types - what the value of a key may be, and what it becomes in the model. */
#ifndef CONFIG_SCHEMA_TYPES_H
#define CONFIG_SCHEMA_TYPES_H

enum schema_type {
	SCHEMA_NUMBER,   /* uint32_t */
	SCHEMA_DURATION, /* uint64_t, microseconds */
	SCHEMA_SIZE,     /* uint64_t, bytes */
	SCHEMA_PERCENT,  /* uint32_t */
	SCHEMA_WEIGHT,   /* uint32_t; a number or a percentage */
	SCHEMA_CHOICE,   /* an enum or a bool: the index of the word */
	SCHEMA_NAME,     /* struct str */
	SCHEMA_LINE,     /* struct str */
	SCHEMA_TOKEN,    /* struct str; the name of a header or of a cookie */
	SCHEMA_ADDRESS,  /* struct addr */
	SCHEMA_PORT,     /* the port of a struct addr of all interfaces */
	SCHEMA_RANGES,   /* struct model_cidrs */
	SCHEMA_PROXY,    /* proxy_protocol of a listener */
	SCHEMA_ACCESS,   /* access and access_file */
	SCHEMA_ARMS,     /* struct model_arms */
	SCHEMA_TLS,      /* struct model_upstream_tls: on, off or a map */
	SCHEMA_CERTS,    /* an array of struct model_cert */
	SCHEMA_SNI,      /* an array of struct model_sni */
	SCHEMA_MATCH,    /* listeners to queries of a route */
	SCHEMA_LISTENERS,
	SCHEMA_HOST,
	SCHEMA_PATH,
	SCHEMA_METHODS,
	SCHEMA_HEADERS,
	SCHEMA_QUERIES,  /* of a match */
	SCHEMA_ENDPOINT, /* text, host and address of an endpoint */
	SCHEMA_SERVICE,  /* text and service of an endpoint */
	SCHEMA_ROSTER,   /* text and file of an endpoint */
	SCHEMA_SERVERS,  /* an array of struct addr */
	SCHEMA_HASH_KEY, /* hash_key and hash_name */
	SCHEMA_ASK,      /* every, and a struct model_ask, of a check */
	SCHEMA_FIELDS,   /* struct model_fields */
	SCHEMA_SET,      /* uint32_t; a bit for the index of each word */
	SCHEMA_STATUSES, /* struct statuses */
	SCHEMA_PART,     /* a map of rows that lie in the same struct */
	SCHEMA_STRUCT,   /* a map of rows of a struct of its own, which lies here */
	SCHEMA_MAP,      /* NAME: {rows}, an array of structs in the model */
	SCHEMA_LIST,     /* - {rows}, an array of structs */
	SCHEMA_FILES,    /* include; done before the rows are read */
	SCHEMA_VERSION,  /* nothing to store */
};

#endif
