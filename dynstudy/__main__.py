"""``python -m dynstudy``, as ``dynstudy``."""

from dynstudy.cli import main

if __name__ == "__main__":
    main()
