/* fault_rows - the table of fault.h. */
#ifndef BASE_FAULT_ROWS_H
#define BASE_FAULT_ROWS_H

/* clang-format off */
/*    word                              http grpc whose     retry      sentence */
#define FAULTS(F) \
	F(none,                              200,  0, NOBODY,   NEVER,     "nothing went wrong") \
	F(http_request_error,                400, 13, CLIENT,   NEVER,     "the request is malformed") \
	F(http_request_denied,               403,  7, CLIENT,   NEVER,     "the request is not allowed here") \
	F(request_timeout,                   408,  4, CLIENT,   NEVER,     "the client took too long to send its request") \
	F(content_too_large,                 413,  8, CLIENT,   NEVER,     "the request body is larger than allowed") \
	F(uri_too_long,                      414,  8, CLIENT,   NEVER,     "the request target is longer than allowed") \
	F(expectation_failed,                417, 12, CLIENT,   NEVER,     "the request expects what weir does not know") \
	F(header_too_large,                  431,  8, CLIENT,   NEVER,     "the header section is larger than allowed") \
	F(client_gone,                       499,  1, CLIENT,   NEVER,     "the client left before its answer was complete") \
	F(frame_flood,                       400,  8, CLIENT,   NEVER,     "the client sends frames to no use, faster than it may") \
	F(stream_resets,                     400,  8, CLIENT,   NEVER,     "the client has streams reset faster than it may") \
	F(client_hello_malformed,            400, 13, CLIENT,   NEVER,     "the client's first bytes are no TLS hello") \
	F(unrecognized_name,                 421, 14, CLIENT,   NEVER,     "the client asked for a TLS server that is not known here") \
	F(not_implemented,                   501, 12, CLIENT,   NEVER,     "the transfer coding or method is not implemented") \
	F(version_unsupported,               505, 12, CLIENT,   NEVER,     "the HTTP version is not supported") \
	F(no_route,                          404, 12, WEIR,     NEVER,     "no route matches this host and path") \
	F(proxy_internal_error,              500, 13, WEIR,     NEVER,     "weir could not handle the request") \
	F(proxy_configuration_error,         500, 13, WEIR,     NEVER,     "the configuration cannot serve this request") \
	F(connection_limit_reached,          503, 14, WEIR,     NEVER,     "a limit on connections or requests is reached") \
	F(concurrency_limited,               503, 14, WEIR,     NEVER,     "the backend has as many requests as it can take") \
	F(circuit_open,                      503, 14, WEIR,     NEVER,     "the backend fails too often and is left alone for a while") \
	F(queue_full,                        503, 14, WEIR,     NEVER,     "too many requests wait for a place at the backend") \
	F(queue_timeout,                     503, 14, WEIR,     NEVER,     "no place at the backend became free in time") \
	F(idle_timeout,                      408,  4, WEIR,     NEVER,     "nothing moved for too long") \
	F(overload_shed,                     503, 14, WEIR,     NEVER,     "weir itself has too much to do") \
	F(drain_timeout,                     503, 14, WEIR,     NEVER,     "weir stopped before the exchange was complete") \
	F(destination_unavailable,           503, 14, UPSTREAM, NEVER,     "no endpoint of the backend is available") \
	F(dns_error,                         502, 14, UPSTREAM, ELSEWHERE, "the endpoint's name does not resolve") \
	F(connection_refused,                502, 14, UPSTREAM, ELSEWHERE, "the endpoint refused the connection") \
	F(connection_timeout,                504, 14, UPSTREAM, ELSEWHERE, "the endpoint did not accept the connection in time") \
	F(destination_ip_unroutable,         502, 14, UPSTREAM, ELSEWHERE, "there is no way to the endpoint's address") \
	F(tls_certificate_error,             502, 14, UPSTREAM, ELSEWHERE, "the endpoint's certificate is not to be trusted") \
	F(tls_protocol_error,                502, 14, UPSTREAM, ELSEWHERE, "the endpoint does not agree on TLS") \
	F(connection_terminated,             502, 14, UPSTREAM, REUSED,    "the endpoint closed the connection before answering") \
	F(stream_refused,                    503, 14, UPSTREAM, SAFE,      "the endpoint refused the stream without looking at it") \
	F(connection_goaway,                 503, 14, UPSTREAM, SAFE,      "the endpoint went away without looking at the request") \
	F(connection_write_timeout,          504,  4, UPSTREAM, TIMEOUT,   "the endpoint stopped reading the request") \
	F(connection_read_timeout,           504,  4, UPSTREAM, NEVER,     "the endpoint stopped sending in the middle of its answer") \
	F(http_response_timeout,             504,  4, UPSTREAM, TIMEOUT,   "the endpoint did not answer in time") \
	F(try_timeout,                       504,  4, UPSTREAM, TIMEOUT,   "the endpoint did not answer in the time for one try") \
	F(deadline_exceeded,                 504,  4, UPSTREAM, NEVER,     "the request took longer than it may in all") \
	F(http_response_incomplete,          502, 13, UPSTREAM, RESET,     "the endpoint's answer was cut short") \
	F(http_protocol_error,               502, 13, UPSTREAM, NEVER,     "the endpoint's answer is malformed") \
	F(http_response_header_section_size, 502, 13, UPSTREAM, NEVER,     "the endpoint's header section is larger than allowed") \
	F(http_response_transfer_coding,     502, 13, UPSTREAM, NEVER,     "the endpoint's transfer coding is not understood") \
	F(http_upgrade_failed,               502, 13, UPSTREAM, NEVER,     "the endpoint switched protocols unasked")
/* clang-format on */

#endif
