"""How thousands of networks are trained at once."""

from dynstudy.train.curvature import Curvature
from dynstudy.train.ensemble import Data, Ensemble, Outcome, Parameters, Spectra
from dynstudy.train.loop import train

__all__ = ["Curvature", "Data", "Ensemble", "Outcome", "Parameters", "Spectra", "train"]
