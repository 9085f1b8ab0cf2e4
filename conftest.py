"""What pytest leaves alone when it is given the whole folder."""

collect_ignore_glob = ["build/*", "results/*"]
