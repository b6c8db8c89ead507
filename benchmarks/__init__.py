"""What this package costs, beside its peers, measured in one run."""
