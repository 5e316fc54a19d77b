"""Every page, as the server writes it: for whom, in which language, and never as markup from data."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from tests.hours import quiet_zone
from tests.web.conftest import HOSTILE, Reader
from web import i18n

PAGES = (
    "/",
    "/incidents",
    "/orders",
    "/orders?all=1",
    "/closures",
    "/aid",
    "/calls",
    "/calls/new",
    "/me",
    "/messages",
    "/timeline",
    "/handover",
    "/resources",
    "/resources/teams",
    "/atlas",
    "/resources/geohazard_points",
)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def shown_text(html: str) -> str:
    """What a reader sees of a page: without scripts, tags and the other language's own link."""
    html = re.sub(
        r"<script.*?</script>|<style.*?</style>|<a [^>]*lang=\"[^\"]+\">[^<]*</a>", " ", html, flags=re.DOTALL
    )
    return re.sub(r"<[^>]+>", " ", html)


def test_a_page_leads_to_the_login_and_back(client: TestClient) -> None:
    """Nobody reads without a name, and nobody has to find the page again after signing in."""
    for path in PAGES:
        answer = client.get(path, follow_redirects=False)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/login?next=%2F"), path


def test_an_unknown_address_is_a_page_for_people_and_a_document_for_programs(client: TestClient) -> None:
    """Somebody mistypes an address at night; a program that asks for one wants a code."""
    for path in ("/nowhere", "/incidents/7/nothing"):
        page = client.get(path, headers={"accept": "text/html,*/*;q=0.8"})
        assert page.status_code == 404
        assert "没有这个页面" in page.text
    for answer in (client.get("/nowhere"), client.get("/api/v1/nowhere", headers={"accept": "text/html"})):
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_address")


def test_a_login_never_leads_elsewhere(client: TestClient) -> None:
    """A link to our login must not carry a reader to another site with our name above it."""
    for address in (
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "javascript:alert(1)",
    ):
        answer = client.get("/login", params={"next": address})
        assert 'name="next" value="/"' in answer.text, address


def test_a_wrong_password_is_said_in_words(client: TestClient) -> None:
    """The form comes back with the name, without the password, and with the reason."""
    answer = client.post("/login", data={"name": "commander", "password": "wrong"})
    assert answer.status_code == 401
    assert "用户名或密码不正确" in answer.text
    assert 'value="commander"' in answer.text
    assert "wrong" not in answer.text


def test_every_page_has_a_strict_policy(commander: Reader) -> None:
    """No script runs that the server did not write, none from elsewhere, and none from text."""
    nonces = set()
    for path in PAGES:
        answer = commander.get(path)
        assert answer.status_code == 200, path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        nonce = re.search(r"'nonce-([^']+)'", policy)
        assert nonce
        nonces.add(nonce[1])
        scripts = re.findall(r"<script\b[^>]*>", answer.text)
        assert all(f'nonce="{nonce[1]}"' in tag or 'type="application/json"' in tag for tag in scripts), path
        assert not re.search(r"\son\w+=|javascript:|\sstyle=", answer.text), path
    assert len(nonces) == len(PAGES)


def test_every_page_is_whole_in_each_language(engine: Engine, commander: Reader) -> None:
    """A half translation is misread in haste: no Chinese on our English pages, no English message on the Chinese ones."""
    with (i18n.TRANSLATIONS / "zh_CN" / "LC_MESSAGES" / "muster.po").open() as file:
        messages = re.findall(r'^msgid "([^"%{]{4,})"$', file.read(), flags=re.MULTILINE)
    known = own_names(engine)
    for path in PAGES:
        query = "&" if "?" in path else "?"
        chinese = shown_text(commander.get(f"{path}{query}lang=zh").text)
        english = shown_text(commander.get(f"{path}{query}lang=en").text)
        seen = [message for message in messages if re.search(rf"\b{re.escape(message)}\b", chinese)]
        assert not seen, path
        for name in known:  # the county's own names stay as they are
            english = english.replace(name, "")
        assert not CHINESE.search(english), path


