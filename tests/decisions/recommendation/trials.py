"""Small data for the tests beside."""

from data.storefront import Arm, Experiment

AA = Experiment("a-a", "home", (Arm("one"), Arm("two", weight=3.0)), holdout=0.2)
