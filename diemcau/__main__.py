"""`python -m diemcau`."""

import sys

from diemcau.cli import main

sys.exit(main())
