"""What lives in the browser: the base of every widget of the lab.

Rules: a widget is JavaScript and CSS in files of this package; nothing is fetched from outside. What it shows, it
also shows without it: as static HTML, and as text that a screen reader reads and a notebook's comparison compares. A
widget lives as long as its kernel; in a notebook that is opened again, its static form stands in its place. Text that
came over the wire is drawn as text (`textContent`), never as HTML.

    class Something:
        def _ipython_display_(self) -> None:
            live.show("something", self._state(), text=str(self), html=self._html(), on_message=self._asked)

`browser/something.js` exports `render({ model, el })`. `model.get("state")` is what the kernel gave and does not
change; `model.send` asks the kernel; `model.get("reply")` gathers what it has answered. Bytes in either arrive as a
DataView. What goes on without being asked, the kernel sends as messages (`on_made`; `model.on("msg:custom", ...)`).
`browser/base.js` stands before every widget's own code.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

#: `0` leaves text and static HTML only: for stored outputs, which are the same on every machine.
VARIABLE = "HL7DICOM_LAB_WIDGETS"
_BROWSER = Path(__file__).resolve().parent / "browser"

#: In a notebook that is opened again there is no widget. JupyterLab says `Error displaying widget` in its place: a text
#: right below the static form, which says all that the widget said. Nothing but that text is hidden.
_NO_WIDGET = (
    "<style>.jp-OutputArea-child:has(.hl7dicom-static) + .jp-OutputArea-child:has(> .jupyter-widgets)"
    ":not(:has(> .jupyter-widgets > *)){display:none}</style>"
)

#: Gets a message of the browser and gives back what is new in the widget's `reply`.
OnMessage = Callable[[Mapping[str, Any]], Mapping[str, Any]]
#: Gets what sends a message to the browser, from any thread, as soon as there is a widget.
OnMade = Callable[[Callable[[Mapping[str, Any]], Any]], None]


def switched_on() -> bool:
    """Whether widgets are drawn here."""
    return os.environ.get(VARIABLE) != "0"


def show(
    name: str,
    state: Mapping[str, Any],
    *,
    text: str,
    html: str,
    on_message: OnMessage | None = None,
    on_made: OnMade | None = None,
) -> None:
    """Display a widget in a notebook, with its other forms; without widgets, the other forms alone."""
    from IPython.display import display

    for output in outputs(name, state, text=text, html=html, on_message=on_message, on_made=on_made):
        display(output, raw=True)  # type: ignore[no-untyped-call] # IPython has no types here


def outputs(
    name: str,
    state: Mapping[str, Any],
    *,
    text: str,
    html: str,
    on_message: OnMessage | None = None,
    on_made: OnMade | None = None,
) -> tuple[dict[str, Any], ...]:
    """The outputs that show a widget, by mime type.

    The static form comes first. While the widget is there, its style hides it. A style in it hides what JupyterLab
    says where there is none; a page that lets no styles in shows that sentence below the static form.
    """
    if not switched_on():
        return ({"text/plain": text, "text/html": html} if html else {"text/plain": text},)
    static = {"text/plain": text, "text/html": f'{_NO_WIDGET}<div class="hl7dicom-static">{html}</div>'}
    made = widget(name, state, on_message)
    if on_made is not None:
        on_made(made.send)
    bundle: dict[str, Any] = made._repr_mimebundle_()[0]
    return (static, bundle | {"text/plain": f"<{name}>"})


def widget(name: str, state: Mapping[str, Any], on_message: OnMessage | None = None) -> Any:
    """The widget itself: an `anywidget.AnyWidget` with the traits `state` and `reply`."""
    made = _kind(name)(state=dict(state))

    def received(_: Any, message: Any, __: Any) -> None:
        if on_message is not None and isinstance(message, dict):
            made.reply = {**made.reply, **on_message(message)}

    made.on_msg(received)
    return made


@cache
def _kind(name: str) -> type[Any]:
    """The widget class of a name: its code is read once."""
    import anywidget
    import traitlets

    def text(suffix: str) -> str:
        parts = sorted(_BROWSER.glob(f"{name}.*.{suffix}"))  # a long widget in parts: NAME.PART.js
        files = (_BROWSER / f"base.{suffix}", *parts, _BROWSER / f"{name}.{suffix}")
        return "\n".join(file.read_text(encoding="utf-8") for file in files if file.exists())

    return type(
        f"Live{name.title().replace('_', '')}",
        (anywidget.AnyWidget,),
        {
            "_esm": text("js"),
            "_css": text("css"),
            "state": traitlets.Dict().tag(sync=True),
            "reply": traitlets.Dict().tag(sync=True),
        },
    )
