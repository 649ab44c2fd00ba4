"""The public front: home, open calls, help, health. Reads everything, owns nothing."""
