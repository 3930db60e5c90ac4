"""Uniform pixelization: exact sums over equal cells with integer discrete-Laplace noise. Fan 2018 (DBSec), section 4.

    price   what one release of these settings costs: known before a pixel is seen
    draw    one release of one frame, against a permit

Charge, then draw: `draw` takes the permit before it asks for a random byte, and a permit is taken once.
"""

from __future__ import annotations

from dppix_engine.compute.key import fresh_key
from dppix_engine.compute.release_backend import ReleaseBackend
from dppix_engine.errors import SettingsError
from dppix_engine.privacy.composition import Charge
from dppix_engine.privacy.discrete_laplace import NoisePlan, noise_plan
from dppix_engine.privacy.permit import Permit
from dppix_engine.privacy.sensitivity import COLOUR_MODELS
from dppix_engine.release.auto_cell import layout_for
from dppix_engine.release.release import Layout, Release
from dppix_engine.settings import Colour, Settings
from dppix_engine.sources.frame import Frame


class UniformMechanism:
    """The mechanism for one choice of settings; used for one frame or many of them.

    Args:
        settings: what decides the release.

    Attributes:
        settings: as given.
        plan: noise of one release and its delta.
        price: (epsilon, delta) of one release, for neighbours that differ in at most m pixels.
    """

    def __init__(self, settings: Settings) -> None:
        model = COLOUR_MODELS[settings.colour]
        self.settings = settings
        self.plan: NoisePlan = noise_plan(epsilon=settings.epsilon, m=settings.m, model=model)
        self.price = Charge(settings.epsilon, self.plan.delta, settings.m)
        self._layout: Layout | None = None

    def layout(self, *, width: int, height: int) -> Layout:
        """The public part of a release of a frame of this size."""
        layout = self._layout  # one look: another thread may replace it by that of another frame size
        if layout is None or (layout.width, layout.height) != (width, height):
            layout = layout_for(width=width, height=height, settings=self.settings)
            self._layout = layout
        return layout

    def draw(self, frame: Frame, *, permit: Permit, backend: ReleaseBackend) -> Release:
        """One release of `frame`.

        Raises:
            BudgetError: the permit was used before.
            SettingsError: the permit is for another price.
            RandomnessError: the operating system gave no random bytes.
            DeviceLostError: the device failed; nothing was released.
        """
        if permit.charge != self.price:
            raise SettingsError("this permit was made for other settings", advice="charge again")
        working = working_frame(frame, self.settings.colour)
        layout = self.layout(width=frame.width, height=frame.height)
        permit.take()
        stored = backend.stored_values(working.pixels, layout, self.plan.tables, fresh_key())
        return Release(layout, stored, self.price, permit.standing)


def working_frame(frame: Frame, colour: Colour) -> Frame:
    """`frame` with the channels that the colour model sums: a fixed map of each pixel."""
    return frame.as_grey() if colour is Colour.GREY else frame.as_rgb()
