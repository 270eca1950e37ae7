"""What is particular to NVIDIA's GPUs: queues, copies that run beside the computing, kernels."""
