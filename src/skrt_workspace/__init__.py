"""What runs inside a participant's environment, on the machine and in the image.

It is installed there by skrt_workspace.install and never imports skrt_hub."""
