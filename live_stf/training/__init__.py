"""Training: recipe, windows of an epoch, optimizer, learner, checkpoints, model folder."""
