"""Commands of the command line beyond `scan` and `diff`: one module each, found by its name.

A module `scanner/commands/<name>.py` holds `COMMAND`, a click command or group. It prints and parses options; what it
does stands in the stages. It is imported only when its command is used or listed in the help.
"""
