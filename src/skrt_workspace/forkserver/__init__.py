"""The fork server: a process that has imported everything, from which participants' servers and kernels are forked.

`zygote` waits for requests of the hub, `warden` is pid 1 of each sandbox, `client` is the hub's side. What differs
between a forked process and one started plainly is mended in `mends`.
"""
