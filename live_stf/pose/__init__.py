"""A picture in, people out; and who is who from picture to picture."""
