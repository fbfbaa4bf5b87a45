"""The colours, by Grafana's names, which fit both themes."""

from typing import Final

BLUE: Final = "blue"
"""All is well.  Blue, because red against green is the pair that most colour-blind people cannot tell apart."""
YELLOW: Final = "yellow"
ORANGE: Final = "orange"
RED: Final = "red"
GREY: Final = "#8e8e8e"
"""Neither good nor bad, or not known; the named text colours differ too little from a background."""
