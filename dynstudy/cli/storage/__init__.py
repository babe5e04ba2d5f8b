"""``dynstudy storage``: commands that look after a whole database."""

HELP = "Look after a whole database: check, copy, back up, upgrade, measure it."
COMMANDS = ("check", "copy", "backup", "upgrade", "sizes")