def own_names(engine: Engine) -> list[str]:
    """Names that the county itself wrote down, the longest first, so that none is cut by a shorter one within it."""
    tables = ("teams", "depots", "villages", "places", "areas", "grid_cells")
    with engine.connect() as connection:
        found = [
            name
            for table in tables
            for name in connection.scalars(text(f"SELECT name FROM {table} WHERE name <> ''"))
        ]
        found += connection.scalars(text("SELECT code FROM vehicles"))
    return sorted(set(found), key=len, reverse=True)


def test_the_language_stays_chosen(commander: Reader) -> None:
    """A choice is made once."""
    commander.get("/incidents?lang=en")
    assert "Report an incident" in commander.get("/incidents").text


def test_hostile_names_are_text_on_every_page(engine: Engine, commander: Reader) -> None:
    """Names come from ledgers that anybody may have typed; on the server they are no templates, in the browser no markup."""
    where = {"type": "landslide", "level": 4, "lon": "111.09", "lat": "36.0"}
    reported = commander.send("/incidents", "/incidents", name=HOSTILE[0], description=HOSTILE[0], **where)
    incident = reported.url.path
    plan = commander.send(incident, "/plans").url.path
    assert commander.send(plan, f"{plan}/confirm").url.path == incident
    link = re.search(r'href="http://muster\.test(/o/[^"]+)"', commander.send(incident, "/orders/links").text)
    assert link
    units = ("/resources/teams/1", "/resources/depots/1", "/resources/geohazard_points/1")
    for name in HOSTILE:
        rename(engine, name)
        for path in (*PAGES, incident, plan, f"{plan}/reasons", link[1], *units):
            answer = commander.get(path)
            assert answer.status_code == 200, (path, name)
            assert not re.search(r"<script>alert|<img src=x", answer.text), (path, name)
            assert str(7919 * 7907) not in shown_text(answer.text), (path, name)
        for layer in ("teams", "depots", "villages", "geohazard_points", "grid_cells"):
            items = commander.get(f"/api/v1/layers/{layer}/items").json()
            assert {feature["properties"]["name"] for feature in items["features"]} == {name}


def rename(engine: Engine, name: str) -> None:
    """Give everything this name."""
    with engine.begin() as connection:
        for table in ("teams", "depots", "villages", "places", "areas", "grid_cells", "live.incidents"):
            connection.execute(text(f"UPDATE {table} SET name = :name"), {"name": name})


class Offered(HTMLParser):
    """What a page offers to press or choose, but for what only reads and what is the reader's own."""

    READING = "measure-"  # ids on the map: measuring asks and changes nothing
    OWN = ("/logout", "/me/")  # the own login and password, everybody's to change

    def __init__(self) -> None:
        super().__init__()
        self.form: dict[str, str | None] | None = None
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "form":
            self.form = has
        sends = {"hx-post", "hx-put", "hx-patch", "hx-delete"} & set(has)
        posts = tag == "form" and has.get("method") == "post"
        if sends or posts or (tag in {"button", "select"} and "hidden" not in has):
            self.note(has, pressed=not (sends or posts))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None

    def note(self, has: dict[str, str | None], *, pressed: bool) -> None:
        form = self.form or {}
        own = (form.get("action") or "").startswith(self.OWN)
        asks = self.form is not None and "post" not in {form.get("method"), has.get("formmethod")}
        reads = (has.get("id") or "").startswith(self.READING)
        if not own and not (pressed and (asks or reads)):
            self.found.append(self.get_starttag_text() or "")


def offered_acts(html: str) -> list[str]:
    """The tags of a page with which something could be done, rather than read."""
    offered = Offered()
    offered.feed(html)
    return offered.found


