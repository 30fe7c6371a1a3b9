"""`python -m bootembed`: the same as the console script `bootembed`."""

from bootembed.commands import main

main(prog_name="bootembed")
