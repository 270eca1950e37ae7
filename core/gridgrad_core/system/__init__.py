"""What a process asks of the operating system: memory, descriptors, frames over sockets, logs."""
