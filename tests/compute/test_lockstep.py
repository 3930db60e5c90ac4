"""Eight groups drawn in step give what each gives alone, also when the words made beforehand run out."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from dppix_engine.compute.numpy_release import NumpyRelease
from dppix_engine.compute.opencl_device import KernelShape, OpenCLDevice, Place
from dppix_engine.compute.opencl_release import OpenCLRelease
from dppix_engine.privacy.discrete_laplace import sampler_table
from tests.keyed_noise import known_key


class _FewBlocks(OpenCLDevice):
    """A device whose groups in step have so few blocks that some, or all, must be drawn alone."""

    most_blocks = 26

    def kernel(self, file: str, name: str, **constants: int) -> Any:
        return super().kernel(file, name, MOST_BLOCKS=self.most_blocks, **constants)


@pytest.mark.parametrize("most_blocks", [3, 13, 26])
@pytest.mark.parametrize("scale", [Fraction(1, 3), Fraction(2_223_600), Fraction(10**13)])
def test_groups_in_step_give_the_oracles_integers_whether_or_not_their_words_run_out(
    opencl_place: Place, most_blocks: int, scale: Fraction
) -> None:
    device = _FewBlocks(opencl_place, KernelShape.STRIP)
    device.most_blocks = most_blocks
    tables, counts, key = (sampler_table(scale), sampler_table(Fraction(1000))), (3333, 70), known_key(most_blocks)
    drawn = OpenCLRelease(device).noise(tables, counts, key)
    assert all(map(np.array_equal, NumpyRelease().noise(tables, counts, key), drawn))
