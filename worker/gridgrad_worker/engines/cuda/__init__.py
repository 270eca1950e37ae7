"""The compiled tier on NVIDIA's GPUs: the kernels of a plan, their compiler, and what queues them."""
