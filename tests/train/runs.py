"""What two runs share when one of them was saved and resumed."""

from tests.train.small import same, weights


def state(trainer):
    """All that a resumed run must share with an uninterrupted one."""
    return {
        "weights": weights(trainer),
        "adam": [
            value
            for optimizer in trainer.optimizers.values()
            for parameter in optimizer.param_groups[0]["params"]
            for _, value in sorted(optimizer.state[parameter].items())
        ],
        "history": list(trainer.history),
        "other": (trainer.step, trainer.batches, trainer.controls, trainer.changes, trainer.diversity),
    }


def equal(a, b):
    a, b = state(a), state(b)
    tensors = len(a["adam"]) == len(b["adam"]) and same(a["weights"] + a["adam"], b["weights"] + b["adam"])
    return tensors and (a["history"], a["other"]) == (b["history"], b["other"])
