"""The content of the demonstration. All people, organizations, places and figures are invented."""
