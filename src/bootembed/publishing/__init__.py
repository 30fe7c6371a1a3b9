"""Publishing: the card of a model, the folder that goes to the Hub, its upload, and entries for mteb's leaderboard."""