def test_a_viewer_sees_no_act(commander: Reader, ids: dict[str, int], client: TestClient) -> None:
    """A button that answers "not allowed" is a promise broken in an emergency; names and phones are not for everybody."""
    reported = commander.send("/incidents", "/incidents", type="landslide", level=4, lon="111.09", lat="36.0")
    plan = commander.send(reported.url.path, "/plans").url.path
    proposed = commander.send(reported.url.path, "/plans").url.path
    commander.send(plan, f"{plan}/confirm")
    team = f"/resources/teams/{ids['medical']}"
    assert "10000000001" in commander.get(team).text
    client.cookies.clear()
    viewer = Reader(client, "viewer")
    for path in (
        *PAGES,
        reported.url.path,
        plan,
        proposed,
        f"{proposed}/reasons",
        team,
        "/resources/depots/1",
    ):
        shown = viewer.get(path)
        assert shown.status_code == 200, path
        assert not offered_acts(shown.text), path
        assert "10000000001" not in shown.text, path
        assert "张三" not in shown.text, path
    config = re.findall(r'id="config">(.*?)</script>', viewer.get("/").text)
    assert [json.loads(one)["here"] for one in config] == [[]]


def test_a_road_is_closed_for_a_time_by_the_clock_of_the_place(commander: Reader) -> None:
    """Blasting at night closes a road for hours, and the form says them as the wall clock does."""
    typed = {"lon": "111.09", "lat": "36.0", "reason": "夜间爆破", "factor_percent": ""}
    window = {"starts_at": "2030-01-02T22:00", "ends_at": "2030-01-03T06:00"}
    answer = commander.send("/closures", "/closures", **typed, **window)
    assert "自 01月02日 22:00" in answer.text
    assert "至 01月03日 06:00" in answer.text
    (closed,) = commander.get("/api/v1/map/state").json()["closures"]["features"]
    begins = datetime(2030, 1, 2, 22, tzinfo=ZoneInfo(quiet_zone())).astimezone(UTC)
    assert closed["properties"]["starts_at"] == begins.isoformat()
    backwards = commander.send("/closures", "/closures", **typed, **{**window, "ends_at": "2030-01-01T06:00"})
    assert backwards.status_code == 422
    assert "结束时间早于开始时间" in backwards.text
    assert 'value="2030-01-02T22:00"' in backwards.text
    unreadable = commander.send("/closures", "/closures", **typed, starts_at="soon", ends_at="")
    assert (unreadable.status_code, "时间无法读取" in unreadable.text) == (422, True)


def test_a_refused_report_keeps_what_was_typed(commander: Reader) -> None:
    """Typing a report twice costs minutes."""
    answer = commander.send(
        "/incidents", "/incidents", type="flood", level=2, lon="eleven", lat="36", description="桥下水位上涨"
    )
    assert answer.status_code == 422
    assert "经纬度应为数字" in answer.text
    assert "桥下水位上涨" in answer.text
    assert 'value="eleven"' in answer.text


def test_a_village_is_a_place(commander: Reader) -> None:
    """Callers name villages, not coordinates."""
    answer = commander.send("/incidents", "/incidents", type="flood", level=4, place="东沟村")
    assert re.fullmatch(r"/incidents/\d+", answer.url.path)
    assert "111.160000, 36.000000" in answer.text


def test_a_form_of_another_site_is_refused(commander: Reader) -> None:
    """The cookie alone must not be enough to send teams out."""
    answer = commander.client.post(
        "/incidents", data={"type": "flood", "level": 4, "lon": "111.1", "lat": "36"}
    )
    assert answer.status_code == 403
    assert "表单已失效" in answer.text


def test_the_panel_gets_the_content_alone(commander: Reader) -> None:
    """Inside the map a page is its content; the bar and the scripts are there already."""
    answer = commander.get("/incidents", **{"HX-Request": "true"})
    assert answer.text.lstrip().startswith('<main id="content"')
    assert "<html" not in answer.text


