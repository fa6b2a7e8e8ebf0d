"""How mails look: one table of styles, written into each element that names one as its class.

Mail programs drop style sheets as they please, so what makes a mail readable stands in the elements
themselves. The sheet in its head holds only what no element can say: dark colours, small screens.
"""

import re

from evently.site.templatetags.show import hue

CLASS = re.compile(r'class="([a-z][a-z -]*)"(?:\s+style="([^"]*)")?')

FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
MONO = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace"
INK, SOFT, PAPER, CARD, LINE = "#1d1b18", "#5e594f", "#faf8f4", "#ffffff", "#e2ddd3"
EDGE, ACCENT = "#8a8477", "#3a3f9f"

_BUTTON_LINK = f"{FONT};font-size:16px;line-height:20px;font-weight:650;text-decoration:none"
_BUTTON_LINK += ";display:inline-block;padding:12px 22px;border-radius:8px"

STYLES = {
    "paper": f"margin:0;padding:0;background:{PAPER}",
    "frame": "border-collapse:collapse;width:100%",
    "preheader": "display:none;max-height:0;overflow:hidden;mso-hide:all",
    "margin": "padding:16px 12px 32px",
    "sheet": "border-collapse:separate;border-spacing:0;width:100%;max-width:560px",
    "brand": "padding:8px 4px 16px;text-align:start",
    "brand-link": f"{FONT};color:{INK};font-size:20px;font-weight:750;letter-spacing:-0.5px;"
    "text-decoration:none",
    "card": f"background:{CARD};border:1px solid {LINE};border-radius:16px;overflow:hidden",
    "cover": f"{FONT};border-radius:15px 15px 0 0;color:#ffffff;padding:18px 28px 16px;"
    "text-align:start",
    "cover-weekday": "color:#ffffff;font-size:14px;line-height:20px",
    "cover-day": "color:#ffffff;font-size:44px;line-height:48px;font-weight:750;"
    "letter-spacing:-2px",
    "cover-month": "color:#ffffff;font-size:16px;font-weight:600",
    "body": f"{FONT};color:{INK};font-size:16px;line-height:24px;padding:24px 28px 28px;"
    "text-align:start",
    "title": f"{FONT};color:{INK};font-size:26px;line-height:31px;font-weight:700;"
    "letter-spacing:-0.4px;margin:0 0 14px;overflow-wrap:anywhere",
    "text": "margin:0 0 14px",
    "message": "margin:0 0 6px;overflow-wrap:anywhere",
    "soft": f"color:{SOFT};font-size:14px;line-height:21px;margin:18px 0 0",
    "small": f"{FONT};color:{SOFT};font-size:14px;line-height:21px",
    "facts": f"border-collapse:collapse;border-top:1px solid {LINE};margin:18px 0 22px;width:100%",
    "label": f"{FONT};border-bottom:1px solid {LINE};color:{SOFT};font-size:14px;font-weight:400;"
    "line-height:21px;padding:9px 14px 9px 0;text-align:start;vertical-align:top;width:26%",
    "value": f"{FONT};border-bottom:1px solid {LINE};color:{INK};font-size:16px;line-height:22px;"
    "padding:9px 0;text-align:start;vertical-align:top;overflow-wrap:anywhere",
    "action": "border-collapse:separate;border-spacing:0;margin:0 0 10px",
    "button": f"background:{ACCENT};border-radius:8px;text-align:center",
    "button-link": f"{_BUTTON_LINK};border:1px solid {ACCENT};color:#ffffff",
    "secondary": "border-radius:8px;text-align:center",
    "secondary-link": f"{_BUTTON_LINK};border:1px solid {EDGE};color:{INK}",
    "list": "margin:0 0 20px;padding:0 0 0 20px",
    "item": "margin:0 0 8px",
    "stub": f"{FONT};border-top:2px dashed {LINE};padding:22px 28px 28px",
    "reference": f"{MONO};color:{INK};font-size:26px;line-height:34px;letter-spacing:1.5px",
    "plate": "background:#ffffff;border-radius:8px;margin:12px auto 0",
    "plate-cell": "padding:20px",
    "code": "display:block;width:168px;height:168px;image-rendering:pixelated",
    "footer": "padding:18px 8px 0;text-align:start",
    "why": f"{FONT};color:{SOFT};font-size:13px;line-height:20px;margin:0 0 4px",
    "quiet-link": f"color:{SOFT};text-decoration:underline",
}

_DARK = {
    "paper": "background:#161513",
    "card": "background:#211f1c;border-color:#3a3732",
    "brand-link": "color:#efece6",
    "body": "color:#efece6",
    "title": "color:#efece6",
    "value": "color:#efece6;border-color:#3a3732",
    "reference": "color:#efece6",
    "secondary-link": "color:#efece6;border-color:#857f73",
    "soft": "color:#b4aea2",
    "small": "color:#b4aea2",
    "label": "color:#b4aea2;border-color:#3a3732",
    "why": "color:#b4aea2",
    "quiet-link": "color:#b4aea2",
    "facts": "border-color:#3a3732",
    "stub": "border-color:#3a3732",
    "button": "background:#b3b7ff",
    "button-link": "color:#17184a;border-color:#b3b7ff",
}
_SMALL = {
    "body": "padding:20px 20px 24px",
    "cover": "padding:16px 20px 14px",
    "stub": "padding:20px 12px 24px",
    "title": "font-size:23px;line-height:28px",
    "label": "width:30%",
}

# The colours of the covers on the site's pages (`.cover` in evently.css), each as one plain colour,
# for mail programs that know no gradients: oklch(41% 0.1 tone), by `hue`.
COVERS = (
    "#773039",
    "#76341c",
    "#6e3c00",
    "#4e4e00",
    "#205825",
    "#005b42",
    "#005960",
    "#005376",
    "#284980",
    "#4b3f7c",
    "#62366c",
    "#713052",
)


def cover_colour(name: str) -> str:
    """The colour of the band above an event's mails: the one that its page has."""
    return COVERS[hue(name)]


def inlined(html: str) -> str:
    """The document with the styles of `STYLES` in each element that names them as its classes."""
    return CLASS.sub(_with_styles, html)


def _with_styles(found: re.Match[str]) -> str:
    names, own = found[1], found[2]
    styles = [STYLES[name] for name in names.split()]
    return f'class="{names}" style="{";".join([*styles, *([own] if own else [])])}"'


def _rules(styles: dict[str, str], prefix: str = "") -> str:
    return "\n".join(
        f"{prefix}.{name} {{ {style.replace(';', ' !important;')} !important }}"
        for name, style in styles.items()
    )


STYLE_SHEET = f"""
:root {{ color-scheme: light dark; supported-color-schemes: light dark; }}
@media (prefers-color-scheme: dark) {{
{_rules(_DARK)}
}}
@media (max-width: 480px) {{
{_rules(_SMALL)}
}}
{_rules(_DARK, "[data-ogsc] ")}
"""
