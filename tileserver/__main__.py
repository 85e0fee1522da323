"""``python -m tileserver``: the same as ``tileserver``."""

from tileserver.cli import main

if __name__ == "__main__":
    main()
