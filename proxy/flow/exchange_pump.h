/* exchange_pump - moves the messages of an exchange between its two streams: what has arrived on
 * one side goes to the other while there is room. No decisions about the exchange's steps here. */
#ifndef FLOW_EXCHANGE_PUMP_H
#define FLOW_EXCHANGE_PUMP_H

#include "flow/exchange.h"

/* The request's body and trailers; keeps what may have to be sent again. */
void exchange_pump_request(struct exchange *x);
/* 1xx answers, one at a time. */
void exchange_pump_interim(struct exchange *x);
/* The final answer's head goes to the client. False: it cannot be passed on, x->fault says why. */
bool exchange_answer(struct exchange *x);
/* Its body and trailers. */
void exchange_pump_response(struct exchange *x);

#endif
