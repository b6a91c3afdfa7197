"""``python -m kentstats``."""

from kentstats.cli import main

if __name__ == "__main__":
    main()
