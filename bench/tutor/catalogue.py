"""All programs, as a table of contents."""

from bench.tutor import (
    right_data,
    right_generative,
    right_loops,
    right_losses,
    right_models,
    right_optimizers,
    right_sequences,
    wrong_data,
    wrong_loop,
    wrong_loss,
    wrong_model,
    wrong_optimizer,
    wrong_signal,
)
from bench.tutor.program import HOSTS, Mistake, RightProgram

WRONG: tuple[Mistake, ...] = tuple(
    sorted(
        (
            *wrong_loss.MISTAKES,  # what the loss reads, its reduction, its sign, its logarithms
            *wrong_data.MISTAKES,  # labels, order, values, which rows are where
            *wrong_model.MISTAKES,  # what is registered, what fits, where the graph is cut
            *wrong_optimizer.MISTAKES,  # what it holds, its update, its rate
            *wrong_signal.MISTAKES,  # initial weights, activations, decay, schedules
            *wrong_loop.MISTAKES,  # modes, padding, prediction, means
        ),
        key=lambda mistake: (mistake.cause.number, mistake.name, HOSTS.index(mistake.host)),
    )
)
RIGHT: tuple[RightProgram, ...] = (
    *right_optimizers.PROGRAMS,  # rates, optimizers, batch sizes, schedules, clipped, accumulated
    *right_losses.PROGRAMS,  # regression, classes, several labels or tasks, densities, distances
    *right_models.PROGRAMS,  # activations, initial weights, norms, frozen, shared, detached
    *right_sequences.PROGRAMS,  # recurrent, attending, padded, causal
    *right_generative.PROGRAMS,  # autoencoders, adversaries, a density
    *right_data.PROGRAMS,  # tiny, uneven, sorted, augmented, streamed
    *right_loops.PROGRAMS,  # the homework's, the earlier edition's, and other loops
)
