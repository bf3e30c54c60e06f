"""From the files of real data sets to training samples."""
