"""Empirical lower bounds on epsilon: what an attacker who knows the neighbours could show (privacy.md section 9).

For neighbours I, I' and an event O fixed beforehand, (epsilon, delta)-DP promises Pr[M(I') in O] <= exp(epsilon) *
Pr[M(I) in O] + delta. So any lower bound of the first probability and upper bound of the second give

    epsilon >= ln((low - delta) / high).

Both are Clopper-Pearson bounds, and the chance that any bound of a run is wrong is at most one in a thousand: it is
shared between the cases and the two proportions of each. A bound above the claim therefore shows a fault; one above
0.9 of it shows that the claim is not idle. A bound below the claim proves nothing: that is the formulas' part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dppix_engine.compute.release_backend import ReleaseBackend
from dppix_engine.errors import UsageError
from dppix_engine.evaluation.audit_cases import AuditCase, Bound, audit_cases
from dppix_engine.evaluation.clopper_pearson import proportion_at_least, proportion_at_most
from dppix_engine.mechanisms.uniform import UniformMechanism
from dppix_engine.privacy.permit import preview_permit
from dppix_engine.progress import Progress
from dppix_engine.settings import Mechanism, Settings
from dppix_engine.sources.frame import Frame

ERROR: Final = 1e-3
"""Most probability that a run calls a sound mechanism violated."""

TIGHT_SHARE: Final = 0.9
"""Share of the claim that the bound of a tight case should reach."""

NoisySums = Callable[[Frame], tuple[NDArray[np.int64], ...]]
"""One release of a frame: for each plane the noisy sums, int64, shape (rows, columns)."""


class Verdict(StrEnum):
    """What the bound says about the claim."""

    HOLDS = "holds"
    VIOLATED = "violated"


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Outcome of one case.

    Attributes:
        case: name and epsilon of the case.
        epsilon_claimed: what the mechanism promises for these neighbours.
        epsilon_lower_bound: what the draws show, at least 0.
        verdict: whether the bound stays within the claim.
        draws: independent draws on each side.
        tight: whether the bound is expected to come near the claim.
    """

    case: str
    epsilon_claimed: float
    epsilon_lower_bound: float
    verdict: Verdict
    draws: int
    tight: bool

    @property
    def reached(self) -> bool:
        """Whether the bound reaches 0.9 of the claim."""
        return self.epsilon_lower_bound >= TIGHT_SHARE * self.epsilon_claimed


def run_audit(
    *,
    mechanism: str = "uniform",
    full: bool,
    engine: ReleaseBackend,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[AuditRow, ...]:
    """Audit the public mechanism, drawn with fresh keys of the operating system, on its worst-case neighbours.

    Args:
        mechanism: name of the mechanism.
        full: privacy.md's numbers of draws; otherwise a short form of a few seconds.
        engine: device that draws.
        progress: called before each case and at the end.

    Raises:
        UsageError: there is no such mechanism.
    """
    if mechanism != Mechanism.UNIFORM:
        raise UsageError(f"mechanism {mechanism!r} cannot be audited", advice="choose uniform")
    cases = audit_cases(full=full)
    rows = []
    for done, case in enumerate(cases):
        if progress is not None:
            progress(Progress("auditing", done, len(cases)))
        noisy_sums, delta = uniform_mechanism(case.settings, engine=engine)
        rows.append(audit_case(case, noisy_sums, delta=delta, error=ERROR / len(cases)))
    if progress is not None:
        progress(Progress("done", len(cases), len(cases)))
    return tuple(rows)


def uniform_mechanism(settings: Settings, *, engine: ReleaseBackend) -> tuple[NoisySums, Fraction]:
    """The public uniform mechanism as the audit sees it, and its delta."""
    mechanism = UniformMechanism(settings)

    def noisy_sums(frame: Frame) -> tuple[NDArray[np.int64], ...]:
        release = mechanism.draw(frame, permit=preview_permit(mechanism.price), backend=engine)
        return tuple(release.noisy_sums(plane) for plane in range(len(release.stored)))

    return noisy_sums, mechanism.price.delta


def audit_case(case: AuditCase, noisy_sums: NoisySums, *, delta: Fraction, error: float) -> AuditRow:
    """Draw both sides of a case, count its event, and bound epsilon.

    Args:
        case: neighbours, settings and the event; the claim is the settings' epsilon.
        noisy_sums: the mechanism under audit, for the case's settings.
        delta: the delta that goes with the claim.
        error: most probability that the bound passes the true epsilon.
    """
    event = case.event()
    frames = -(-case.draws // case.patches)
    counts = [_count(case, event, Frame(case.frame(patch)), frames, noisy_sums) for patch in (case.before, case.after)]
    trials = frames * case.patches
    high = proportion_at_most(counts[0], trials, error=error / 2)
    low = proportion_at_least(counts[1], trials, error=error / 2) - float(delta)
    bound = max(0.0, log(low / high)) if low > 0.0 else 0.0
    claim = float(case.settings.epsilon)
    verdict = Verdict.VIOLATED if bound > claim else Verdict.HOLDS
    return AuditRow(f"{case.name}, epsilon {claim:g}", claim, bound, verdict, trials, case.tight)


def _count(case: AuditCase, event: tuple[Bound, ...], frame: Frame, frames: int, noisy_sums: NoisySums) -> int:
    """In how many of all patches of `frames` releases of `frame` the event happened."""
    total = 0
    for _ in range(frames):
        planes = noisy_sums(frame)
        happened = np.ones((case.down, case.across), np.bool_)
        for bound in event:
            values = planes[bound.plane]
            rows, columns = values.shape[0] // case.down, values.shape[1] // case.across
            ours = values[bound.row :: rows, bound.column :: columns]
            happened &= (ours - bound.centre) * bound.direction >= 0
        total += int(happened.sum())
    return total
