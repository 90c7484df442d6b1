"""Run consumers: claim a partition, read the feed, apply a batch, save the checkpoint."""
