"""What the runners under test/ share: where things are, limited processes, tensors, the lists that only
shrink."""
