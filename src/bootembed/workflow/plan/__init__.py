"""What a profile is going to need, told before anything runs: work, memory, hours, disk, access."""
