"""hub.yaml: what it may say (`model`), how it is read (`load`), and the one that `init` writes (`template`)."""
