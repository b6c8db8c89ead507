"""Small networks made of the nodes of `autograd`."""
