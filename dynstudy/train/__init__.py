"""How thousands of networks are trained at once."""

from dynstudy.train.curvature import Curvature
from dynstudy.train.ensemble import Data, Ensemble, Parameters
from dynstudy.train.loop import train
from dynstudy.train.readings import Outcome, Spectra

__all__ = ["Curvature", "Data", "Ensemble", "Outcome", "Parameters", "Spectra", "train"]
