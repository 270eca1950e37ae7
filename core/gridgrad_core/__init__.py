"""What client, server and worker share: the language, the wire, the messages, grids and errors.

It imports none of the three.
"""
