"""Stand-in for `cml.models_v1`: marks the function that a model serves."""

from cml import metrics_v1


def cml_model(function=None, metrics=False):
    """`@cml_model`, `@cml_model()` or `@cml_model(metrics=True)`."""

    def mark(served):
        return metrics_v1.model_metrics(served) if metrics else served

    return mark if function is None else mark(function)
