"""Stand-in for `cml.metrics_v1`: predictions with an id, and metrics that belong to them.

Metrics go to the replica's log, one line each.
"""

import contextvars
import functools
import json
import os
import sys
import uuid

_prediction = contextvars.ContextVar("prediction", default=None)


def model_metrics(function):
    """Wraps the answer: `{"model_deployment_crn", "prediction", "uuid"}`."""

    @functools.wraps(function)
    def serve(*args, **kwargs):
        identifier = str(uuid.uuid4())
        token = _prediction.set(identifier)
        try:
            prediction = function(*args, **kwargs)
        finally:
            _prediction.reset(token)
        return {
            "model_deployment_crn": os.environ.get("CDSW_MODEL_DEPLOYMENT_CRN", ""),
            "prediction": prediction,
            "uuid": identifier,
        }

    return serve


def _write(**line):
    print(json.dumps(line, default=str), file=sys.stderr)


def track_metric(key, value):
    """Records a metric of the prediction that is being made."""
    _write(metric=key, value=value, uuid=_prediction.get())


def track_delayed_metrics(metrics, prediction_uuid):
    """Records metrics of an earlier prediction."""
    for key, value in metrics.items():
        _write(metric=key, value=value, uuid=prediction_uuid)


def track_aggregate_metrics(metrics, start_timestamp_ms, end_timestamp_ms, model_deployment_crn=None):
    """Records metrics of a span of time."""
    for key, value in metrics.items():
        _write(metric=key, value=value, start_ms=start_timestamp_ms, end_ms=end_timestamp_ms)
