"""Tables of bad calls of the public interface, a file a room.

A row is (call, exception, pattern of its message). Messages name the argument, what it must be and
what it was; each error comes before any computation. Which public name a row is about is not
written: it is the first of the package's functions that the call enters (see `test_bad_input`).
"""
