"""What runs in a participant's pod on the organiser's behalf; each file comes on standard input, and stands alone."""
