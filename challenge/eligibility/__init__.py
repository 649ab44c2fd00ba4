"""The gate before review: a ruling says whether a proposal meets the conditions of its call, and why."""
