"""How thousands of networks are trained at once."""

from dynstudy.train.ensemble import Data, Ensemble, Outcome, Parameters
from dynstudy.train.loop import train

__all__ = ["Data", "Ensemble", "Outcome", "Parameters", "train"]
