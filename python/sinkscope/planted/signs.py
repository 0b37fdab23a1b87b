"""Sign vectors that stand for token ids, drawn so that no two ids are easily mistaken for each other."""

import numpy as np

BATCH = 1 << 16
MAX_BATCHES = 50


def max_agreement(width: int) -> int:
    """Most places in which two ids may agree: three quarters.

    A row that sees two ids keeps the share of the energy in which they agree; at three quarters that is
    0.865 of the full energy after the norm, well below the threshold at 0.95.
    """
    return width * 3 // 4


def draw_signs(count: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """`count` vectors of +1 and -1, `[count, width]`, every pair agreeing in at most `max_agreement(width)` places."""
    limit = 2 * max_agreement(width) - width
    kept = np.empty((0, width), dtype=np.float32)
    for _ in range(MAX_BATCHES):
        drawn = rng.choice(np.float32([-1, 1]), size=(BATCH, width))
        for row in drawn[(drawn @ kept.T).max(axis=1, initial=-width) <= limit]:
            if (kept @ row).max(initial=-width) <= limit:
                kept = np.vstack([kept, row])
            if len(kept) == count:
                return kept
    raise ValueError(
        f"{width} signs: room for {len(kept)} ids of which no two agree in more than "
        f"{max_agreement(width)}, expected {count}; take more signs or a smaller vocabulary"
    )
