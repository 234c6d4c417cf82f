"""What a participant tries. It is sent to a participant's server as one file, and needs nothing but Python."""
