/* process - what weir asks of the kernel for itself. Nothing fails without it. */
#ifndef RUN_PROCESS_H
#define RUN_PROCESS_H

/* As many descriptors as the hard limit allows. */
void process_raise_limits(void);
/* Freed memory stays for the next one, up to a spare: no system calls for it in steady state. */
void process_tune_memory(void);
/* The calling thread's heap grows once, here, and not page by page under load. */
void process_warm_heap(void);
/* The calling thread lets others go first from now on. */
void process_step_back(void);

#endif