def test_a_team_presses_twice_and_nothing_breaks(client: TestClient, commander: Reader) -> None:
    """Thumbs in gloves press twice, and radio holes make browsers send again."""
    reported = commander.send("/incidents", "/incidents", type="landslide", level=4, lon="111.09", lat="36.0")
    plan = commander.send(reported.url.path, "/plans").url.path
    commander.send(plan, f"{plan}/confirm")
    sheets = commander.send(reported.url.path, "/orders/links")
    token = re.search(r"/o/([\w-]+)", sheets.text)
    assert token
    client.cookies.clear()
    page = f"/o/{token[1]}"
    request = re.search(r'name="request_id" value="([^"]+)"', client.get(page).text)
    assert request
    for _ in range(2):
        answer = client.post(f"{page}/acknowledge", data={"request_id": request[1]})
        assert answer.status_code == 200
        assert "已收到" in answer.text
    again = client.post(f"{page}/acknowledge", data={"request_id": "00000000-0000-4000-8000-000000000001"})
    assert again.status_code == 200
    assert client.get("/o/" + "x" * 43).status_code == 401


def test_a_changed_world_is_told_instead_of_orders(engine: Engine, commander: Reader) -> None:
    """Confirming a stale plan sends nothing and names what changed."""
    reported = commander.send("/incidents", "/incidents", type="landslide", level=4, lon="111.09", lat="36.0")
    plan = commander.send(reported.url.path, "/plans").url.path
    with engine.begin() as connection:
        connection.execute(text("UPDATE live.team_states SET status = 'resting'"))
    answer = commander.send(plan, f"{plan}/confirm")
    assert answer.status_code == 409
    assert "情况有变" in answer.text
    assert "已不可用" in answer.text
    assert "没有未完成的指令" in commander.get("/orders").text


def test_a_refused_step_is_said_in_words_with_the_way_back(commander: Reader, ids: dict[str, int]) -> None:
    """Two desks press at once: the second reads why nothing happened, in words, and returns to where it was."""
    reported = commander.send("/incidents", "/incidents", type="landslide", level=4, lon="111.09", lat="36.0")
    plan = commander.send(reported.url.path, "/plans").url.path
    page = commander.send(plan, f"{plan}/confirm").url.path
    order = re.search(r'action="/orders/(\d+)/acknowledge"', commander.get(page).text)
    assert order
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', commander.get(page).text))
    form = {**hidden, "back": page, "request_id": "00000000-0000-4000-8000-000000000002"}
    assert commander.client.post(f"/orders/{order[1]}/cancel", data=form).status_code == 200
    form["request_id"] = "00000000-0000-4000-8000-000000000003"
    late = commander.client.post(f"/orders/{order[1]}/acknowledge", data=form)
    assert late.status_code == 409
    assert "当前状态下不能执行" in late.text
    assert f'href="{page}"' in late.text
    nonsense = {**form, "quantity": "-3"}
    refused = commander.client.post(f"/resources/lots/{ids['lot']}", data=nonsense)
    assert (refused.status_code, "盘点数" in refused.text) == (422, True)


def test_a_team_is_reported_and_a_lot_counted(commander: Reader, ids: dict[str, int]) -> None:
    """The two figures that go stale first are the two that are quickest to put right."""
    team = f"/resources/teams/{ids['medical']}"
    answer = commander.send(team, team, status="resting", strength=4, note="换班")
    assert answer.status_code == 200
    assert 'value="4"' in answer.text
    assert "换班" in answer.text
    depot = f"/resources/depots/{ids['depot']}"
    answer = commander.send(depot, f"/resources/lots/{ids['lot']}", quantity=321)
    assert answer.url.path == depot
    assert 'value="321"' in answer.text


