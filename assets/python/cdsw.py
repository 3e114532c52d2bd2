"""Stand-in for the `cdsw` library of older runtimes: what a model needs of it."""

from cml.metrics_v1 import (
    model_metrics,
    track_aggregate_metrics,
    track_delayed_metrics,
    track_metric,
)

__all__ = ["model_metrics", "track_aggregate_metrics", "track_delayed_metrics", "track_metric"]
