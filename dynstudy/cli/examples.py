"""Examples of every command, for its help and its page in ``docs/commands/``; tests parse them."""

EXAMPLES = {
    "run": (
        "dynstudy run studies/quickstart.toml --dry-run",
        "dynstudy run studies/regime-dce.toml --set name=narrow --set 'space.width=[5, 10]'",
        "dynstudy run studies/boundary-dce.toml --set boundary.cells=48 --extend",
    ),
    "list": (
        "dynstudy list --match 'regime-*' --status incomplete",
        "dynstudy list --tag paper --format json",
    ),
    "show": (
        "dynstudy show quickstart --top 3",
        "dynstudy show quickstart --format json",
    ),
    "map": (
        "dynstudy map quickstart --out results",
        "dynstudy map quickstart --format csv",
        "dynstudy map regime-dce --boundaries",
    ),
    "compare": (
        "dynstudy compare regime-dmse1 regime-dmse2 --out results",
        "dynstudy compare fig3b --cells --format csv",
    ),
    "figure": (
        "dynstudy figure fig3 fig3a --out fig3a.pdf",
        "dynstudy figure fig3 regime-dce --amplitude 70 --period 1000",
    ),
    "scaling": (
        "dynstudy scaling onset-dce --out results",
        "dynstudy scaling regime-dmse1 regime-dmse2 --level 0.6 --format csv",
    ),
    "diff": (
        "dynstudy diff quickstart narrow",
        "dynstudy diff quickstart narrow --top 3 --format csv",
    ),
    "export": (
        "dynstudy export quickstart --out best.toml",
        "dynstudy export quickstart --format csv --out networks.csv",
    ),
    "reproduce": ("dynstudy reproduce best.toml",),
    "train": (
        "dynstudy train best.toml --seed 3",
        "dynstudy train quickstart#12 --out results",
    ),
    "trace": (
        "dynstudy trace quickstart --cell amplitude=300,period=100",
        "dynstudy trace quickstart#12 --oscillations 9 --replicates 3",
    ),
    "dashboard": (
        "dynstudy dashboard quickstart",
        "dynstudy dashboard --port 0 --no-open",
    ),
    "bench": (
        "dynstudy bench --widths 20 --peers loop --only engine",
        "dynstudy bench --device cpu --only scaling",
        "dynstudy bench --widths 5,10,20,50,100 --only kernel",
    ),
    "power": (
        "dynstudy power --replicates 10,20 --gain 0.05,0.1",
        "dynstudy power --replicates 50 --min 6 --gain 0.1",
        "dynstudy power --replicates 10 --gain 0 --spread cells --maps 1000 --format json",
    ),
    "replay": (
        "dynstudy replay regime-dce",
        "dynstudy replay regime-dce --cells 24 --batch 8 --seeds 5 --format csv",
    ),
    "rename": ("dynstudy rename narrow regime-dce-narrow",),
    "delete": (
        "dynstudy delete narrow",
        "dynstudy delete narrow --purge --yes",
    ),
    "note": (
        "dynstudy note quickstart 'the band moves with the width'",
        "dynstudy note quickstart",
    ),
    "tag": (
        "dynstudy tag quickstart paper checked",
        "dynstudy tag quickstart --remove checked",
    ),
}


def epilog(command: str) -> str | None:
    """The examples of a command as the end of its help; None if it has none."""
    lines = EXAMPLES.get(command, ())
    return "\n\n".join(("Examples:", *(f"`{line}`" for line in lines))) if lines else None
