"""Write a page as one file of HTML that needs no network: Vega and all data are in it."""

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup
from tfbench.reports import charts, palette, vega
from tfbench.reports.page import Figure, Page, Tags

TEMPLATE = "page.html"
# Scripts run only if they are these very ones, whatever a name in a run may hold; nothing is fetched.
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)


def render(page: Page) -> str:
    """Write a page."""
    scripts = (vega.script(), _template_text("page.js"))
    tag_numbers = {name: {value: i for i, value in enumerate(values)} for name, values in page.choices.items()}

    def tags(of: Tags) -> str:
        """Give what something is about, as numbers of the values of filters: names may hold anything."""
        found = {n: [tag_numbers[n][str(v)] for v in values] for n, values in of.items() if n in tag_numbers and values}
        return json.dumps(found, separators=(",", ":")) if found else ""

    return (
        _environment()
        .get_template(TEMPLATE)
        .render(
            page=page,
            tags=tags,
            modes=palette.MODES,
            style=Markup(_style()),  # noqa: S704 - our own files, nothing of a run
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - as above
            data=Markup(_json(_data(page))),  # noqa: S704 - escaped as JSON
            policy=POLICY.format(scripts=" ".join(_digest(script) for script in scripts)),
        )
    )


def _data(page: Page) -> dict[str, Any]:
    figures = [{"name": one.name, "spec": compiled(one), "filters": one.filters} for one in page.figures]
    return {"choices": page.choices, "rows": page.data, "figures": figures}


def compiled(figure: Figure) -> dict[str, Any]:
    """Give a chart in Vega's own words, so that the browser need not translate it; its rows stay names."""
    spec: dict[str, Any] = vl_convert.vegalite_to_vega({**figure.spec, "config": charts.CONFIG})
    return {name: value for name, value in spec.items() if name != "$schema"}


def _json(value: Mapping[str, Any]) -> str:
    """Write JSON that stands in HTML as it is, since it holds no sign that HTML knows.

    Raises:
        ValueError: a number is not finite.
    """
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _template_text(name: str) -> str:
    return (files("tfbench.reports") / "templates" / name).read_text(encoding="utf-8")


def _style() -> str:
    """Give the style sheet, the colours of light and dark ground first."""
    light, dark = palette.declarations(palette.LIGHT), palette.declarations(palette.DARK)
    return f"""\
:root {{ color-scheme: light dark; {light} }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}
{_template_text("page.css")}"""


def _digest(script: str) -> str:
    """Name a script as a content security policy does."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_template_text),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
