"""The sandbox of one participant: namespaces, an own file system, limits, and a pid 1 that ends all with the server.

Only the standard library is imported in this package, so that the hub's environment can import it too, and so that it
starts in a few milliseconds.
"""
