"""What a process asks of its system: frames over sockets and who is there, memory, logs, a command line, a watchdog."""