def test_three_fields_report_an_incident(commander: Reader) -> None:
    """At three in the morning: what, where, and the level that such incidents usually have."""
    answer = commander.send("/incidents", "/incidents", type="landslide", place="东沟村")
    assert re.fullmatch(r"/incidents/\d+", answer.url.path)
    for fact in ("Ⅲ", "县地质灾害防治指挥部", "县自然资源局", "逐级上报", "还剩"):
        assert fact in answer.text, fact
    listed = commander.get("/incidents").text
    for fact in ("东镇", "关键需求未派", "data-until="):
        assert fact in listed, fact


def test_an_ambiguous_place_is_chosen_not_typed_again(engine: Engine, commander: Reader) -> None:
    """Two villages of one name: the form comes back with both as buttons."""
    rename(engine, "同名村")
    refused = commander.send("/incidents", "/incidents", type="flood", level=4, place="同名村")
    assert refused.status_code == 422
    codes = re.findall(r'<button name="place" value="([^"]+)"', refused.text)
    assert len(codes) > 1
    answer = commander.send("/incidents", "/incidents", type="flood", level=4, place=codes[0])
    assert re.fullmatch(r"/incidents/\d+", answer.url.path)


def test_two_officers_edit_one_incident_and_both_versions_are_shown(
    commander: Reader, client: TestClient
) -> None:
    """The second to save sees what the first wrote beside what they typed themselves; saving again is their decision."""
    page = commander.send("/incidents", "/incidents", type="landslide", level=4, place="东沟村").url.path
    form = commander.get(f"{page}/edit").text
    seen = dict(re.findall(r'name="(seen\.[^"]+)" value="([^"]*)"', form))
    commander.send(f"{page}/edit", f"{page}/edit", **{**seen, "details.dead": "1", "name": "东沟滑坡"})
    mine = {**seen, "details.dead": "2", "description": "<b>两人</b>失联"}
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert csrf
    hidden = {"csrf_token": csrf[1], "request_id": "00000000-0000-4000-8000-000000000009"}
    conflict = client.post(f"{page}/edit", data={**hidden, **mine, "position": seen["seen.position"]})
    assert conflict.status_code == 409
    assert "commander 写的是：1" in conflict.text
    assert 'name="details.dead" value="2"' in conflict.text
    assert "&lt;b&gt;两人&lt;/b&gt;失联" in conflict.text
    assert "东沟滑坡" in conflict.text, "what nobody disputes is as the other wrote it"
    assert "两人" not in commander.get(page).text


def test_a_confirmed_plan_calls_the_village_too(commander: Reader) -> None:
    """The village where it happens is called with the same press, unless its tick was taken away."""
    where = {"type": "landslide", "level": 4, "lon": "111.155", "lat": "36.0"}
    for ticked in (True, False):
        incident = commander.send("/incidents", "/incidents", **where).url.path
        plan = commander.send(incident, "/plans").url.path
        offered = re.search(r'name="call" value="([^"]+)" checked', commander.get(plan).text)
        assert offered
        fields = {"call": offered[1]} if ticked else {}
        commander.send(plan, f"{plan}/confirm", **fields)
        shown = commander.get(incident).text
        assert ("派人到路口引导救援队伍" in re.split('id="call-village"', shown)[0]) == ticked


def test_a_tracker_is_made_on_its_page_and_its_token_shown_once(
    client: TestClient, ids: dict[str, int]
) -> None:
    """Whoever mounts the device copies the token now; nobody reads it later."""
    administrator = Reader(client, "administrator")
    made = administrator.send("/trackers", "/trackers", name="车载01", unit=f"team:{ids['far']}")
    assert re.search(r"<code>[\w-]{40,}</code>", made.text)
    listed = administrator.get("/trackers").text
    assert "车载01" in listed
    assert "<code>" not in listed
    assert "停用" in administrator.send("/confirm/tracker.revoke/1?back=/trackers", "/trackers/1/revoke").text
    unknown = administrator.send("/trackers", "/trackers", name="x", unit="team:999")
    assert (unknown.status_code, "没有这支队伍" in unknown.text) == (404, True)


