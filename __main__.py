"""The front door: the command line, which joins the rooms a command needs."""


def main() -> None:
    """Run the command line."""
    print("tonewatch")


if __name__ == "__main__":
    main()
