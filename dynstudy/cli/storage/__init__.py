"""``dynstudy storage``: commands that look after a whole database."""

HELP = "Look after a whole database."
COMMANDS = ("check",)
