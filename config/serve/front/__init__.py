"""The front of the web server: read requests on its loop, admit them to threads by shares.

A client that sends or reads slowly holds a connection here, never a thread.
"""
