"""What the hub asks about folders of images, as a program: see `__main__`."""
