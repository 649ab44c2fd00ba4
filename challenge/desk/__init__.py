"""Staff screens over all rooms. Reads everything, owns nothing."""
