"""The words of figures: light, so that the command line knows them at once."""

from enum import StrEnum


class Figure(StrEnum):
    """A figure of the paper; each is a module of this folder."""

    fig1 = "fig1"
    fig2 = "fig2"
    fig3 = "fig3"
    fig4 = "fig4"
