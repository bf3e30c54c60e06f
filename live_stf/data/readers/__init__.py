"""One module a data set: its files in, clips out."""
