"""What the package costs, as ratios against its peers in one run: `make bench`."""
