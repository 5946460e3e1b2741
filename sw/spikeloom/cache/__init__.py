"""What is not made twice: built files for everyone on this machine, finished results in a folder of
the user's.
"""
