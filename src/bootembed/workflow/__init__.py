"""The one place that knows DVC and Hydra. The library itself works on plain files and parameters.

`compose` writes params.yaml from conf/, as Hydra composes it. `fan_out` runs stale cells side by side: `cells` is its
DVC side, `workers` and `guard` its processes. `plan` prints what a profile needs before anything runs.
"""
