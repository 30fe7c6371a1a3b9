"""The report: scores of every cell of the grid, gains with their intervals, and what became of the triplets."""
