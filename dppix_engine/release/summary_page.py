"""The privacy summary as one page of HTML for a reader who is no expert: self-contained, printable, without scripts."""

from __future__ import annotations

import base64
from html import escape
from typing import Final

import numpy as np

from dppix_engine.privacy.composition import delta_text, rounded_up
from dppix_engine.release.guarantee import cell_notice, epsilon_text, factor_text, noise_in_levels, success_percent
from dppix_engine.release.picture import Picture
from dppix_engine.release.summary import Summary
from dppix_engine.sinks.image_file import PictureFormat, encoded_picture
from dppix_engine.version import VERSION

LONGEST_SHOWN_SIDE: Final = 1600
"""A larger picture is shown reduced, so that the page stays small enough to send."""

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #5a6472; --line: #d5dae1;
  --tint: #eef4fb; --mark: #0b5cad; --warn: #8a4600; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaee; --paper: #15181c; --soft: #a4aebb; --line: #363d47;
  --tint: #1c2733; --mark: #7db7f5; --warn: #f0b36a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 56rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1.05rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .6rem; }
.promise { background: var(--tint); border-left: .3rem solid var(--mark); padding: 1rem 1.2rem; margin: 0 0 1rem; }
.promise p { margin: 0 0 .6rem; } .promise p:last-child { margin: 0; }
.promise p:first-child { font-size: 1.15rem; }
figure { margin: 1.5rem 0; } img { display: block; max-width: 100%; height: auto; border: 1px solid var(--line); }
figcaption, .soft { color: var(--soft); font-size: .92rem; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; margin-bottom: .5rem; }
th, td { border-bottom: 1px solid var(--line); padding: .4rem .6rem; text-align: left; vertical-align: top; }
th[scope=row] { font-weight: 500; } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.warn { color: var(--warn); } li { margin: .3rem 0; }
code { font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; font-size: .93em; }
.wide { overflow-x: auto; }
@media print { :root { --ink: #000; --paper: #fff; --soft: #333; --line: #999; --tint: #fff; --mark: #000;
  --warn: #000; } body { max-width: none; padding: 0; font-size: 10.5pt; }
  h2 { break-after: avoid; } tr, figure { break-inside: avoid; } img { max-height: 12cm; } }
"""


def summary_page(summary: Summary) -> str:
    """The page: the promise in its first lines, the sanitized picture inside, nothing loaded from anywhere.

    Raises:
        SinkError: the picture is a preview.
    """
    charge = summary.charge
    parts = [
        "<h1>What this sanitized picture promises</h1>",
        f'<div class="promise"><p><strong>{escape(summary.sentence)}</strong></p><p>{escape(summary.odds)}</p>'
        f'<p class="warn">{escape(summary.not_protected[0])}</p></div>',
        _figure(summary.picture),
        _objects(summary),
        "<h2>What is not protected</h2>",
        _list(summary.not_protected[1:]),
        "<h2>What is public</h2>",
        "<p>The promise compares originals that agree in these. Anyone may know them.</p>",
        _list(summary.public),
        _settings(summary),
        "<h2>How to check it</h2>",
        _verify(summary),
        "<h2>For an expert</h2>",
        f"<p>{escape(summary.formal)}</p>",
        f"<p>epsilon is {epsilon_text(charge.epsilon)}, so the factor is {escape(factor_text(charge.epsilon))}; "
        f"delta is {delta_text(charge.delta)}; two neighbours are told apart in at most "
        f"{success_percent(charge)} % of cases. All three are rounded up. Sums of whole cells are exact integers, "
        f"their noise is discrete Laplace, and everything after that (rounding, painting, encoding) uses the noisy "
        f"sums alone.</p>",
        _noise(summary),
        f'<p class="soft">Made by dppix {escape(VERSION)}. This page loads nothing and holds nothing about the '
        f"original but what it states.</p>",
    ]
    body = "\n".join(part for part in parts if part)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>Privacy summary: epsilon {epsilon_text(charge.epsilon)} for {charge.m:,} pixels</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _figure(picture: Picture) -> str:
    shown = _reduced(picture)
    data = base64.b64encode(encoded_picture(shown, PictureFormat.PNG)).decode("ascii")
    size = f"{picture.width} x {picture.height} pixels"
    note = "" if shown is picture else f", shown reduced to {shown.width} x {shown.height}"
    return (
        f'<figure><img src="data:image/png;base64,{data}" width="{shown.width}" height="{shown.height}" '
        f'alt="The sanitized picture, pixelized with noise">'
        f"<figcaption>The sanitized picture, {size}{note}. It was painted from the noisy values alone.</figcaption>"
        f"</figure>"
    )


def _reduced(picture: Picture) -> Picture:
    """The picture itself, or every n-th pixel of it: the sanitized picture is public, and so is any part of it."""
    step = -(-max(picture.width, picture.height) // LONGEST_SHOWN_SIDE)
    if step == 1:
        return picture
    return Picture(np.ascontiguousarray(picture.pixels[::step, ::step]), picture.release)


def _objects(summary: Summary) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(row.label)}</th><td class="number">{row.pixels:,}</td>'
        f'<td class="number">{row.epsilon_text}</td><td class="number">{row.factor_text}</td>'
        f"<td>{row.word}</td></tr>"
        for row in summary.objects
    )
    return (
        "<h2>What objects of other sizes get</h2>"
        "<p>The promise speaks of a number of pixels. An object of more pixels gets less.</p>"
        '<div class="wide"><table><caption class="soft">How far the presence or look of one object can change the '
        "probability of what is shown. Noise and coarse cells may hide more than this, but only this is guaranteed."
        '</caption><thead><tr><th scope="col">object</th><th scope="col" class="number">pixels</th>'
        '<th scope="col" class="number">its epsilon</th><th scope="col" class="number">factor</th>'
        f'<th scope="col">guarantee</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _settings(summary: Summary) -> str:
    layout, settings, charge = summary.layout, summary.layout.settings, summary.charge
    chosen = "chosen by Auto" if settings.cell is None else "given"
    facts = (
        ("epsilon, one frame", epsilon_text(charge.epsilon)),
        ("neighbourhood m", f"{charge.m:,} px"),
        ("privacy unit", settings.unit),
        ("delta", delta_text(charge.delta)),
        ("base cell", f"{layout.cell} px, {chosen}"),
        ("mechanism", settings.mechanism),
        ("colour", settings.colour),
        ("render", settings.render),
        ("precision", settings.precision),
        ("budget", "none" if settings.budget is None else epsilon_text(settings.budget)),
        ("size", f"{layout.width} x {layout.height} pixels, 1 frame"),
        ("released values", f"{layout.values:,}"),
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(str(value))}</td></tr>' for name, value in facts
    )
    notice = cell_notice(layout)
    said = f"<p>{escape(notice[0].upper() + notice[1:])}.</p>" if notice else ""
    return f"<h2>Settings</h2>{said}<table><tbody>{rows}</tbody></table>"


def _noise(summary: Summary) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(plane.name)}</th><td class="number">{plane.grid.cells:,}</td>'
        f'<td class="number">{int(plane.scale):,}</td><td class="number">{plane.model.level}</td>'
        f'<td class="number">{plane.step:,}</td>'
        f'<td class="number">{rounded_up(noise_in_levels(plane), decimals=2)}</td></tr>'
        for plane in summary.layout.planes
    )
    return (
        '<div class="wide"><table><caption class="soft">Noise of each channel. The last column is the standard '
        "deviation of a mean over the largest cell, in grey levels.</caption><thead><tr>"
        '<th scope="col">channel</th><th scope="col" class="number">cells</th>'
        '<th scope="col" class="number">Laplace scale of a sum</th>'
        '<th scope="col" class="number">units in a grey level</th><th scope="col" class="number">rounded to</th>'
        f'<th scope="col" class="number">noise</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _verify(summary: Summary) -> str:
    items = "".join(f"<li><code>{escape(command)}</code> {escape(shows)}.</li>" for command, shows in summary.verify)
    return f"<ul>{items}</ul>"


def _list(sentences: tuple[str, ...]) -> str:
    return f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in sentences)}</ul>"
