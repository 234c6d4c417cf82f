"""The fork server: a process with everything imported, from which participants' servers are forked."""
