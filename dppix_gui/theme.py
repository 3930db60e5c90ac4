"""Colours of the window: a palette and a style sheet from a theme file, dark or light as the system says."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Final

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

_ICON_SIZE: Final = 20
_ICON_RATIOS: Final = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours by what they are for, each "#rrggbb".

    Attributes:
        window, surface, raised, canvas: backgrounds, of the window, of panels, of fields, behind pictures.
        border, text, muted, disabled: lines and words.
        accent, accent_hover, on_accent: what is chosen or to be pressed, and words upon it.
        private, public: labels of the original and of the sanitized side.
        error, error_surface, notice_surface, done_surface: the message bar.
    """

    window: str
    surface: str
    raised: str
    canvas: str
    border: str
    text: str
    muted: str
    accent: str
    accent_hover: str
    on_accent: str
    disabled: str
    private: str
    public: str
    error: str
    error_surface: str
    notice_surface: str
    done_surface: str


def load_theme(name: str) -> Theme:
    """The theme called "dark" or "light"."""
    plain = json.loads(files("resources.themes").joinpath(f"{name}.json").read_text(encoding="utf-8"))
    return Theme(**{field.name: str(plain[field.name]) for field in fields(Theme)})


def system_theme(application: QApplication) -> Theme:
    """The theme that the system asks for; light where it does not say."""
    dark = application.styleHints().colorScheme() == Qt.ColorScheme.Dark
    return load_theme("dark" if dark else "light")


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Dress every window of the application."""
    application.setStyle("Fusion")
    application.setPalette(palette_of(theme))
    application.setStyleSheet(style_sheet(theme))


def palette_of(theme: Theme) -> QPalette:
    """The palette that Fusion paints with."""
    palette = QPalette()
    role = QPalette.ColorRole
    for about, colour in (
        (role.Window, theme.window),
        (role.WindowText, theme.text),
        (role.Base, theme.raised),
        (role.AlternateBase, theme.surface),
        (role.Text, theme.text),
        (role.Button, theme.raised),
        (role.ButtonText, theme.text),
        (role.BrightText, theme.error),
        (role.ToolTipBase, theme.raised),
        (role.ToolTipText, theme.text),
        (role.PlaceholderText, theme.muted),
        (role.Highlight, theme.accent),
        (role.HighlightedText, theme.on_accent),
        (role.Accent, theme.accent),
        (role.Link, theme.accent),
        (role.Mid, theme.border),
        (role.Dark, theme.border),
        (role.Shadow, theme.canvas),
    ):
        palette.setColor(about, QColor(colour))
    for about in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, about, QColor(theme.disabled))
    return palette


def style_sheet(theme: Theme) -> str:
    """What the palette cannot say: cards, sliders, the toolbar and the message bar."""
    text = files("resources.themes").joinpath("window.qss").read_text(encoding="utf-8")
    for field in sorted(fields(Theme), key=lambda field: -len(field.name)):
        text = text.replace(f"@{field.name}", getattr(theme, field.name))
    return text


def icon(name: str, theme: Theme) -> QIcon:
    """An icon of `resources/icons`, drawn in the theme's text colour, and in the disabled one where it is off."""
    made = QIcon()
    for mode, colour in ((QIcon.Mode.Normal, theme.text), (QIcon.Mode.Disabled, theme.disabled)):
        for ratio in _ICON_RATIOS:
            made.addPixmap(icon_pixmap(name, colour, size=_ICON_SIZE, ratio=ratio), mode)
    return made


def icon_pixmap(name: str, colour: str | None, *, size: int, ratio: float) -> QPixmap:
    """An icon as a pixmap of `size` logical pixels, its black strokes in `colour` (None: as drawn)."""
    drawing = files("resources.icons").joinpath(f"{name}.svg").read_text(encoding="utf-8")
    if colour is not None:
        drawing = drawing.replace("#000000", colour)
    pixmap = QPixmap(QSize(size, size) * ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(drawing.encode())).render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def application_icon() -> QIcon:
    """The program's own icon."""
    made = QIcon()
    for side in (16, 32, 64, 128):
        made.addPixmap(icon_pixmap("dppix", None, size=side, ratio=1))
    return made
