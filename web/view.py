"""What a page needs to answer one request: who reads, in which language, and how a template is filled and sent."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from api import trace
from api.context import Context
from api.errors import MusterError, NotSignedInError
from api.http import problems
from api.http.access import COOKIE as SESSION_COOKIE
from api.http.access import CSRF_FIELD, acting, base_context, visiting
from api.http.away import PROGRAMS
from api.security import csrf_token
from api.usecases import messages
from web import i18n, wording
from web.i18n import N_, Lang

TEMPLATES: Final = Path(__file__).parent / "templates"
THEME_COOKIE: Final = "theme"
# What the switch in the bar turns to next; also the list of themes there are. "auto" follows the reader's system.
NEXT_THEME: Final[Mapping[str, str]] = {"auto": "light", "light": "dark", "dark": "auto"}
_FORM_ERROR: Final = 422
_SEE_OTHER: Final = 303
_YEAR_S: Final = 365 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An entry of the navigation: address, English title (translated when shown), place in the row.

    `act`: only for whoever holds it; empty for everybody.
    """

    path: str
    title: str
    place: int
    act: str = ""
    aside: bool = False  # under "More" instead of in the row itself


@cache
def environment(lang: Lang, zone: ZoneInfo) -> Environment:
    """Return the templates in one language and by one clock: everything escaped, nothing undefined passes silently."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(i18n.translations(lang), newstyle=True)  # type: ignore[attr-defined]  # the extension's
    made.filters["duration"] = partial(i18n.duration, lang=lang)
    made.filters["whole_minutes"] = i18n.whole_minutes
    made.filters["distance"] = partial(i18n.distance, lang=lang)
    made.filters["clock"] = partial(i18n.clock, zone=zone)
    made.filters["moment"] = partial(i18n.moment, lang=lang, zone=zone)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One request with its reader."""

    request: Request
    context: Context
    lang: Lang
    number: int  # of the journal, from before anything on the page was read: what came later is told to it

    @property
    def words(self) -> wording.Words:
        """The county's own words (vocabulary, layers, cards) in the reader's language."""
        return wording.Words(self.context.policy, self.lang)

    def gettext(self, message: str) -> str:
        """Translate one message of the catalogue."""
        return i18n.translations(self.lang).gettext(message)

    def moment(self, at: datetime | None) -> str:
        """Write a moment by the clock of the place."""
        return i18n.moment(at, self.lang, self.context.settings.zone)

    @property
    def theme(self) -> str:
        """The colours that the reader chose: what the address asks, else what was chosen before, else the system's."""
        asked = self.request.query_params.get(THEME_COOKIE)
        kept = self.request.cookies.get(THEME_COOKIE)
        return next((one for one in (asked, kept) if one in NEXT_THEME), "auto") or "auto"

    def here(self, **changed: str) -> str:
        """Return this page's address with some of its query changed."""
        return f"?{self.request.url.include_query_params(**changed).query}"

    def _frame(self) -> dict[str, object]:
        """Give what the scripts of every page show: words, and the place's clock."""
        _ = self.gettext
        return {
            "lang": i18n.HTML_LANG[self.lang],
            "zone": self.context.settings.zone.key,
            "words": {
                "live": _(N_("live · {0} s ago")),
                "reconnecting": _(N_("reconnecting · data of {0}")),
                "deaf": _(N_("database away · data of {0}")),
                "ended": _(N_("signed out · data of {0}")),
                "waiting": _(N_("{0} unanswered")),
                "unsent": _(N_("No answer from the server. Press again in a moment: it is done once.")),
                "dismiss": _(N_("Dismiss")),
            },
            "keys": {
                "title": _(N_("Keys")),
                "close": _(N_("Close")),
                "map": _(N_("Command map")),
                "incidents": _(N_("Incidents")),
                "orders": _(N_("Orders")),
                "closures": _(N_("Closed roads")),
                "messages": _(N_("Messages")),
                "timeline": _(N_("Timeline")),
                "handover": _(N_("Handover")),
                "report": _(N_("Report an incident")),
                "plan": _(N_("To the button that proposes a plan")),
                "confirm": _(N_("To the button that confirms the plan")),
                "next": _(N_("Next row")),
                "previous": _(N_("Previous row")),
                "search": _(N_("Search")),
                "undo": _(N_("To the button that takes back what was just done")),
                "help": _(N_("This list")),
            },
        }

    def _waiting(self) -> int:
        """Count the messages that wait for the reader, for the bar."""
        actor = self.context.actor
        return messages.waiting(self.context) if actor.account and actor.may("message.read") else 0

    @property
    def in_panel(self) -> bool:
        """Whether the command map's panel asks, which takes the content without the page around it."""
        return "hx-request" in self.request.headers

    def render(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Fill a template and send it; pages hold personal data and form tokens, so nobody may keep a copy."""
        session = self.request.cookies.get(SESSION_COOKIE)
        html = (
            environment(self.lang, self.context.settings.zone)
            .get_template(template)
            .render(
                layout="fragment.html" if self.in_panel else "page.html",
                lang=self.lang,
                theme=self.theme,
                next_theme=NEXT_THEME,
                here=self.here,
                number=self.number,
                now=i18n.second(self.context.clock(), self.context.settings.zone),
                frame=self._frame(),
                just_done=self.request.app.state.just_done(self)
                if "done" in self.request.query_params
                else None,
                html_lang=i18n.HTML_LANG[self.lang],
                nonce=self.request.state.nonce,
                actor=self.context.actor,
                path=self.request.url.path,
                troubles=[self.words.trouble(code) for code in self.request.app.state.troubles],
                navigation=[
                    link
                    for link in self.request.app.state.navigation
                    if not link.act or self.context.actor.may(link.act)
                ],
                waiting=0 if self.in_panel else self._waiting(),
                csrf_field=CSRF_FIELD,
                csrf=csrf_token(session) if session else "",
                request_id=uuid.uuid4,
                words=self.words,
                written_at=self.context.clock(),
                **values,
            )
        )
        return HTMLResponse(html, status, headers={"Cache-Control": "no-store", "Vary": "HX-Request"})

    def refused(self, error: MusterError, template: str = "refused.html", **values: Any) -> HTMLResponse:
        """Show a page with why the act was not done, in words."""
        trace.note_refusal(error.code)
        return self.render(
            template, status=error.status, refusal=self.words.problem(error.code, error.details), **values
        )


def see(path: str) -> RedirectResponse:
    """Lead the browser to a page after a form was applied, so that reloading does not send the form again."""
    return RedirectResponse(path, status_code=303)


def _view(request: Request, context: Context) -> View:
    return View(
        request=request,
        context=context,
        lang=i18n.language(request.query_params.get(i18n.COOKIE), request.cookies.get(i18n.COOKIE)),
        number=request.app.state.hub.latest,
    )


def reading(request: Request, context: Annotated[Context, Depends(visiting)]) -> View:
    """Return the view of a signed-in reader. Raises NotSignedInError for anybody else."""
    if request.cookies.get(SESSION_COOKIE) is None:
        raise NotSignedInError("not_signed_in")
    return _view(request, context)


def writing(request: Request, context: Annotated[Context, Depends(acting)]) -> View:
    """Return the view of somebody who sends a form, with its token checked."""
    return _view(request, context)


def open_to_all(request: Request) -> View:
    """Return the view of a page that needs no login."""
    return _view(request, base_context(request))


async def sent_form(request: Request) -> FormData:
    """Return the fields of a form whose names are not known beforehand."""
    return await request.form()


Reading = Annotated[View, Depends(reading)]
Writing = Annotated[View, Depends(writing)]
OpenToAll = Annotated[View, Depends(open_to_all)]


def _whoever(request: Request) -> View:
    """Return the view of whoever asks, signed in or not: a refusal must not fail for want of a login."""
    return _view(request, visiting(request))


async def _with_what_was_done(request: Request, response: Response) -> None:
    """Let the page after a form know which request it was, so that it can say what was done and offer to take it back."""
    location = response.headers.get("location", "")
    given = (await request.form()).get("request_id")
    if isinstance(given, str) and given and not location.startswith(("/o/", "/c/", "/login")):
        path, mark, part = location.partition("#")
        response.headers["location"] = f"{path}{'&' if '?' in path else '?'}done={quote(given)}{mark}{part}"


class PageRoute(APIRoute):
    """A route whose refusals are pages: to the login where nobody is signed in, else the reason in words."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]  # a coroutine, as FastAPI's
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                response = await handle(request)
            except NotSignedInError as error:
                response = _sign_in_first(request, error)
            except MusterError as error:
                response = (
                    see("/me") if error.code == "must_change_password" else _whoever(request).refused(error)
                )
            except RequestValidationError as error:
                view = _whoever(request)
                fields = dict.fromkeys(
                    view.words.form_field(str(fault["loc"][-1])) for fault in error.errors()
                )
                refusal = view.words.problem("fields_invalid", {"fields": ", ".join(fields)})
                response = view.render("refused.html", status=_FORM_ERROR, refusal=refusal)
            if request.method == "POST" and response.status_code == _SEE_OTHER:
                await _with_what_was_done(request, response)
            for cookie, known in ((i18n.COOKIE, i18n.HTML_LANG), (THEME_COOKIE, NEXT_THEME)):
                asked = request.query_params.get(cookie)
                if asked is not None and asked in known:  # the theme's is written by static/theme.js too
                    response.set_cookie(
                        cookie, asked, max_age=_YEAR_S, samesite="lax", httponly=cookie != THEME_COOKIE
                    )
            return response

        return answer


def refused_by_http(request: Request, error: Exception) -> Response:
    """Answer a request that no endpoint takes: a page in words for people, a problem document for programs."""
    assert isinstance(error, HTTPException)  # noqa: S101  # the handler is registered for this type alone
    if "text/html" not in request.headers.get("accept", "") or request.url.path.startswith(PROGRAMS):
        return problems.refused_by_http(request, error)
    view = _whoever(request)
    refusal = view.words.problem(problems.http_code(error.status_code), {})
    return view.render("refused.html", status=error.status_code, refusal=refusal)


def _sign_in_first(request: Request, error: NotSignedInError) -> Response:
    """Lead to the login and back, or say that the link or password was wrong."""
    if error.code != "not_signed_in":
        return open_to_all(request).refused(error)
    wanted = request.url.path if request.method == "GET" else "/"
    query = f"?{request.url.query}" if request.url.query and request.method == "GET" else ""
    address = f"/login?next={quote(wanted + query, safe='')}"
    if "hx-request" in request.headers:
        return Response(status_code=204, headers={"HX-Redirect": address})
    return see(address)


def own_path(path: str | None) -> str:
    """Return `path` when it is an address of this server, else the command map: a login never leads elsewhere."""
    if path is None or not path.startswith("/") or path.startswith(("//", "/\\")):
        return "/"
    return path
