"""The two ways in which the program ends badly. Both become one line on standard error."""


class InputError(Exception):
    """What the user gave cannot be used: a configuration, an option, a file, an address. The text
    says what and where, and what to do. Exit status 2."""


class RunError(Exception):
    """Something failed while running: a full disk, a closed pipe, a run that did not finish. Exit
    status 1."""
