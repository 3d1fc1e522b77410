/* client - one connection of a client: reads the PROXY header where one is due, speaks a codec,
 * begins an exchange for each new stream (or a tunnel), closes when it is over. */
#ifndef FLOW_CLIENT_H
#define FLOW_CLIENT_H

#include "flow/listener.h"

enum client_at {
	CLIENT_PROXY,  /* waits for the PROXY protocol header */
	CLIENT_TLS,    /* shakes hands */
	CLIENT_HELLO,  /* waits for a TLS hello that it only looks at */
	CLIENT_OPEN,   /* its codec reads and writes */
	CLIENT_TUNNEL, /* the conn is a tunnel's */
	CLIENT_LINGER, /* said its last word; swallows what the peer still sends, then closes */
	CLIENT_CLOSED,
};

struct client {
	struct conn conn;
	struct codec *codec;   /* owned; NULL: tunnel */
	struct tunnel *tunnel; /* at CLIENT_TUNNEL */
	struct listener *listener;
	struct worker *worker;
	struct identity *identity; /* owned; NULL: has shown no certificate */
	LIST_ENTRY(client) entry;  /* in worker.all_clients */
	struct addr peer;   /* who is at the other end; after a PROXY header, whom it named */
	struct addr local;  /* the same for our side; family 0: the listener's address */
	uint64_t phase_at;  /* when the phase began that a timeout bounds */
	uint32_t exchanges; /* running on it */
	uint8_t at;         /* enum client_at */
	bool timed_out;
	bool served;   /* has had a first request */
	bool hup_seen; /* half-closed, or gone: decided after a grace */
	struct reap reap;
};

/* Takes the accepted descriptor. */
void client_open(struct listener *l, int fd, const struct addr *peer);
void client_close(struct client *c);
/* The handshake is done: what it says is plain text from here on. */
void client_secured(struct client *c);
/* Its last word is said, but the peer may still be sending: closes when it stops, or soon. */
void client_linger(struct client *c);
/* An exchange on it has finished (its stream has ended). */
void client_exchange_done(struct client *c);
/* One too many: told why (503) where the protocol allows, and closed. Takes fd. */
void client_refuse(struct listener *l, int fd, enum fault why);
/* Closes an idle connection, lets a busy one finish: the listener drains. */
void client_drain(struct client *c);
/* Ends what runs on it, now; how many exchanges or tunnels that were. */
uint32_t client_cut(struct client *c, enum fault why);

#endif
