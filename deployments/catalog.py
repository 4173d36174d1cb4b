"""The catalogue, as its JSON: `python -m deployments.catalog` writes it to stdout, for the tests of the forms."""

import sys

from api import catalog


def main() -> None:
    sys.stdout.write(catalog.everything("en").model_dump_json())


if __name__ == "__main__":
    main()
