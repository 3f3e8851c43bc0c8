"""`python -m d2l …` is the command `d2l …`."""

from d2l.cli.main import main

if __name__ == "__main__":
    main()
