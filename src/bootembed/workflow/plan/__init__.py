"""What a profile needs, estimated before anything runs: work, memory, hours, disk space, access."""
