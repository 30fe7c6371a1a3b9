"""The strategies of triplet synthesis, a file each."""
