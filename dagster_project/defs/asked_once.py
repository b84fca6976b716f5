"""What Dagster asks at every output of a step, asked once for the hundreds of outputs that the books are."""

from collections.abc import Collection, Sequence
from functools import cache

import dagster as dg

_Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


def ask_once(context: _Context, about: Collection[dg.AssetKey] = ()) -> None:
    """Lets the step of this context keep what cannot change while it runs, and look assets up many at a time: those it
    tells itself, and those of others or earlier runs that what it tells is `about`.

    At every output Dagster makes the set of all assets of the step anew, to see that they come parents first, and reads
    back from the history, one by one, those that the output follows from. The answers stay what they were; to find them
    so was a tenth of an empty close.
    """
    step = context.get_step_execution_context()
    step.get_output_asset_keys = cache(step.get_output_asset_keys)
    known = step._data_version_cache
    fetch_of = known._fetch_input_asset_version_info

    def fetch(keys: Sequence[dg.AssetKey]) -> None:
        told = known.values.keys() - known.input_asset_version_info.keys()  # by this step, and not yet read back
        fetch_of([*keys, *told])

    known._fetch_input_asset_version_info = fetch
    if about:
        fetch(list(about))
