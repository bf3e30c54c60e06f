"""What a training consists of: optimizer, learner, windows of an epoch, norms over processes, speed."""
