/* process - what weir asks of the kernel for itself. Nothing fails without it. */
#ifndef RUN_PROCESS_H
#define RUN_PROCESS_H

/* As many descriptors as the hard limit allows. */
void process_raise_limits(void);
/* Memory comes from the system in large steps and stays: no system calls for it in steady state. */
void process_tune_memory(void);
/* The calling thread lets others go first from now on. */
void process_step_back(void);

#endif