def test_a_plan_says_what_another_choice_costs_before_it_is_made(
    commander: Reader, ids: dict[str, int]
) -> None:
    """Swap and word are priced on the page; the second officer sees at once that it was confirmed."""
    reported = commander.send("/incidents", "/incidents", type="landslide", level=4, lon="111.09", lat="36.0")
    incident = int(reported.url.path.split("/")[-1])
    plan = commander.send(reported.url.path, "/plans").url.path
    page = commander.get(plan).text
    for fact in ('<table class="axis">', 'data-units="', "与就近派遣逐项对照", "到位"):
        assert fact in page, fact
    sent = re.findall(r'<option value="pin team (\d+) \d+"', page)
    assert str(ids["medical"]) in sent
    query = f"kind=team&id={ids['medical']}&incident={incident}"
    swaps = commander.get(f"{plan}/swaps?{query}").text
    wish = f"swap team {ids['medical']} team {ids['far']} {incident}"
    assert f'value="{wish}"' in swaps
    cost = commander.get(f"{plan}/cost?wish=ban+team+{ids['medical']}").text
    assert "您的指定的代价：" in cost
    assert "您的指定的代价：" not in commander.get(f"{plan}/cost").text
    unreadable = commander.get(f"{plan}/cost?wish=send+everybody")
    assert (unreadable.status_code, "无法读取" in unreadable.text) == (422, True)
    swapped = commander.send(plan, "/plans", wish=wish, incidents=incident)
    assert "指挥长指定出动" in swapped.text
    standing = f"{swapped.url.path}/standing"
    assert "确认并下达指令" in commander.get(standing).text
    confirmed = commander.send(swapped.url.path, f"{swapped.url.path}/confirm")
    assert "指令已下达" in confirmed.text
    assert "链接和指令单" in confirmed.text
    after = commander.get(standing).text
    assert "确认并下达指令" not in after
    assert "commander 于" in after


def test_a_first_plan_is_there_and_its_proof_goes_on(commander: Reader) -> None:
    """The page that waits for nothing says what the search found afterwards."""
    reported = commander.send("/incidents", "/incidents", type="landslide", level=4, lon="111.09", lat="36.0")
    plan = commander.send(reported.url.path, "/plans").url.path
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', commander.get(plan).text)
    assert csrf
    form = {"csrf_token": csrf[1], "request_id": "00000000-0000-4000-8000-000000000011"}
    proved = commander.client.post(f"{plan}/prove", data=form)
    assert proved.url.path == plan
    assert "已证明：最先给出的方案就是最优" in proved.text


def test_orders_stand_in_the_turn_of_attention(engine: Engine, commander: Reader) -> None:
    """What nobody answered comes first, with its clock over and the way to a substitute; links are made for the ticked."""
    reported = commander.send("/incidents", "/incidents", type="landslide", level=4, lon="111.09", lat="36.0")
    plan = commander.send(reported.url.path, "/plans").url.path
    commander.send(plan, f"{plan}/confirm")
    with engine.begin() as connection:
        last = connection.execute(text("SELECT max(id) FROM live.orders")).scalar_one()
        late = "UPDATE live.orders SET answer_by = sent_at - interval '1 minute' WHERE id = :id"
        connection.execute(text(late), {"id": last})
    page = commander.get("/orders").text
    assert re.findall(r'id="order-(\d+)"', page)[0] == str(last)
    for fact in ("已超", "另找力量替代", "还剩", "data-sound"):
        assert fact in page, fact
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert csrf
    one = commander.client.post("/orders/links", data={"csrf_token": csrf[1], "order": [str(last)]})
    assert len(set(re.findall(r"/o/[\w-]+", one.text))) == 1
    everything = commander.client.post("/orders/links", data={"csrf_token": csrf[1]})
    assert len(set(re.findall(r"/o/[\w-]+", everything.text))) > 1
    assert "复制全部文字和链接" in everything.text
